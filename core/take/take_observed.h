/* take_observed - what EC2 shows that differs from what we believed: states, addresses,
 * the dead, the adopted, the orphans (docs/rules.md, "EC2's lists lag"). */
#ifndef ASG_CORE_TAKE_TAKE_OBSERVED_H
#define ASG_CORE_TAKE_TAKE_OBSERVED_H

#include "core/world/world.h"

void asg_take_observed(struct asg_core *core, const struct asg_observed *observed);

#endif
