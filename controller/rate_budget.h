/* rate_budget - the right to call EC2, handed out with the jobs.
 *
 * One token bucket pair a kind of call for the whole account and Region, because a
 * worker sees only its own share of the throttling (design.md, section 5). Sizes and
 * refills are EC2's documented defaults (reliability.md 1.3), of which a share is used.
 * Pure: time comes in.
 */
#ifndef ASG_CONTROLLER_RATE_BUDGET_H
#define ASG_CONTROLLER_RATE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "model/enums.h"

struct asg_bucket {
    int64_t capacity_milli; /* thousandths of a token */
    int64_t refill_milli;   /* a second */
    int64_t level_milli;
    int64_t filled_at_ms;
};

struct asg_rate_budget {
    bool is_unlimited;
    struct asg_bucket requests[ASG_JOB_COUNT];
    struct asg_bucket resources[ASG_JOB_COUNT]; /* instances; capacity 0: none */
};

/* Full buckets of `share_percent` of EC2's defaults; 0 means no limit at all. */
void asg_rate_budget_init(struct asg_rate_budget *budget, uint32_t share_percent,
                          int64_t now_ms);

/* Take one request and `instances` resources for a job of that kind. False when there
 * are not enough: *wait_ms says when there may be. A demand above a whole bucket is
 * served when the bucket is full, and leaves it in debt. */
bool asg_rate_budget_take(struct asg_rate_budget *budget, enum asg_job_kind kind,
                          uint32_t instances, int64_t now_ms, int64_t *wait_ms);

/* What was taken for a job that could not leave after all. */
void asg_rate_budget_give_back(struct asg_rate_budget *budget, enum asg_job_kind kind,
                               uint32_t instances);

#endif
