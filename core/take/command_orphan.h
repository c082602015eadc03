/* command_orphan - orders that settle what no group has: it joins the group of its tag,
 * or is terminated. */
#ifndef ASG_CORE_TAKE_COMMAND_ORPHAN_H
#define ASG_CORE_TAKE_COMMAND_ORPHAN_H

#include "core/world/world.h"

void asg_order_adopt_instances(struct asg_core *core, const struct asg_command *command);
void asg_order_end_orphans(struct asg_core *core, const struct asg_command *command);

#endif
