/* take_command - orders: to the cluster, to instances, to jobs. Those that shape a group
 * are in command_group.c. A refused order changes nothing and says why. */
#ifndef ASG_CORE_TAKE_TAKE_COMMAND_H
#define ASG_CORE_TAKE_TAKE_COMMAND_H

#include "core/world/world.h"

void asg_take_command(struct asg_core *core, const struct asg_command *command);

#endif
