/* take_tick - time alone: groups and jobs that are due. */
#ifndef ASG_CORE_TAKE_TAKE_TICK_H
#define ASG_CORE_TAKE_TAKE_TICK_H

#include "core/facts/world.h"

void asg_take_tick(struct asg_core *core);

#endif
