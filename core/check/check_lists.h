/* check_lists - whether the lists of the whole core agree with those who stand in them.
 */
#ifndef ASG_CORE_CHECK_CHECK_LISTS_H
#define ASG_CORE_CHECK_CHECK_LISTS_H

#include "core/world/world.h"

/* What is wrong, as a sentence; NULL: nothing. */
const char *asg_check_lists(const struct asg_core *core);

#endif
