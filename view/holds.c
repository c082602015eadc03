/* holds - why a group does nothing, as a reader sees it at a moment. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "view/view.h"

static int by_importance(const void *a, const void *b)
{
    const struct asg_hold *x = a;
    const struct asg_hold *y = b;
    if (x->reason != y->reason) return x->reason < y->reason ? -1 : 1;
    bool is_known_x = x->until_ms != 0;
    bool is_known_y = y->until_ms != 0;
    if (is_known_x != is_known_y) return is_known_x ? -1 : 1;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    if (x->until_ms != y->until_ms) return x->until_ms < y->until_ms ? -1 : 1;
    return strcmp(x->text, y->text);
}

struct holds {
    struct asg_hold *items;
    size_t count;
};

static void push(struct holds *holds, enum asg_hold_reason reason, uint32_t count,
                 const char *text)
{
    holds->items[holds->count++] =
        (struct asg_hold){.reason = reason, .count = count, .policy = "", .text = text};
}

/* What waits for somebody who calls EC2: a look at a template, or the first listing. */
static bool is_looking_up(const struct asg_group_view *group)
{
    bool is = false;
    for (size_t i = 0; i < group->hold_count; i++) {
        const struct asg_hold *hold = &group->holds[i];
        bool is_listing = hold->reason == ASG_HOLD_STARTING && hold->until_ms == 0;
        is = is || is_listing || hold->reason == ASG_HOLD_TEMPLATE_UNKNOWN;
    }
    return is;
}

#define OF_ALL_MAX 4 /* that hold all groups alike */

/* Core knows nothing of them. */
static void hold_beside(const struct asg_root *root, const struct asg_page *page,
                        struct holds *holds)
{
    const struct asg_beside beside = asg_root_beside(root);
    uint32_t launching = page->counts.requested;
    uint32_t waiting = launching + page->counts.terminating;
    bool waits = waiting > 0 || is_looking_up(&page->sheet->content.group);
    if (beside.is_known && beside.workers == 0 && waits) {
        push(holds, ASG_HOLD_NO_WORKERS, waiting,
             "no worker can call EC2: see `openasg worker list`");
        return;
    }
    if (beside.are_launches_out && launching > 0) {
        push(holds, ASG_HOLD_RATE_BUDGET, launching,
             "launch waits: EC2's request rate is used up");
    }
    if (beside.are_ends_out && page->counts.terminating > 0) {
        push(holds, ASG_HOLD_RATE_BUDGET, page->counts.terminating,
             "termination waits: EC2's request rate is used up");
    }
}

void asg_root_holds(const struct asg_root *root, const struct asg_page *page,
                    int64_t now_ms, struct asg_arena *arena, struct asg_hold **ret,
                    size_t *ret_count)
{
    const struct asg_group_view *group = &page->sheet->content.group;
    struct holds holds = {.items =
                              asg_arena_take(arena, (group->hold_count + OF_ALL_MAX) *
                                                        sizeof *holds.items)};
    const struct asg_status_view *cluster = &asg_root_cluster(root)->status;
    if (cluster->is_halted) {
        push(&holds, ASG_HOLD_HALTED, 0,
             "all groups are halted by an operator: nothing is launched or terminated");
    }
    if (cluster->held[0] != '\0') push(&holds, ASG_HOLD_LOG_BEHIND, 0, cluster->held);
    hold_beside(root, page, &holds);
    for (size_t i = 0; i < group->hold_count; i++) {
        const struct asg_hold *hold = &group->holds[i];
        if (hold->until_ms != 0 && hold->until_ms <= now_ms) continue; /* it is over */
        holds.items[holds.count++] = *hold;
    }
    assert(holds.count <= group->hold_count + OF_ALL_MAX);
    qsort(holds.items, holds.count, sizeof *holds.items, by_importance);
    *ret = holds.items;
    *ret_count = holds.count;
}
