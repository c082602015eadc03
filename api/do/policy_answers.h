/* policy_answers - scaling policies as the API shows them. Threads: as the call. */
#ifndef ASG_API_DO_POLICY_ANSWERS_H
#define ASG_API_DO_POLICY_ANSWERS_H

#include "api/call.h"
#include "query/write.h"
#include "view/view.h"

/* The policy of that name of a group; NULL: it has none. */
const struct asg_policy_config *asg_policy_of_page(const struct asg_page *page,
                                                   const char *name);

/* Its alarms: two of target tracking, one without scale-in; of the other kinds the one
 * that was attached to it. */
void asg_write_policy_alarms(struct asg_api_call *call, struct asg_writer *writer,
                             const struct asg_policy_config *policy);

#endif
