/* job_token - the client token of a job. */
#ifndef ASG_CORE_PLAN_JOB_TOKEN_H
#define ASG_CORE_PLAN_JOB_TOKEN_H

#include "core/world/world.h"

/* Of a new attempt. It keeps its token for ever, and no other attempt has the same: not
 * in this log, nor in one that this log is an old copy of
 * (docs/decisions/0002-core-state.md). */
void asg_plan_token(struct asg_core *core, struct job *job);

#endif
