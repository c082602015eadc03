/* retry - whether and when a failed call is sent again: AWS's standard mode of 2026
 * (docs/rules.md, "Retries"). Pure: time and chance are passed in.
 *
 * Delay: chance * min(20 s, base * 2^i), base 50 ms after a transient failure, 1 s after
 * a throttle. A server's hint x-amz-retry-after lengthens it, by 5 s at most. The quota
 * is shared by all calls of a client, so that an outage is not answered with a storm.
 * Threads: one owner at a time.
 */
#ifndef ASG_AWS_RETRY_H
#define ASG_AWS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/error_class.h"

#define ASG_RETRY_ATTEMPTS          3 /* the first included */
#define ASG_RETRY_QUOTA             500
#define ASG_RETRY_COST_TRANSIENT    14
#define ASG_RETRY_COST_THROTTLE     5
#define ASG_RETRY_BASE_TRANSIENT_MS 50
#define ASG_RETRY_BASE_THROTTLE_MS  1000
#define ASG_RETRY_CAP_MS            20000
#define ASG_RETRY_HINT_MORE_MS      5000

/* Start with {ASG_RETRY_QUOTA}. */
struct asg_retry_quota {
    int32_t left;
};

enum asg_retry_answer {
    ASG_RETRY_AGAIN,       /* send again after *ret_delay_ms */
    ASG_RETRY_WRONG_CLASS, /* repeating cannot help */
    ASG_RETRY_ATTEMPTS_OVER,
    ASG_RETRY_QUOTA_OVER,
};

struct asg_retry_question {
    enum asg_error_class class;
    uint32_t attempts; /* sent so far, 1 or more */
    uint32_t attempts_max;
    int64_t hint_ms; /* x-amz-retry-after; negative: none */
    uint32_t chance; /* uniform over all 32 bits */
};

/* Class, then attempts, then quota, then delay. On AGAIN the quota is charged and the
 * charge comes in *ret_cost. */
enum asg_retry_answer asg_retry_ask(struct asg_retry_quota *quota,
                                    const struct asg_retry_question *question,
                                    int64_t *ret_delay_ms, int32_t *ret_cost);

/* A call succeeded: give back what its last retry cost, or 1 when it needed none. */
void asg_retry_give_back(struct asg_retry_quota *quota, int32_t cost);

/* Of the value of x-amz-retry-after; -1 when it is no number of milliseconds. */
int64_t asg_retry_hint_ms(const char *text);

/* The delay alone, for those who count attempts themselves. `attempts`: sent so far. */
int64_t asg_retry_delay_ms(enum asg_error_class class, uint32_t attempts, int64_t hint_ms,
                           uint32_t chance);

#endif
