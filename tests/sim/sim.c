/* sim - the world: drawn from a seed, run event by event, checked, ended. */
#include "sim/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

#define SETUP_US (60 * SIM_SECOND) /* without faults: the groups are made */

struct sim sim;
struct sim_cluster *our;

struct sim_cluster *sim_enter(struct sim_cluster *cluster)
{
    struct sim_cluster *was = our;
    our = cluster;
    return was;
}

void sim_each_cluster(void (*act)(void))
{
    struct sim_cluster *was = our;
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        (void)sim_enter(&sim.clusters[i]);
        act();
    }
    (void)sim_enter(was);
}

/* ---- what everybody uses ---- */

void sim_put(int64_t at_us, enum sim_event_kind kind, uint32_t index, uint64_t number,
             void *object)
{
    const struct sim_event event = {.at_us = at_us < sim.now_us ? sim.now_us : at_us,
                                    .kind = kind,
                                    .cluster = (uint32_t)(our - sim.clusters),
                                    .index = index,
                                    .number = number,
                                    .object = object};
    sim_queue_put(&sim.queue, event);
}

void sim_wish(struct sim_turn *turn, int64_t at_us, enum sim_event_kind kind,
              uint32_t index)
{
    if (turn->number != 0 && turn->at_us <= at_us) return;
    turn->at_us = at_us;
    turn->number = ++sim.turn_number;
    sim_put(at_us, kind, index, turn->number, NULL);
}

/* Is this the turn that was wished for last? */
static bool begins(struct sim_turn *turn, const struct sim_event *event)
{
    if (turn->number != event->number) return false;
    turn->number = 0;
    return true;
}

void sim_break(const char *law, const char *format, ...)
{
    if (sim.is_broken) return;
    sim.is_broken = true;
    (void)snprintf(sim.law, sizeof sim.law, "%s", law);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sim.why, sizeof sim.why, format, arguments);
    va_end(arguments);
    for (char *at = sim.why; *at != '\0'; at++) {
        if (*at == '\n') *at = ' ';
    }
    sim_tell("law", "%s is broken: %s", law, sim.why);
}

void sim_tell(const char *who, const char *format, ...)
{
    if (!sim.options.is_narrated) return;
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int64_t ms = sim.now_us / 1000;
    const char *whose = sim.cluster_count == 1    ? ""
                        : our == &sim.clusters[0] ? "a "
                                                  : "b ";
    (void)printf("[%3" PRId64 "d %02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64
                 "] %s%-10s ",
                 ms / 86400000, ms / 3600000 % 24, ms / 60000 % 60, ms / 1000 % 60,
                 ms % 1000, whose, who);
    for (const char *at = text; *at != '\0'; at++) {
        (void)putchar(*at);
        if (*at == '\n') (void)printf("%30s", "");
    }
    (void)putchar('\n');
}

bool sim_strikes(enum sim_fault fault)
{
    if (sim.is_quiet || sim.swarm.ppm[fault] == 0 || sim.now_us < SETUP_US) return false;
    if (!sim_chance(&sim.random, sim.swarm.ppm[fault])) return false;
    sim.swarm.hits[fault]++;
    if (sim.options.is_narrated) sim_tell("fault", "%s", sim_fault_words[fault]);
    return true;
}

/* ---- drawn from the seed ---- */

static int64_t one_of(const int64_t *values, size_t count)
{
    return values[sim_draw(&sim.random) % count];
}

static void draw_settings(void)
{
    char *arguments[] = {(char *)(uintptr_t) "openasg-sim"};
    struct asg_error error = {""};
    enum asg_config_act act = ASG_CONFIG_RUN;
    if (asg_config_load(&asg_controller_table, 1, arguments, &our->settings_arena,
                        &our->settings, &act, &error) != ASG_OK) {
        (void)fprintf(stderr, "openasg-sim: %s\n", error.text);
        exit(2);
    }
    struct asg_controller_settings *settings = &our->settings;
    asg_controller_fill_settings(settings, &our->settings_arena);
    static const int64_t leases[] = {15000, 60000, 300000};
    settings->lease_ms = one_of(leases, 3);
    settings->heartbeat_ms = settings->lease_ms / 5;
    settings->probe_background_ms = sim_between(&sim.random, 1, 60) * 60000;
    settings->probe_suspect_ms = sim_between(&sim.random, 1, 20) * 1000;
    settings->probe_failures = sim_between(&sim.random, 2, 4);
    settings->snapshot_records = sim_between(&sim.random, 100, 20000);
    settings->hash_events = sim_between(&sim.random, 10, 2000);
    settings->delivery_limit = sim_between(&sim.random, 8, 20);
    settings->join_silent_reports = sim_between(&sim.random, 3, 5);
}

static void draw_groups(void)
{
    static const int64_t periods[] = {5000, 15000, 60000, 60000, 300000};
    static const int64_t windows[] = {60000, 300000, 900000};
    our->group_count = 1 + (uint32_t)(sim_draw(&sim.random) % SIM_GROUPS_MAX);
    for (uint32_t i = 0; i < our->group_count; i++) {
        struct sim_group *group = &our->groups[i];
        static const char *const names[] = {"web", "api", "batch"};
        (void)snprintf(group->name, sizeof group->name, "%s", names[i]);
        group->no = i + 1;
        group->min = (uint32_t)sim_between(&sim.random, 0, 4);
        uint32_t room = UINT32_C(1) << sim_between(&sim.random, 1, 5);
        group->max = group->min + (uint32_t)sim_between(&sim.random, 1, room);
        group->steady_milli = -1;
        group->evaluation_ms = one_of(periods, 5);
        if (group->evaluation_ms < sim.agent_interval_ms) {
            group->evaluation_ms = (sim.agent_interval_ms + 4999) / 5000 * 5000;
        }
        group->stabilisation_ms = one_of(windows, 3);
        group->target_milli = sim_between(&sim.random, 30, 80) * 1000;
        sim_load_draw(&group->load, &sim.random, group->max);
    }
}

/* As long as so many reports last, between an hour and a month. */
static int64_t fit_length_us(void)
{
    uint64_t agents = 1;
    for (uint32_t c = 0; c < sim.cluster_count; c++) {
        const struct sim_cluster *cluster = &sim.clusters[c];
        for (uint32_t i = 0; i < cluster->group_count; i++) {
            agents += (cluster->groups[i].min + cluster->groups[i].max) / 2;
        }
    }
    uint64_t length_ms = sim.options.budget / agents * (uint64_t)sim.agent_interval_ms;
    if (length_ms < 3600000) length_ms = 3600000;
    if (length_ms > 30 * UINT64_C(86400000)) length_ms = 30 * UINT64_C(86400000);
    return (int64_t)length_ms * 1000;
}

/* A scenario says itself what happens; what is left is a quiet day. */
static void draw_nothing(const char *scenario)
{
    memset(&sim.swarm, 0, sizeof sim.swarm);
    sim_scenario_load(scenario);
    sim_scenario_groups();
    sim.agent_interval_ms = 1000;
    our->ingest_lag_us = 1000;
    our->worker_count = 2;
    our->settings.lease_ms = 15000;
    our->settings.heartbeat_ms = 3000;
    our->settings.probe_suspect_ms = 500;
}

static void draw_cluster(void)
{
    our->ingest_lag_us = sim_between(&sim.random, 1, sim.agent_interval_ms / 20) * 1000;
    our->worker_count = 1 + (uint32_t)(sim_draw(&sim.random) % SIM_WORKERS_MAX);
    draw_settings();
    draw_groups();
}

/* Another cluster in the same account, with groups of the same names. */
static void draw_neighbours(void)
{
    /* Out of the seed, not out of its numbers: what other seeds draw stays. */
    bool has_neighbour = sim.options.scenario == NULL && sim.options.seed % 6 == 5;
    sim.cluster_count = has_neighbour ? 2 : 1;
    for (uint32_t i = 1; i < sim.cluster_count; i++) {
        (void)sim_enter(&sim.clusters[i]);
        draw_cluster();
        if (sim.options.is_long) sim_life_draw_cluster();
    }
    (void)sim_enter(&sim.clusters[0]);
}

static void start_cluster(void)
{
    sim_disk_new(&our->disk);
    (void)sim_connect(SIM_LINK_ADMIN, 0, "10.9.0.3", &our->admin);
    sim_start_controller();
    for (uint32_t i = 0; i < our->worker_count; i++) {
        sim_start_worker(i);
    }
    sim_put(SIM_SECOND, SIM_EVENT_ADMIN, 1, 0, NULL);
}

void sim_begin(const struct sim_options *options)
{
    memset(&sim, 0, sizeof sim);
    (void)sim_enter(&sim.clusters[0]);
    sim.options = *options;
    sim.random.state = options->seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    sim.secrets.state = options->seed ^ UINT64_C(0x5ec7e75);
    sim.converged_us = -1;
    static const int64_t intervals[] = {5000, 15000, 30000, 60000, 60000};
    sim.agent_interval_ms = one_of(intervals, 5);
    draw_cluster();
    sim_swarm_draw(&sim.swarm, options->seed, &sim.random);
    sim.operator_mean_us = sim_between(&sim.random, 3, 120) * SIM_MINUTE;
    if (options->scenario != NULL) draw_nothing(options->scenario);
    if (options->is_long) sim_life_draw();
    draw_neighbours();
    int64_t fault_us = options->fault_us != 0 ? options->fault_us : fit_length_us();
    sim_ec2_begin();
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        (void)sim_enter(&sim.clusters[i]);
        start_cluster();
    }
    (void)sim_enter(&sim.clusters[0]);
    if (options->scenario != NULL) {
        sim_put(2 * SIM_SECOND, SIM_EVENT_LOOK, 0, 0, NULL);
        return;
    }
    if (options->is_long) return;
    sim_put(SETUP_US, SIM_EVENT_PHASE, SIM_PHASE_TROUBLE, 0, NULL);
    sim_put(SETUP_US + fault_us, SIM_EVENT_PHASE, SIM_PHASE_HEAL, 0, NULL);
}

/* ---- the first orders ---- */

static void order_group(const struct sim_group *books)
{
    const struct asg_world_subnet *real = asg_world_subnets(sim.world);
    struct asg_subnet subnets[ASG_WORLD_ZONES];
    for (size_t i = 0; i < ASG_WORLD_ZONES; i++) {
        subnets[i] = (struct asg_subnet){real[i].id, real[i].zone->name};
    }
    /* Out of the seed, not out of its numbers: what other seeds draw stays. */
    bool is_mixed = sim.options.scenario == NULL && sim.options.seed % 5 == 3;
    const char *types[] = {"t3.small", "m5.large"};
    const struct asg_mixed mixed = {
        .on_demand_base = (uint32_t)(sim.options.seed / 5 % 3),
        .on_demand_percent = (uint32_t)(sim.options.seed / 15 % 5 * 25),
        .spot_strategy = ASG_SPOT_PRICE_CAPACITY_OPTIMIZED,
        .spot_max_price = "",
    };
    const struct asg_group_config config = {
        .name = books->name,
        .min = books->min,
        .max = books->max,
        .desired = books->min,
        .template_id = sim.template_id,
        .template_name = "",
        .template_version = sim.options.seed % 2 == 0 ? "1" : "$Latest",
        .subnets = subnets,
        .subnet_count = ASG_WORLD_ZONES,
        .health_check = ASG_HEALTH_CHECK_AGENT,
        .health_grace_ms = 60000,
        .cooldown_ms = 300000,
        .warmup_ms = 2 * sim.agent_interval_ms,
        .evaluation_ms = books->evaluation_ms,
        .drain_ms = sim.options.seed % 3 == 0 ? 20000 : 0,
        .launch_timeout_ms = 600000,
        .terminating_percent = sim.options.scenario != NULL ? 100 : 10,
        .terminated_percent = sim.options.scenario != NULL ? 100 : 25,
        .unhealthy_percent = sim.options.scenario != NULL ? 50
                             : sim.options.seed % 4 == 1  ? 100
                                                          : 20,
        .silence_percent = 30,
        .instance_types = is_mixed ? (struct asg_texts){types, 2} : (struct asg_texts){0},
        .mixed = is_mixed ? &mixed : NULL,
    };
    struct asg_command command = {
        .kind = ASG_COMMAND_GROUP_CREATE, .group = books->name, .group_config = &config};
    sim_order(&command);
    const struct asg_policy_config policy = {
        .group = books->name,
        .name = "cpu",
        .kind = ASG_POLICY_TARGET_TRACKING,
        .metric = ASG_METRIC_NAME_CPU,
        .statistic = ASG_STATISTIC_MEAN,
        .target_milli = books->target_milli,
        .scale_in_permille = SIM_SCALE_IN_PERMILLE,
        .scale_out_periods = 3,
        .stabilisation_ms = books->stabilisation_ms,
        .periods = 1,
        .cooldown_ms = ASG_UNSET,
        .warmup_ms = ASG_UNSET,
    };
    command = (struct asg_command){.kind = ASG_COMMAND_POLICY_PUT,
                                   .group = books->name,
                                   .name = policy.name,
                                   .policy_config = &policy};
    sim_order(&command);
}

static void take_phase(enum sim_phase phase)
{
    if (phase == SIM_PHASE_BURST) {
        sim_life_burst();
        return;
    }
    if (phase == SIM_PHASE_TROUBLE) {
        uint32_t groups = 0;
        for (uint32_t i = 0; i < sim.cluster_count; i++) {
            groups += sim.clusters[i].group_count;
        }
        if (sim.counts.commands < 2 * groups) {
            sim_break("acknowledged_commands_survive",
                      "the first orders are not done after a minute");
        }
        sim_trouble_begin();
        sim_each_cluster(sim_operate);
        return;
    }
    if (sim.is_quiet) return;
    sim_heal();
    sim_put(sim.now_us + SIM_MINUTE, SIM_EVENT_LOOK, 0, 0, NULL);
}

/* ---- the loop ---- */

static void start_process(const struct sim_event *event)
{
    switch ((enum sim_event_kind)event->number) {
    case SIM_EVENT_CONTROLLER: sim_start_controller(); break;
    case SIM_EVENT_WORKER: sim_start_worker(event->index); break;
    default: {
        struct sim_instance *instance = sim.instances[event->index];
        if (!instance->is_hung) sim_start_agent(instance);
        break;
    }
    }
}

static void look(void)
{
    if (sim.options.scenario != NULL) {
        sim_scenario_step();
        return;
    }
    if (sim.is_quiet) {
        if (++sim.looks % 10 == 2) sim_each_cluster(sim_mend);
        sim_check_look();
    }
    if (sim.is_over || sim.is_calm) return;
    sim_put(sim.now_us + SIM_MINUTE, SIM_EVENT_LOOK, 0, 0, NULL);
}

static void take(struct sim_event *event)
{
    switch (event->kind) {
    case SIM_EVENT_CONTROLLER:
        if (begins(&our->host.turn, event)) sim_controller_turn();
        break;
    case SIM_EVENT_INGEST:
        if (begins(&our->ingest_turn, event)) sim_ingest_turn();
        break;
    case SIM_EVENT_PROBER:
        if (begins(&our->prober_turn, event)) sim_prober_turn();
        break;
    case SIM_EVENT_PROBE_ANSWER: sim_probe_answer(event->object); break;
    case SIM_EVENT_WORKER:
        if (begins(&our->workers[event->index].process.turn, event)) {
            sim_worker_turn(event->index);
        }
        break;
    case SIM_EVENT_AGENT:
        if (begins(&sim.instances[event->index]->agent.process.turn, event)) {
            sim_agent_turn(event->index);
        }
        break;
    case SIM_EVENT_DELIVER: sim_deliver(event->object); break;
    case SIM_EVENT_EC2: sim_ec2_arrive(event->object); break;
    case SIM_EVENT_ANSWER: sim_ec2_answer(event->object); break;
    case SIM_EVENT_WORLD:
        if (begins(&sim.world_turn, event)) sim_world_turn();
        break;
    case SIM_EVENT_FAULT: sim_trouble(event); break;
    case SIM_EVENT_START: start_process(event); break;
    case SIM_EVENT_ADMIN:
        if (event->index == 1) {
            for (uint32_t i = 0; i < our->group_count; i++) {
                order_group(&our->groups[i]);
            }
        } else if (event->index == 2) {
            sim_unhalt();
        } else {
            sim_operate();
        }
        break;
    case SIM_EVENT_LOOK: look(); break;
    case SIM_EVENT_PHASE: take_phase((enum sim_phase)event->index); break;
    }
}

void sim_run(void)
{
    struct sim_event event;
    while (!sim.is_broken && !sim.is_over && sim_queue_take(&sim.queue, &event)) {
        sim.now_us = event.at_us;
        (void)sim_enter(&sim.clusters[event.cluster]);
        sim.counts.events++;
        take(&event);
        if (sim.counts.events == 10 * sim.options.budget) {
            sim_put(sim.now_us, SIM_EVENT_PHASE, SIM_PHASE_HEAL, 0,
                    NULL); /* a busy seed: enough */
        }
    }
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *instance = sim.instances[i];
        if (!instance->is_alive) continue;
        sim.instance_us += (double)(sim.now_us - instance->started_us);
    }
    if (!sim.is_broken && !sim.options.is_second) {
        sim_each_cluster(law_log_verifies);
        sim_each_cluster(law_replay);
    }
    struct asg_hasher *hasher = NULL;
    asg_hasher_new(&hasher);
    asg_hasher_begin(hasher);
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        struct asg_log *log = sim_disk_log(sim.clusters[i].disk);
        if (log == NULL) continue;
        asg_hasher_update(hasher, asg_log_head(log).chain_hash, ASG_LOG_HASH_BYTES);
    }
    asg_hasher_update(hasher, &sim.counts, sizeof sim.counts);
    asg_hasher_update(hasher, &sim.now_us, sizeof sim.now_us);
    asg_hasher_end(hasher, sim.digest);
    asg_hasher_destroy(&hasher);
}

static void end_programs(void)
{
    sim_stop_controller(/* is_crash */ true);
    for (uint32_t i = 0; i < our->worker_count; i++) {
        sim_stop_worker(i);
    }
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        if (sim.instances[i]->cluster == our) sim_stop_agent(sim.instances[i]);
    }
    asg_bus_connection_destroy(&our->admin);
}

static void end_cluster(void)
{
    for (uint32_t i = 0; i < SIM_WORKERS_MAX; i++) {
        asg_bytes_clear(&our->workers[i].frame);
    }
    sim_disk_destroy(&our->disk);
    asg_arena_clear(&our->settings_arena);
}

void sim_end(void)
{
    sim.is_over = true;
    sim.options.is_narrated = false;
    sim.is_broken = true; /* what breaks now is of the end, not of the product */
    sim_each_cluster(end_programs);
    struct sim_event event;
    while (sim_queue_take(&sim.queue, &event)) {
        (void)sim_enter(&sim.clusters[event.cluster]);
        if (event.kind == SIM_EVENT_DELIVER) sim_deliver(event.object);
        if (event.kind == SIM_EVENT_PROBE_ANSWER) sim_probe_answer(event.object);
        if (event.kind == SIM_EVENT_EC2) sim_ec2_drop(event.object);
        if (event.kind == SIM_EVENT_ANSWER) sim_ec2_drop(event.object);
    }
    sim_ec2_end();
    sim_each_cluster(end_cluster);
    sim_bus_clear();
    sim_books_clear();
    sim_queue_clear(&sim.queue);
    asg_arena_clear(&sim.arena);
}
