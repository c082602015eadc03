/* account_limits - DescribeAccountLimits: what there may be, and what there is. */
#include "api/do/do.h"
#include "query/write.h"
#include "view/view.h"

void asg_do_describe_account_limits(struct asg_api_call *call)
{
    const struct asg_api_limits *limits = asg_api_limits_of(call);
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    size_t configurations = asg_root_cluster(root)->launch_configuration_count;
    struct asg_writer writer;
    asg_write_init(&writer, asg_api_begin(call), call->action->output);
    asg_write_number(&writer, "MaxNumberOfAutoScalingGroups", limits->groups);
    asg_write_number(&writer, "MaxNumberOfLaunchConfigurations",
                     limits->launch_configurations);
    asg_write_number(&writer, "NumberOfAutoScalingGroups", (int64_t)asg_root_count(root));
    asg_write_number(&writer, "NumberOfLaunchConfigurations", (int64_t)configurations);
    asg_write_finish(&writer);
    asg_view_drop(&root);
    asg_api_end(call);
}
