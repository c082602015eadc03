/* score_sides - how well a fleet served a recorded load: over, lost, cost and turns
 * (model/curve_score.h), block by block, so that blocks can be drawn again.
 *
 * Flow:     trace -> [ground]; curve of a fleet and ground -> [score]
 * Values:   as curve_score has them. A metric without a ceiling is taken in such units
 *           that the level is 50 % of an instance.
 * Threads:  one.
 */
#ifndef ASG_CLI_WHAT_IF_SCORE_SIDES_H
#define ASG_CLI_WHAT_IF_SCORE_SIDES_H

#include "cli/what_if/load_trace.h"
#include "model/curve_score.h"

/* What was asked for, from_ms to to_ms. */
struct asg_load_step {
    int64_t from_ms;
    int64_t to_ms;
    int64_t demand_milli;
};

/* What all sides are scored against. Lists live in the arena it was made with. */
struct asg_score_ground {
    int64_t start_ms;
    int64_t target_milli;
    bool knows_lost;      /* only of CPU can be said what was not served */
    int64_t saturated_ms; /* of that time it is the least */
    int64_t block_ms;
    size_t block_count; /* the last one may be shorter */
    int64_t *oracle_ms; /* of each block: instances times time */
    struct asg_load_step *steps;
    size_t step_count;
};

/* The load of `metric`, to be held against `level_milli` of one instance. */
void asg_score_prepare(const struct asg_trace *trace, enum asg_metric_name metric,
                       int64_t level_milli, struct asg_arena *arena,
                       struct asg_score_ground *ret);

/* A score of each block; `ret` has room for ground->block_count. */
void asg_score_curve(const struct asg_score_ground *ground,
                     const struct asg_fleet_curve *curve, struct asg_curve_score *ret);

/* What can be compared, lower is better. */
struct asg_score_row {
    int64_t over_an_hour_ms;
    int64_t lost_ppm; /* -1: not known */
    int64_t cost_milli;
    int64_t turns_milli;
};

/* Blocks together; `picks`: which of them, `count` times; NULL: each of them once. */
struct asg_score_row asg_score_sum(const struct asg_score_ground *ground,
                                   const struct asg_curve_score *blocks,
                                   const uint32_t *picks, size_t count);

#endif
