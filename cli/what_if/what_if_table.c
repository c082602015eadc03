/* what_if_table - the sides beside each other, for people. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "cli/what_if/what_if.h"
#include "model/metric_ceiling.h"
#include "text/moment.h"
#include "text/quantity.h"

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

struct table {
    struct asg_cli *cli;
    const struct asg_what_if *view;
    int width; /* of a column */
};

static void print_row(const struct table *table, const char *title, const char **cells,
                      const char *change)
{
    FILE *out = table->cli->out;
    (void)fprintf(out, "%-22s", title);
    for (size_t i = 0; i < table->view->side_count; i++)
        (void)fprintf(out, " %*s", table->width, cells[i]);
    if (change[0] != '\0') (void)fprintf(out, " %12s", change);
    (void)fputc('\n', out);
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

static const char *seconds_text(int64_t ms, struct asg_arena *arena)
{
    return asg_arena_format(arena, "%.1f", (double)ms / 1000);
}

static const char *share_text(int64_t ppm, struct asg_arena *arena)
{
    if (ppm < 0) return "-";
    return asg_arena_format(arena, "%.2f %%", (double)ppm / 10000);
}

static const char *ratio_text(int64_t milli, struct asg_arena *arena)
{
    return asg_arena_format(arena, "%.3f", (double)milli / 1000);
}

static const char *permille_text(int64_t permille, struct asg_arena *arena)
{
    if (permille < 0) return "-";
    return asg_arena_format(arena, "%.0f %%", (double)permille / 10);
}

static void print_numbers(const struct table *table, const char *title, size_t offset,
                          bool is_u32, print_cell *print)
{
    const struct asg_what_if *view = table->view;
    const char *cells[ASG_WHAT_IF_SIDES];
    int64_t values[ASG_WHAT_IF_SIDES];
    for (size_t i = 0; i < view->side_count; i++) {
        const char *at = (const char *)&view->sides[i] + offset;
        values[i] = is_u32 ? (int64_t) * (const uint32_t *)(const void *)at
                           : *(const int64_t *)(const void *)at;
        cells[i] = print(values[i], &table->cli->arena);
    }
    bool is_of_load = offset != offsetof(struct asg_what_if_side, evaluation_ms) &&
                      offset != offsetof(struct asg_what_if_side, best_permille);
    bool is_compared = view->side_count == 3 && is_of_load;
    const char *change =
        is_compared ? change_text(values[1], values[2], &table->cli->arena) : "";
    print_row(table, title, cells, change);
}

#define I64_AT(field) offsetof(struct asg_what_if_side, field), false
#define U32_AT(field) offsetof(struct asg_what_if_side, field), true

static const char *upper_text(const char *text, struct asg_arena *arena)
{
    char *upper = asg_arena_take(arena, strlen(text) + 1);
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool is_lower = text[i] >= 'a' && text[i] <= 'z';
        upper[i] = (char)(is_lower ? text[i] - 'a' + 'A' : text[i]);
    }
    return upper;
}

static void print_heads(const struct table *table)
{
    const struct asg_what_if *view = table->view;
    struct asg_arena *arena = &table->cli->arena;
    const char *names[ASG_WHAT_IF_SIDES];
    const char *policies[ASG_WHAT_IF_SIDES];
    for (size_t i = 0; i < view->side_count; i++) {
        names[i] = upper_text(view->sides[i].name, arena);
        policies[i] = view->sides[i].policies;
        if (strlen(policies[i]) > (size_t)table->width) {
            policies[i] =
                asg_arena_format(arena, "%.*s...", table->width - 3, policies[i]);
        }
    }
    print_row(table, "", names, view->side_count == 3 ? "CHANGE" : "");
    print_row(table, "policies", policies, "");
}

static const char *over_title(const struct asg_what_if *view, struct asg_arena *arena)
{
    char over[ASG_QUANTITY_TEXT_MAX];
    bool is_percent = asg_metric_ceiling(view->metric) == 100000;
    asg_quantity_print_milli(
        is_percent ? view->level_milli + 10000 : view->level_milli * 6 / 5, over);
    return asg_arena_format(arena, "over %s%s, s an hour", over, is_percent ? " %" : "");
}

static bool has_other_periods(const struct asg_what_if *view)
{
    for (size_t i = 1; i < view->side_count; i++) {
        if (view->sides[i].evaluation_ms != view->sides[0].evaluation_ms) return true;
    }
    return false;
}

static void print_sides(struct asg_cli *cli, const struct asg_what_if *view)
{
    const struct table rows = {cli, view, view->side_count > 4 ? 11 : 14};
    const struct table *table = &rows;
    bool is_percent = asg_metric_ceiling(view->metric) == 100000;
    print_heads(table);
    if (has_other_periods(view)) {
        print_numbers(table, "evaluated every", I64_AT(evaluation_ms), duration_text);
    }
    print_numbers(table, "instance-hours", I64_AT(instance_hours_milli), milli_text);
    if (view->sides[0].cost_micro >= 0) {
        print_numbers(table, "cost", I64_AT(cost_micro), money_text);
    }
    print_numbers(table, over_title(view, &cli->arena), I64_AT(over_an_hour_ms),
                  seconds_text);
    print_numbers(table, "load lost", I64_AT(lost_ppm), share_text);
    print_numbers(table, "hours over an oracle's", I64_AT(oracle_cost_milli), ratio_text);
    print_numbers(table, "turns an hour", I64_AT(turns_an_hour_milli), milli_text);
    print_numbers(table, "time above the level", I64_AT(above_level_ms), duration_text);
    print_numbers(table, "worst load of one", I64_AT(worst_load_milli),
                  is_percent ? percent_text : milli_text);
    print_numbers(table, "scale-outs", U32_AT(scale_outs), count_text);
    print_numbers(table, "scale-ins", U32_AT(scale_ins), count_text);
    print_numbers(table, "instances, least", U32_AT(instances_least), count_text);
    print_numbers(table, "instances, most", U32_AT(instances_most), count_text);
    if (view->resamples > 0) {
        print_numbers(table, "best in resamples", I64_AT(best_permille), permille_text);
    }
}

/* ---- what to make of it ---- */

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static const char *called(const char *name)
{
    return strcmp(name, "model") == 0 ? "the recorded policies" : name;
}

static const char *as_good_text(const struct asg_what_if *view, struct asg_arena *arena)
{
    const char *list = "";
    for (size_t i = 0; i < view->as_good.count; i++) {
        list = asg_arena_format(arena, "%s%s%s", list, i == 0 ? "" : ", ",
                                called(view->as_good.items[i]));
    }
    return list;
}

static void print_best(struct asg_cli *cli, const struct asg_what_if *view)
{
    struct asg_arena *arena = &cli->arena;
    if (view->best[0] == '\0') return;
    const char *block = view->block_ms > ASG_WHAT_IF_HOUR_MS ? "day" : "hour";
    asg_cli_print(cli->out, "\nBest for this group: %s", called(view->best));
    if (view->as_good.count > 0) {
        asg_cli_print(cli->out, "; as good: %s", as_good_text(view, arena));
    }
    (void)fputs(".\n", cli->out);
    if (view->resamples == 0) {
        (void)fprintf(
            cli->out,
            "The record of %s is too short to say how certain that is: at least "
            "%d hours of load are needed.\n",
            duration_text(view->to_ms - view->from_ms, arena), ASG_BEST_BLOCKS_MIN);
        return;
    }
    asg_cli_print(cli->out,
                  "Confidence %s: the share of %" PRIu64 " resamples of the record's "
                  "%" PRIu64 " %ss in which nothing was\nbetter, by time over, then load "
                  "lost, cost and turns (docs/audit.md, \"Which is best\").\n",
                  permille_text(view->confidence_permille, arena), view->resamples,
                  view->blocks, block);
}

static const char *delay_text(int64_t ms, struct asg_arena *arena)
{
    return ms < 0 ? "(none seen)" : duration_text(ms, arena);
}

static void print_lost(struct asg_cli *cli, const struct asg_what_if *view)
{
    if (view->sides[0].lost_ppm < 0) {
        asg_cli_print(cli->out, "Load lost can be computed for CPU only.\n");
        return;
    }
    if (view->periods_saturated == 0) return;
    asg_cli_print(cli->out,
                  "CPU was at 100 %% in %" PRIu32 " period%s (%.2f %% of the time): what "
                  "was asked for beyond that\nis guessed from the first period after, "
                  "where that shows more. Load lost is at least what is shown.\n",
                  view->periods_saturated, plural(view->periods_saturated),
                  (double)view->saturated_ppm / 10000);
}

void asg_what_if_print(struct asg_cli *cli, const struct asg_what_if *view)
{
    struct asg_arena *arena = &cli->arena;
    char from[ASG_MOMENT_TEXT_MAX];
    char to[ASG_MOMENT_TEXT_MAX];
    asg_moment_print_ms(view->from_ms, from);
    asg_moment_print_ms(view->to_ms, to);
    bool is_percent = asg_metric_ceiling(view->metric) == 100000;
    asg_cli_print(cli->out,
                  "group %s, %.19sZ to %.19sZ: %" PRIu64 " periods of %s\n"
                  "level: %s %s\n\n",
                  view->group, from, to, view->periods,
                  duration_text(view->evaluation_ms, arena),
                  asg_enum_word(&asg_metric_name_words, (int)view->metric),
                  (is_percent ? percent_text : milli_text)(view->level_milli, arena));
    print_sides(cli, view);
    print_best(cli, view);
    (void)fprintf(
        cli->out,
        "\nThe model is %.2f %% off the recorded instance-hours. In it a launch is "
        "answered after %s,\nthe instance is in service %s later, and a termination is "
        "answered after %s: medians of\nthe %" PRIu32 " launch%s in this log.\n",
        (double)view->model_error_milli / 1000, delay_text(view->launch_ms, arena),
        delay_text(view->service_ms, arena), delay_text(view->terminate_ms, arena),
        view->launches_seen, view->launches_seen == 1 ? "" : "es");
    print_lost(cli, view);
    if (view->instance_commands + view->replacements > 0) {
        asg_cli_print(cli->out,
                      "Not modelled: %" PRIu32 " order%s about single instances, %" PRIu32
                      " replacement%s of unhealthy ones.\n",
                      view->instance_commands, plural(view->instance_commands),
                      view->replacements, plural(view->replacements));
    }
}
