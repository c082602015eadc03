/* say_hold - what a policy waits for, in words. */
#ifndef ASG_CORE_STEP_SAY_HOLD_H
#define ASG_CORE_STEP_SAY_HOLD_H

#include <stddef.h>

#include "core/world/policy_state.h"
#include "model/group.h"

/* "policy cpu50 wants 2 and waits: ...", without the moment. */
void asg_hold_say_policy(const struct asg_policy_config *config,
                         const struct policy_hold *hold, char *text, size_t size);

#endif
