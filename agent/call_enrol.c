#include "agent/call_enrol.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "agent/prove.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "crypto/crypto.h"
#include "rpc/enrolment_service.h"

#define ADDRESSES_MAX     4 /* of one name */
#define TARGET_BYTES_MAX  72
#define WORDS_BYTES_SHOWN 200

struct asg_enrol_call {
    struct asg_enrol_call_options options; /* membership is not used after new */
    char curve_key[ASG_BUS_KEY_SIZE];
    char tls_key_hash[ASG_KEY_HASH_SIZE];
    struct asg_bytes request;
    struct asg_bytes trusted;            /* PEM; empty: the join line's authority only */
    char cluster[ASG_CLUSTER_NAME_SIZE]; /* "": not known yet */
    struct asg_arena texts;
    struct asg_rpc_enroll proof; /* its part alone; NONE: not needed */
    atomic_bool is_leaving;      /* is_stopping, for who holds no lock */
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool is_stopping;
    bool is_done; /* answer may be taken */
    struct asg_enrol_answer answer;
    /* Of the address that is asked. */
    bool is_answered;
    bool was_checked;
    bool was_believed;
    char why[ASG_ERROR_TEXT_MAX]; /* not believed */
    char controller_cluster[ASG_CLUSTER_NAME_SIZE];
    enum asg_rpc_code code;
    struct asg_enrol_answer attempt;
};

/* ---- is it our controller? ---- */

/* Once a controller has said whom to trust, the join line's authority may be one that was
 * forgotten on purpose. */
static enum asg_status check_chain(const struct asg_enrol_call *call,
                                   const char *chain_pem,
                                   struct asg_certificate_facts *ret,
                                   struct asg_error *error)
{
    if (call->trusted.length > 0) {
        if (asg_certificate_check(chain_pem, (const char *)call->trusted.data, ret,
                                  error) == ASG_OK) {
            return ASG_OK;
        }
        return asg_fail(error, ASG_ERR_DENIED,
                        "its certificate is not from an authority that this agent "
                        "trusts");
    }
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes authority = {0};
    const char *ca = call->options.identity->join.ca;
    enum asg_status status =
        asg_certificate_find_authority(chain_pem, ca, &authority, error);
    if (status == ASG_OK) {
        status = asg_certificate_check(chain_pem, asg_bytes_text(&authority), ret, error);
    }
    if (status == ASG_OK) return ASG_OK;
    return asg_fail(error, ASG_ERR_DENIED,
                    "its certificate authority is not the one in the join line "
                    "(ca=%.16s...)",
                    ca);
}

static bool believe(void *context, const char *peer, const char *chain_pem,
                    struct asg_error *reason)
{
    (void)peer;
    struct asg_enrol_call *call = context;
    struct asg_certificate_facts facts = {0};
    bool is_believed = check_chain(call, chain_pem, &facts, reason) == ASG_OK;
    if (is_believed && facts.holder.kind != ASG_HOLDER_CONTROLLER) {
        is_believed = false;
        (void)asg_fail(reason, ASG_ERR_DENIED,
                       "it shows the certificate of instance %s, not a controller's",
                       facts.holder.instance_id);
    }
    if (is_believed && call->cluster[0] != '\0' &&
        strcmp(call->cluster, facts.holder.cluster) != 0) {
        is_believed = false;
        (void)asg_fail(reason, ASG_ERR_DENIED,
                       "it is the controller of cluster %s, not of %s",
                       facts.holder.cluster, call->cluster);
    }
    (void)pthread_mutex_lock(&call->mutex);
    call->was_checked = true;
    call->was_believed = is_believed;
    if (is_believed) {
        memcpy(call->controller_cluster, facts.holder.cluster,
               sizeof call->controller_cluster);
    } else {
        (void)snprintf(call->why, sizeof call->why, "%s", reason->text);
    }
    (void)pthread_mutex_unlock(&call->mutex);
    return is_believed;
}

/* ---- what did it say? ---- */

static enum asg_status copy_answer(const struct asg_enrol_call *call,
                                   const struct asg_rpc_enrolled *from,
                                   struct asg_enrolled *ret, struct asg_error *error)
{
    ret->is_set = true;
    (void)snprintf(ret->cluster, sizeof ret->cluster, "%s", from->cluster_id);
    (void)snprintf(ret->ca, sizeof ret->ca, "%s", call->options.identity->join.ca);
    (void)snprintf(ret->reports_key, sizeof ret->reports_key, "%s", from->reports_key);
    for (size_t i = 0; i < from->report_count && i < ASG_MEMBERSHIP_REPORTS_MAX; i++) {
        if (strncmp(from->reports[i], "tcp://", 6) != 0 ||
            strlen(from->reports[i]) >= ASG_BUS_ENDPOINT_MAX ||
            strpbrk(from->reports[i], "\r\n") != NULL) {
            return asg_fail(error, ASG_ERR_MALFORMED,
                            "it says to report to \"%.80s\", not tcp://host:port",
                            from->reports[i]);
        }
        (void)snprintf(ret->reports[ret->report_count++], ASG_BUS_ENDPOINT_MAX, "%s",
                       from->reports[i]);
    }
    asg_bytes_append_text(&ret->certificate, from->certificate_pem);
    asg_bytes_append_text(&ret->authorities, from->authorities_pem);
    if (ret->report_count == 0)
        return asg_fail(error, ASG_ERR_MALFORMED, "it gives no endpoint for reports");
    if (!asg_bus_is_key(ret->reports_key))
        return asg_fail(error, ASG_ERR_MALFORMED, "its key for reports is not a key");
    if (strcmp(ret->cluster, call->controller_cluster) != 0) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "it is the controller of cluster %s and answers for %s",
                        call->controller_cluster, ret->cluster);
    }
    return asg_enrolled_fits(ret, call->options.identity->instance_id, call->tls_key_hash,
                             error)
               ? ASG_OK
               : ASG_ERR_MALFORMED;
}

/* The certificate ends valid_ms after the moment at which it was signed, by the
 * controller's clock. */
static int64_t clock_ahead_ms(const struct asg_enrolled *enrolled, int64_t valid_ms)
{
    struct asg_enrolled copy = {0};
    asg_enrolled_copy(&copy, enrolled);
    struct asg_certificate_facts facts;
    struct asg_clock clock = asg_clock_real();
    int64_t ahead_ms = 0;
    if (asg_certificate_check(asg_bytes_text(&copy.certificate),
                              asg_bytes_text(&copy.authorities), &facts,
                              NULL) == ASG_OK) {
        ahead_ms = asg_clock_wall_ms(&clock) - (facts.until_ms - valid_ms);
    }
    asg_enrolled_clear(&copy);
    return ahead_ms;
}

static void take_enrolled(struct asg_enrol_call *call,
                          const struct asg_rpc_enrolled *enrolled)
{
    struct asg_enrol_answer *attempt = &call->attempt;
    struct asg_error error = {""};
    if (copy_answer(call, enrolled, &attempt->enrolled, &error) != ASG_OK) {
        attempt->outcome = ASG_ENROL_UNUSABLE;
        (void)snprintf(attempt->words, sizeof attempt->words,
                       "its answer cannot be used: %s", error.text);
        asg_enrolled_clear(&attempt->enrolled);
        return;
    }
    struct asg_clock clock = asg_clock_real();
    attempt->outcome = ASG_ENROL_DONE;
    attempt->renew_in_ms = enrolled->renew_after_ms;
    attempt->enrolled.renew_at_ms = asg_clock_wall_ms(&clock) + enrolled->renew_after_ms;
    attempt->clock_ahead_ms = clock_ahead_ms(&attempt->enrolled, enrolled->valid_ms);
}

static enum asg_enrol_outcome outcome_of(enum asg_rpc_code code)
{
    switch (code) {
    case ASG_RPC_NOT_FOUND:
    case ASG_RPC_UNAVAILABLE:
    case ASG_RPC_RESOURCE_EXHAUSTED:
    case ASG_RPC_DEADLINE_EXCEEDED:
    case ASG_RPC_CANCELLED:
    case ASG_RPC_ABORTED: return ASG_ENROL_NOT_YET;
    default: return ASG_ENROL_REFUSED;
    }
}

/* gRPC says where it was in its own code; the last part is what people know. */
static const char *last_words(const char *details)
{
    const char *refused = strstr(details, "Connection refused");
    if (refused != NULL) return "connection refused";
    if (strstr(details, "No route to host") != NULL) return "no route to host";
    if (strstr(details, "Network is unreachable") != NULL)
        return "network is unreachable";
    return details[0] == '\0' ? "no answer" : details;
}

#define NO_TLS "the server there does not use TLS" /* lib/rpc's words */

static void take_failure(struct asg_enrol_call *call, enum asg_rpc_code code,
                         const char *details)
{
    struct asg_enrol_answer *attempt = &call->attempt;
    if (call->was_believed) {
        attempt->outcome = outcome_of(code);
        (void)snprintf(attempt->words, sizeof attempt->words, "the controller says: %.*s",
                       WORDS_BYTES_SHOWN,
                       details[0] == '\0' ? asg_rpc_code_name(code) : details);
    } else if (call->was_checked) {
        attempt->outcome = ASG_ENROL_STRANGER;
        (void)snprintf(attempt->words, sizeof attempt->words,
                       "TLS: %s. Is it another cluster's controller, or is the join "
                       "line old? `openasg instance join-line ID` prints a new line",
                       call->why);
    } else if (strstr(details, NO_TLS) != NULL) {
        attempt->outcome = ASG_ENROL_NOBODY;
        (void)snprintf(attempt->words, sizeof attempt->words, "%s", NO_TLS);
    } else {
        attempt->outcome = ASG_ENROL_NOBODY;
        (void)snprintf(attempt->words, sizeof attempt->words,
                       "nothing answers there: %.*s", WORDS_BYTES_SHOWN,
                       code == ASG_RPC_DEADLINE_EXCEEDED ? "the connection took too long"
                                                         : last_words(details));
    }
}

static void take_answer(enum asg_rpc_code code, const char *details,
                        const struct asg_rpc_enrolled *enrolled, void *context)
{
    struct asg_enrol_call *call = context;
    (void)pthread_mutex_lock(&call->mutex);
    if (enrolled != NULL)
        take_enrolled(call, enrolled);
    else
        take_failure(call, code, details);
    call->is_answered = true;
    (void)pthread_cond_broadcast(&call->changed);
    (void)pthread_mutex_unlock(&call->mutex);
}

/* ---- asking ---- */

/* Ready for the next address. */
static void reset_attempt(struct asg_enrol_call *call, enum asg_enrol_outcome outcome,
                          const char *words)
{
    (void)pthread_mutex_lock(&call->mutex);
    call->is_answered = false;
    call->was_checked = false;
    call->was_believed = false;
    call->attempt = (struct asg_enrol_answer){.outcome = outcome};
    (void)snprintf(call->attempt.words, sizeof call->attempt.words, "%s", words);
    (void)pthread_mutex_unlock(&call->mutex);
}

static void wait_for_answer(struct asg_enrol_call *call)
{
    (void)pthread_mutex_lock(&call->mutex);
    while (!call->is_answered && !call->is_stopping)
        (void)pthread_cond_wait(&call->changed, &call->mutex);
    (void)pthread_mutex_unlock(&call->mutex);
}

static enum asg_status call_with(struct asg_enrol_call *call,
                                 struct asg_rpc_client *client, const char *target)
{
    const struct asg_identity *identity = call->options.identity;
    struct asg_rpc_enroll enroll = {.instance_id = identity->instance_id,
                                    .curve_key = call->curve_key,
                                    .request = call->request.data,
                                    .request_length = call->request.length,
                                    .version = ASG_VERSION,
                                    .grpc_port = call->options.grpc_port,
                                    .interval_ms = call->options.interval_ms};
    enroll.proof = call->proof.proof;
    enroll.token = call->proof.token;
    enroll.sts = call->proof.sts;
    enroll.document = call->proof.document;
    return asg_rpc_enroll(client, target, "controller", &enroll, ASG_CALL_ENROL_MS,
                          take_answer, call);
}

static void ask_address(struct asg_enrol_call *call, const char *target)
{
    const struct asg_identity *identity = call->options.identity;
    struct asg_rpc_identity *nobody = NULL;
    struct asg_rpc_client *client = NULL;
    struct asg_error error = {""};
    reset_attempt(call, ASG_ENROL_NOBODY, "");
    enum asg_status status = asg_rpc_identity_new(NULL, NULL, NULL, &nobody, &error);
    const struct asg_rpc_client_options options = {
        .max_message_bytes = ASG_RPC_ENROLMENT_MESSAGE_BYTES,
        .max_calls = 1,
        .identity = nobody,
        .check = believe,
        .check_context = call,
        .source_address = identity->is_bindable ? identity->private_ip : NULL};
    if (status == ASG_OK) status = asg_rpc_client_new(&options, &client, &error);
    if (status == ASG_OK) {
        status = call_with(call, client, target);
        if (status == ASG_OK)
            wait_for_answer(call);
        else
            (void)snprintf(error.text, sizeof error.text, "%s", asg_status_text(status));
    }
    asg_rpc_client_destroy(&client); /* a call under way is answered before this ends */
    asg_rpc_identity_destroy(&nobody);
    if (status != ASG_OK) reset_attempt(call, ASG_ENROL_NOBODY, error.text);
}

/* "10.0.0.5:7708" of what a name stands for; how many. */
static size_t look_up(const char *host, const char *port,
                      char ret[ADDRESSES_MAX][TARGET_BYTES_MAX], const char **ret_why)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    const struct addrinfo numeric = {.ai_socktype = SOCK_STREAM,
                                     .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST};
    struct addrinfo *list = NULL;
    int code = getaddrinfo(host, port, &numeric, &list);
    if (code != 0) code = getaddrinfo(host, port, &hints, &list);
    if (code != 0) {
        *ret_why = gai_strerror(code);
        return 0;
    }
    size_t count = 0;
    for (struct addrinfo *at = list; at != NULL && count < ADDRESSES_MAX;
         at = at->ai_next) {
        char address[INET6_ADDRSTRLEN];
        if (getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof address, NULL, 0,
                        NI_NUMERICHOST) != 0) {
            continue;
        }
        (void)snprintf(ret[count++], TARGET_BYTES_MAX,
                       at->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", address, port);
    }
    freeaddrinfo(list);
    *ret_why = "it has no address";
    return count;
}

/* Keep the answer that says most: what a controller said is more than that the next one
 * is not there. */
static void keep_best(struct asg_enrol_call *call, const char *where)
{
    static const int worth[] = {
        [ASG_ENROL_NOBODY] = 1,   [ASG_ENROL_STRANGER] = 2, [ASG_ENROL_NOT_YET] = 3,
        [ASG_ENROL_UNUSABLE] = 4, [ASG_ENROL_REFUSED] = 5,  [ASG_ENROL_DONE] = 6};
    (void)pthread_mutex_lock(&call->mutex);
    struct asg_enrol_answer *best = &call->answer;
    if (best->words[0] == '\0' || worth[call->attempt.outcome] > worth[best->outcome]) {
        *best = call->attempt;
        (void)snprintf(best->words, sizeof best->words, "%.80s: %.400s", where,
                       call->attempt.words);
    }
    (void)pthread_mutex_unlock(&call->mutex);
}

static bool is_over(struct asg_enrol_call *call)
{
    (void)pthread_mutex_lock(&call->mutex);
    bool is_over = call->is_stopping || call->answer.outcome == ASG_ENROL_DONE ||
                   call->answer.outcome == ASG_ENROL_REFUSED;
    (void)pthread_mutex_unlock(&call->mutex);
    return is_over;
}

static void ask_endpoint(struct asg_enrol_call *call, const char *host, const char *port)
{
    char targets[ADDRESSES_MAX][TARGET_BYTES_MAX];
    char where[ASG_JOIN_LINE_HOST_SIZE + ASG_JOIN_LINE_PORT_SIZE];
    const char *why = "";
    (void)snprintf(where, sizeof where, "%s:%s", host, port);
    size_t count = look_up(host, port, targets, &why);
    if (count == 0) {
        char words[ASG_ERROR_TEXT_MAX];
        (void)snprintf(words, sizeof words, "its name cannot be looked up: %s", why);
        reset_attempt(call, ASG_ENROL_NOBODY, words);
        keep_best(call, where);
    }
    for (size_t i = 0; i < count && !is_over(call); i++) {
        ask_address(call, targets[i]);
        keep_best(call, strcmp(where, targets[i]) == 0 ? where : targets[i]);
    }
}

/* The authority that we believe now: in a rotation it may not be the join line's. */
static void name_authority(const struct asg_enrol_call *call, char ret[ASG_KEY_HASH_SIZE])
{
    const char *trusted = (const char *)call->trusted.data;
    const char *ca = call->options.identity->join.ca;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes found = {0};
    if (call->trusted.length == 0 ||
        asg_certificate_find_authority(trusted, ca, &found, NULL) == ASG_OK ||
        !asg_certificate_fingerprint(trusted, ret)) {
        (void)snprintf(ret, ASG_KEY_HASH_SIZE, "%s", ca);
    }
}

/* False: there is none to give, and the answer says why. */
static bool make_proof(struct asg_enrol_call *call)
{
    if (!call->options.needs_proof) return true;
    char authority[ASG_KEY_HASH_SIZE];
    name_authority(call, authority);
    const struct asg_prove_options options = {.identity = call->options.identity,
                                              .settings = call->options.settings,
                                              .audience = {.authority = authority,
                                                           .curve_key = call->curve_key,
                                                           .tls_key = call->tls_key_hash},
                                              .refusals = call->options.refusals,
                                              .clock = asg_clock_real(),
                                              .is_stopping = &call->is_leaving};
    struct asg_error error = {""};
    enum asg_status status = asg_prove(&options, &call->texts, &call->proof, &error);
    if (status == ASG_OK) return true;
    (void)pthread_mutex_lock(&call->mutex);
    call->answer.outcome =
        asg_status_is_retryable(status) ? ASG_ENROL_NOT_YET : ASG_ENROL_NO_PROOF;
    (void)snprintf(call->answer.words, sizeof call->answer.words, "%s", error.text);
    (void)pthread_mutex_unlock(&call->mutex);
    return false;
}

static void *run(void *context)
{
    struct asg_enrol_call *call = context;
    char host[ASG_JOIN_LINE_HOST_SIZE];
    char port[ASG_JOIN_LINE_PORT_SIZE];
    const char *at = call->options.identity->join.enrol;
    ASG_FAILPOINT("agent.before_enrol");
    if (!make_proof(call)) at = NULL;
    while (at != NULL && !is_over(call) && asg_join_line_next(&at, host, port))
        ask_endpoint(call, host, port);
    (void)pthread_mutex_lock(&call->mutex);
    call->is_done = true;
    (void)pthread_mutex_unlock(&call->mutex);
    ASG_FAILPOINT("agent.enrol_answered");
    asg_bus_waker_wake(call->options.waker);
    return NULL;
}

static void free_call(struct asg_enrol_call *call)
{
    asg_enrolled_clear(&call->answer.enrolled);
    asg_arena_clear(&call->texts);
    asg_bytes_clear(&call->request);
    asg_bytes_clear(&call->trusted);
    (void)pthread_cond_destroy(&call->changed);
    (void)pthread_mutex_destroy(&call->mutex);
    free(call);
}

enum asg_status asg_enrol_call_new(const struct asg_enrol_call_options *options,
                                   struct asg_enrol_call **ret, struct asg_error *error)
{
    struct asg_enrol_call *call = asg_alloc(1, sizeof *call);
    const struct asg_membership *membership = options->membership;
    call->options = *options;
    call->options.membership = NULL;
    call->answer.outcome = ASG_ENROL_NOBODY;
    memcpy(call->curve_key, membership->keys.public_key, sizeof call->curve_key);
    memcpy(call->tls_key_hash, membership->tls_key_hash, sizeof call->tls_key_hash);
    asg_certificate_request(membership->tls_key, &call->request);
    const struct asg_enrolled *enrolled = &membership->enrolled;
    if (enrolled->is_set) {
        asg_bytes_append(&call->trusted, enrolled->authorities.data,
                         enrolled->authorities.length);
        (void)asg_bytes_text(&call->trusted);
        memcpy(call->cluster, enrolled->cluster, sizeof call->cluster);
    }
    (void)pthread_mutex_init(&call->mutex, NULL);
    (void)pthread_cond_init(&call->changed, NULL);
    if (pthread_create(&call->thread, NULL, run, call) != 0) {
        free_call(call);
        return asg_fail(error, ASG_ERR_LIMIT, "cannot start a thread to enrol with");
    }
    *ret = call;
    return ASG_OK;
}

void asg_enrol_call_destroy(struct asg_enrol_call **call)
{
    struct asg_enrol_call *it = *call;
    if (it == NULL) return;
    *call = NULL;
    atomic_store(&it->is_leaving, true);
    (void)pthread_mutex_lock(&it->mutex);
    it->is_stopping = true;
    (void)pthread_cond_broadcast(&it->changed);
    (void)pthread_mutex_unlock(&it->mutex);
    (void)pthread_join(it->thread, NULL);
    free_call(it);
}

bool asg_enrol_call_take(struct asg_enrol_call *call, struct asg_enrol_answer *ret)
{
    (void)pthread_mutex_lock(&call->mutex);
    bool is_done = call->is_done;
    call->is_done = false;
    if (is_done) {
        *ret = call->answer;
        call->answer.enrolled = (struct asg_enrolled){0};
    }
    (void)pthread_mutex_unlock(&call->mutex);
    return is_done;
}
