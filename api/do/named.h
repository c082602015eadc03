/* named - what requests name: lists of texts, groups that must be there, instances whose
 * group must be found. Nothing outside api/do but the door includes it.
 * Threads: as the call. Memory: the call's arena.
 */
#ifndef ASG_API_DO_NAMED_H
#define ASG_API_DO_NAMED_H

#include "api/call.h"

/* The texts of a list, "InstanceIds" say; none when it is not given. */
struct asg_texts asg_api_texts(struct asg_api_call *call, const char *member);

/* The view, held, when the group is there or none is named (NULL). NULL: it is not, and
 * the call is ended with AWS's ValidationError. */
const struct asg_root *asg_api_hold_with_group(struct asg_api_call *call,
                                               const char *group);

/* The group is there, as far as the view knows. Ends nothing. */
bool asg_api_has_group(struct asg_api_call *call, const char *group);

/* The same for those who need the view no further. False: the call is ended. */
bool asg_api_require_group(struct asg_api_call *call, const char *group);

/* The name of the instance's group. NULL: no group has it, and the call is ended. */
const char *asg_api_require_group_of(struct asg_api_call *call, const char *instance_id);

#endif
