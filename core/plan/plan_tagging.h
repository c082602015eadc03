/* plan_tagging - jobs that put our tags on an instance that is attached, and that take
 * them off one that is detached: one for each instance, so that none fails for another.
 */
#ifndef ASG_CORE_PLAN_PLAN_TAGGING_H
#define ASG_CORE_PLAN_PLAN_TAGGING_H

#include "core/world/world.h"

/* The group's tags besides ours, as on what it launches. */
struct job *asg_plan_tag(struct asg_core *core, struct group *group, const char *id);

/* `group` may be NULL: it is gone. */
void asg_plan_untag(struct asg_core *core, struct group *group, const char *id);

#endif
