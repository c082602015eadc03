/* instance_marks - SetInstanceProtection and SetInstanceHealth. */
#include <string.h>

#include "api/do/do.h"
#include "api/do/named.h"

void asg_do_set_instance_protection(struct asg_api_call *call)
{
    const struct asg_command command = {
        .kind = ASG_COMMAND_PROTECT_INSTANCES,
        .group = asg_value_text(&call->input, "AutoScalingGroupName", ""),
        .instance_ids = asg_api_texts(call, "InstanceIds"),
        .is_protected = asg_value_flag(&call->input, "ProtectedFromScaleIn", false),
    };
    asg_api_order(call, &command, NULL);
}

void asg_do_set_instance_health(struct asg_api_call *call)
{
    const char *id = asg_value_text(&call->input, "InstanceId", "");
    const char *status = asg_value_text(&call->input, "HealthStatus", "");
    const char *group = asg_api_require_group_of(call, id);
    if (group == NULL || !asg_api_may(call, group))
        return; /* the request names no group */
    const char *items[] = {id};
    const struct asg_command command = {
        .kind = ASG_COMMAND_SET_INSTANCE_HEALTH,
        .instance_ids = {.items = items, .count = 1},
        .is_healthy = strcmp(status, "Healthy") == 0, /* the shape lets two words in */
        .respect_grace = asg_value_flag(&call->input, "ShouldRespectGracePeriod", true),
    };
    asg_api_order(call, &command, NULL);
}
