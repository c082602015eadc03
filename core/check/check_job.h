/* check_job - whether a job agrees with itself and with the instances it is for. */
#ifndef ASG_CORE_CHECK_CHECK_JOB_H
#define ASG_CORE_CHECK_CHECK_JOB_H

#include "core/world/world.h"

/* What is wrong, in words that follow its name; NULL: nothing. */
const char *asg_check_job(const struct asg_core *core, const struct job *job);

#endif
