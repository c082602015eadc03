/* adaptive_rate - how fast calls may be sent to a service that throttles: the adaptive
 * mode of the AWS SDKs (docs/rules.md, "Retries"), number for number as botocore has it.
 *
 * Off until the first throttle. From then on each send takes a token of a bucket whose
 * rate falls to 0.7 of what was measured at a throttle and grows along a cubic curve
 * with each success. Pure: time comes in as seconds of any one clock.
 * Threads: one owner at a time.
 */
#ifndef ASG_BASE_ADAPTIVE_RATE_H
#define ASG_BASE_ADAPTIVE_RATE_H

#include <stdbool.h>

#define ASG_ADAPTIVE_BETA      0.7 /* of the rate is left after a throttle */
#define ASG_ADAPTIVE_SCALE     0.4 /* of the cubic curve */
#define ASG_ADAPTIVE_SMOOTHING 0.8 /* weight of the newest half second */
#define ASG_ADAPTIVE_MIN_RATE  0.5 /* tokens a second */
#define ASG_ADAPTIVE_MEASURED  2.0 /* never above so many times what is measured */

struct asg_adaptive_rate {
    bool is_enabled; /* there was a throttle */
    /* how often we send */
    double measured_per_s;
    double bucket_s; /* the half second that is being counted */
    double count;
    /* the curve */
    double w_max;
    double k_s;
    double last_throttle_s;
    /* the bucket */
    double fill_per_s;
    double capacity;
    double level;
    double filled_s;
};

void asg_adaptive_rate_init(struct asg_adaptive_rate *rate, double now_s);

/* Answers that came: `sent` of them, of which at least one was a throttle or none. */
void asg_adaptive_rate_answered(struct asg_adaptive_rate *rate, double sent,
                                bool is_throttled, double now_s);

/* Take a token. 0: taken, or no limit is on. Otherwise nothing was taken; there may be
 * one after so many seconds. */
double asg_adaptive_rate_take(struct asg_adaptive_rate *rate, double now_s);

#endif
