/* plan_instances - launches of a group of one market: one subnet and type each. */
#ifndef ASG_CORE_PLAN_PLAN_INSTANCES_H
#define ASG_CORE_PLAN_PLAN_INSTANCES_H

#include "core/world/world.h"

/* Launch `count` more, spread over the subnets that have room. */
void asg_plan_instances(struct asg_core *core, struct group *group, uint32_t count);

/* The same job in another pool: other parameters, hence another attempt. */
void asg_plan_next_attempt(struct asg_core *core, struct job *job);

#endif
