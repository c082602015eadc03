/* run_schedules - scheduled actions whose time has come. */
#ifndef ASG_CORE_WANT_RUN_SCHEDULES_H
#define ASG_CORE_WANT_RUN_SCHEDULES_H

#include "core/facts/world.h"

int64_t asg_want_next_run(const struct schedule *schedule, int64_t after_ms);

void asg_want_run_schedules(struct asg_core *core, struct group *group);

#endif
