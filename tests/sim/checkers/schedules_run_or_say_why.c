/* schedules_run_or_say_why - no due time of a scheduled action passes without its run, or
 * a decision that says why there is none. */
#include "sim/sim.h"

#define LAW "schedules_run_or_say_why"
/* Two minutes late when a controller begins to lead, two more until EC2 is listed, and a
 * tick. */
#define LATE_MS INT64_C(300000)

/* Time of the log goes on to `time_ms`. */
void law_schedules(int64_t time_ms)
{
    for (uint32_t g = 0; g < our->group_count; g++) {
        struct sim_group *group = &our->groups[g];
        if (!group->exists || group->is_deleting) continue;
        for (uint32_t i = 0; i < SIM_SCHEDULES; i++) {
            struct sim_schedule *schedule = &group->schedules[i];
            if (!schedule->is_there || schedule->due_ms > time_ms) continue;
            /* While nobody led nothing was recorded. */
            if (schedule->seen_ms == 0) schedule->seen_ms = time_ms;
            if (time_ms - schedule->seen_ms <= LATE_MS) continue;
            sim_break(LAW, "%s of %s was due %lld s ago: no run and no reason",
                      schedule->name, group->name,
                      (long long)(time_ms - schedule->due_ms) / 1000);
            return;
        }
    }
}
