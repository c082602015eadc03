/* tell_members - whom the windows watch and count. */
#ifndef ASG_CORE_TELL_TELL_MEMBERS_H
#define ASG_CORE_TELL_TELL_MEMBERS_H

#include "core/world/world.h"

/* What changed for the windows since they were told last. */
void asg_tell_members(struct asg_core *core, struct group *group);

#endif
