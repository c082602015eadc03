/* command_configuration - launch configurations: made and deleted, never changed. */
#ifndef ASG_CORE_TAKE_COMMAND_CONFIGURATION_H
#define ASG_CORE_TAKE_COMMAND_CONFIGURATION_H

#include "core/world/world.h"

void asg_order_put_configuration(struct asg_core *core,
                                 const struct asg_command *command);

void asg_order_delete_configuration(struct asg_core *core,
                                    const struct asg_command *command);

#endif
