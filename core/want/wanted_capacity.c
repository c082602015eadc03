#include "core/want/wanted_capacity.h"

#include <assert.h>

#include "core/world/standing.h"

bool asg_want_leaves_early(const struct group *group, const struct instance *instance)
{
    assert(instance->group == group);
    return group->config.capacity_rebalance && instance->notice.is_at_risk &&
           asg_instance_is_serving(instance) && !instance->health.is_unhealthy;
}

uint32_t asg_want_capacity(const struct group *group)
{
    uint32_t desired = group->config.desired;
    if (!group->config.capacity_rebalance) return desired; /* nobody leaves early */
    uint32_t room = group->config.max > desired ? group->config.max - desired : 0;
    uint32_t extra = 0;
    for (size_t i = 0; i < group->instance_count && extra < room; i++) {
        extra += asg_want_leaves_early(group, group->instances[i]) ? 1 : 0;
    }
    assert(desired + extra <= group->config.max);
    return desired + extra;
}
