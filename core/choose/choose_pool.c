#include "core/choose/choose_pool.h"

#include <assert.h>
#include <string.h>

#include "core/world/standing.h"
#include "core/limits/dry_pools.h"

#define ZONE_WEIGHT 1000 /* balance is over zones first, then over their subnets */

uint32_t asg_choose_weight(const struct group *group, const char *subnet_id,
                           const char *zone)
{
    assert(subnet_id != NULL && zone != NULL);
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        if (!asg_instance_counts(instance)) continue;
        if (strcmp(instance->zone, zone) == 0) count += ZONE_WEIGHT;
        if (strcmp(instance->subnet_id, subnet_id) == 0) count++;
    }
    return count;
}

bool asg_choose_pool(struct asg_core *core, struct group *group, const char **ret_type,
                     const struct asg_subnet **ret_subnet)
{
    assert(group->config.subnet_count > 0);
    for (size_t t = 0; t < asg_group_type_count(group); t++) {
        const char *type = asg_group_type_at(group, t);
        const struct asg_subnet *best = NULL;
        uint32_t least = UINT32_MAX;
        for (size_t i = 0; i < group->config.subnet_count; i++) {
            const struct asg_subnet *subnet = &group->config.subnets[i];
            if (asg_pool_is_dry(core, group, type, subnet, false)) continue;
            uint32_t count = asg_choose_weight(group, subnet->subnet_id, subnet->zone);
            if (count >= least) continue;
            least = count;
            best = subnet;
        }
        if (best == NULL) continue;
        assert(least < UINT32_MAX && type != NULL);
        *ret_type = type;
        *ret_subnet = best;
        return true;
    }
    return false;
}

void asg_choose_add_weight(const struct group *group, size_t subnet, uint32_t *weights)
{
    assert(subnet < group->config.subnet_count);
    assert(weights[subnet] != UINT32_MAX); /* it is open */
    for (size_t i = 0; i < group->config.subnet_count; i++) {
        bool is_same_zone = strcmp(group->config.subnets[i].zone,
                                   group->config.subnets[subnet].zone) == 0;
        if (weights[i] != UINT32_MAX && is_same_zone) weights[i] += ZONE_WEIGHT;
    }
    weights[subnet]++;
}
