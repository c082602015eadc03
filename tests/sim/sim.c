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
    if (!sim_chance(&sim.swarm.streams[fault], sim.swarm.ppm[fault])) return false;
    sim.swarm.hits[fault]++;
    if (sim.options.is_narrated) sim_tell("fault", "%s", sim_fault_words[fault]);
    return true;
}

/* ---- drawn from the seed ---- */

static int64_t one_of(enum sim_topic topic, const int64_t *values, size_t count)
{
    return values[sim_draw(sim_of(topic)) % count];
}

static const char *low_rates(void)
{
    static char text[160];
    (void)snprintf(
        text, sizeof text,
        "RunInstances=%d/0.0%d CreateFleet=%d/0.0%d TerminateInstances=%d/0.0%d",
        SIM_RATE_AT_ONCE, SIM_RATE_REFILL_MILLI / 10, SIM_RATE_AT_ONCE,
        SIM_RATE_REFILL_MILLI / 10, SIM_RATE_AT_ONCE, SIM_RATE_REFILL_MILLI / 10);
    return text;
}

static bool is_one_in(const char *feature, int64_t count)
{
    struct sim_random random = sim_stream(sim.options.seed, feature, 0);
    return sim_between(&random, 1, count) == 1;
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
    settings->lease_ms = one_of(SIM_TOPIC_SETTINGS, leases, 3);
    settings->heartbeat_ms = settings->lease_ms / 5;
    settings->probe_background_ms =
        sim_between(sim_of(SIM_TOPIC_SETTINGS), 1, 60) * 60000;
    settings->probe_suspect_ms = sim_between(sim_of(SIM_TOPIC_SETTINGS), 1, 20) * 1000;
    settings->probe_failures = sim_between(sim_of(SIM_TOPIC_SETTINGS), 2, 4);
    settings->snapshot_records = sim_between(sim_of(SIM_TOPIC_SETTINGS), 100, 20000);
    settings->hash_events = sim_between(sim_of(SIM_TOPIC_SETTINGS), 10, 2000);
    settings->hash_bytes = 2048; /* some parts, also of a small state */
    settings->delivery_limit = sim_between(sim_of(SIM_TOPIC_SETTINGS), 8, 20);
    settings->reports_missed = sim_between(sim_of(SIM_TOPIC_SETTINGS), 3, 5);
    settings->retention_ms = sim.features.retention_ms;
    /* Some make their snapshots from the log, some save what they have. */
    settings->snapshot_memory = is_one_in("snapshots beside", 3) ? INT64_C(1) << 30 : 0;
    if (sim.features.has_low_rates) settings->rate_quotas = low_rates();
}

static int64_t feature_of(const char *feature, const int64_t *values, size_t count)
{
    struct sim_random random = sim_stream(sim.options.seed, feature, 0);
    return values[sim_draw(&random) % count];
}

/* The operator sizes groups always; what else he does is drawn. */
static uint32_t draw_orders(void)
{
    static const char *const names[] = {"sizes",     "instances", "switches",
                                        "schedules", "policies",  "shapes",
                                        "deletions", "looks",     "templates"};
    uint32_t orders = UINT32_C(1) << SIM_ORDER_SIZE;
    for (uint32_t kind = 0; kind < SIM_ORDERS; kind++) {
        if (is_one_in(names[kind], 2)) orders |= UINT32_C(1) << kind;
    }
    return orders;
}

/* Between two orders, in the mean. In two seeds of three he hardly rests; in the others
 * nothing that he does hides what time alone brings. */
static int64_t draw_rhythm_us(void)
{
    struct sim_random random = sim_stream(sim.options.seed, "rhythm of orders", 0);
    bool is_busy = sim_between(&random, 1, 3) != 1;
    return (is_busy ? sim_between(&random, 1, 15) : sim_between(&random, 15, 120)) *
           SIM_MINUTE;
}

/* In half of the seeds. */
static struct sim_knobs draw_knobs(void)
{
    static const int64_t out[] = {1000, 1050, 1100};
    static const int64_t far[] = {0, 1300, 1500};
    static const int64_t patience[] = {1, 2, 4};
    static const int64_t saturation[] = {0, 95000};
    static const int64_t at_once[] = {0, 25, 100};
    static const int64_t ten_minutes[] = {0, 50, 100};
    if (!is_one_in("knobs", 2)) return (struct sim_knobs){0};
    return (struct sim_knobs){
        .out_permille = (uint32_t)feature_of("tolerance", out, 3),
        .far_permille = (uint32_t)feature_of("far above", far, 3),
        .counts_warming = is_one_in("counts warming", 2),
        .patience = (uint32_t)feature_of("patience", patience, 3),
        .saturation_milli = feature_of("saturation", saturation, 2),
        .at_once_percent = (uint32_t)feature_of("scale-in at once", at_once, 3),
        .ten_minutes_percent =
            (uint32_t)feature_of("scale-in in ten minutes", ten_minutes, 3),
    };
}

static void draw_features(void)
{
    static const int64_t bases[] = {0, 1, 2};
    static const int64_t shares[] = {0, 25, 50, 75, 100};
    static const int64_t drains[] = {0, 0, 20000, 120000};
    static const int64_t at_once[] = {10, 10, 25, 50};
    static const int64_t in_window[] = {25, 25, 50, 100};
    static const int64_t kept[] = {0, 0, 1800000, 14400000};
    sim.features = (struct sim_features){
        .has_neighbour = is_one_in("neighbour", 6),
        .is_mixed = is_one_in("mixed", 5),
        .on_demand_base = (uint32_t)feature_of("on-demand base", bases, 3),
        .on_demand_percent = (uint32_t)feature_of("on-demand share", shares, 5),
        .is_latest = is_one_in("latest version", 2),
        .is_dry_everywhere = is_one_in("dry everywhere", 4),
        .rebalances = is_one_in("rebalances", 2),
        .drain_ms = feature_of("drain", drains, 4),
        .terminating_percent = (uint32_t)feature_of("ends at once", at_once, 4),
        .terminated_percent = (uint32_t)feature_of("ends in ten minutes", in_window, 4),
        .unhealthy_percent = is_one_in("unhealthy share", 4) ? 100 : 20,
        .retention_ms = feature_of("retention", kept, 4),
        .has_low_rates = is_one_in("low rates", 4),
        .orders = draw_orders(),
        .knobs = draw_knobs(),
        .moves = is_one_in("moves", 3),
        .keeps_policies = is_one_in("keeps policies", 2),
    };
}

/* A scenario says itself what happens. */
static void draw_no_features(void)
{
    sim.features = (struct sim_features){.is_latest = true,
                                         .terminating_percent = 100,
                                         .terminated_percent = 100,
                                         .unhealthy_percent = 50};
}

static void draw_groups(void)
{
    static const int64_t periods[] = {5000, 15000, 60000, 60000, 300000};
    static const int64_t windows[] = {60000, 300000, 900000};
    our->group_count =
        1 + (uint32_t)(sim_draw(sim_of(SIM_TOPIC_GROUPS)) % SIM_GROUPS_MAX);
    for (uint32_t i = 0; i < our->group_count; i++) {
        struct sim_group *group = &our->groups[i];
        static const char *const names[] = {"web", "api", "batch"};
        (void)snprintf(group->name, sizeof group->name, "%s", names[i]);
        group->min = (uint32_t)sim_between(sim_of(SIM_TOPIC_GROUPS), 0, 4);
        uint32_t room = UINT32_C(1) << sim_between(sim_of(SIM_TOPIC_GROUPS), 1, 5);
        group->max =
            group->min + (uint32_t)sim_between(sim_of(SIM_TOPIC_GROUPS), 1, room);
        group->meant_min = group->min;
        group->meant_max = group->max;
        group->steady_milli = -1;
        group->evaluation_ms = one_of(SIM_TOPIC_GROUPS, periods, 5);
        if (group->evaluation_ms < sim.agent_interval_ms) {
            group->evaluation_ms = (sim.agent_interval_ms + 4999) / 5000 * 5000;
        }
        group->stabilisation_ms = one_of(SIM_TOPIC_GROUPS, windows, 3);
        group->target_milli = sim_between(sim_of(SIM_TOPIC_GROUPS), 30, 80) * 1000;
        sim_load_draw(&group->load, sim_of(SIM_TOPIC_GROUPS), group->max);
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
    draw_no_features();
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
    our->ingest_lag_us =
        sim_between(sim_of(SIM_TOPIC_SETTINGS), 1, sim.agent_interval_ms / 20) * 1000;
    our->worker_count =
        1 + (uint32_t)(sim_draw(sim_of(SIM_TOPIC_SETTINGS)) % SIM_WORKERS_MAX);
    draw_settings();
    draw_groups();
}

/* Another cluster in the same account, with groups of the same names. */
static void draw_neighbours(void)
{
    sim.cluster_count = sim.features.has_neighbour ? 2 : 1;
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
    sim_put(SIM_SECOND, SIM_EVENT_ADMIN, SIM_ADMIN_SETUP, 0, NULL);
}

void sim_begin(const struct sim_options *options)
{
    memset(&sim, 0, sizeof sim);
    (void)sim_enter(&sim.clusters[0]);
    sim.options = *options;
    static const char *const topics[] = {
#define X(name, word) word,
        SIM_TOPIC_LIST(X)
#undef X
    };
    for (int topic = 0; topic < SIM_TOPICS; topic++) {
        sim.streams[topic] = sim_stream(options->seed, topics[topic], 0);
    }
    sim.converged_us = -1;
    static const int64_t intervals[] = {5000, 15000, 30000, 60000, 60000};
    sim.agent_interval_ms = one_of(SIM_TOPIC_SETTINGS, intervals, 5);
    draw_features();
    draw_cluster();
    sim_swarm_draw(&sim.swarm, options->seed, 0);
    sim.operator_mean_us = draw_rhythm_us();
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
        sim_each_cluster(sim_move);
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

static void take_admin(const struct sim_event *event)
{
    switch ((enum sim_admin)event->index) {
    case SIM_ADMIN_SETUP:
        for (uint32_t i = 0; i < our->group_count; i++) {
            sim_order_group(&our->groups[i]);
        }
        break;
    case SIM_ADMIN_UNDO: sim_undo(event->number); break;
    case SIM_ADMIN_MOVE:
        if (begins(&our->move_turn, event)) sim_move();
        break;
    case SIM_ADMIN_ORDER:
        if (begins(&our->order_turn, event)) sim_operate();
        break;
    }
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
    case SIM_EVENT_ADMIN: take_admin(event); break;
    case SIM_EVENT_LOOK: look(); break;
    case SIM_EVENT_PHASE: take_phase((enum sim_phase)event->index); break;
    case SIM_EVENT_ENROL: sim_enrol_event(event->object); break;
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
    law_replay_clear();
    law_activities_clear();
    sim_backup_clear();
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
        if (event.kind == SIM_EVENT_ENROL) sim_enrol_event(event.object);
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
