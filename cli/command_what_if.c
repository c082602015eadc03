/* command_what_if - the recorded load before another policy, side by side. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/open_log.h"
#include "cli/plot_svg.h"
#include "cli/print_decision.h"
#include "cli/read_prices.h"
#include "cli/run_model.h"
#include "cli/zone_changes.h"
#include "text/quantity.h"

#define SIDES_MAX     3
#define HOUR_MS       INT64_C(3600000)
#define ERROR_IS_MUCH INT64_C(10000) /* thousandths of a percent: 10 % */

/* One column of the comparison. */
struct side_view {
    const char *name; /* recorded, model, what-if */
    const char *policies;
    int64_t instance_hours_milli;
    int64_t cost_micro; /* -1: no prices */
    int64_t above_level_ms;
    int64_t worst_load_milli; /* of one instance; over 100 % when more was asked for */
    int64_t worst_at_ms;
    uint32_t scale_outs;
    uint32_t scale_ins;
    uint32_t instances_least;
    uint32_t instances_most;
    enum asg_metric_name metric; /* as the whole view has them */
    int64_t level_milli;
    int64_t model_error_milli;
};

struct what_if_view {
    const char *log;
    const char *group;
    int64_t from_ms;
    int64_t to_ms;
    uint64_t periods;
    int64_t evaluation_ms;
    enum asg_metric_name metric;
    int64_t level_milli;
    int64_t model_error_milli; /* percent of instance-hours, thousandths */
    int64_t launch_ms;         /* medians of the log; -1: not seen */
    int64_t service_ms;
    int64_t terminate_ms;
    uint32_t launches_seen;
    uint32_t periods_saturated;
    uint32_t instance_commands;
    uint32_t replacements;
    struct side_view *sides;
    size_t side_count;
};

#define SIDE(kind, field)                                                                \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct side_view, field)                                      \
    }
static const struct asg_field side_fields[] = {
    SIDE(TEXT, name),
    SIDE(TEXT, policies),
    SIDE(I64, instance_hours_milli),
    SIDE(I64, cost_micro),
    SIDE(I64, above_level_ms),
    SIDE(I64, worst_load_milli),
    SIDE(I64, worst_at_ms),
    SIDE(U32, scale_outs),
    SIDE(U32, scale_ins),
    SIDE(U32, instances_least),
    SIDE(U32, instances_most),
    /* of all sides alike: last, so that only lists of sides alone have them */
    {.name = "metric",
     .type = ASG_FIELD_ENUM,
     .offset = offsetof(struct side_view, metric),
     .names = &asg_metric_name_words},
    SIDE(I64, level_milli),
    SIDE(I64, model_error_milli),
};
#define COMMON_FIELDS 3
#define SIDE_FIELDS   (sizeof side_fields / sizeof side_fields[0])
static const struct asg_schema side_schema = {
    .name = "side",
    .size = sizeof(struct side_view),
    .fields = side_fields,
    .field_count = SIDE_FIELDS - COMMON_FIELDS,
};
static const struct asg_schema row_schema = {
    .name = "side",
    .size = sizeof(struct side_view),
    .fields = side_fields,
    .field_count = SIDE_FIELDS,
};

#define FIELD(kind, field)                                                               \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind,                                        \
        .offset = offsetof(struct what_if_view, field)                                   \
    }
static const struct asg_field what_if_fields[] = {
    FIELD(TEXT, log),
    FIELD(TEXT, group),
    FIELD(I64, from_ms),
    FIELD(I64, to_ms),
    FIELD(U64, periods),
    FIELD(I64, evaluation_ms),
    {.name = "metric",
     .type = ASG_FIELD_ENUM,
     .offset = offsetof(struct what_if_view, metric),
     .names = &asg_metric_name_words},
    FIELD(I64, level_milli),
    FIELD(I64, model_error_milli),
    FIELD(I64, launch_ms),
    FIELD(I64, service_ms),
    FIELD(I64, terminate_ms),
    FIELD(U32, launches_seen),
    FIELD(U32, periods_saturated),
    FIELD(U32, instance_commands),
    FIELD(U32, replacements),
    {.name = "sides",
     .type = ASG_FIELD_LIST,
     .offset = offsetof(struct what_if_view, sides),
     .count_offset = offsetof(struct what_if_view, side_count),
     .sub = &side_schema},
};
static const struct asg_schema what_if_schema = {
    .name = "what-if",
    .size = sizeof(struct what_if_view),
    .fields = what_if_fields,
    .field_count = sizeof what_if_fields / sizeof what_if_fields[0],
};
static const struct asg_render_column unused_columns[] = {{"log", "log", NULL, false}};

/* ---- which group ---- */

/* The one group that decided anything in the log. */
static int find_only_group(struct asg_cli *cli, struct asg_log *log, const char **ret)
{
    struct asg_log_filter filter = {.kind = "decision"};
    ASG_CLEANUP(asg_log_cursor_close) struct asg_log_cursor *cursor = NULL;
    struct asg_error error = {0};
    enum asg_status status = asg_log_cursor_open(log, &filter, &cursor, &error);
    struct asg_record record;
    *ret = NULL;
    while (status == ASG_OK) {
        status = asg_log_cursor_next(cursor, &record, &error);
        if (status != ASG_OK || record.subject[0] == '\0') continue;
        if (*ret == NULL) {
            *ret = asg_arena_text(&cli->arena, record.subject);
        } else if (strcmp(*ret, record.subject) != 0) {
            return asg_cli_fail(cli, ASG_EXIT_USAGE,
                                "the log has several groups (%s, %s, ..): say --group",
                                *ret, record.subject);
        }
    }
    if (status != ASG_ERR_EMPTY) return asg_log_failed(cli, status, &error);
    if (*ret != NULL) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_FAILED, "the log has no group yet");
}

/* Of two with one name core would keep the second. */
static int refuse_doubles(struct asg_cli *cli, const char *path,
                          const struct asg_rules *rules)
{
    const char *what = NULL;
    const char *name = NULL;
    for (size_t i = 0; i < rules->policy_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(rules->policies[i].name, rules->policies[k].name) != 0) continue;
            what = "policies";
            name = rules->policies[i].name;
        }
    }
    for (size_t i = 0; i < rules->schedule_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(rules->schedules[i].name, rules->schedules[k].name) != 0) continue;
            what = "schedules";
            name = rules->schedules[i].name;
        }
    }
    if (what == NULL) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "%s has two %s named %s: leave one, or give them other names",
                        path, what, name);
}

/* Only the policies and schedules of our group count. */
static int keep_ours(struct asg_cli *cli, const char *path, const char *group,
                     struct asg_rules *rules)
{
    size_t kept = 0;
    for (size_t i = 0; i < rules->policy_count; i++) {
        const char *of = rules->policies[i].group;
        if (of[0] == '\0' || strcmp(of, group) == 0) {
            rules->policies[kept++] = rules->policies[i];
        }
    }
    if (kept == 0 && rules->policy_count > 0) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "%s has policies of group %s, none of group %s", path,
                            rules->policies[0].group, group);
    }
    rules->policy_count = kept;
    kept = 0;
    for (size_t i = 0; i < rules->schedule_count; i++) {
        const char *of = rules->schedules[i].group;
        if (of[0] == '\0' || strcmp(of, group) == 0) {
            rules->schedules[kept++] = rules->schedules[i];
        }
    }
    rules->schedule_count = kept;
    bool is_of_other = rules->has_group && rules->group.name[0] != '\0' &&
                       strcmp(rules->group.name, group) != 0;
    if (is_of_other) rules->has_group = false;
    if (kept > 0 || rules->policy_count > 0 || rules->has_group) {
        return refuse_doubles(cli, path, rules);
    }
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "%s says nothing of group %s: write policies: (as for `openasg "
                        "apply`)",
                        path, group);
}

static const char *name_group(const struct asg_arguments *arguments,
                              const struct asg_rules *rules)
{
    const char *given = asg_option_text(arguments, "group");
    if (given != NULL) return given;
    if (rules->has_group && rules->group.name[0] != '\0') return rules->group.name;
    for (size_t i = 0; i < rules->policy_count; i++) {
        if (rules->policies[i].group[0] != '\0') return rules->policies[i].group;
    }
    return NULL;
}

/* ---- the level ---- */

static bool level_of(const struct asg_policy_config *policies, size_t count,
                     enum asg_metric_name *ret_metric, int64_t *ret_milli)
{
    for (size_t i = 0; i < count; i++) {
        const struct asg_policy_config *policy = &policies[i];
        bool is_target = policy->kind == ASG_POLICY_TARGET_TRACKING;
        bool is_high = policy->comparison == ASG_COMPARISON_GREATER ||
                       policy->comparison == ASG_COMPARISON_GREATER_OR_EQUAL;
        if (policy->is_disabled || !(is_target || is_high)) continue;
        *ret_metric = policy->metric;
        *ret_milli = is_target ? policy->target_milli : policy->threshold_milli;
        return true;
    }
    return false;
}

/* What both are measured against: the target of the recorded policy, else of the other
 * one, else 80 %. */
static void choose_level(const struct asg_arguments *arguments,
                         const struct asg_trace *trace, const struct asg_rules *rules,
                         struct asg_model_run *ret)
{
    ret->metric = ASG_METRIC_NAME_CPU;
    ret->level_milli = 80000;
    if (!level_of(trace->policies, trace->policy_count, &ret->metric,
                  &ret->level_milli)) {
        (void)level_of(rules->policies, rules->policy_count, &ret->metric,
                       &ret->level_milli);
    }
    ret->level_milli = asg_option_number(arguments, "level", ret->level_milli);
}

/* ---- sides ---- */

static const char *list_policies(struct asg_cli *cli,
                                 const struct asg_policy_config *policies, size_t count)
{
    const char *list = "none";
    for (size_t i = 0; i < count; i++) {
        list = i == 0 ? policies[i].name
                      : asg_arena_format(&cli->arena, "%s, %s", list, policies[i].name);
    }
    return list;
}

static struct side_view make_side(const char *name, const char *policies,
                                  const struct asg_figures *figures)
{
    return (struct side_view){
        .name = name,
        .policies = policies,
        .instance_hours_milli = figures->instance_ms / (HOUR_MS / 1000),
        .cost_micro = -1,
        .above_level_ms = figures->above_ms,
        .worst_load_milli = figures->worst_milli,
        .worst_at_ms = figures->worst_at_ms,
        .scale_outs = figures->scale_outs,
        .scale_ins = figures->scale_ins,
        .instances_least = figures->least,
        .instances_most = figures->most,
    };
}

/* Millionths; the product is too wide for 64 bits. */
static int64_t cost_of(int64_t instance_ms, int64_t micro)
{
    return (int64_t)((double)instance_ms / (double)HOUR_MS * (double)micro + 0.5);
}

/* The type that the group would launch now, for what never was launched. */
static const char *model_type(const struct asg_trace *trace,
                              const struct asg_rules *rules)
{
    if (rules->has_group && rules->group.instance_types.count > 0) {
        return rules->group.instance_types.items[0];
    }
    const struct asg_type_hours *most = NULL;
    for (size_t i = 0; i < trace->type_count; i++) {
        if (most == NULL || trace->types[i].instance_ms > most->instance_ms) {
            most = &trace->types[i];
        }
    }
    return most != NULL ? most->type : "";
}

static int add_costs(struct asg_cli *cli, const char *path, const struct asg_trace *trace,
                     const struct asg_rules *rules, const struct asg_figures *figures,
                     struct what_if_view *view)
{
    struct asg_prices prices;
    struct asg_error error = {0};
    enum asg_status status = asg_prices_read(path, &cli->arena, &prices, &error);
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s", error.text);
    const char *missing = NULL;
    view->sides[0].cost_micro = 0;
    for (size_t i = 0; i < trace->type_count; i++) {
        int64_t micro = asg_prices_find(&prices, trace->types[i].type);
        if (micro < 0) missing = trace->types[i].type;
        view->sides[0].cost_micro += cost_of(trace->types[i].instance_ms, micro);
    }
    static const struct asg_rules no_rules;
    for (size_t i = 1; i < view->side_count; i++) {
        const char *type = model_type(trace, i == 1 ? &no_rules : rules);
        int64_t micro = asg_prices_find(&prices, type);
        if (micro < 0) missing = type;
        view->sides[i].cost_micro = cost_of(figures[i].instance_ms, micro);
    }
    if (missing == NULL) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "%s has no price for \"%s\": add a line for it, or one for "
                        "\"default\"",
                        path, missing);
}

static int64_t error_of(int64_t recorded_ms, int64_t model_ms)
{
    if (recorded_ms <= 0) return 0;
    double apart = (double)(model_ms - recorded_ms) / (double)recorded_ms;
    return (int64_t)((apart < 0 ? -apart : apart) * 100000 + 0.5);
}

/* ---- the table ---- */

static const char *milli_text(int64_t milli, struct asg_arena *arena)
{
    return asg_arena_format(arena, milli < 10000 ? "%.2f" : "%.1f", (double)milli / 1000);
}

/* Small sums with more places, so that a change can be seen in them. */
static const char *money_text(int64_t micro, struct asg_arena *arena)
{
    if (micro < 0) return "-";
    const char *format = micro >= 1000000 ? "%.2f" : micro >= 10000 ? "%.4f" : "%.6f";
    return asg_arena_format(arena, format, (double)micro / 1000000);
}

static const char *duration_text(int64_t ms, struct asg_arena *arena)
{
    if (ms >= HOUR_MS) {
        return asg_arena_format(arena, "%" PRId64 "h %02" PRId64 "m", ms / HOUR_MS,
                                ms / 60000 % 60);
    }
    if (ms >= 60000) {
        return asg_arena_format(arena, "%" PRId64 "m %02" PRId64 "s", ms / 60000,
                                ms / 1000 % 60);
    }
    if (ms < 1000) return asg_arena_format(arena, "%" PRId64 "ms", ms);
    return asg_arena_format(arena, ms % 1000 == 0 ? "%.0fs" : "%.1fs", (double)ms / 1000);
}

/* What-if against the model, like with like: both leave the same out. */
static const char *change_text(int64_t model, int64_t other, struct asg_arena *arena)
{
    if (model == other) return "same";
    if (model == 0) return "";
    return asg_arena_format(arena, "%+.1f %%",
                            100 * ((double)other - (double)model) / (double)model);
}

static void print_row(struct asg_cli *cli, const char *title, const char **cells,
                      size_t count, const char *change)
{
    (void)fprintf(cli->out, "%-22s", title);
    for (size_t i = 0; i < count; i++)
        (void)fprintf(cli->out, " %14s", cells[i]);
    if (change[0] != '\0') (void)fprintf(cli->out, " %12s", change);
    (void)fputc('\n', cli->out);
}

typedef const char *print_cell(int64_t value, struct asg_arena *arena);

static const char *count_text(int64_t value, struct asg_arena *arena)
{
    return asg_arena_format(arena, "%" PRId64, value);
}

static const char *percent_text(int64_t milli, struct asg_arena *arena)
{
    return asg_arena_format(arena, "%.1f %%", (double)milli / 1000);
}

static void print_numbers(struct asg_cli *cli, const struct what_if_view *view,
                          const char *title, size_t offset, bool is_u32,
                          print_cell *print)
{
    const char *cells[SIDES_MAX];
    int64_t values[SIDES_MAX];
    for (size_t i = 0; i < view->side_count; i++) {
        const char *at = (const char *)&view->sides[i] + offset;
        values[i] = is_u32 ? (int64_t) * (const uint32_t *)(const void *)at
                           : *(const int64_t *)(const void *)at;
        cells[i] = print(values[i], &cli->arena);
    }
    const char *change =
        view->side_count == 3 ? change_text(values[1], values[2], &cli->arena) : "";
    print_row(cli, title, cells, view->side_count, change);
}

#define I64_AT(field) offsetof(struct side_view, field), false
#define U32_AT(field) offsetof(struct side_view, field), true

static void print_sides(struct asg_cli *cli, const struct what_if_view *view)
{
    static const char *const titles[] = {"RECORDED", "MODEL", "WHAT-IF"};
    const char *names[SIDES_MAX];
    const char *policies[SIDES_MAX];
    bool is_percent = asg_metric_ceiling(view->metric) == 100000;
    for (size_t i = 0; i < view->side_count; i++) {
        names[i] = titles[i];
        policies[i] = view->sides[i].policies;
        if (strlen(policies[i]) > 14) {
            policies[i] = asg_arena_format(&cli->arena, "%.11s...", policies[i]);
        }
    }
    print_row(cli, "", names, view->side_count, view->side_count == 3 ? "CHANGE" : "");
    print_row(cli, "policies", policies, view->side_count, "");
    print_numbers(cli, view, "instance-hours", I64_AT(instance_hours_milli), milli_text);
    if (view->sides[0].cost_micro >= 0) {
        print_numbers(cli, view, "cost", I64_AT(cost_micro), money_text);
    }
    print_numbers(cli, view, "time above the level", I64_AT(above_level_ms),
                  duration_text);
    print_numbers(cli, view, "worst load of one", I64_AT(worst_load_milli),
                  is_percent ? percent_text : milli_text);
    print_numbers(cli, view, "scale-outs", U32_AT(scale_outs), count_text);
    print_numbers(cli, view, "scale-ins", U32_AT(scale_ins), count_text);
    print_numbers(cli, view, "instances, least", U32_AT(instances_least), count_text);
    print_numbers(cli, view, "instances, most", U32_AT(instances_most), count_text);
}

static const char *delay_text(int64_t ms, struct asg_arena *arena)
{
    return ms < 0 ? "(none seen)" : duration_text(ms, arena);
}

static void print_table(struct asg_cli *cli, const struct what_if_view *view)
{
    struct asg_arena *arena = &cli->arena;
    char from[ASG_TIME_TEXT_MAX];
    char to[ASG_TIME_TEXT_MAX];
    asg_time_format(view->from_ms, from);
    asg_time_format(view->to_ms, to);
    bool is_percent = asg_metric_ceiling(view->metric) == 100000;
    (void)fprintf(cli->out,
                  "group %s, %.19sZ to %.19sZ: %" PRIu64 " periods of %s\n"
                  "level: %s %s\n\n",
                  view->group, from, to, view->periods,
                  duration_text(view->evaluation_ms, arena),
                  asg_enum_word(&asg_metric_name_words, (int)view->metric),
                  (is_percent ? percent_text : milli_text)(view->level_milli, arena));
    print_sides(cli, view);
    (void)fprintf(
        cli->out,
        "\nThe model is %.2f %% off the recorded instance-hours. In it a launch "
        "is answered after %s,\nthe instance is in service %s later, a "
        "termination is answered after %s: medians of the\n%" PRIu32
        " launches in this log.\n",
        (double)view->model_error_milli / 1000, delay_text(view->launch_ms, arena),
        delay_text(view->service_ms, arena), delay_text(view->terminate_ms, arena),
        view->launches_seen);
    if (view->periods_saturated > 0) {
        (void)fprintf(cli->out,
                      "In %" PRIu32 " periods the CPU was at 100 %%: what was asked for "
                      "beyond that is guessed from the first\nperiod after, where "
                      "that shows more.\n",
                      view->periods_saturated);
    }
    if (view->instance_commands + view->replacements > 0) {
        (void)fprintf(cli->out,
                      "Not modelled: %" PRIu32 " orders about single instances, %" PRIu32
                      " replacements of unhealthy ones.\n",
                      view->instance_commands, view->replacements);
    }
}

/* ---- the plot ---- */

static int write_file(struct asg_cli *cli, const char *path, const struct asg_bytes *text)
{
    FILE *file = fopen(path, "we");
    bool is_written =
        file != NULL && fwrite(text->data, 1, text->length, file) == text->length;
    if (file != NULL && fclose(file) != 0) is_written = false;
    if (is_written) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_FAILED, "%s: %s", path, strerror(errno));
}

static double *fill_capacity(struct asg_cli *cli, const struct asg_figures *figures)
{
    double *values = asg_arena_take(&cli->arena, ASG_BUCKETS_MAX * sizeof *values);
    double last = -1;
    for (size_t i = 0; i < ASG_BUCKETS_MAX; i++) {
        uint32_t count = figures->serving_count[i];
        if (count > 0) last = (double)figures->serving_sum[i] / count;
        values[i] = last;
    }
    return values;
}

/* The load as the number of instances that would stand exactly at the level. */
static double *fill_load(struct asg_cli *cli, const struct asg_trace *trace,
                         const struct asg_model_run *run)
{
    double *values = asg_arena_take(&cli->arena, ASG_BUCKETS_MAX * sizeof *values);
    uint32_t counts[ASG_BUCKETS_MAX] = {0};
    for (size_t i = 0; i < trace->sample_count; i++) {
        const struct asg_sample *sample = &trace->samples[i];
        if (sample->metric != (uint8_t)run->metric) continue;
        size_t bucket = asg_trace_bucket(trace, sample->time_ms);
        values[bucket] += (double)sample->demand_milli / (double)run->level_milli;
        counts[bucket]++;
    }
    double last = -1;
    for (size_t i = 0; i < ASG_BUCKETS_MAX; i++) {
        if (counts[i] > 0) last = values[i] / counts[i];
        values[i] = last;
    }
    return values;
}

static int draw_plot(struct asg_cli *cli, const char *path, const struct asg_trace *trace,
                     const struct asg_model_run *run, const struct asg_figures *figures,
                     const struct what_if_view *view)
{
    char level[ASG_QUANTITY_TEXT_MAX];
    asg_quantity_print_milli(run->level_milli, level);
    const struct side_view *last = &view->sides[view->side_count - 1];
    const struct asg_plot_line lines[] = {
        {asg_arena_format(&cli->arena, "load, in instances at %s %s", level,
                          asg_metric_ceiling(run->metric) == 100000 ? "%" : ""),
         "#dbe4ee", true, fill_load(cli, trace, run)},
        {asg_arena_format(&cli->arena, "recorded: %.30s", view->sides[0].policies),
         "#444444", false, fill_capacity(cli, &figures[0])},
        {asg_arena_format(&cli->arena, "%s: %.30s", last->name, last->policies),
         "#d9480f", false, fill_capacity(cli, &figures[view->side_count - 1])},
    };
    const struct asg_plot plot = {
        .title = asg_arena_format(&cli->arena, "Group %s: instances in service and load",
                                  view->group),
        .unit = "instances",
        .start_ms = trace->start_ms,
        .end_ms = trace->end_ms,
        .buckets = ASG_BUCKETS_MAX,
        .lines = lines,
        .line_count = sizeof lines / sizeof lines[0],
    };
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    asg_plot_svg(&plot, &text);
    return write_file(cli, path, &text);
}

/* ---- all of it ---- */

/* Those of FILE, with their time zones; those that are over are named. */
static int prepare_schedules(struct asg_cli *cli, const char *path,
                             const struct asg_trace *trace, const struct asg_rules *rules)
{
    for (size_t i = 0; i < rules->schedule_count; i++) {
        struct asg_schedule_config *schedule = &rules->schedules[i];
        struct asg_error error = {0};
        enum asg_status status =
            asg_zone_changes(schedule, trace->start_ms, &cli->arena, &error);
        if (status != ASG_OK) {
            return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s: %s", path, error.text);
        }
        if (asg_model_schedule_is_over(schedule, trace->start_ms)) {
            (void)fprintf(cli->err,
                          "openasg: %s: scheduled action %s was over when this load "
                          "began, and is left out\n",
                          path, schedule->name);
        }
    }
    return ASG_EXIT_OK;
}

static int run_sides(struct asg_cli *cli, const struct asg_trace *trace,
                     struct asg_model_run *run, const struct asg_rules *rules,
                     const char *path, struct asg_figures *figures,
                     struct what_if_view *view)
{
    struct asg_error error = {0};
    const char *theirs = list_policies(cli, trace->policies, trace->policy_count);
    figures[0] = trace->recorded;
    view->sides[0] = make_side("recorded", theirs, &figures[0]);
    enum asg_status status = asg_model_run(trace, run, &figures[1], &error);
    if (status != ASG_OK) return asg_cli_fail_status(cli, status, &error);
    view->sides[1] = make_side("model", theirs, &figures[1]);
    view->side_count = 2;
    if (path == NULL) return ASG_EXIT_OK;
    int code = prepare_schedules(cli, path, trace, rules);
    if (code != ASG_EXIT_OK) return code;
    run->rules = rules;
    status = asg_model_run(trace, run, &figures[2], &error);
    if (status != ASG_OK) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s: %s", path, error.text);
    }
    view->sides[2] = make_side(
        "what-if",
        rules->policy_count > 0 ? list_policies(cli, rules->policies, rules->policy_count)
                                : theirs,
        &figures[2]);
    view->side_count = 3;
    return ASG_EXIT_OK;
}

static struct what_if_view make_view(const struct asg_trace *trace, const char *log,
                                     const struct asg_model_run *run,
                                     struct side_view *sides)
{
    uint64_t periods = 0;
    for (size_t i = 0; i < trace->sample_count; i++)
        periods += trace->samples[i].metric == (uint8_t)run->metric;
    return (struct what_if_view){
        .log = log,
        .group = trace->group,
        .from_ms = trace->start_ms,
        .to_ms = trace->end_ms,
        .periods = periods,
        .evaluation_ms = trace->config.evaluation_ms,
        .metric = run->metric,
        .level_milli = run->level_milli,
        .launch_ms = trace->launch_ms,
        .service_ms = trace->service_ms,
        .terminate_ms = trace->terminate_ms,
        .launches_seen = trace->launches_seen,
        .periods_saturated = trace->saturated,
        .instance_commands = trace->instance_commands,
        .replacements = trace->replacements,
        .sides = sides,
    };
}

/* A row a side, each with what they were measured by. */
static void print_csv(struct asg_cli *cli, struct what_if_view *view)
{
    for (size_t i = 0; i < view->side_count; i++) {
        view->sides[i].metric = view->metric;
        view->sides[i].level_milli = view->level_milli;
        view->sides[i].model_error_milli = view->model_error_milli;
    }
    asg_cli_show_list(cli, &row_schema, view->sides, view->side_count,
                      ASG_COLUMNS(unused_columns));
}

static int compare(struct asg_cli *cli, const struct asg_arguments *arguments,
                   struct asg_trace *trace, const struct asg_rules *rules)
{
    struct asg_model_run run = {0};
    choose_level(arguments, trace, rules, &run);
    asg_trace_judge(trace, run.metric, run.level_milli);
    struct asg_figures *figures =
        asg_arena_take(&cli->arena, SIDES_MAX * sizeof *figures);
    struct side_view sides[SIDES_MAX];
    struct what_if_view view =
        make_view(trace, asg_log_path(cli, arguments, 0), &run, sides);
    int code = run_sides(cli, trace, &run, rules, asg_option_text(arguments, "policy"),
                         figures, &view);
    if (code != ASG_EXIT_OK) return code;
    view.model_error_milli = error_of(figures[0].instance_ms, figures[1].instance_ms);
    const char *prices = asg_option_text(arguments, "prices");
    if (prices != NULL) {
        code = add_costs(cli, prices, trace, rules, figures, &view);
        if (code != ASG_EXIT_OK) return code;
    }
    if (cli->settings.output == ASG_OUTPUT_TABLE) {
        print_table(cli, &view);
    } else if (cli->settings.output == ASG_OUTPUT_CSV) {
        print_csv(cli, &view);
    } else {
        asg_cli_show_one(cli, &what_if_schema, &view, ASG_COLUMNS(unused_columns));
    }
    if (view.model_error_milli > ERROR_IS_MUCH) {
        (void)fprintf(cli->err, "openasg: the model does not fit this log well: read its "
                                "figures with care\n");
    }
    const char *plot = asg_option_text(arguments, "plot");
    return plot != NULL ? draw_plot(cli, plot, trace, &run, figures, &view) : ASG_EXIT_OK;
}

static int read_rules(struct asg_cli *cli, const struct asg_arguments *arguments,
                      struct asg_rules *ret)
{
    const char *path = asg_option_text(arguments, "policy");
    *ret = (struct asg_rules){0};
    if (path == NULL) return ASG_EXIT_OK;
    struct asg_error error = {0};
    enum asg_status status =
        asg_rules_read(path, ASG_RULES_POLICY, &cli->arena, ret, &error);
    if (status == ASG_OK) return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s", error.text);
}

static int run_what_if(void *context, const struct asg_arguments *arguments)
{
    struct asg_cli *cli = context;
    struct asg_rules rules;
    int code = read_rules(cli, arguments, &rules);
    if (code != ASG_EXIT_OK) return code;
    struct asg_trace_range range = {.group = name_group(arguments, &rules)};
    if (!asg_read_since(cli, asg_option_text(arguments, "from"), &range.from_ms) ||
        !asg_read_since(cli, asg_option_text(arguments, "to"), &range.to_ms)) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE,
                            "--from and --to must be times (2026-11-23T14:36:49Z) or "
                            "lengths (10m: so long ago)");
    }
    ASG_CLEANUP(asg_log_close) struct asg_log *log = NULL;
    code = asg_open_log(cli, arguments, 0, &log);
    if (code == ASG_EXIT_OK && range.group == NULL) {
        code = find_only_group(cli, log, &range.group);
    }
    if (code != ASG_EXIT_OK || range.group == NULL) return code;
    bool has_rules = asg_option_is_set(arguments, "policy");
    if (has_rules) {
        code = keep_ours(cli, asg_option_text(arguments, "policy"), range.group, &rules);
    }
    if (code != ASG_EXIT_OK) return code;
    ASG_CLEANUP(asg_trace_clear) struct asg_trace trace = {0};
    struct asg_error error = {0};
    enum asg_status status = asg_trace_load(log, &range, &trace, &error);
    if (status != ASG_OK) return asg_log_failed(cli, status, &error);
    return compare(cli, arguments, &trace, &rules);
}

static const struct asg_argument log_argument[] = {ASG_LOG_ARGUMENT};
static const struct asg_option what_if_options[] = {
    {.name = "policy",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help =
         "Policies in YAML as for apply (also schedules, and limits of the group), or "
         "one policy; without it only the model is tried."},
    {.name = "group",
     .type = ASG_OPTION_TEXT,
     .value = "GROUP",
     .help = "Whose load.",
     .default_text = "the one in FILE, or the only one in the log"},
    {.name = "from",
     .type = ASG_OPTION_TEXT,
     .value = "TIME",
     .help = "Begin here (2026-11-23T14:36:49Z, or so long ago: 7d).",
     .default_text = "the first period"},
    {.name = "to",
     .type = ASG_OPTION_TEXT,
     .value = "TIME",
     .help = "End before this.",
     .default_text = "the last period"},
    {.name = "prices",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "YAML of instance type and price an hour, for the cost."},
    {.name = "level",
     .type = ASG_OPTION_MILLI,
     .value = "VALUE",
     .min = 1,
     .max = INT64_MAX,
     .help = "Load of one instance above which time counts as a breach.",
     .default_text = "the recorded policy's target"},
    {.name = "plot",
     .type = ASG_OPTION_FILE,
     .value = "FILE",
     .help = "Also draw instances and load over time, as SVG."},
    ASG_LOG_IMMUTABLE,
};

static const struct asg_command_entry commands[] = {
    {.name = "what-if",
     .summary = "Run the recorded load through another policy, side by side",
     .details =
         "Takes the group's load, period by period, from the log and lets core decide on "
         "it again under the policies in FILE. RECORDED is what happened, MODEL the "
         "recorded policies before the model of EC2 that this command uses, WHAT-IF "
         "those "
         "of FILE before the same model: compare WHAT-IF with MODEL, and see from MODEL "
         "and RECORDED how far the model can be trusted. docs/audit.md tells what the "
         "model leaves out.",
     .examples = "openasg what-if --policy cheaper.yaml\n"
                 "openasg what-if --policy cheaper.yaml --from 7d --prices prices.yaml "
                 "--plot week.svg\n"
                 "openasg what-if backup.log --immutable --group web -o json",
     ASG_ARGUMENTS(log_argument),
     ASG_OPTIONS(what_if_options),
     .run = run_what_if},
};

const struct asg_family asg_what_if_family = ASG_FAMILY(commands);
