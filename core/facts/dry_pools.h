/* dry_pools - pools that EC2 had no capacity in lately. */
#ifndef ASG_CORE_FACTS_DRY_POOLS_H
#define ASG_CORE_FACTS_DRY_POOLS_H

#include "core/facts/world.h"

bool asg_pool_is_dry(const struct asg_core *core, const struct group *group,
                     const char *type, const char *zone, bool is_spot);

void asg_pool_mark_dry(struct asg_core *core, struct group *group, const char *type,
                       const char *zone, bool is_spot);

#endif
