#include "ec2local/rate.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* Sizes and refills a second, in tokens; resource size 0: no such bucket. Actions that
 * begin with the name share the bucket; the first row that fits counts. */
static const struct {
    const char *action;
    int64_t size;
    int64_t refill;
    int64_t resource_size;
    int64_t resource_refill;
    bool is_narrow_only;
} rows[] = {
    {"RunInstances", 5, 2, 1000, 2, false},
    {"TerminateInstances", 100, 5, 1000, 20, false},
    {"StartInstances", 5, 2, 1000, 2, false},
    {"StopInstances", 50, 5, 1000, 20, false},
    {"CreateTags", 100, 10, 0, 0, false},
    {"DeleteTags", 100, 10, 0, 0, false},
    {"CreateLaunchTemplateVersion", 100, 5, 0, 0, false},
    {"Describe", 100, 20, 0, 0, true},
    {"Describe", 50, 10, 0, 0, false},
    {"", 50, 5, 0, 0, false},
};

static_assert(sizeof rows / sizeof rows[0] <= ASG_RATE_BUCKETS, "a bucket for each row");

/* Bring the bucket up to date and say whether it holds `wanted` tokens. */
static bool has(struct asg_rate_bucket *bucket, int64_t size, int64_t refill,
                int64_t wanted, int64_t now_us)
{
    if (!bucket->is_begun) {
        *bucket = (struct asg_rate_bucket){
            .level_milli = size * 1000, .at_us = now_us, .is_begun = true};
    }
    int64_t passed_us = now_us - bucket->at_us;
    int64_t full_us = size * 1000000 / refill; /* from empty to full */
    int64_t gained = passed_us >= full_us ? size * 1000 : passed_us * refill / 1000;
    if (gained > 0) {
        bucket->level_milli += gained;
        if (bucket->level_milli > size * 1000) bucket->level_milli = size * 1000;
        /* Only as far as whole thousandths reach: the rest counts next time. */
        bucket->at_us =
            passed_us >= full_us ? now_us : bucket->at_us + gained * 1000 / refill;
    }
    return bucket->level_milli >= wanted * 1000;
}

bool asg_rate_take(struct asg_rate *rate, const char *action, bool is_narrow,
                   int64_t resources, int64_t now_us)
{
    size_t i = 0;
    while (strncmp(action, rows[i].action, strlen(rows[i].action)) != 0 ||
           (rows[i].is_narrow_only && !is_narrow)) {
        i++; /* the last row fits everything */
    }
    bool has_request = has(&rate->requests[i], rows[i].size, rows[i].refill, 1, now_us);
    bool has_resources =
        rows[i].resource_size == 0 || has(&rate->resources[i], rows[i].resource_size,
                                          rows[i].resource_refill, resources, now_us);
    if (!has_request || !has_resources) return false;
    rate->requests[i].level_milli -= 1000;
    if (rows[i].resource_size > 0) rate->resources[i].level_milli -= resources * 1000;
    return true;
}
