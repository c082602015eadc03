/* run_schedules - scheduled actions whose time has come (docs/rules.md, "Scheduled
 * actions"): what is due runs before anything else of a step, in the order of the due
 * times. What cannot run is skipped, and the reason is a decision. */
#ifndef ASG_CORE_WANT_RUN_SCHEDULES_H
#define ASG_CORE_WANT_RUN_SCHEDULES_H

#include "core/world/world.h"

/* Afterwards no due time of the group lies in the past, but for what waits for the first
 * complete listing of EC2. */
void asg_want_run_schedules(struct asg_core *core, struct group *group);

/* An order that is younger than what waits: it has the last word. `name`: of one action;
 * NULL: of any. */
void asg_want_skip_waiting(struct asg_core *core, struct group *group, const char *name);

/* A look at the group waits for the next of its runs. */
void asg_want_await_schedules(struct asg_core *core, const struct group *group);

#endif
