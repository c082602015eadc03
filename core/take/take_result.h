/* take_result - how an attempt ended, and what that means for its job and its group. */
#ifndef ASG_CORE_TAKE_TAKE_RESULT_H
#define ASG_CORE_TAKE_TAKE_RESULT_H

#include "core/world/world.h"

void asg_take_result(struct asg_core *core, const struct asg_result *result);

#endif
