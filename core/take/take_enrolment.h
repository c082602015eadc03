/* take_enrolment - an agent's keys are bound to its instance, once (docs/rules.md,
 * "Enrolment"); an operator has them forgotten. */
#ifndef ASG_CORE_TAKE_TAKE_ENROLMENT_H
#define ASG_CORE_TAKE_TAKE_ENROLMENT_H

#include "core/world/world.h"

void asg_take_enrolment(struct asg_core *core, const struct asg_enrolment *enrolment);

/* What would be answered; true: and something would change. */
bool asg_take_weigh_enrolment(const struct asg_core *core,
                              const struct asg_enrolment *enrolment,
                              struct asg_arena *arena, struct asg_reply *ret);

void asg_order_rebind(struct asg_core *core, const struct asg_command *command);

#endif
