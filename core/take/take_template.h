/* take_template - how an attempt ended to create a launch template, or to ask for its
 * number. */
#ifndef ASG_CORE_TAKE_TAKE_TEMPLATE_H
#define ASG_CORE_TAKE_TAKE_TEMPLATE_H

#include "core/world/world.h"

void asg_template_made(struct asg_core *core, struct group *group, struct job *job,
                       const struct asg_result *result);

void asg_template_later(struct asg_core *core, struct group *group, struct job *job,
                        const struct asg_result *result);

void asg_template_refused(struct asg_core *core, struct group *group, struct job *job,
                          const struct asg_result *result);

/* `group` is NULL when it is gone. */
void asg_resolve_answered(struct asg_core *core, struct group *group, struct job *job,
                          const struct asg_result *result);

void asg_resolve_later(struct asg_core *core, struct group *group, struct job *job,
                       const struct asg_result *result);

void asg_resolve_refused(struct asg_core *core, struct group *group, struct job *job,
                         const struct asg_result *result);

#endif
