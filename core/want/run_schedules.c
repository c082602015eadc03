#include "core/want/run_schedules.h"

#include <inttypes.h>

#include "core/facts/narrate.h"
#include "core/facts/schedule.h"
#include "core/want/desired.h"

int64_t asg_want_next_run(const struct schedule *schedule, int64_t after_ms)
{
    return asg_schedule_next(&schedule->config, after_ms);
}

static uint32_t clamp_u32(int64_t value, uint32_t low, uint32_t high)
{
    if (value < (int64_t)low) return low;
    return value > (int64_t)high ? high : (uint32_t)value;
}

/* Min and max first, then desired; without it desired is pulled into the new range. */
static void run_schedule(struct asg_core *core, struct group *group,
                         const struct schedule *schedule)
{
    const struct asg_schedule_config *config = &schedule->config;
    uint32_t min = config->min >= 0 ? (uint32_t)config->min : group->config.min;
    uint32_t max = config->max >= 0 ? (uint32_t)config->max : group->config.max;
    if (min > max) {
        asg_narrate_capacity(core, ASG_DECISION_REFUSED, group, config->name,
                             group->config.desired,
                             "scheduled action %s: min %" PRIu32
                             " would be above max %" PRIu32 "; nothing is changed",
                             config->name, min, max)
            ->cause = ASG_CAUSE_SCHEDULE;
        return;
    }
    int64_t from = group->config.desired;
    group->config.min = min;
    group->config.max = max;
    int64_t wanted = config->desired >= 0 ? config->desired : from;
    uint32_t to = clamp_u32(wanted, min, max);
    asg_desired_change(core, group, to, DESIRED_BY_ORDER);
    asg_narrate_capacity(core,
                         (int64_t)to > from   ? ASG_DECISION_SCALE_OUT
                         : (int64_t)to < from ? ASG_DECISION_SCALE_IN
                                              : ASG_DECISION_COMMAND,
                         group, config->name, from,
                         "scheduled action %s: min %" PRIu32 ", max %" PRIu32
                         ", desired %" PRIu32 " (was %" PRId64 ")",
                         config->name, min, max, to, from)
        ->cause = ASG_CAUSE_SCHEDULE;
}

void asg_want_run_schedules(struct asg_core *core, struct group *group)
{
    bool is_suspended =
        (group->suspended & UINT64_C(1) << ASG_PROCESS_SCHEDULED_ACTIONS) != 0;
    for (size_t i = 0; i < group->schedule_count; i++) {
        struct schedule *schedule = &group->schedules[i];
        if (schedule->next_ms > core->now_ms) continue;
        if (!is_suspended && !group->is_deleting) run_schedule(core, group, schedule);
        schedule->next_ms =
            asg_want_next_run(schedule, core->now_ms); /* missed ones are lost */
    }
    size_t kept = 0;
    for (size_t i = 0; i < group->schedule_count; i++) {
        if (group->schedules[i].next_ms == INT64_MAX) { /* an ended one deletes itself */
            asg_arena_clear(&group->schedules[i].arena);
        } else {
            group->schedules[kept++] = group->schedules[i];
        }
    }
    group->schedule_count = kept;
}
