/* played_controller - the controller's end of the agents' edge, as a test wants it: an
 * authority of its own, Enrolment over TLS, an inlet for reports. It binds the first keys
 * of an instance and refuses others, as the real one does, and can be told to say
 * something else.
 * Threads: enrolments are answered on the server's thread, under `mutex`; the rest has
 * one owner.
 */
#ifndef ASG_TESTS_LIB_PLAYED_CONTROLLER_H
#define ASG_TESTS_LIB_PLAYED_CONTROLLER_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "bus/inlet.h"
#include "crypto/certificates.h"
#include "rpc/enrolment_service.h"
#include "wire/wire.h"

#include "lib/check.h"

#define PLAYED_CLUSTER "0123456789abcdef0123456789abcdef"
#define PLAYED_TOKEN   "feedfacefeedfacefeedfacefeedfacefeedfacefeedfacefeedfacefeedface"

/* Of the last enrolment. */
struct played_enroll {
    char instance_id[64];
    char curve_key[ASG_BUS_KEY_SIZE];
    char tls_key[ASG_KEY_HASH_SIZE];
    char token[80];
    char address[64];
    uint64_t job_id;
    uint32_t attempt;
    uint32_t interval_ms;
    enum asg_rpc_proof proof;
};

struct played_controller {
    char folder[64];
    struct asg_authority *authority;
    struct asg_rpc_identity *identity;
    struct asg_bytes certificate; /* the controller's own, and its key, PEM */
    struct asg_bytes key_pem;
    struct asg_rpc_enrolment_handler handler;
    struct asg_rpc_server *enrolment;
    struct asg_bus *bus;
    struct asg_bus_keys keys;
    struct asg_key_set *key_set;
    struct asg_bus_inlet *inlet;
    char reports[ASG_BUS_ENDPOINT_MAX];
    pthread_mutex_t mutex; /* guards what follows */
    bool takes_many;       /* instances: whoever is proven, and then its key */
    enum asg_rpc_code say; /* OK: enrol */
    const char *words;
    int64_t renew_after_ms;
    const char *first_reports; /* NULL: `reports` is the only one */
    char bound_curve[ASG_BUS_KEY_SIZE];
    char bound_tls[ASG_KEY_HASH_SIZE];
    uint64_t enrolled; /* answers with a certificate */
    uint64_t asked;
    uint64_t proven; /* with a proof */
    struct played_enroll last;
};

static inline void played_sign(struct played_controller *play, const void *request,
                               size_t length, const char *instance_id,
                               struct asg_bytes *ret_pem)
{
    struct asg_holder holder = {.kind = instance_id == NULL ? ASG_HOLDER_CONTROLLER
                                                            : ASG_HOLDER_INSTANCE,
                                .cluster = PLAYED_CLUSTER};
    if (instance_id != NULL)
        (void)snprintf(holder.instance_id, sizeof holder.instance_id, "%s", instance_id);
    struct asg_clock clock = asg_clock_real();
    int64_t now_ms = asg_clock_wall_ms(&clock);
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_authority_sign(
                              play->authority, request, length, &holder, now_ms - 60000,
                              now_ms + 2 * play->renew_after_ms, ret_pem, NULL, &error));
}

static inline void played_answer(struct played_controller *play,
                                 struct asg_rpc_call *call,
                                 const struct asg_rpc_enroll *enroll)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes pem = {0};
    played_sign(play, enroll->request, enroll->request_length, enroll->instance_id, &pem);
    asg_key_set_add(play->key_set, enroll->curve_key);
    struct asg_rpc_enrolled answer = {.certificate_pem = asg_bytes_text(&pem),
                                      .authorities_pem =
                                          asg_authority_pem(play->authority),
                                      .cluster_id = PLAYED_CLUSTER,
                                      .reports_key = play->keys.public_key,
                                      .renew_after_ms = play->renew_after_ms,
                                      .valid_ms = 2 * play->renew_after_ms};
    if (play->first_reports != NULL)
        answer.reports[answer.report_count++] = play->first_reports;
    answer.reports[answer.report_count++] = play->reports;
    play->enrolled++;
    asg_rpc_enrolled_reply(call, &answer);
}

static inline void played_take(void *context, struct asg_rpc_call *call,
                               const struct asg_rpc_enroll *enroll, const char *address)
{
    struct played_controller *play = context;
    (void)pthread_mutex_lock(&play->mutex);
    struct played_enroll *last = &play->last;
    *last = (struct played_enroll){.job_id = enroll->token.job_id,
                                   .attempt = enroll->token.attempt,
                                   .interval_ms = enroll->interval_ms,
                                   .proof = enroll->proof};
    (void)snprintf(last->instance_id, sizeof last->instance_id, "%s",
                   enroll->instance_id);
    (void)snprintf(last->curve_key, sizeof last->curve_key, "%s", enroll->curve_key);
    (void)snprintf(last->address, sizeof last->address, "%s", address);
    if (enroll->proof == ASG_RPC_PROOF_TOKEN)
        (void)snprintf(last->token, sizeof last->token, "%s", enroll->token.token);
    struct asg_error error = {""};
    assert_status(ASG_OK,
                  asg_certificate_request_key(enroll->request, enroll->request_length,
                                              last->tls_key, &error));
    play->asked++;
    play->proven += enroll->proof != ASG_RPC_PROOF_NONE;
    bool is_bound = play->bound_curve[0] != '\0';
    bool is_same = is_bound && strcmp(play->bound_curve, last->curve_key) == 0 &&
                   strcmp(play->bound_tls, last->tls_key) == 0;
    bool is_proven = strcmp(last->token, PLAYED_TOKEN) == 0;
    if (play->say != ASG_RPC_OK) {
        asg_rpc_call_end(call, play->say, play->words);
    } else if (play->takes_many &&
               (is_proven || asg_key_set_has(play->key_set, last->curve_key))) {
        played_answer(play, call, enroll);
    } else if (is_bound && !is_same) {
        asg_rpc_call_end(call, ASG_RPC_PERMISSION_DENIED,
                         "the instance is bound to other keys: was it re-imaged?");
    } else if (!is_bound && !is_proven) {
        asg_rpc_call_end(call, ASG_RPC_PERMISSION_DENIED, "no proof");
    } else {
        memcpy(play->bound_curve, last->curve_key, sizeof play->bound_curve);
        memcpy(play->bound_tls, last->tls_key, sizeof play->bound_tls);
        played_answer(play, call, enroll);
    }
    (void)pthread_mutex_unlock(&play->mutex);
}

/* Where reports go; `endpoint` "tcp://127.0.0.1:*" takes a free port. */
static inline void played_listen(struct played_controller *play, const char *endpoint)
{
    const struct asg_bus_inlet_options options = {.endpoint = endpoint,
                                                  .domain = "agents",
                                                  .keys = &play->keys,
                                                  .key_set = play->key_set};
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_bus_inlet_new(play->bus, &options, &play->inlet, &error));
    (void)snprintf(play->reports, sizeof play->reports, "%s",
                   asg_bus_inlet_endpoint(play->inlet));
}

static inline void played_serve(struct played_controller *play, const char *address)
{
    struct asg_rpc_method methods[ASG_RPC_ENROLMENT_METHODS];
    struct asg_error error = {""};
    play->handler = (struct asg_rpc_enrolment_handler){played_take, play};
    asg_rpc_enrolment_methods(&play->handler, methods);
    const struct asg_rpc_server_options options = {
        .address = address,
        .max_message_bytes = ASG_RPC_ENROLMENT_MESSAGE_BYTES,
        .methods = methods,
        .method_count = ASG_RPC_ENROLMENT_METHODS,
        .identity = play->identity};
    assert_status(ASG_OK, asg_rpc_server_new(&options, &play->enrolment, &error));
}

static inline void played_start(struct played_controller *play)
{
    *play = (struct played_controller){.renew_after_ms = 3600000};
    struct asg_error error = {""};
    struct asg_tls_key *key = NULL;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes request = {0};
    (void)pthread_mutex_init(&play->mutex, NULL);
    (void)snprintf(play->folder, sizeof play->folder, "/tmp/asg-played-XXXXXX");
    assert_non_null(mkdtemp(play->folder));
    assert_status(ASG_OK,
                  asg_authority_load_or_make(play->folder, &play->authority, &error));
    assert_status(ASG_OK, asg_tls_key_load_or_make("", &key, &error));
    asg_certificate_request(key, &request);
    played_sign(play, request.data, request.length, NULL, &play->certificate);
    asg_tls_key_pem(key, &play->key_pem);
    asg_tls_key_destroy(&key);
    assert_status(ASG_OK, asg_rpc_identity_new(asg_bytes_text(&play->certificate),
                                               asg_bytes_text(&play->key_pem),
                                               asg_authority_pem(play->authority),
                                               &play->identity, &error));
    asg_key_set_new(&play->key_set);
    asg_bus_keys_new(&play->keys);
    assert_status(ASG_OK, asg_bus_new(1, &play->bus, &error));
    played_listen(play, "tcp://127.0.0.1:*");
    played_serve(play, "127.0.0.1:0");
}

static inline void played_end(struct played_controller *play)
{
    char path[128];
    asg_rpc_server_destroy(&play->enrolment);
    asg_bus_inlet_destroy(&play->inlet);
    asg_bus_destroy(&play->bus);
    asg_key_set_destroy(&play->key_set);
    asg_rpc_identity_destroy(&play->identity);
    asg_bytes_clear(&play->certificate);
    asg_bytes_clear(&play->key_pem);
    asg_authority_destroy(&play->authority);
    static const char *const names[] = {"ca.key", "ca.pem"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", play->folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(0, rmdir(play->folder));
}

/* What a launch would have put into the user data. */
static inline void played_join_line(struct played_controller *play, char *ret,
                                    size_t size)
{
    (void)snprintf(ret, size,
                   "# openasg-join: token=" PLAYED_TOKEN
                   " enrol=127.0.0.1:%u ca=%s job=12 attempt=3\n",
                   asg_rpc_server_port(play->enrolment),
                   asg_authority_fingerprint(play->authority));
}

/* From now on say this; OK with NULL: enrol again. */
static inline void played_say(struct played_controller *play, enum asg_rpc_code code,
                              const char *words)
{
    (void)pthread_mutex_lock(&play->mutex);
    play->say = code;
    play->words = words;
    (void)pthread_mutex_unlock(&play->mutex);
}

/* From now on a certificate is to be renewed after so long, and is good for twice that.
 */
static inline void played_renew_after(struct played_controller *play, int64_t ms)
{
    (void)pthread_mutex_lock(&play->mutex);
    play->renew_after_ms = ms;
    (void)pthread_mutex_unlock(&play->mutex);
}

/* From now on another endpoint for reports is named before ours. */
static inline void played_report_first_to(struct played_controller *play,
                                          const char *endpoint)
{
    (void)pthread_mutex_lock(&play->mutex);
    play->first_reports = endpoint;
    (void)pthread_mutex_unlock(&play->mutex);
}

/* From now on whoever proves itself is enrolled, however many. */
static inline void played_take_many(struct played_controller *play)
{
    (void)pthread_mutex_lock(&play->mutex);
    play->takes_many = true;
    (void)pthread_mutex_unlock(&play->mutex);
}

static inline uint64_t played_asked(struct played_controller *play)
{
    (void)pthread_mutex_lock(&play->mutex);
    uint64_t asked = play->asked;
    (void)pthread_mutex_unlock(&play->mutex);
    return asked;
}

static inline uint64_t played_enrolled(struct played_controller *play)
{
    (void)pthread_mutex_lock(&play->mutex);
    uint64_t enrolled = play->enrolled;
    (void)pthread_mutex_unlock(&play->mutex);
    return enrolled;
}

static inline uint64_t played_proven(struct played_controller *play)
{
    (void)pthread_mutex_lock(&play->mutex);
    uint64_t proven = play->proven;
    (void)pthread_mutex_unlock(&play->mutex);
    return proven;
}

static inline struct played_enroll played_last(struct played_controller *play)
{
    (void)pthread_mutex_lock(&play->mutex);
    struct played_enroll last = play->last;
    (void)pthread_mutex_unlock(&play->mutex);
    return last;
}

/* Forget who is bound: as `openasg instance rebind` does. Its key is admitted no more. */
static inline void played_rebind(struct played_controller *play)
{
    (void)pthread_mutex_lock(&play->mutex);
    asg_key_set_remove(play->key_set, play->bound_curve);
    play->bound_curve[0] = '\0';
    play->bound_tls[0] = '\0';
    (void)pthread_mutex_unlock(&play->mutex);
}

#endif
