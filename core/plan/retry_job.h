/* retry_job - a job once more, at once or after a pause; or never again. */
#ifndef ASG_CORE_PLAN_RETRY_JOB_H
#define ASG_CORE_PLAN_RETRY_JOB_H

#include "core/world/world.h"

/* After a pause that doubles from try to try. */
void asg_plan_retry_later(struct asg_core *core, struct job *job);

/* The same attempt once more, now, with its client token. */
void asg_plan_again(struct asg_core *core, struct job *job);

/* No more: a launch of which no request can have any effect. Its slots are free. */
void asg_plan_abandon(struct asg_core *core, struct group *group, struct job *job,
                      const char *why);

#endif
