#include "cli/what_if/load_trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/id_map.h"
#include "cli/log/rebuild_world.h"
#include "model/copy.h"
#include "model/schemas.h"

#define JOBS_MAX        1024 /* launches and terminations under way */
#define SATURATED_MILLI 99000

struct delays {
    int64_t *items; /* owned */
    size_t count;
    size_t capacity;
};

struct open_job {
    uint64_t id;
    enum asg_job_kind kind;
    int64_t created_ms;
};

struct loader {
    const struct asg_trace_range *range;
    struct asg_trace *trace;
    uint32_t group_no;
    int64_t evaluation_ms; /* after the last event, as the next */
    uint32_t desired;
    bool is_begun;      /* the first sample comes */
    int64_t counted_ms; /* up to here the recorded outcome is counted */
    uint32_t serving;
    struct asg_arena views; /* of the last count */
    struct asg_instance_view *instances;
    size_t instance_count;
    uint32_t *type_of; /* index into trace->types, a paid instance each */
    size_t paid;
    struct open_job jobs[JOBS_MAX];
    size_t job_count;
    struct asg_id_map seen_in_service;
    struct delays launch;
    struct delays service;
    struct delays terminate;
};

/* ---- counting what is there ---- */

static bool is_paid(const struct asg_core *core, const struct asg_instance_view *instance)
{
    if (instance->instance_id[0] == '\0') return false;
    struct asg_belief belief;
    return asg_core_find_instance(core, instance->instance_id, &belief) &&
           belief.is_alive;
}

static uint32_t find_type(struct asg_trace *trace, const char *type)
{
    for (size_t i = 0; i < trace->type_count; i++) {
        if (strcmp(trace->types[i].type, type) == 0) return (uint32_t)i;
    }
    struct asg_type_hours *entry =
        asg_arena_push(&trace->arena, (void **)&trace->types, &trace->type_count,
                       &trace->type_capacity, sizeof *trace->types);
    entry->type = asg_arena_text(&trace->arena, type);
    return (uint32_t)trace->type_count - 1;
}

static void add_delay(struct delays *delays, int64_t ms)
{
    if (ms < 0) return;
    if (delays->count == delays->capacity) {
        delays->capacity = delays->capacity == 0 ? 256 : delays->capacity * 2;
        delays->items =
            asg_realloc(delays->items, delays->capacity, sizeof *delays->items);
    }
    delays->items[delays->count++] = ms;
}

/* Bring what is paid for up to the present. */
static void count_time(struct loader *loader, int64_t now_ms)
{
    if (!loader->is_begun || now_ms <= loader->counted_ms) return;
    int64_t length_ms = now_ms - loader->counted_ms;
    loader->counted_ms = now_ms;
    loader->trace->recorded.instance_ms += (int64_t)loader->paid * length_ms;
    for (size_t i = 0; i < loader->paid; i++) {
        loader->trace->types[loader->type_of[i]].instance_ms += length_ms;
    }
}

static void count_instances(struct loader *loader, const struct asg_core *core)
{
    asg_arena_reset(&loader->views);
    asg_core_view_instances(core, loader->range->group, &loader->views,
                            &loader->instances, &loader->instance_count);
    loader->type_of =
        asg_arena_take(&loader->views, loader->instance_count * sizeof *loader->type_of);
    loader->serving = 0;
    loader->paid = 0;
    for (size_t i = 0; i < loader->instance_count; i++) {
        const struct asg_instance_view *instance = &loader->instances[i];
        bool is_serving = instance->state == ASG_INSTANCE_IN_SERVICE;
        if (is_serving) loader->serving++;
        if (is_paid(core, instance)) {
            loader->type_of[loader->paid++] =
                find_type(loader->trace, instance->instance_type);
        }
        bool is_new = is_serving &&
                      asg_id_map_find(&loader->seen_in_service, instance->instance_id) ==
                          ASG_ID_MAP_NONE;
        if (!is_new) continue;
        asg_id_map_put(&loader->seen_in_service, instance->instance_id, 1);
        add_delay(&loader->service, instance->in_service_ms - instance->launched_ms);
    }
}

/* ---- how long things took ---- */

static void note_jobs(struct loader *loader, const struct asg_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct asg_job *job = &jobs[i];
        bool is_meant = asg_job_is_launch(job->kind) || job->kind == ASG_JOB_TERMINATE;
        if (!is_meant || job->attempt > 1 || loader->job_count == JOBS_MAX ||
            strcmp(job->group, loader->range->group) != 0) {
            continue;
        }
        loader->jobs[loader->job_count++] =
            (struct open_job){job->id, job->kind, job->created_ms};
    }
}

static void note_result(struct loader *loader, const struct asg_event *event)
{
    for (size_t i = 0; i < loader->job_count; i++) {
        struct open_job *job = &loader->jobs[i];
        if (job->id != event->result->job_id) continue;
        if (event->result->outcome == ASG_OUTCOME_OK) {
            add_delay(asg_job_is_launch(job->kind) ? &loader->launch : &loader->terminate,
                      event->time_ms - job->created_ms);
        }
        *job = loader->jobs[--loader->job_count];
        return;
    }
}

/* ---- what operators ordered ---- */

static bool is_of_instances(enum asg_command_kind kind)
{
    switch (kind) {
    case ASG_COMMAND_TERMINATE_INSTANCE:
    case ASG_COMMAND_PROTECT_INSTANCES:
    case ASG_COMMAND_SET_INSTANCE_HEALTH:
    case ASG_COMMAND_ENTER_STANDBY:
    case ASG_COMMAND_EXIT_STANDBY:
    case ASG_COMMAND_ATTACH_INSTANCES:
    case ASG_COMMAND_DETACH_INSTANCES: return true;
    default: return false;
    }
}

static void note_command(struct loader *loader, const struct asg_event *event,
                         const struct asg_effects *effects)
{
    const struct asg_command *command = event->command;
    bool is_of_all = command->group == NULL || command->group[0] == '\0';
    bool is_switch =
        command->kind == ASG_COMMAND_HALT || command->kind == ASG_COMMAND_UNHALT;
    bool is_ours = !is_of_all && strcmp(command->group, loader->range->group) == 0;
    if (!effects->reply.is_ok || !(is_ours || (is_of_all && is_switch))) return;
    if (is_of_instances(command->kind)) {
        loader->trace->instance_commands++;
        return;
    }
    struct asg_trace *trace = loader->trace;
    struct asg_trace_command *kept =
        asg_arena_push(&trace->arena, (void **)&trace->commands, &trace->command_count,
                       &trace->command_capacity, sizeof *trace->commands);
    kept->before = trace->sample_count;
    kept->time_ms = event->time_ms;
    asg_model_copy(&asg_command_schema, command, &trace->arena, &kept->command);
}

static void note_decisions(struct loader *loader, const struct asg_effects *effects)
{
    for (size_t i = 0; i < effects->decision_count; i++) {
        const struct asg_decision *decision = &effects->decisions[i];
        if (strcmp(decision->group, loader->range->group) != 0) continue;
        struct asg_figures *recorded = &loader->trace->recorded;
        if (decision->kind == ASG_DECISION_SCALE_OUT) recorded->scale_outs++;
        if (decision->kind == ASG_DECISION_SCALE_IN) recorded->scale_ins++;
        if (decision->kind == ASG_DECISION_REPLACE) loader->trace->replacements++;
    }
}

/* ---- samples ---- */

static void note_fleet(struct loader *loader, int64_t time_ms)
{
    const struct asg_fleet_size fleet = {.time_ms = time_ms,
                                         .serving = loader->serving,
                                         .alive = (uint32_t)loader->paid,
                                         .desired = loader->desired};
    asg_fleet_curve_note(&loader->trace->recorded.curve, &fleet);
}

/* The group as it stands before its first sample. */
static void begin_trace(struct loader *loader, const struct asg_core *core,
                        int64_t time_ms)
{
    struct asg_trace *trace = loader->trace;
    const char *group = loader->range->group;
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(core, group, &trace->arena, &views, &count);
    if (count == 0 || views->is_deleting) return;
    trace->config = *views->config;
    asg_core_view_policies(core, group, &trace->arena, &trace->policies,
                           &trace->policy_count);
    asg_core_view_schedules(core, group, &trace->arena, &trace->schedules,
                            &trace->schedule_count);
    loader->is_begun = asg_core_save_group(core, group, &trace->state);
    trace->start_ms = time_ms - trace->config.evaluation_ms;
    loader->counted_ms = trace->start_ms;
    note_fleet(loader, trace->start_ms);
}

/* Its number; 0: there is none. */
static uint32_t look_at_group(struct loader *loader, const struct asg_core *core)
{
    struct asg_arena arena = {0};
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(core, loader->range->group, &arena, &views, &count);
    uint32_t no = count > 0 ? views->group_no : 0;
    loader->evaluation_ms = count > 0 ? views->config->evaluation_ms : 0;
    loader->desired = count > 0 ? views->config->desired : 0;
    asg_arena_clear(&arena);
    return no;
}

static struct asg_sample *next_sample(struct asg_trace *trace)
{
    if (trace->sample_count == trace->sample_capacity) {
        trace->sample_capacity =
            trace->sample_capacity == 0 ? 4096 : trace->sample_capacity * 2;
        trace->samples =
            asg_realloc(trace->samples, trace->sample_capacity, sizeof *trace->samples);
    }
    return &trace->samples[trace->sample_count++];
}

static void add_sample(struct loader *loader, int64_t time_ms,
                       const struct asg_group_metric *row)
{
    int64_t mean_milli = row->sum_milli / row->count;
    bool is_saturated =
        row->metric == ASG_METRIC_NAME_CPU && mean_milli >= SATURATED_MILLI;
    uint32_t missing = row->members > row->count ? row->members - row->count : 0;
    if (is_saturated) loader->trace->saturated++;
    uint32_t serving = loader->serving > 0 ? loader->serving : row->members;
    *next_sample(loader->trace) = (struct asg_sample){
        .time_ms = time_ms,
        .demand_milli = mean_milli * serving,
        .mean_milli = mean_milli,
        .min_milli = row->min_milli,
        .max_milli = row->max_milli,
        .period_ms = (uint32_t)loader->evaluation_ms,
        .serving = serving,
        .missing = (uint16_t)(missing < UINT16_MAX ? missing : UINT16_MAX),
        .metric = (uint8_t)row->metric,
        .is_saturated = is_saturated,
    };
}

static bool is_sample(const struct loader *loader, const struct asg_group_metric *row)
{
    return row->group_no == loader->group_no && row->count > 0;
}

static void take_samples(struct loader *loader, const struct asg_event *event)
{
    const struct asg_metrics *metrics = event->metrics;
    for (size_t i = 0; loader->is_begun && i < metrics->group_count; i++) {
        const struct asg_group_metric *row = &metrics->groups[i];
        if (is_sample(loader, row)) add_sample(loader, event->time_ms, row);
    }
}

/* ---- the walk ---- */

static void begin_walk(void *context, const struct asg_core *core, uint64_t seq)
{
    (void)seq;
    struct loader *loader = context;
    loader->is_begun = false;
    loader->job_count = 0;
    loader->launch.count = loader->service.count = loader->terminate.count = 0;
    asg_trace_clear(loader->trace);
    loader->group_no = look_at_group(loader, core);
    count_instances(loader, core);
    loader->service.count = 0; /* those were in service before */
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(core, &loader->views, &jobs, &count);
    note_jobs(loader, jobs, count);
}

static bool is_in_range(const struct loader *loader, const struct asg_event *event)
{
    const struct asg_trace_range *range = loader->range;
    return event->time_ms >= range->from_ms &&
           (range->to_ms == 0 || event->time_ms < range->to_ms);
}

static void look_before(void *context, const struct asg_event *event,
                        const struct asg_core *core)
{
    struct loader *loader = context;
    /* Core has not looked at the event yet: it may lack what its kind is about. */
    if (loader->is_begun || event->kind != ASG_EVENT_METRICS || event->metrics == NULL ||
        !is_in_range(loader, event)) {
        return;
    }
    for (size_t i = 0; i < event->metrics->group_count; i++) {
        if (!is_sample(loader, &event->metrics->groups[i])) continue;
        begin_trace(loader, core, event->time_ms);
        return;
    }
}

static bool visit(void *context, const struct asg_world_visit *visit)
{
    struct loader *loader = context;
    const struct asg_event *event = visit->event;
    if (event == NULL) return true;
    if (loader->range->to_ms != 0 && event->time_ms >= loader->range->to_ms) {
        count_time(loader, loader->range->to_ms);
        return false;
    }
    const struct asg_effects *effects = visit->effects;
    bool has_changed = effects->decision_count > 0 || effects->member_count > 0 ||
                       effects->job_count > 0 || effects->watch_count > 0;
    count_time(loader, event->time_ms);
    if (event->kind == ASG_EVENT_METRICS) {
        take_samples(loader, event);
        count_time(loader, event->time_ms); /* the first period, with those of before */
    }
    if (loader->is_begun) {
        if (event->kind == ASG_EVENT_COMMAND) note_command(loader, event, effects);
        note_decisions(loader, effects);
    }
    if (event->kind == ASG_EVENT_RESULT) note_result(loader, event);
    note_jobs(loader, effects->jobs, effects->job_count);
    if (!has_changed) return true;
    if (effects->watch_count > 0 || effects->decision_count > 0) {
        uint32_t no = look_at_group(loader, visit->core);
        if (loader->is_begun && no != loader->group_no) return false; /* deleted */
        loader->group_no = no;
    }
    if (loader->group_no != 0) count_instances(loader, visit->core);
    if (loader->is_begun) note_fleet(loader, event->time_ms);
    return true;
}

static int compare_delays(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t median(struct delays *delays)
{
    if (delays->count == 0) return -1;
    qsort(delays->items, delays->count, sizeof delays->items[0], compare_delays);
    return delays->items[delays->count / 2];
}

/* Beyond 100 % nothing is measured: a stretch of it is taken to have asked for as much
 * as the first period after it shows, when that is more than what was measured. */
static void fill_saturated(struct asg_trace *trace)
{
    int64_t after_milli = 0;
    for (size_t i = trace->sample_count; i > 0; i--) {
        struct asg_sample *sample = &trace->samples[i - 1];
        if (sample->metric != ASG_METRIC_NAME_CPU) continue;
        if (!sample->is_saturated) {
            after_milli = sample->demand_milli;
        } else if (after_milli > sample->demand_milli) {
            sample->demand_milli = after_milli;
        }
    }
}

enum asg_status asg_trace_load(struct asg_log *log, const struct asg_trace_range *range,
                               struct asg_trace *ret, struct asg_error *error)
{
    *ret = (struct asg_trace){0};
    uint64_t start_seq = 0;
    enum asg_status status = ASG_OK;
    if (range->from_ms > 0) {
        status = asg_world_seq_at(log, range->from_ms - 1, &start_seq, error);
    }
    if (status != ASG_OK) return status;
    struct loader *loader = asg_alloc(1, sizeof *loader);
    loader->range = range;
    loader->trace = ret;
    const struct asg_world_walk walk = {.start_seq = start_seq,
                                        .begin = begin_walk,
                                        .before = look_before,
                                        .visit = visit,
                                        .context = loader,
                                        .progress = range->progress};
    status = asg_world_walk(log, &walk, error);
    ret->group = asg_arena_text(&ret->arena, range->group);
    ret->launch_ms = median(&loader->launch);
    ret->service_ms = median(&loader->service);
    ret->terminate_ms = median(&loader->terminate);
    ret->launches_seen = (uint32_t)loader->service.count;
    ret->end_ms = loader->counted_ms;
    ret->recorded.start_ms = ret->start_ms;
    ret->recorded.end_ms = ret->end_ms;
    free(loader->launch.items);
    free(loader->service.items);
    free(loader->terminate.items);
    asg_arena_clear(&loader->views);
    asg_id_map_clear(&loader->seen_in_service);
    free(loader);
    if (status != ASG_OK) return status;
    if (ret->sample_count == 0) {
        return asg_fail(error, ASG_ERR_NOT_FOUND,
                        "the log has no metrics of a group \"%s\"%s; `openasg log export "
                        "--kind decision` shows which groups there were",
                        range->group,
                        range->from_ms != 0 || range->to_ms != 0 ? " in that time" : "");
    }
    fill_saturated(ret);
    return ASG_OK;
}

void asg_trace_clear(struct asg_trace *trace)
{
    asg_arena_clear(&trace->arena);
    asg_bytes_clear(&trace->state);
    asg_figures_clear(&trace->recorded);
    free(trace->samples);
    *trace = (struct asg_trace){0};
}

void asg_trace_judge(struct asg_trace *trace, enum asg_metric_name metric,
                     int64_t level_milli)
{
    int64_t before_ms = trace->start_ms;
    for (size_t i = 0; i < trace->sample_count; i++) {
        const struct asg_sample *sample = &trace->samples[i];
        if (sample->metric != (uint8_t)metric) continue;
        asg_figures_note(&trace->recorded, sample, asg_sample_length(sample, before_ms),
                         sample->serving, level_milli);
        before_ms = sample->time_ms;
    }
}
