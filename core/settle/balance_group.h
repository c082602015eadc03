/* balance_group - desired against actual: what is missing is launched, what is too much
 * goes, what is broken is replaced. Runs after every event that touched a group. */
#ifndef ASG_CORE_SETTLE_BALANCE_GROUP_H
#define ASG_CORE_SETTLE_BALANCE_GROUP_H

#include "core/world/world.h"

/* One look at it: what it may do now it does; what must wait says until when. */
void asg_settle_group(struct asg_core *core, struct group *group);

#endif
