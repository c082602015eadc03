/* take_lead - a controller begins to lead: what time alone would have decided while
 * nobody watched is not held against anybody (docs/reliability.md, "After an absence").
 *
 * All of it follows from two times in the log: of the last event before, and of the
 * order to lead. */
#include <inttypes.h>

#include "core/command.h"
#include "core/state.h"

#define START_CALM_MS INT64_C(60000)

int64_t picture_ms(const struct asg_core *core, const struct group *group)
{
    return core->led_ms + 3 * group->config.evaluation_ms + START_CALM_MS;
}

bool waits_for_picture(const struct asg_core *core, const struct group *group,
                       const struct instance *instance)
{
    return instance->is_silent && instance->in_service_ms < core->led_ms &&
           core->now_ms < picture_ms(core, group);
}

int64_t grace_over_ms(const struct group *group, const struct instance *instance)
{
    return instance->in_service_ms + group->config.health_grace_ms + instance->excused_ms;
}

bool is_past_grace(const struct group *group, const struct instance *instance,
                   int64_t now_ms)
{
    return grace_over_ms(group, instance) <= now_ms;
}

/* One that was asked for before this controller led has a listing and some reports'
 * time to show itself, however little of its own time is left. */
int64_t late_ms(const struct asg_core *core, const struct group *group,
                const struct instance *instance)
{
    int64_t its_ms =
        instance->launched_ms + group->config.launch_timeout_ms + instance->excused_ms;
    bool is_inherited = instance->requested_ms <= core->led_ms;
    int64_t least_ms = is_inherited ? picture_ms(core, group) : its_ms;
    return its_ms > least_ms ? its_ms : least_ms;
}

/* What was last seen of it may be long over: agents, probes and EC2 are told again to a
 * controller that begins to lead. What an operator said stays. */
static void forget_signs(struct instance *instance)
{
    instance->is_heard = false;
    instance->is_silent = false;
    instance->is_probe_failed = false;
    instance->is_unreachable = false;
    instance->is_impaired = false;
    if (instance->ec2_state == ASG_EC2_STOPPED ||
        instance->ec2_state == ASG_EC2_STOPPING) {
        instance->ec2_state = ASG_EC2_UNKNOWN;
    }
}

static void excuse_absence(struct asg_core *core, int64_t away_ms)
{
    for (size_t g = 0; g < core->group_count; g++) {
        struct group *group = &core->groups[g];
        group->is_dirty = true;
        for (size_t i = 0; i < group->instance_count; i++) {
            group->instances[i].excused_ms += away_ms;
            forget_signs(&group->instances[i]);
        }
    }
    for (size_t i = 0; i < core->orphan_count; i++) {
        core->orphans[i].first_ms += away_ms;
    }
}

void take_lead(struct asg_core *core, const struct asg_command *command)
{
    core->epoch = command->epoch;
    core->led_ms = core->now_ms;
    core->listings = 0;
    core->listing_ms = command->listing_ms > 0 ? command->listing_ms : 0;
    core->listing_next_ms = core->now_ms;
    core->look_next_ms = core->now_ms;
    core->look_pause_ms = 0;
    excuse_absence(core, core->now_ms - core->before_ms);
    reply_ok(core, 0, "epoch %" PRIu64 " leads", core->epoch);
}
