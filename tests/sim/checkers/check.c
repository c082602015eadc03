/* check - which laws look at what happens. */
#include <string.h>

#include "core/check.h"
#include "sim/sim.h"
#include "wire/wire.h"

void sim_check_frame_out(enum sim_link link, const void *data, size_t length)
{
    enum asg_message_type type;
    if (link == SIM_LINK_AGENTS || asg_wire_message_type(data, length, &type) != ASG_OK) {
        return;
    }
    struct asg_arena arena = {0};
    if (type == ASG_MESSAGE_ANSWER) {
        struct asg_answer answer;
        if (asg_wire_decode_message(data, length, type, &arena, &answer) == ASG_OK &&
            answer.is_ok) {
            law_acknowledged_survive(answer.request_no);
            law_view_when_answered();
        }
    }
    if (type != ASG_MESSAGE_JOB) {
        asg_arena_clear(&arena);
        return;
    }
    struct asg_job_message message;
    if (asg_wire_decode_message(data, length, type, &arena, &message) == ASG_OK &&
        message.job != NULL) {
        law_committed_first_frame(&message);
        law_rates(message.job);
        law_stopped_rests(message.job);
    }
    asg_arena_clear(&arena);
}

void sim_check_frame_in(enum sim_link link, const void *data, size_t length)
{
    enum asg_message_type type;
    if (link != SIM_LINK_WORKERS ||
        asg_wire_message_type(data, length, &type) != ASG_OK ||
        type != ASG_MESSAGE_HAND_BACK) {
        return;
    }
    struct asg_arena arena = {0};
    struct asg_hand_back hand_back;
    if (asg_wire_decode_message(data, length, type, &arena, &hand_back) == ASG_OK) {
        law_rates_back(hand_back.job_id);
    }
    asg_arena_clear(&arena);
}

void sim_check_call(const char *action, const char *token, const char *const *ids,
                    size_t id_count)
{
    law_committed_first_call(action, token, ids, id_count);
    law_neighbours_call(action, ids, id_count);
}

void sim_check_launched(struct sim_instance *instance, uint32_t of_token)
{
    if (sim_is_restored()) {
        const struct sim_job *job = sim_find_job_of_token(instance->token);
        instance->is_lost = job != NULL && job->is_lost;
        instance->was_lost = instance->is_lost;
    }
    law_neighbours_launched(instance);
    law_no_launch_twice(instance, of_token);
    law_never_above_max(instance);
}

void sim_check_plan(const struct asg_job *plan, int64_t time_ms)
{
    law_neighbours_plan(plan);
    law_plan_while_stopped(plan);
    law_old_log_plan(plan);
    law_drained_first(plan, time_ms);
    law_moved_plan(plan);
}

void sim_check_decision(const struct asg_decision *decision, int64_t time_ms)
{
    law_neighbours_decision(decision);
    law_reason(decision, time_ms);
    law_no_terminate_of_protected(decision);
    law_no_mass_termination(decision);
    law_no_flapping(decision, time_ms);
    law_to_and_fro(decision);
    law_shares_of_ends(decision, time_ms);
    law_taken_back(decision);
    law_suspended_rests(decision);
    law_moved_decision(decision);
}

/* ---- after the faults: everything that must be true again, within a bound ---- */

#define LONGEST_US (5 * SIM_HOUR)
#define LISTING_US (2 * SIM_MINUTE) /* reconcile.every, unless it is set */

/* EC2 has refused launches: pools and breakers wait for up to half an hour, then try with
 * one. */
static bool has_ec2_refused(void)
{
    static const enum sim_fault faults[] = {
        SIM_FAULT_EC2_NO_CAPACITY,  SIM_FAULT_EC2_QUOTA,
        SIM_FAULT_EC2_SHORT_LAUNCH, SIM_FAULT_REFUSED_CREDENTIALS,
        SIM_FAULT_EC2_AWAY,         SIM_FAULT_EC2_PROTECTS,
        SIM_FAULT_NEVER_BOOTS,      SIM_FAULT_DIES_AT_LAUNCH};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (sim.swarm.hits[faults[i]] > 0) return true;
    }
    return false;
}

/* How long this cluster may take, by its own settings and by what happened: to see who is
 * ill and replace him, to end what is too much within its shares, to scale in after the
 * window, to hand jobs on whose worker died, and what came of kinds of faults. */
static int64_t bound_us(void)
{
    int64_t window_ms = 0;
    for (uint32_t i = 0; i < our->group_count; i++) {
        const struct sim_group *group = &our->groups[i];
        int64_t its_ms = 2 * group->stabilisation_ms + 6 * group->evaluation_ms;
        if (its_ms > window_ms) window_ms = its_ms;
    }
    int64_t listing_us = our->settings.listing_ms * 1000;
    if (listing_us < LISTING_US) listing_us = LISTING_US;
    int64_t us = 20 * SIM_MINUTE + window_ms * 1000 + 3 * listing_us +
                 4 * our->settings.lease_ms * 1000 + 20 * sim.agent_interval_ms * 1000;
    us += 40 * SIM_MINUTE; /* four times a quarter in ten minutes */
    if (has_ec2_refused()) us += SIM_HOUR;
    bool are_some_unknown = sim.swarm.hits[SIM_FAULT_STRAY_INSTANCE] > 0 ||
                            sim.swarm.hits[SIM_FAULT_OLD_BACKUP] > 0;
    if (are_some_unknown) us += SIM_HOUR; /* a quarter of an hour, and five an hour */
    /* While it is ahead of a clock that was set back the log's time runs at half speed.
     */
    if (sim.swarm.hits[SIM_FAULT_CLOCK_JUMPS] > 0) us *= 2;
    return us < LONGEST_US ? us : LONGEST_US;
}

/* Is there nothing that misses? */
static bool is_well(int64_t quiet_us)
{
    const struct {
        const char *law;
        const char *missing;
    } wants[] = {
        {"activities_end_when_quiet", law_activities_end()},
        {"no_orphan_when_quiet", law_no_orphan()},
        {"moved_as_ordered", law_let_go()},
        {"not_below_min_when_quiet", law_not_below_min()},
        {"desired_reached_when_quiet", law_desired_reached()},
        {"sized_for_its_load_when_quiet", law_sized_for_load()},
    };
    for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
        if (wants[i].missing == NULL) continue;
        if (quiet_us > bound_us()) {
            sim_break(wants[i].law, "%lld min after the last fault: %s",
                      (long long)(quiet_us / SIM_MINUTE), wants[i].missing);
        }
        return false;
    }
    return true;
}

/* Of the cluster that was entered: what core remembers agrees with itself. */
static void check_core(void)
{
    if (our->controller == NULL || our->controller->commit == NULL) return;
    struct asg_error error = {""};
    if (asg_core_check(asg_commit_core(our->controller->commit), &error) == ASG_OK)
        return;
    sim_break("state_agrees_with_itself", "%s", error.text);
}

void sim_check_look(void)
{
    sim_each_cluster(check_core);
    if (!sim.is_quiet) return;
    const int64_t quiet_us = sim.now_us - sim.quiet_since_us;
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        (void)sim_enter(&sim.clusters[i]);
        if (is_well(quiet_us)) continue;
        sim.converged_us = -1;
        return;
    }
    if (sim.converged_us < 0) sim.converged_us = quiet_us;
    /* It holds, and goes on holding for a while. */
    if (quiet_us - sim.converged_us < 20 * SIM_MINUTE) return;
    sim_each_cluster(law_dead_letters);
    sim.bursts++;
    if (sim.converged_us > sim.slowest_us) sim.slowest_us = sim.converged_us;
    if (!sim_life_goes_on()) sim.is_over = true;
}
