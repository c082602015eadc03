/* arns - the names by which AWS's tools know what is here.
 * Threads: as the call. Memory: the call's arena. */
#ifndef ASG_API_ARNS_H
#define ASG_API_ARNS_H

#include "api/call.h"

const char *asg_api_group_arn(struct asg_api_call *call, const char *uuid,
                              const char *group);
const char *asg_api_policy_arn(struct asg_api_call *call, const char *uuid,
                               const char *group, const char *policy);
const char *asg_api_schedule_arn(struct asg_api_call *call, const char *uuid,
                                 const char *group, const char *action);
const char *asg_api_launch_configuration_arn(struct asg_api_call *call, const char *uuid,
                                             const char *name);
const char *asg_api_alarm_arn(struct asg_api_call *call, const char *alarm);

/* What a policy's ARN names: its group, policy and uuid, copied. False: it is no such ARN
 * of this region and account. */
struct asg_policy_name {
    const char *uuid;
    const char *group;
    const char *policy;
};
bool asg_api_read_policy_arn(struct asg_api_call *call, const char *arn,
                             struct asg_policy_name *ret);

#endif
