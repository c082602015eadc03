/* enrol - how agents get their keys bound, and who else tries to.
 *
 * The controller's side ships: enrol_agent.c, enrol_proof.c, the roster, core. gRPC and
 * the authority are faked: a call is an event there and one back, a request is the hash
 * of its key, a certificate is a word. Agents ask when they start without a certificate,
 * when their reports are refused, and now and then for a new one; thieves have the token
 * of a launch, and keys of their own or somebody else's.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/join_line.h"
#include "controller/prove_document.h"
#include "controller/prove_sts.h"
#include "controller/enrol_agent.h"
#include "controller/join_token.h"
#include "crypto/crypto.h"
#include "sim/sim.h"
#include "wire/wire.h"

#define NO_ANSWER_US (5 * SIM_SECOND)
#define THEFT_TRIES  30

/* On its way there, there, or on its way back. */
struct asg_rpc_call {
    uint32_t index; /* of the instance that it is for */
    uint64_t ask;   /* which one of its agent's; 0: a thief's */
    uint32_t tries; /* of a thief */
    bool is_proven; /* it shows its token */
    bool is_unheard;
    int64_t renew_after_ms;
    bool is_back;
    enum asg_rpc_code code;
    char address[16];
    char curve_key[ASG_BUS_KEY_SIZE];
    char tls_key[ASG_KEY_HASH_SIZE];
    char instance_id[ASG_WORLD_ID_SIZE];
    struct asg_arena arena;
    struct asg_join_line line;
};

static struct sim_random *stream(void)
{
    return sim_of(SIM_TOPIC_ENROL);
}

/* ---- keys ---- */

/* Two texts of digits that say whose they are. */
static void write_keys(uint32_t index, uint32_t generation, uint32_t kind,
                       char curve_key[ASG_BUS_KEY_SIZE], char tls_key[ASG_KEY_HASH_SIZE])
{
    (void)snprintf(curve_key, ASG_BUS_KEY_SIZE, "%010u%010u%010u%010u",
                   (unsigned)(our - sim.clusters), index, generation, kind);
    (void)snprintf(tls_key, ASG_KEY_HASH_SIZE, "%016u%016u%016u%016u",
                   (unsigned)(our - sim.clusters), index, generation, kind);
}

void sim_keys_of(const struct sim_instance *instance, uint32_t generation,
                 char curve_key[ASG_BUS_KEY_SIZE], char tls_key[ASG_KEY_HASH_SIZE])
{
    uint32_t index = asg_id_map_find(&sim.by_id, instance->id);
    write_keys(index, generation, 0, curve_key, tls_key);
}

bool sim_is_admitted(const struct sim_instance *instance)
{
    const struct sim_agent *agent = &instance->agent;
    return agent->outlet != NULL &&
           asg_bus_outlet_link(agent->outlet, NULL) == ASG_BUS_LINK_UP;
}

/* ---- there and back ---- */

static struct asg_rpc_call *new_call(const struct sim_instance *instance,
                                     const char *address)
{
    const struct asg_world_instance *real = asg_world_find(sim.world, instance->id);
    const char *base64 = real == NULL ? NULL : real->launch->data.user_data;
    if (base64 == NULL) return NULL;
    struct asg_rpc_call *call = asg_alloc(1, sizeof *call);
    char *text = asg_arena_take(&call->arena, strlen(base64) + 4);
    size_t length = 0;
    struct asg_error error = {""};
    if (asg_base64_decode(base64, text, &length) != ASG_OK ||
        asg_join_line_find(text, length, &call->arena, &call->line, &error) != ASG_OK) {
        asg_arena_clear(&call->arena); /* not launched by us */
        free(call);
        return NULL;
    }
    call->index = asg_id_map_find(&sim.by_id, instance->id);
    (void)snprintf(call->instance_id, sizeof call->instance_id, "%s", instance->id);
    (void)snprintf(call->address, sizeof call->address, "%s", address);
    return call;
}

static void free_call(struct asg_rpc_call *call)
{
    asg_arena_clear(&call->arena);
    free(call);
}

static void send_call(struct asg_rpc_call *call)
{
    sim_put(sim.now_us + sim_between(stream(), 300, 20000), SIM_EVENT_ENROL, call->index,
            0, call);
}

static void send_back(struct asg_rpc_call *call, enum asg_rpc_code code, int64_t after_us)
{
    call->is_back = true;
    call->code = code;
    sim_put(sim.now_us + after_us, SIM_EVENT_ENROL, call->index, 0, call);
}

void asg_rpc_enrolled_reply(struct asg_rpc_call *call,
                            const struct asg_rpc_enrolled *enrolled)
{
    call->renew_after_ms = enrolled->renew_after_ms;
    send_back(call, ASG_RPC_OK, sim_between(stream(), 300, 20000));
}

void asg_rpc_call_end(struct asg_rpc_call *call, enum asg_rpc_code code,
                      const char *details)
{
    (void)details;
    send_back(call, code, sim_between(stream(), 300, 20000));
}

static bool is_reached(const struct asg_rpc_call *call)
{
    const struct sim_instance *instance = sim.instances[call->index];
    bool is_cut = our->is_cut_up[SIM_LINK_AGENTS] || our->is_cut_down[SIM_LINK_AGENTS] ||
                  (call->ask != 0 && instance->is_muted);
    return our->host.is_up && !our->host.is_dying &&
           our->host.paused_until_us <= sim.now_us && our->controller != NULL &&
           our->controller->enrolments != NULL && !is_cut &&
           !sim_strikes(SIM_FAULT_DROP_FRAME);
}

static void arrive(struct asg_rpc_call *call)
{
    if (!is_reached(call)) {
        call->is_unheard = true;
        send_back(call, ASG_RPC_UNAVAILABLE, NO_ANSWER_US);
        return;
    }
    const struct asg_rpc_enroll enroll = {
        .instance_id = call->instance_id,
        .curve_key = call->curve_key,
        .request = (const uint8_t *)call->tls_key,
        .request_length = strlen(call->tls_key),
        .version = "simulated",
        .grpc_port = 7705,
        .interval_ms = (uint32_t)sim.agent_interval_ms,
        .proof = call->is_proven ? ASG_RPC_PROOF_TOKEN : ASG_RPC_PROOF_NONE,
        .token = {.token = call->line.token,
                  .job_id = call->line.job_id,
                  .attempt = call->line.attempt,
                  .incarnation = call->line.incarnation},
        .sts = {.url = "", .body = ""},
        .document = {.document = "", .signature = ""},
    };
    asg_enrolments_take(our->controller->enrolments, call, &enroll, call->address);
}

/* ---- agents ---- */

bool sim_agent_has_line(const struct sim_instance *instance)
{
    struct asg_rpc_call *call = new_call(instance, instance->address);
    if (call != NULL) free_call(call);
    return call != NULL;
}

static enum asg_enrol_outcome outcome_of(const struct asg_rpc_call *call)
{
    if (call->code == ASG_RPC_OK) return ASG_ENROL_DONE;
    if (call->is_unheard) return ASG_ENROL_NOBODY;
    return call->code == ASG_RPC_PERMISSION_DENIED ? ASG_ENROL_REFUSED
                                                   : ASG_ENROL_NOT_YET;
}

static void take_answer(struct sim_instance *instance, const struct asg_rpc_call *call)
{
    struct sim_agent *agent = &instance->agent;
    if (!agent->process.is_up || agent->ask != call->ask) return;
    int64_t now_ms = sim_mono_us(&agent->process) / 1000;
    enum asg_enrol_outcome outcome = outcome_of(call);
    asg_enrol_timer_take(&agent->timer, outcome, call->renew_after_ms, now_ms);
    if (outcome == ASG_ENROL_DONE) {
        agent->is_member = true;
        agent->refused_since_us = 0;
        if (agent->outlet == NULL) sim_agent_connect(instance);
    } else if (outcome == ASG_ENROL_REFUSED && agent->refused_since_us == 0) {
        agent->refused_since_us = sim.now_us;
    }
    sim_wish(&agent->process.turn, sim.now_us + 1000, SIM_EVENT_AGENT, call->index);
}

/* A thief who is told to, as the instance is not known yet. */
static bool tries_again(struct asg_rpc_call *call)
{
    bool may = call->code == ASG_RPC_NOT_FOUND || call->code == ASG_RPC_UNAVAILABLE;
    return may && ++call->tries < THEFT_TRIES && sim.instances[call->index]->is_alive;
}

void sim_enrol_event(void *object)
{
    struct asg_rpc_call *call = object;
    if (sim.is_over) {
        free_call(call);
        return;
    }
    if (!call->is_back) {
        arrive(call);
        return;
    }
    /* The answer is lost, and what it says was done all the same. */
    if (call->ask != 0 && sim_strikes(SIM_FAULT_DROP_FRAME)) {
        call->code = ASG_RPC_UNAVAILABLE;
        call->is_unheard = true;
    }
    if (call->ask != 0) {
        take_answer(sim.instances[call->index], call);
    } else if (tries_again(call)) {
        call->is_back = false;
        call->is_unheard = false;
        sim_put(sim.now_us + sim_between(stream(), 200, 4000) * 1000, SIM_EVENT_ENROL,
                call->index, 0, call);
        return;
    }
    free_call(call);
}

void sim_agent_connect(struct sim_instance *instance)
{
    uint32_t index = asg_id_map_find(&sim.by_id, instance->id);
    char curve_key[ASG_BUS_KEY_SIZE];
    char tls_key[ASG_KEY_HASH_SIZE];
    sim_keys_of(instance, instance->generation, curve_key, tls_key);
    (void)sim_connect_agent(index, curve_key, instance->address, &instance->agent.outlet);
}

static void look_at_link(struct sim_instance *instance, const struct asg_uplink *uplink)
{
    struct sim_agent *agent = &instance->agent;
    if (agent->outlet == NULL) return;
    int64_t now_us = sim_mono_us(&agent->process);
    enum asg_bus_link link = asg_bus_outlet_link(agent->outlet, NULL);
    if (link == ASG_BUS_LINK_UP) {
        asg_enrol_timer_flowing(&agent->timer);
    } else if (link == ASG_BUS_LINK_REFUSED) {
        asg_enrol_timer_refused(&agent->timer, now_us / 1000);
    } else {
        asg_enrol_timer_lost(&agent->timer, now_us / 1000);
    }
    bool was_up = agent->is_up;
    agent->is_up = link == ASG_BUS_LINK_UP;
    if (was_up || !agent->is_up || !agent->reporter.is_held) return;
    asg_reporter_opened(&agent->reporter, uplink, now_us);
    if (agent->reporter.is_held) return; /* it was stale */
    instance->spoke_generation = instance->generation;
    sim_warm_sent(instance, agent->reporter.report.cpu_milli);
}

void sim_agent_enrol(struct sim_instance *instance, const struct asg_uplink *uplink)
{
    struct sim_agent *agent = &instance->agent;
    look_at_link(instance, uplink);
    bool is_once_more = sim_between(stream(), 1, 5000) == 1;
    if (is_once_more && !agent->timer.is_asking) agent->timer.renew_ms = 0;
    int64_t now_ms = sim_mono_us(&agent->process) / 1000;
    if (!asg_enrol_timer_ask(&agent->timer, now_ms)) return;
    struct asg_rpc_call *call = new_call(instance, instance->address);
    if (call == NULL) return; /* it goes just now */
    call->ask = ++agent->ask;
    call->is_proven = agent->timer.needs_proof;
    sim_keys_of(instance, instance->generation, call->curve_key, call->tls_key);
    send_call(call);
}

/* ---- its disk is made anew ---- */

bool sim_reimage(struct sim_instance *instance)
{
    if (instance == NULL || !instance->agent.process.is_up) return false;
    sim_tell("instance", "%s is made anew: its agent has other keys", instance->id);
    sim_stop_agent(instance);
    instance->generation++;
    instance->agent.is_member = false;
    if (instance->ill_since_us == 0) instance->ill_since_us = sim.now_us;
    return true;
}

void sim_order_rebind(const struct sim_instance *instance)
{
    const char *id = instance->id;
    struct asg_command command = {.kind = ASG_COMMAND_INSTANCE_REBIND,
                                  .group = "",
                                  .instance_ids = {.items = &id, .count = 1}};
    sim_order(&command);
}

/* Whoever was made anew is refused until somebody says that it may be. */
void sim_rebind_refused(void)
{
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        const struct sim_instance *instance = sim.instances[i];
        bool is_refused = sim_is_ours(instance) && instance->agent.process.is_up &&
                          instance->agent.refused_since_us != 0;
        if (is_refused) sim_order_rebind(instance);
    }
}

/* ---- thieves ---- */

enum theft {
    THEFT_FROM_AFAR,    /* own keys, from an address that is nobody's */
    THEFT_BY_SISTER,    /* own keys, from another instance's address */
    THEFT_OF_KEY,       /* an instance shows another's key for itself */
    THEFT_ON_THE_PLACE, /* other keys, from the very instance, once it is bound */
    THEFTS
};

static const struct sim_instance *any_other(const struct sim_instance *but)
{
    const struct sim_instance *other =
        sim_any_instance(&sim.swarm.streams[SIM_FAULT_THIEF]);
    return other != but ? other : NULL;
}

/* Frames that come in spite of a key that is not bound, as from a connection that was
 * admitted before. */
static void forge_reports(const struct sim_instance *victim, const char *curve_key)
{
    uint32_t index = asg_id_map_find(&sim.by_id, victim->id);
    struct asg_report report = {.boot_id = 1,
                                .sequence = 1000000,
                                .time_ms = sim_wall_ms(),
                                .interval_ms = (uint32_t)sim.agent_interval_ms,
                                .cpu_milli = ASG_PERCENT_MILLI_MAX};
    struct asg_bytes frame = {0};
    asg_wire_encode_report(&report, &frame);
    sim_send_unadmitted(index, curve_key, frame.data, frame.length);
    asg_bytes_clear(&frame);
}

void sim_report_early(const struct sim_instance *instance)
{
    char curve_key[ASG_BUS_KEY_SIZE];
    char tls_key[ASG_KEY_HASH_SIZE];
    /* A key that never will be: a frame may come late. */
    write_keys(asg_id_map_find(&sim.by_id, instance->id), 0, 9, curve_key, tls_key);
    forge_reports(instance, curve_key);
}

void sim_steal_young(struct sim_instance *instance)
{
    if (sim.swarm.mean_us[SIM_FAULT_THIEF] == 0 || sim.is_quiet) return;
    if (sim_between(&sim.swarm.streams[SIM_FAULT_THIEF], 1, 4) != 1) return;
    if (sim_steal(instance)) sim.swarm.hits[SIM_FAULT_THIEF]++;
}

bool sim_steal(struct sim_instance *victim)
{
    struct sim_random *random = &sim.swarm.streams[SIM_FAULT_THIEF];
    if (victim == NULL || victim->cluster != our) return false;
    enum theft theft = (enum theft)sim_between(random, 0, THEFTS - 1);
    const struct sim_instance *sister = any_other(victim);
    const char *address = "10.66.6.6";
    if (theft == THEFT_BY_SISTER && sister != NULL) address = sister->address;
    if (theft == THEFT_OF_KEY || theft == THEFT_ON_THE_PLACE) address = victim->address;
    bool may_be_first = theft == THEFT_ON_THE_PLACE &&
                        (victim->bound_generation == 0 || victim->generation != 1 ||
                         sim.swarm.mean_us[SIM_FAULT_OLD_BACKUP] != 0);
    bool is_alone =
        theft == THEFT_OF_KEY &&
        (sister == NULL || sister->bound_generation == 0 || sister->generation != 1 ||
         victim->bound_generation != 0 || sim.swarm.mean_us[SIM_FAULT_OLD_BACKUP] != 0);
    if (may_be_first || is_alone) return false;
    struct asg_rpc_call *call = new_call(victim, address);
    if (call == NULL) return false;
    uint32_t index = call->index;
    write_keys(index, victim->generation, 1 + (uint32_t)theft, call->curve_key,
               call->tls_key);
    if (theft != THEFT_OF_KEY) forge_reports(victim, call->curve_key);
    if (theft == THEFT_OF_KEY) { /* of which it has no secret half: it cannot report */
        char unused[ASG_KEY_HASH_SIZE];
        sim_keys_of(sister, sister->generation, call->curve_key, unused);
    }
    call->is_proven = true;
    sim_tell("thief", "asks for %s from %s", victim->id, address);
    send_call(call);
    return true;
}

/* ---- the service, and the authority ---- */

enum asg_status asg_make_identity(struct asg_controller *controller,
                                  struct asg_error *error)
{
    (void)controller;
    (void)error;
    return ASG_OK;
}

enum asg_status asg_serve_enrol_new(struct asg_controller *controller,
                                    struct asg_error *error)
{
    struct asg_proofs_options proving = {0};
    memcpy(proving.join_secret, controller->join_secret, sizeof proving.join_secret);
    asg_proofs_new(&proving, &controller->enrol_proofs);
    const struct asg_enrolments_options options = {
        .inbox = controller->inbox,
        .ingest = controller->ingest,
        .proofs = controller->enrol_proofs,
        .is_leading = &controller->is_leading,
        .cluster_id = "",
        .reports = controller->agents_announced,
        .reports_key = controller->keys.public_key,
        .is_address_checked = controller->settings->enrol_check_address,
        .life_ms = controller->settings->enrol_life_ms,
        .pending = (uint32_t)controller->settings->enrol_pending,
        .clock = controller->clock,
    };
    return asg_enrolments_new(&options, &controller->enrolments, error);
}

void asg_serve_enrol_close(struct asg_controller *controller)
{
    asg_enrolments_close(controller->enrolments);
    asg_proofs_destroy(&controller->enrol_proofs);
}

void asg_serve_enrol_destroy(struct asg_controller *controller)
{
    asg_enrolments_destroy(&controller->enrolments);
}

enum asg_status asg_check_announced(const struct asg_controller_settings *settings,
                                    struct asg_error *error)
{
    (void)settings;
    (void)error;
    return ASG_OK;
}

const char *asg_launch_join_line(struct asg_controller *controller,
                                 const struct asg_job *job, struct asg_arena *arena)
{
    char token[ASG_JOIN_TOKEN_SIZE];
    asg_join_token(controller->join_secret, job->incarnation, job->id, job->attempt,
                   token);
    return asg_arena_format(arena,
                            "# openasg-join: token=%s enrol=10.255.0.1:7708 ca=%064d "
                            "controller=%s key=%s job=%llu attempt=%u incarnation=%llu",
                            token, 7, controller->agents_announced,
                            controller->keys.public_key, (unsigned long long)job->id,
                            job->attempt, (unsigned long long)job->incarnation);
}

const char *asg_instance_join_line(struct asg_controller *controller,
                                   const char *instance_id, struct asg_arena *arena)
{
    (void)controller;
    (void)instance_id;
    (void)arena;
    return "";
}

/* ---- proofs that ask AWS: none is taken here, and nothing of them is linked ---- */

void asg_sts_prover_new(const struct asg_sts_prover_options *options,
                        struct asg_sts_prover **ret)
{
    (void)options;
    *ret = NULL;
}

void asg_sts_prover_close(struct asg_sts_prover *prover)
{
    (void)prover;
}

void asg_sts_prover_destroy(struct asg_sts_prover **prover)
{
    (void)prover;
}

void asg_sts_prover_check(struct asg_sts_prover *prover,
                          const struct asg_rpc_enroll *enroll, const char *tls_key,
                          asg_proof_done *done, void *context)
{
    (void)prover;
    (void)enroll;
    (void)tls_key;
    (void)done;
    (void)context;
}

void asg_prove_document(const struct asg_prove_document_options *options,
                        const struct asg_rpc_enroll *enroll,
                        struct asg_identity_document *ret_document,
                        struct asg_proof_answer *ret, struct asg_error *error)
{
    (void)options;
    (void)enroll;
    (void)ret_document;
    (void)error;
    ret->verdict = ASG_PROOF_MISSING;
}

enum asg_status asg_document_certificates_load(const char *path, const char *region,
                                               struct asg_document_certificates **ret,
                                               struct asg_error *error)
{
    (void)path;
    (void)region;
    (void)ret;
    (void)error;
    return ASG_ERR_UNSUPPORTED;
}

void asg_document_certificates_destroy(struct asg_document_certificates **certificates)
{
    (void)certificates;
}

enum asg_status asg_certificate_request_key(const void *request_der, size_t length,
                                            char ret[ASG_KEY_HASH_SIZE],
                                            struct asg_error *error)
{
    if (length != ASG_KEY_HASH_SIZE - 1) {
        return asg_fail(error, ASG_ERR_MALFORMED, "no certificate request");
    }
    memcpy(ret, request_der, length);
    ret[length] = '\0';
    return ASG_OK;
}

/* These two of the prober: the simulator's probes show none. */
enum asg_status asg_certificate_facts_of(const char *pem,
                                         struct asg_certificate_facts *ret,
                                         struct asg_error *error)
{
    (void)pem;
    (void)ret;
    return asg_fail(error, ASG_ERR_MALFORMED, "nobody shows a certificate here");
}

enum asg_status asg_certificate_check(const char *pem, const char *trusted_pem,
                                      struct asg_certificate_facts *ret,
                                      struct asg_error *error)
{
    (void)pem;
    (void)trusted_pem;
    (void)ret;
    return asg_fail(error, ASG_ERR_DENIED, "nobody shows a certificate here");
}

enum asg_status asg_authority_sign(struct asg_authority *authority,
                                   const void *request_der, size_t length,
                                   const struct asg_holder *holder, int64_t from_ms,
                                   int64_t until_ms, struct asg_bytes *ret_pem,
                                   struct asg_certificate_facts *ret_facts,
                                   struct asg_error *error)
{
    (void)authority;
    (void)request_der;
    (void)length;
    (void)holder;
    (void)from_ms;
    (void)until_ms;
    (void)error;
    asg_bytes_append_text(ret_pem, "certificate");
    if (ret_facts == NULL) return ASG_OK;
    *ret_facts = (struct asg_certificate_facts){.until_ms = until_ms};
    (void)snprintf(ret_facts->serial, sizeof ret_facts->serial, "%016llx",
                   (unsigned long long)sim_draw(sim_of(SIM_TOPIC_SECRETS)));
    return ASG_OK;
}

void asg_authority_destroy(struct asg_authority **authority)
{
    *authority = NULL;
}

const char *asg_authority_pem(const struct asg_authority *authority)
{
    (void)authority;
    return "authority";
}
