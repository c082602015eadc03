#include "controller/rate_budget.h"

/* reliability.md 1.3: bucket, refill a second; then the same for instances. */
static const struct {
    int64_t requests;
    int64_t request_refill;
    int64_t resources;
    int64_t resource_refill;
} limits[ASG_JOB_COUNT] = {
    [ASG_JOB_LAUNCH] = {5, 2, 1000, 2},   [ASG_JOB_TERMINATE] = {100, 5, 1000, 20},
    [ASG_JOB_DESCRIBE] = {100, 20, 0, 0}, [ASG_JOB_TAG] = {100, 10, 0, 0},
    [ASG_JOB_TEMPLATE] = {50, 5, 0, 0},   [ASG_JOB_RESOLVE_TEMPLATE] = {100, 20, 0, 0},
};

static struct asg_bucket make_bucket(int64_t capacity, int64_t refill, uint32_t percent,
                                     int64_t now_ms)
{
    int64_t milli = capacity * 10 * percent;
    if (capacity > 0 && milli < 1000) milli = 1000; /* one token at least */
    return (struct asg_bucket){.capacity_milli = milli,
                               .refill_milli = refill * 10 * percent,
                               .level_milli = milli,
                               .filled_at_ms = now_ms};
}

void asg_rate_budget_init(struct asg_rate_budget *budget, uint32_t share_percent,
                          int64_t now_ms)
{
    *budget = (struct asg_rate_budget){.is_unlimited = share_percent == 0};
    for (int kind = 0; kind < ASG_JOB_COUNT; kind++) {
        budget->requests[kind] = make_bucket(
            limits[kind].requests, limits[kind].request_refill, share_percent, now_ms);
        budget->resources[kind] = make_bucket(
            limits[kind].resources, limits[kind].resource_refill, share_percent, now_ms);
    }
}

static void refill(struct asg_bucket *bucket, int64_t now_ms)
{
    int64_t elapsed_ms = now_ms - bucket->filled_at_ms;
    if (elapsed_ms <= 0) return;
    int64_t missing = bucket->capacity_milli - bucket->level_milli;
    int64_t full_in_ms =
        bucket->refill_milli > 0 ? missing * 1000 / bucket->refill_milli : 0;
    bucket->level_milli =
        elapsed_ms > full_in_ms
            ? bucket->capacity_milli
            : bucket->level_milli + elapsed_ms * bucket->refill_milli / 1000;
    bucket->filled_at_ms = now_ms;
}

/* Milliseconds until `wanted` tokens are there; 0 when they are. */
static int64_t time_until(const struct asg_bucket *bucket, int64_t wanted_milli)
{
    if (bucket->capacity_milli == 0) return 0;
    if (wanted_milli > bucket->capacity_milli) wanted_milli = bucket->capacity_milli;
    int64_t missing = wanted_milli - bucket->level_milli;
    if (missing <= 0) return 0;
    return missing * 1000 / bucket->refill_milli + 1;
}

bool asg_rate_budget_take(struct asg_rate_budget *budget, enum asg_job_kind kind,
                          uint32_t instances, int64_t now_ms, int64_t *wait_ms)
{
    if (budget->is_unlimited) return true;
    struct asg_bucket *requests = &budget->requests[kind];
    struct asg_bucket *resources = &budget->resources[kind];
    refill(requests, now_ms);
    refill(resources, now_ms);
    int64_t for_request_ms = time_until(requests, 1000);
    int64_t for_resources_ms = time_until(resources, (int64_t)instances * 1000);
    if (for_request_ms > 0 || for_resources_ms > 0) {
        *wait_ms = for_request_ms > for_resources_ms ? for_request_ms : for_resources_ms;
        return false;
    }
    requests->level_milli -= 1000;
    if (resources->capacity_milli > 0)
        resources->level_milli -= (int64_t)instances * 1000;
    return true;
}

static void add(struct asg_bucket *bucket, int64_t milli)
{
    bucket->level_milli += milli;
    if (bucket->level_milli > bucket->capacity_milli) {
        bucket->level_milli = bucket->capacity_milli;
    }
}

void asg_rate_budget_give_back(struct asg_rate_budget *budget, enum asg_job_kind kind,
                               uint32_t instances)
{
    if (budget->is_unlimited) return;
    add(&budget->requests[kind], 1000);
    add(&budget->resources[kind], (int64_t)instances * 1000);
}
