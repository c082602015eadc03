/* scaling_actions - the calls by which a real Auto Scaling group is read: of EC2 Auto
 * Scaling and of CloudWatch, all of them Describe. Nothing here changes anything.
 *
 * They go over asg_ec2_client with `service` set to asg_scaling_call.service; each answer
 * is a struct asg_answer_tree. deploy/iam/import-policy.json has the same list, held
 * against this one by a test.
 * Threads: no state.
 */
#ifndef ASG_AWS_SCALING_ACTIONS_H
#define ASG_AWS_SCALING_ACTIONS_H

#include "aws/answer_tree.h"
#include "aws/ec2_client.h"

struct asg_scaling_call {
    struct asg_ec2_action action;
    const char *service; /* "autoscaling", "monitoring" */
    const char *version; /* of its API */
    const char *list;    /* what the answer is a list of: "AutoScalingGroups" */
    uint32_t page_max;   /* MaxRecords; 0: it has no such parameter */
};

extern const struct asg_scaling_call asg_describe_groups_call;
extern const struct asg_scaling_call asg_describe_policies_call;
extern const struct asg_scaling_call asg_describe_schedules_call;
extern const struct asg_scaling_call asg_describe_launch_configurations_call;
extern const struct asg_scaling_call asg_describe_hooks_call;
extern const struct asg_scaling_call asg_describe_notifications_call;
extern const struct asg_scaling_call asg_describe_refreshes_call;
extern const struct asg_scaling_call asg_describe_alarms_call;

/* All of them, NULL at the end. */
extern const struct asg_scaling_call *const asg_scaling_calls[];

/* Begin the body of a call: Action, Version, MaxRecords and, unless NULL or "", the
 * NextToken. Its own parameters are written behind it (aws/query.h). */
void asg_scaling_begin(const struct asg_scaling_call *call, const char *next_token,
                       struct asg_bytes *body);

/* The members of the answer's list, NULL when there are none, and the token of the next
 * page ("": it was the last). */
const struct asg_answer_node *asg_scaling_members(const struct asg_scaling_call *call,
                                                  const struct asg_answer_tree *tree,
                                                  const char **ret_next_token);

#endif
