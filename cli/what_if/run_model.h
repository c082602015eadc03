/* run_model - a recorded load before another policy: core itself decides, a small model
 * stands for EC2 and the instances.
 *
 * Flow:    trace -> metrics, ticks, answers -> [core] -> jobs -> model -> figures
 * The model: an answer to a launch comes after the median time that answers took in the
 * log, the instance is in service after the median time that took, a termination is
 * answered after its median; nothing fails; load spreads evenly over all that are in
 * service and is cut off at 100 %. docs/audit.md, "The model", has all of it.
 * Threads: one.
 */
#ifndef ASG_CLI_WHAT_IF_RUN_MODEL_H
#define ASG_CLI_WHAT_IF_RUN_MODEL_H

#include "cli/files/rules.h"
#include "cli/show/progress.h"
#include "cli/what_if/load_trace.h"

struct asg_model_run {
    /* NULL: the policies and orders that really were in force. Otherwise its policies
     * stand all the time instead of the recorded ones, its schedules instead of those,
     * and what its group section says instead of the group's own configuration; what it
     * does not say stays as recorded. */
    const struct asg_rules *rules;
    enum asg_metric_name metric; /* that figures are about */
    int64_t level_milli;
    struct asg_progress *progress; /* counts samples; NULL: nobody looks */
    uint64_t progress_from;        /* samples of the runs before */
};

/* It has nothing more to do when the trace begins: it is left out. */
bool asg_model_schedule_is_over(const struct asg_schedule_config *schedule,
                                int64_t start_ms);

/* The period of the group when the load begins. */
int64_t asg_model_evaluation(const struct asg_trace *trace,
                             const struct asg_rules *rules);

/* The caller ends *ret with asg_figures_clear(), also on failure.
 * ASG_ERR_INVALID: core refused a policy, a schedule or the group; `error` has its words.
 * ASG_ERR_NOT_FOUND: a policy goes by a metric that the log does not have. */
ASG_MUST_USE enum asg_status asg_model_run(const struct asg_trace *trace,
                                           const struct asg_model_run *run,
                                           struct asg_figures *ret,
                                           struct asg_error *error);

#endif
