/* require - what an order names must be there. */
#ifndef ASG_CORE_TAKE_REQUIRE_H
#define ASG_CORE_TAKE_REQUIRE_H

#include "core/world/world.h"

/* NULL, and the order is refused, when there is no such group or it is being deleted. */
struct group *asg_take_require_group(struct asg_core *core, const char *name);

/* False, and the order is refused: with it there would be `count` of them, more than the
 * order's own limit or core's bound. */
bool asg_take_is_within(struct asg_core *core, const struct asg_command *command,
                        size_t count, uint32_t bound, const char *what);

/* False, and the order is refused: it honours the cooldown, and that is on. */
bool asg_take_honors_cooldown(struct asg_core *core, const struct group *group,
                              const struct asg_command *command);

/* NULL, and the order is refused, when no group has it. */
struct instance *asg_take_require_instance(struct asg_core *core, const char *id,
                                           struct group **ret_group);

/* The order is refused: the instance of that id is none of the group's. */
void asg_take_refuse_foreign(struct asg_core *core, const char *id, const char *group);

#endif
