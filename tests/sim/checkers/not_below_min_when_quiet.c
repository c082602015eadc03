/* not_below_min_when_quiet - some time after the last fault every group has at least its
 * min in service. */
#include "sim/sim.h"

const char *law_not_below_min(void)
{
    static char text[120];
    for (uint32_t i = 0; i < our->group_count; i++) {
        const struct sim_group *group = &our->groups[i];
        if (!group->exists || group->is_deleting) continue;
        if (group->serving >= group->min) continue;
        (void)snprintf(text, sizeof text, "%s has %u in service, min is %u", group->name,
                       group->serving, group->min);
        return text;
    }
    return NULL;
}
