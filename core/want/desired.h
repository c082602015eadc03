/* desired - a group's desired capacity, and the cooldown of simple scaling. */
#ifndef ASG_CORE_WANT_DESIRED_H
#define ASG_CORE_WANT_DESIRED_H

#include "core/facts/world.h"

void set_desired(struct asg_core *core, struct group *group, uint32_t desired);

bool is_cooling(const struct asg_core *core, const struct group *group);

/* Simple scaling acted: no more of it until this is done and the cooldown is over. */
void begin_cooldown(struct asg_core *core, struct group *group,
                    const struct asg_policy_config *config);

/* It begins when the last instance is in service or has drained. */
void settle_cooldown(struct asg_core *core, struct group *group);

#endif
