/* proposal - what a policy is told of its group, and what it says to that.
 *
 * Units:   capacities in instances, times in milliseconds.
 */
#ifndef ASG_CORE_WANT_PROPOSAL_H
#define ASG_CORE_WANT_PROPOSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/world/policy_state.h"
#include "model/event.h"

struct asg_policy_input {
    int64_t now_ms;
    int64_t evaluation_ms;
    int64_t desired;
    int64_t min;
    int64_t max;
    int64_t warm;    /* in service and past warm-up: those the metric is of */
    int64_t serving; /* in service and healthy, warm or not */
    int64_t warming; /* wanted, not warm yet */
    int64_t warm_ms; /* when the last of these is warm, as far as is known; 0 */
    bool is_cooling; /* simple: in cooldown, or an activity runs */
    int64_t cool_ms; /* when the cooldown is over; 0: not known */
    const struct asg_group_metric *metric; /* count 0: no data */
};

enum asg_direction {
    ASG_DIRECTION_NONE,
    ASG_DIRECTION_OUT,
    ASG_DIRECTION_IN,
    ASG_DIRECTION_KEEP,     /* it rings, and what it wants is there: nobody scales in */
    ASG_DIRECTION_NOT_READY /* no data, or the picture is not complete: blocks scale-in */
};

struct asg_proposal {
    enum asg_direction direction;
    int64_t wanted; /* before min and max */
    /* instead of a direction: what it would do if it need not wait */
    struct policy_hold hold;
    const char *text; /* "cpu mean 82.5 % over 15 s, target 50 %: wants 7 (has 4)" */
};

#endif
