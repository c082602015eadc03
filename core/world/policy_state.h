/* policy_state - what a policy remembers from one period to the next. */
#ifndef ASG_CORE_WORLD_POLICY_STATE_H
#define ASG_CORE_WORLD_POLICY_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/group.h"

#define ASG_POLICY_PEAKS_MAX 48 /* of a stabilisation window; older ones are merged */

/* The samples of a period; where those that warm count, its load and who shared it. */
struct asg_policy_period {
    int64_t sum_milli;
    int64_t count;
};

/* A recommendation that may still be the highest of the window when its time comes. */
struct asg_policy_peak {
    int64_t time_ms;
    int64_t wanted;
};

/* What it wants and does not do yet. */
struct policy_hold {
    bool is_on;
    enum asg_hold_reason reason;
    int64_t until_ms; /* 0: not known */
    uint32_t count;   /* of instances that it waits for */
    int64_t wanted;
};

struct asg_policy_state {
    struct policy_hold hold;
    struct policy_hold shown; /* what readers see of it; kept when it is off */
    int64_t off_ms;           /* when it was shown last; 0: long ago */
    bool has_said;            /* since desired moved last: */
    enum asg_hold_reason said;
    uint32_t breaches;     /* periods in a row beyond the threshold */
    uint32_t period_count; /* of periods[] in use: those in a row that breached */
    struct asg_policy_period periods[ASG_POLICY_PERIODS_MAX];
    uint32_t serving; /* target tracking: in service when the last period ended */
    uint32_t lows;    /* target tracking: low periods in a row, up to as many as count */
    int64_t below_since_ms; /* target tracking: below all the time since; 0: it is not */
    int64_t window_ms;   /* of stabilisation, while longer than configured (patience) */
    int64_t fell_ms;     /* desired fell then, and that is on trial yet; 0: nothing is */
    int64_t desired;     /* when the last period ended */
    uint32_t peak_count; /* falling from front to back, times rising */
    struct asg_policy_peak peaks[ASG_POLICY_PEAKS_MAX];
};

#endif
