/* choose_ends - the candidates of a group that shrinks, and who of them goes. */
#ifndef ASG_CORE_CHOOSE_CHOOSE_ENDS_H
#define ASG_CORE_CHOOSE_CHOOSE_ENDS_H

#include "core/world/world.h"

/* Choose up to `count`: in ret_order their places among the group's instances. Returns
 * how many could be chosen. */
size_t asg_choose_ends(struct asg_core *core, struct group *group, size_t count,
                       size_t *ret_order);

#endif
