/* take_launch - how an attempt of a launch ended: one function for each end that
 * take_result.c tells apart. `group` is there. */
#ifndef ASG_CORE_TAKE_TAKE_LAUNCH_H
#define ASG_CORE_TAKE_TAKE_LAUNCH_H

#include "core/world/world.h"

void asg_launch_happened(struct asg_core *core, struct group *group, struct job *job,
                         const struct asg_result *result);

/* No room in that pool. */
void asg_launch_without_room(struct asg_core *core, struct group *group, struct job *job,
                             const struct asg_result *result);

/* It may have happened, or may happen yet. */
void asg_launch_in_doubt(struct asg_core *core, struct group *group, struct job *job,
                         const struct asg_result *result);

/* It happened and is over. */
void asg_launch_gone(struct asg_core *core, struct group *group, struct job *job,
                     const struct asg_result *result);

/* Nothing was done, and it is worth another try. */
void asg_launch_later(struct asg_core *core, struct group *group, struct job *job,
                      const struct asg_result *result);

/* Its deadline passed. */
void asg_launch_expired(struct asg_core *core, struct group *group, struct job *job,
                        const struct asg_result *result);

/* The account may have no more: asking again does not change that. */
void asg_launch_over_quota(struct asg_core *core, struct group *group, struct job *job,
                           const struct asg_result *result);

/* EC2 will not have it as it is. */
void asg_launch_refused(struct asg_core *core, struct group *group, struct job *job,
                        const struct asg_result *result);

#endif
