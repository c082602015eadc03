/* fake_edges - what else the programs reach for: gRPC, HTTP, files, threads, log lines,
 * random bytes and the machine's own metrics. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/inlet.h"
#include "controller/answer_thread.h"
#include "controller/ingest_thread.h"
#include "controller/parts.h"
#include "controller/probe_thread.h"
#include "controller/snapshot_thread.h"
#include "crypto/crypto.h"
#include "rpc/agent_service.h"
#include "rpc/health.h"
#include "rpc/reach.h"
#include "sim/sim.h"

/* ---- gRPC: probes and drains ---- */

struct asg_rpc_client {
    int unused;
};

struct sim_probe {
    struct sim_probe *next;
    bool is_drain;
    bool is_done;
    enum asg_rpc_code code;
    asg_rpc_health_done *done;
    asg_rpc_drain_done *drained;
    void *context;
};

static struct asg_rpc_client the_client;

static void end_probe(struct sim_probe *probe, enum asg_rpc_code code)
{
    probe->is_done = true;
    if (probe->is_drain) {
        const struct asg_rpc_drain answer = {.is_drained = true, .detail = ""};
        probe->drained(code, code == ASG_RPC_OK ? "" : "no answer", &answer,
                       probe->context);
        return;
    }
    const struct asg_rpc_health_reply reply = {
        .code = code,
        .status = code == ASG_RPC_OK ? ASG_HEALTH_SERVING : ASG_HEALTH_UNKNOWN,
        .details = code == ASG_RPC_OK ? "" : "no answer",
    };
    probe->done(&reply, probe->context);
}

void sim_probe_answer(void *object)
{
    struct sim_probe *probe = object;
    struct sim_probe **link = &our->probes;
    while (*link != probe)
        link = &(*link)->next;
    *link = probe->next;
    if (!probe->is_done) end_probe(probe, probe->code);
    free(probe);
    /* The pause before the next one begins now. */
    if (our->prober != NULL) {
        sim_wish(&our->prober_turn, sim.now_us, SIM_EVENT_PROBER, 0);
    }
}

/* A dead controller's: told that they are cancelled, dropped when their time comes. */
void sim_drop_probes(void)
{
    for (struct sim_probe *probe = our->probes; probe != NULL; probe = probe->next) {
        if (!probe->is_done) end_probe(probe, ASG_RPC_CANCELLED);
    }
}

enum asg_status asg_rpc_client_new(const struct asg_rpc_client_options *options,
                                   struct asg_rpc_client **ret, struct asg_error *error)
{
    (void)options;
    (void)error;
    *ret = &the_client;
    return ASG_OK;
}

void asg_rpc_client_destroy(struct asg_rpc_client **client)
{
    sim_drop_probes();
    *client = NULL;
}

static struct sim_instance *instance_at(const char *target)
{
    size_t length = strcspn(target, ":");
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        if (instance->is_alive && strlen(instance->address) == length &&
            strncmp(instance->address, target, length) == 0) {
            return instance;
        }
    }
    return NULL;
}

static bool is_host_there(const struct sim_instance *instance)
{
    bool is_cut = our->is_cut_up[SIM_LINK_AGENTS] || our->is_cut_down[SIM_LINK_AGENTS];
    return instance != NULL && !instance->is_hung && !instance->is_muted && !is_cut;
}

/* Whether anything answers there, known at once. */
struct asg_rpc_reach asg_rpc_reach_begin(const char *target)
{
    return (struct asg_rpc_reach){.fd = -1,
                                  .has_answered = is_host_there(instance_at(target)) &&
                                                  !sim_strikes(SIM_FAULT_DROP_FRAME)};
}

bool asg_rpc_reach_end(struct asg_rpc_reach *reach)
{
    return reach->has_answered;
}

static void send_probe(const char *target, int64_t deadline_ms, struct sim_probe *probe)
{
    const struct sim_instance *instance = instance_at(target);
    int64_t after_us = sim_between(sim_of(SIM_TOPIC_PROBES), 300, 5000);
    probe->code = ASG_RPC_OK;
    bool is_mute = instance != NULL && instance->is_agent_hung;
    if (!is_host_there(instance) || is_mute || sim_strikes(SIM_FAULT_DROP_FRAME)) {
        probe->code = ASG_RPC_DEADLINE_EXCEEDED;
        after_us = deadline_ms * 1000;
    } else if (!instance->agent.process.is_up || !instance->agent.is_member ||
               instance->generation != instance->bound_generation) {
        /* nobody there, or nobody with the keys that are bound */
        probe->code = ASG_RPC_UNAVAILABLE;
    }
    probe->next = our->probes;
    our->probes = probe;
    sim_put(sim.now_us + after_us, SIM_EVENT_PROBE_ANSWER, 0, 0, probe);
}

enum asg_status asg_rpc_health_check(struct asg_rpc_client *client, const char *target,
                                     const char *peer, const char *service,
                                     int64_t deadline_ms, asg_rpc_health_done *done,
                                     void *context)
{
    (void)client;
    (void)peer;
    (void)service;
    struct sim_probe *probe = asg_alloc(1, sizeof *probe);
    probe->done = done;
    probe->context = context;
    send_probe(target, deadline_ms, probe);
    return ASG_OK;
}

enum asg_status asg_rpc_agent_drain(struct asg_rpc_client *client, const char *target,
                                    const char *peer, const char *reason,
                                    uint32_t timeout_ms, int64_t deadline_ms,
                                    asg_rpc_drain_done *done, void *context)
{
    (void)client;
    (void)peer;
    (void)reason;
    (void)timeout_ms;
    struct sim_probe *probe = asg_alloc(1, sizeof *probe);
    probe->is_drain = true;
    probe->drained = done;
    probe->context = context;
    send_probe(target, deadline_ms, probe);
    return ASG_OK;
}

const char *asg_rpc_code_name(enum asg_rpc_code code)
{
    switch (code) {
    case ASG_RPC_OK: return "OK";
    case ASG_RPC_CANCELLED: return "CANCELLED";
    case ASG_RPC_DEADLINE_EXCEEDED: return "DEADLINE_EXCEEDED";
    default: return "UNAVAILABLE";
    }
}

/* ---- HTTP: nobody looks ---- */

enum asg_status asg_serve_http_new(const char *where, struct asg_scraped *scraped,
                                   struct asg_status_pages **ret, struct asg_error *error)
{
    (void)where;
    (void)scraped;
    (void)error;
    *ret = NULL;
    return ASG_OK;
}

void asg_scraped_clear(struct asg_scraped *scraped)
{
    (void)scraped;
}

void asg_status_pages_destroy(struct asg_status_pages **http)
{
    *http = NULL;
}

const char *asg_status_pages_url(const struct asg_status_pages *http)
{
    (void)http;
    return "";
}

/* ---- threads: turns are events ---- */

struct asg_ingest_thread {
    int unused;
};

struct asg_probe_thread {
    int unused;
};

static struct asg_ingest_thread ingest_thread;
static struct asg_probe_thread probe_thread;

enum asg_status asg_ingest_thread_new(struct asg_ingest *ingest,
                                      struct asg_bus_inlet *inlet,
                                      struct asg_ingest_thread **ret,
                                      struct asg_error *error)
{
    (void)inlet;
    (void)error;
    our->ingest = ingest;
    sim_wish(&our->ingest_turn, sim.now_us, SIM_EVENT_INGEST, 0);
    *ret = &ingest_thread;
    return ASG_OK;
}

void asg_ingest_thread_destroy(struct asg_ingest_thread **thread)
{
    our->ingest = NULL;
    *thread = NULL;
}

static void wake_prober(void *context)
{
    (void)context;
    sim_wish(&our->prober_turn, sim.now_us, SIM_EVENT_PROBER, 0);
}

enum asg_status asg_probe_thread_new(struct asg_prober *prober,
                                     struct asg_probe_thread **ret,
                                     struct asg_error *error)
{
    (void)error;
    our->prober = prober;
    asg_prober_on_suspect(prober, wake_prober, NULL);
    sim_wish(&our->prober_turn, sim.now_us, SIM_EVENT_PROBER, 0);
    *ret = &probe_thread;
    return ASG_OK;
}

void asg_probe_thread_destroy(struct asg_probe_thread **thread)
{
    our->prober = NULL;
    *thread = NULL;
}

/* A question is answered in the turn that asks it. */
struct asg_answer_thread {
    struct asg_answer_sources sources;
    struct asg_question_asked *answered; /* the newest first */
};

enum asg_status asg_answer_thread_new(const struct asg_answer_sources *sources,
                                      void (*wake)(void *context), void *context,
                                      struct asg_answer_thread **ret,
                                      struct asg_error *error)
{
    (void)wake; /* the turn that asks takes it, too */
    (void)context;
    (void)error;
    struct asg_answer_thread *thread = asg_alloc(1, sizeof *thread);
    thread->sources = *sources;
    *ret = thread;
    return ASG_OK;
}

enum asg_status asg_answer_thread_ask(struct asg_answer_thread *thread,
                                      struct asg_question_asked *question)
{
    asg_question_answer(question, &thread->sources);
    question->next = thread->answered;
    thread->answered = question;
    return ASG_OK;
}

struct asg_question_asked *asg_answer_thread_take(struct asg_answer_thread *thread)
{
    struct asg_question_asked *question = thread->answered;
    if (question != NULL) thread->answered = question->next;
    return question;
}

void asg_answer_thread_destroy(struct asg_answer_thread **thread)
{
    struct asg_question_asked *question = NULL;
    while (*thread != NULL && (question = asg_answer_thread_take(*thread)) != NULL) {
        asg_question_free(question);
    }
    free(*thread);
    *thread = NULL;
}

/* A snapshot is made in the turn that asks for it: what it covers is what a thread's
 * would, and the same seed gives the same run. */
struct asg_snapshot_thread {
    uint64_t seq;
};

enum asg_status asg_snapshot_thread_new(const char *path, uint64_t seq,
                                        struct asg_snapshot_thread **ret,
                                        struct asg_error *error)
{
    (void)path;
    (void)error;
    struct asg_snapshot_thread *thread = asg_alloc(1, sizeof *thread);
    thread->seq = seq;
    *ret = thread;
    return ASG_OK;
}

bool asg_snapshot_thread_poll(struct asg_snapshot_thread *thread,
                              enum asg_status *ret_status, struct asg_made_snapshot *ret,
                              struct asg_error *error)
{
    *ret_status =
        asg_make_snapshot(sim_disk_log(our->disk), thread->seq, NULL, ret, error);
    return true;
}

void asg_snapshot_thread_destroy(struct asg_snapshot_thread **thread)
{
    free(*thread);
    *thread = NULL;
}

/* ---- files: the secret is the seed's, nothing is written ---- */

enum asg_status asg_prepare_folders(struct asg_controller *controller,
                                    struct asg_error *error)
{
    (void)error;
    (void)snprintf(controller->log_path, sizeof controller->log_path, "/nowhere/log");
    (void)snprintf(controller->blobs_path, sizeof controller->blobs_path, "/nowhere");
    struct sim_random random =
        sim_stream(sim.options.seed, "join secret", (uint64_t)(our - sim.clusters));
    for (size_t i = 0; i < sizeof controller->join_secret; i++) {
        controller->join_secret[i] = (uint8_t)sim_draw(&random);
    }
    memset(controller->keys.public_key, 'k', ASG_BUS_KEY_SIZE - 1);
    return ASG_OK;
}

enum asg_status asg_write_endpoints(struct asg_controller *controller,
                                    struct asg_error *error)
{
    (void)controller;
    (void)error;
    return ASG_OK;
}

/* ---- random bytes (by the linker's --wrap) ---- */

void __wrap_asg_random_bytes(void *ret, size_t length);
void __wrap_asg_random_bytes(void *ret, size_t length)
{
    uint8_t *bytes = ret;
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)(sim_draw(sim_of(SIM_TOPIC_SECRETS)) >> 24);
    }
}

/* ---- log lines: part of the story ---- */

void asg_log_init(const char *program, enum asg_log_level lowest)
{
    (void)program;
    (void)lowest;
}

enum asg_status asg_log_parse_level(const char *text, enum asg_log_level *ret)
{
    (void)text;
    *ret = ASG_LOG_INFO;
    return ASG_OK;
}

void asg_log_write(enum asg_log_level level, const char *room, const char *event,
                   const char *format, ...)
{
    /* What core decides is told by the books. */
    if (!sim.options.is_narrated || level < ASG_LOG_INFO || strcmp(room, "core") == 0 ||
        strcmp(room, "alarm") == 0) {
        return;
    }
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sim_tell(room, "%s %s", event, text);
}

bool asg_log_place_is_due(struct asg_log_place *place)
{
    (void)place;
    return true; /* asg_log_write() decides */
}

void asg_log_tell_repeats(void)
{
}

/* ---- an instance's CPU ---- */

struct asg_metrics_reader {
    struct sim_instance instance; /* cast from one */
};

enum asg_status asg_read_metrics(struct asg_metrics_reader *reader, int64_t now_us,
                                 struct asg_report *ret)
{
    (void)now_us;
    struct sim_instance *instance = &reader->instance;
    int64_t cpu = 0;
    const struct sim_group *group = instance->group;
    if (group != NULL) {
        uint32_t alive = group->alive > 0 ? group->alive : 1;
        cpu = sim_load_now(group) * 100 / alive; /* thousandths of a percent */
        cpu += (int64_t)(sim_draw(sim_of(SIM_TOPIC_LOAD)) % 1000) - 500;
    }
    if (cpu < 0) cpu = 0;
    if (cpu > ASG_PERCENT_MILLI_MAX) cpu = ASG_PERCENT_MILLI_MAX;
    ret->cpu_milli = (uint32_t)sim_warm_read(instance, sim_lie_cpu(instance, cpu));
    ret->memory_milli = SIM_MEMORY_MILLI;
    ret->load_milli = ret->cpu_milli / 100; /* 1 a core when it is busy all the time */
    ret->network_in_bytes = (uint64_t)sim.now_us;
    sim_lie(instance, ret);
    return ASG_OK;
}
