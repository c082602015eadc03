/* tell_members - whom the windows watch and count. */
#ifndef ASG_CORE_TELL_TELL_MEMBERS_H
#define ASG_CORE_TELL_TELL_MEMBERS_H

#include "core/world/world.h"

/* What changed for the windows since they were told last. */
void asg_tell_members(struct asg_core *core, struct group *group);

/* What an instance's agent may do has changed, and nothing of its group as a rule: then
 * the group is not looked through, for a whole fleet enrols one by one. */
void asg_tell_member_again(struct asg_core *core, struct instance *instance);

#endif
