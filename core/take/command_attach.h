/* command_attach - instances that run already join a group, and some leave one and run on
 * (docs/rules.md, "Attach and detach"). */
#ifndef ASG_CORE_TAKE_COMMAND_ATTACH_H
#define ASG_CORE_TAKE_COMMAND_ATTACH_H

#include "core/world/world.h"

void asg_order_attach(struct asg_core *core, const struct asg_command *command);
void asg_order_detach(struct asg_core *core, const struct asg_command *command);

/* An operator sends this dead letter again: its instance may still have our tags. */
void asg_order_untag_again(struct asg_core *core, const struct job *job);

#endif
