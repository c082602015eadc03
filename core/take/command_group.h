/* command_group - creating, changing and deleting groups (docs/rules.md, "Changing a
 * group"). */
#ifndef ASG_CORE_TAKE_COMMAND_GROUP_H
#define ASG_CORE_TAKE_COMMAND_GROUP_H

#include "core/world/world.h"

void asg_order_create_group(struct asg_core *core, const struct asg_command *command);

void asg_order_update_group(struct asg_core *core, const struct asg_command *command);

void asg_order_delete_group(struct asg_core *core, const struct asg_command *command);

void asg_order_desired(struct asg_core *core, const struct asg_command *command);

void asg_order_suspend(struct asg_core *core, const struct asg_command *command,
                       bool is_suspended);

#endif
