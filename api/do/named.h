/* named - what requests name: lists of texts, groups that must be there, instances whose
 * group must be found. Nothing outside api/do includes it.
 * Threads: as the call. Memory: the call's arena.
 */
#ifndef ASG_API_DO_NAMED_H
#define ASG_API_DO_NAMED_H

#include "api/call.h"

/* The texts of a list, "InstanceIds" say; none when it is not given. */
struct asg_texts asg_api_texts(struct asg_api_call *call, const char *member);

/* The group is there. False: the call is ended with AWS's ValidationError. */
bool asg_api_group_is_there(struct asg_api_call *call, const struct asg_root *root,
                            const char *group);

/* The name of the instance's group. NULL: no group has it, and the call is ended. */
const char *asg_api_require_group_of(struct asg_api_call *call, const char *instance_id);

#endif
