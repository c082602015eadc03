#include "core/want/scale_group.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/world/counts.h"
#include "core/world/standing.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/step/show_holds.h"
#include "core/want/desired.h"
#include "core/want/policy.h"
#include "core/world/touched.h"
#include "model/alarm_name.h"

#define GAP_PERIODS 4 /* without metrics, and a policy begins anew */

/* What all policies of a group want together (docs/rules.md, "Several policies"). */
struct verdict {
    const struct policy *out; /* that wants most; NULL: none wants out */
    struct asg_proposal out_proposal;
    const struct policy *in; /* that wants to keep most; NULL: none wants in */
    struct asg_proposal in_proposal;
    const struct policy *keeps;  /* rings, and wants what there is; NULL: none does */
    bool has_step_in;            /* a step or simple policy says in */
    const struct policy *silent; /* tracks, and keeps the others that track back; NULL */
};

static const struct asg_group_metric *find_metric(const struct asg_group_metric *rows,
                                                  size_t count,
                                                  enum asg_metric_name metric)
{
    assert(rows != NULL || count == 0);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].metric == metric) return &rows[i];
    }
    return NULL;
}

static void add_proposal(struct verdict *verdict, const struct policy *policy,
                         const struct asg_proposal *proposal)
{
    assert(!policy->config.is_disabled); /* it has no say */
    bool is_tracking = policy->config.kind == ASG_POLICY_TARGET_TRACKING;
    switch (proposal->direction) {
    case ASG_DIRECTION_OUT:
        if (verdict->out == NULL || proposal->wanted > verdict->out_proposal.wanted) {
            verdict->out = policy;
            verdict->out_proposal = *proposal;
        }
        break;
    case ASG_DIRECTION_IN:
        verdict->has_step_in |= !is_tracking;
        if (verdict->in == NULL || proposal->wanted > verdict->in_proposal.wanted) {
            verdict->in = policy;
            verdict->in_proposal = *proposal;
        }
        break;
    case ASG_DIRECTION_KEEP:
        if (verdict->keeps == NULL) verdict->keeps = policy;
        if (is_tracking && verdict->silent == NULL) verdict->silent = policy;
        break;
    case ASG_DIRECTION_NOT_READY:
    case ASG_DIRECTION_NONE:
        if (is_tracking && !policy->config.disable_scale_in && verdict->silent == NULL)
            verdict->silent = policy;
        break;
    }
}

/* Its metrics count. One that was attached may have no agent to send any, and is taken to
 * carry what the others carry. */
static bool carries_load(const struct instance *instance, int64_t now_ms)
{
    assert(instance->service.told <= ASG_MEMBER_COUNT);
    if (!instance->launch.is_attached) return instance->service.told == ASG_MEMBER_COUNTS;
    return asg_instance_is_warm(instance, now_ms) && !instance->health.is_unhealthy;
}

/* Whatever changes an instance makes its group dirty, and settling a dirty group forgets
 * the tally; time alone only makes instances warm. */
static const struct tally *tally_of(struct group *group, int64_t now_ms)
{
    assert(group->policy_count > 0);
    struct tally *tally = &group->tally;
    if (tally->is_known && now_ms < tally->until_ms) return tally;
    *tally = (struct tally){.is_known = true, .until_ms = INT64_MAX, .last_ms = 0};
    bool are_some_unknown = false; /* not in service yet: nobody knows when they warm */
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        if (carries_load(instance, now_ms)) tally->counting++;
        if (!asg_instance_counts(instance) || asg_instance_is_warm(instance, now_ms))
            continue;
        tally->warming++;
        if (!asg_instance_is_serving(instance)) {
            are_some_unknown = true;
            continue;
        }
        int64_t warm_ms = instance->service.warm_ms;
        if (warm_ms < tally->until_ms) tally->until_ms = warm_ms;
        if (warm_ms > tally->last_ms) tally->last_ms = warm_ms;
    }
    if (are_some_unknown) tally->last_ms = 0;
    assert(tally->counting <= group->instance_count);
    return tally;
}

static void decide_group(struct asg_core *core, struct group *group,
                         const struct policy *policy, const struct asg_proposal *proposal)
{
    assert(!group->is_deleting);
    int64_t min = group->config.min;
    int64_t max = group->config.max;
    int64_t from = group->config.desired;
    int64_t to = proposal->wanted;
    char limit[80] = "";
    if (to > max) {
        to = max;
        (void)snprintf(limit, sizeof limit, "max is %" PRId64 ": ", max);
    }
    if (to < min) {
        to = min;
        (void)snprintf(limit, sizeof limit, "min is %" PRId64 ": ", min);
    }
    if (to == from) {
        bool is_out = proposal->direction == ASG_DIRECTION_OUT;
        asg_hold(core, group, HOLD_POLICY, is_out ? WHY(AT_MAX) : WHY(AT_MIN), "%s%s",
                 limit, is_out ? "cannot scale out further" : "cannot scale in further");
        return;
    }
    bool is_out = to > from;
    assert(to >= min && to <= max);
    asg_desired_follow(core, group, &policy->config, (uint32_t)to);
    asg_activity_wish(
        core, group,
        asg_arena_format(&core->step->effects->arena, "%s%s%.*s", proposal->text,
                         limit[0] != '\0' ? "; " : "",
                         limit[0] != '\0' ? (int)strlen(limit) - 2 : 0, limit),
        "a monitor alarm %s in state ALARM triggered policy %s changing the "
        "desired capacity from %" PRId64 " to %" PRId64,
        asg_policy_alarm_name(&policy->config, group->config.name, is_out,
                              &core->step->effects->arena),
        policy->config.name, from, to);
    struct asg_decision *decision = asg_narrate_capacity(
        core, is_out ? ASG_DECISION_SCALE_OUT : ASG_DECISION_SCALE_IN, group,
        policy->config.name, from, "%s\n%sdecide %" PRId64 ", scale %s by %" PRId64,
        proposal->text, limit, to, is_out ? "out" : "in", is_out ? to - from : from - to);
    decision->cause = ASG_CAUSE_POLICY;
    if (is_out && policy->state.breaches > 0) {
        assert(group->config.evaluation_ms > 0);
        decision->since_ms =
            core->now_ms - policy->state.breaches * group->config.evaluation_ms;
    }
}

static void settle(struct asg_core *core, struct group *group,
                   const struct verdict *verdict)
{
    assert(verdict->out == NULL || verdict->out_proposal.direction == ASG_DIRECTION_OUT);
    assert(verdict->in == NULL || verdict->in_proposal.direction == ASG_DIRECTION_IN);
    if (verdict->out != NULL) {
        decide_group(core, group, verdict->out, &verdict->out_proposal);
        return;
    }
    if (verdict->in == NULL) return;
    /* Those that track scale in only together; a step policy does not wait for them, and
     * keeps what one of them wants to keep. */
    if (verdict->silent != NULL && !verdict->has_step_in) {
        asg_hold(core, group, HOLD_POLICY, WHY(OTHER_POLICY),
                 "scale-in waits: policy %s does not want to scale in",
                 verdict->silent->config.name);
        return;
    }
    if (verdict->keeps != NULL) {
        asg_hold(core, group, HOLD_POLICY, WHY(OTHER_POLICY),
                 "scale-in waits: policy %s is in alarm and wants %" PRIu32,
                 verdict->keeps->config.name, group->config.desired);
        return;
    }
    if (group->silence.kind != ASG_SILENCE_NONE) {
        asg_hold(core, group, HOLD_POLICY, WHY(MASS_SILENCE), "scale-in waits: %s",
                 group->silence.kind == ASG_SILENCE_MASS
                     ? "many agents are silent together"
                     : "none of its agents can be reached");
        return;
    }
    decide_group(core, group, verdict->in, &verdict->in_proposal);
}

/* Periods in a row, and a window that is low all through, are of time that was measured:
 * what policies remember ends where rows were missing (nobody led, or the membership was
 * another one) for longer than a late row explains. */
static void forget_across_gap(const struct asg_core *core, struct group *group)
{
    int64_t since_ms = core->now_ms - group->scaling.measured_ms;
    bool is_gap = since_ms > GAP_PERIODS * group->config.evaluation_ms;
    if (group->scaling.measured_ms != 0 && is_gap) {
        for (size_t i = 0; i < group->policy_count; i++) {
            if (group->policies[i].state.shown.is_on) group->hold_changes++;
            memset(&group->policies[i].state, 0, sizeof group->policies[i].state);
        }
    }
    group->scaling.measured_ms = core->now_ms;
}

struct asg_policy_input asg_want_input(const struct asg_core *core, struct group *group)
{
    const struct tally *tally = tally_of(group, core->now_ms);
    assert(tally->counting <= asg_count_capacity(group));
    return (struct asg_policy_input){
        .now_ms = core->now_ms,
        .evaluation_ms = group->config.evaluation_ms,
        .desired = group->config.desired,
        .min = group->config.min,
        .max = group->config.max,
        .warm = tally->counting,
        .serving = asg_count_serving(group),
        .warming = tally->warming,
        .warm_ms = tally->last_ms,
        .is_cooling = asg_cooldown_is_on(core, group),
        .cool_ms = asg_cooldown_over_ms(core, group),
    };
}

/* The capacity that a policy speaks for; ASG_UNSET: it says nothing. */
static int64_t wish_of(const struct policy *policy, const struct asg_proposal *proposal,
                       int64_t desired)
{
    assert(proposal->direction != ASG_DIRECTION_OUT || !proposal->hold.is_on);
    if (proposal->hold.is_on && proposal->hold.reason != ASG_HOLD_NO_METRICS)
        return proposal->hold.wanted;
    switch (proposal->direction) {
    case ASG_DIRECTION_OUT:
    case ASG_DIRECTION_IN: return proposal->wanted;
    case ASG_DIRECTION_KEEP: return desired;
    case ASG_DIRECTION_NOT_READY: return ASG_UNSET;
    case ASG_DIRECTION_NONE: break;
    }
    bool is_tracking = policy->config.kind == ASG_POLICY_TARGET_TRACKING;
    return is_tracking ? desired : ASG_UNSET;
}

void asg_want_scale_group(struct asg_core *core, struct group *group,
                          const struct asg_group_metric *rows, size_t count)
{
    assert(core->step != NULL);
    if (group->is_deleting || group->policy_count == 0) return;
    uint64_t changes = group->hold_changes; /* as readers see them */
    forget_across_gap(core, group);
    struct asg_policy_input input = asg_want_input(core, group);
    struct verdict verdict = {0};
    int64_t wanted = ASG_UNSET;
    asg_hold_begin_period(group);
    for (size_t i = 0; i < group->policy_count; i++) {
        struct policy *policy = &group->policies[i];
        if (policy->config.is_disabled) {
            asg_hold_policy(core, group, policy, &(struct policy_hold){.is_on = false});
            continue;
        }
        input.metric = find_metric(rows, count, policy->config.metric);
        struct asg_proposal proposal;
        asg_policy_evaluate(&policy->config, &policy->state, &input,
                            &core->step->effects->arena, &proposal);
        /* Scale-in needs the complete picture; scale-out goes by those that speak. */
        bool is_partial =
            input.metric != NULL && input.metric->count < input.metric->members;
        if (is_partial && proposal.direction == ASG_DIRECTION_IN) {
            proposal.direction = ASG_DIRECTION_NOT_READY;
            proposal.hold =
                (struct policy_hold){.is_on = true,
                                     .reason = ASG_HOLD_NO_METRICS,
                                     .count = input.metric->members - input.metric->count,
                                     .wanted = proposal.wanted};
        }
        asg_hold_policy(core, group, policy, &proposal.hold);
        int64_t wish = wish_of(policy, &proposal, input.desired);
        if (wish > wanted) wanted = wish;
        add_proposal(&verdict, policy, &proposal);
    }
    group->scaling.wanted = wanted;
    /* Policies see what happens while they may not act: on resume they go by that, not by
     * periods of long ago. */
    bool may_act = !asg_group_is_suspended(group, ASG_PROCESS_ALARM_NOTIFICATION);
    if (may_act) settle(core, group, &verdict);
    asg_hold_show(core, group, group->config.desired != input.desired);
    if (group->hold_changes != changes) asg_touch_settled(group);
}
