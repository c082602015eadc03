/* rate_budget - the right to call EC2, handed out with the jobs.
 *
 * One pair of token buckets (requests and instances) an action for the whole account and
 * Region, because a worker sees only its own share of the throttling (docs/rules.md,
 * "EC2's request rates"): however many workers there are, they share it. A controller and
 * its workers speak for one account and Region. Sizes and refills are EC2's documented
 * defaults (docs/rules.md, "EC2's request rates") unless the operator says otherwise; a
 * share of them is used.
 *
 * A token is one request; it leaves with a job. What workers really sent they tell
 * (asg_rate_budget_sent): repeats and further pages are paid afterwards, out of the same
 * bucket. When EC2 throttles an action its refill falls to 0.7 of what was measured and
 * grows back along a cubic curve, as the AWS SDKs' adaptive mode does
 * (base/adaptive_rate.h), until it is as before.
 * Pure: time comes in.
 * Threads: one owner.
 */
#ifndef ASG_CONTROLLER_RATE_BUDGET_H
#define ASG_CONTROLLER_RATE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/adaptive_rate.h"
#include "base/error.h"
#include "model/enums.h"

#define ASG_RATE_QUOTA_MAX INT64_C(1000000)

/* What EC2 allows an action. */
struct asg_rate_quota {
    int64_t requests; /* at once */
    int64_t request_refill_milli;
    int64_t instances; /* 0: not counted */
    int64_t instance_refill_milli;
};

/* By the kind of job that makes the action its main one. */
struct asg_rate_quotas {
    struct asg_rate_quota of[ASG_JOB_COUNT];
};

/* EC2's documented defaults. */
struct asg_rate_quotas asg_rate_quotas_default(void);

/* Change some: "RunInstances=10/4,2000/5 DescribeInstances=200/50", that is requests at
 * once / a second, then the same for instances; thousandths are read ("0.5").
 * ASG_ERR_INVALID: `error` says which word and what to write; *ret is then unchanged. */
ASG_MUST_USE enum asg_status asg_rate_quotas_parse(const char *text,
                                                   struct asg_rate_quotas *ret,
                                                   struct asg_error *error);

struct asg_bucket {
    int64_t capacity_milli; /* thousandths of a token */
    int64_t refill_milli;   /* a second */
    int64_t level_milli;    /* below 0: in debt */
    int64_t filled_at_ms;
    int64_t full_capacity_milli; /* while nobody throttles us */
    int64_t full_refill_milli;
};

struct asg_rate_budget {
    bool is_unlimited;
    struct asg_bucket requests[ASG_JOB_COUNT];
    struct asg_bucket resources[ASG_JOB_COUNT]; /* instances; capacity 0: none */
    struct asg_adaptive_rate adaptive[ASG_JOB_COUNT];
    int64_t granted[ASG_JOB_COUNT]; /* tokens handed out and not heard of yet */
};

/* Full buckets of `share_percent` of the quotas; 0 means no limit at all. */
void asg_rate_budget_init(struct asg_rate_budget *budget,
                          const struct asg_rate_quotas *quotas, uint32_t share_percent,
                          int64_t now_ms);

/* Take one request and `instances` resources for a job of that kind. False when there
 * are not enough: *wait_ms says when there may be. A demand above a whole bucket is
 * served when the bucket is full, and leaves it in debt. */
bool asg_rate_budget_take(struct asg_rate_budget *budget, enum asg_job_kind kind,
                          uint32_t instances, int64_t now_ms, int64_t *wait_ms);

/* What was taken for a job that did not leave, or came back without a call. */
void asg_rate_budget_give_back(struct asg_rate_budget *budget, enum asg_job_kind kind,
                               uint32_t instances);

/* The kind of job out of whose bucket a question is paid. */
enum asg_job_kind asg_rate_budget_of(enum asg_question_kind question);

/* A worker sent `attempts` requests of an action, of which EC2 throttled `throttles`.
 * No more is believed than EC2 lets through in a minute, and what all such reports leave
 * behind is paid back within that time. Actions that are no job's main one and
 * of no question are not counted. */
void asg_rate_budget_sent(struct asg_rate_budget *budget, const char *action,
                          uint32_t attempts, uint32_t throttles, int64_t now_ms);

/* How much of its full rate an action may use now, in percent; below 100 after a
 * throttle. */
uint32_t asg_rate_budget_percent(const struct asg_rate_budget *budget,
                                 enum asg_job_kind kind);

#endif
