/* attempts - how a job's attempts ended, for its history and in words. */
#ifndef ASG_CORE_TAKE_ATTEMPTS_H
#define ASG_CORE_TAKE_ATTEMPTS_H

#include "core/world/world.h"

/* "capacity, InsufficientInstanceCapacity: ..."; lives as long as the step's effects. */
const char *asg_attempt_say_error(struct asg_core *core, const struct asg_result *result);

/* What EC2 says is wanting, in its own words, as activities tell it; "": nothing is. */
const char *asg_attempt_say_want(struct asg_core *core, const struct job *job,
                                 const struct asg_result *result);

/* Add it to the job's history, which keeps the last ASG_JOB_ATTEMPTS_KEPT. */
void asg_attempt_note(struct asg_core *core, struct job *job,
                      const struct asg_result *result);

#endif
