/* raise_revision - the number of the cluster's configuration: an accepted order that
 * changes what groups, policies or scheduled actions are meant to be raises it, and each
 * group has the one of its last such change. Who compares and then orders says which one
 * was read (command_apply.h). */
#ifndef ASG_CORE_TAKE_RAISE_REVISION_H
#define ASG_CORE_TAKE_RAISE_REVISION_H

#include "core/world/world.h"

/* Called behind each order. */
void asg_raise_revision(struct asg_core *core, const struct asg_command *command);

#endif
