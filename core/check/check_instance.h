/* check_instance - whether an instance agrees with itself, its group and its jobs. */
#ifndef ASG_CORE_CHECK_CHECK_INSTANCE_H
#define ASG_CORE_CHECK_CHECK_INSTANCE_H

#include "core/world/world.h"

/* What is wrong, in words that follow its name; NULL: nothing. */
const char *asg_check_instance(const struct asg_core *core, const struct group *group,
                               const struct instance *instance);

#endif
