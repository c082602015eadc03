/* refusal - what a check has found wrong with an order, in a code and in words. Checks
 * change nothing: they are also asked what would be answered (asg_core_try_order). */
#ifndef ASG_CORE_TAKE_REFUSAL_H
#define ASG_CORE_TAKE_REFUSAL_H

#include "core/world/world.h"

/* *ret says no, in words that live in `arena`. Always false, for a check to return. */
bool asg_take_say_no(struct asg_arena *arena, struct asg_reply *ret, const char *code,
                     const char *format, ...) ASG_PRINTF(4, 5);

/* `count` of something that an order adds to. `limit`: a setting of the edge, 0: none;
 * `bound`: core's own. */
bool asg_take_may_be_so_many(struct asg_arena *arena, struct asg_reply *ret, size_t count,
                             uint32_t limit, uint32_t bound, const char *what);

/* The order of this step is refused, as a check has said. */
void asg_take_refuse(struct asg_core *core, const struct asg_reply *said);

#endif
