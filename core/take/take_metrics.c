#include "core/take/take_metrics.h"

#include <assert.h>

#include "core/world/state.h"
#include "core/want/scale_group.h"

void asg_take_metrics(struct asg_core *core, const struct asg_metrics *metrics)
{
    size_t at = 0;
    while (at < metrics->group_count) {
        size_t end = at + 1;
        uint32_t no = metrics->groups[at].group_no;
        while (end < metrics->group_count && metrics->groups[end].group_no == no) {
            end++;
        }
        struct group *group = asg_group_of_no(core, no);
        assert(group == NULL || group->no == no);
        /* Numbers counted under another membership are of another set of instances. */
        if (group != NULL && metrics->groups[at].revision == group->windows.revision) {
            asg_want_scale_group(core, group, &metrics->groups[at], end - at);
        }
        at = end;
    }
}
