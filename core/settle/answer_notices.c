#include "core/settle/answer_notices.h"

#include <assert.h>

#include "core/world/counts.h"
#include "core/limits/recent_ends.h"
#include "core/guard/interlocks.h"
#include "core/plan/end_instance.h"
#include "core/step/activities.h"
#include "core/want/wanted_capacity.h"
#include "core/world/standing.h"
#include "core/world/stops.h"

void asg_settle_taken_back(struct asg_core *core, struct group *group)
{
    assert(!group->is_deleting); /* there all go */
    if (asg_count_taken_back(group) == 0) return;
    if (asg_stop_is_halt(core, group)) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        if (instance->notice.taken_back_ms == 0 || asg_instance_is_aside(instance))
            continue;
        if (asg_guard_health_rests(core, group, "EC2 reclaims one")) return;
        asg_plan_end(core, group, instance, ASG_END_NOTICE,
                     "Spot interruption: EC2 reclaims it, replacing it now");
    }
}

/* An order has taken their places away: they go like anybody else above its D, without a
 * replacement and at once. */
static void end_ordered(struct asg_core *core, struct group *group)
{
    uint32_t serving = asg_count_serving(group);
    asg_activity_note_span(core, asg_count_capacity(group), group->config.desired);
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        if (serving <= group->scaling.order_floor) return;
        if (instance->service.is_protected || !asg_want_leaves_early(group, instance))
            continue;
        if (instance->ending.kept_until_ms > core->now_ms) continue; /* EC2 refused it */
        const char *reason = "selected for scale-in: EC2 may reclaim it";
        if (asg_plan_end_is_dry(core, group, instance, reason)) return;
        if (asg_guard_allowed_ends(core, group, 1, ASG_END_USER) == 0) return;
        asg_plan_end(core, group, instance, ASG_END_USER, reason);
        assert(serving > group->config.desired);
        serving--;
    }
}

void asg_settle_replaced(struct asg_core *core, struct group *group)
{
    if (!group->config.capacity_rebalance) return; /* nobody leaves early */
    end_ordered(core, group);
    uint32_t serving = asg_count_serving(group);
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        if (serving <= group->config.desired) return;
        if (!asg_want_leaves_early(group, instance)) continue;
        if (instance->ending.kept_until_ms > core->now_ms) continue; /* EC2 refused it */
        const char *reason = "EC2 may reclaim it, and its replacement is in service";
        if (asg_plan_end_is_dry(core, group, instance, reason)) return;
        if (asg_guard_allowed_ends(core, group, 1, ASG_END_HEALTH) == 0) return;
        asg_ends_note(core, group, ASG_END_HEALTH);
        asg_plan_end(core, group, instance, ASG_END_NOTICE, reason);
        assert(serving > group->config.desired);
        serving--;
    }
}
