#include "aws/rate_limit.h"

#include <assert.h>

#define TOKENS_MAX INT64_C(1000000)
#define SECOND_US  INT64_C(1000000)

void asg_rate_limit_init(struct asg_rate_limit *limit, int64_t burst,
                         int64_t refill_milli_per_s, int64_t now_us)
{
    assert(burst >= 1 && burst <= TOKENS_MAX);
    assert(refill_milli_per_s >= 0 && refill_milli_per_s <= TOKENS_MAX * 1000);
    *limit = (struct asg_rate_limit){.burst_milli = burst * 1000,
                                     .refill_milli_per_s = refill_milli_per_s,
                                     .level_milli = burst * 1000,
                                     .filled_at_us = now_us};
}

static void refill(struct asg_rate_limit *limit, int64_t now_us)
{
    int64_t passed_us = now_us - limit->filled_at_us;
    if (passed_us <= 0) return;
    int64_t missing_milli = limit->burst_milli - limit->level_milli;
    /* Full again by now? Asked first, so that a long pause cannot overflow. */
    int64_t full_us = (missing_milli * SECOND_US) / limit->refill_milli_per_s + 1;
    if (passed_us >= full_us) {
        limit->level_milli = limit->burst_milli;
        limit->filled_at_us = now_us;
        return;
    }
    int64_t more_milli = passed_us * limit->refill_milli_per_s / SECOND_US;
    limit->level_milli += more_milli;
    /* Keep the rest of the division for the next time. */
    limit->filled_at_us += more_milli * SECOND_US / limit->refill_milli_per_s;
}

int64_t asg_rate_limit_take(struct asg_rate_limit *limit, int64_t now_us)
{
    if (limit->refill_milli_per_s == 0) return 0;
    refill(limit, now_us);
    if (limit->level_milli >= 1000) {
        limit->level_milli -= 1000;
        return 0;
    }
    int64_t missing_milli = 1000 - limit->level_milli;
    int64_t wait_us = (missing_milli * SECOND_US + limit->refill_milli_per_s - 1) /
                      limit->refill_milli_per_s;
    return wait_us > 0 ? wait_us : 1;
}

void asg_rate_limit_give_back(struct asg_rate_limit *limit)
{
    limit->level_milli += 1000;
    if (limit->level_milli > limit->burst_milli) limit->level_milli = limit->burst_milli;
}
