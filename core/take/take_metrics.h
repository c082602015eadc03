/* take_metrics - one period's numbers through the policies to one decision a group. */
#ifndef ASG_CORE_TAKE_TAKE_METRICS_H
#define ASG_CORE_TAKE_TAKE_METRICS_H

#include "core/world/world.h"

void asg_take_metrics(struct asg_core *core, const struct asg_metrics *metrics);

#endif
