/* zone_changes - the offsets of a schedule's time zone, written down in the schedule, so
 * that core and every replay need no time zone file. */
#ifndef ASG_CLI_ZONE_CHANGES_H
#define ASG_CLI_ZONE_CHANGES_H

#include "base/arena.h"
#include "base/error.h"
#include "model/group.h"

/* Fill schedule->changes from its time_zone. ASG_ERR_INVALID, ASG_ERR_NOT_FOUND: no such
 * zone; error says so. */
ASG_MUST_USE enum asg_status asg_zone_changes(struct asg_schedule_config *schedule,
                                              struct asg_arena *arena,
                                              struct asg_error *error);

#endif
