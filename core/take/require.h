/* require - what an order names must be there. */
#ifndef ASG_CORE_TAKE_REQUIRE_H
#define ASG_CORE_TAKE_REQUIRE_H

#include "core/world/world.h"

/* NULL, and the order is refused, when there is no such group or it is being deleted. */
struct group *asg_take_require_group(struct asg_core *core, const char *name);

#endif
