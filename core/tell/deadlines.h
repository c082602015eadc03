/* deadlines - when a group wants to be woken: the earliest moment at which something of
 * it changes by time alone. */
#ifndef ASG_CORE_TELL_DEADLINES_H
#define ASG_CORE_TELL_DEADLINES_H

#include "core/facts/world.h"

void asg_tell_deadline(struct asg_core *core, struct group *group);

#endif
