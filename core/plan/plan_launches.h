/* plan_launches - a group grows: instances of one market, or fleets. */
#ifndef ASG_CORE_PLAN_PLAN_LAUNCHES_H
#define ASG_CORE_PLAN_PLAN_LAUNCHES_H

#include "core/world/world.h"

void asg_plan_launches(struct asg_core *core, struct group *group, uint32_t count);

#endif
