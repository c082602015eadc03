#include "cli/log/export_tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/log/audit_schema.h"
#include "cli/log/rebuild_world.h"
#include "model/schemas.h"
#include "store/table_file.h"

struct exporter {
    struct asg_table_file *file;
    const struct asg_log *log;
    struct asg_export_counts *counts;
    uint64_t event_seq;
    size_t index; /* of the next decision of that event */
    enum asg_status status;
    struct asg_error *error;
};

static void run(struct exporter *exporter, const char *statement,
                const struct asg_cell *cells, size_t count)
{
    if (exporter->status != ASG_OK) return;
    exporter->status =
        asg_table_file_run(exporter->file, statement, cells, count, exporter->error);
}
#define RUN(statement, ...)                                                              \
    run(exporter, statement, (const struct asg_cell[]){__VA_ARGS__},                     \
        sizeof((const struct asg_cell[]){__VA_ARGS__}) / sizeof(struct asg_cell))
#define T(value) ASG_CELL_TEXT((value) != NULL ? (value) : "")
#define N(value) ASG_CELL_NUMBER(value)

static void add_event(struct exporter *exporter, const struct asg_record *record,
                      const struct asg_event *event)
{
    static const char sql[] = "INSERT INTO events VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)";
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(record->time_ms, when);
    const struct asg_command *command = event->command;
    struct asg_cell actor = ASG_CELL_NULL;
    struct asg_cell order = ASG_CELL_NULL;
    if (command != NULL) {
        actor = T(command->actor);
        order = T(asg_enum_word(&asg_command_kind_words, (int)command->kind));
    }
    RUN(sql, N(record->seq), T(when), N(record->time_ms), N(record->epoch),
        T(asg_enum_word(&asg_event_kind_words, (int)event->kind)), actor, order,
        T(command != NULL ? command->group : record->subject), T(record->note));
    exporter->counts->events++;
}

static const char new_instance[] = "INSERT OR IGNORE INTO instances VALUES(?, ?, ?, ?, "
                                   "?, ?, ?, NULL, NULL, NULL, NULL)";

/* `job_id` 0: whatever launched it. */
static void add_launched(struct exporter *exporter, const struct asg_core *core,
                         const struct asg_seen_instance *seen, uint64_t job_id,
                         int64_t time_ms)
{
    struct asg_belief belief;
    if (!asg_core_find_instance(core, seen->instance_id, &belief)) return;
    if (job_id != 0 && belief.job_id != job_id) return;
    char when[ASG_TIME_TEXT_MAX];
    int64_t launched_ms = belief.launched_ms > 0 ? belief.launched_ms : time_ms;
    asg_time_format(launched_ms, when);
    RUN(new_instance, T(seen->instance_id), T(belief.group), T(seen->instance_type),
        T(seen->zone), N(belief.job_id), T(when), N(launched_ms));
    exporter->counts->instances++;
}

/* ---- who joins late, or never: adopted instances and orphans ---- */

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* The instance that a job without a group ends: an orphan. NULL: it is another job. */
static const char *orphan_of_job(const struct asg_job *job)
{
    bool is_orphans = job->kind == ASG_JOB_TERMINATE && is_empty(job->group) &&
                      job->terminate != NULL && job->terminate->instance_ids.count == 1;
    return is_orphans ? job->terminate->instance_ids.items[0] : NULL;
}

/* Core's decision to end an orphan names it in its text alone. */
static const char *orphan_of_decision(const struct asg_effects *effects,
                                      const struct asg_decision *decision)
{
    if (decision->kind != ASG_DECISION_TERMINATE || !is_empty(decision->group))
        return NULL;
    for (size_t i = 0; i < effects->job_count; i++) {
        const char *id = orphan_of_job(&effects->jobs[i]);
        char beginning[128];
        if (id == NULL) continue;
        int length = snprintf(beginning, sizeof beginning, "orphan %s: ", id);
        if (strncmp(decision->text, beginning, (size_t)length) == 0) return id;
    }
    return NULL;
}

static const struct asg_seen_instance *find_seen(const struct asg_observed *observed,
                                                 const char *id)
{
    for (size_t i = 0; i < observed->instance_count; i++) {
        if (strcmp(observed->instances[i].instance_id, id) == 0)
            return &observed->instances[i];
    }
    return NULL;
}

static void add_orphan(struct exporter *exporter, const struct asg_seen_instance *seen)
{
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(seen->launched_ms, when);
    RUN(new_instance, T(seen->instance_id), T(""), T(seen->instance_type), T(seen->zone),
        ASG_CELL_NULL, T(when), N(seen->launched_ms));
    exporter->counts->instances++;
}

static void add_observed(struct exporter *exporter, const struct asg_world_visit *visit)
{
    const struct asg_observed *observed = visit->event->observed;
    const struct asg_effects *effects = visit->effects;
    for (size_t i = 0; i < effects->decision_count; i++) {
        const struct asg_decision *decision = &effects->decisions[i];
        bool is_adopted = decision->kind == ASG_DECISION_ADOPT;
        const char *id =
            is_adopted ? decision->instance_id : orphan_of_decision(effects, decision);
        const struct asg_seen_instance *seen =
            id != NULL ? find_seen(observed, id) : NULL;
        if (seen == NULL) continue;
        if (is_adopted) {
            add_launched(exporter, visit->core, seen, 0, visit->record->time_ms);
        } else {
            add_orphan(exporter, seen);
        }
    }
}

/* Core forgets an orphan when EC2 has taken the order to end it. */
static void end_orphan(struct exporter *exporter, const char *id, const char *when)
{
    static const char sql[] = "UPDATE instances SET ended = ? WHERE instance_id = ? AND "
                              "\"group\" = '' AND ending IS NOT NULL AND ended IS NULL";
    RUN(sql, T(when), T(id));
}

static void add_result(struct exporter *exporter, const struct asg_record *record,
                       const struct asg_result *result, const struct asg_core *core)
{
    static const char sql[] =
        "INSERT INTO attempts VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(record->time_ms, when);
    RUN(sql, N(record->seq), N(result->job_id), N(result->attempt), T(when),
        N(record->time_ms), T(asg_enum_word(&asg_outcome_words, (int)result->outcome)),
        T(result->error_code), T(result->message), T(result->worker),
        T(result->request_id), N(result->calls), N(result->deliveries));
    for (size_t i = 0; i < result->instance_count; i++)
        add_launched(exporter, core, &result->instances[i], result->job_id,
                     record->time_ms);
    if (result->outcome != ASG_OUTCOME_OK) return;
    for (size_t i = 0; i < result->instance_count; i++)
        end_orphan(exporter, result->instances[i].instance_id, when);
    for (size_t i = 0; i < result->gone.count; i++)
        end_orphan(exporter, result->gone.items[i], when);
}

static void add_jobs(struct exporter *exporter, const struct asg_effects *effects)
{
    static const char sql[] =
        "INSERT OR IGNORE INTO jobs VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    for (size_t i = 0; i < effects->job_count; i++) {
        const struct asg_job *job = &effects->jobs[i];
        char when[ASG_TIME_TEXT_MAX];
        asg_time_format(job->created_ms, when);
        size_t count = 0;
        const char *zone = "";
        const char *type = "";
        if (job->launch != NULL) {
            count = job->launch->count;
            zone = job->launch->zone;
            type = job->launch->instance_type;
        } else if (job->terminate != NULL) {
            count = job->terminate->instance_ids.count;
            zone = job->terminate->zone;
        }
        RUN(sql, N(job->id), T(job->name),
            T(asg_enum_word(&asg_job_kind_words, (int)job->kind)), T(job->group),
            N(exporter->event_seq), T(when), N(job->created_ms), N(count), T(zone),
            T(type), T(job->client_token));
        exporter->counts->jobs++;
    }
}

/* What a decision about instance `id` says of its life. */
static void note_life(struct exporter *exporter, const struct asg_record *record,
                      const struct asg_decision *decision, const char *id,
                      const struct asg_core *core)
{
    static const char serving[] = "UPDATE instances SET in_service = ? WHERE instance_id "
                                  "= ? AND in_service IS NULL";
    static const char ending[] = "UPDATE instances SET ending = ?, end_seq = ? WHERE "
                                 "instance_id = ?";
    static const char ended[] = "UPDATE instances SET ended = ?, end_seq = "
                                "coalesce(end_seq, ?) WHERE instance_id = ?";
    static const char kept[] = "UPDATE instances SET ending = NULL, end_seq = NULL WHERE "
                               "instance_id = ?";
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(record->time_ms, when);
    struct asg_belief belief;
    bool is_there = asg_core_find_instance(core, id, &belief);
    if (decision->kind == ASG_DECISION_TERMINATE ||
        decision->kind == ASG_DECISION_REPLACE) {
        RUN(ending, T(when), N(record->seq), T(id));
    } else if (decision->kind != ASG_DECISION_STATE) {
        return;
    } else if (!is_there || belief.state == ASG_INSTANCE_TERMINATED) {
        RUN(ended, T(when), N(record->seq), T(id));
    } else if (belief.state == ASG_INSTANCE_IN_SERVICE &&
               strstr(decision->text, " in service ") != NULL) {
        RUN(serving, T(when), T(id));
    } else if (belief.state == ASG_INSTANCE_IN_SERVICE &&
               strstr(decision->text, "EC2 refused to ") != NULL) {
        RUN(kept, T(id));
    }
}

static void add_decision(struct exporter *exporter, const struct asg_world_visit *visit)
{
    static const char sql[] =
        "INSERT INTO decisions VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    static const struct asg_decision none = {.instance_id = ""};
    const struct asg_record *record = visit->record;
    size_t index = exporter->index++;
    bool is_made = visit->effects != NULL && index < visit->effects->decision_count;
    const struct asg_decision *decision =
        is_made ? &visit->effects->decisions[index] : &none;
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(record->time_ms, when);
    bool has_change = decision->from != decision->to;
    const char *id = decision->instance_id;
    if (is_made && is_empty(id)) id = orphan_of_decision(visit->effects, decision);
    RUN(sql, N(record->seq), N(exporter->event_seq), T(when), N(record->time_ms),
        T(record->subject),
        T(is_made ? asg_enum_word(&asg_decision_kind_words, (int)decision->kind) : ""),
        T(decision->policy), T(id), has_change ? N(decision->from) : ASG_CELL_NULL,
        has_change ? N(decision->to) : ASG_CELL_NULL, T(record->note));
    exporter->counts->decisions++;
    if (!is_empty(id)) note_life(exporter, record, decision, id, visit->core);
}

static void begin_walk(void *context, const struct asg_core *core, uint64_t seq)
{
    struct exporter *exporter = context;
    (void)core;
    exporter->counts->first_seq = seq + 1;
    if (seq == 0) return;
    static const char *const empties[] = {"DELETE FROM events", "DELETE FROM decisions",
                                          "DELETE FROM jobs", "DELETE FROM attempts",
                                          "DELETE FROM instances"};
    for (size_t i = 0; i < sizeof empties / sizeof empties[0]; i++)
        run(exporter, empties[i], NULL, 0);
    *exporter->counts = (struct asg_export_counts){.first_seq = seq + 1};
}

static bool visit(void *context, const struct asg_world_visit *visit)
{
    struct exporter *exporter = context;
    const struct asg_event *event = visit->event;
    if (event != NULL) {
        exporter->event_seq = visit->record->seq;
        exporter->index = 0;
        /* Metrics are many and decide little: only those that something came of. */
        bool is_dull = event->kind == ASG_EVENT_METRICS &&
                       visit->effects->decision_count == 0 &&
                       visit->effects->job_count == 0;
        if (!is_dull) add_event(exporter, visit->record, event);
        if (event->result != NULL) {
            add_result(exporter, visit->record, event->result, visit->core);
        }
        if (event->observed != NULL) add_observed(exporter, visit);
        add_jobs(exporter, visit->effects);
    } else if (strcmp(visit->record->kind, "decision") == 0) {
        add_decision(exporter, visit);
    }
    return exporter->status == ASG_OK;
}

static void add_about(struct exporter *exporter)
{
    static const char sql[] = "INSERT INTO about VALUES(?, ?)";
    struct asg_arena arena = {0};
    RUN(sql, T("form"), T(ASG_AUDIT_FORM));
    RUN(sql, T("cluster_id"), T(asg_log_cluster_id(exporter->log)));
    RUN(sql, T("first_seq"),
        T(asg_arena_format(&arena, "%" PRIu64, exporter->counts->first_seq)));
    RUN(sql, T("last_seq"),
        T(asg_arena_format(&arena, "%" PRIu64, asg_log_head(exporter->log).seq)));
    asg_arena_clear(&arena);
}

enum asg_status asg_export_tables(struct asg_log *log, const char *path,
                                  struct asg_progress *progress,
                                  struct asg_export_counts *ret, struct asg_error *error)
{
    *ret = (struct asg_export_counts){.first_seq = 1};
    struct exporter exporter = {.log = log, .counts = ret, .error = error};
    enum asg_status status =
        asg_table_file_new(path, asg_audit_schema, &exporter.file, error);
    if (status != ASG_OK) return status;
    const struct asg_world_walk walk = {
        .begin = begin_walk, .visit = visit, .context = &exporter, .progress = progress};
    status = asg_world_walk(log, &walk, error);
    if (status == ASG_OK) add_about(&exporter);
    if (status == ASG_OK) status = exporter.status;
    if (status == ASG_OK) return asg_table_file_finish(&exporter.file, error);
    asg_table_file_discard(&exporter.file);
    return status;
}
