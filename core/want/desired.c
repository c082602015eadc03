#include "core/want/desired.h"

#include <assert.h>

#include "core/step/narrate.h"
#include "core/world/counts.h"
#include "core/world/standing.h"
#include "core/world/state.h"

/* What lies above the floor was taken away by orders, so it goes at once. Whoever wants
 * more again lifts it; one that is ended by name was above desired's last place. */
static void move_floor(struct group *group, uint32_t to, enum desired_cause cause)
{
    uint32_t from = group->config.desired;
    if (cause == DESIRED_BY_ORDER && to < from) {
        group->scaling.order_floor = to;
        return;
    }
    if (group->scaling.order_floor == UINT32_MAX) return; /* no order is under way */
    assert(group->scaling.order_floor >= from);
    if (to > group->scaling.order_floor) group->scaling.order_floor = to;
    if (cause == DESIRED_BY_INSTANCE) group->scaling.order_floor -= from - to;
    assert(group->scaling.order_floor >= to);
}

/* Whoever says how many there shall be means those that are being attached too. */
static void keep_extra(struct group *group)
{
    assert(asg_count_attaching(group) <= group->instance_count);
    if (asg_count_attaching(group) == 0) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        group->instances[i]->launch.is_extra = false;
    }
}

/* No simple scaling until what was asked for is done and the cooldown is over. */
static void begin_cooldown(const struct asg_core *core, struct group *group,
                           int64_t cooldown_ms)
{
    assert(core->step != NULL);
    assert(cooldown_ms >= 0);
    group->scaling.cooldown_ms = cooldown_ms;
    group->scaling.cooldown_until_ms = core->now_ms + cooldown_ms;
    group->scaling.is_cooldown_due = true;
}

/* Policies see another group from here on, and say anew what they wait for. One that
 * moved desired itself has looked at all of them in this period. */
static void forget_what_waits(struct asg_core *core, struct group *group, bool is_looked)
{
    assert(core->step != NULL);
    asg_hold_forget(core, group, HOLD_POLICY);
    assert(!group->holds[HOLD_POLICY].is_on);
    for (size_t i = 0; i < group->policy_count; i++) {
        struct asg_policy_state *state = &group->policies[i].state;
        state->has_said = false;
        state->said = (enum asg_hold_reason)0;
        if (is_looked || !state->hold.is_on) continue;
        state->hold = (struct policy_hold){.is_on = false};
        if (state->shown.is_on) group->hold_changes++;
        state->shown.is_on = false;
    }
}

void asg_desired_change(struct asg_core *core, struct group *group, uint32_t to,
                        enum desired_cause cause)
{
    assert(core->step != NULL);
    assert(to >= group->config.min && to <= group->config.max);
    if (to != group->config.desired) {
        forget_what_waits(core, group, /* is_looked */ cause == DESIRED_BY_POLICY);
    }
    bool is_by_one = cause == DESIRED_BY_INSTANCE || cause == DESIRED_BY_ARRIVAL;
    if (to != group->config.desired && !is_by_one) {
        keep_extra(group);
        group->scaling.has_told_protected = false;
    }
    move_floor(group, to, cause);
    bool begins_cooldown = cause == DESIRED_BY_ORDER || cause == DESIRED_BY_POLICY;
    if (to != group->config.desired && begins_cooldown) {
        begin_cooldown(core, group, group->config.cooldown_ms);
    }
    group->config.desired = to;
    asg_group_mark_dirty(core, group);
}

void asg_desired_set_range(struct asg_core *core, struct group *group, uint32_t min,
                           uint32_t max, uint32_t to, enum desired_cause cause)
{
    assert(min <= max && max <= ASG_GROUP_CAPACITY_MAX);
    bool is_other = min != group->config.min || max != group->config.max;
    if (is_other) asg_hold_forget(core, group, HOLD_POLICY); /* a limit, say */
    group->config.min = min;
    group->config.max = max;
    asg_desired_change(core, group, to, cause);
}

void asg_desired_follow(struct asg_core *core, struct group *group,
                        const struct asg_policy_config *policy, uint32_t to)
{
    assert(policy->scale_in_at_once_percent <= 100);
    assert(policy->scale_in_ten_minutes_percent <= 100);
    if (to < group->config.desired) {
        group->scaling.at_once_percent = policy->scale_in_at_once_percent;
        group->scaling.ten_minutes_percent = policy->scale_in_ten_minutes_percent;
    }
    bool is_simple = policy->kind == ASG_POLICY_SIMPLE;
    asg_desired_change(core, group, to, DESIRED_BY_POLICY);
    if (is_simple && policy->cooldown_ms >= 0) {
        begin_cooldown(core, group, policy->cooldown_ms);
    }
}

bool asg_cooldown_is_on(const struct asg_core *core, const struct group *group)
{
    assert(group->scaling.cooldown_ms >= 0);
    return asg_scaling_is_under_way(group) || group->scaling.is_cooldown_due ||
           group->scaling.cooldown_until_ms > core->now_ms;
}

int64_t asg_cooldown_over_ms(const struct asg_core *core, const struct group *group)
{
    bool has_begun = !asg_scaling_is_under_way(group) && !group->scaling.is_cooldown_due;
    assert(!has_begun || group->scaling.cooldown_until_ms > core->now_ms ||
           !asg_cooldown_is_on(core, group));
    return has_begun ? group->scaling.cooldown_until_ms : 0;
}

bool asg_scaling_is_under_way(const struct group *group)
{
    return asg_count_launching(group) > 0 || asg_count_ending(group) > 0;
}

/* The cooldown begins when the last instance is in service or has drained (docs/rules.md,
 * "Simple scaling and cooldown"). */
void asg_cooldown_settle(struct asg_core *core, struct group *group)
{
    if (!group->scaling.is_cooldown_due || group->template.job_id != 0) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        if (asg_instance_is_launching(instance) || asg_instance_is_waiting(instance))
            return;
    }
    assert(group->scaling.cooldown_ms >= 0);
    group->scaling.is_cooldown_due = false;
    group->scaling.cooldown_until_ms = core->now_ms + group->scaling.cooldown_ms;
}
