/* end_instance - an instance is on its way out: it drains first if it can. */
#ifndef ASG_CORE_PLAN_END_INSTANCE_H
#define ASG_CORE_PLAN_END_INSTANCE_H

#include "core/facts/world.h"

void asg_plan_end(struct asg_core *core, struct group *group, struct instance *instance,
                  enum asg_end_cause cause, const char *reason);

#endif
