/* scale_group - one period's numbers through a group's policies to one decision. */
#ifndef ASG_CORE_WANT_SCALE_GROUP_H
#define ASG_CORE_WANT_SCALE_GROUP_H

#include "core/want/proposal.h"
#include "core/world/world.h"

/* What a policy is told of its group, but for a metric: how many are warm, as the windows
 * count them, and what runs. */
struct asg_policy_input asg_want_input(const struct asg_core *core, struct group *group);

/* `rows`: its metrics of the period that is over. */
void asg_want_scale_group(struct asg_core *core, struct group *group,
                          const struct asg_group_metric *rows, size_t count);

#endif
