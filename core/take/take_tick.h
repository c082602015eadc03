/* take_tick - time alone: groups and jobs that are due. */
#ifndef ASG_CORE_TAKE_TAKE_TICK_H
#define ASG_CORE_TAKE_TAKE_TICK_H

#include "core/world/world.h"

/* What time has brought, before any event is taken: every group whose deadline has come
 * runs what is due of its scheduled actions, and will be settled. */
void asg_take_due_groups(struct asg_core *core);

/* Jobs whose next try has come. */
void asg_take_tick(struct asg_core *core);

/* A controller begins to lead, or has listed EC2: what waited for that runs, or is too
 * late by now. */
void asg_take_waiting_schedules(struct asg_core *core);

#endif
