/* trouble - faults that strike by time, and how each is over. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "wire/wire.h"

#define OVER (UINT64_C(1) << 32) /* an event's number: the end of a fault */

/* Each fault draws from its own stream. */
static uint32_t below(enum sim_fault fault, uint32_t end)
{
    return (uint32_t)(sim_draw(&sim.swarm.streams[fault]) % end);
}

static int64_t some_time_us(enum sim_fault fault, int64_t low_s, int64_t high_s)
{
    return sim_between(&sim.swarm.streams[fault], low_s, high_s) * SIM_SECOND;
}

static void plan(enum sim_fault fault)
{
    int64_t mean_us = sim.swarm.mean_us[fault];
    if (mean_us == 0 || sim.is_quiet) return;
    sim_put(sim.now_us + sim_between(&sim.swarm.streams[fault], 1, 2 * mean_us),
            SIM_EVENT_FAULT, (uint32_t)fault, 0, NULL);
}

void sim_trouble_begin(void)
{
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        plan((enum sim_fault)fault);
    }
}

void sim_trouble_until(int64_t after_us, enum sim_fault fault, uint64_t what)
{
    sim_put(sim.now_us + after_us, SIM_EVENT_FAULT, (uint32_t)fault, OVER | what, NULL);
}

bool sim_is_ours(const struct sim_instance *instance)
{
    return instance->is_alive && instance->cluster == our;
}

struct sim_instance *sim_any_instance(struct sim_random *random)
{
    uint32_t living = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        living += sim_is_ours(sim.instances[i]) ? 1 : 0;
    }
    if (living == 0) return NULL;
    uint32_t chosen = (uint32_t)(sim_draw(random) % living);
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        if (!sim_is_ours(sim.instances[i])) continue;
        if (chosen-- == 0) return sim.instances[i];
    }
    return NULL;
}

static struct sim_instance *any_instance(enum sim_fault fault)
{
    return sim_any_instance(&sim.swarm.streams[fault]);
}

static void make_ill(struct sim_instance *instance)
{
    if (instance->ill_since_us == 0) instance->ill_since_us = sim.now_us;
}

/* ---- links ---- */

static void cut_link(void)
{
    uint32_t what = below(SIM_FAULT_CUT_LINK, 3);
    uint64_t number = what;
    bool is_up = below(SIM_FAULT_CUT_LINK, 3) != 0;
    bool is_down = !is_up || below(SIM_FAULT_CUT_LINK, 2) == 0;
    if (what == 2) {
        uint32_t index = below(SIM_FAULT_CUT_LINK, our->worker_count);
        our->workers[index].is_cut = true;
        number = 2 + index;
        sim_tell("network", "cuts worker %u off", index + 1);
    } else {
        our->is_cut_up[what] = is_up;
        our->is_cut_down[what] = is_down;
        if (what == SIM_LINK_AGENTS && is_up) our->agents_cut_since_us = sim.now_us;
        sim_tell("network", "cuts the link of all %s%s", what == 0 ? "agents" : "workers",
                 is_up && is_down ? "" : " one way");
    }
    our->holds_frames = sim_strikes(SIM_FAULT_BURST_AFTER_CUT);
    sim_trouble_until(some_time_us(SIM_FAULT_CUT_LINK, 5, 600), SIM_FAULT_CUT_LINK,
                      number);
}

static void join_link(uint64_t number)
{
    sim_tell("network", "a link is whole again");
    if (number >= 2) {
        our->workers[number - 2].is_cut = false;
    } else {
        our->is_cut_up[number] = false;
        our->is_cut_down[number] = false;
        if (number == SIM_LINK_AGENTS) our->agents_cut_since_us = 0;
    }
    sim_release_frames();
}

static void mute(struct sim_instance *instance)
{
    instance->is_muted = true;
    instance->was_known = instance->is_heard && instance->agent.process.is_up &&
                          sim_is_admitted(instance) && !instance->is_hung &&
                          !instance->is_agent_hung &&
                          sim.now_us - instance->well_since_us > 10 * SIM_MINUTE;
}

static void unmute(struct sim_instance *instance)
{
    if (!instance->is_muted) return;
    instance->is_muted = false;
    instance->well_since_us = sim.now_us;
}

/* The agents of all groups there. */
static void cut_zone_off(void)
{
    uint32_t zone = below(SIM_FAULT_ZONE_CUT_OFF, ASG_WORLD_ZONES);
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        if (!sim_is_ours(instance) || instance->zone != zone) continue;
        mute(instance);
        if (instance->group != NULL) instance->group->muted_since_us = sim.now_us;
    }
    sim_tell("network", "cuts all agents of %s off",
             asg_world_zones(sim.world)[zone].name);
    sim_trouble_until(some_time_us(SIM_FAULT_ZONE_CUT_OFF, 60, 1800),
                      SIM_FAULT_ZONE_CUT_OFF, zone);
}

static void join_zone(uint64_t zone)
{
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        if (sim.instances[i]->zone == zone) unmute(sim.instances[i]);
    }
    sim_tell("network", "a zone is reached again");
}

static void silence(void)
{
    struct sim_group *group =
        &our->groups[below(SIM_FAULT_MASS_SILENCE, our->group_count)];
    if (group->silent_since_us != 0) return;
    uint32_t no = (uint32_t)(group - our->groups);
    uint32_t percent = 60 + below(SIM_FAULT_MASS_SILENCE, 41);
    uint32_t muted = 0;
    uint32_t all = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        if (!instance->is_alive || instance->group != group) continue;
        all++;
        if (below(SIM_FAULT_MASS_SILENCE, 100) >= percent) continue;
        mute(instance);
        muted++;
    }
    group->muted_since_us = sim.now_us;
    /* What the interlock promises begins at three and at the group's share. */
    if (muted >= 3 && muted * 100 >= all * 40) {
        group->silent_since_us = sim.now_us;
        group->silent_share = muted * 100 / all;
    }
    sim_tell(group->name, "%u of %u agents are cut off", muted, all);
    sim_trouble_until(some_time_us(SIM_FAULT_MASS_SILENCE, 60, 1800),
                      SIM_FAULT_MASS_SILENCE, no);
}

static void end_silence(uint64_t no)
{
    struct sim_group *group = &our->groups[no];
    group->silent_since_us = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        if (instance->group != group) continue;
        unmute(instance);
    }
    sim_tell(group->name, "its agents are heard again");
}

/* ---- processes and clocks ---- */

static void pause_process(void)
{
    int64_t after_us =
        some_time_us(SIM_FAULT_PAUSE_PROCESS, 1, 4) * our->settings.lease_ms / 2000;
    uint32_t index = below(SIM_FAULT_PAUSE_PROCESS, our->worker_count + 1);
    struct sim_process *process =
        index == our->worker_count ? &our->host : &our->workers[index].process;
    process->paused_until_us = sim.now_us + after_us;
    sim_tell(index == our->worker_count ? "controller" : "worker",
             "stands still for %" PRId64 " s", after_us / SIM_SECOND);
}

static void turn_clock(enum sim_fault fault)
{
    uint32_t index = below(fault, our->worker_count + 1);
    struct sim_process *process =
        index == our->worker_count ? &our->host : &our->workers[index].process;
    struct sim_clock *clock = &process->clock;
    if (fault == SIM_FAULT_CLOCK_JUMPS) {
        int64_t most = below(fault, 2) == 0 ? 5000 : 3600000;
        clock->shift_ms = sim_between(&sim.swarm.streams[fault], -most, most);
        sim_tell("clock", "one is %" PRId64 " s off", clock->shift_ms / 1000);
        return;
    }
    clock->ahead_us += (sim.now_us - clock->since_us) / 1000000 * clock->drift_ppm;
    clock->since_us = sim.now_us;
    clock->drift_ppm = (int32_t)sim_between(&sim.swarm.streams[fault], -200, 200);
}

static void crash_agent(void)
{
    struct sim_instance *instance = any_instance(SIM_FAULT_CRASH_AGENT);
    if (instance == NULL || !instance->agent.process.is_up) return;
    sim_tell("agent", "of %s dies", instance->id);
    sim_stop_agent(instance);
    if (below(SIM_FAULT_CRASH_AGENT, 4) == 0) {
        instance->has_lost_agent = true;
        return;
    }
    uint32_t index = asg_id_map_find(&sim.by_id, instance->id);
    sim_put(sim.now_us + some_time_us(SIM_FAULT_CRASH_AGENT, 1, 30), SIM_EVENT_START,
            index, (uint64_t)SIM_EVENT_AGENT, NULL);
}

/* ---- EC2 ---- */

static void make_dry(void)
{
    uint32_t zone = below(SIM_FAULT_EC2_NO_CAPACITY, ASG_WORLD_ZONES);
    int64_t until_us = sim.now_us + some_time_us(SIM_FAULT_EC2_NO_CAPACITY, 60, 3600);
    sim.dry_until_us[zone] = until_us;
    bool is_everywhere = sim.features.is_dry_everywhere;
    for (uint32_t i = 0; i < ASG_WORLD_ZONES && is_everywhere; i++) {
        sim.dry_until_us[i] = until_us;
    }
    sim_tell("ec2", "no capacity in %s",
             is_everywhere ? "the region" : asg_world_zones(sim.world)[zone].name);
}

static void hang_instance(void)
{
    struct sim_instance *instance = any_instance(SIM_FAULT_INSTANCE_HANGS);
    if (instance == NULL || !instance->is_booted) return;
    sim_tell("instance", "%s hangs", instance->id);
    instance->is_hung = true;
    make_ill(instance);
}

static void reclaim(void)
{
    uint32_t count = 1 + below(SIM_FAULT_SPOT_RECLAIMED, 4);
    for (uint32_t i = 0; i < count; i++) {
        struct sim_instance *instance = any_instance(SIM_FAULT_SPOT_RECLAIMED);
        if (instance == NULL) return;
        sim_tell("ec2", "takes %s back", instance->id);
        sim_world_kill(instance);
    }
}

static bool start_stray(void)
{
    const struct sim_instance *like = any_instance(SIM_FAULT_STRAY_INSTANCE);
    return like != NULL && !like->is_stray &&
           sim_world_stray(like,
                           (enum sim_stray)below(SIM_FAULT_STRAY_INSTANCE, SIM_STRAYS));
}

/* An agent whose process stands: its host answers, it does not. */
static void hang_agent(void)
{
    struct sim_instance *instance = any_instance(SIM_FAULT_AGENT_HANGS);
    if (instance == NULL || !instance->agent.process.is_up) return;
    sim_tell("agent", "of %s hangs", instance->id);
    instance->is_agent_hung = true;
    make_ill(instance);
}

static void refuse_credentials(void)
{
    enum sim_fault fault = SIM_FAULT_REFUSED_CREDENTIALS;
    uint32_t index = below(fault, our->worker_count);
    our->workers[index].refused_until_us = sim.now_us + some_time_us(fault, 60, 1800);
    sim_tell("ec2", "refuses the credentials of worker %u", index + 1);
}

/* Its disk is made anew, and somebody says so in a while. */
static bool reimage(void)
{
    enum sim_fault fault = SIM_FAULT_REIMAGED;
    struct sim_instance *instance = any_instance(fault);
    if (!sim_reimage(instance)) return false;
    uint32_t index = asg_id_map_find(&sim.by_id, instance->id);
    sim_put(sim.now_us + some_time_us(fault, 1, 30), SIM_EVENT_START, index,
            (uint64_t)SIM_EVENT_AGENT, NULL);
    sim_trouble_until(some_time_us(fault, 10, 600), fault, index);
    return true;
}

static void allow_reimaged(uint64_t index)
{
    if (sim.instances[index]->is_alive) sim_order_rebind(sim.instances[index]);
}

/* What EC2 announces of an instance, or finds of it. */
static bool announce(enum sim_fault fault)
{
    static const char *const codes[] = {"instance-retirement", "instance-stop",
                                        "system-reboot", "instance-reboot"};
    struct sim_instance *instance = any_instance(fault);
    if (instance == NULL) return false;
    int64_t at_ms = sim_wall_ms();
    switch (fault) {
    case SIM_FAULT_SPOT_NOTICE:
        return sim_world_announce(instance, ASG_WORLD_INTERRUPTION, "", at_ms + 120000);
    case SIM_FAULT_REBALANCE_NOTICE:
        return sim_world_announce(instance, ASG_WORLD_REBALANCE, "", at_ms);
    case SIM_FAULT_SCHEDULED_EVENT:
        at_ms += some_time_us(fault, 3600, 1209600) / 1000;
        return sim_world_announce(instance, ASG_WORLD_SCHEDULED_EVENT,
                                  codes[below(fault, 4)], at_ms);
    default:
        make_ill(instance);
        return sim_world_announce(instance, ASG_WORLD_IMPAIRED, "impaired", at_ms);
    }
}

/* One of the clusters is struck; EC2's own faults strike both. */
static void strike(enum sim_fault fault)
{
    if (sim.cluster_count > 1)
        (void)sim_enter(&sim.clusters[below(fault, sim.cluster_count)]);
    switch (fault) {
    case SIM_FAULT_CUT_LINK: cut_link(); break;
    case SIM_FAULT_CRASH_CONTROLLER: sim_stop_controller(true); break;
    case SIM_FAULT_RESTART_CONTROLLER: sim_stop_controller(false); break;
    case SIM_FAULT_CRASH_AGENT: crash_agent(); break;
    case SIM_FAULT_PAUSE_PROCESS: pause_process(); break;
    case SIM_FAULT_DISK_FULL:
        sim_tell("disk", "is full");
        our->is_disk_full = true;
        sim_trouble_until(some_time_us(fault, 1, 600), fault, 0);
        break;
    case SIM_FAULT_EC2_NO_CAPACITY: make_dry(); return; /* counted when it bites */
    case SIM_FAULT_EC2_LAGS:
        sim.lag_ms = sim_between(&sim.swarm.streams[fault], 1, 300) * 1000;
        sim.lag_until_us = sim.now_us + some_time_us(fault, 60, 3600);
        return;
    case SIM_FAULT_INSTANCE_DIES: {
        struct sim_instance *instance = any_instance(fault);
        if (instance == NULL) return;
        sim_world_kill(instance);
        break;
    }
    case SIM_FAULT_INSTANCE_HANGS: hang_instance(); break;
    case SIM_FAULT_NEVER_BOOTS:
        sim.no_boot_until_us = sim.now_us + some_time_us(fault, 60, 900);
        return;
    case SIM_FAULT_DIES_AT_LAUNCH:
        sim.dies_until_us = sim.now_us + some_time_us(fault, 60, 900);
        return;
    case SIM_FAULT_SPOT_RECLAIMED: reclaim(); break;
    case SIM_FAULT_MASS_SILENCE: silence(); break;
    case SIM_FAULT_CLOCK_JUMPS: turn_clock(fault); break;
    case SIM_FAULT_CLOCK_DRIFTS: turn_clock(fault); break;
    case SIM_FAULT_STRAY_INSTANCE:
        if (!start_stray()) return;
        break;
    case SIM_FAULT_STOP_WORKER:
        sim_stop_worker_cleanly(below(fault, our->worker_count));
        break;
    case SIM_FAULT_ZONE_CUT_OFF: cut_zone_off(); break;
    case SIM_FAULT_AGENT_HANGS: hang_agent(); break;
    case SIM_FAULT_REFUSED_CREDENTIALS: refuse_credentials(); return;
    case SIM_FAULT_EC2_AWAY:
        sim.away_until_us = sim.now_us + some_time_us(fault, 60, 900);
        sim.is_away_silent = below(fault, 2) == 0;
        sim_tell("ec2", "is away");
        break;
    case SIM_FAULT_EC2_QUOTA:
        asg_world_leave_room(sim.world, below(fault, 4));
        sim_tell("ec2", "the account has no quota for more");
        sim_trouble_until(some_time_us(fault, 60, 3600), fault, 0);
        break;
    case SIM_FAULT_OLD_BACKUP:
        if (!sim_backup_take()) return;
        sim_trouble_until(some_time_us(fault, 30, 3600), fault, 0);
        return; /* counted when it is put in place */
    case SIM_FAULT_LYING_AGENT:
        if (!sim_lie_begin(any_instance(fault))) return;
        break;
    case SIM_FAULT_SPOT_NOTICE:
    case SIM_FAULT_REBALANCE_NOTICE:
    case SIM_FAULT_SCHEDULED_EVENT:
    case SIM_FAULT_IMPAIRED:
        if (!announce(fault)) return;
        break;
    case SIM_FAULT_REIMAGED:
        if (!reimage()) return;
        break;
    case SIM_FAULT_THIEF:
        if (!sim_steal(any_instance(fault))) return;
        break;
    case SIM_FAULT_EC2_PROTECTS:
        if (!sim_world_protect(any_instance(fault))) return;
        break;
    default: return;
    }
    sim.swarm.hits[fault]++;
}

static void end_fault(enum sim_fault fault, uint64_t what)
{
    switch (fault) {
    case SIM_FAULT_CUT_LINK: join_link(what); break;
    case SIM_FAULT_MASS_SILENCE: end_silence(what); break;
    case SIM_FAULT_ZONE_CUT_OFF: join_zone(what); break;
    case SIM_FAULT_EC2_QUOTA: asg_world_leave_room(sim.world, -1); break;
    case SIM_FAULT_OLD_BACKUP: sim_backup_restore(); break;
    case SIM_FAULT_REIMAGED: allow_reimaged(what); break;
    case SIM_FAULT_DISK_FULL:
        sim_tell("disk", "has room again");
        our->is_disk_full = false;
        break;
    default: break;
    }
}

void sim_trouble(const struct sim_event *event)
{
    enum sim_fault fault = (enum sim_fault)event->index;
    if ((event->number & OVER) != 0) {
        end_fault(fault, event->number & (OVER - 1));
        return;
    }
    if (sim.is_quiet) return;
    strike(fault);
    plan(fault);
}
