/* command_standby - instances are put aside and taken back (docs/rules.md, "Standby"). */
#ifndef ASG_CORE_TAKE_COMMAND_STANDBY_H
#define ASG_CORE_TAKE_COMMAND_STANDBY_H

#include "core/world/world.h"

void asg_order_enter_standby(struct asg_core *core, const struct asg_command *command);
void asg_order_exit_standby(struct asg_core *core, const struct asg_command *command);

#endif
