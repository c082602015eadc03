/* rate_limit - a token bucket: how often an action may be called (docs/rules.md, "EC2's
 * request rates"). Pure: time comes in. Threads: one owner at a time. */
#ifndef ASG_AWS_RATE_LIMIT_H
#define ASG_AWS_RATE_LIMIT_H

#include <stdint.h>

/* Thousandths of a token, so that slow rates do not round away. */
struct asg_rate_limit {
    int64_t burst_milli;
    int64_t refill_milli_per_s; /* 0: no limit at all */
    int64_t level_milli;
    int64_t filled_at_us;
};

/* A full bucket of `burst` tokens that refills `refill_milli_per_s` / 1000 a second.
 * Both at most a million tokens. */
void asg_rate_limit_init(struct asg_rate_limit *limit, int64_t burst,
                         int64_t refill_milli_per_s, int64_t now_us);

/* Take one token. 0: taken. Otherwise nothing was taken; come again after so many
 * microseconds. Time that goes back refills nothing. */
int64_t asg_rate_limit_take(struct asg_rate_limit *limit, int64_t now_us);

/* What was taken last is not used after all. */
void asg_rate_limit_give_back(struct asg_rate_limit *limit);

#endif
