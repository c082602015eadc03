/* behind - signs that this log is an old copy of the one that the fleet was led by, and
 * what waits because of them (docs/recovery.md). */
#ifndef ASG_CORE_TAKE_BEHIND_H
#define ASG_CORE_TAKE_BEHIND_H

#include "core/world/world.h"

void asg_take_witness(struct asg_core *core, const struct asg_witness *witness);

/* A whole listing was seen: orphans that it lacks are gone, and what waited for it may go
 * on. */
void asg_behind_end_listing(struct asg_core *core, const struct asg_observed *observed);

/* Go on, if nothing unknown is left and everything was looked at since the last sign. */
void asg_behind_settle(struct asg_core *core);

#endif
