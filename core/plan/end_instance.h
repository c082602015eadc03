/* end_instance - an instance is on its way out: it drains first if it can. */
#ifndef ASG_CORE_PLAN_END_INSTANCE_H
#define ASG_CORE_PLAN_END_INSTANCE_H

#include "core/world/world.h"

/* True: the group is in a dry run, so nothing is terminated; the first instance of a look
 * that would have been is named. */
bool asg_plan_end_is_dry(struct asg_core *core, struct group *group,
                         const struct instance *instance, const char *reason);

/* True: EC2 has refused to end it lately, since it is protected there, and it is too
 * early to ask again; the group's hold says so. */
bool asg_plan_end_is_kept(struct asg_core *core, struct group *group,
                          const struct instance *instance, enum asg_end_cause cause);

/* Begin to end it, unless its group is in a dry run, or EC2 has refused that a while ago;
 * an order that names it is passed on at once. */
void asg_plan_end(struct asg_core *core, struct group *group, struct instance *instance,
                  enum asg_end_cause cause, const char *reason);

#endif
