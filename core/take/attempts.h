/* attempts - how a job's attempts ended, for its history and in words. */
#ifndef ASG_CORE_TAKE_ATTEMPTS_H
#define ASG_CORE_TAKE_ATTEMPTS_H

#include "core/world/world.h"

const char *asg_attempt_say_error(struct asg_core *core, const struct asg_result *result);

void asg_attempt_note(struct asg_core *core, struct job *job,
                      const struct asg_result *result);

#endif
