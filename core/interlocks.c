/* interlocks - what a group may do at once, whatever the policies want
 * (reliability.md 4.8 has the limits and where they come from). */
#include <inttypes.h>
#include <string.h>

#include "core/state.h"

#define ENDS_WINDOW_MS INT64_C(600000)
#define START_CALM_MS  INT64_C(60000)

static uint32_t share_of(uint32_t count, uint32_t percent)
{
    uint32_t share = count * percent / 100;
    return share > 0 ? share : 1;
}

static uint32_t count_ending(const struct group *group)
{
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        if (instance->state == ASG_INSTANCE_TERMINATING && is_alive(instance)) count++;
    }
    return count;
}

static uint32_t count_recent_ends(struct group *group, int64_t now_ms)
{
    size_t old = 0;
    while (old < group->end_count && group->ends[old] + ENDS_WINDOW_MS <= now_ms) {
        old++;
    }
    if (old > 0) {
        memmove(group->ends, group->ends + old,
                (group->end_count - old) * sizeof group->ends[0]);
        group->end_count -= old;
    }
    return (uint32_t)group->end_count;
}

void note_end(struct asg_core *core, struct group *group)
{
    (void)count_recent_ends(group, core->now_ms);
    if (group->end_count == ASG_RECENT_ENDS) {
        memmove(group->ends, group->ends + 1,
                (ASG_RECENT_ENDS - 1) * sizeof group->ends[0]);
        group->end_count--;
    }
    group->ends[group->end_count++] = core->now_ms;
}

/* After a start or failover nothing shrinks before the picture is complete. */
static bool is_picture_complete(const struct asg_core *core, const struct group *group)
{
    if (group->config.health_check != ASG_HEALTH_CHECK_AGENT) return true;
    if (core->now_ms - core->led_ms >= 3 * group->config.evaluation_ms + START_CALM_MS) {
        return true;
    }
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        if (instance->state == ASG_INSTANCE_IN_SERVICE &&
            (!instance->has_reported || instance->is_silent)) {
            return false;
        }
    }
    return true;
}

uint32_t allowed_ends(struct asg_core *core, struct group *group, uint32_t wanted,
                      enum asg_end_cause cause)
{
    if (wanted == 0) return 0;
    const char *what = cause == ASG_END_HEALTH ? "replacement" : "scale-in";
    if (core->is_halted || group->is_halted) {
        hold(core, group, "%s waits: halted by an operator", what);
        return 0;
    }
    if ((group->suspended & UINT64_C(1) << ASG_PROCESS_TERMINATE) != 0) {
        hold(core, group, "%s waits: the process terminate is suspended", what);
        return 0;
    }
    if (cause == ASG_END_USER || cause == ASG_END_DELETED) return wanted;
    if (group->is_mass_silent) {
        hold(core, group, "%s waits: many agents are silent together", what);
        return 0;
    }
    if (cause == ASG_END_HEALTH && group->is_frozen) {
        hold(core, group, "replacement waits: too many instances are unhealthy");
        return 0;
    }
    if (cause == ASG_END_SCALE_IN && !is_picture_complete(core, group)) {
        hold(core, group, "scale-in waits: not every agent has reported since the start");
        return 0;
    }
    uint32_t members = count_capacity(group) + count_ending(group);
    uint32_t at_once = share_of(members, group->config.terminating_percent);
    uint32_t ending = count_ending(group);
    uint32_t room = at_once > ending ? at_once - ending : 0;
    uint32_t recent = count_recent_ends(group, core->now_ms);
    uint32_t in_window = share_of(members + recent, group->config.terminated_percent);
    uint32_t window_room = in_window > recent ? in_window - recent : 0;
    if (window_room == 0) {
        hold(core, group,
             "%s waits: %" PRIu32 " terminated in 10 min, the limit is %" PRIu32
             " (%" PRIu32 " %%)",
             what, recent, in_window, group->config.terminated_percent);
        return 0;
    }
    if (room > window_room) room = window_room;
    return wanted < room ? wanted : room;
}

bool is_launch_allowed(struct asg_core *core, struct group *group)
{
    if (core->is_halted || group->is_halted) {
        hold(core, group, "launch waits: halted by an operator");
        return false;
    }
    if ((group->suspended & UINT64_C(1) << ASG_PROCESS_LAUNCH) != 0) {
        hold(core, group, "launch waits: the process launch is suspended");
        return false;
    }
    return group->launch_after_ms <= core->now_ms &&
           group->breaker_until_ms <= core->now_ms;
}
