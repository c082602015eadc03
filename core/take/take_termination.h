/* take_termination - how an attempt to terminate ended; `group` is NULL for orphans. */
#ifndef ASG_CORE_TAKE_TAKE_TERMINATION_H
#define ASG_CORE_TAKE_TAKE_TERMINATION_H

#include "core/world/world.h"

/* EC2 has said of each instance what becomes of it. */
void asg_end_settled(struct asg_core *core, struct group *group, struct job *job,
                     const struct asg_result *result);

/* To be repeated, for as long as it takes: ending twice harms nobody. */
void asg_end_later(struct asg_core *core, struct group *group, struct job *job,
                   const struct asg_result *result);

/* A dead letter. */
void asg_end_refused(struct asg_core *core, struct group *group, struct job *job,
                     const struct asg_result *result);

#endif
