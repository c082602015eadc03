/* plan_fleets - launches of a mixed group: how many in which market, and in which
 * subnets.
 *
 * Which of the types they become is EC2's choice by the allocation strategies; a fleet
 * names one subnet, so that zones stay level and the client token is good for one zone
 * (docs/rules.md, "Client tokens"). What a fleet did not get is planned anew, by a job of
 * its own. */
#ifndef ASG_CORE_PLAN_PLAN_FLEETS_H
#define ASG_CORE_PLAN_PLAN_FLEETS_H

#include "core/world/world.h"

void asg_plan_fleets(struct asg_core *core, struct group *group, uint32_t count);

#endif
