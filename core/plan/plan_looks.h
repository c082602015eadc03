/* plan_looks - looking at EC2, at a pace that follows what is going on. */
#ifndef ASG_CORE_PLAN_PLAN_LOOKS_H
#define ASG_CORE_PLAN_PLAN_LOOKS_H

#include "core/world/world.h"

/* At the end of a step: a complete listing, or a look at those that change, if it is due.
 */
void asg_plan_looks(struct asg_core *core);

/* The next listing comes no later than when an orphan may be terminated. */
void asg_plan_listing_for_orphans(struct asg_core *core);

#endif
