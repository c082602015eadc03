/* command_policy - policies and scheduled actions: put, delete, execute. */
#ifndef ASG_CORE_TAKE_COMMAND_POLICY_H
#define ASG_CORE_TAKE_COMMAND_POLICY_H

#include "core/facts/world.h"

void put_policy(struct asg_core *core, const struct asg_command *command);

void delete_policy(struct asg_core *core, const struct asg_command *command);

void execute_policy(struct asg_core *core, const struct asg_command *command);

void put_schedule(struct asg_core *core, const struct asg_command *command);

void delete_schedule(struct asg_core *core, const struct asg_command *command);

#endif
