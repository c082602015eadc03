/* what_if_plot - load and instances over time, drawn. */
#include <errno.h>
#include <string.h>

#include "cli/what_if/plot_svg.h"
#include "cli/what_if/what_if.h"
#include "model/metric_ceiling.h"
#include "text/quantity.h"

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
static double *fill_load(struct asg_cli *cli, const struct asg_contest *contest)
{
    const struct asg_trace *trace = contest->trace;
    const struct asg_model_run *run = &contest->run;
    double *values = asg_arena_take(&cli->arena, ASG_BUCKETS_MAX * sizeof *values);
    uint32_t counts[ASG_BUCKETS_MAX] = {0};
    for (size_t i = 0; i < trace->sample_count; i++) {
        const struct asg_sample *sample = &trace->samples[i];
        if (sample->metric != (uint8_t)run->metric) continue;
        size_t bucket = asg_figures_bucket(contest->figures[0], sample->time_ms);
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

/* The side to draw beside the record: the best of several, else the last. */
static size_t drawn_side(const struct asg_what_if *view)
{
    for (size_t i = 1; view->side_count > 3 && i < view->side_count; i++) {
        if (view->sides[i].is_best) return i;
    }
    return view->side_count - 1;
}

int asg_what_if_draw(struct asg_cli *cli, const char *path,
                     const struct asg_contest *contest, const struct asg_what_if *view)
{
    const struct asg_trace *trace = contest->trace;
    const struct asg_model_run *run = &contest->run;
    char level[ASG_QUANTITY_TEXT_MAX];
    asg_quantity_print_milli(run->level_milli, level);
    size_t at = drawn_side(view);
    const struct asg_what_if_side *side = &view->sides[at];
    const struct asg_plot_line lines[] = {
        {asg_arena_format(&cli->arena, "load, in instances at %s %s", level,
                          asg_metric_ceiling(run->metric) == 100000 ? "%" : ""),
         "#dbe4ee", true, fill_load(cli, contest)},
        {asg_arena_format(&cli->arena, "recorded: %.30s", view->sides[0].policies),
         "#444444", false, fill_capacity(cli, contest->figures[0])},
        {asg_arena_format(&cli->arena, "%s: %.30s", side->name, side->policies),
         "#d9480f", false, fill_capacity(cli, contest->figures[at])},
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
