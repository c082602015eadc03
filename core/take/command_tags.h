/* command_tags - orders that put tags on groups and take them away. They may name several
 * groups, and are carried out as a whole or not at all; instances keep the tags that they
 * were launched with. */
#ifndef ASG_CORE_TAKE_COMMAND_TAGS_H
#define ASG_CORE_TAKE_COMMAND_TAGS_H

#include "core/world/world.h"

void asg_order_tag_groups(struct asg_core *core, const struct asg_command *command);

void asg_order_untag_groups(struct asg_core *core, const struct asg_command *command);

#endif
