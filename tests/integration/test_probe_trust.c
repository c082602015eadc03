/* test_probe_trust - who may answer for an agent: real servers at its address, each with
 * something wrong with what it shows. None is ever believed, nor asked to drain. */
#include "controller/probe_agent.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/certificates.h"
#include "rpc/agent_service.h"
#include "rpc/health.h"

#include "lib/certificates.h"
#include "lib/check.h"
#include "lib/wait.h"

#define CLUSTER  "0123456789abcdef0123456789abcdef"
#define NAME     "openasg://" CLUSTER "/instance/i-1"
#define LIMIT_MS 20000

static struct test_certificate authority;
static struct test_certificate stranger;
static struct test_certificate controller;
static struct test_certificate agent; /* the one whose key is bound */
static char bound_key[ASG_KEY_HASH_SIZE];

/* What the prober has told last. */
static struct {
    pthread_mutex_t lock;
    enum asg_sign sign;
    char detail[256];
    int count;
    int alive_count;
} told = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool take_sign(void *context, const char *instance_id, enum asg_sign sign,
                      const char *detail)
{
    (void)context;
    assert_string_equal("i-1", instance_id);
    (void)pthread_mutex_lock(&told.lock);
    told.sign = sign;
    told.count++;
    if (sign == ASG_SIGN_PROBE_OK) told.alive_count++;
    (void)snprintf(told.detail, sizeof told.detail, "%s", detail);
    (void)pthread_mutex_unlock(&told.lock);
    return true;
}

static void forget_told(void)
{
    (void)pthread_mutex_lock(&told.lock);
    told.count = told.alive_count = 0;
    told.detail[0] = '\0';
    (void)pthread_mutex_unlock(&told.lock);
}

/* A server that says SERVING and drains whoever asks. */
struct answering {
    struct asg_rpc_identity *identity;
    struct asg_rpc_server *server;
    struct asg_rpc_health *health;
    struct asg_rpc_agent_handlers handlers;
    atomic_int drains;
    char target[64];
};

static void get_metrics(void *context, struct asg_rpc_metrics *ret)
{
    (void)context;
    *ret = (struct asg_rpc_metrics){.instance_id = "i-1", .version = "0"};
}

static void drain(void *context, struct asg_rpc_call *call, const char *reason,
                  uint32_t timeout_ms)
{
    (void)reason, (void)timeout_ms;
    atomic_fetch_add(&((struct answering *)context)->drains, 1);
    const struct asg_rpc_drain it = {.is_drained = true, .detail = ""};
    asg_rpc_drain_reply(call, &it);
}

/* `leaf` NULL: without TLS. */
static void answer_as(struct answering *it, const struct test_certificate *leaf)
{
    *it = (struct answering){0};
    struct asg_error error = {0};
    it->health = asg_rpc_health_new();
    assert_status(ASG_OK, asg_rpc_health_set(it->health, "", ASG_HEALTH_SERVING));
    it->handlers = (struct asg_rpc_agent_handlers){
        .get_metrics = get_metrics, .drain = drain, .context = it};
    struct asg_rpc_method methods[ASG_RPC_HEALTH_METHODS + ASG_RPC_AGENT_METHODS];
    asg_rpc_health_methods(it->health, methods);
    asg_rpc_agent_methods(&it->handlers, methods + ASG_RPC_HEALTH_METHODS);
    if (leaf != NULL) {
        assert_status(ASG_OK, asg_rpc_identity_new(leaf->certificate_pem, leaf->key_pem,
                                                   authority.certificate_pem,
                                                   &it->identity, &error));
    }
    const struct asg_rpc_server_options options = {
        .address = "127.0.0.1:0",
        .methods = methods,
        .method_count = ASG_RPC_HEALTH_METHODS + ASG_RPC_AGENT_METHODS,
        .identity = it->identity,
        .wants_client_certificate = it->identity != NULL,
    };
    assert_status(ASG_OK, asg_rpc_server_new(&options, &it->server, &error));
    (void)snprintf(it->target, sizeof it->target, "127.0.0.1:%u",
                   asg_rpc_server_port(it->server));
}

static void stop(struct answering *it)
{
    asg_rpc_server_destroy(&it->server);
    asg_rpc_health_destroy(&it->health);
    asg_rpc_identity_destroy(&it->identity);
}

static struct asg_prober *begin_to_probe(const char *target, const char *tls_key)
{
    struct asg_error error = {0};
    struct asg_rpc_identity *identity = NULL;
    assert_status(ASG_OK,
                  asg_rpc_identity_new(controller.certificate_pem, controller.key_pem,
                                       NULL, &identity, &error));
    const struct asg_prober_options options = {.concurrency = 10,
                                               .deadline_ms = 5000,
                                               .suspect_ms = 10,
                                               .background_ms = 3600000,
                                               .failures = 2,
                                               .clock = asg_clock_real(),
                                               .identity = identity,
                                               .cluster = CLUSTER,
                                               .trusted_pem = authority.certificate_pem,
                                               .tell = take_sign};
    struct asg_prober *prober = NULL;
    assert_status(ASG_OK, asg_prober_new(&options, &prober, &error));
    asg_rpc_identity_destroy(&identity); /* the prober keeps it */
    asg_prober_watch(prober, "i-1", target, tls_key);
    asg_prober_suspect(prober, "i-1", true);
    forget_told();
    return prober;
}

static void turn_until_told(struct asg_prober *prober, int count)
{
    struct wait wait = wait_begin(LIMIT_MS);
    for (;;) {
        (void)pthread_mutex_lock(&told.lock);
        bool is_told = told.count >= count;
        (void)pthread_mutex_unlock(&told.lock);
        if (is_told) return;
        assert_false(wait_is_over(&wait));
        (void)asg_prober_turn(prober);
        wait_a_moment();
    }
}

static void test_holder_of_the_bound_key_is_believed(void **state)
{
    (void)state;
    struct answering answering;
    answer_as(&answering, &agent);
    struct asg_prober *prober = begin_to_probe(answering.target, bound_key);
    turn_until_told(prober, 1);
    assert_int_equal(ASG_SIGN_PROBE_OK, told.sign);
    asg_prober_drain(prober, "i-1", 5000);
    turn_until_told(prober, 2);
    assert_int_equal(ASG_SIGN_DRAINED, told.sign);
    assert_int_equal(1, answering.drains);
    asg_prober_destroy(&prober);
    stop(&answering);
}

/* The same key, a certificate that ended an hour ago: no sign of death. */
static void test_expiry_is_not_held_against_a_bound_key(void **state)
{
    (void)state;
    struct test_certificate expired =
        test_certificate_make((struct test_certificate_options){
            .uri = NAME, .signer = &authority, .is_expired = true, .key = agent.key});
    struct answering answering;
    answer_as(&answering, &expired);
    struct asg_prober *prober = begin_to_probe(answering.target, bound_key);
    turn_until_told(prober, 1);
    assert_int_equal(ASG_SIGN_PROBE_OK, told.sign);
    asg_prober_destroy(&prober);
    stop(&answering);
    test_certificate_free(&expired);
}

struct impostor {
    const char *words; /* in the sign */
    struct test_certificate_options options;
    bool is_plaintext;
};

static void meet(const struct impostor *impostor)
{
    struct test_certificate leaf = {0};
    if (!impostor->is_plaintext) leaf = test_certificate_make(impostor->options);
    struct answering answering;
    answer_as(&answering, impostor->is_plaintext ? NULL : &leaf);
    struct asg_prober *prober = begin_to_probe(answering.target, bound_key);
    turn_until_told(prober, 1);
    assert_int_equal(ASG_SIGN_PROBE_FAILED, told.sign);
    if (strstr(told.detail, impostor->words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", told.detail, impostor->words);
    }
    asg_prober_drain(prober, "i-1", 5000);
    turn_until_told(prober, 2);
    assert_int_equal(ASG_SIGN_DRAINED, told.sign);
    assert_non_null(strstr(told.detail, "could not be drained"));
    assert_int_equal(0, answering.drains);
    assert_int_equal(0, told.alive_count);
    asg_prober_destroy(&prober);
    stop(&answering);
    if (!impostor->is_plaintext) test_certificate_free(&leaf);
}

static void test_nobody_else_is_believed(void **state)
{
    (void)state;
    const struct impostor impostors[] = {
        {.words = "UNAVAILABLE: the server there does not use TLS", .is_plaintext = true},
        {.words = "UNAUTHENTICATED: the certificate names i-2",
         .options = {.uri = "openasg://" CLUSTER "/instance/i-2", .signer = &authority}},
        {.words = "UNAUTHENTICATED: the certificate's key is not the one that is bound",
         .options = {.uri = NAME, .signer = &authority}},
        {.words = "UNAUTHENTICATED: the certificate is signed by none",
         .options = {.uri = NAME}},
        {.words = "UNAUTHENTICATED: the certificate is signed by none",
         .options = {.uri = NAME, .signer = &stranger}},
        {.words = "UNAUTHENTICATED: the certificate names the controller",
         .options = {.uri = "openasg://" CLUSTER "/controller", .signer = &authority}},
        {.words = "UNAUTHENTICATED: the certificate is of another cluster",
         .options = {.uri = "openasg://ffffffffffffffffffffffffffffffff/instance/i-1",
                     .signer = &authority}},
    };
    for (size_t i = 0; i < sizeof impostors / sizeof impostors[0]; i++)
        meet(&impostors[i]);
}

/* The agent dies and somebody takes its address: the session that was resumed so far
 * helps nobody, and what was believed is over. */
static void test_what_was_believed_once_is_not_believed_of_another(void **state)
{
    (void)state;
    struct answering answering;
    answer_as(&answering, &agent);
    struct asg_prober *prober = begin_to_probe(answering.target, bound_key);
    turn_until_told(prober, 1);
    assert_int_equal(ASG_SIGN_PROBE_OK, told.sign);

    struct test_certificate other = test_certificate_make(
        (struct test_certificate_options){.uri = NAME, .signer = &authority});
    struct asg_error error;
    assert_status(ASG_OK, asg_rpc_identity_replace(answering.identity,
                                                   other.certificate_pem, other.key_pem,
                                                   authority.certificate_pem, &error));
    turn_until_told(prober, 2);
    assert_int_equal(ASG_SIGN_PROBE_FAILED, told.sign);

    /* Its key is bound instead: rebind, and it is the agent from now on. */
    struct asg_certificate_facts facts;
    assert_status(ASG_OK,
                  asg_certificate_check(other.certificate_pem, authority.certificate_pem,
                                        &facts, &error));
    asg_prober_watch(prober, "i-1", answering.target, facts.key_hash);
    turn_until_told(prober, 3);
    assert_int_equal(ASG_SIGN_PROBE_OK, told.sign);
    asg_prober_destroy(&prober);
    stop(&answering);
    test_certificate_free(&other);
}

static void test_another_authority_is_not_believed(void **state)
{
    (void)state;
    struct test_certificate moved =
        test_certificate_make((struct test_certificate_options){
            .uri = NAME, .signer = &stranger, .key = agent.key});
    struct answering answering;
    answer_as(&answering, &moved);
    struct asg_prober *prober = begin_to_probe(answering.target, bound_key);
    turn_until_told(prober, 1);
    /* It has the bound key, so it is the agent: no sign of death, and no belief. */
    assert_int_equal(ASG_SIGN_PROBE_UNREACHABLE, told.sign);
    assert_non_null(strstr(told.detail, "not signed by a trusted authority"));
    asg_prober_drain(prober, "i-1", 5000);
    turn_until_told(prober, 2);
    assert_non_null(strstr(told.detail, "could not be drained"));
    assert_int_equal(0, answering.drains);
    asg_prober_destroy(&prober);
    stop(&answering);
    test_certificate_free(&moved);
}

static void test_who_is_not_bound_is_not_probed(void **state)
{
    (void)state;
    struct answering answering;
    answer_as(&answering, &agent);
    struct asg_prober *prober = begin_to_probe(answering.target, "");
    for (int i = 0; i < 20; i++) {
        (void)asg_prober_turn(prober);
        wait_a_moment();
    }
    assert_int_equal(0, asg_prober_counts(prober).probes);
    assert_int_equal(0, told.count);
    asg_prober_drain(prober, "i-1", 5000);
    assert_int_equal(1, told.count);
    assert_non_null(strstr(told.detail, "no key is bound"));
    assert_int_equal(0, answering.drains);
    asg_prober_watch(prober, "i-1", answering.target, bound_key);
    turn_until_told(prober, 2);
    assert_int_equal(ASG_SIGN_PROBE_OK, told.sign);
    asg_prober_destroy(&prober);
    stop(&answering);
}

static int set_up(void **state)
{
    (void)state;
    authority = test_certificate_make((struct test_certificate_options){0});
    stranger = test_certificate_make((struct test_certificate_options){0});
    controller = test_certificate_make((struct test_certificate_options){
        .uri = "openasg://" CLUSTER "/controller", .signer = &authority});
    agent = test_certificate_make(
        (struct test_certificate_options){.uri = NAME, .signer = &authority});
    struct asg_certificate_facts facts;
    struct asg_error error;
    if (asg_certificate_check(agent.certificate_pem, authority.certificate_pem, &facts,
                              &error) != ASG_OK) {
        return -1;
    }
    memcpy(bound_key, facts.key_hash, sizeof bound_key);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_certificate_free(&authority);
    test_certificate_free(&stranger);
    test_certificate_free(&controller);
    test_certificate_free(&agent);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holder_of_the_bound_key_is_believed),
        cmocka_unit_test(test_expiry_is_not_held_against_a_bound_key),
        cmocka_unit_test(test_nobody_else_is_believed),
        cmocka_unit_test(test_what_was_believed_once_is_not_believed_of_another),
        cmocka_unit_test(test_another_authority_is_not_believed),
        cmocka_unit_test(test_who_is_not_bound_is_not_probed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
