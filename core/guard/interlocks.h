/* interlocks - what a group may do at once, whatever the policies want
 * (docs/rules.md, "Interlocks" has the limits and where they come from). */
#ifndef ASG_CORE_GUARD_INTERLOCKS_H
#define ASG_CORE_GUARD_INTERLOCKS_H

#include "core/world/world.h"

/* May anybody be chosen to end for that cause, as far as a halt or a suspended Terminate
 * goes? Why not is held and said. */
bool asg_guard_allows_choice(struct asg_core *core, struct group *group,
                             enum asg_end_cause cause);

/* How many of `wanted` may be terminated now for that cause; why no more is held and
 * said. ASG_END_USER and ASG_END_MARKED are orders: only a halt or a suspended Terminate
 * stops them. */
uint32_t asg_guard_allowed_ends(struct asg_core *core, struct group *group,
                                uint32_t wanted, enum asg_end_cause cause);

/* May the group launch at all now? How many is not asked here. */
bool asg_guard_allows_launch(struct asg_core *core, struct group *group);

/* Nothing is replaced for its health, or for its end by EC2: one of the processes that do
 * so is suspended, and the group is held for it. */
bool asg_guard_health_rests(struct asg_core *core, struct group *group, const char *what);

#endif
