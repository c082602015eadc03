/* alarm_name - the names that the alarms of policies have: in DescribePolicies, and in
 * the causes of activities. There are no others: openasg's own metrics are its alarms. */
#ifndef ASG_MODEL_ALARM_NAME_H
#define ASG_MODEL_ALARM_NAME_H

#include "base/arena.h"
#include "model/group.h"

/* "TargetTracking-web-AlarmHigh-<uuid>" as AWS names those of target tracking, which has
 * two, with no uuid where none was drawn; "openasg-web-<policy>" of the others. Lives in
 * `arena`. */
const char *asg_policy_alarm_name(const struct asg_policy_config *policy,
                                  const char *group, bool is_high,
                                  struct asg_arena *arena);

#endif
