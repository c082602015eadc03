/* schedule - when a scheduled action runs next (docs/rules.md, "Scheduled actions"). */
#ifndef ASG_CORE_VALUES_SCHEDULE_H
#define ASG_CORE_VALUES_SCHEDULE_H

#include "base/error.h"
#include "model/group.h"

/* First run after `after_ms`: once at start, then by recurrence, none from end on.
 * INT64_MAX: no further run. */
int64_t asg_schedule_next(const struct asg_schedule_config *config, int64_t after_ms);

/* ASG_ERR_INVALID: the text says what is missing or wrong. */
ASG_MUST_USE enum asg_status asg_schedule_validate(
    const struct asg_schedule_config *config, int64_t now_ms, struct asg_error *error);

#endif
