/* metric_ceiling - what a metric can reach of one instance: a target above it would never
 * scale out. */
#ifndef ASG_MODEL_METRIC_CEILING_H
#define ASG_MODEL_METRIC_CEILING_H

#include <stdint.h>

#include "model/group.h"

/* In thousandths: 100 % for percentages, else INT64_MAX. */
int64_t asg_metric_ceiling(enum asg_metric_name metric);

/* A target-tracking policy whose target its metric never exceeds. */
bool asg_is_target_out_of_reach(const struct asg_policy_config *policy);

#endif
