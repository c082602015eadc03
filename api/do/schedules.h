/* schedules - a scheduled action between a client's words and the model's. Nothing
 * outside api/do includes it. */
#ifndef ASG_API_DO_SCHEDULES_H
#define ASG_API_DO_SCHEDULES_H

#include "api/do/do.h"

/* What the members of `value` say of an action of the call's group, with a uuid of its
 * own; lives in the call's arena. False: *error says what cannot be, for a
 * ValidationError. */
bool schedule_take(struct asg_api_call *call, const struct asg_query_value *value,
                   struct asg_schedule_config *ret, struct asg_error *error);

/* The order that puts it. */
struct asg_command schedule_put_order(struct asg_api_call *call,
                                      const struct asg_schedule_config *config);

/* The order that deletes the action of that name or ARN of the call's group. False:
 * *error says that the ARN is none of an action there, for a ValidationError. */
bool schedule_delete_order(struct asg_api_call *call, const char *name,
                           struct asg_command *ret, struct asg_error *error);

#endif
