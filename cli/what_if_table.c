/* what_if_table - the sides beside each other, for people. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "cli/what_if.h"

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
    if (ms >= ASG_WHAT_IF_HOUR_MS) {
        return asg_arena_format(arena, "%" PRId64 "h %02" PRId64 "m",
                                ms / ASG_WHAT_IF_HOUR_MS, ms / 60000 % 60);
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

static void print_numbers(struct asg_cli *cli, const struct asg_what_if *view,
                          const char *title, size_t offset, bool is_u32,
                          print_cell *print)
{
    const char *cells[ASG_WHAT_IF_SIDES];
    int64_t values[ASG_WHAT_IF_SIDES];
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

#define I64_AT(field) offsetof(struct asg_what_if_side, field), false
#define U32_AT(field) offsetof(struct asg_what_if_side, field), true

static void print_sides(struct asg_cli *cli, const struct asg_what_if *view)
{
    static const char *const titles[] = {"RECORDED", "MODEL", "WHAT-IF"};
    const char *names[ASG_WHAT_IF_SIDES];
    const char *policies[ASG_WHAT_IF_SIDES];
    bool is_percent = asg_metric_ceiling(view->metric) == 100000;
    assert(view->side_count <= sizeof titles / sizeof titles[0]);
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

void asg_what_if_print(struct asg_cli *cli, const struct asg_what_if *view)
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
