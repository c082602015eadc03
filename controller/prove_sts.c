#include "controller/prove_sts.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/caller_proof.h"
#include "base/arena.h"
#include "crypto/certificates.h"
#include "model/job.h"

/* One that waits to be sent. */
struct question {
    struct question *next;
    struct asg_arena texts;
    struct asg_caller_request request;
    const char *instance_id;
    size_t place; /* in asked, once it is taken */
    char url[ASG_ENDPOINT_URL_MAX];
    int64_t asked_ms; /* monotonic */
    asg_proof_done *done;
    void *context;
};

struct asg_sts_prover {
    struct asg_sts_prover_options options;
    struct asg_endpoint endpoint;
    atomic_bool is_stopping;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct question *first;
    struct question *last;
    uint32_t waiting;
    uint32_t idle; /* threads */
    uint32_t thread_count;
    pthread_t threads[ASG_PROVE_STS_THREADS];
    char asked[ASG_PROVE_STS_THREADS][ASG_INSTANCE_ID_MAX + 1]; /* "": a thread is free */
};

static void say(asg_proof_done *done, void *context, enum asg_proof_verdict verdict,
                const char *why)
{
    const struct asg_proof_answer answer = {
        .verdict = verdict, .proof = ASG_PROOF_STS, .why = why};
    done(context, &answer);
}

static void end(struct question *question, enum asg_proof_verdict verdict,
                const char *why)
{
    say(question->done, question->context, verdict, why);
    asg_arena_clear(&question->texts);
    free(question);
}

/* Its instance may ask again from here on. */
static void settle(struct asg_sts_prover *prover, struct question *question,
                   enum asg_proof_verdict verdict, const char *why)
{
    (void)pthread_mutex_lock(&prover->lock);
    prover->asked[question->place][0] = '\0';
    (void)pthread_mutex_unlock(&prover->lock);
    end(question, verdict, why);
}

/* ---- what STS said ---- */

static bool is_in(const char *const *texts, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(texts[i], text) == 0) return true;
    }
    return false;
}

static enum asg_status compare(const struct asg_sts_prover_options *options,
                               const struct asg_sts_identity *identity,
                               const char *instance_id, struct asg_error *error)
{
    struct asg_caller_role role;
    enum asg_status status = asg_caller_read_role(identity, &role, error);
    if (status != ASG_OK) return status;
    if (!is_in(options->accounts, options->account_count, role.account)) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "STS says account %s, which is not in enrol.account",
                        role.account);
    }
    if (strcmp(role.session, instance_id) != 0) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "STS says that %.64s signed it, not this instance", role.session);
    }
    if (options->role_count > 0 &&
        !is_in(options->roles, options->role_count, role.role)) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "STS says role %.64s, which is not in enrol.roles", role.role);
    }
    return ASG_OK;
}

/* Worth asking again: nothing was found out. */
static bool is_trouble(enum asg_status status)
{
    return status == ASG_ERR_IO || status == ASG_ERR_TIMEOUT ||
           status == ASG_ERR_CLOSED || status == ASG_ERR_BUSY || status == ASG_ERR_NOMEM;
}

static void ask(struct asg_sts_prover *prover, struct asg_web *web,
                struct question *question)
{
    const struct asg_sts_prover_options *options = &prover->options;
    struct asg_sts_identity identity;
    struct asg_error error = {""};
    if (asg_clock_monotonic_ms(&options->clock) - question->asked_ms >
        ASG_PROVE_STS_WAIT_MS) {
        settle(prover, question, ASG_PROOF_UNKNOWN, "STS is slow: try again");
        return;
    }
    bool uses_proxy = options->endpoint == NULL || !prover->endpoint.is_loopback;
    enum asg_status status =
        asg_caller_ask(web, &question->request, question->url, options->ca_file,
                       uses_proxy, &prover->is_stopping, &identity, &error);
    bool is_unknown = is_trouble(status);
    if (status == ASG_OK)
        status = compare(options, &identity, question->instance_id, &error);
    if (status == ASG_OK) {
        settle(prover, question, ASG_PROOF_HOLDS, "");
        return;
    }
    (void)asg_fail_wrap(&error, status,
                        is_unknown ? "the proof by STS could not be checked"
                                   : "the proof by STS is refused");
    settle(prover, question, is_unknown ? ASG_PROOF_UNKNOWN : ASG_PROOF_WRONG,
           error.text);
}

/* ---- threads ---- */

/* The lock is held. As many places as threads: one is free. */
static void take_asked(struct asg_sts_prover *prover, struct question *question)
{
    size_t at = 0;
    while (at < ASG_PROVE_STS_THREADS && prover->asked[at][0] != '\0')
        at++;
    assert(at < ASG_PROVE_STS_THREADS);
    question->place = at;
    (void)snprintf(prover->asked[at], sizeof prover->asked[at], "%s",
                   question->instance_id);
}

/* The lock is held. NULL: the end. */
static struct question *wait_for_question(struct asg_sts_prover *prover)
{
    while (prover->first == NULL && !atomic_load(&prover->is_stopping)) {
        prover->idle++;
        (void)pthread_cond_wait(&prover->changed, &prover->lock);
        prover->idle--;
    }
    if (atomic_load(&prover->is_stopping)) return NULL;
    struct question *question = prover->first;
    assert(question != NULL && prover->waiting > 0);
    prover->first = question->next;
    if (prover->first == NULL) prover->last = NULL;
    prover->waiting--;
    take_asked(prover, question);
    return question;
}

static void *run(void *context)
{
    struct asg_sts_prover *prover = context;
    struct asg_web *web = NULL;
    struct asg_error error = {""};
    (void)pthread_mutex_lock(&prover->lock);
    for (;;) {
        struct question *question = wait_for_question(prover);
        if (question == NULL) break;
        (void)pthread_mutex_unlock(&prover->lock);
        if (web != NULL || asg_web_new(&web, &error) == ASG_OK)
            ask(prover, web, question);
        else
            settle(prover, question, ASG_PROOF_UNKNOWN,
                   "this controller cannot ask STS now");
        (void)pthread_mutex_lock(&prover->lock);
    }
    (void)pthread_mutex_unlock(&prover->lock);
    asg_web_destroy(&web);
    return NULL;
}

/* The lock is held; false: there is no thread for it, and none to be had. */
static bool has_thread(struct asg_sts_prover *prover)
{
    if (prover->idle > prover->waiting || prover->thread_count == ASG_PROVE_STS_THREADS)
        return true;
    if (pthread_create(&prover->threads[prover->thread_count], NULL, run, prover) == 0)
        prover->thread_count++;
    return prover->thread_count > 0;
}

/* The lock is held. One instance is worth one thread: nothing is proven yet, and who
 * sends many requests to where STS is slow keeps no others from being asked for. */
static bool is_asked(const struct asg_sts_prover *prover, const char *instance_id)
{
    for (size_t i = 0; i < ASG_PROVE_STS_THREADS; i++) {
        if (strcmp(prover->asked[i], instance_id) == 0) return true;
    }
    const struct question *question = prover->first;
    while (question != NULL && strcmp(question->instance_id, instance_id) != 0)
        question = question->next;
    return question != NULL;
}

static bool put(struct asg_sts_prover *prover, struct question *question)
{
    (void)pthread_mutex_lock(&prover->lock);
    bool is_put = !atomic_load(&prover->is_stopping) &&
                  !is_asked(prover, question->instance_id) &&
                  prover->waiting < ASG_PROVE_STS_WAITING && has_thread(prover);
    if (is_put) {
        if (prover->last != NULL) prover->last->next = question;
        if (prover->last == NULL) prover->first = question;
        prover->last = question;
        prover->waiting++;
        (void)pthread_cond_signal(&prover->changed);
    }
    (void)pthread_mutex_unlock(&prover->lock);
    return is_put;
}

/* ---- checking ---- */

static void take_request(const struct asg_rpc_enroll *enroll,
                         struct asg_caller_request *ret)
{
    *ret = (struct asg_caller_request){.url = enroll->sts.url, .body = enroll->sts.body};
    size_t count = enroll->sts.header_count;
    /* One more than there may be is as wrong as many. */
    ret->header_count = count;
    for (size_t i = 0; i < count && i < ASG_CALLER_HEADERS; i++) {
        ret->headers[i].name = enroll->sts.headers[i].name;
        ret->headers[i].value = enroll->sts.headers[i].value;
    }
}

static enum asg_status check(const struct asg_sts_prover *prover,
                             const struct asg_caller_request *request,
                             const struct asg_rpc_enroll *enroll, const char *tls_key,
                             char ret_url[ASG_ENDPOINT_URL_MAX], struct asg_error *error)
{
    if (request->header_count != ASG_CALLER_HEADERS)
        return asg_fail(error, ASG_ERR_DENIED,
                        "it does not have exactly the %d headers that it needs",
                        ASG_CALLER_HEADERS);
    char authority[ASG_CALLER_HEX_SIZE] = "";
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes found = {0};
    if (!asg_caller_authority(request, authority) ||
        asg_certificate_find_authority(prover->options.authorities_pem, authority, &found,
                                       NULL) != ASG_OK) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "it was made for another cluster: its header " ASG_CALLER_HEADER
                        " names no authority that this controller trusts");
    }
    const struct asg_caller_audience audience = {
        .authority = authority, .curve_key = enroll->curve_key, .tls_key = tls_key};
    return asg_caller_check(
        request, prover->options.endpoint != NULL ? &prover->endpoint : NULL, &audience,
        asg_clock_wall_ms(&prover->options.clock), ret_url, error);
}

static struct question *make_question(const struct asg_sts_prover *prover,
                                      const struct asg_caller_request *request,
                                      const char *instance_id, const char *url)
{
    struct question *question = asg_alloc(1, sizeof *question);
    struct asg_arena *texts = &question->texts;
    question->instance_id = asg_arena_text(texts, instance_id);
    question->request.url = "";
    question->request.body = asg_arena_text(texts, request->body);
    question->request.header_count = request->header_count;
    for (size_t i = 0; i < request->header_count; i++) {
        question->request.headers[i].name =
            asg_arena_text(texts, request->headers[i].name);
        question->request.headers[i].value =
            asg_arena_text(texts, request->headers[i].value);
    }
    memcpy(question->url, url, sizeof question->url);
    question->asked_ms = asg_clock_monotonic_ms(&prover->options.clock);
    return question;
}

void asg_sts_prover_check(struct asg_sts_prover *prover,
                          const struct asg_rpc_enroll *enroll, const char *tls_key,
                          asg_proof_done *done, void *context)
{
    struct asg_caller_request request;
    char url[ASG_ENDPOINT_URL_MAX] = "";
    struct asg_error error = {""};
    take_request(enroll, &request);
    enum asg_status status = check(prover, &request, enroll, tls_key, url, &error);
    if (status != ASG_OK) {
        (void)asg_fail_wrap(&error, status, "the proof by STS is refused");
        say(done, context, ASG_PROOF_WRONG, error.text);
        return;
    }
    struct question *question = make_question(prover, &request, enroll->instance_id, url);
    question->done = done;
    question->context = context;
    if (put(prover, question)) return;
    end(question, ASG_PROOF_UNKNOWN,
        "too many calls to STS at the same time: try again in a moment");
}

/* ---- making and ending ---- */

void asg_sts_prover_new(const struct asg_sts_prover_options *options,
                        struct asg_sts_prover **ret)
{
    struct asg_sts_prover *prover = asg_alloc(1, sizeof *prover);
    prover->options = *options;
    if (options->endpoint != NULL) prover->endpoint = *options->endpoint;
    (void)pthread_mutex_init(&prover->lock, NULL);
    (void)pthread_cond_init(&prover->changed, NULL);
    *ret = prover;
}

void asg_sts_prover_close(struct asg_sts_prover *prover)
{
    (void)pthread_mutex_lock(&prover->lock);
    atomic_store(&prover->is_stopping, true);
    (void)pthread_cond_broadcast(&prover->changed);
    uint32_t thread_count = prover->thread_count; /* no more are made */
    prover->thread_count = 0;
    (void)pthread_mutex_unlock(&prover->lock);
    for (uint32_t i = 0; i < thread_count; i++)
        (void)pthread_join(prover->threads[i], NULL);
    while (prover->first != NULL) {
        struct question *question = prover->first;
        prover->first = question->next;
        end(question, ASG_PROOF_UNKNOWN, "this controller is stopping: try again");
    }
}

void asg_sts_prover_destroy(struct asg_sts_prover **prover)
{
    struct asg_sts_prover *it = *prover;
    if (it == NULL) return;
    asg_sts_prover_close(it);
    (void)pthread_cond_destroy(&it->changed);
    (void)pthread_mutex_destroy(&it->lock);
    free(it);
    *prover = NULL;
}
