/* group_orders - DeleteAutoScalingGroup, SetDesiredCapacity and UpdateAutoScalingGroup.
 */
#include "api/do/do.h"
#include "api/do/group_draft.h"

void asg_do_update_auto_scaling_group(struct asg_api_call *call)
{
    struct group_draft *draft = group_draft_begin(call, /* is_update */ true);
    if (!group_draft_take_members(call, draft) || !group_draft_take_launch(call, draft) ||
        !group_draft_take_places(call, draft)) {
        return;
    }
    group_draft_finish(call, draft);
}

void asg_do_delete_auto_scaling_group(struct asg_api_call *call)
{
    const struct asg_command command = {
        .kind = ASG_COMMAND_GROUP_DELETE,
        .group = asg_value_text(&call->input, "AutoScalingGroupName", ""),
        .force = asg_value_flag(&call->input, "ForceDelete", false),
    };
    asg_api_order(call, &command, NULL);
}

void asg_do_set_desired_capacity(struct asg_api_call *call)
{
    const struct asg_command command = {
        .kind = ASG_COMMAND_SET_DESIRED,
        .group = asg_value_text(&call->input, "AutoScalingGroupName", ""),
        .desired = (uint32_t)asg_value_number(&call->input, "DesiredCapacity", 0),
        .honor_cooldown = asg_value_flag(&call->input, "HonorCooldown", false),
    };
    asg_api_order(call, &command, NULL);
}
