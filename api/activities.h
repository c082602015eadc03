/* activities - a scaling activity as the API shows it: in DescribeScalingActivities and
 * in the answers of orders that begin some.
 * Threads: as the call. Memory: the call's arena.
 */
#ifndef ASG_API_ACTIVITIES_H
#define ASG_API_ACTIVITIES_H

#include "api/call.h"
#include "model/activity.h"
#include "query/write.h"

/* Its members, in the structure that is begun. */
void asg_api_write_activity(struct asg_writer *writer, struct asg_api_call *call,
                            const struct asg_activity *activity, bool is_group_deleted);

/* "Launching a new EC2 instance: i-0123"; with the reason when it did not succeed. */
const char *asg_api_describe_activity(struct asg_arena *arena,
                                      const struct asg_activity *activity);

#endif
