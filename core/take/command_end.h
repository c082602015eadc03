/* command_end - TerminateInstanceInAutoScalingGroup: an order ends the instances that it
 * names. */
#ifndef ASG_CORE_TAKE_COMMAND_END_H
#define ASG_CORE_TAKE_COMMAND_END_H

#include "core/world/world.h"

void asg_order_end_instances(struct asg_core *core, const struct asg_command *command);

#endif
