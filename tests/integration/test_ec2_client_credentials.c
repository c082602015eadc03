/* The EC2 client with credentials that change: calls wait for them, take the new ones,
 * and use the old ones as long as they are good. */
#include "scripted_ec2.h"

#include <stdatomic.h>

#include "aws/ec2_actions.h"
#include "aws/ec2_client.h"
#include "lib/wait.h"

#define LIMIT_MS 20000
#define CALLS    8

struct setup {
    struct scripted_ec2 server;
    struct asg_credentials_refresher *refresher;
    struct asg_ec2_client *client;
    struct asg_bytes body;
    atomic_int asked;
    atomic_bool is_shut;   /* the provider that is asked waits */
    atomic_bool is_away;   /* the provider fails */
    atomic_int bad_sets;   /* so many sets first that EC2 does not take */
    atomic_llong lives_ms; /* of a set; 0: for ever */
    size_t done;
    size_t failed;
    uint32_t attempts;
    enum asg_error_class class;
    char message[256];
};

static enum asg_status give(void *context, struct asg_credentials *ret,
                            struct asg_error *error)
{
    struct setup *setup = context;
    atomic_fetch_add(&setup->asked, 1);
    while (atomic_load(&setup->is_shut)) {
        wait_a_moment();
    }
    if (atomic_load(&setup->is_away)) {
        return asg_fail(error, ASG_ERR_DENIED, "the role is gone");
    }
    bool is_bad = atomic_load(&setup->bad_sets) > 0;
    if (is_bad) atomic_fetch_sub(&setup->bad_sets, 1);
    asg_credentials_set(ret, is_bad ? "AKIDOLD" : SCRIPTED_KEY_ID, SCRIPTED_SECRET,
                        "token", "test");
    const struct asg_clock clock = asg_clock_real();
    int64_t lives_ms = atomic_load(&setup->lives_ms);
    if (lives_ms > 0) ret->expires_at_ms = asg_clock_wall_ms(&clock) + lives_ms;
    return ASG_OK;
}

static void answer(void *context, const struct scripted_request *request,
                   struct scripted_answer *ret)
{
    (void)context;
    (void)request;
    ret->body = strdup("<TerminateInstancesResponse><requestId>r</requestId>"
                       "<instancesSet/></TerminateInstancesResponse>");
}

static void on_done(void *context, const struct asg_ec2_outcome *outcome,
                    const void *reply)
{
    (void)reply;
    struct setup *setup = context;
    setup->done++;
    setup->attempts = outcome->attempts;
    setup->class = outcome->class;
    if (outcome->class != ASG_ERROR_CLASS_NONE) setup->failed++;
    (void)snprintf(setup->message, sizeof setup->message, "%s", outcome->message);
}

static void open_setup(struct setup *setup)
{
    scripted_start(&setup->server, answer, setup);
    const struct asg_credentials_refresher_options refresh = {
        .provider = {.name = "test", .fetch = give, .context = setup},
        .clock = asg_clock_real(),
        .seed = 7,
    };
    assert_status(ASG_OK,
                  asg_credentials_refresher_new(&refresh, &setup->refresher, NULL));
    struct asg_ec2_client_options options = {
        .refresher = setup->refresher, .clock = asg_clock_real(), .seed = 7};
    const struct asg_endpoint_options where = {.url = setup->server.url,
                                               .region = "us-east-1"};
    assert_status(ASG_OK, asg_endpoint_resolve(&where, &options.endpoint, NULL));
    assert_status(ASG_OK, asg_ec2_client_new(&options, &setup->client, NULL));
    const char *ids[] = {"i-1"};
    asg_ec2_write_terminate_instances(
        &(struct asg_ec2_terminate_instances){.instance_ids = ids,
                                              .instance_id_count = 1},
        &setup->body);
}

static void close_setup(struct setup *setup)
{
    atomic_store(&setup->is_shut, false);
    asg_ec2_client_destroy(&setup->client);
    asg_credentials_refresher_destroy(&setup->refresher);
    scripted_stop(&setup->server);
    asg_bytes_clear(&setup->body);
}

static void call(struct setup *setup, size_t count)
{
    const struct asg_ec2_call_options options = {.deadline_ms = LIMIT_MS};
    for (size_t i = 0; i < count; i++) {
        asg_ec2_call(setup->client, &asg_ec2_terminate_instances_action, &setup->body,
                     &options, on_done, setup);
    }
}

static void finish(struct setup *setup, size_t count)
{
    struct wait wait = wait_begin(LIMIT_MS);
    while (setup->done < count && !wait_is_over(&wait)) {
        assert_status(ASG_OK, asg_ec2_client_poll(setup->client, NULL, 0, 1000));
    }
    assert_int_equal(count, setup->done);
}

static void test_calls_wait_for_the_first_credentials(void **state)
{
    (void)state;
    struct setup setup = {.is_shut = true};
    open_setup(&setup);
    call(&setup, CALLS);
    for (int i = 0; i < 5; i++) {
        assert_status(ASG_OK, asg_ec2_client_poll(setup.client, NULL, 0, 1));
    }
    assert_int_equal(0, setup.done);
    assert_int_equal(0, setup.server.requests);
    atomic_store(&setup.is_shut, false);
    finish(&setup, CALLS);
    assert_int_equal(0, setup.failed);
    assert_int_equal(1, setup.attempts);
    assert_int_equal(1, atomic_load(&setup.asked));
    close_setup(&setup);
}

static void test_a_refused_set_is_renewed_once_for_all_calls(void **state)
{
    (void)state;
    struct setup setup = {.bad_sets = 1};
    open_setup(&setup);
    call(&setup, CALLS);
    finish(&setup, CALLS);
    assert_int_equal(0, setup.failed);
    assert_int_equal(2, atomic_load(&setup.asked));
    assert_true(setup.server.bad_signatures <= CALLS);
    call(&setup, CALLS);
    finish(&setup, 2 * CALLS);
    assert_int_equal(0, setup.failed);
    assert_int_equal(1, setup.attempts);
    close_setup(&setup);
}

static void test_a_set_that_stays_refused_ends_the_calls(void **state)
{
    (void)state;
    struct setup setup = {.bad_sets = 1000000};
    open_setup(&setup);
    call(&setup, 1);
    finish(&setup, 1);
    assert_int_equal(1, setup.failed);
    assert_int_equal(2, setup.attempts);
    assert_int_equal(2, atomic_load(&setup.asked));
    close_setup(&setup);
}

static void test_a_source_that_is_away_ends_calls_with_its_words(void **state)
{
    (void)state;
    struct setup setup = {.is_away = true};
    open_setup(&setup);
    call(&setup, 1);
    finish(&setup, 1);
    assert_int_equal(ASG_ERROR_CLASS_CREDENTIALS, setup.class);
    assert_string_equal("the role is gone", setup.message);
    assert_int_equal(0, setup.attempts);
    close_setup(&setup);
}

/* Sets that are good for a moment only: calls wait for the next one, none fails. */
static void test_calls_go_on_over_many_changes(void **state)
{
    (void)state;
    struct setup setup = {.lives_ms = 200};
    open_setup(&setup);
    struct wait wait = wait_begin(3 * LIMIT_MS);
    size_t count = 0;
    while (atomic_load(&setup.asked) < 4 && !wait_is_over(&wait)) {
        call(&setup, CALLS);
        count += CALLS;
        finish(&setup, count);
    }
    assert_true(atomic_load(&setup.asked) >= 4);
    assert_int_equal(0, setup.failed);
    assert_int_equal(0, setup.server.bad_signatures);
    close_setup(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_wait_for_the_first_credentials),
        cmocka_unit_test(test_a_refused_set_is_renewed_once_for_all_calls),
        cmocka_unit_test(test_a_set_that_stays_refused_ends_the_calls),
        cmocka_unit_test(test_a_source_that_is_away_ends_calls_with_its_words),
        cmocka_unit_test(test_calls_go_on_over_many_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
