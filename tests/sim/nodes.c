/* nodes - the programs: how they start, take a turn, die. */
#include <stdlib.h>
#include <string.h>

#include "aws/ec2_actions.h"
#include "controller/controller.h"
#include "crypto/crypto.h"
#include "sim/sim.h"
#include "wire/wire.h"

/* ---- clocks ---- */

int64_t sim_mono_us(const struct sim_process *process)
{
    const struct sim_clock *clock = &process->clock;
    int64_t since = sim.now_us - clock->since_us;
    return 1000000000 + sim.now_us + clock->ahead_us + since / 1000000 * clock->drift_ppm;
}

static int64_t read_mono_us(void *context)
{
    return sim_mono_us(context);
}

static int64_t read_wall_ms(void *context)
{
    const struct sim_process *process = context;
    return SIM_START_MS + sim_mono_us(process) / 1000 - 1000000 + process->clock.shift_ms;
}

struct asg_clock sim_clock_of(struct sim_process *process)
{
    return (struct asg_clock){
        .wall_ms = read_wall_ms, .monotonic_us = read_mono_us, .context = process};
}

int64_t sim_wall_ms(void)
{
    return SIM_START_MS + sim.now_us / 1000;
}

/* ---- life and death ---- */

void sim_die(struct sim_process *process)
{
    if (process->is_dying) return;
    process->is_dying = true;
}

/* After its turn: was that its last? */
static bool is_last(struct sim_process *process)
{
    return process->is_dying;
}

static bool is_paused(struct sim_process *process, enum sim_event_kind kind,
                      uint32_t index)
{
    if (process->paused_until_us <= sim.now_us) return false;
    sim_wish(&process->turn, process->paused_until_us, kind, index);
    return true;
}

static void start_again(enum sim_event_kind what, uint32_t index)
{
    int64_t after_us = sim_between(sim_of(SIM_TOPIC_RESTARTS), 1, 60) * SIM_SECOND;
    if (!sim.is_quiet && sim_between(sim_of(SIM_TOPIC_RESTARTS), 0, 9) == 0)
        after_us *= 20;
    if (sim.options.scenario != NULL) after_us = SIM_SECOND / 2;
    sim_put(sim.now_us + after_us, SIM_EVENT_START, index, (uint64_t)what, NULL);
}

/* ---- the controller ---- */

#define SHORT_STAY_US (10 * SIM_MINUTE) /* what waited for it may still wait */

void sim_start_controller(void)
{
    if (our->host.is_up) return;
    our->host.is_dying = false;
    our->host.paused_until_us = 0;
    struct asg_error error = {""};
    enum asg_status status = asg_controller_new(&our->settings, sim_clock_of(&our->host),
                                                &our->controller, &error);
    if (status != ASG_OK || our->host.is_dying) {
        if (status == ASG_ERR_CONFLICT || status == ASG_ERR_CORRUPT) {
            sim_break("replay_gives_identical_state",
                      "the controller cannot rebuild from its log: %s", error.text);
        }
        sim_tell("controller", "cannot start: %s", error.text);
        if (status == ASG_OK) asg_controller_destroy(&our->controller);
        start_again(SIM_EVENT_CONTROLLER, 0);
        return;
    }
    our->host.is_up = true;
    our->back_us = sim.now_us;
    sim.counts.leads++;
    sim_wish(&our->host.turn, sim.now_us, SIM_EVENT_CONTROLLER, 0);
}

void sim_stop_controller(bool is_crash)
{
    if (!our->host.is_up) return;
    sim_tell("controller", is_crash ? "dies" : "is stopped");
    if (is_crash) our->host.is_dying = true;
    if (sim.now_us - our->back_us > SHORT_STAY_US) our->away_since_us = sim.now_us;
    asg_controller_destroy(&our->controller);
    sim_end_calls();
    our->host.is_up = false;
    our->host.is_dying = false;
    start_again(SIM_EVENT_CONTROLLER, 0);
}

void sim_controller_turn(void)
{
    if (!our->host.is_up || is_paused(&our->host, SIM_EVENT_CONTROLLER, 0)) return;
    int64_t wait_ms = asg_controller_turn(our->controller);
    law_view_after_turn();
    law_bindings_survive();
    if (is_last(&our->host)) {
        sim_stop_controller(/* is_crash */ true);
        return;
    }
    if (wait_ms < 1) wait_ms = 1;
    sim_wish(&our->host.turn, sim.now_us + wait_ms * 1000, SIM_EVENT_CONTROLLER, 0);
}

void sim_ingest_turn(void)
{
    if (!our->host.is_up || our->ingest == NULL) return;
    if (our->host.paused_until_us > sim.now_us) {
        sim_wish(&our->ingest_turn, our->host.paused_until_us, SIM_EVENT_INGEST, 0);
        return;
    }
    int64_t wait_ms = 0;
    (void)asg_ingest_turn(our->ingest, &wait_ms);
    /* Silence has no moment of its own: look three times in an interval. */
    int64_t look_ms = sim.agent_interval_ms / 3 + 1;
    if (wait_ms > look_ms) wait_ms = look_ms;
    if (wait_ms < 1) wait_ms = 1;
    sim_wish(&our->ingest_turn, sim.now_us + wait_ms * 1000, SIM_EVENT_INGEST, 0);
}

void sim_prober_turn(void)
{
    if (!our->host.is_up || our->prober == NULL) return;
    if (our->host.paused_until_us > sim.now_us) {
        sim_wish(&our->prober_turn, our->host.paused_until_us, SIM_EVENT_PROBER, 0);
        return;
    }
    int64_t at_ms = asg_prober_turn(our->prober);
    int64_t after_us =
        at_ms == INT64_MAX ? SIM_MINUTE : at_ms * 1000 - sim_mono_us(&our->host);
    if (after_us < 20000) after_us = 20000;
    sim_wish(&our->prober_turn, sim.now_us + after_us, SIM_EVENT_PROBER, 0);
}

/* ---- workers ---- */

static enum asg_status send_to_controller(void *context, enum asg_message_type type,
                                          const void *object)
{
    struct sim_worker *worker = context;
    if (worker->process.is_dying) return ASG_OK;
    asg_bytes_reset(&worker->frame);
    asg_wire_encode_message(type, object, &worker->frame);
    return asg_bus_connection_send(worker->connection, worker->frame.data,
                                   worker->frame.length);
}

static enum asg_status fetch_credentials(void *context, struct asg_credentials *ret,
                                         struct asg_error *error)
{
    (void)context;
    (void)error;
    asg_credentials_set(ret, "AKIDSIMULATED", "secret", NULL, "simulator");
    return ASG_OK;
}

static void make_client(struct sim_worker *worker)
{
    struct asg_ec2_client_options options = {
        .credentials = {.name = "simulator", .fetch = fetch_credentials},
        .clock = sim_clock_of(&worker->process),
        .seed = sim_draw(sim_of(SIM_TOPIC_SECRETS)) | 1,
        .transport = &sim_transport,
        .transport_context = worker,
    };
    const struct asg_endpoint_options where = {.url = "http://127.0.0.1:1/",
                                               .region = "us-east-1"};
    struct asg_error error = {""};
    if (asg_endpoint_resolve(&where, &options.endpoint, &error) != ASG_OK ||
        asg_ec2_client_new(&options, &worker->ec2, &error) != ASG_OK) {
        (void)fprintf(stderr, "openasg-sim: %s\n", error.text);
        exit(2);
    }
}

void sim_start_worker(uint32_t index)
{
    struct sim_worker *worker = &our->workers[index];
    if (worker->process.is_up || worker->is_lost) return;
    char name[16];
    (void)snprintf(name, sizeof name, "w%u", index + 1);
    worker->process.is_dying = false;
    worker->process.paused_until_us = 0;
    worker->is_stopping = false;
    (void)sim_connect(SIM_LINK_WORKERS, index, "10.9.0.2", &worker->connection);
    make_client(worker);
    const struct asg_worker_options options = {
        .name = name,
        .capacity = 8,
        .attempts = 4,
        .attempts_unsure = 8,
        .hello_ms = 2000,
        .resend_ms = 3000,
        .result_instances = 8, /* so that listings come in parts */
        .clock = sim_clock_of(&worker->process),
        .ec2 = worker->ec2,
        .ports = {.send = send_to_controller, .context = worker},
    };
    asg_worker_new(&options, &worker->worker);
    worker->process.is_up = true;
    sim_wish(&worker->process.turn, sim.now_us, SIM_EVENT_WORKER, index);
}

void sim_stop_worker(uint32_t index)
{
    struct sim_worker *worker = &our->workers[index];
    if (!worker->process.is_up) return;
    sim_tell("worker", "w%u dies", index + 1);
    worker->process.is_dying = true;
    asg_ec2_client_destroy(&worker->ec2);
    asg_worker_destroy(&worker->worker);
    asg_bus_connection_destroy(&worker->connection);
    worker->process.is_up = false;
    worker->process.is_dying = false;
    start_again(SIM_EVENT_WORKER, index);
}

#define STOP_US (5 * SIM_MINUTE) /* as long as a service manager waits */

void sim_stop_worker_cleanly(uint32_t index)
{
    struct sim_worker *worker = &our->workers[index];
    if (!worker->process.is_up || worker->is_stopping) return;
    sim_tell("worker", "w%u is to stop", index + 1);
    worker->is_stopping = true;
    worker->stop_until_us = sim.now_us + STOP_US;
    asg_worker_stop(worker->worker);
    sim_wish(&worker->process.turn, sim.now_us, SIM_EVENT_WORKER, index);
}

/* It has nothing left, or nobody waits for it any longer. */
static bool is_stopped(const struct sim_worker *worker)
{
    return worker->is_stopping &&
           (asg_worker_is_idle(worker->worker) || sim.now_us >= worker->stop_until_us);
}

void sim_worker_turn(uint32_t index)
{
    struct sim_worker *worker = &our->workers[index];
    if (!worker->process.is_up || is_paused(&worker->process, SIM_EVENT_WORKER, index)) {
        return;
    }
    int64_t next_ms = 0;
    bool is_more = true;
    while (is_more && !worker->process.is_dying) {
        next_ms = asg_worker_tick(worker->worker);
        is_more = false;
        struct asg_bus_message message;
        while (!worker->process.is_dying &&
               asg_bus_connection_receive(worker->connection, &message) == ASG_OK) {
            asg_worker_receive(worker->worker, message.data, message.length);
            is_more = true;
        }
        if (worker->process.is_dying) break;
        enum asg_status status =
            asg_ec2_client_poll(worker->ec2, NULL, 0, INT64_C(1000000000));
        if (status != ASG_OK) abort(); /* a pretended wait cannot fail */
        if (sim_transport_delivered(worker->transport) > 0) is_more = true;
    }
    if (is_last(&worker->process) || is_stopped(worker)) {
        sim_stop_worker(index);
        return;
    }
    int64_t wait_ms =
        next_ms == INT64_MAX ? INT64_MAX : next_ms - sim_mono_us(&worker->process) / 1000;
    int64_t call_ms = sim_transport_wait_ms(worker->transport);
    if (call_ms < wait_ms) wait_ms = call_ms;
    if (wait_ms == INT64_MAX) return;
    if (wait_ms < 1) wait_ms = 1;
    sim_wish(&worker->process.turn, sim.now_us + wait_ms * 1000, SIM_EVENT_WORKER, index);
}

/* ---- agents ---- */

void sim_start_agent(struct sim_instance *instance)
{
    struct sim_agent *agent = &instance->agent;
    if (agent->process.is_up || !instance->is_alive || !instance->is_booted) return;
    if (!sim_agent_has_line(instance)) return; /* not launched by us */
    uint32_t index = asg_id_map_find(&sim.by_id, instance->id);
    /* What it was told lies beside its keys. */
    if (agent->is_member) sim_agent_connect(instance);
    agent->is_up = false;
    int64_t now_us = sim_mono_us(&agent->process);
    asg_enrol_timer_init(&agent->timer, sim_draw(sim_of(SIM_TOPIC_SECRETS)),
                         agent->is_member ? SIM_HOUR / 1000 : 0, now_us / 1000);
    asg_reporter_init(&agent->reporter, (struct asg_metrics_reader *)(void *)instance,
                      sim_draw(sim_of(SIM_TOPIC_SECRETS)), sim.agent_interval_ms, now_us);
    agent->process.is_up = true;
    if (instance->group != NULL) instance->group->serving++;
    instance->ill_since_us = 0;
    instance->well_since_us = sim.now_us;
    sim_wish(&agent->process.turn, sim.now_us, SIM_EVENT_AGENT, index);
}

void sim_stop_agent(struct sim_instance *instance)
{
    struct sim_agent *agent = &instance->agent;
    if (!agent->process.is_up) return;
    agent->process.is_up = false;
    if (instance->group != NULL) instance->group->serving--;
    if (instance->ill_since_us == 0) instance->ill_since_us = sim.now_us;
    asg_reporter_clear(&agent->reporter);
    asg_bus_outlet_destroy(&agent->outlet);
    agent->refused_since_us = 0;
}

static enum asg_status send_frame(void *context, const void *data, size_t length)
{
    struct sim_agent *agent = context;
    return asg_bus_outlet_send(agent->outlet, data, length);
}

/* What stands is said again and again. */
static void send_notices(struct sim_instance *instance)
{
    static const enum asg_sign signs[] = {ASG_SIGN_SPOT_INTERRUPTION, ASG_SIGN_REBALANCE};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if ((sim_lie_notices(instance) >> signs[i] & 1) == 0) continue;
        const struct asg_notice notice = {
            .sign = signs[i], .at_ms = instance->notice_ms, .detail = "terminate"};
        struct asg_bytes frame = {0};
        asg_wire_encode_message(ASG_MESSAGE_NOTICE, &notice, &frame);
        (void)send_frame(&instance->agent, frame.data, frame.length);
        asg_bytes_clear(&frame);
    }
}

void sim_agent_turn(uint32_t index)
{
    struct sim_instance *instance = sim.instances[index];
    struct sim_agent *agent = &instance->agent;
    if (!agent->process.is_up || instance->is_hung || instance->is_agent_hung) return;
    const struct asg_uplink uplink = {.send = send_frame, .context = agent};
    int64_t now_us = sim_mono_us(&agent->process);
    sim_agent_enrol(instance, &uplink);
    bool is_admitted = sim_is_admitted(instance);
    bool is_due = agent->reporter.due_us <= now_us;
    if (is_due && !agent->is_member) sim_report_early(instance);
    if (asg_reporter_tick(&agent->reporter, &uplink, is_admitted, now_us,
                          sim_wall_ms())) {
        sim.counts.reports++;
        if (is_admitted) instance->spoke_generation = instance->generation;
        sim_lie_often(instance, &uplink);
        if (is_admitted) send_notices(instance);
    }
    int64_t due_us = agent->reporter.due_us;
    int64_t ask_ms = asg_enrol_timer_due_ms(&agent->timer);
    if (ask_ms < due_us / 1000) due_us = ask_ms * 1000;
    int64_t after_us = due_us - now_us;
    if (after_us < 1000) after_us = 1000;
    sim_wish(&agent->process.turn, sim.now_us + after_us, SIM_EVENT_AGENT, index);
}
