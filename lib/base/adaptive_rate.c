#include "base/adaptive_rate.h"

#include <math.h>

#define HALF_SECONDS 2.0 /* a second has */

static double zero_point(double w_max)
{
    return cbrt(w_max * (1 - ASG_ADAPTIVE_BETA) / ASG_ADAPTIVE_SCALE);
}

void asg_adaptive_rate_init(struct asg_adaptive_rate *rate, double now_s)
{
    *rate = (struct asg_adaptive_rate){
        .bucket_s = floor(now_s),
        .last_throttle_s = now_s,
        .fill_per_s = 1,
        .capacity = 1,
        .filled_s = now_s,
    };
}

static double measure(struct asg_adaptive_rate *rate, double sent, double now_s)
{
    double bucket_s = floor(now_s * HALF_SECONDS) / HALF_SECONDS;
    rate->count += sent;
    if (bucket_s > rate->bucket_s) {
        double current_per_s = rate->count / (bucket_s - rate->bucket_s);
        rate->measured_per_s = current_per_s * ASG_ADAPTIVE_SMOOTHING +
                               rate->measured_per_s * (1 - ASG_ADAPTIVE_SMOOTHING);
        rate->count = 0;
        rate->bucket_s = bucket_s;
    }
    return rate->measured_per_s;
}

static void refill(struct asg_adaptive_rate *rate, double now_s)
{
    if (now_s <= rate->filled_s) return;
    double level = rate->level + (now_s - rate->filled_s) * rate->fill_per_s;
    rate->level = fmin(rate->capacity, level);
    rate->filled_s = now_s;
}

static void set_rate(struct asg_adaptive_rate *rate, double per_s, double now_s)
{
    refill(rate, now_s); /* what was earned, at the old rate */
    rate->fill_per_s = fmax(per_s, ASG_ADAPTIVE_MIN_RATE);
    rate->capacity = fmax(per_s, 1);
    rate->level = fmin(rate->level, rate->capacity);
}

void asg_adaptive_rate_answered(struct asg_adaptive_rate *rate, double sent,
                                bool is_throttled, double now_s)
{
    double measured = measure(rate, sent, now_s);
    double next = 0;
    if (is_throttled) {
        double present = rate->is_enabled ? fmin(measured, rate->fill_per_s) : measured;
        rate->w_max = present;
        rate->k_s = zero_point(present);
        rate->last_throttle_s = now_s;
        rate->is_enabled = true;
        next = present * ASG_ADAPTIVE_BETA;
    } else {
        double since_s = now_s - rate->last_throttle_s - rate->k_s;
        next = ASG_ADAPTIVE_SCALE * since_s * since_s * since_s + rate->w_max;
    }
    set_rate(rate, fmin(next, ASG_ADAPTIVE_MEASURED * measured), now_s);
}

double asg_adaptive_rate_take(struct asg_adaptive_rate *rate, double now_s)
{
    if (!rate->is_enabled) return 0;
    refill(rate, now_s);
    if (rate->level >= 1) {
        rate->level -= 1;
        return 0;
    }
    return (1 - rate->level) / rate->fill_per_s;
}
