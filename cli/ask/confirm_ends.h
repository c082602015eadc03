/* confirm_ends - the question before an order that ends much of a group: openasg's own,
 * the controller refuses no order for its size (docs/rules.md, "Orders, policies and
 * health"). */
#ifndef ASG_CLI_ASK_CONFIRM_ENDS_H
#define ASG_CLI_ASK_CONFIRM_ENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "model/messages.h"

/* Of the instances that EC2 has: how many must go until there are `desired`. */
uint32_t asg_count_ends(const struct asg_group_view *view, uint32_t desired);

/* Desired after an update of the fields in `fields` (bits of enum asg_group_field):
 * as it says, or pulled into the new range. */
uint32_t asg_desired_after(const struct asg_group_config *config,
                           const struct asg_group_config *changes, uint64_t fields);

/* ASG_EXIT_OK: the order may be sent. ASG_EXIT_FAILED, and said: it would end more than
 * one instance and more than a quarter of the group, `force` was not given, and who was
 * asked on a terminal did not say yes. */
int asg_confirm_ends(struct asg_cli *cli, const struct asg_group_view *view,
                     uint32_t desired, bool force);

#endif
