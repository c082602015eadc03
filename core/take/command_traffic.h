/* command_traffic - what sends traffic to a group, and which metrics of it are collected:
 * both are kept and shown (docs/rules.md, "Load balancers and collected metrics"). */
#ifndef ASG_CORE_TAKE_COMMAND_TRAFFIC_H
#define ASG_CORE_TAKE_COMMAND_TRAFFIC_H

#include "core/world/world.h"

void asg_order_attach_sources(struct asg_core *core, const struct asg_command *command);

void asg_order_detach_sources(struct asg_core *core, const struct asg_command *command);

/* Begin or end the collection of metrics. */
void asg_order_collect_metrics(struct asg_core *core, const struct asg_command *command,
                               bool is_enabled);

#endif
