#include "core/choose/choose_victims.h"

#include <assert.h>
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

#define OLD (INT64_C(1) << 62)

/* Any that came from another launch configuration first, the oldest of them; then from
 * another template, then the lowest version of this one. */
static int64_t keep_by_template(const struct asg_choice *choice,
                                const struct asg_candidate *candidate)
{
    assert(choice->template_id != NULL && candidate->template_id != NULL);
    int64_t version = (int64_t)(candidate->template_version & (OLD - 1));
    bool is_current = choice->has_configuration == candidate->has_configuration &&
                      strcmp(choice->template_id, candidate->template_id) == 0;
    if (is_current) return version;
    return candidate->has_configuration ? version - OLD : -1;
}

/* What was asked for last goes first: the rest is then what the strategy would buy. */
static int64_t keep_by_rank(const struct asg_choice *choice,
                            const struct asg_candidate *candidate)
{
    (void)choice;
    return -(int64_t)candidate->rank;
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

/* That each policy keeps those with the lowest mark only, one after the other, is the
 * order of the marks as in a dictionary; so one comparison serves them all. */
static keep_fn *const default_keeps[] = {keep_by_rank, keep_by_template,
                                         keep_by_billing_hour};
#define DEFAULT_KEEPS (sizeof default_keeps / sizeof default_keeps[0])

static int compare_marks(const struct asg_choice *choice, keep_fn *const *keeps,
                         size_t count, const struct asg_candidate *a,
                         const struct asg_candidate *b)
{
    assert(count > 0);
    for (size_t i = 0; i < count; i++) {
        int64_t mark_a = keeps[i](choice, a);
        int64_t mark_b = keeps[i](choice, b);
        if (mark_a != mark_b) return mark_a < mark_b ? -1 : 1;
    }
    return 0;
}

static int compare_by_policy(const struct asg_choice *choice,
                             enum asg_termination_policy policy,
                             const struct asg_candidate *a, const struct asg_candidate *b)
{
    assert(policy < ASG_TERMINATION_COUNT);
    keep_fn *keep = NULL;
    switch (policy) {
    case ASG_TERMINATION_OLDEST_INSTANCE: keep = keep_oldest_first; break;
    case ASG_TERMINATION_NEWEST_INSTANCE: keep = keep_newest_first; break;
    case ASG_TERMINATION_CLOSEST_TO_NEXT_INSTANCE_HOUR:
        keep = keep_by_billing_hour;
        break;
    case ASG_TERMINATION_OLDEST_LAUNCH_TEMPLATE:
    case ASG_TERMINATION_OLDEST_LAUNCH_CONFIGURATION: keep = keep_by_template; break;
    case ASG_TERMINATION_ALLOCATION_STRATEGY: keep = keep_by_rank; break;
    case ASG_TERMINATION_DEFAULT:
    case ASG_TERMINATION_COUNT: break;
    }
    if (keep != NULL) return compare_marks(choice, &keep, 1, a, b);
    return compare_marks(choice, default_keeps, DEFAULT_KEEPS, a, b);
}

/* Below 0: a goes before b. */
static int compare(const struct asg_choice *choice, const struct asg_candidate *a,
                   const struct asg_candidate *b)
{
    assert(a != b); /* nobody is compared with himself */
    for (size_t i = 0; i < choice->policy_count; i++) {
        int order = compare_by_policy(choice, choice->policies[i], a, b);
        if (order != 0) return order;
    }
    int order = compare_marks(choice, default_keeps, DEFAULT_KEEPS, a, b);
    if (order != 0) return order;
    keep_fn *by_seed = keep_by_seed;
    order = compare_marks(choice, &by_seed, 1, a, b);
    return order != 0 ? order : (a < b ? -1 : 1);
}

/* By zone, then those that may go before the others, then by who goes first. */
static bool is_before(const struct asg_choice *choice, const struct asg_candidate *a,
                      const struct asg_candidate *b)
{
    assert(a != b);
    int order = strcmp(a->zone, b->zone);
    if (order != 0) return order < 0;
    if (a->is_candidate != b->is_candidate) return a->is_candidate;
    return a->is_candidate ? compare(choice, a, b) < 0 : a < b;
}

static struct asg_candidate *merge(const struct asg_choice *choice,
                                   struct asg_candidate *a, struct asg_candidate *b)
{
    struct asg_candidate *first = NULL;
    struct asg_candidate **end = &first;
    while (a != NULL && b != NULL) {
        struct asg_candidate **from = is_before(choice, b, a) ? &b : &a;
        *end = *from;
        end = &(*from)->next;
        *from = (*from)->next;
    }
    *end = a != NULL ? a : b;
    return first;
}

/* Merge sort from below: list[i] is empty or sorted with 2^i members. */
static struct asg_candidate *sort(const struct asg_choice *choice,
                                  struct asg_candidate *candidates, size_t count)
{
    struct asg_candidate *lists[8 * sizeof(size_t)] = {NULL};
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        struct asg_candidate *list = &candidates[i];
        list->next = NULL;
        size_t at = 0;
        for (; lists[at] != NULL; at++) {
            list = merge(choice, lists[at], list);
            lists[at] = NULL;
        }
        assert(at < 8 * sizeof(size_t));
        lists[at] = list;
        if (at >= used) used = at + 1;
    }
    struct asg_candidate *all = NULL;
    for (size_t i = 0; i < used; i++) {
        all = merge(choice, lists[i], all);
    }
    assert((all == NULL) == (count == 0));
    return all;
}

/* Cut the sorted list into zones, each known by its first member; who may go leads. */
static struct asg_candidate *split_zones(struct asg_candidate *sorted)
{
    struct asg_candidate *first = sorted;
    struct asg_candidate *zone = sorted;
    for (struct asg_candidate *at = sorted; at != NULL; at = at->next) {
        if (at == sorted || strcmp(at->zone, zone->zone) != 0) {
            if (at != sorted) zone->next_zone = at;
            zone = at;
            zone->next_zone = NULL;
            zone->zone_size = 0;
            zone->best = at;
        }
        assert(zone != NULL && zone->best != NULL);
        zone->zone_size++;
    }
    return first;
}

static bool has_candidate(const struct asg_candidate *zone)
{
    return zone->best != NULL && zone->best->is_candidate &&
           strcmp(zone->best->zone, zone->zone) == 0;
}

/* Of the largest zones that have a candidate, the one whose first goes first. */
static struct asg_candidate *choose_zone(const struct asg_choice *choice,
                                         struct asg_candidate *zones)
{
    struct asg_candidate *chosen = NULL;
    for (struct asg_candidate *zone = zones; zone != NULL; zone = zone->next_zone) {
        if (!has_candidate(zone)) continue;
        if (chosen == NULL || zone->zone_size > chosen->zone_size ||
            (zone->zone_size == chosen->zone_size &&
             compare(choice, zone->best, chosen->best) < 0)) {
            chosen = zone;
        }
    }
    assert(chosen == NULL || chosen->zone_size > 0);
    return chosen;
}

size_t asg_choose_victims(const struct asg_choice *choice,
                          struct asg_candidate *candidates, size_t candidate_count,
                          size_t count, size_t *ret_order)
{
    struct asg_candidate *zones = split_zones(sort(choice, candidates, candidate_count));
    size_t chosen = 0;
    while (chosen < count) {
        struct asg_candidate *zone = choose_zone(choice, zones);
        if (zone == NULL) break;
        assert(zone->zone_size > 0);
        assert(!zone->best->is_chosen && zone->best->is_candidate);
        zone->best->is_chosen = true;
        assert((size_t)(zone->best - candidates) < candidate_count);
        ret_order[chosen++] = (size_t)(zone->best - candidates);
        zone->best = zone->best->next;
        zone->zone_size--;
    }
    assert(chosen <= count);
    return chosen;
}
