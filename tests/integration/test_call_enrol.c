/* Whom an agent believes that asks to be enrolled: the authority of its join line, until
 * a controller has said which ones to trust. */
#include "agent/call_enrol.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "rpc/enrolment_service.h"
#include "rpc/server.h"

#include "lib/certificates.h"
#include "lib/check.h"
#include "lib/wait.h"

#define ID "i-0123456789abcdef0"

static struct test_certificate old;
static struct test_certificate fresh;

/* A controller that refuses whoever trusts it. */
struct served {
    struct asg_rpc_enrolment_handler handler;
    struct asg_rpc_identity *identity;
    struct asg_rpc_server *server;
    struct test_certificate leaf;
    char target[64];
    atomic_int asked;
};

static void refuse(void *context, struct asg_rpc_call *call,
                   const struct asg_rpc_enroll *enroll, const char *address)
{
    (void)enroll, (void)address;
    atomic_fetch_add(&((struct served *)context)->asked, 1);
    asg_rpc_call_end(call, ASG_RPC_PERMISSION_DENIED, "not you");
}

static void serve(struct served *served, const struct test_certificate *authority)
{
    struct asg_error error = {""};
    struct asg_rpc_method methods[ASG_RPC_ENROLMENT_METHODS];
    *served = (struct served){.handler = {.take = refuse, .context = served}};
    served->leaf = test_certificate_make((struct test_certificate_options){
        .uri = "openasg://c/controller", .signer = authority});
    assert_status(ASG_OK,
                  asg_rpc_identity_new(served->leaf.certificate_pem, served->leaf.key_pem,
                                       NULL, &served->identity, &error));
    asg_rpc_enrolment_methods(&served->handler, methods);
    const struct asg_rpc_server_options options = {.address = "127.0.0.1:0",
                                                   .methods = methods,
                                                   .method_count =
                                                       ASG_RPC_ENROLMENT_METHODS,
                                                   .identity = served->identity};
    assert_status(ASG_OK, asg_rpc_server_new(&options, &served->server, &error));
    (void)snprintf(served->target, sizeof served->target, "127.0.0.1:%u",
                   asg_rpc_server_port(served->server));
}

static void stop(struct served *served)
{
    asg_rpc_server_destroy(&served->server);
    asg_rpc_identity_destroy(&served->identity);
    test_certificate_free(&served->leaf);
}

/* An agent whose join line names the old authority asks a controller of `authority`. */
static enum asg_enrol_outcome ask(const struct test_certificate *authority,
                                  const char *trusted, int *ret_asked)
{
    struct served served;
    struct asg_error error = {""};
    char ca[ASG_KEY_HASH_SIZE];
    serve(&served, authority);
    assert_true(asg_certificate_fingerprint(old.certificate_pem, ca));
    const struct asg_identity identity = {
        .instance_id = ID,
        .zone = "",
        .private_ip = "",
        .join = {.token = "", .enrol = served.target, .ca = ca}};
    struct asg_membership membership = {.lock = -1};
    asg_bus_keys_new(&membership.keys);
    assert_status(ASG_OK, asg_tls_key_load_or_make("", &membership.tls_key, &error));
    asg_tls_key_hash(membership.tls_key, membership.tls_key_hash);
    if (trusted[0] != '\0') {
        membership.enrolled.is_set = true;
        (void)snprintf(membership.enrolled.cluster, sizeof membership.enrolled.cluster,
                       "c");
        asg_bytes_append_text(&membership.enrolled.authorities, trusted);
    }
    struct asg_bus_waker *waker = NULL;
    assert_status(ASG_OK, asg_bus_waker_new(&waker));
    const struct asg_enrol_call_options options = {
        .identity = &identity, .membership = &membership, .waker = waker};
    struct asg_enrol_call *call = NULL;
    struct asg_enrol_answer answer = {0};
    assert_status(ASG_OK, asg_enrol_call_new(&options, &call, &error));
    struct wait wait = wait_begin(20000);
    while (!asg_enrol_call_take(call, &answer)) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    asg_enrol_call_destroy(&call);
    asg_bus_waker_destroy(&waker);
    asg_membership_clear(&membership);
    *ret_asked = atomic_load(&served.asked);
    stop(&served);
    return answer.outcome;
}

static void test_an_agent_that_is_new_believes_its_join_line(void **state)
{
    (void)state;
    int asked = 0;
    assert_int_equal(ASG_ENROL_REFUSED, ask(&old, "", &asked));
    assert_int_equal(1, asked);
    assert_int_equal(ASG_ENROL_STRANGER, ask(&fresh, "", &asked));
    assert_int_equal(0, asked);
}

/* The old one's key may be in anybody's hands by then. */
static void test_an_authority_that_was_forgotten_is_believed_no_more(void **state)
{
    (void)state;
    int asked = 0;
    char both[2 * TEST_PEM_BYTES];
    (void)snprintf(both, sizeof both, "%s%s", old.certificate_pem, fresh.certificate_pem);
    assert_int_equal(ASG_ENROL_REFUSED, ask(&old, both, &asked));
    assert_int_equal(ASG_ENROL_REFUSED, ask(&fresh, both, &asked));
    assert_int_equal(ASG_ENROL_REFUSED, ask(&fresh, fresh.certificate_pem, &asked));
    assert_int_equal(1, asked);
    assert_int_equal(ASG_ENROL_STRANGER, ask(&old, fresh.certificate_pem, &asked));
    assert_int_equal(0, asked);
}

static int set_up(void **state)
{
    (void)state;
    old = test_certificate_make((struct test_certificate_options){0});
    fresh = test_certificate_make((struct test_certificate_options){0});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_certificate_free(&old);
    test_certificate_free(&fresh);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_agent_that_is_new_believes_its_join_line),
        cmocka_unit_test(test_an_authority_that_was_forgotten_is_believed_no_more),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
