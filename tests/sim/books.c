/* books - what the checkers know: read from what became durable, and from nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "wire/wire.h"

static struct {
    struct asg_arena event_arena;
    struct asg_arena effects_arena;
    struct asg_event event; /* the last one that was no metrics event */
    bool has_event;
    const struct asg_record *metrics; /* the last metrics event of this batch */
} books;

struct sim_instance *sim_find_instance(const char *id)
{
    uint32_t index = asg_id_map_find(&sim.by_id, id);
    return index == ASG_ID_MAP_NONE ? NULL : sim.instances[index];
}

struct sim_group *sim_find_group(struct sim_cluster *cluster, const char *name)
{
    for (uint32_t i = 0; i < cluster->group_count; i++) {
        if (strcmp(cluster->groups[i].name, name) == 0) return &cluster->groups[i];
    }
    return NULL;
}

#define JOB_NAME 40

static const char *job_name(char ret[JOB_NAME], uint64_t id, uint32_t attempt)
{
    (void)snprintf(ret, JOB_NAME, "%llu.%u", (unsigned long long)id, attempt);
    return ret;
}

struct sim_job *sim_find_job(uint64_t id, uint32_t attempt)
{
    char name[JOB_NAME];
    uint32_t index = asg_id_map_find(&our->job_places, job_name(name, id, attempt));
    return index == ASG_ID_MAP_NONE ? NULL : &our->jobs[index];
}

/* Up to this one. */
static void end_attempts(uint64_t id, uint32_t last)
{
    for (uint32_t attempt = 1; attempt <= last; attempt++) {
        struct sim_job *job = sim_find_job(id, attempt);
        if (job == NULL) return;
        job->is_over = true;
    }
}

static void add_job(const struct asg_job *plan)
{
    law_neighbours_plan(plan);
    struct sim_job *job = sim_find_job(plan->id, plan->attempt);
    if (job == NULL) {
        if (our->job_count == our->job_capacity) {
            our->job_capacity = our->job_capacity == 0 ? 256 : our->job_capacity * 2;
            our->jobs = asg_realloc(our->jobs, our->job_capacity, sizeof *our->jobs);
        }
        char name[JOB_NAME];
        asg_id_map_put(&our->job_places, job_name(name, plan->id, plan->attempt),
                       (uint32_t)our->job_count);
        job = &our->jobs[our->job_count++];
        *job = (struct sim_job){
            .id = plan->id, .attempt = plan->attempt, .kind = plan->kind};
        (void)snprintf(job->token, sizeof job->token, "%s", plan->client_token);
    }
    job->is_over = false;
    if (plan->attempt > 1) end_attempts(plan->id, plan->attempt - 1);
    if (asg_job_is_launch(plan->kind)) job->count = plan->launch->count;
    if (plan->kind != ASG_JOB_TERMINATE) return;
    for (size_t i = 0; i < plan->terminate->instance_ids.count; i++) {
        asg_id_map_put(&our->ends, plan->terminate->instance_ids.items[i], 1);
    }
}

static void note_order(const char *name)
{
    if (name[0] != 'o') return;
    uint64_t no = strtoull(name + 1, NULL, 10);
    if (no / 8 >= our->durable_order_end) {
        uint64_t end = no / 8 + 256;
        our->durable_orders = asg_realloc(our->durable_orders, end, 1);
        memset(our->durable_orders + our->durable_order_end, 0,
               end - our->durable_order_end);
        our->durable_order_end = end;
    }
    our->durable_orders[no / 8] |= (uint8_t)(1 << no % 8);
}

static void note_update(const struct asg_command *command, struct sim_group *group)
{
    if ((command->group_fields & UINT64_C(1) << ASG_GROUP_MAX) != 0) {
        if (sim.now_us - group->max_changed_us > 13 * SIM_HOUR) group->older_max = 0;
        if (group->max > group->older_max) group->older_max = group->max;
        group->max = command->group_config->max;
        group->max_changed_us = sim.now_us;
    }
    if ((command->group_fields & UINT64_C(1) << ASG_GROUP_MIN) != 0) {
        group->min = command->group_config->min;
    }
}

/* An order that is durable and was not refused. */
static void note_command(const struct asg_command *command)
{
    struct sim_group *group = sim_find_group(our, command->group);
    switch (command->kind) {
    case ASG_COMMAND_HALT:
        if (group == NULL) our->is_halted = true;
        break;
    case ASG_COMMAND_UNHALT:
        if (group == NULL) our->is_halted = false;
        break;
    case ASG_COMMAND_GROUP_UPDATE:
        if (group != NULL) note_update(command, group);
        break;
    case ASG_COMMAND_PROTECT_INSTANCES:
        for (size_t i = 0; i < command->instance_ids.count; i++) {
            struct sim_instance *instance =
                sim_find_instance(command->instance_ids.items[i]);
            if (instance != NULL) instance->is_protected = command->is_protected;
        }
        break;
    case ASG_COMMAND_SCHEDULE_PUT: note_order(command->name); break;
    default: break;
    }
}

/* An agent that joined is known when its first report is durable, not before. */
static void note_health(const struct asg_health *health)
{
    for (size_t i = 0; i < health->sign_count; i++) {
        struct sim_instance *instance = sim_find_instance(health->signs[i].instance_id);
        bool is_report = health->signs[i].sign == ASG_SIGN_REPORTING;
        if (instance == NULL || !is_report) continue;
        if (!instance->is_heard) instance->heard_us = sim.now_us;
        instance->is_heard = true;
    }
}

static void note_metrics(const struct asg_record *record)
{
    asg_arena_reset(&books.event_arena);
    books.has_event = false;
    struct asg_event event;
    if (asg_wire_decode(&asg_event_schema, record->payload, record->payload_length,
                        &books.event_arena, &event) != ASG_OK ||
        event.metrics == NULL) {
        return;
    }
    for (size_t i = 0; i < event.metrics->group_count; i++) {
        const struct asg_group_metric *row = &event.metrics->groups[i];
        if (row->group_no < 1 || row->group_no > our->group_count) continue;
        if (row->metric == ASG_METRIC_NAME_CPU) {
            our->last_metrics[row->group_no - 1] = *row;
        }
    }
}

/* What core ends, or sees ended, counts no more. */
static void note_end(const struct asg_decision *decision)
{
    struct sim_instance *instance = sim_find_instance(decision->instance_id);
    if (instance == NULL || decision->text == NULL) return;
    bool is_end = decision->kind == ASG_DECISION_TERMINATE ||
                  decision->kind == ASG_DECISION_REPLACE ||
                  strstr(decision->text, "ended by EC2") != NULL;
    if (is_end) instance->is_over = true;
    /* A listing that lagged did not show it for so long that it was taken for gone. */
    bool is_back = decision->kind == ASG_DECISION_ADOPT ||
                   strstr(decision->text, "refused to end it") != NULL;
    if (is_back) instance->is_over = false;
}

static void note_effects(const struct asg_record *record)
{
    struct asg_effects effects;
    asg_arena_reset(&books.effects_arena);
    if (asg_wire_decode(&asg_effects_schema, record->payload, record->payload_length,
                        &books.effects_arena, &effects) != ASG_OK) {
        sim_break("log_has_no_gap", "record %llu is no effects record",
                  (unsigned long long)record->seq);
        return;
    }
    if (effects.decision_count > 0 && books.metrics != NULL) note_metrics(books.metrics);
    if (books.has_event && books.event.kind == ASG_EVENT_COMMAND &&
        books.event.command != NULL && effects.reply.is_set && effects.reply.is_ok) {
        note_command(books.event.command);
        sim.counts.commands++;
    }
    if (books.has_event && books.event.kind == ASG_EVENT_HEALTH &&
        books.event.health != NULL) {
        note_health(books.event.health);
    }
    for (size_t i = 0; i < effects.job_count; i++) {
        add_job(&effects.jobs[i]);
    }
    for (size_t i = 0; i < effects.closed_jobs.count; i++) {
        end_attempts(effects.closed_jobs.items[i], UINT32_MAX);
    }
    for (size_t i = 0; i < effects.decision_count; i++) {
        sim.counts.decisions++;
        sim_tell(effects.decisions[i].group, "%s", effects.decisions[i].text);
        note_end(&effects.decisions[i]);
        sim_check_decision(&effects.decisions[i], record->time_ms);
    }
    for (size_t i = 0; i < effects.alarm_count; i++) {
        sim_tell(effects.alarms[i].group, "%s: %s",
                 effects.alarms[i].is_raised ? "alarm" : "alarm is over",
                 effects.alarms[i].text);
    }
}

void sim_durable(const struct asg_record *records, size_t count)
{
    books.metrics = NULL;
    books.has_event = false;
    for (size_t i = 0; i < count; i++) {
        const struct asg_record *record = &records[i];
        law_log_has_no_gap(record);
        if (strcmp(record->kind, "metrics") == 0) {
            books.metrics = record;
            books.has_event = false;
        } else if (strcmp(record->kind, "event") == 0) {
            asg_arena_reset(&books.event_arena);
            books.metrics = NULL;
            books.has_event = asg_wire_decode(&asg_event_schema, record->payload,
                                              record->payload_length, &books.event_arena,
                                              &books.event) == ASG_OK;
        } else if (strcmp(record->kind, "effects") == 0) {
            note_effects(record);
        }
    }
}

void sim_books_clear(void)
{
    asg_arena_clear(&books.event_arena);
    asg_arena_clear(&books.effects_arena);
    memset(&books, 0, sizeof books);
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        struct sim_cluster *cluster = &sim.clusters[i];
        asg_id_map_clear(&cluster->ends);
        asg_id_map_clear(&cluster->job_places);
        free(cluster->jobs);
        free(cluster->durable_orders);
    }
}

bool sim_is_end_planned(const char *id)
{
    return asg_id_map_find(&our->ends, id) != ASG_ID_MAP_NONE;
}
