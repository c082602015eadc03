/* mend - the end of all troubles, and what an operator does who finds his fleet then. */
#include <string.h>

#include "sim/sim.h"

/* ---- the end of all troubles ---- */

/* An agent dies for good. Where disks fail the log cannot be written at that time: nobody
 * can be told now, so somebody has to be told later. Where workers die the one who is to
 * mend it does, and does not come back: the others have to. */
static void strike_last(void)
{
    struct sim_random *random = sim_of(SIM_TOPIC_HEAL);
    bool is_disk = sim.swarm.mean_us[SIM_FAULT_DISK_FULL] != 0;
    bool is_worker = our->worker_count > 1 &&
                     (sim.swarm.ppm[SIM_FAULT_CRASH_WORKER_BEFORE_CALL] != 0 ||
                      sim.swarm.ppm[SIM_FAULT_CRASH_WORKER_AFTER_CALL] != 0);
    struct sim_instance *instance = sim_any_instance(random);
    if (instance == NULL || (!is_disk && !is_worker)) return;
    sim_tell("simulator", "but the agent of %s dies%s%s", instance->id,
             is_disk ? ", the disk is full once more" : "",
             is_worker ? ", a worker will die for good" : "");
    instance->has_lost_agent = true;
    sim_stop_agent(instance);
    uint32_t doomed = (uint32_t)sim_between(random, 0, our->worker_count - 1);
    if (is_worker) our->workers[doomed].is_doomed = true;
    if (!is_disk) return;
    our->is_disk_full = true;
    sim_trouble_until(sim_between(random, 60, 180) * SIM_SECOND, SIM_FAULT_DISK_FULL, 0);
}

static void heal_instances(void)
{
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        if (!sim_is_ours(instance)) continue;
        sim_world_heal(instance);
        instance->is_muted = false;
        instance->never_boots = false;
        instance->lies = 0;
        if (instance->is_hung || instance->is_agent_hung) {
            instance->is_hung = false;
            instance->is_agent_hung = false;
            sim_stop_agent(instance);
        }
        bool is_agentless = !instance->is_booted || instance->has_lost_agent;
        if (!is_agentless) sim_start_agent(instance);
    }
}

/* A load that holds some number of instances at the very target asks for that number and
 * for one more by turns, as what they measure is not exact: then a little less. */
static int64_t decidable_milli(const struct sim_group *group, int64_t load_milli)
{
    int64_t count = (load_milli * 100 + group->target_milli / 2) / group->target_milli;
    if (count == 0) return load_milli;
    int64_t off_milli = load_milli * 100 / count - group->target_milli;
    bool is_clear = off_milli > SIM_UNSURE_MILLI || off_milli < -SIM_UNSURE_MILLI;
    return is_clear ? load_milli : (group->target_milli - SIM_UNSURE_MILLI) * count / 100;
}

static void heal_cluster(void)
{
    our->is_disk_full = false;
    memset(our->is_cut_up, 0, sizeof our->is_cut_up);
    memset(our->is_cut_down, 0, sizeof our->is_cut_down);
    our->agents_cut_since_us = 0;
    our->host.paused_until_us = 0;
    sim_release_frames();
    sim_start_controller();
    sim_wish(&our->host.turn, sim.now_us, SIM_EVENT_CONTROLLER, 0);
    for (uint32_t i = 0; i < our->worker_count; i++) {
        our->workers[i].is_cut = false;
        our->workers[i].refused_until_us = 0;
        our->workers[i].process.paused_until_us = 0;
        sim_start_worker(i);
        sim_wish(&our->workers[i].process.turn, sim.now_us, SIM_EVENT_WORKER, i);
    }
    heal_instances();
    strike_last();
    for (uint32_t i = 0; i < our->group_count; i++) {
        struct sim_group *group = &our->groups[i];
        group->silent_since_us = 0;
        group->steady_milli = decidable_milli(group, sim_load_now(group));
    }
}

void sim_heal(void)
{
    sim_tell("simulator", "no more faults from now on");
    sim.is_quiet = true;
    sim.quiet_since_us = sim.now_us;
    sim.lag_until_us = 0;
    sim.no_boot_until_us = 0;
    sim.dies_until_us = 0;
    sim.away_until_us = 0;
    asg_world_leave_room(sim.world, -1);
    memset(sim.dry_until_us, 0, sizeof sim.dry_until_us);
    sim_each_cluster(heal_cluster);
}

/* ---- an operator after a bad day ---- */

static bool is_alarmed(void)
{
    struct asg_arena arena = {0};
    struct asg_status_view view;
    asg_core_view_status(asg_commit_core(our->controller->commit), &arena, &view);
    bool is_alarmed = view.alarms.count > 0;
    asg_arena_clear(&arena);
    return is_alarmed;
}

/* Where many of a group or of one of its zones are dead core replaces nobody and raises
 * an alarm, until an operator looks: he ends one at a time. */
static void end_dead(const struct sim_group *group)
{
    const char *id = NULL;
    uint32_t dead = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *instance = sim.instances[i];
        bool is_its = instance->is_alive && instance->group == group;
        if (!is_its || !instance->has_lost_agent) continue;
        dead++;
        id = instance->id;
    }
    if (dead < 2 || !is_alarmed()) return;
    struct asg_command command = {.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                                  .group = group->name,
                                  .instance_ids = {.items = &id, .count = 1}};
    sim_order(&command);
}

/* A group that shrank below what was protected keeps it until that is taken back. */
static void unprotect_all(void)
{
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *instance = sim.instances[i];
        bool is_protected = sim_is_ours(instance) && instance->is_protected;
        if (!is_protected || instance->group == NULL) continue;
        const char *id = instance->id;
        struct asg_command command = {.kind = ASG_COMMAND_PROTECT_INSTANCES,
                                      .group = "", /* in any state */
                                      .instance_ids = {.items = &id, .count = 1}};
        sim_order(&command);
    }
}

/* Of one that only removes, at a CPU at which the target's would have removed before. */
static bool is_kept(uint32_t policy)
{
    return sim.features.keeps_policies && sim_only_removes(sim_extra_policies[policy]);
}

/* What else would go on changing the group's size. */
static void take_back_orders(const struct sim_group *group)
{
    for (uint32_t i = 0; i < SIM_EXTRA_POLICIES; i++) {
        bool is_there = (group->extra_policies >> i & 1) != 0;
        if (is_there && !is_kept(i)) sim_order_no_policy(group, i);
    }
    for (uint32_t i = 0; i < SIM_SCHEDULES; i++) {
        const struct sim_schedule *schedule = &group->schedules[i];
        if (schedule->is_there) sim_order_no_schedule(group, schedule->name);
    }
    if (!group->has_policy) sim_order_policy(group); /* whose order was lost */
    if (group->is_dry_run) sim_order_dry_run(group, false);
    if (group->is_halted) sim_unhalt_group(group);
}

/* A group of which nothing is said is left alone: an order would have core look at it
 * again, and hide that it had forgotten to. */
static void mend_group(const struct sim_group *group)
{
    if (group->is_halted && group->is_deleting) sim_unhalt_group(group);
    if (!group->exists || group->is_deleting) return;
    struct asg_command command = {.group = group->name};
    if (group->suspended != 0) {
        command.kind = ASG_COMMAND_RESUME;
        sim_order(&command);
    }
    take_back_orders(group);
    if (is_alarmed()) { /* among others, after too many launches that died */
        command.kind = ASG_COMMAND_UNHALT;
        sim_order(&command);
    }
    end_dead(group);
}

/* Somebody's instances of jobs that the log does not know are never terminated without an
 * order. */
static void end_unknown(void)
{
    struct asg_arena arena = {0};
    struct asg_orphan_view *orphans = NULL;
    size_t count = 0;
    asg_core_view_orphans(asg_commit_core(our->controller->commit), &arena, &orphans,
                          &count);
    for (size_t i = 0; i < count; i++) {
        if (orphans[i].kind != ASG_ORPHAN_UNKNOWN_JOB || orphans[i].is_ending) continue;
        struct asg_command command = {
            .kind = ASG_COMMAND_ORPHAN_END,
            .instance_ids = {.items = &orphans[i].instance_id, .count = 1}};
        sim_order(&command);
    }
    asg_arena_clear(&arena);
}

/* What an operator does who finds his fleet after a bad day; until it is done. */
void sim_mend(void)
{
    if (our->controller == NULL || our->controller->commit == NULL) return;
    struct asg_command command;
    if (our->is_halted) sim_unhalt();
    unprotect_all();
    sim_rebind_refused();
    sim_move_back();
    if (sim_is_restored()) sim_order_unknown(/* is_adopted */ true);
    end_unknown();
    for (uint32_t i = 0; i < our->group_count; i++)
        mend_group(&our->groups[i]);
    struct asg_arena arena = {0};
    struct asg_job_view *jobs = NULL;
    size_t count = 0;
    asg_core_view_jobs(asg_commit_core(our->controller->commit), "", /* only_dead */ true,
                       &arena, &jobs, &count);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].state != ASG_JOB_STATE_DEAD) continue;
        command =
            (struct asg_command){.kind = ASG_COMMAND_JOB_RETRY, .job_id = jobs[i].id};
        sim_order(&command);
    }
    asg_arena_clear(&arena);
}
