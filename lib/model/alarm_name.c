#include "model/alarm_name.h"

const char *asg_policy_alarm_name(const struct asg_policy_config *policy,
                                  const char *group, bool is_high,
                                  struct asg_arena *arena)
{
    if (policy->kind != ASG_POLICY_TARGET_TRACKING) {
        return asg_arena_format(arena, "openasg-%s-%s", group, policy->name);
    }
    const char *uuid = is_high ? policy->alarm_high : policy->alarm_low;
    bool has_uuid = uuid != NULL && uuid[0] != '\0';
    return asg_arena_format(arena, "TargetTracking-%s-Alarm%s%s%s", group,
                            is_high ? "High" : "Low", has_uuid ? "-" : "",
                            has_uuid ? uuid : "");
}
