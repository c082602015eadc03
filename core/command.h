/* command - the orders, one function each. Inside core/ only. */
#ifndef ASG_CORE_COMMAND_H
#define ASG_CORE_COMMAND_H

#include "core/state.h"

/* NULL, and the order is refused, when there is no such group or it is being deleted. */
struct group *require_group(struct asg_core *core, const char *name);

void create_group(struct asg_core *core, const struct asg_command *command);
void update_group(struct asg_core *core, const struct asg_command *command);
void delete_group(struct asg_core *core, const struct asg_command *command);
void order_desired(struct asg_core *core, const struct asg_command *command);
void set_suspended(struct asg_core *core, const struct asg_command *command,
                   bool is_suspended);
void put_policy(struct asg_core *core, const struct asg_command *command);
void delete_policy(struct asg_core *core, const struct asg_command *command);
void execute_policy(struct asg_core *core, const struct asg_command *command);
void put_schedule(struct asg_core *core, const struct asg_command *command);
void delete_schedule(struct asg_core *core, const struct asg_command *command);

/* take_lead.c */
void take_lead(struct asg_core *core, const struct asg_command *command);

#endif
