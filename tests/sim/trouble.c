/* trouble - faults that strike by time, how they heal, and an operator who changes his
 * mind. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "wire/wire.h"

#define OVER         (UINT64_C(1) << 32) /* an event's number: the end of a fault */
#define SCHEDULES_AT 20

static uint32_t below(uint32_t end)
{
    return (uint32_t)(sim_draw(&sim.random) % end);
}

static int64_t some_time_us(int64_t low_s, int64_t high_s)
{
    return sim_between(&sim.random, low_s, high_s) * SIM_SECOND;
}

static void plan(enum sim_fault fault)
{
    int64_t mean_us = sim.swarm.mean_us[fault];
    if (mean_us == 0 || sim.is_quiet) return;
    sim_put(sim.now_us + sim_between(&sim.random, 1, 2 * mean_us), SIM_EVENT_FAULT,
            (uint32_t)fault, 0, NULL);
}

void sim_trouble_begin(void)
{
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        plan((enum sim_fault)fault);
    }
}

static void until(int64_t after_us, enum sim_fault fault, uint64_t what)
{
    sim_put(sim.now_us + after_us, SIM_EVENT_FAULT, (uint32_t)fault, OVER | what, NULL);
}

static bool is_ours(const struct sim_instance *instance)
{
    return instance->is_alive && instance->cluster == our;
}

static struct sim_instance *any_instance(void)
{
    uint32_t living = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        living += is_ours(sim.instances[i]) ? 1 : 0;
    }
    if (living == 0) return NULL;
    uint32_t chosen = below(living);
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        if (!is_ours(sim.instances[i])) continue;
        if (chosen-- == 0) return sim.instances[i];
    }
    return NULL;
}

static void make_ill(struct sim_instance *instance)
{
    if (instance->ill_since_us == 0) instance->ill_since_us = sim.now_us;
}

/* ---- links ---- */

static void cut_link(void)
{
    uint32_t what = below(3);
    uint64_t number = what;
    bool is_up = below(3) != 0;
    bool is_down = !is_up || below(2) == 0;
    if (what == 2) {
        uint32_t index = below(our->worker_count);
        our->workers[index].is_cut = true;
        number = 2 + index;
        sim_tell("network", "cuts worker %u off", index + 1);
    } else {
        our->is_cut_up[what] = is_up;
        our->is_cut_down[what] = is_down;
        if (what == SIM_LINK_AGENTS) our->agents_cut_since_us = sim.now_us;
        sim_tell("network", "cuts the link of all %s%s", what == 0 ? "agents" : "workers",
                 is_up && is_down ? "" : " one way");
    }
    until(some_time_us(5, 600), SIM_FAULT_CUT_LINK, number);
}

static void join_link(uint64_t number)
{
    sim_tell("network", "a link is whole again");
    if (number >= 2) {
        our->workers[number - 2].is_cut = false;
        return;
    }
    our->is_cut_up[number] = false;
    our->is_cut_down[number] = false;
    if (number == SIM_LINK_AGENTS) our->agents_cut_since_us = 0;
}

static void silence(void)
{
    struct sim_group *group = &our->groups[below(our->group_count)];
    if (group->silent_since_us != 0) return;
    uint32_t no = (uint32_t)(group - our->groups);
    uint32_t percent = 60 + below(41);
    uint32_t muted = 0;
    uint32_t all = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        if (!instance->is_alive || instance->group != group) continue;
        all++;
        if (below(100) >= percent) continue;
        instance->is_muted = true;
        instance->was_known = instance->is_heard && instance->agent.process.is_up &&
                              instance->agent.joiner.is_bound && !instance->is_hung &&
                              sim.now_us - instance->well_since_us > 10 * SIM_MINUTE;
        muted++;
    }
    group->muted_since_us = sim.now_us;
    /* What the interlock promises begins at three and at the group's share. */
    if (muted >= 3 && muted * 100 >= all * 40) {
        group->silent_since_us = sim.now_us;
        group->silent_share = muted * 100 / all;
    }
    sim_tell(group->name, "%u of %u agents are cut off", muted, all);
    until(some_time_us(60, 1800), SIM_FAULT_MASS_SILENCE, no);
}

static void end_silence(uint64_t no)
{
    struct sim_group *group = &our->groups[no];
    group->silent_since_us = 0;
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        if (instance->group != group) continue;
        instance->is_muted = false;
        instance->well_since_us = sim.now_us;
    }
    sim_tell(group->name, "its agents are heard again");
}

/* ---- processes and clocks ---- */

static void pause_process(void)
{
    int64_t after_us = some_time_us(1, 4) * our->settings.lease_ms / 2000;
    uint32_t index = below(our->worker_count + 1);
    struct sim_process *process =
        index == our->worker_count ? &our->host : &our->workers[index].process;
    process->paused_until_us = sim.now_us + after_us;
    sim_tell(index == our->worker_count ? "controller" : "worker",
             "stands still for %" PRId64 " s", after_us / SIM_SECOND);
}

static void turn_clock(bool is_jump)
{
    uint32_t index = below(our->worker_count + 1);
    struct sim_process *process =
        index == our->worker_count ? &our->host : &our->workers[index].process;
    struct sim_clock *clock = &process->clock;
    if (is_jump) {
        int64_t most = below(2) == 0 ? 5000 : 3600000;
        clock->shift_ms = sim_between(&sim.random, -most, most);
        sim_tell("clock", "one is %" PRId64 " s off", clock->shift_ms / 1000);
        return;
    }
    clock->ahead_us += (sim.now_us - clock->since_us) / 1000000 * clock->drift_ppm;
    clock->since_us = sim.now_us;
    clock->drift_ppm = (int32_t)sim_between(&sim.random, -200, 200);
}

static void crash_agent(void)
{
    struct sim_instance *instance = any_instance();
    if (instance == NULL || !instance->agent.process.is_up) return;
    sim_tell("agent", "of %s dies", instance->id);
    sim_stop_agent(instance);
    if (below(4) == 0) {
        instance->has_lost_agent = true;
        return;
    }
    uint32_t index = asg_id_map_find(&sim.by_id, instance->id);
    sim_put(sim.now_us + some_time_us(1, 30), SIM_EVENT_START, index,
            (uint64_t)SIM_EVENT_AGENT, NULL);
}

/* ---- EC2 ---- */

static void make_dry(void)
{
    uint32_t zone = below(ASG_WORLD_ZONES);
    int64_t until_us = sim.now_us + some_time_us(60, 3600);
    sim.dry_until_us[zone] = until_us;
    /* Out of the seed, not out of its numbers: what other seeds draw stays. */
    bool is_everywhere = sim.options.seed % 4 == 1;
    for (uint32_t i = 0; i < ASG_WORLD_ZONES && is_everywhere; i++) {
        sim.dry_until_us[i] = until_us;
    }
    sim_tell("ec2", "no capacity in %s",
             is_everywhere ? "the region" : asg_world_zones(sim.world)[zone].name);
}

static void hang_instance(void)
{
    struct sim_instance *instance = any_instance();
    if (instance == NULL || !instance->is_booted) return;
    sim_tell("instance", "%s hangs", instance->id);
    instance->is_hung = true;
    make_ill(instance);
}

static void reclaim(void)
{
    uint32_t count = 1 + below(4);
    for (uint32_t i = 0; i < count; i++) {
        struct sim_instance *instance = any_instance();
        if (instance == NULL) return;
        sim_tell("ec2", "takes %s back", instance->id);
        sim_world_kill(instance);
    }
}

static bool start_stray(void)
{
    const struct sim_instance *like = any_instance();
    return like != NULL && !like->is_stray &&
           sim_world_stray(like, (enum sim_stray)below(SIM_STRAYS));
}

/* One of the clusters is struck; EC2's own faults strike both. */
static void strike(enum sim_fault fault)
{
    if (sim.cluster_count > 1) (void)sim_enter(&sim.clusters[below(sim.cluster_count)]);
    switch (fault) {
    case SIM_FAULT_CUT_LINK: cut_link(); break;
    case SIM_FAULT_CRASH_CONTROLLER: sim_stop_controller(true); break;
    case SIM_FAULT_RESTART_CONTROLLER: sim_stop_controller(false); break;
    case SIM_FAULT_CRASH_AGENT: crash_agent(); break;
    case SIM_FAULT_PAUSE_PROCESS: pause_process(); break;
    case SIM_FAULT_DISK_FULL:
        sim_tell("disk", "is full");
        our->is_disk_full = true;
        until(some_time_us(1, 600), fault, 0);
        break;
    case SIM_FAULT_EC2_NO_CAPACITY: make_dry(); return; /* counted when it bites */
    case SIM_FAULT_EC2_LAGS:
        sim.lag_ms = sim_between(&sim.random, 1, 300) * 1000;
        sim.lag_until_us = sim.now_us + some_time_us(60, 3600);
        return;
    case SIM_FAULT_INSTANCE_DIES: {
        struct sim_instance *instance = any_instance();
        if (instance == NULL) return;
        sim_world_kill(instance);
        break;
    }
    case SIM_FAULT_INSTANCE_HANGS: hang_instance(); break;
    case SIM_FAULT_NEVER_BOOTS:
        sim.no_boot_until_us = sim.now_us + some_time_us(60, 900);
        return;
    case SIM_FAULT_DIES_AT_LAUNCH:
        sim.dies_until_us = sim.now_us + some_time_us(60, 900);
        return;
    case SIM_FAULT_SPOT_RECLAIMED: reclaim(); break;
    case SIM_FAULT_MASS_SILENCE: silence(); break;
    case SIM_FAULT_CLOCK_JUMPS: turn_clock(true); break;
    case SIM_FAULT_CLOCK_DRIFTS: turn_clock(false); break;
    case SIM_FAULT_STRAY_INSTANCE:
        if (!start_stray()) return;
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

/* ---- the operator ---- */

void sim_order(struct asg_command *command)
{
    our->request_no++;
    command->actor = "operator";
    if (command->group == NULL) command->group = "";
    if (command->name == NULL) command->name = "";
    if (command->cluster_id == NULL) command->cluster_id = "";
    const struct asg_request request = {.request_no = our->request_no,
                                        .query = ASG_QUERY_NONE,
                                        .command = command,
                                        .group = "",
                                        .name = ""};
    struct asg_bytes frame = {0};
    asg_wire_encode_message(ASG_MESSAGE_REQUEST, &request, &frame);
    (void)asg_bus_connection_send(our->admin, frame.data, frame.length);
    asg_bytes_clear(&frame);
    sim_tell("operator", "%s %s%s",
             asg_enum_word(&asg_command_kind_words, (int)command->kind), command->group,
             command->name);
}

/* Which of our orders left something in the log that can be found again. */
bool sim_is_marked(uint64_t no)
{
    return no < sizeof our->marked * 8 && (our->marked[no / 8] >> no % 8 & 1) != 0;
}

void sim_take_answer(const struct asg_answer *answer)
{
    if (!answer->is_ok) {
        sim_tell("operator", "order %" PRIu64 " is refused: %s", answer->request_no,
                 answer->message);
        return;
    }
    if (sim_is_marked(answer->request_no)) law_acknowledged_survive(answer->request_no);
}

/* A schedule far away: harmless, and found again by its name. */
static void order_mark(const struct sim_group *group)
{
    char name[32];
    char old[32];
    uint64_t no = our->request_no + 1;
    if (no >= sizeof our->marked * 8) return;
    (void)snprintf(name, sizeof name, "o%" PRIu64, no);
    const struct asg_schedule_config config = {.group = group->name,
                                               .name = name,
                                               .min = ASG_UNSET,
                                               .max = ASG_UNSET,
                                               .desired = (int64_t)group->min,
                                               .start_ms = SIM_START_MS * 2,
                                               .recurrence = "",
                                               .time_zone = "UTC"};
    struct asg_command command = {.kind = ASG_COMMAND_SCHEDULE_PUT,
                                  .group = group->name,
                                  .name = name,
                                  .schedule_config = &config};
    our->marked[no / 8] |= (uint8_t)(1 << no % 8);
    sim_order(&command);
    our->marks[our->mark_count++ % SCHEDULES_AT] = no;
    if (our->mark_count < SCHEDULES_AT) return;
    (void)snprintf(old, sizeof old, "o%" PRIu64,
                   our->marks[our->mark_count % SCHEDULES_AT]);
    struct asg_command gone = {
        .kind = ASG_COMMAND_SCHEDULE_DELETE, .group = group->name, .name = old};
    sim_order(&gone);
}

static void order_size(struct sim_group *group)
{
    struct asg_group_config config = {0};
    struct asg_command command = {.group = group->name};
    if (below(2) == 0) {
        command.kind = ASG_COMMAND_SET_DESIRED;
        command.desired = group->min + below(group->max - group->min + 1);
    } else {
        command.kind = ASG_COMMAND_GROUP_UPDATE;
        command.group_config = &config;
        command.group_fields = UINT64_C(1) << ASG_GROUP_MAX;
        command.force = true;
        config.max = group->min + below(2 * group->max + 2 - group->min);
        if (config.max > 80) config.max = 80;
        config.name = group->name;
    }
    sim_order(&command);
}

static void order_instance(const struct sim_group *group)
{
    const struct sim_instance *instance = any_instance();
    if (instance == NULL || instance->group == NULL) return;
    const char *id = instance->id;
    struct asg_command command = {.group = instance->group->name,
                                  .instance_ids = {.items = &id, .count = 1}};
    (void)group;
    if (below(3) == 0) {
        command.kind = ASG_COMMAND_TERMINATE_INSTANCE;
        command.decrement = false;
    } else {
        command.kind = ASG_COMMAND_PROTECT_INSTANCES;
        command.is_protected = below(3) != 0;
    }
    sim_order(&command);
}

/* No worker is there, jobs wait for one, and then everything is halted. */
static void order_halt_before_jobs(struct sim_group *group)
{
    struct asg_command command = {.kind = ASG_COMMAND_SET_DESIRED, .group = group->name};
    for (uint32_t i = 0; i < our->worker_count; i++) {
        sim_stop_worker(i);
    }
    command.desired = group->alive > group->min ? group->min : group->max;
    sim_order(&command);
    command = (struct asg_command){.kind = ASG_COMMAND_HALT, .group = ""};
    sim_put(sim.now_us + some_time_us(60, 1800), SIM_EVENT_ADMIN, 2, 0, NULL);
    sim_order(&command);
}

static void order_switch(struct sim_group *group)
{
    struct asg_command command = {.group = group->name};
    switch (below(7)) {
    case 6: order_halt_before_jobs(group); return;
    case 0:
    case 1:
        command.kind = ASG_COMMAND_HALT;
        command.group = "";
        sim_put(sim.now_us + some_time_us(60, 1800), SIM_EVENT_ADMIN, 2, 0, NULL);
        break;
    case 2:
        command.kind = ASG_COMMAND_UNHALT;
        command.group = "";
        break;
    case 3:
        command.kind = ASG_COMMAND_SUSPEND;
        command.processes = UINT64_C(1) << below(ASG_PROCESS_COUNT);
        break;
    default: command.kind = ASG_COMMAND_RESUME; break;
    }
    sim_order(&command);
}

void sim_unhalt(void)
{
    struct asg_command command = {.kind = ASG_COMMAND_UNHALT};
    sim_order(&command);
}

void sim_operate(void)
{
    if (sim.is_quiet) return;
    struct sim_group *group = &our->groups[below(our->group_count)];
    switch (below(8)) {
    case 0:
    case 1: order_size(group); break;
    case 2: order_instance(group); break;
    case 3:
    case 4: order_switch(group); break;
    default: order_mark(group); break;
    }
    sim_put(sim.now_us + sim_between(&sim.random, 1, 2 * sim.operator_mean_us),
            SIM_EVENT_ADMIN, 0, 0, NULL);
}

/* ---- the end of all troubles ---- */

/* An agent dies for good. Where disks fail the log cannot be written at that time: nobody
 * can be told now, so somebody has to be told later. Where workers die the one who is to
 * mend it does, and does not come back: the others have to. */
static void strike_last(void)
{
    bool is_disk = sim.swarm.mean_us[SIM_FAULT_DISK_FULL] != 0;
    bool is_worker = our->worker_count > 1 &&
                     (sim.swarm.ppm[SIM_FAULT_CRASH_WORKER_BEFORE_CALL] != 0 ||
                      sim.swarm.ppm[SIM_FAULT_CRASH_WORKER_AFTER_CALL] != 0);
    struct sim_instance *instance = any_instance();
    if (instance == NULL || (!is_disk && !is_worker)) return;
    sim_tell("simulator", "but the agent of %s dies%s%s", instance->id,
             is_disk ? ", the disk is full once more" : "",
             is_worker ? ", a worker will die for good" : "");
    instance->has_lost_agent = true;
    sim_stop_agent(instance);
    if (is_worker) our->workers[below(our->worker_count)].is_doomed = true;
    if (!is_disk) return;
    our->is_disk_full = true;
    until(some_time_us(60, 180), SIM_FAULT_DISK_FULL, 0);
}

static void heal_instances(void)
{
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        if (!is_ours(instance)) continue;
        instance->is_muted = false;
        instance->never_boots = false;
        if (instance->is_hung) {
            instance->is_hung = false;
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
    sim_start_controller();
    sim_wish(&our->host.turn, sim.now_us, SIM_EVENT_CONTROLLER, 0);
    for (uint32_t i = 0; i < our->worker_count; i++) {
        our->workers[i].is_cut = false;
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
    memset(sim.dry_until_us, 0, sizeof sim.dry_until_us);
    sim_each_cluster(heal_cluster);
}

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
        bool is_protected = is_ours(instance) && instance->is_protected;
        if (!is_protected || instance->group == NULL) continue;
        const char *id = instance->id;
        struct asg_command command = {.kind = ASG_COMMAND_PROTECT_INSTANCES,
                                      .group = instance->group->name,
                                      .instance_ids = {.items = &id, .count = 1}};
        sim_order(&command);
    }
}

/* A group of which nothing is said is left alone: an order would have core look at it
 * again, and hide that it had forgotten to. */
static void mend_group(const struct sim_group *group)
{
    struct asg_arena arena = {0};
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(asg_commit_core(our->controller->commit), group->name, &arena,
                         &views, &count);
    struct asg_command command = {.group = group->name};
    if (count > 0 && views[0].suspended != 0) {
        command.kind = ASG_COMMAND_RESUME;
        sim_order(&command);
    }
    if (is_alarmed()) { /* among others, after too many launches that died */
        command.kind = ASG_COMMAND_UNHALT;
        sim_order(&command);
    }
    asg_arena_clear(&arena);
    end_dead(group);
}

/* What an operator does who finds his fleet after a bad day; until it is done. */
void sim_mend(void)
{
    if (our->controller == NULL || our->controller->commit == NULL) return;
    struct asg_command command;
    if (our->is_halted) sim_unhalt();
    unprotect_all();
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
