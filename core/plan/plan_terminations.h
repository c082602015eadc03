/* plan_terminations - those that go become jobs: one zone a job. */
#ifndef ASG_CORE_PLAN_PLAN_TERMINATIONS_H
#define ASG_CORE_PLAN_PLAN_TERMINATIONS_H

#include "core/world/world.h"

void asg_plan_terminations(struct asg_core *core, struct group *group);

/* One termination of orphans of one zone, at most 100; who plans it says why. */
struct job *asg_plan_orphan_end(struct asg_core *core, struct orphan *const *orphans,
                                size_t count);

#endif
