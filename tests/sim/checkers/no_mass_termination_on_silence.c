/* no_mass_termination_on_silence - while many agents of a group are not heard, nothing of
 * it is terminated but what an operator orders or what EC2 itself says is over; nor is
 * one that is well while all agents of its group, be it one or two, are out of reach. And
 * at no time is an instance replaced that was well all along. */
#include <string.h>

#include "sim/sim.h"

/* Time to notice: reports missed, a look, a period. */
static int64_t notice_us(const struct sim_group *group)
{
    return (5 * sim.agent_interval_ms + 2 * group->evaluation_ms + 30000) * 1000;
}

/* As the interlock counts: three at least, and the group's share. */
static bool is_mass(const struct sim_group *group)
{
    uint32_t muted = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *instance = sim.instances[i];
        bool is_ours = instance->is_alive && instance->group == group &&
                       !instance->stands_by && !instance->is_attached;
        muted += is_ours && instance->is_muted && instance->was_known ? 1 : 0;
    }
    return muted >= 3 && muted * 100 >= group->alive * 30;
}

/* All of the group is cut off from the controller, this one too, and it is well. */
static bool is_blind(const struct sim_group *group, const struct sim_instance *instance)
{
    bool is_cut = our->agents_cut_since_us != 0 &&
                  sim.now_us - our->agents_cut_since_us > notice_us(group);
    bool is_well = instance->is_alive && instance->agent.process.is_up &&
                   instance->ill_since_us == 0 && !instance->is_hung &&
                   sim.now_us - instance->well_since_us > notice_us(group);
    if (!is_well || is_cut) return is_well;
    if (sim.now_us - group->muted_since_us <= notice_us(group)) return false;
    for (size_t i = 0; i < sim.instance_count; i++) {
        const struct sim_instance *other = sim.instances[i];
        bool was_there =
            other->is_alive ||
            (other->ended_us != 0 && sim.now_us - other->ended_us <= notice_us(group));
        if (other->group != group || !was_there) continue;
        if (!(other->is_muted && other->was_known)) return false;
    }
    return true;
}

/* That the others are idle says nothing of those that are not heard. A launch that is
 * wanted no more never served: nothing is lost with it, whoever is silent. */
static void check_scale_in(const struct sim_group *group,
                           const struct asg_decision *decision)
{
    if (decision->state_from == ASG_INSTANCE_PENDING) return;
    bool is_on = group->silent_since_us != 0 &&
                 sim.now_us - group->silent_since_us > notice_us(group);
    if (!is_on || !is_mass(group)) return;
    sim_break("no_mass_termination_on_silence",
              "%u %% of %s's agents are silent, nobody ordered it, and yet: %s",
              group->silent_share, group->name, decision->text);
}

void law_no_mass_termination(const struct asg_decision *decision)
{
    bool is_end = decision->kind == ASG_DECISION_TERMINATE ||
                  decision->kind == ASG_DECISION_REPLACE;
    struct sim_group *group = sim_find_group(our, decision->group);
    bool is_by_policy =
        decision->kind == ASG_DECISION_SCALE_IN && decision->cause == ASG_CAUSE_POLICY;
    bool is_unordered = decision->cause == ASG_CAUSE_SCALE_IN && group != NULL &&
                        sim.now_us - group->ordered_us > SIM_HOUR;
    if (group != NULL && (is_by_policy || is_unordered)) {
        check_scale_in(group, decision);
    }
    if (!is_end || group == NULL || decision->instance_id[0] == '\0') return;
    bool is_replaced =
        decision->cause == ASG_CAUSE_SILENT || decision->cause == ASG_CAUSE_UNREACHABLE;
    if (!is_replaced) return;
    if (group->silent_since_us != 0 && is_replaced &&
        sim.now_us - group->silent_since_us > notice_us(group)) {
        const struct sim_instance *one = sim_find_instance(decision->instance_id);
        if (one != NULL && one->is_muted && is_mass(group)) {
            sim_break("no_mass_termination_on_silence",
                      "%u %% of %s's agents are silent and yet: %s", group->silent_share,
                      group->name, decision->text);
        }
    }
    const struct sim_instance *instance = sim_find_instance(decision->instance_id);
    if (is_replaced && instance != NULL && is_blind(group, instance)) {
        sim_break("no_mass_termination_on_silence",
                  "%s is well and all of %s is cut off: %s", instance->id, group->name,
                  decision->text);
    }
    if (!is_replaced || sim.swarm.mean_us[SIM_FAULT_CUT_LINK] != 0 ||
        sim.swarm.mean_us[SIM_FAULT_MASS_SILENCE] != 0 ||
        sim.swarm.mean_us[SIM_FAULT_ZONE_CUT_OFF] != 0 ||
        sim.swarm.mean_us[SIM_FAULT_PAUSE_PROCESS] != 0 ||
        sim.swarm.ppm[SIM_FAULT_DROP_FRAME] != 0 ||
        sim.swarm.ppm[SIM_FAULT_DELAY_FRAME] != 0) {
        return;
    }
    if (instance == NULL || !instance->is_alive || instance->ill_since_us != 0) return;
    if (sim.now_us - instance->well_since_us < notice_us(group)) return;
    sim_break("no_mass_termination_on_silence", "%s was well and nothing cut it off: %s",
              instance->id, decision->text);
}
