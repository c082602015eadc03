/* check - whether what core remembers agrees with itself: for tests and the simulator,
 * which ask after each step. It walks the whole state (check/ has a file for each part of
 * it). What costs nothing is asserted in every build: core.c for each group that was
 * settled and at the end of each step, and each function for what it relies on. */
#ifndef ASG_CORE_CHECK_H
#define ASG_CORE_CHECK_H

#include "core/core.h"

/* ASG_ERR_INVALID: *error says what contradicts what. Only between two steps. */
ASG_MUST_USE enum asg_status asg_core_check(const struct asg_core *core,
                                            struct asg_error *error);

#endif
