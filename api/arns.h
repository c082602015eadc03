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

/* What the ARN of a policy or a scheduled action names, copied. A group's name has no
 * colon; the other's may. False: it is no such ARN of this region and account. */
enum asg_arn_kind { ASG_ARN_POLICY, ASG_ARN_SCHEDULE };
struct asg_arn_name {
    const char *uuid;
    const char *group;
    const char *name; /* of the policy or the action */
};
bool asg_api_read_arn(struct asg_api_call *call, enum asg_arn_kind kind, const char *arn,
                      struct asg_arn_name *ret);

#endif
