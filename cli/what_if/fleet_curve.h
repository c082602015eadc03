/* fleet_curve - how large a group was over time, recorded or modelled.
 *
 * Flow:     load_trace, run_model -> [fleet_curve] -> score_sides
 * Threads:  one.
 */
#ifndef ASG_CLI_WHAT_IF_FLEET_CURVE_H
#define ASG_CLI_WHAT_IF_FLEET_CURVE_H

#include <stddef.h>
#include <stdint.h>

/* What holds from time_ms until the next one's. */
struct asg_fleet_size {
    int64_t time_ms;
    uint32_t serving; /* in service */
    uint32_t alive;   /* that cost money */
    uint32_t desired;
};

struct asg_fleet_curve {
    struct asg_fleet_size *items; /* owned; by time, each differs from the one before */
    size_t count;
    size_t capacity;
};

/* Add what the fleet is from fleet->time_ms on, which is not before the last one's. */
void asg_fleet_curve_note(struct asg_fleet_curve *curve,
                          const struct asg_fleet_size *fleet);

void asg_fleet_curve_clear(struct asg_fleet_curve *curve);

#endif
