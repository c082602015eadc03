/* choose_pool - which type and subnet the next launch goes to. */
#ifndef ASG_CORE_CHOOSE_CHOOSE_POOL_H
#define ASG_CORE_CHOOSE_CHOOSE_POOL_H

#include "core/world/world.h"

/* The first type by priority that has an open subnet, and the emptiest such subnet.
 * False: every pool is dry. */
bool asg_choose_pool(struct asg_core *core, struct group *group, const char **ret_type,
                     const struct asg_subnet **ret_subnet);

/* How full a subnet is: by its zone first. */
uint32_t asg_choose_weight(const struct group *group, const char *subnet_id,
                           const char *zone);

/* Weight of a subnet that one more instance goes to, and of those in its zone. */
void asg_choose_add_weight(const struct group *group, size_t subnet, uint32_t *weights);

#endif
