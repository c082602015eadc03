/* ends_keep_their_share - what health ends, and what a policy scales in, each keeps to
 * the group's shares: so many at once, so many in ten minutes. What an
 * operator, a scheduled action or EC2 itself ends is not paced, nor is what an order
 * called unhealthy. */
#include "sim/sim.h"

#define LAW       "ends_keep_their_share"
#define SLOT_US   (10 * SIM_MINUTE)
#define WINDOW_MS INT64_C(600000)

static bool is_by_health(enum asg_cause cause)
{
    switch (cause) {
    case ASG_CAUSE_REBALANCE:
    case ASG_CAUSE_LATE_LAUNCH:
    case ASG_CAUSE_STOPPED:
    case ASG_CAUSE_IMPAIRED:
    case ASG_CAUSE_SCHEDULED_EVENT:
    case ASG_CAUSE_SILENT:
    case ASG_CAUSE_UNREACHABLE: return true;
    default: return false;
    }
}

struct living {
    uint32_t staying;
    uint32_t ending[2]; /* by scale-in, by health */
};

static struct living count_living(const struct sim_group *group)
{
    struct living ret = {0};
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *instance = sim.instances[i];
        if (!instance->is_alive || instance->group != group) continue;
        bool is_scaled_in =
            instance->end_cause == ASG_CAUSE_SCALE_IN && instance->was_serving;
        if (!instance->is_over) {
            ret.staying++;
        } else if (is_scaled_in || is_by_health(instance->end_cause)) {
            ret.ending[is_scaled_in ? 0 : 1]++;
        }
    }
    return ret;
}

/* The most members that core can have counted in the last hours: what it knows of EC2 may
 * be as old as that. */
static uint32_t most_members(struct sim_group *group, const struct living *living)
{
    int64_t no = sim.now_us / SLOT_US;
    for (; group->peak_no < no; group->peak_no++) {
        group->peaks[(group->peak_no + 1) % SIM_PEAKS] = 0;
        if (no - group->peak_no > SIM_PEAKS) group->peak_no = no - SIM_PEAKS;
    }
    uint32_t now = living->staying > group->desired ? living->staying : group->desired;
    now += living->ending[0] + living->ending[1] + 1; /* who ends just now */
    uint32_t *peak = &group->peaks[no % SIM_PEAKS];
    if (now > *peak) *peak = now;
    uint32_t most = 0;
    for (uint32_t i = 0; i < SIM_PEAKS; i++) {
        if (group->peaks[i] > most) most = group->peaks[i];
    }
    return most;
}

static uint32_t share_of(uint32_t members, uint32_t percent)
{
    uint32_t share = members * percent / 100;
    return share > 0 ? share : 1;
}

static uint32_t count_lately(const struct sim_group *group, bool is_health,
                             int64_t time_ms)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SIM_ENDS && i < group->end_count; i++) {
        bool is_late = group->ended_ms[i] + WINDOW_MS > time_ms;
        count += is_late && group->ended_by_health[i] == is_health ? 1 : 0;
    }
    return count;
}

/* Its size was ordered lately, or what was ordered is not done yet. */
static bool is_ordered(struct sim_group *group, const struct living *living)
{
    int64_t after_us = sim.now_us - group->ordered_us;
    if (group->spent_us < group->ordered_us && after_us > SIM_MINUTE &&
        living->staying <= group->desired) {
        group->spent_us = sim.now_us;
    }
    return group->spent_us < group->ordered_us || after_us < SIM_HOUR;
}

/* Nothing escapes the pace by a mark that nobody has set. */
static void check_marked(const struct asg_decision *decision)
{
    if (decision->cause != ASG_CAUSE_MARKED) return;
    const struct sim_instance *instance = sim_find_instance(decision->instance_id);
    if (instance == NULL || instance->is_called_ill) return;
    sim_break(LAW, "nobody called %s unhealthy: %s", instance->id, decision->text);
}

/* EC2 protects it and it lives on: what health wanted of it does not count any more. */
static void forget_kept(struct sim_group *group, const struct asg_decision *decision)
{
    bool is_kept = (decision->state_from == ASG_INSTANCE_TERMINATING ||
                    decision->state_from == ASG_INSTANCE_TERMINATING_PROCEED) &&
                   (decision->state_to == ASG_INSTANCE_IN_SERVICE ||
                    decision->state_to == ASG_INSTANCE_PENDING);
    if (!is_kept) return;
    const struct sim_instance *instance = sim_find_instance(decision->instance_id);
    for (uint32_t i = 0; i < SIM_ENDS && i < group->end_count; i++) {
        if (!group->ended_by_health[i] || group->ended[i] != instance) continue;
        group->ended_ms[i] = INT64_MIN / 2;
        group->ended[i] = NULL;
    }
}

void law_shares_of_ends(const struct asg_decision *decision, int64_t time_ms)
{
    struct sim_group *group = sim_find_group(our, decision->group);
    if (group == NULL) return;
    const struct living living = count_living(group);
    uint32_t members = most_members(group, &living);
    bool has_order = is_ordered(group, &living);
    check_marked(decision);
    forget_kept(group, decision);
    bool is_health = is_by_health(decision->cause);
    bool is_scale_in = decision->cause == ASG_CAUSE_SCALE_IN &&
                       decision->state_from == ASG_INSTANCE_IN_SERVICE;
    bool is_end = decision->state_to == ASG_INSTANCE_TERMINATING &&
                  decision->state_from != decision->state_to;
    if (!is_end || (!is_health && !is_scale_in)) return;
    uint64_t at = group->end_count++ % SIM_ENDS;
    group->ended_ms[at] = time_ms;
    group->ended_by_health[at] = is_health;
    group->ended[at] = sim_find_instance(decision->instance_id);
    if (is_scale_in && has_order) return;
    const struct sim_features *features = &sim.features;
    uint32_t at_once_percent = features->terminating_percent;
    uint32_t ten_minutes_percent = features->terminated_percent;
    /* Which policy scaled in last, one with an allowance of its own or one without? */
    const struct sim_knobs *knobs = &features->knobs;
    if (is_scale_in && knobs->at_once_percent > at_once_percent) {
        at_once_percent = knobs->at_once_percent;
    }
    if (is_scale_in && knobs->ten_minutes_percent > ten_minutes_percent) {
        ten_minutes_percent = knobs->ten_minutes_percent;
    }
    uint32_t at_once = living.ending[is_health ? 1 : 0] + 1;
    uint32_t lately = count_lately(group, is_health, time_ms);
    /* Of those that were there: who was too much is not there any more. */
    uint32_t were = members + count_lately(group, false, time_ms);
    if (at_once <= share_of(members, at_once_percent) &&
        lately <= share_of(were, ten_minutes_percent)) {
        return;
    }
    sim_break(LAW,
              "%s: %u by %s end together and %u in ten minutes, of %u members %u %% and "
              "%u %% may: %s",
              group->name, at_once, is_health ? "health" : "scale-in", lately, were,
              at_once_percent, ten_minutes_percent, decision->text);
}
