#include "api/arns.h"

#include <string.h>

static const char *arn(struct asg_api_call *call, const char *kind, const char *uuid,
                       const char *name)
{
    return asg_arena_format(&call->arena, "arn:aws:autoscaling:%s:%s:%s:%s:%s",
                            call->region, call->account_id, kind, uuid, name);
}

const char *asg_api_group_arn(struct asg_api_call *call, const char *uuid,
                              const char *group)
{
    return arn(call, "autoScalingGroup", uuid,
               asg_arena_format(&call->arena, "autoScalingGroupName/%s", group));
}

const char *asg_api_policy_arn(struct asg_api_call *call, const char *uuid,
                               const char *group, const char *policy)
{
    return arn(call, "scalingPolicy", uuid,
               asg_arena_format(&call->arena, "autoScalingGroupName/%s:policyName/%s",
                                group, policy));
}

const char *asg_api_schedule_arn(struct asg_api_call *call, const char *uuid,
                                 const char *group, const char *action)
{
    return arn(call, "scheduledUpdateGroupAction", uuid,
               asg_arena_format(&call->arena,
                                "autoScalingGroupName/%s:scheduledActionName/%s", group,
                                action));
}

const char *asg_api_launch_configuration_arn(struct asg_api_call *call, const char *uuid,
                                             const char *name)
{
    return arn(call, "launchConfiguration", uuid,
               asg_arena_format(&call->arena, "launchConfigurationName/%s", name));
}

const char *asg_api_alarm_arn(struct asg_api_call *call, const char *alarm)
{
    return asg_arena_format(&call->arena, "arn:aws:cloudwatch:%s:%s:alarm:%s",
                            call->region, call->account_id, alarm);
}

bool asg_api_read_policy_arn(struct asg_api_call *call, const char *text,
                             struct asg_policy_name *ret)
{
    const char *head = asg_arena_format(
        &call->arena, "arn:aws:autoscaling:%s:%s:scalingPolicy:", call->region,
        call->account_id);
    if (strncmp(text, head, strlen(head)) != 0) return false;
    const char *uuid = text + strlen(head);
    const char *group = strstr(uuid, ":autoScalingGroupName/");
    /* A group's name has no colon; a policy's may. */
    const char *policy = group != NULL ? strstr(group, ":policyName/") : NULL;
    if (policy == NULL) return false;
    ret->uuid = asg_arena_text_n(&call->arena, uuid, (size_t)(group - uuid));
    group += strlen(":autoScalingGroupName/");
    ret->group = asg_arena_text_n(&call->arena, group, (size_t)(policy - group));
    ret->policy = asg_arena_text(&call->arena, policy + strlen(":policyName/"));
    return true;
}
