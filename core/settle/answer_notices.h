/* answer_notices - what a group does about EC2's notices (docs/rules.md, "EC2's
 * notices"). */
#ifndef ASG_CORE_SETTLE_ANSWER_NOTICES_H
#define ASG_CORE_SETTLE_ANSWER_NOTICES_H

#include "core/world/world.h"

/* Spot interruptions: terminate those that EC2 reclaims now, whatever the allowances. */
void asg_settle_taken_back(struct asg_core *core, struct group *group);

/* Rebalance recommendations: terminate those whose replacement is in service, within the
 * allowance of health. */
void asg_settle_replaced(struct asg_core *core, struct group *group);

#endif
