/* wanted_launch - may a launch that is not made yet be asked for, still or again? */
#ifndef ASG_CORE_WANT_WANTED_LAUNCH_H
#define ASG_CORE_WANT_WANTED_LAUNCH_H

#include "core/world/world.h"

/* Why its request may not be sent now, "no longer wanted"; NULL: it may. Of those that
 * are too many the newest launches are wanted no more. */
const char *asg_want_no_launch(const struct asg_core *core, const struct group *group,
                               const struct job *job);

#endif
