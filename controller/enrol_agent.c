#include "controller/enrol_agent.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/id_map.h"
#include "base/log.h"
#include "controller/metrics.h"
#include "crypto/crypto.h"

#define REQUEST_MAX     4096
#define VERSION_MAX     64
#define TOKEN_MAX       64
#define PROOF_TEXT_MAX  ASG_DOCUMENT_BYTES_MAX
#define EARLIER_MS      3600000 /* an agent's clock may be behind by so much */
#define SAY_MS          10000
#define REFUSED_ROWS    32     /* for `openasg worker list --refused` */
#define ALARM_MS        600000 /* other keys of one instance reach core once in this */
#define INSTANCES_NOTED 1024   /* ... and so many instances, or early ones */

/* One call that waits for its proof, or for the log. */
struct pending {
    struct asg_enrolments *enrolments;
    struct asg_rpc_call *call;
    char instance_id[ASG_INSTANCE_ID_MAX + 1];
    char curve_key[ASG_BUS_KEY_SIZE];
    char tls_key[ASG_KEY_HASH_SIZE];
    char address[ASG_BUS_ADDRESS_MAX];
    uint32_t grpc_port;
    uint32_t interval_ms;
    struct asg_bytes request; /* DER */
    struct asg_bytes pem;     /* signed, and worth nothing until it is bound */
};

/* One instance at one address. */
struct refused {
    char instance_id[ASG_INSTANCE_ID_MAX + 1];
    char address[ASG_BUS_ADDRESS_MAX];
    const char *why; /* of the last; static */
    uint64_t count;  /* 0: the row is free */
    int64_t first_ms;
    int64_t last_ms;
};

/* Those that were not said yet, of which the last stands for all. */
struct refusals {
    uint64_t count;
    int64_t next_ms; /* not before */
    int64_t since_ms;
    char instance_id[ASG_INSTANCE_ID_MAX + 1];
    char address[ASG_BUS_ADDRESS_MAX];
    const char *why; /* static */
};

struct asg_enrolments {
    struct asg_enrolments_options options;
    struct asg_arena texts;
    const char *reports[ASG_RPC_REPORTS_MAX];
    size_t report_count;
    pthread_mutex_t lock; /* guards what follows */
    bool is_closed;
    uint32_t pending;
    struct asg_id_map alarmed; /* instances whose other keys core was told of ... */
    int64_t alarmed_until_ms;  /* ... until then */
    struct asg_id_map early;   /* instances that nobody knew, told since it leads */
    struct refusals refused;
    struct refused rows[REFUSED_ROWS];
};

/* ---- forms ---- */

static bool has_only(const char *text, const char *letters)
{
    return text[strspn(text, letters)] == '\0';
}

static bool is_instance_id(const char *id)
{
    size_t length = strlen(id);
    return length >= 3 && length <= ASG_INSTANCE_ID_MAX && strncmp(id, "i-", 2) == 0 &&
           has_only(id + 2, "0123456789abcdef");
}

/* What is wrong with its form; NULL: nothing. */
static const char *look_at_form(const struct asg_rpc_enroll *enroll)
{
    if (!is_instance_id(enroll->instance_id))
        return "instance_id is not an EC2 instance id";
    if (!asg_bus_is_key(enroll->curve_key)) {
        return "curve_public_key is not 40 characters of Z85";
    }
    if (enroll->request_length == 0 || enroll->request_length > REQUEST_MAX) {
        return "certificate_request is missing or too long";
    }
    if (enroll->grpc_port > UINT16_MAX) return "grpc_port is not a port";
    if (strlen(enroll->version) > VERSION_MAX) return "version is too long";
    if (enroll->proof == ASG_RPC_PROOF_TOKEN && strlen(enroll->token.token) > TOKEN_MAX) {
        return "the token is too long";
    }
    if (enroll->proof == ASG_RPC_PROOF_DOCUMENT &&
        strlen(enroll->document.document) > PROOF_TEXT_MAX) {
        return "the identity document is too long";
    }
    return NULL;
}

/* ---- refusing ---- */

static void end(struct asg_rpc_call *call, enum asg_rpc_code code,
                enum asg_controller_metric metric, const char *words)
{
    asg_count(metric, 1);
    asg_rpc_call_end(call, code, words);
}

/* Its row, or a free one, or that of who was refused longest ago. With the lock held. */
static struct refused *row_of(struct asg_enrolments *enrolments, const char *instance_id,
                              const char *address)
{
    struct refused *ret = &enrolments->rows[0];
    for (size_t i = 0; i < REFUSED_ROWS; i++) {
        struct refused *row = &enrolments->rows[i];
        bool is_its = row->count > 0 && strcmp(row->instance_id, instance_id) == 0 &&
                      strcmp(row->address, address) == 0;
        if (is_its) return row;
        bool is_older = row->count == 0 || row->last_ms < ret->last_ms;
        if (ret->count > 0 && is_older) ret = row;
    }
    ret->count = 0;
    return ret;
}

static void keep_refused(struct asg_enrolments *enrolments, const char *instance_id,
                         const char *address, const char *why, int64_t mono_ms)
{
    struct refused *row = row_of(enrolments, instance_id, address);
    if (row->count == 0) {
        *row = (struct refused){.first_ms = mono_ms};
        (void)snprintf(row->instance_id, sizeof row->instance_id, "%s", instance_id);
        (void)snprintf(row->address, sizeof row->address, "%s", address);
    }
    row->count++;
    row->why = why;
    row->last_ms = mono_ms;
}

void asg_enrolments_refused(struct asg_enrolments *enrolments, int64_t mono_ms,
                            int64_t wall_ms, struct asg_arena *arena,
                            struct asg_refusal **ret, size_t *ret_count)
{
    *ret = asg_arena_take(arena, REFUSED_ROWS * sizeof **ret);
    *ret_count = 0;
    (void)pthread_mutex_lock(&enrolments->lock);
    for (size_t i = 0; i < REFUSED_ROWS; i++) {
        const struct refused *row = &enrolments->rows[i];
        if (row->count == 0) continue;
        (*ret)[(*ret_count)++] = (struct asg_refusal){
            .edge = ASG_EDGE_ENROL,
            .key = "",
            .address = asg_arena_text(arena, row->address),
            .why = row->why,
            .count = row->count,
            .first_ms = wall_ms - (mono_ms - row->first_ms),
            .last_ms = wall_ms - (mono_ms - row->last_ms),
            .instance_id = asg_arena_text(arena, row->instance_id),
        };
    }
    (void)pthread_mutex_unlock(&enrolments->lock);
}

/* `why` is static, for the log; `words` for the agent. */
static void refuse(struct asg_enrolments *enrolments, struct asg_rpc_call *call,
                   const char *instance_id, const char *address, const char *why,
                   const char *words)
{
    int64_t mono_ms = asg_clock_monotonic_ms(&enrolments->options.clock);
    (void)pthread_mutex_lock(&enrolments->lock);
    if (enrolments->refused.count++ == 0) enrolments->refused.since_ms = mono_ms;
    (void)snprintf(enrolments->refused.instance_id,
                   sizeof enrolments->refused.instance_id, "%s", instance_id);
    (void)snprintf(enrolments->refused.address, sizeof enrolments->refused.address, "%s",
                   address);
    enrolments->refused.why = why;
    keep_refused(enrolments, instance_id, address, why, mono_ms);
    (void)pthread_mutex_unlock(&enrolments->lock);
    end(call, ASG_RPC_PERMISSION_DENIED, ASG_COUNT_ENROLMENTS_REFUSED, words);
}

/* Written without the lock: whoever reads the log may be slow, and calls wait for it. */
void asg_enrolments_say(struct asg_enrolments *enrolments, int64_t mono_ms)
{
    (void)pthread_mutex_lock(&enrolments->lock);
    const struct refusals refused = enrolments->refused;
    bool is_due = refused.count > 0 && mono_ms >= refused.next_ms;
    if (is_due) {
        enrolments->refused.count = 0;
        enrolments->refused.next_ms = mono_ms + SAY_MS;
    }
    (void)pthread_mutex_unlock(&enrolments->lock);
    if (!is_due) return;
    asg_log_warn("enrol", "enrolments_refused",
                 "%" PRIu64 " in %" PRId64
                 " s, the last of instance=%s from address=%s: %s",
                 refused.count, (mono_ms - refused.since_ms) / 1000 + 1,
                 refused.instance_id, refused.address, refused.why);
}

/* ---- certificates ---- */

static enum asg_status sign(struct asg_enrolments *enrolments, const char *instance_id,
                            const void *request, size_t length, struct asg_bytes *ret_pem,
                            struct asg_certificate_facts *ret_facts,
                            struct asg_error *error)
{
    struct asg_holder holder = {.kind = ASG_HOLDER_INSTANCE};
    (void)snprintf(holder.cluster, sizeof holder.cluster, "%s",
                   enrolments->options.cluster_id);
    (void)snprintf(holder.instance_id, sizeof holder.instance_id, "%s", instance_id);
    int64_t wall_ms = asg_clock_wall_ms(&enrolments->options.clock);
    return asg_authority_sign(enrolments->options.authority, request, length, &holder,
                              wall_ms - EARLIER_MS, wall_ms + enrolments->options.life_ms,
                              ret_pem, ret_facts, error);
}

/* Two thirds of its life, a twentieth more or less: a fleet that was launched at once
 * does not come back at once. */
static int64_t renew_after_ms(int64_t life_ms)
{
    uint32_t drawn = 0;
    asg_random_bytes(&drawn, sizeof drawn);
    int64_t spread_ms = life_ms / 10;
    return life_ms / 3 * 2 - spread_ms / 2 +
           (int64_t)((double)drawn / UINT32_MAX * (double)spread_ms);
}

static void answer(struct asg_enrolments *enrolments, struct asg_rpc_call *call,
                   const struct asg_bytes *pem)
{
    const struct asg_enrolments_options *options = &enrolments->options;
    struct asg_rpc_enrolled enrolled = {
        .certificate_pem = (const char *)pem->data,
        .authorities_pem = asg_authority_pem(options->authority),
        .cluster_id = options->cluster_id,
        .report_count = enrolments->report_count,
        .reports_key = options->reports_key,
        .renew_after_ms = renew_after_ms(options->life_ms),
        .valid_ms = options->life_ms,
    };
    memcpy(enrolled.reports, enrolments->reports, sizeof enrolled.reports);
    if (ASG_FAILPOINT_FAILS("enrol.before_answer")) {
        asg_rpc_call_end(call, ASG_RPC_UNAVAILABLE, "lost");
        return;
    }
    asg_rpc_enrolled_reply(call, &enrolled);
    ASG_FAILPOINT("enrol.after_answer");
}

static void renew(struct asg_enrolments *enrolments, struct asg_rpc_call *call,
                  const struct asg_rpc_enroll *enroll)
{
    struct asg_bytes pem = {0};
    struct asg_error error = {""};
    enum asg_status status = sign(enrolments, enroll->instance_id, enroll->request,
                                  enroll->request_length, &pem, NULL, &error);
    if (status == ASG_OK) {
        asg_bytes_append(&pem, "", 1);
        asg_ingest_describe(enrolments->options.ingest, enroll->instance_id,
                            enroll->grpc_port, enroll->interval_ms);
        asg_count(ASG_COUNT_ENROLMENTS_RENEWED, 1);
        answer(enrolments, call, &pem);
    } else {
        end(call, ASG_RPC_INVALID_ARGUMENT, ASG_COUNT_ENROLMENTS_MALFORMED, error.text);
    }
    asg_bytes_clear(&pem);
}

/* ---- what waits ---- */

static struct pending *begin(struct asg_enrolments *enrolments, struct asg_rpc_call *call,
                             const struct asg_rpc_enroll *enroll, const char *address,
                             const char *tls_key)
{
    (void)pthread_mutex_lock(&enrolments->lock);
    bool has_room = enrolments->pending < enrolments->options.pending;
    if (has_room) enrolments->pending++;
    (void)pthread_mutex_unlock(&enrolments->lock);
    if (!has_room) return NULL;
    struct pending *pending = asg_alloc(1, sizeof *pending);
    pending->enrolments = enrolments;
    pending->call = call;
    (void)snprintf(pending->instance_id, sizeof pending->instance_id, "%s",
                   enroll->instance_id);
    (void)snprintf(pending->curve_key, sizeof pending->curve_key, "%s",
                   enroll->curve_key);
    (void)snprintf(pending->tls_key, sizeof pending->tls_key, "%s", tls_key);
    (void)snprintf(pending->address, sizeof pending->address, "%s", address);
    pending->grpc_port = enroll->grpc_port;
    pending->interval_ms = enroll->interval_ms;
    asg_bytes_append(&pending->request, enroll->request, enroll->request_length);
    return pending;
}

static void finish(struct pending *pending)
{
    struct asg_enrolments *enrolments = pending->enrolments;
    (void)pthread_mutex_lock(&enrolments->lock);
    assert(enrolments->pending > 0);
    enrolments->pending--;
    (void)pthread_mutex_unlock(&enrolments->lock);
    asg_bytes_clear(&pending->request);
    asg_bytes_clear(&pending->pem);
    free(pending);
}

static void finish_with(struct pending *pending, enum asg_rpc_code code,
                        enum asg_controller_metric metric, const char *words)
{
    end(pending->call, code, metric, words);
    finish(pending);
}

static void refuse_pending(struct pending *pending, const char *why, const char *words)
{
    refuse(pending->enrolments, pending->call, pending->instance_id, pending->address,
           why, words);
    finish(pending);
}

/* Its keys are new: other keys after these are news, too. */
static void alarm_again(struct asg_enrolments *enrolments, const char *instance_id)
{
    (void)pthread_mutex_lock(&enrolments->lock);
    asg_id_map_remove(&enrolments->alarmed, instance_id);
    (void)pthread_mutex_unlock(&enrolments->lock);
}

/* The log has it, or refused it; on the loop's thread. */
static void settled(void *context, const struct asg_effects *effects)
{
    struct pending *pending = context;
    struct asg_enrolments *enrolments = pending->enrolments;
    const struct asg_reply *reply = effects != NULL ? &effects->reply : NULL;
    if (reply != NULL && reply->is_set && reply->is_ok) {
        asg_ingest_describe(enrolments->options.ingest, pending->instance_id,
                            pending->grpc_port, pending->interval_ms);
        asg_count(ASG_COUNT_ENROLMENTS_BOUND, 1);
        alarm_again(enrolments, pending->instance_id);
        answer(enrolments, pending->call, &pending->pem);
        finish(pending);
        return;
    }
    const char *code = reply != NULL && reply->is_set ? reply->code : "";
    if (strcmp(code, "Denied") == 0) {
        refuse_pending(pending, "other keys are bound to it, or EC2 says another address",
                       reply->message);
    } else if (strcmp(code, "NotFound") == 0) {
        finish_with(pending, ASG_RPC_NOT_FOUND, ASG_COUNT_ENROLMENTS_EARLY,
                    "this instance is not known (yet): try again");
    } else if (strcmp(code, "TryAgain") == 0) {
        finish_with(pending, ASG_RPC_UNAVAILABLE, ASG_COUNT_ENROLMENTS_EARLY,
                    "EC2 has not said the instance's address yet: try again");
    } else {
        finish_with(pending, ASG_RPC_UNAVAILABLE, ASG_COUNT_ENROLMENTS_UNAVAILABLE,
                    "this controller could not process it now: try again");
    }
}

static void fill_event(const struct pending *pending,
                       const struct asg_proof_answer *proof, const char *serial,
                       struct asg_inbox_item *item)
{
    struct asg_arena *arena = &item->arena;
    struct asg_enrolment *enrolment = asg_arena_take(arena, sizeof *enrolment);
    *enrolment = (struct asg_enrolment){
        .instance_id = asg_arena_text(arena, pending->instance_id),
        .curve_key = asg_arena_text(arena, pending->curve_key),
        .tls_key = asg_arena_text(arena, pending->tls_key),
        .serial = asg_arena_text(arena, serial),
        .proof = proof->proof,
        .job_id = proof->job_id,
        .attempt = proof->attempt,
        .incarnation = proof->incarnation,
        .address = asg_arena_text(arena, pending->address),
        .is_address_checked = pending->enrolments->options.is_address_checked,
    };
    if (proof->address != NULL) { /* EC2's own, whatever lies between us and the agent */
        enrolment->address = asg_arena_text(arena, proof->address);
        enrolment->is_address_checked = true;
    }
    item->event.kind = ASG_EVENT_ENROLMENT;
    item->event.enrolment = enrolment;
}

static void put_event(struct pending *pending, const struct asg_proof_answer *proof)
{
    struct asg_enrolments *enrolments = pending->enrolments;
    struct asg_certificate_facts facts = {0};
    struct asg_error error = {""};
    if (sign(enrolments, pending->instance_id, pending->request.data,
             pending->request.length, &pending->pem, &facts, &error) != ASG_OK) {
        finish_with(pending, ASG_RPC_INVALID_ARGUMENT, ASG_COUNT_ENROLMENTS_MALFORMED,
                    error.text);
        return;
    }
    asg_bytes_append(&pending->pem, "", 1);
    /* Under the lock: after asg_enrolments_close() nothing is put. */
    (void)pthread_mutex_lock(&enrolments->lock);
    struct asg_inbox_item *item =
        enrolments->is_closed ? NULL : asg_inbox_begin(enrolments->options.inbox);
    bool is_closed = enrolments->is_closed;
    if (item != NULL) {
        fill_event(pending, proof, facts.serial, item);
        item->waiter = (struct asg_waiter){
            .kind = ASG_WAITER_CALL, .settled = settled, .call = pending};
        asg_inbox_put(enrolments->options.inbox, item);
    }
    (void)pthread_mutex_unlock(&enrolments->lock);
    if (item != NULL) return;
    if (!is_closed) asg_count(ASG_COUNT_INBOX_FULL, 1);
    finish_with(pending, is_closed ? ASG_RPC_UNAVAILABLE : ASG_RPC_RESOURCE_EXHAUSTED,
                is_closed ? ASG_COUNT_ENROLMENTS_UNAVAILABLE : ASG_COUNT_ENROLMENTS_BUSY,
                "the controller is busy: try again in a moment");
}

/* ---- what core is told of strangers, seldom ---- */

/* True once for an instance in ten minutes. */
static bool may_alarm(struct asg_enrolments *enrolments, const char *instance_id)
{
    int64_t mono_ms = asg_clock_monotonic_ms(&enrolments->options.clock);
    (void)pthread_mutex_lock(&enrolments->lock);
    if (mono_ms >= enrolments->alarmed_until_ms) {
        asg_id_map_clear(&enrolments->alarmed);
        enrolments->alarmed_until_ms = mono_ms + ALARM_MS;
    }
    bool may = enrolments->alarmed.count < INSTANCES_NOTED &&
               asg_id_map_find(&enrolments->alarmed, instance_id) == ASG_ID_MAP_NONE;
    if (may) asg_id_map_put(&enrolments->alarmed, instance_id, 0);
    (void)pthread_mutex_unlock(&enrolments->lock);
    return may;
}

/* An instance that is not known, whose agent has a token of ours: it is early, or the log
 * is an old copy and lacks its launch. The loop knows which. Told once. */
static void tell_witness(struct pending *pending, const struct asg_proof_answer *proof)
{
    struct asg_enrolments *enrolments = pending->enrolments;
    if (proof->proof != ASG_PROOF_TOKEN || proof->job_id == 0) return;
    (void)pthread_mutex_lock(&enrolments->lock);
    bool is_told =
        asg_id_map_find(&enrolments->early, pending->instance_id) != ASG_ID_MAP_NONE;
    struct asg_inbox_item *item = is_told || enrolments->is_closed
                                      ? NULL
                                      : asg_inbox_begin(enrolments->options.inbox);
    if (item != NULL) {
        struct asg_witness *witness = asg_arena_take(&item->arena, sizeof *witness);
        *witness = (struct asg_witness){
            .kind = ASG_WITNESS_AGENT,
            .name = asg_arena_text(&item->arena, pending->instance_id),
            .incarnation = proof->incarnation,
            .job_id = proof->job_id,
            .attempt = proof->attempt};
        item->event.kind = ASG_EVENT_WITNESS;
        item->event.witness = witness;
        asg_inbox_put(enrolments->options.inbox, item);
        if (enrolments->early.count >= INSTANCES_NOTED)
            asg_id_map_clear(&enrolments->early);
        asg_id_map_put(&enrolments->early, pending->instance_id, 0);
    }
    (void)pthread_mutex_unlock(&enrolments->lock);
}

void asg_enrolments_tell_again(struct asg_enrolments *enrolments)
{
    (void)pthread_mutex_lock(&enrolments->lock);
    asg_id_map_clear(&enrolments->early);
    asg_id_map_clear(&enrolments->alarmed);
    (void)pthread_mutex_unlock(&enrolments->lock);
}

/* ---- one call ---- */

static void take_proven(struct pending *pending, const struct asg_proof_answer *proof)
{
    struct asg_enrolments *enrolments = pending->enrolments;
    switch (asg_ingest_standing(enrolments->options.ingest, pending->instance_id,
                                pending->curve_key, pending->tls_key, pending->address)) {
    case ASG_STANDING_UNKNOWN:
        tell_witness(pending, proof);
        finish_with(pending, ASG_RPC_NOT_FOUND, ASG_COUNT_ENROLMENTS_EARLY,
                    "this instance is not known (yet): try again");
        return;
    case ASG_STANDING_NO_ADDRESS:
        finish_with(pending, ASG_RPC_UNAVAILABLE, ASG_COUNT_ENROLMENTS_EARLY,
                    "EC2 has not said the instance's address yet: try again");
        return;
    case ASG_STANDING_ELSEWHERE:
        refuse_pending(pending, "it does not come from the address that EC2 says",
                       "the call does not come from the private address that EC2 says; "
                       "with address translation between agents and controller set "
                       "enrol.check_address: false on the controller");
        return;
    case ASG_STANDING_OTHER_KEYS:
        if (may_alarm(enrolments, pending->instance_id)) break;
        refuse_pending(pending, "the instance is bound to other keys",
                       "the instance is bound to other keys: if its agent lost them, "
                       "`openasg instance rebind` lets it enrol again");
        return;
    case ASG_STANDING_FREE:
    case ASG_STANDING_BOUND: break;
    }
    put_event(pending, proof);
}

/* A proof that says an address is good for calls from there alone. */
static bool is_from_elsewhere(const struct pending *pending,
                              const struct asg_proof_answer *proof)
{
    return proof->verdict == ASG_PROOF_HOLDS && proof->address != NULL &&
           pending->enrolments->options.is_address_checked &&
           strcmp(proof->address, pending->address) != 0;
}

/* From any thread. */
static void take_proof(void *context, const struct asg_proof_answer *proof)
{
    struct pending *pending = context;
    if (is_from_elsewhere(pending, proof)) {
        refuse_pending(pending, "it does not come from the address that its proof says",
                       "the call does not come from the private address in the identity "
                       "document; with address translation between agents and "
                       "controller set enrol.check_address: false on the controller");
        return;
    }
    switch (proof->verdict) {
    case ASG_PROOF_HOLDS: take_proven(pending, proof); return;
    case ASG_PROOF_WRONG:
        refuse_pending(pending, "the proof is wrong", proof->why);
        return;
    case ASG_PROOF_MISSING:
        refuse_pending(pending, "there is no proof, and the keys are not bound",
                       proof->why);
        return;
    case ASG_PROOF_UNKNOWN:
        finish_with(pending, ASG_RPC_UNAVAILABLE, ASG_COUNT_ENROLMENTS_UNAVAILABLE,
                    proof->why);
        return;
    }
}

static bool may_take(struct asg_enrolments *enrolments)
{
    (void)pthread_mutex_lock(&enrolments->lock);
    bool may = !enrolments->is_closed;
    (void)pthread_mutex_unlock(&enrolments->lock);
    return may && atomic_load(enrolments->options.is_leading);
}

/* STS is asked for calls of our instances from their own addresses: whoever else comes
 * makes no work for it. One answer for all of these, for nothing is proven. */
static bool is_worth_asking(enum asg_standing standing)
{
    return standing == ASG_STANDING_FREE || standing == ASG_STANDING_OTHER_KEYS;
}

void asg_enrolments_take(void *context, struct asg_rpc_call *call,
                         const struct asg_rpc_enroll *enroll, const char *address)
{
    struct asg_enrolments *enrolments = context;
    if (!may_take(enrolments)) {
        end(call, ASG_RPC_UNAVAILABLE, ASG_COUNT_ENROLMENTS_UNAVAILABLE,
            "this controller does not lead now: try again");
        return;
    }
    char tls_key[ASG_KEY_HASH_SIZE];
    struct asg_error error = {""};
    const char *wrong = look_at_form(enroll);
    if (wrong == NULL &&
        asg_certificate_request_key(enroll->request, enroll->request_length, tls_key,
                                    &error) != ASG_OK) {
        wrong = error.text;
    }
    if (wrong != NULL) {
        end(call, ASG_RPC_INVALID_ARGUMENT, ASG_COUNT_ENROLMENTS_MALFORMED, wrong);
        return;
    }
    enum asg_standing standing =
        asg_ingest_standing(enrolments->options.ingest, enroll->instance_id,
                            enroll->curve_key, tls_key, address);
    if (standing == ASG_STANDING_BOUND) {
        renew(enrolments, call, enroll);
        return;
    }
    if (enroll->proof == ASG_RPC_PROOF_STS && !is_worth_asking(standing)) {
        end(call, ASG_RPC_NOT_FOUND, ASG_COUNT_ENROLMENTS_EARLY,
            "no instance with that id and the address of this call is known (yet): try "
            "again; with address translation between agents and "
            "controller set enrol.check_address: false on the controller");
        return;
    }
    struct pending *pending = begin(enrolments, call, enroll, address, tls_key);
    if (pending == NULL) {
        end(call, ASG_RPC_RESOURCE_EXHAUSTED, ASG_COUNT_ENROLMENTS_BUSY,
            "too many enrolments at the same time: try again in a moment");
        return;
    }
    asg_proofs_check(enrolments->options.proofs, enroll, pending->tls_key, take_proof,
                     pending);
}

/* ---- making and ending ---- */

static enum asg_status split_reports(struct asg_enrolments *enrolments, const char *list,
                                     struct asg_error *error)
{
    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        if (enrolments->report_count == ASG_RPC_REPORTS_MAX) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "announce.agents has more than %d endpoints",
                            ASG_RPC_REPORTS_MAX);
        }
        enrolments->reports[enrolments->report_count++] =
            asg_arena_format(&enrolments->texts, "%.*s", (int)length, list);
        list += length;
        list += strspn(list, ", ");
    }
    return ASG_OK;
}

enum asg_status asg_enrolments_new(const struct asg_enrolments_options *options,
                                   struct asg_enrolments **ret, struct asg_error *error)
{
    struct asg_enrolments *enrolments = asg_alloc(1, sizeof *enrolments);
    enrolments->options = *options;
    (void)pthread_mutex_init(&enrolments->lock, NULL);
    enrolments->options.cluster_id =
        asg_arena_text(&enrolments->texts, options->cluster_id);
    enrolments->options.reports_key =
        asg_arena_text(&enrolments->texts, options->reports_key);
    enrolments->options.reports = NULL;
    if (split_reports(enrolments, options->reports, error) != ASG_OK) {
        asg_enrolments_destroy(&enrolments);
        return ASG_ERR_INVALID;
    }
    *ret = enrolments;
    return ASG_OK;
}

void asg_enrolments_close(struct asg_enrolments *enrolments)
{
    if (enrolments == NULL) return;
    (void)pthread_mutex_lock(&enrolments->lock);
    enrolments->is_closed = true;
    (void)pthread_mutex_unlock(&enrolments->lock);
}

void asg_enrolments_destroy(struct asg_enrolments **enrolments)
{
    struct asg_enrolments *e = *enrolments;
    if (e == NULL) return;
    asg_id_map_clear(&e->alarmed);
    asg_id_map_clear(&e->early);
    asg_arena_clear(&e->texts);
    (void)pthread_mutex_destroy(&e->lock);
    free(e);
    *enrolments = NULL;
}
