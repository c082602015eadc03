/* take_lead - a controller begins to lead: what time alone would have decided while
 * nobody watched is not held against anybody (docs/reliability.md, "After an absence").
 *
 * All of it follows from two times in the log: of the last event before, and of the
 * order to lead. */
#ifndef ASG_CORE_TAKE_TAKE_LEAD_H
#define ASG_CORE_TAKE_TAKE_LEAD_H

#include "core/world/world.h"

void asg_take_lead(struct asg_core *core, const struct asg_command *command);

#endif
