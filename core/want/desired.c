#include "core/want/desired.h"

#include <string.h>

#include "core/facts/standing.h"
#include "core/facts/lifecycle.h"
#include "core/facts/narrate.h"
#include "core/facts/state.h"

void set_desired(struct asg_core *core, struct group *group, uint32_t desired)
{
    if (desired != group->config.desired) forget_hold(core, group, HOLD_POLICY);
    group->config.desired = desired;
    mark_dirty(core, group);
}

void begin_cooldown(struct asg_core *core, struct group *group,
                    const struct asg_policy_config *config)
{
    group->cooldown_ms =
        config->cooldown_ms >= 0 ? config->cooldown_ms : group->config.cooldown_ms;
    group->cooldown_until_ms = core->now_ms + group->cooldown_ms;
    group->is_cooldown_due = true;
}

bool is_cooling(const struct asg_core *core, const struct group *group)
{
    return group->is_cooldown_due || group->cooldown_until_ms > core->now_ms;
}

/* The cooldown begins when the last instance is in service or has drained (docs/rules.md,
 * "Simple scaling and cooldown"). */
void settle_cooldown(struct asg_core *core, struct group *group)
{
    if (!group->is_cooldown_due || group->resolve_job_id != 0) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        if (is_launching(instance) || is_waiting(instance)) return;
    }
    group->is_cooldown_due = false;
    group->cooldown_until_ms = core->now_ms + group->cooldown_ms;
}
