#include "cli/what_if/run_model.h"

#include <assert.h>
#include <stdlib.h>

#include "cli/what_if/model_private.h"
#include "model/metric_ceiling.h"

/* ---- the load ---- */

static int64_t share(int64_t value_milli, int64_t of_milli, int64_t mean_milli)
{
    if (mean_milli <= 0) return value_milli;
    /* milli-percent and instances fit: both below 2^40 */
    __extension__ typedef __int128 wide;
    return (int64_t)((wide)value_milli * of_milli / mean_milli);
}

static struct asg_group_metric make_row(const struct model *model,
                                        const struct asg_sample *sample)
{
    int64_t ceiling = asg_metric_ceiling((enum asg_metric_name)sample->metric);
    struct asg_group_metric row = {
        .group_no = model->group_no,
        .metric = (enum asg_metric_name)sample->metric,
        .revision = model->revision,
        .members = model->warm,
        .count = model->warm,
    };
    if (model->warm == 0) return row;
    if (sample->missing > 0) { /* the picture was not complete then either */
        row.count = model->warm > sample->missing ? model->warm - sample->missing : 1;
    }
    int64_t mean = sample->demand_milli / (int64_t)model->serving;
    if (mean > ceiling) mean = ceiling;
    row.sum_milli = mean * row.count;
    row.min_milli = share(sample->min_milli, mean, sample->mean_milli);
    row.max_milli = share(sample->max_milli, mean, sample->mean_milli);
    if (row.min_milli > ceiling) row.min_milli = ceiling;
    if (row.max_milli > ceiling) row.max_milli = ceiling;
    return row;
}

static enum asg_status measure(struct model *model, const struct asg_sample *samples,
                               size_t count)
{
    struct asg_group_metric rows[ASG_METRIC_NAME_COUNT];
    assert(count <= ASG_METRIC_NAME_COUNT);
    for (size_t i = 0; i < count; i++)
        rows[i] = make_row(model, &samples[i]);
    const struct asg_metrics metrics = {.groups = rows, .group_count = count};
    return asg_model_step(
        model, &(struct asg_event){.kind = ASG_EVENT_METRICS, .metrics = &metrics});
}

/* ---- periods ---- */

/* All samples of one moment: of the time since from_ms. */
struct moment {
    const struct asg_sample *samples;
    size_t count;
    int64_t from_ms;
    int64_t time_ms;
};

/* The model's group has shorter periods than the recorded one: it sees the same in each
 * of them. */
static enum asg_status measure_often(struct model *model, const struct moment *moment)
{
    int64_t each_ms = model->evaluation_ms;
    int64_t at_ms =
        moment->time_ms - (moment->time_ms - moment->from_ms - 1) / each_ms * each_ms;
    for (; at_ms < moment->time_ms; at_ms += each_ms) {
        if (at_ms < model->now_ms) continue; /* an order came later than that */
        enum asg_status status = asg_model_pass_time(model, at_ms);
        if (status == ASG_OK) status = measure(model, moment->samples, moment->count);
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

static int64_t mixed(int64_t a, int64_t a_ms, int64_t b, int64_t b_ms)
{
    __extension__ typedef __int128 wide;
    return (int64_t)(((wide)a * a_ms + (wide)b * b_ms) / (a_ms + b_ms));
}

/* The model's group has longer periods: what it sees is their mean. */
static void gather(struct model *model, const struct moment *moment)
{
    int64_t length_ms = moment->time_ms - moment->from_ms;
    for (size_t i = 0; length_ms > 0 && i < moment->count; i++) {
        const struct asg_sample *sample = &moment->samples[i];
        struct gathered *one = &model->gathered[sample->metric];
        if (one->length_ms == 0) one->mean = *sample;
        struct asg_sample *mean = &one->mean;
        int64_t before_ms = one->length_ms;
        mean->demand_milli =
            mixed(mean->demand_milli, before_ms, sample->demand_milli, length_ms);
        mean->mean_milli =
            mixed(mean->mean_milli, before_ms, sample->mean_milli, length_ms);
        mean->min_milli = mixed(mean->min_milli, before_ms, sample->min_milli, length_ms);
        mean->max_milli = mixed(mean->max_milli, before_ms, sample->max_milli, length_ms);
        if (sample->missing > mean->missing) mean->missing = sample->missing;
        one->length_ms += length_ms;
    }
}

static enum asg_status measure_gathered(struct model *model, int64_t time_ms)
{
    struct asg_sample means[ASG_METRIC_NAME_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < ASG_METRIC_NAME_COUNT; i++) {
        struct gathered *one = &model->gathered[i];
        if (one->length_ms > 0) means[count++] = one->mean;
        one->length_ms = 0;
    }
    model->measured_ms = time_ms;
    return measure(model, means, count);
}

static void judge_period(struct model *model, const struct moment *moment)
{
    for (size_t i = 0; i < moment->count; i++) {
        const struct asg_sample *sample = &moment->samples[i];
        if (sample->metric != (uint8_t)model->run->metric) continue;
        asg_figures_note(model->figures, sample,
                         asg_sample_length(sample, model->judged_ms), model->serving,
                         model->run->level_milli);
        model->judged_ms = moment->time_ms;
    }
}

/* What core sees of the time up to this moment. */
static enum asg_status take_period(struct model *model, const struct moment *moment)
{
    int64_t recorded_ms = moment->samples[0].period_ms;
    enum asg_status status = ASG_OK;
    if (model->evaluation_ms < recorded_ms) status = measure_often(model, moment);
    if (status == ASG_OK) status = asg_model_pass_time(model, moment->time_ms);
    if (status != ASG_OK) return status;
    judge_period(model, moment);
    gather(model, moment);
    bool is_due = model->evaluation_ms <= recorded_ms ||
                  moment->time_ms - model->measured_ms >= model->evaluation_ms;
    return is_due ? measure_gathered(model, moment->time_ms) : ASG_OK;
}

static struct moment next_moment(const struct asg_trace *trace, size_t at,
                                 int64_t before_ms)
{
    const struct asg_sample *first = &trace->samples[at];
    size_t to = at + 1;
    while (to < trace->sample_count && to - at < ASG_METRIC_NAME_COUNT &&
           trace->samples[to].time_ms == first->time_ms) {
        to++;
    }
    return (struct moment){.samples = first,
                           .count = to - at,
                           .from_ms =
                               first->time_ms - asg_sample_length(first, before_ms),
                           .time_ms = first->time_ms};
}

static enum asg_status take_load(struct model *model)
{
    const struct asg_trace *trace = model->trace;
    size_t next_command = 0;
    enum asg_status status = ASG_OK;
    int64_t before_ms = trace->start_ms;
    for (size_t at = 0; at < trace->sample_count;) {
        const struct moment moment = next_moment(trace, at, before_ms);
        while (status == ASG_OK && next_command < trace->command_count &&
               trace->commands[next_command].before <= at) {
            const struct asg_trace_command *command = &trace->commands[next_command++];
            status = asg_model_pass_time(model, command->time_ms);
            if (status == ASG_OK) status = asg_model_pass_on(model, &command->command);
        }
        if (status == ASG_OK) status = take_period(model, &moment);
        if (status != ASG_OK) return status;
        at += moment.count;
        asg_progress_step(model->run->progress, model->run->progress_from + at);
        before_ms = moment.time_ms;
    }
    status = asg_model_pass_time(model, trace->end_ms);
    asg_model_count_time(model);
    return status;
}

enum asg_status asg_model_run(const struct asg_trace *trace,
                              const struct asg_model_run *run, struct asg_figures *ret,
                              struct asg_error *error)
{
    *ret = (struct asg_figures){.start_ms = trace->start_ms, .end_ms = trace->end_ms};
    struct model *model = asg_alloc(1, sizeof *model);
    *model = (struct model){.trace = trace,
                            .run = run,
                            .measured_ms = trace->start_ms,
                            .judged_ms = trace->start_ms,
                            .figures = ret,
                            .error = error};
    enum asg_status status = asg_model_begin(model);
    if (status == ASG_OK) status = take_load(model);
    asg_model_clear(model);
    free(model);
    return status;
}
