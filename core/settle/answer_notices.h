/* answer_notices - those that EC2 takes back go now; those at risk when they are
 * replaced. */
#ifndef ASG_CORE_SETTLE_ANSWER_NOTICES_H
#define ASG_CORE_SETTLE_ANSWER_NOTICES_H

#include "core/world/world.h"

/* Those EC2 takes back go now. */
void asg_settle_taken_back(struct asg_core *core, struct group *group);

/* Those at risk whose replacement serves go. */
void asg_settle_replaced(struct asg_core *core, struct group *group);

#endif
