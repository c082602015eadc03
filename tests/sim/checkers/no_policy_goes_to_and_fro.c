/* no_policy_goes_to_and_fro - while the load stays as it is, no policy changes desired
 * one way and back again by turns: after the faults, between two things that change a
 * group from outside, its policies turn round once or twice. And a policy of which every
 * step removes never adds, nor the other way. */
#include "sim/sim.h"

#define LAW       "no_policy_goes_to_and_fro"
#define TURNS_MAX 2

static bool is_scaling(const struct asg_decision *decision)
{
    return decision->kind == ASG_DECISION_SCALE_OUT ||
           decision->kind == ASG_DECISION_SCALE_IN;
}

static void begin_stretch(struct sim_group *group)
{
    group->calm_since_us = sim.now_us;
    group->last_scaling = ASG_DECISION_COUNT;
    group->turns = 0;
}

/* Is it what a change of desired leads to, or nothing at all? Else something else changes
 * the group: its health, EC2, somebody. */
static bool is_sequel(const struct asg_decision *decision)
{
    if (decision->instance_id[0] == '\0') return decision->cause == ASG_CAUSE_NONE;
    if (decision->state_to != ASG_INSTANCE_TERMINATING &&
        decision->state_to != ASG_INSTANCE_TERMINATED) {
        return decision->kind != ASG_DECISION_ADOPT;
    }
    return decision->cause == ASG_CAUSE_SCALE_IN ||
           decision->state_from == ASG_INSTANCE_TERMINATING ||
           decision->state_from == ASG_INSTANCE_TERMINATING_WAIT ||
           decision->state_from == ASG_INSTANCE_TERMINATING_PROCEED;
}

/* What is being terminated carries load until terminated by EC2, and is counted no more:
 * a window that is over before goes by too low a metric. */
static bool sees_its_own_end(const struct sim_group *group)
{
    return group->stabilisation_ms >= 3 * group->evaluation_ms + 120000;
}

void law_to_and_fro(const struct asg_decision *decision)
{
    struct sim_group *group = sim_find_group(our, decision->group);
    if (group == NULL) return;
    if (!is_scaling(decision) || decision->cause != ASG_CAUSE_POLICY) {
        if (!is_sequel(decision)) begin_stretch(group);
        return;
    }
    bool is_out = decision->kind == ASG_DECISION_SCALE_OUT;
    if (is_out ? sim_only_removes(decision->policy) : sim_only_adds(decision->policy)) {
        sim_break(LAW, "%s of %s, which only %s: %s", decision->policy, group->name,
                  is_out ? "removes" : "adds", decision->text);
        return;
    }
    if (!sim.is_quiet || group->steady_milli < 0 || !sees_its_own_end(group)) {
        begin_stretch(group);
        return;
    }
    if (group->calm_since_us < sim.quiet_since_us ||
        group->calm_since_us < group->ordered_us) {
        begin_stretch(group);
    }
    bool is_turn = group->last_scaling != ASG_DECISION_COUNT &&
                   group->last_scaling != decision->kind;
    group->turns += is_turn ? 1 : 0;
    group->last_scaling = decision->kind;
    if (group->turns <= TURNS_MAX) return;
    sim_break(LAW,
              "the policies of %s turn round for the %u. time in %lld s, and nothing "
              "else changed: %s",
              group->name, group->turns,
              (long long)(sim.now_us - group->calm_since_us) / SIM_SECOND,
              decision->text);
}
