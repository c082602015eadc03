/* markets - on demand and Spot: the share of each. */
#ifndef ASG_CORE_CHOOSE_MARKETS_H
#define ASG_CORE_CHOOSE_MARKETS_H

#include "core/world/world.h"

/* How many of `capacity` are on demand (docs/rules.md, "Mixed instances"). */
uint32_t asg_choose_on_demand_share(const struct asg_mixed *mixed, uint32_t capacity);

uint32_t asg_choose_count_market(const struct group *group, bool is_spot);

#endif
