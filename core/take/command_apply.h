/* command_apply - one order of several groups, their policies and scheduled actions: all
 * of it is checked against what the groups will be, then all of it is done, or nothing
 * (docs/rules.md, "Several groups at the same time"). */
#ifndef ASG_CORE_TAKE_COMMAND_APPLY_H
#define ASG_CORE_TAKE_COMMAND_APPLY_H

#include "core/world/world.h"

void asg_order_apply(struct asg_core *core, const struct asg_command *command);

/* What it would be answered now; nothing is changed. In `arena`. */
void asg_apply_try(const struct asg_core *core, const struct asg_apply *apply,
                   struct asg_arena *arena, struct asg_reply *ret);

/* Something of that group is to be changed. */
bool asg_apply_changes(const struct asg_apply_group *order);

#endif
