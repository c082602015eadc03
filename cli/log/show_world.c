#include "cli/log/show_world.h"

#include <inttypes.h>
#include <string.h>

#include "cli/log/open_log.h"
#include "cli/log/rebuild_world.h"
#include "model/schemas.h"
#include "text/moment.h"
#include "wire/wire.h"

#define WINDOWS_MAX    4096
#define METRICS_LOOKED 2000 /* records back for the last row of each group */

/* The last row of one metric of one group. */
struct window_view {
    const char *group;
    enum asg_metric_name metric;
    int64_t time_ms;
    uint32_t members;
    uint32_t count;
    int64_t mean_milli;
    int64_t min_milli;
    int64_t max_milli;
};

struct world_view {
    int64_t time_ms;
    uint64_t seq;
    uint64_t snapshot_seq; /* it was built from; 0: from the first record */
    struct asg_group_view *groups;
    size_t group_count;
    struct asg_instance_view *instances;
    size_t instance_count;
    struct asg_job_view *jobs;
    size_t job_count;
    struct window_view *windows;
    size_t window_count;
};

#define WINDOW(kind, field)                                                              \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct window_view, field)                                    \
    }
static const struct asg_field window_fields[] = {
    WINDOW(TEXT, group),
    {.name = "metric",
     .type = ASG_FIELD_ENUM,
     .offset = offsetof(struct window_view, metric),
     .names = &asg_metric_name_words},
    WINDOW(I64, time_ms),
    WINDOW(U32, members),
    WINDOW(U32, count),
    WINDOW(I64, mean_milli),
    WINDOW(I64, min_milli),
    WINDOW(I64, max_milli),
};
static const struct asg_schema window_schema = {
    .name = "window",
    .size = sizeof(struct window_view),
    .fields = window_fields,
    .field_count = sizeof window_fields / sizeof window_fields[0],
};

#define FIELD(kind, field)                                                               \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct world_view, field)                                     \
    }
#define LIST(field, counter, schema)                                                     \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_LIST,                                          \
        .offset = offsetof(struct world_view, field),                                    \
        .count_offset = offsetof(struct world_view, counter), .sub = &(schema)           \
    }
static const struct asg_field world_fields[] = {
    FIELD(I64, time_ms),
    FIELD(U64, seq),
    FIELD(U64, snapshot_seq),
    LIST(groups, group_count, asg_group_view_schema),
    LIST(instances, instance_count, asg_instance_view_schema),
    LIST(jobs, job_count, asg_job_view_schema),
    LIST(windows, window_count, window_schema),
};
static const struct asg_schema world_schema = {
    .name = "world",
    .size = sizeof(struct world_view),
    .fields = world_fields,
    .field_count = sizeof world_fields / sizeof world_fields[0],
};

static const struct asg_render_column group_columns[] = {
    {"GROUP", "config.name", NULL, false},
    {"MIN", "config.min", NULL, false},
    {"MAX", "config.max", NULL, false},
    {"DESIRED", "config.desired", NULL, false},
    {"IN SERVICE", "in_service", NULL, false},
    {"WARMING", "warming", NULL, false},
    {"PENDING", "pending", NULL, false},
    {"REQUESTED", "requested", NULL, false},
    {"TERMINATING", "terminating", NULL, false},
    {"UNHEALTHY", "unhealthy", NULL, false},
};
static const struct asg_render_column instance_columns[] = {
    {"INSTANCE", "instance_id", NULL, false}, {"GROUP", "group", NULL, false},
    {"STATE", "state", NULL, false},          {"HEALTHY", "is_healthy", NULL, false},
    {"TYPE", "instance_type", NULL, false},   {"ZONE", "zone", NULL, false},
    {"LAUNCHED", "launched_ms", NULL, false}, {"JOB", "job_id", NULL, false},
};
static const struct asg_render_column job_columns[] = {
    {"JOB", "id", NULL, false},
    {"NAME", "name", NULL, false},
    {"KIND", "kind", NULL, false},
    {"GROUP", "group", NULL, false},
    {"ATTEMPT", "attempt", NULL, false},
    {"COUNT", "count", NULL, false},
    {"PLANNED", "created_ms", NULL, false},
};
static const struct asg_render_column window_columns[] = {
    {"GROUP", "group", NULL, false},      {"METRIC", "metric", NULL, false},
    {"TIME", "time_ms", NULL, false},     {"MEMBERS", "members", NULL, false},
    {"COUNTED", "count", NULL, false},    {"MEAN", "mean_milli", NULL, false},
    {"LOWEST", "min_milli", NULL, false}, {"HIGHEST", "max_milli", NULL, false},
};

/* ---- at ---- */

struct at_walk {
    struct asg_cli *cli;
    const char *group;
    uint64_t to_seq;
    struct world_view *view;
};

/* Copies: the walk's core is gone when it returns. */
static void look(struct at_walk *walk, const struct asg_core *core)
{
    struct world_view *view = walk->view;
    struct asg_arena *arena = &walk->cli->arena;
    asg_core_view_groups(core, walk->group, arena, &view->groups, &view->group_count);
    asg_core_view_instances(core, walk->group, arena, &view->instances,
                            &view->instance_count);
    asg_core_view_jobs(core, walk->group, /* only_dead */ false, arena, &view->jobs,
                       &view->job_count);
    size_t kept = 0;
    for (size_t i = 0; i < view->job_count; i++) {
        enum asg_job_state state = view->jobs[i].state;
        if (state == ASG_JOB_STATE_OPEN || state == ASG_JOB_STATE_DEAD) {
            view->jobs[kept++] = view->jobs[i];
        }
    }
    view->job_count = kept;
}

static void begin_at(void *context, const struct asg_core *core, uint64_t seq)
{
    struct at_walk *walk = context;
    walk->view->snapshot_seq = seq;
    walk->view->seq = seq;
    if (seq >= walk->to_seq) look(walk, core);
}

static bool visit_at(void *context, const struct asg_world_visit *visit)
{
    struct at_walk *walk = context;
    walk->view->seq = visit->record->seq;
    if (visit->record->seq < walk->to_seq) return true;
    look(walk, visit->core);
    return false;
}

static const char *name_of_group(const struct world_view *view, uint32_t no)
{
    for (size_t i = 0; i < view->group_count; i++) {
        if (view->groups[i].group_no == no) return view->groups[i].config->name;
    }
    return NULL;
}

static bool is_known(const struct world_view *view, const char *group,
                     enum asg_metric_name metric)
{
    for (size_t i = 0; i < view->window_count; i++) {
        if (view->windows[i].metric == metric &&
            strcmp(view->windows[i].group, group) == 0)
            return true;
    }
    return false;
}

static void add_windows(struct world_view *view, const struct asg_record *record,
                        struct asg_arena *scratch)
{
    struct asg_event event;
    asg_arena_reset(scratch);
    if (asg_wire_decode(&asg_event_schema, record->payload, record->payload_length,
                        scratch, &event) != ASG_OK ||
        event.metrics == NULL) {
        return;
    }
    for (size_t i = 0; i < event.metrics->group_count; i++) {
        const struct asg_group_metric *row = &event.metrics->groups[i];
        const char *group = name_of_group(view, row->group_no);
        if (group == NULL || is_known(view, group, row->metric) ||
            view->window_count == WINDOWS_MAX) {
            continue;
        }
        view->windows[view->window_count++] = (struct window_view){
            .group = group,
            .metric = row->metric,
            .time_ms = event.time_ms,
            .members = row->members,
            .count = row->count,
            .mean_milli = row->count > 0 ? row->sum_milli / row->count : 0,
            .min_milli = row->min_milli,
            .max_milli = row->max_milli,
        };
    }
}

static enum asg_status find_windows(struct asg_cli *cli, struct asg_log *log,
                                    struct world_view *view, struct asg_error *error)
{
    view->windows = asg_arena_take(&cli->arena, WINDOWS_MAX * sizeof *view->windows);
    const struct asg_log_filter filter = {.to_seq = view->seq,
                                          .kind = "metrics",
                                          .is_newest_first = true,
                                          .limit = METRICS_LOOKED};
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    ASG_CLEANUP(asg_arena_clear) struct asg_arena scratch = {0};
    enum asg_status status = asg_log_cursor_open(log, &filter, &cursor, error);
    struct asg_record record;
    while (status == ASG_OK) {
        status = asg_log_cursor_next(cursor, &record, error);
        if (status == ASG_OK && !record.is_pruned) add_windows(view, &record, &scratch);
    }
    return status == ASG_ERR_EMPTY ? ASG_OK : status;
}

static void show_part(struct asg_cli *cli, const char *title,
                      const struct asg_schema *schema, const void *items, size_t count,
                      const struct asg_render_column *columns, size_t column_count)
{
    if (count == 0) {
        asg_cli_print(cli->out, "\n%s: none\n", title);
        return;
    }
    asg_cli_print(cli->out, "\n%s\n", title);
    (void)asg_cli_show_list(cli, schema, items, count, columns, column_count);
}

static void show_tables(struct asg_cli *cli, const struct world_view *view)
{
    char when[ASG_MOMENT_TEXT_MAX];
    asg_moment_print_ms(view->time_ms, when);
    asg_cli_print(cli->out, "%s, after record %" PRIu64, when, view->seq);
    if (view->snapshot_seq > 0) {
        asg_cli_print(cli->out, " (from the snapshot after record %" PRIu64 ")",
                      view->snapshot_seq);
    }
    (void)fputc('\n', cli->out);
    show_part(cli, "groups", &asg_group_view_schema, view->groups, view->group_count,
              ASG_COLUMNS(group_columns));
    show_part(cli, "instances", &asg_instance_view_schema, view->instances,
              view->instance_count, ASG_COLUMNS(instance_columns));
    show_part(cli, "open jobs and dead letters", &asg_job_view_schema, view->jobs,
              view->job_count, ASG_COLUMNS(job_columns));
    show_part(cli, "last metrics", &window_schema, view->windows, view->window_count,
              ASG_COLUMNS(window_columns));
}

/* Beyond the log's end nothing is known: show its end, and say so. */
static enum asg_status stay_within(struct asg_cli *cli, struct asg_log *log,
                                   struct world_view *view, struct asg_error *error)
{
    if (view->seq < asg_log_head(log).seq) return ASG_OK;
    int64_t asked_ms = view->time_ms;
    int64_t end_ms = 0;
    enum asg_status status = asg_log_read_stamp(log, view->seq, &end_ms, NULL, error);
    if (status != ASG_OK || end_ms >= asked_ms) return status;
    char asked[ASG_MOMENT_TEXT_MAX];
    char end[ASG_MOMENT_TEXT_MAX];
    asg_moment_print_ms(asked_ms, asked);
    asg_moment_print_ms(end_ms, end);
    view->time_ms = end_ms;
    asg_cli_print(cli->err,
                  "openasg: the log ends at %s, before %s; this is the state at its "
                  "end\n",
                  end, asked);
    return ASG_OK;
}

int asg_show_world_at(struct asg_cli *cli, struct asg_log *log, int64_t at_ms,
                      const char *group)
{
    struct asg_error error = {0};
    struct world_view view = {.time_ms = at_ms};
    struct at_walk context = {.cli = cli, .group = group, .view = &view};
    enum asg_status status = asg_world_seq_at(log, at_ms, &context.to_seq, &error);
    if (status != ASG_OK) return asg_log_failed(cli, status, &error);
    if (context.to_seq == 0) {
        char when[ASG_MOMENT_TEXT_MAX];
        asg_moment_print_ms(asg_log_created_ms(log), when);
        return asg_cli_fail(cli, ASG_EXIT_FAILED,
                            "nothing had happened by then: the log begins at %s", when);
    }
    const struct asg_world_walk walk = {.start_seq = context.to_seq + 1,
                                        .to_seq = context.to_seq,
                                        .begin = begin_at,
                                        .visit = visit_at,
                                        .context = &context};
    status = asg_world_walk(log, &walk, &error);
    if (status == ASG_OK) status = find_windows(cli, log, &view, &error);
    if (status == ASG_OK && group != NULL && view.group_count == 0) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED, "there was no group %s then", group);
    }
    if (status == ASG_OK) status = stay_within(cli, log, &view, &error);
    if (status != ASG_OK) return asg_log_failed(cli, status, &error);
    if (cli->settings.output == ASG_OUTPUT_TABLE) {
        show_tables(cli, &view);
    } else {
        asg_cli_show_one(cli, &world_schema, &view, ASG_COLUMNS(group_columns));
    }
    return ASG_EXIT_OK;
}
