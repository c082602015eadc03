/* member - an instance as the windows, the prober and the agents' edge know it. */
#ifndef ASG_CORE_WORLD_MEMBER_H
#define ASG_CORE_WORLD_MEMBER_H

#include "core/world/group.h"
#include "model/effects.h"

/* Its texts live in `arena`. One that is gone has no keys. */
struct asg_member asg_member_of(const struct instance *instance,
                                enum asg_member_state state, struct asg_arena *arena);

#endif
