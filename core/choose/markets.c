#include "core/choose/markets.h"

#include <assert.h>

#include "core/world/standing.h"

/* Base first, then the share of the rest, rounded up in favour of on demand. */
uint32_t asg_choose_on_demand_share(const struct asg_mixed *mixed, uint32_t capacity)
{
    assert(mixed->on_demand_percent <= 100);
    if (capacity <= mixed->on_demand_base) return capacity;
    uint64_t above = capacity - mixed->on_demand_base;
    return mixed->on_demand_base +
           (uint32_t)((above * mixed->on_demand_percent + 99) / 100);
}

uint32_t asg_choose_count_market(const struct group *group, bool is_spot)
{
    assert(group->config.mixed != NULL);
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        count += asg_instance_counts(instance) && instance->is_spot == is_spot;
    }
    return count;
}
