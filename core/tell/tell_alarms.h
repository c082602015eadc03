/* tell_alarms - alarms that are about an instance are over when it is gone. */
#ifndef ASG_CORE_TELL_TELL_ALARMS_H
#define ASG_CORE_TELL_TELL_ALARMS_H

#include "core/world/world.h"

/* Before those that are over are dropped. */
void asg_tell_alarms_over(struct asg_core *core, struct group *group);

#endif
