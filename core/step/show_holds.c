#include "core/step/show_holds.h"

#include <assert.h>

#define OFF_BY_MS INT64_C(10000) /* a moment may be wrong by so much, */
#define OFF_BY    5              /* or by one part in so many of the wait */

/* Groups that a common load holds do not move together. */
static int64_t spread_ms(const struct group *group)
{
    assert(group->no > 0);
    return (int64_t)((group->no * UINT32_C(2654435761)) >> 16) % ASG_SHOWN_MS;
}

static bool was_shown_lately(const struct asg_core *core, int64_t off_ms)
{
    assert(off_ms >= 0 && off_ms <= core->now_ms);
    return off_ms != 0 && core->now_ms - off_ms < ASG_SHOWN_MS;
}

/* One that is on is shown, and one that is not is not; true: that is another set of
 * reasons than before. */
static bool turn_policy(const struct asg_core *core, struct policy *policy)
{
    struct asg_policy_state *state = &policy->state;
    const struct policy_hold *hold = &state->hold;
    struct policy_hold *shown = &state->shown;
    assert(!hold->is_on || !policy->config.is_disabled);
    if (!hold->is_on) {
        if (!shown->is_on) return false;
        shown->is_on = false;
        state->off_ms = core->now_ms;
        return true;
    }
    if (shown->is_on && shown->reason == hold->reason) return false;
    if (!shown->is_on && shown->reason == hold->reason &&
        was_shown_lately(core, state->off_ms)) {
        return false;
    }
    shown->is_on = true;
    shown->reason = hold->reason;
    return true;
}

static bool turn_group(const struct asg_core *core, struct group *group)
{
    const struct hold *hold = &group->holds[HOLD_POLICY];
    struct group_display *display = &group->display;
    assert(!hold->is_on || group->held[HOLD_POLICY][0] != '\0');
    if (!hold->is_on) {
        if (!display->hold.is_on) return false;
        display->hold.is_on = false;
        display->off_ms = core->now_ms;
        return true;
    }
    if (display->hold.is_on && display->hold.reason == hold->reason) return false;
    if (!display->hold.is_on && display->hold.reason == hold->reason &&
        was_shown_lately(core, display->off_ms)) {
        return false;
    }
    display->hold = *hold;
    return true;
}

/* A moment that has come says nothing any more. */
static int64_t moment_of(const struct asg_core *core, int64_t until_ms)
{
    assert(until_ms >= 0);
    return until_ms > core->now_ms ? until_ms : 0;
}

static bool is_wrong(const struct asg_core *core, const struct group *group,
                     int64_t shown_ms, int64_t until_ms)
{
    assert(until_ms == 0 || until_ms > core->now_ms);
    if (shown_ms == until_ms) return false;
    if (shown_ms == 0 || until_ms == 0) return true;
    if (shown_ms <= core->now_ms + group->config.evaluation_ms) return true;
    int64_t off_by_ms = shown_ms > until_ms ? shown_ms - until_ms : until_ms - shown_ms;
    int64_t share_ms = (until_ms - core->now_ms) / OFF_BY;
    return off_by_ms > (share_ms > OFF_BY_MS ? share_ms : OFF_BY_MS);
}

/* Some figure has to move now, whenever it was moved last. */
static bool is_urgent(const struct asg_core *core, const struct group *group)
{
    const struct group_display *display = &group->display;
    assert(display->wanted >= ASG_UNSET);
    if ((display->wanted == ASG_UNSET) != (group->scaling.wanted == ASG_UNSET))
        return true;
    for (size_t i = 0; i < group->policy_count; i++) {
        const struct asg_policy_state *state = &group->policies[i].state;
        if (!state->shown.is_on) continue;
        if (is_wrong(core, group, state->shown.until_ms,
                     moment_of(core, state->hold.until_ms))) {
            return true;
        }
    }
    const struct hold *hold = &group->holds[HOLD_POLICY];
    return display->hold.is_on &&
           is_wrong(core, group, display->hold.until_ms, moment_of(core, hold->until_ms));
}

/* True: some are others than before. */
static bool move_figures(const struct asg_core *core, struct group *group)
{
    struct group_display *display = &group->display;
    assert(group->scaling.wanted >= ASG_UNSET);
    bool is_other = display->wanted != group->scaling.wanted;
    display->wanted = group->scaling.wanted;
    for (size_t i = 0; i < group->policy_count; i++) {
        struct asg_policy_state *state = &group->policies[i].state;
        if (!state->shown.is_on) continue;
        assert(state->hold.is_on && state->hold.reason == state->shown.reason);
        struct policy_hold now = state->hold;
        now.until_ms = moment_of(core, now.until_ms);
        is_other = is_other || now.until_ms != state->shown.until_ms ||
                   now.count != state->shown.count || now.wanted != state->shown.wanted;
        state->shown = now;
    }
    if (!display->hold.is_on) return is_other;
    struct hold now = group->holds[HOLD_POLICY];
    assert(now.is_on && now.reason == display->hold.reason);
    now.until_ms = moment_of(core, now.until_ms);
    is_other = is_other || now.until_ms != display->hold.until_ms ||
               now.count != display->hold.count;
    display->hold = now;
    return is_other;
}

void asg_hold_show(const struct asg_core *core, struct group *group, bool has_moved)
{
    struct group_display *display = &group->display;
    assert(core->step != NULL);
    assert(display->moved_ms <= core->now_ms);
    bool is_other = turn_group(core, group);
    for (size_t i = 0; i < group->policy_count; i++) {
        bool is_turned = turn_policy(core, &group->policies[i]);
        is_other = is_other || is_turned;
    }
    bool is_due = core->now_ms - display->moved_ms >= ASG_SHOWN_MS + spread_ms(group);
    if (is_other || is_due || has_moved || is_urgent(core, group)) {
        bool is_moved = move_figures(core, group);
        is_other = is_other || is_moved;
    }
    if (is_other) {
        group->hold_changes++;
        display->moved_ms = core->now_ms;
    }
    if (has_moved) asg_hold_show_anew(group);
}

void asg_hold_show_anew(struct group *group)
{
    struct group_display *display = &group->display;
    if (display->hold.is_on) group->hold_changes++;
    *display = (struct group_display){.wanted = display->wanted};
    assert(display->moved_ms == 0); /* of long ago */
    for (size_t i = 0; i < group->policy_count; i++) {
        group->policies[i].state.off_ms = 0;
    }
}
