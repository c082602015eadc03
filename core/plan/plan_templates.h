/* plan_templates - jobs that create a launch template, or ask EC2 for the number of its
 * version. */
#ifndef ASG_CORE_PLAN_PLAN_TEMPLATES_H
#define ASG_CORE_PLAN_PLAN_TEMPLATES_H

#include "core/world/world.h"

void asg_plan_resolve(struct asg_core *core, struct group *group);

struct job *asg_plan_template(struct asg_core *core,
                              const struct asg_template_config *config,
                              const struct template *known);

#endif
