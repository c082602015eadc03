/* retry_job - a job once more, at once or after a pause. */
#ifndef ASG_CORE_PLAN_RETRY_JOB_H
#define ASG_CORE_PLAN_RETRY_JOB_H

#include "core/facts/world.h"

void retry_later(struct asg_core *core, struct job *job);

void replan_job(struct asg_core *core, struct job *job);

#endif
