#include "cli/run_model.h"

#include <stdlib.h>

#include "cli/model_private.h"

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

/* All samples of one moment. */
static enum asg_status take_period(struct model *model, size_t from, size_t to)
{
    struct asg_group_metric rows[ASG_METRIC_NAME_COUNT];
    size_t count = 0;
    for (size_t i = from; i < to && count < ASG_METRIC_NAME_COUNT; i++) {
        rows[count++] = make_row(model, &model->trace->samples[i]);
    }
    const struct asg_metrics metrics = {.groups = rows, .group_count = count};
    return asg_model_step(
        model, &(struct asg_event){.kind = ASG_EVENT_METRICS, .metrics = &metrics});
}

static enum asg_status take_load(struct model *model)
{
    const struct asg_trace *trace = model->trace;
    size_t next_command = 0;
    int64_t before_ms = trace->start_ms;
    for (size_t from = 0; from < trace->sample_count;) {
        size_t to = from + 1;
        int64_t time_ms = trace->samples[from].time_ms;
        while (to < trace->sample_count && trace->samples[to].time_ms == time_ms)
            to++;
        enum asg_status status = ASG_OK;
        while (status == ASG_OK && next_command < trace->command_count &&
               trace->commands[next_command].before <= from) {
            const struct asg_trace_command *command = &trace->commands[next_command++];
            status = asg_model_pass_time(model, command->time_ms);
            if (status == ASG_OK) status = asg_model_pass_on(model, &command->command);
        }
        if (status == ASG_OK) status = asg_model_pass_time(model, time_ms);
        if (status != ASG_OK) return status;
        for (size_t i = from; i < to; i++) {
            if (trace->samples[i].metric != (uint8_t)model->run->metric) continue;
            asg_figures_note(model->figures, trace, &trace->samples[i],
                             asg_sample_length(&trace->samples[i], before_ms),
                             model->serving, model->run->level_milli);
            before_ms = time_ms;
        }
        status = take_period(model, from, to);
        if (status != ASG_OK) return status;
        from = to;
    }
    enum asg_status status = asg_model_pass_time(model, trace->end_ms);
    asg_model_count_time(model);
    return status;
}

enum asg_status asg_model_run(const struct asg_trace *trace,
                              const struct asg_model_run *run, struct asg_figures *ret,
                              struct asg_error *error)
{
    *ret = (struct asg_figures){0};
    struct model *model = asg_alloc(1, sizeof *model);
    *model = (struct model){.trace = trace, .run = run, .figures = ret, .error = error};
    enum asg_status status = asg_model_begin(model);
    if (status == ASG_OK) status = take_load(model);
    asg_model_clear(model);
    free(model);
    return status;
}
