/* command_policy - policies and scheduled actions: put, delete, execute. */
#ifndef ASG_CORE_TAKE_COMMAND_POLICY_H
#define ASG_CORE_TAKE_COMMAND_POLICY_H

#include "core/world/world.h"

void asg_order_put_policy(struct asg_core *core, const struct asg_command *command);

void asg_order_delete_policy(struct asg_core *core, const struct asg_command *command);

void asg_order_execute_policy(struct asg_core *core, const struct asg_command *command);

void asg_order_put_schedule(struct asg_core *core, const struct asg_command *command);

void asg_order_delete_schedule(struct asg_core *core, const struct asg_command *command);

#endif
