#include "core/choose_victims.h"

#include <string.h>

#define HOUR_MS INT64_C(3600000)

/* How much a policy wants to keep an instance: the lowest goes first. */
typedef int64_t keep_fn(const struct asg_choice *choice,
                        const struct asg_candidate *candidate);

static int64_t keep_oldest_first(const struct asg_choice *choice,
                                 const struct asg_candidate *candidate)
{
    (void)choice;
    return candidate->launched_ms;
}

static int64_t keep_newest_first(const struct asg_choice *choice,
                                 const struct asg_candidate *candidate)
{
    (void)choice;
    return -candidate->launched_ms;
}

/* Any that came from another template first, then the lowest version of this one. */
static int64_t keep_by_template(const struct asg_choice *choice,
                                const struct asg_candidate *candidate)
{
    if (strcmp(choice->template_id, candidate->template_id) != 0) return -1;
    return (int64_t)(candidate->template_version & INT64_MAX);
}

static int64_t keep_by_billing_hour(const struct asg_choice *choice,
                                    const struct asg_candidate *candidate)
{
    int64_t age_ms = choice->now_ms - candidate->launched_ms;
    if (age_ms < 0) age_ms = 0;
    return HOUR_MS - age_ms % HOUR_MS;
}

/* splitmix64: spreads seed and number so that ties fall evenly, and alike in a replay. */
static int64_t keep_by_seed(const struct asg_choice *choice,
                            const struct asg_candidate *candidate)
{
    uint64_t z = choice->seed + candidate->no * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int64_t)((z ^ (z >> 31)) >> 1);
}

/* Only those with the lowest mark stay in the set; returns how many. */
static size_t narrow(const struct asg_choice *choice,
                     const struct asg_candidate *candidates, bool *in_set, size_t count,
                     keep_fn *keep)
{
    int64_t lowest = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        if (!in_set[i]) continue;
        int64_t mark = keep(choice, &candidates[i]);
        if (mark < lowest) lowest = mark;
    }
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        if (!in_set[i]) continue;
        in_set[i] = keep(choice, &candidates[i]) == lowest;
        left += in_set[i] ? 1 : 0;
    }
    return left;
}

static size_t zone_size(const struct asg_candidate *candidates, size_t count,
                        const char *zone)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        if (!candidates[i].is_chosen && strcmp(candidates[i].zone, zone) == 0) size++;
    }
    return size;
}

/* Candidates in the zones with the most instances that have a candidate. */
static size_t narrow_to_zones(const struct asg_candidate *candidates, bool *in_set,
                              size_t count)
{
    size_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        in_set[i] = candidates[i].is_candidate && !candidates[i].is_chosen;
        if (!in_set[i]) continue;
        size_t size = zone_size(candidates, count, candidates[i].zone);
        if (size > largest) largest = size;
    }
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        if (!in_set[i]) continue;
        in_set[i] = zone_size(candidates, count, candidates[i].zone) == largest;
        left += in_set[i] ? 1 : 0;
    }
    return left;
}

static size_t narrow_by_default(const struct asg_choice *choice,
                                const struct asg_candidate *candidates, bool *in_set,
                                size_t count)
{
    (void)narrow(choice, candidates, in_set, count, keep_by_template);
    return narrow(choice, candidates, in_set, count, keep_by_billing_hour);
}

static size_t narrow_by_policy(const struct asg_choice *choice,
                               enum asg_termination_policy policy,
                               const struct asg_candidate *candidates, bool *in_set,
                               size_t count)
{
    switch (policy) {
    case ASG_TERMINATION_OLDEST_INSTANCE:
        return narrow(choice, candidates, in_set, count, keep_oldest_first);
    case ASG_TERMINATION_NEWEST_INSTANCE:
        return narrow(choice, candidates, in_set, count, keep_newest_first);
    case ASG_TERMINATION_CLOSEST_TO_NEXT_INSTANCE_HOUR:
        return narrow(choice, candidates, in_set, count, keep_by_billing_hour);
    case ASG_TERMINATION_OLDEST_LAUNCH_TEMPLATE:
    case ASG_TERMINATION_OLDEST_LAUNCH_CONFIGURATION:
        return narrow(choice, candidates, in_set, count, keep_by_template);
    case ASG_TERMINATION_DEFAULT:
    case ASG_TERMINATION_ALLOCATION_STRATEGY: /* one purchase option: nothing to align */
    case ASG_TERMINATION_COUNT: break;
    }
    return narrow_by_default(choice, candidates, in_set, count);
}

static bool choose_one(const struct asg_choice *choice, struct asg_candidate *candidates,
                       bool *in_set, size_t count, size_t *ret)
{
    if (narrow_to_zones(candidates, in_set, count) == 0) return false;
    size_t left = 2;
    for (size_t i = 0; i < choice->policy_count && left > 1; i++) {
        left = narrow_by_policy(choice, choice->policies[i], candidates, in_set, count);
    }
    if (left > 1) left = narrow_by_default(choice, candidates, in_set, count);
    if (left > 1) (void)narrow(choice, candidates, in_set, count, keep_by_seed);
    for (size_t i = 0; i < count; i++) {
        if (!in_set[i]) continue;
        candidates[i].is_chosen = true;
        *ret = i;
        return true;
    }
    return false;
}

#define CANDIDATES_AT_ONCE 4096

size_t asg_choose_victims(const struct asg_choice *choice,
                          struct asg_candidate *candidates, size_t candidate_count,
                          size_t count, size_t *ret_order)
{
    bool in_set[CANDIDATES_AT_ONCE];
    if (candidate_count > CANDIDATES_AT_ONCE) candidate_count = CANDIDATES_AT_ONCE;
    size_t chosen = 0;
    while (chosen < count &&
           choose_one(choice, candidates, in_set, candidate_count, &ret_order[chosen])) {
        chosen++;
    }
    return chosen;
}
