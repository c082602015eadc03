#include "core/tell/deadlines.h"

#include <assert.h>

#include "core/facts/counts.h"
#include "core/facts/patience.h"
#include "core/facts/recent_ends.h"
#include "core/facts/standing.h"
#include "core/facts/states.h"

static void earlier(int64_t *deadline_ms, int64_t at_ms, int64_t now_ms)
{
    if (at_ms > now_ms && at_ms < *deadline_ms) *deadline_ms = at_ms;
}

/* When it may count as dead; while only the rest of the fleet forbids that, look again:
 * what happens there wakes nobody here. */
static int64_t reach_deadline(const struct group *group, const struct instance *instance,
                              int64_t now_ms)
{
    int64_t at_ms = asg_patience_lost_ms(group, instance);
    bool waits_for_others = at_ms <= now_ms && group->held[HOLD_REACH][0] != '\0';
    return waits_for_others ? now_ms + 2 * group->config.evaluation_ms : at_ms;
}

static int64_t instance_deadline(const struct asg_core *core, const struct group *group,
                                 const struct instance *instance)
{
    int64_t at_ms = INT64_MAX;
    int64_t now_ms = core->now_ms;
    enum asg_timeout timeout = asg_state_traits(instance->state)->timeout;
    if (timeout == ASG_TIMEOUT_LAUNCH) {
        earlier(&at_ms, asg_patience_late_ms(core, group, instance), now_ms);
    }
    if (asg_instance_is_judged(instance)) {
        earlier(&at_ms, instance->warm_ms, now_ms);
        bool is_doubted = instance->is_impaired || instance->is_silent;
        if (is_doubted) {
            earlier(&at_ms, asg_patience_grace_over_ms(group, instance), now_ms);
        }
        if (asg_instance_is_out_of_reach(instance)) {
            earlier(&at_ms, reach_deadline(group, instance, now_ms), now_ms);
        }
    }
    if (timeout == ASG_TIMEOUT_WAIT) earlier(&at_ms, instance->wait_until_ms, now_ms);
    return at_ms;
}

void asg_tell_deadline(struct asg_core *core, struct group *group)
{
    int64_t at_ms = INT64_MAX;
    int64_t now_ms = core->now_ms;
    bool is_unclear = asg_count_capacity(group) > group->config.desired;
    for (size_t i = 0; i < group->instance_count; i++) {
        int64_t its_ms = instance_deadline(core, group, group->instances[i]);
        if (its_ms < at_ms) at_ms = its_ms;
        is_unclear = is_unclear ||
                     asg_patience_waits_for_picture(core, group, group->instances[i]);
    }
    for (size_t i = 0; i < group->schedule_count; i++) {
        assert(group->schedules[i].next_ms > now_ms); /* those that are due have run */
        earlier(&at_ms, group->schedules[i].next_ms, now_ms);
    }
    earlier(&at_ms, group->launch_after_ms, now_ms);
    earlier(&at_ms, group->breaker_until_ms, now_ms);
    if (group->silence_over_ms != 0) earlier(&at_ms, group->silence_over_ms, now_ms);
    /* While more goes than may at once, look again as the window moves. */
    bool ends_wait =
        group->held[HOLD_REPLACE][0] != '\0' || group->held[HOLD_SCALE_IN][0] != '\0';
    if (group->end_count > 0 && ends_wait) {
        earlier(&at_ms, group->ends[0] + ENDS_WINDOW_MS, now_ms);
    }
    if (is_unclear) earlier(&at_ms, asg_patience_picture_ms(core, group), now_ms);
    asg_due_heap_set(&core->dues, &group->due, at_ms);
}
