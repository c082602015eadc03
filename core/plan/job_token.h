/* job_token - the client token of a job. */
#ifndef ASG_CORE_PLAN_JOB_TOKEN_H
#define ASG_CORE_PLAN_JOB_TOKEN_H

#include "core/facts/world.h"

/* Same job and attempt, same token, for ever (docs/decisions/0002-core-state.md). */
void set_token(struct asg_core *core, struct job *job);

#endif
