#include "aws/scaling_actions.h"

#include <string.h>

#include "aws/query.h"

#define TIMEOUT_MS 30000

/* Of the instances of a group only that they are there, and their ids: a group of
 * thousands need not be read whole. */
static bool wants_of_groups(const char *path, size_t length)
{
    static const char instances[] = "/Instances/member/";
    const char *below = strstr(path, instances);
    (void)length;
    return below == NULL || strcmp(below + sizeof instances - 1, "InstanceId") == 0;
}

#define CALL(action_name, wants_name, of_service, api_version, list_name, records)       \
    {                                                                                    \
        .action = {.name = (action_name),                                                \
                   .timeout_ms = TIMEOUT_MS,                                             \
                   .reply_size = sizeof(struct asg_answer_tree),                         \
                   .wants = (wants_name),                                                \
                   .begin = asg_answer_tree_begin,                                       \
                   .end = asg_answer_tree_end},                                          \
        .service = (of_service), .version = (api_version), .list = (list_name),          \
        .page_max = (records)                                                            \
    }
#define SCALING(name, wants, list, records)                                              \
    CALL(name, wants, "autoscaling", "2011-01-01", list, records)

const struct asg_scaling_call asg_describe_groups_call =
    SCALING("DescribeAutoScalingGroups", wants_of_groups, "AutoScalingGroups", 100);
const struct asg_scaling_call asg_describe_policies_call =
    SCALING("DescribePolicies", NULL, "ScalingPolicies", 100);
const struct asg_scaling_call asg_describe_schedules_call =
    SCALING("DescribeScheduledActions", NULL, "ScheduledUpdateGroupActions", 100);
const struct asg_scaling_call asg_describe_launch_configurations_call =
    SCALING("DescribeLaunchConfigurations", NULL, "LaunchConfigurations", 100);
const struct asg_scaling_call asg_describe_hooks_call =
    SCALING("DescribeLifecycleHooks", NULL, "LifecycleHooks", 0);
const struct asg_scaling_call asg_describe_notifications_call = SCALING(
    "DescribeNotificationConfigurations", NULL, "NotificationConfigurations", 100);
const struct asg_scaling_call asg_describe_refreshes_call =
    SCALING("DescribeInstanceRefreshes", NULL, "InstanceRefreshes", 100);
const struct asg_scaling_call asg_describe_alarms_call =
    CALL("DescribeAlarms", NULL, "monitoring", "2010-08-01", "MetricAlarms", 100);

const struct asg_scaling_call *const asg_scaling_calls[] = {
    &asg_describe_groups_call,
    &asg_describe_policies_call,
    &asg_describe_schedules_call,
    &asg_describe_launch_configurations_call,
    &asg_describe_hooks_call,
    &asg_describe_notifications_call,
    &asg_describe_refreshes_call,
    &asg_describe_alarms_call,
    NULL,
};

void asg_scaling_begin(const struct asg_scaling_call *call, const char *next_token,
                       struct asg_bytes *body)
{
    asg_query_begin_version(body, call->action.name, call->version);
    if (call->page_max > 0) asg_query_number(body, "MaxRecords", call->page_max);
    asg_query_text(body, "NextToken", next_token);
}

const struct asg_answer_node *asg_scaling_members(const struct asg_scaling_call *call,
                                                  const struct asg_answer_tree *tree,
                                                  const char **ret_next_token)
{
    /* <DescribeXResult> is the first of the root; ResponseMetadata stands behind it. */
    const struct asg_answer_node *result = tree->root.first;
    const struct asg_answer_node *list = asg_answer_child(result, call->list);
    *ret_next_token = asg_answer_text(result, "NextToken");
    return list != NULL ? list->first : NULL;
}
