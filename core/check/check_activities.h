/* check_activities - whether what is under way is told by exactly one open activity. */
#ifndef ASG_CORE_CHECK_CHECK_ACTIVITIES_H
#define ASG_CORE_CHECK_CHECK_ACTIVITIES_H

#include "core/world/world.h"

/* What is wrong, in words that follow its name; NULL: nothing. */
const char *asg_check_activity(const struct asg_core *core,
                               const struct instance *instance);

/* The same of those that wait in a group for another try, and of its numbers. */
const char *asg_check_waiting(const struct asg_core *core, const struct group *group);

#endif
