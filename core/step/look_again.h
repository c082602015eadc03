/* look_again - when a group has to be looked at again, though nothing happens to it.
 *
 * Whoever decides "not yet" says until when. A group's deadline is the earliest of what
 * was said in the last look at it: so no list of deadlines repeats their conditions. */
#ifndef ASG_CORE_STEP_LOOK_AGAIN_H
#define ASG_CORE_STEP_LOOK_AGAIN_H

#include "core/world/world.h"

/* A look at a group begins: nothing is said yet. */
void asg_look_begin(struct asg_core *core);

/* At `at_ms`, which is later than now, the group that is looked at may decide otherwise.
 * INT64_MAX: never. Between two looks, while an event is taken, nobody hears it. */
void asg_look_again(struct asg_core *core, int64_t at_ms);

/* The look is over: its group gets its TICK at the earliest moment that was said. */
void asg_look_end(struct asg_core *core, struct group *group);

#endif
