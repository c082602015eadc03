/* launch_job - what every launch says, and when none can be planned. */
#ifndef ASG_CORE_PLAN_LAUNCH_JOB_H
#define ASG_CORE_PLAN_LAUNCH_JOB_H

#include "core/world/world.h"

/* Give the job a copy of `launch`, in the job's arena, with what every launch says
 * whatever it buys: template, tags, parameters. */
void asg_plan_fill_launch(struct asg_core *core, struct group *group, struct job *job,
                          const struct asg_launch *launch);

/* Every pool is dry: the group's launches wait half a minute, and it says that `what`
 * waits. */
void asg_plan_wait_for_pools(struct asg_core *core, struct group *group,
                             const char *what);

#endif
