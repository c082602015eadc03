#include "model/metric_ceiling.h"

int64_t asg_metric_ceiling(enum asg_metric_name metric)
{
    bool is_percent = metric == ASG_METRIC_NAME_CPU || metric == ASG_METRIC_NAME_MEMORY ||
                      metric == ASG_METRIC_NAME_PRESSURE;
    return is_percent ? 100000 : INT64_MAX;
}

bool asg_is_target_out_of_reach(const struct asg_policy_config *policy)
{
    return policy->kind == ASG_POLICY_TARGET_TRACKING &&
           policy->target_milli > asg_metric_ceiling(policy->metric);
}
