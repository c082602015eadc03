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
    if (x->until_ms != y->until_ms) return x->until_ms < y->until_ms ? -1 : 1;
    return strcmp(x->text, y->text);
}

void asg_root_holds(const struct asg_root *root, const struct asg_page *page,
                    int64_t now_ms, struct asg_arena *arena, struct asg_hold **ret,
                    size_t *ret_count)
{
    const struct asg_group_view *group = &page->sheet->content.group;
    struct asg_hold *holds =
        asg_arena_take(arena, (group->hold_count + 1) * sizeof *holds);
    size_t count = 0;
    if (asg_root_cluster(root)->status.is_halted) {
        holds[count++] = (struct asg_hold){
            .reason = ASG_HOLD_HALTED,
            .policy = "",
            .text = "all groups are halted by an operator: nothing is launched or "
                    "terminated",
        };
    }
    for (size_t i = 0; i < group->hold_count; i++) {
        const struct asg_hold *hold = &group->holds[i];
        if (hold->until_ms != 0 && hold->until_ms <= now_ms) continue; /* it is over */
        holds[count++] = *hold;
    }
    assert(count <= group->hold_count + 1);
    qsort(holds, count, sizeof *holds, by_importance);
    *ret = holds;
    *ret_count = count;
}
