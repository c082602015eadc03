/* cron - five fields: minute hour day-of-month month day-of-week, in local time.
 *
 * Names, ranges, steps and lists as in cron(8). When both day fields are restricted
 * either may match. A local time that does not exist runs at the first valid minute after
 * it, one that happens twice runs once, the first time (docs/rules.md, "Scheduled
 * actions").
 */
#ifndef ASG_CORE_VALUES_CRON_H
#define ASG_CORE_VALUES_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/group.h"

struct asg_cron {
    uint64_t minutes;  /* bits 0 to 59 */
    uint32_t hours;    /* bits 0 to 23 */
    uint32_t days;     /* bits 1 to 31 */
    uint32_t months;   /* bits 1 to 12 */
    uint32_t weekdays; /* bits 0 to 6, Sunday 0 */
    bool is_any_day;   /* begins with a star, as the next */
    bool is_any_weekday;
};

/* ASG_ERR_INVALID: the text names the field and what may stand there. */
ASG_MUST_USE enum asg_status asg_cron_parse(const char *text, struct asg_cron *ret,
                                            struct asg_error *error);

/* The first run after `after_ms` in the zone of `changes` (none: UTC); INT64_MAX when
 * there is none in five years. */
int64_t asg_cron_next(const struct asg_cron *cron, int64_t after_ms,
                      const struct asg_zone_change *changes, size_t change_count);

#endif
