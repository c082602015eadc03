#include "core/limits/recent_ends.h"

#include <assert.h>

/* When there is room for no more moments, the two nearest become one; the later stays,
 * so that none is forgotten too early. */
static void merge_nearest_ends(struct group *group)
{
    assert(group->end_count == ASG_RECENT_ENDS);
    size_t nearest = 1;
    for (size_t i = 2; i < group->end_count; i++) {
        if (group->ends[i] - group->ends[i - 1] <
            group->ends[nearest] - group->ends[nearest - 1]) {
            nearest = i;
        }
    }
    group->end_counts[nearest] += group->end_counts[nearest - 1];
    group->end_shrinks[nearest] += group->end_shrinks[nearest - 1];
    for (size_t i = nearest; i < group->end_count; i++) {
        group->ends[i - 1] = group->ends[i];
        group->end_counts[i - 1] = group->end_counts[i];
        group->end_shrinks[i - 1] = group->end_shrinks[i];
    }
    group->end_count--;
}

static bool is_recent(const struct group *group, size_t i, int64_t now_ms)
{
    return group->ends[i] + ENDS_WINDOW_MS > now_ms;
}

/* Only counts: a look that ends nobody leaves the state as it is. */
struct recent asg_count_recent(const struct group *group, int64_t now_ms)
{
    struct recent recent = {.changes_ms = INT64_MAX};
    for (size_t i = 0; i < group->end_count; i++) {
        if (!is_recent(group, i, now_ms)) continue;
        int64_t changes_ms = group->ends[i] + ENDS_WINDOW_MS;
        if (changes_ms < recent.changes_ms) recent.changes_ms = changes_ms;
        recent.shrinks += group->end_shrinks[i];
        recent.broken += group->end_counts[i] - group->end_shrinks[i];
    }
    return recent;
}

static void forget_old_ends(struct group *group, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < group->end_count; i++) {
        if (!is_recent(group, i, now_ms)) continue;
        group->ends[kept] = group->ends[i];
        group->end_shrinks[kept] = group->end_shrinks[i];
        group->end_counts[kept++] = group->end_counts[i];
    }
    group->end_count = kept;
}

void asg_ends_note(struct asg_core *core, struct group *group, enum asg_end_cause cause)
{
    forget_old_ends(group, core->now_ms);
    if (group->end_count == ASG_RECENT_ENDS) merge_nearest_ends(group);
    assert(group->end_count < ASG_RECENT_ENDS);
    assert(group->end_count == 0 ||
           group->ends[group->end_count - 1] <= core->now_ms); /* oldest first */
    group->ends[group->end_count] = core->now_ms;
    group->end_shrinks[group->end_count] = cause == ASG_END_SCALE_IN ? 1 : 0;
    group->end_counts[group->end_count++] = 1;
}
