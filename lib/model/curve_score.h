/* curve_score - how well a curve of instances served a curve of load.
 *
 * Flow:     a benchmark or a what-if plays a load -> [curve_score] -> its table
 * Values:   load in thousandths of what one instance can do at most: 2500 keeps two and a
 *           half busy. Time in milliseconds. Integers only, so that the same curve has
 *           the same score everywhere.
 * Threads:  none of its own; one owner a score.
 *
 *   over   time with more load an instance in service than the target + 10 points
 *   lost   load beyond what those in service can do: asked for and not served
 *   cost   time of all instances that cost money, over that of an oracle
 *   turns  changes of desired that go the other way than the change before
 */
#ifndef ASG_MODEL_CURVE_SCORE_H
#define ASG_MODEL_CURVE_SCORE_H

#include <stddef.h>
#include <stdint.h>

#define ASG_CURVE_FULL       1000 /* of one instance: 100 % */
#define ASG_CURVE_SLACK      100  /* above the target before time counts as over */
#define ASG_CURVE_DEMAND_MAX (INT64_C(1) << 28) /* more counts as this much */
#define ASG_CURVE_SPAN_MAX                                                               \
    (INT64_C(1) << 34) /* ms from one step to the next; 198 days                         \
                        */

/* What holds from time_ms until the next step's. */
struct asg_curve_step {
    int64_t time_ms;
    int64_t demand_milli; /* of all instances together; below 0 counts as 0 */
    uint32_t serving;     /* in service */
    uint32_t alive;       /* that cost money: serving, launching and draining */
    uint32_t desired;
};

/* Read the sums after asg_curve_end(); the rest is its own. */
struct asg_curve_score {
    int64_t span_ms;   /* from the first step to the end */
    int64_t over_ms;   /* of it, above the target + 10 points */
    int64_t demand_ms; /* instances that were needed at 100 %, times time */
    int64_t lost_ms;   /* of those, what nobody served */
    int64_t alive_ms;  /* instances that cost money, times time */
    uint32_t changes;  /* of desired */
    uint32_t turns;    /* of those, the other way than the one before */
    int64_t over_level_milli;
    int64_t demand_rest; /* thousandths of an instance-millisecond */
    int64_t lost_rest;
    struct asg_curve_step last;
    uint32_t step_count; /* stops counting at 2^32 - 1 */
    int direction;       /* of the last change: 1 up, -1 down, 0 none yet */
};

/* An empty score. `target_milli`: the load of one instance that the policy aims at, in
 * thousandths of what it can do: 500 for 50 %. */
void asg_curve_begin(struct asg_curve_score *ret, int64_t target_milli);

/* The next step; none may be earlier than the one before. Of two at one moment the later
 * one holds, and both count for changes of desired. */
void asg_curve_note(struct asg_curve_score *score, const struct asg_curve_step *step);

/* What the last step says holds until `time_ms`. */
void asg_curve_end(struct asg_curve_score *score, int64_t time_ms);

/* What lies between the last step and `time_ms` was not measured: none of it counts. */
void asg_curve_skip(struct asg_curve_score *score, int64_t time_ms);

/* An empty score that goes on where `before` ended: added, the parts are the whole, but
 * for less than one instance-millisecond each. */
void asg_curve_go_on(struct asg_curve_score *ret, const struct asg_curve_score *before);

/* One more curve of the same target, as if it were a part of this one: sums are added. */
void asg_curve_add(struct asg_curve_score *score, const struct asg_curve_score *more);

/* Milliseconds an hour above the target + 10 points; 0 for no time at all. */
int64_t asg_curve_over_an_hour(const struct asg_curve_score *score);

/* Load that was not served, in millionths of what was asked for. */
int64_t asg_curve_lost_ppm(const struct asg_curve_score *score);

/* Turns in an hour, in thousandths. */
int64_t asg_curve_turns_milli(const struct asg_curve_score *score);

/* Time of instances in thousandths of the oracle's; 0 when the oracle needs none. */
int64_t asg_curve_cost_milli(const struct asg_curve_score *score, int64_t oracle_ms);

/* What an oracle may do. */
struct asg_curve_oracle {
    int64_t target_milli;
    int64_t launch_ms; /* from the launch until in service; it costs money already */
    uint32_t min;
    uint32_t max;
};

/* Instances times time of one who knows the load before it comes: at each moment as many
 * as the target asks for at the worst of it and the `launch_ms` after it, within min and
 * max; whom it ends is gone at once, and it acts only when a step begins. Only time_ms
 * and demand_milli of the steps are read; the last one holds until end_ms. Takes time and
 * memory as the number of steps.
 * `ret_alive`: NULL, or room for how many it has during each step. */
int64_t asg_curve_oracle_ms(const struct asg_curve_oracle *oracle,
                            const struct asg_curve_step *steps, size_t count,
                            int64_t end_ms, uint32_t *ret_alive);

#endif
