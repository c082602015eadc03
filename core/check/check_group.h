/* check_group - whether a group agrees with itself, its policies and its schedules, and
 * with what follows from its instances. */
#ifndef ASG_CORE_CHECK_CHECK_GROUP_H
#define ASG_CORE_CHECK_CHECK_GROUP_H

#include "core/world/world.h"

/* What is wrong, in words that follow its name; NULL: nothing. */
const char *asg_check_group(const struct asg_core *core, const struct group *group);

#endif
