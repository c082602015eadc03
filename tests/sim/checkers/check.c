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
    law_suspended_rests(decision);
}

/* After the faults: everything that must be true again, within a bound. */
#define CONVERGE_US (5 * SIM_HOUR)

/* Is there nothing that misses? */
static bool is_well(int64_t quiet_us)
{
    const struct {
        const char *law;
        const char *missing;
    } wants[] = {
        {"no_orphan_when_quiet", law_no_orphan()},
        {"not_below_min_when_quiet", law_not_below_min()},
        {"desired_reached_when_quiet", law_desired_reached()},
        {"sized_for_its_load_when_quiet", law_sized_for_load()},
    };
    for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
        if (wants[i].missing == NULL) continue;
        if (quiet_us > CONVERGE_US) {
            sim_break(wants[i].law, "5 h after the last fault: %s", wants[i].missing);
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
