/* take_health - signs of agents and probes; what they mean is judged when their groups
 * are settled (judge_health.h). */
#ifndef ASG_CORE_TAKE_TAKE_HEALTH_H
#define ASG_CORE_TAKE_TAKE_HEALTH_H

#include "core/world/world.h"

void asg_take_health(struct asg_core *core, const struct asg_health *health);

#endif
