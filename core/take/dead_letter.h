/* dead_letter - a job that failed for good: it waits for an operator. */
#ifndef ASG_CORE_TAKE_DEAD_LETTER_H
#define ASG_CORE_TAKE_DEAD_LETTER_H

#include "core/world/world.h"

/* It keeps its history, marks its group (NULL: it is of none) and raises an alarm. */
void asg_job_bury(struct asg_core *core, struct group *group, struct job *job,
                  const struct asg_result *result);

#endif
