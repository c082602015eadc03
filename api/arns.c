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

bool asg_api_read_arn(struct asg_api_call *call, enum asg_arn_kind kind, const char *text,
                      struct asg_arn_name *ret)
{
    static const char *const kinds[] = {"scalingPolicy", "scheduledUpdateGroupAction"};
    static const char *const tails[] = {":policyName/", ":scheduledActionName/"};
    static const char of_group[] = ":autoScalingGroupName/";
    if (strncmp(text, "arn:", 4) != 0) return false;
    const char *head =
        asg_arena_format(&call->arena, "arn:aws:autoscaling:%s:%s:%s:", call->region,
                         call->account_id, kinds[kind]);
    if (strncmp(text, head, strlen(head)) != 0) return false;
    const char *uuid = text + strlen(head);
    const char *group = strstr(uuid, of_group);
    const char *name = group != NULL ? strstr(group, tails[kind]) : NULL;
    if (name == NULL) return false;
    ret->uuid = asg_arena_text_n(&call->arena, uuid, (size_t)(group - uuid));
    group += sizeof of_group - 1;
    ret->group = asg_arena_text_n(&call->arena, group, (size_t)(name - group));
    ret->name = asg_arena_text(&call->arena, name + strlen(tails[kind]));
    return true;
}
