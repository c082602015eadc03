#include "cli/zone_changes.h"

#include <string.h>

enum asg_status asg_zone_changes(struct asg_schedule_config *schedule,
                                 struct asg_arena *arena, struct asg_error *error)
{
    (void)arena;
    if (strcmp(schedule->time_zone, "UTC") == 0) return ASG_OK;
    return asg_fail(error, ASG_ERR_INVALID, "no time zone \"%.64s\" here",
                    schedule->time_zone);
}
