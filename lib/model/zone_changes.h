/* zone_changes - the offsets of a schedule's time zone, written down in the schedule, so
 * that core and every replay need no time zone file.
 *
 * Threads: any. Blocks: on the zone's file (base/zone.h). */
#ifndef ASG_MODEL_ZONE_CHANGES_H
#define ASG_MODEL_ZONE_CHANGES_H

#include "base/arena.h"
#include "base/error.h"
#include "model/group.h"

#define ASG_ZONE_YEARS 30 /* ahead; the last offset then holds for ever */

/* Fill schedule->changes from its time_zone, from a year before now_ms on; UTC has none.
 * ASG_ERR_INVALID: no such zone on this machine. */
ASG_MUST_USE enum asg_status asg_zone_changes(struct asg_schedule_config *schedule,
                                              int64_t now_ms, struct asg_arena *arena,
                                              struct asg_error *error);

#endif
