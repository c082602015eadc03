#include "core/limits/recent_ends.h"

#include <assert.h>
#include <string.h>

#include "core/world/counts.h"

/* When there is room for no more moments, the two nearest become one; the later stays,
 * so that none is forgotten too early. */
static void merge_nearest_ends(struct group_ends *ends)
{
    assert(ends->count == ASG_RECENT_ENDS);
    struct recent_end *recent = ends->recent;
    size_t nearest = 1;
    for (size_t i = 2; i < ends->count; i++) {
        if (recent[i].at_ms - recent[i - 1].at_ms <
            recent[nearest].at_ms - recent[nearest - 1].at_ms) {
            nearest = i;
        }
    }
    if (recent[nearest - 1].size > recent[nearest].size) {
        recent[nearest].size = recent[nearest - 1].size;
    }
    recent[nearest].count += recent[nearest - 1].count;
    recent[nearest].shrinks += recent[nearest - 1].shrinks;
    memmove(&recent[nearest - 1], &recent[nearest],
            (ends->count - nearest) * sizeof *recent);
    ends->count--;
}

static bool is_recent(const struct recent_end *end, int64_t now_ms)
{
    assert(end->shrinks <= end->count);
    return end->at_ms + ENDS_WINDOW_MS > now_ms;
}

/* Only counts: a look that ends nobody leaves the state as it is. */
struct recent asg_count_recent(const struct group *group, int64_t now_ms)
{
    struct recent recent = {.changes_ms = INT64_MAX};
    for (size_t i = 0; i < group->ends.count; i++) {
        const struct recent_end *end = &group->ends.recent[i];
        if (!is_recent(end, now_ms)) continue;
        int64_t changes_ms = end->at_ms + ENDS_WINDOW_MS;
        if (changes_ms < recent.changes_ms) recent.changes_ms = changes_ms;
        if (end->size > recent.size) recent.size = end->size;
        recent.shrinks += end->shrinks;
        recent.broken += end->count - end->shrinks;
    }
    return recent;
}

static void forget_old_ends(struct group_ends *ends, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < ends->count; i++) {
        if (is_recent(&ends->recent[i], now_ms)) ends->recent[kept++] = ends->recent[i];
    }
    ends->count = kept;
}

static void push(struct asg_core *core, struct group_ends *ends, struct recent_end end)
{
    forget_old_ends(ends, core->now_ms);
    if (ends->count == ASG_RECENT_ENDS) merge_nearest_ends(ends);
    assert(ends->count < ASG_RECENT_ENDS);
    assert(ends->count == 0 ||
           ends->recent[ends->count - 1].at_ms <= core->now_ms); /* oldest first */
    end.at_ms = core->now_ms;
    ends->recent[ends->count++] = end;
}

void asg_ends_note(struct asg_core *core, struct group *group, enum asg_end_cause cause)
{
    assert(cause > ASG_END_NONE && cause < ASG_END_CAUSES);
    push(core, &group->ends,
         (struct recent_end){.count = 1, .shrinks = cause == ASG_END_SCALE_IN});
}

uint32_t asg_ends_members(const struct group *group)
{
    uint32_t paced = asg_count_ending_broken(group) + asg_count_ending_surplus(group);
    assert(paced <= asg_count_ending(group)); /* each for one reason */
    return asg_count_capacity(group) + paced;
}

void asg_ends_note_order(struct asg_core *core, struct group *group)
{
    struct group_ends *ends = &group->ends;
    uint32_t size = asg_ends_members(group);
    assert(ends->count <= ASG_RECENT_ENDS);
    struct recent_end *last = ends->count > 0 ? &ends->recent[ends->count - 1] : NULL;
    if (last == NULL || last->at_ms != core->now_ms) {
        push(core, ends, (struct recent_end){.size = size});
    } else if (last->size < size) {
        last->size = size;
    }
}

void asg_ends_take_back(struct group *group)
{
    struct group_ends *ends = &group->ends;
    assert(ends->count <= ASG_RECENT_ENDS);
    for (size_t i = ends->count; i > 0; i--) {
        struct recent_end *end = &ends->recent[i - 1];
        assert(end->shrinks <= end->count);
        if (end->count == end->shrinks) continue;
        end->count--;
        if (end->count > 0 || end->size > 0) return;
        memmove(end, end + 1, (ends->count - i) * sizeof *end);
        ends->count--;
        return;
    }
}
