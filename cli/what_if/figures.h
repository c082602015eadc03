/* figures - what came of a policy, recorded or modelled, period by period.
 *
 * Flow:    load_trace, run_model -> [figures] -> what_if
 * Threads: one.
 */
#ifndef ASG_CLI_WHAT_IF_FIGURES_H
#define ASG_CLI_WHAT_IF_FIGURES_H

#include <stdbool.h>

#include "cli/what_if/fleet_curve.h"
#include "model/enums.h"

#define ASG_BUCKETS_MAX 600 /* of a plot */

/* One metric over one period. */
struct asg_sample {
    int64_t time_ms;      /* its end */
    int64_t demand_milli; /* of the whole group, were it not cut off at 100 % */
    int64_t mean_milli;   /* as recorded */
    int64_t min_milli;
    int64_t max_milli;
    uint32_t period_ms; /* that the group had then */
    uint32_t serving;   /* instances in service, as recorded */
    uint16_t missing;   /* instances that should have counted and did not */
    uint8_t metric;     /* enum asg_metric_name */
    bool is_saturated;  /* what was measured may be less than what was asked for */
};

/* What came of a policy, recorded or modelled. */
struct asg_figures {
    int64_t start_ms;
    int64_t end_ms;
    int64_t instance_ms; /* instances that cost money, times time */
    int64_t above_ms;    /* time with more load than the level asks */
    int64_t worst_milli; /* highest load of one instance, beyond 100 % too */
    int64_t worst_at_ms;
    uint32_t scale_outs;
    uint32_t scale_ins;
    bool has_samples;
    uint32_t least; /* instances in service */
    uint32_t most;
    int64_t serving_sum[ASG_BUCKETS_MAX];
    uint32_t serving_count[ASG_BUCKETS_MAX];
    struct asg_fleet_curve curve; /* owned */
};

/* Add one period to an outcome that begins and ends when its struct says. */
void asg_figures_note(struct asg_figures *figures, const struct asg_sample *sample,
                      int64_t length_ms, uint32_t serving, int64_t level_milli);

void asg_figures_clear(struct asg_figures *figures);

/* Which bucket of a plot a moment is in, below ASG_BUCKETS_MAX. */
size_t asg_figures_bucket(const struct asg_figures *figures, int64_t time_ms);

/* How long the period lasted that ended with a sample, after one that ended at
 * `before_ms`: at most twice what the group had said, so that a gap is no load. */
int64_t asg_sample_length(const struct asg_sample *sample, int64_t before_ms);

#endif
