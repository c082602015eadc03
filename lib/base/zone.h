/* zone - what a time zone's clocks showed, show and will show: its file of the time zone
 * database (RFC 8536), read without libc's one zone for the whole program.
 *
 * Threads: any; a zone that is read never changes. Blocks: on the file, while it is read.
 */
#ifndef ASG_BASE_ZONE_H
#define ASG_BASE_ZONE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct asg_zone;

/* Read the zone of that name ("Europe/Berlin") from TZDIR, or /usr/share/zoneinfo; it
 * lives in `arena`. ASG_ERR_NOT_FOUND: there is no such zone on this machine;
 * ASG_ERR_MALFORMED: its file makes no sense. */
ASG_MUST_USE enum asg_status asg_zone_read(const char *name, struct asg_arena *arena,
                                           const struct asg_zone **ret,
                                           struct asg_error *error);

/* Seconds east of UTC at that moment, in seconds since 1970. */
int64_t asg_zone_offset(const struct asg_zone *zone, int64_t at_s);

#endif
