/* The EC2 client against a server that misbehaves on order. */
#include "integration/scripted_ec2.h"

#include "aws/ec2_actions.h"
#include "aws/query.h"

#define WAIT_MS 20000

/* A script: what to answer to the n-th request; the last entry repeats. */
struct step {
    enum scripted_fault fault;
    int http_status;
    const char *code; /* an error; NULL: the body, or a good answer */
    const char *body;
    const char *headers;
};

struct setup {
    struct scripted_ec2 server;
    const struct step *steps;
    size_t step_count;
    struct asg_ec2_client *client;
    struct asg_bytes body;
    /* the last outcome */
    size_t done;
    struct asg_ec2_outcome outcome;
    char code[128];
    char message[1100];
    char request_id[129];
    char instance_id[64];
    size_t instance_count;
    /* what was seen */
    char first_token[80];
    int different_bodies;
    char *first_form;
};

static const char good[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<RunInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"
    "<requestId>req-good</requestId><reservationId>r-1</reservationId><instancesSet>"
    "<item><instanceId>i-0123</instanceId><instanceState><code>0</code>"
    "<name>pending</name></instanceState></item></instancesSet></RunInstancesResponse>";

static void run_steps(void *context, const struct scripted_request *request,
                      struct scripted_answer *ret)
{
    struct setup *setup = context;
    if (setup->first_form == NULL) {
        setup->first_form = strdup(request->form);
    } else if (strcmp(setup->first_form, request->form) != 0) {
        setup->different_bodies++;
    }
    size_t i = (size_t)request->number - 1;
    if (i >= setup->step_count) i = setup->step_count - 1;
    const struct step *step = &setup->steps[i];
    ret->fault = step->fault;
    ret->headers = step->headers;
    if (step->code != NULL) {
        scripted_error(ret, step->http_status, step->code, "as the script says");
        return;
    }
    ret->http_status = step->http_status == 0 ? 200 : step->http_status;
    ret->body = strdup(step->body == NULL ? good : step->body);
}

static void on_done(void *context, const struct asg_ec2_outcome *outcome,
                    const void *reply)
{
    struct setup *setup = context;
    setup->outcome = *outcome;
    (void)snprintf(setup->code, sizeof setup->code, "%s", outcome->code);
    (void)snprintf(setup->message, sizeof setup->message, "%s", outcome->message);
    (void)snprintf(setup->request_id, sizeof setup->request_id, "%s",
                   outcome->request_id);
    const struct asg_ec2_instances *instances = reply;
    setup->instance_count = instances->count;
    if (instances->count > 0) {
        (void)snprintf(setup->instance_id, sizeof setup->instance_id, "%s",
                       instances->instances[0].instance_id);
    }
    setup->done++;
}

static void open_setup_as(struct setup *setup, const struct step *steps, size_t count,
                          bool is_adaptive)
{
    *setup = (struct setup){.steps = steps, .step_count = count};
    scripted_start(&setup->server, run_steps, setup);
    struct asg_ec2_client_options options = {
        .credentials = {.name = "test", .fetch = scripted_credentials},
        .clock = asg_clock_real(),
        .seed = 7,
        .is_adaptive = is_adaptive,
    };
    struct asg_error error = {""};
    struct asg_endpoint_options where = {.url = setup->server.url, .region = "us-east-1"};
    assert_status(ASG_OK, asg_endpoint_resolve(&where, &options.endpoint, &error));
    assert_status(ASG_OK, asg_ec2_client_new(&options, &setup->client, &error));
    asg_ec2_write_run_instances(
        &(struct asg_ec2_run_instances){.template_name = "web",
                                        .template_version = "1",
                                        .subnet_id = "subnet-1",
                                        .min_count = 1,
                                        .max_count = 1,
                                        .client_token = "token-1"},
        &setup->body);
}

static void open_setup(struct setup *setup, const struct step *steps, size_t count)
{
    open_setup_as(setup, steps, count, /* is_adaptive */ false);
}

static void close_setup(struct setup *setup)
{
    asg_ec2_client_destroy(&setup->client);
    scripted_stop(&setup->server);
    asg_bytes_clear(&setup->body);
    free(setup->first_form);
}

static void finish_calls(struct setup *setup, size_t count)
{
    struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + WAIT_MS;
    while (setup->done < count && asg_clock_monotonic_ms(&clock) < until_ms) {
        assert_status(ASG_OK, asg_ec2_client_poll(setup->client, NULL, 0, 1000));
    }
    assert_int_equal(count, setup->done);
}

static void launch(struct setup *setup, const struct asg_ec2_call_options *options)
{
    asg_ec2_call(setup->client, &asg_ec2_run_instances_action, &setup->body, options,
                 on_done, setup);
    finish_calls(setup, setup->done + 1);
}

/* One launch against the steps; what came out is in *setup, which stays open. */
static void launch_against(struct setup *setup, const struct step *steps, size_t count)
{
    open_setup(setup, steps, count);
    launch(setup, &(struct asg_ec2_call_options){0});
    assert_int_equal(0, setup->server.bad_signatures);
    assert_int_equal(0, setup->different_bodies);
}

static void expect(const struct setup *setup, enum asg_error_class class,
                   uint32_t attempts, bool is_ambiguous)
{
    assert_string_equal(asg_error_class_word(class),
                        asg_error_class_word(setup->outcome.class));
    assert_int_equal(attempts, setup->outcome.attempts);
    assert_int_equal(attempts, setup->server.requests);
    assert_int_equal(is_ambiguous, setup->outcome.is_ambiguous);
}

static void test_a_good_answer_comes_back_parsed(void **state)
{
    (void)state;
    struct setup setup;
    launch_against(&setup, (const struct step[]){{0}}, 1);
    expect(&setup, ASG_ERROR_CLASS_NONE, 1, false);
    assert_string_equal("i-0123", setup.instance_id);
    assert_string_equal("req-good", setup.request_id);
    assert_int_equal(200, setup.outcome.http_status);
    close_setup(&setup);
}

static void test_a_throttle_is_repeated_and_then_works(void **state)
{
    (void)state;
    struct setup setup;
    launch_against(&setup,
                   (const struct step[]){{.http_status = 503,
                                          .code = "RequestLimitExceeded",
                                          .headers = "x-amz-retry-after: 5\r\n"},
                                         {0}},
                   2);
    expect(&setup, ASG_ERROR_CLASS_NONE, 2, false);
    close_setup(&setup);
}

static void test_throttled_for_good_is_definite(void **state)
{
    (void)state;
    struct setup setup;
    launch_against(
        &setup,
        (const struct step[]){{.http_status = 503, .code = "RequestLimitExceeded"}}, 1);
    expect(&setup, ASG_ERROR_CLASS_THROTTLE, 3, false);
    assert_string_equal("RequestLimitExceeded", setup.code);
    assert_string_equal("as the script says", setup.message);
    assert_string_equal("req-RequestLimitExceeded", setup.request_id);
    close_setup(&setup);
}

static void test_capacity_comes_back_at_once_although_it_is_a_5xx(void **state)
{
    (void)state;
    struct setup setup;
    launch_against(&setup,
                   (const struct step[]){
                       {.http_status = 500, .code = "InsufficientInstanceCapacity"}},
                   1);
    expect(&setup, ASG_ERROR_CLASS_CAPACITY, 1, false);
    close_setup(&setup);
}

static void test_server_errors_end_in_doubt(void **state)
{
    (void)state;
    static const struct step endings[] = {
        {.http_status = 500, .code = "InternalError"},
        {.http_status = 503, .code = "SomethingNew"},
        {.http_status = 502, .body = "<html><body>Bad Gateway</body></html>"},
        {.http_status = 200, .body = "garbage \x01\x02"},
        {.http_status = 200, .body = "<html><head></head></html>"},
        {.http_status = 200, .body = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"},
        {.http_status = 200, .body = ""},
        {.fault = SCRIPTED_CLOSE},
        {.fault = SCRIPTED_HALF},
    };
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct setup setup;
        launch_against(&setup, &endings[i], 1);
        assert_string_equal("transient", asg_error_class_word(setup.outcome.class));
        assert_true(setup.outcome.is_ambiguous);
        assert_int_equal(3, setup.outcome.attempts);
        assert_true(strlen(setup.message) > 0);
        close_setup(&setup);
    }
}

static void test_an_answer_lost_after_the_effect_is_found_by_the_same_token(void **state)
{
    (void)state;
    static const enum scripted_fault faults[] = {SCRIPTED_CLOSE, SCRIPTED_HALF};
    for (size_t i = 0; i < 2; i++) {
        struct setup setup;
        launch_against(&setup, (const struct step[]){{.fault = faults[i]}, {0}}, 2);
        assert_string_equal("ok", asg_error_class_word(setup.outcome.class));
        assert_false(setup.outcome.is_ambiguous);
        assert_string_equal("i-0123", setup.instance_id);
        close_setup(&setup);
    }
}

static void test_doubt_stays_when_a_refusal_follows(void **state)
{
    (void)state;
    struct setup setup;
    launch_against(&setup,
                   (const struct step[]){{.http_status = 500, .code = "InternalError"},
                                         {.http_status = 400, .code = "Throttling"}},
                   2);
    expect(&setup, ASG_ERROR_CLASS_THROTTLE, 3, true);
    close_setup(&setup);
    static const struct {
        const char *code;
        enum asg_error_class class;
    } refusals[] = {
        {"InsufficientInstanceCapacity", ASG_ERROR_CLASS_CAPACITY},
        {"InstanceLimitExceeded", ASG_ERROR_CLASS_QUOTA},
        {"UnauthorizedOperation", ASG_ERROR_CLASS_PERMISSION},
        {"InvalidParameterValue", ASG_ERROR_CLASS_BAD_REQUEST},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct step steps[] = {{.http_status = 500, .code = "InternalError"},
                                     {.http_status = 400, .code = refusals[i].code}};
        launch_against(&setup, steps, 2);
        expect(&setup, refusals[i].class, 2, true);
        close_setup(&setup);
    }
}

static void test_an_unsure_call_may_be_repeated_more_often(void **state)
{
    (void)state;
    struct setup setup;
    const struct step steps[] = {{.http_status = 500, .code = "InternalError"},
                                 {.http_status = 500, .code = "InternalError"},
                                 {.http_status = 500, .code = "InternalError"},
                                 {.http_status = 500, .code = "InternalError"},
                                 {0}};
    open_setup(&setup, steps, 5);
    launch(&setup, &(struct asg_ec2_call_options){.attempts_unsure = 8});
    expect(&setup, ASG_ERROR_CLASS_NONE, 5, false);
    close_setup(&setup);
}

static void test_a_silent_server_is_left_after_the_timeout(void **state)
{
    (void)state;
    struct setup setup;
    const struct step steps[] = {{.fault = SCRIPTED_SILENCE}};
    open_setup(&setup, steps, 1);
    launch(&setup, &(struct asg_ec2_call_options){.timeout_ms = 60, .attempts_max = 2});
    expect(&setup, ASG_ERROR_CLASS_TRANSIENT, 2, true);
    assert_int_equal(0, setup.outcome.http_status);
    close_setup(&setup);
}

static void test_the_deadline_ends_the_repeats(void **state)
{
    (void)state;
    struct setup setup;
    const struct step steps[] = {{.fault = SCRIPTED_SILENCE}};
    open_setup(&setup, steps, 1);
    launch(&setup, &(struct asg_ec2_call_options){
                       .deadline_ms = 120, .attempts_max = 50, .attempts_unsure = 50});
    assert_true(setup.outcome.is_ambiguous);
    assert_true(setup.outcome.duration_us < 5000000);
    close_setup(&setup);
}

static void test_a_refused_connection_is_no_doubt(void **state)
{
    (void)state;
    struct setup setup;
    const struct step steps[] = {{0}};
    open_setup(&setup, steps, 1);
    scripted_stop(&setup.server);
    launch(&setup, &(struct asg_ec2_call_options){0});
    assert_string_equal("transient", asg_error_class_word(setup.outcome.class));
    assert_false(setup.outcome.is_ambiguous);
    assert_int_equal(3, setup.outcome.attempts);
    asg_ec2_client_destroy(&setup.client);
    asg_bytes_clear(&setup.body);
}

/* A client for an address that only a proxy could reach. */
static void launch_far_away(struct setup *setup, int64_t connect_ms)
{
    struct asg_ec2_client_options options = {
        .credentials = {.name = "test", .fetch = scripted_credentials},
        .clock = asg_clock_real(),
        .connect_ms = connect_ms,
        .seed = 7,
    };
    struct asg_error error = {""};
    struct asg_endpoint_options where = {.url = "https://ec2.invalid",
                                         .region = "us-east-1"};
    assert_status(ASG_OK, asg_endpoint_resolve(&where, &options.endpoint, &error));
    asg_ec2_client_destroy(&setup->client);
    assert_status(ASG_OK, asg_ec2_client_new(&options, &setup->client, &error));
    launch(setup, &(struct asg_ec2_call_options){0});
    assert_int_equal(ASG_ERROR_CLASS_TRANSIENT, setup->outcome.class);
    assert_int_equal(3, setup->outcome.attempts);
    assert_false(setup->outcome.is_ambiguous);
}

/* What was sent was a CONNECT to the proxy: EC2 saw nothing. */
static void test_a_proxy_that_lets_nothing_through_is_no_doubt(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, (const struct step[]){{0}}, 1);
    (void)setenv("HTTPS_PROXY", setup.server.url, 1);
    launch_far_away(&setup, 20000); /* it answers CONNECT with 400 */
    assert_int_equal(3, setup.server.requests);
    int mute = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    char url[64];
    assert_int_equal(0, bind(mute, (struct sockaddr *)&address, length));
    assert_int_equal(0, listen(mute, 16));
    assert_int_equal(0, getsockname(mute, (struct sockaddr *)&address, &length));
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    (void)setenv("HTTPS_PROXY", url, 1);
    launch_far_away(&setup, 300);
    (void)close(mute);
    (void)setenv("HTTPS_PROXY", setup.server.url, 1);
    (void)setenv("NO_PROXY", "other.invalid,ec2.invalid", 1);
    launch_far_away(&setup, 20000);
    assert_int_equal(3, setup.server.requests);
    (void)unsetenv("HTTPS_PROXY");
    (void)unsetenv("NO_PROXY");
    close_setup(&setup);
}

static void test_a_wrong_clock_is_mended_by_the_date_of_the_answer(void **state)
{
    (void)state;
    struct setup setup;
    const struct step steps[] = {{0}};
    open_setup(&setup, steps, 1);
    setup.server.clock_offset_ms = 20 * 60 * 1000;
    launch(&setup, &(struct asg_ec2_call_options){0});
    assert_string_equal("ok", asg_error_class_word(setup.outcome.class));
    assert_int_equal(2, setup.outcome.attempts);
    assert_int_equal(1, setup.server.bad_signatures);
    assert_true(asg_ec2_client_skew_ms(setup.client) > 19 * 60 * 1000);
    /* The next call is right from the start. */
    launch(&setup, &(struct asg_ec2_call_options){0});
    assert_int_equal(1, setup.outcome.attempts);
    assert_int_equal(1, setup.server.bad_signatures);
    close_setup(&setup);
}

static void test_terminal_codes_are_not_repeated(void **state)
{
    (void)state;
    static const struct {
        int http_status;
        const char *code;
        enum asg_error_class class;
    } cases[] = {
        {400, "InvalidParameterValue", ASG_ERROR_CLASS_BAD_REQUEST},
        {403, "UnauthorizedOperation", ASG_ERROR_CLASS_PERMISSION},
        {400, "VcpuLimitExceeded", ASG_ERROR_CLASS_QUOTA},
        {400, "IdempotentParameterMismatch", ASG_ERROR_CLASS_IDEMPOTENCY},
        {401, "AuthFailure", ASG_ERROR_CLASS_CREDENTIALS},
        {400, "NobodyListedThis", ASG_ERROR_CLASS_UNLISTED},
        {412, "DryRunOperation", ASG_ERROR_CLASS_DRY_RUN},
        {400, "InvalidLaunchTemplateId.NotFound", ASG_ERROR_CLASS_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct setup setup;
        const struct step steps[] = {
            {.http_status = cases[i].http_status, .code = cases[i].code}};
        launch_against(&setup, steps, 1);
        expect(&setup, cases[i].class, 1, false);
        assert_string_equal(cases[i].code, setup.code);
        close_setup(&setup);
    }
}

static void test_redirects_are_not_followed(void **state)
{
    (void)state;
    struct setup setup;
    const struct step steps[] = {{.http_status = 301,
                                  .body = "moved",
                                  .headers = "Location: http://127.0.0.1:1/\r\n"}};
    launch_against(&setup, steps, 1);
    expect(&setup, ASG_ERROR_CLASS_UNLISTED, 1, false);
    assert_non_null(strstr(setup.message, "http://127.0.0.1:1/"));
    assert_non_null(strstr(setup.message, "set region or ec2.endpoint"));
    close_setup(&setup);
}

static void test_an_answer_over_the_limit_is_dropped(void **state)
{
    (void)state;
    size_t length = ASG_EC2_REPLY_MAX + 4096;
    char *huge = malloc(length + 1);
    memset(huge, ' ', length);
    huge[length] = '\0';
    memcpy(huge, "<a>", 3);
    const struct step steps[] = {{.body = huge}};
    struct setup setup;
    launch_against(&setup, steps, 1);
    assert_string_equal("split", asg_error_class_word(setup.outcome.class));
    assert_true(setup.outcome.is_too_large);
    close_setup(&setup);
    free(huge);
}

static void test_many_calls_share_few_connections(void **state)
{
    (void)state;
    struct setup setup;
    const struct step steps[] = {{0}};
    open_setup(&setup, steps, 1);
    for (int i = 0; i < 500; i++) {
        asg_ec2_call(setup.client, &asg_ec2_run_instances_action, &setup.body,
                     &(struct asg_ec2_call_options){0}, on_done, &setup);
    }
    assert_int_equal(500, asg_ec2_client_pending(setup.client));
    finish_calls(&setup, 500);
    assert_int_equal(0, asg_ec2_client_pending(setup.client));
    assert_int_equal(500, setup.server.requests);
    assert_int_equal(0, setup.server.bad_signatures);
    assert_in_range(setup.server.socket_count, 1, ASG_EC2_IN_FLIGHT);
    close_setup(&setup);
}

/* What the kernel was told of the connections to the server; how many there are. */
static int patient_sockets(const struct setup *setup)
{
    int count = 0;
    for (int fd = 3; fd < 1024; fd++) {
        struct sockaddr_in peer = {0};
        socklen_t length = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0) continue;
        if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != setup->server.port) {
            continue;
        }
        unsigned int patience_ms = 0;
        length = sizeof patience_ms;
        assert_int_equal(
            0, getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, &length));
        assert_int_equal(ASG_EC2_UNACKED_S * 1000, patience_ms);
        count++;
    }
    return count;
}

static void test_a_connection_that_swallows_everything_is_not_kept_for_long(void **state)
{
    (void)state;
    struct setup setup;
    launch_against(&setup, (const struct step[]){{0}}, 1);
    assert_int_equal(1, patient_sockets(&setup));
    close_setup(&setup);
}

static void test_a_limited_action_waits_for_its_tokens(void **state)
{
    (void)state;
    struct setup setup;
    const struct step steps[] = {{0}};
    open_setup(&setup, steps, 1);
    asg_ec2_client_limit(setup.client, &asg_ec2_run_instances_action, 2, 20 * 1000);
    struct asg_clock clock = asg_clock_real();
    int64_t start_ms = asg_clock_monotonic_ms(&clock);
    for (int i = 0; i < 6; i++) {
        asg_ec2_call(setup.client, &asg_ec2_run_instances_action, &setup.body,
                     &(struct asg_ec2_call_options){0}, on_done, &setup);
    }
    finish_calls(&setup, 6);
    /* Two at once, then four more at 20 a second. */
    assert_true(asg_clock_monotonic_ms(&clock) - start_ms >= 190);
    close_setup(&setup);
}

/* The adaptive mode: after a throttle even first attempts wait for what EC2 takes. */
static void test_an_adaptive_client_paces_after_a_throttle(void **state)
{
    (void)state;
    struct setup setup;
    const struct step steps[] = {{.http_status = 503,
                                  .code = "RequestLimitExceeded",
                                  .headers = "x-amz-retry-after: 1\r\n"},
                                 {0}};
    open_setup_as(&setup, steps, 2, /* is_adaptive */ true);
    /* Tokens for the three requests, and no others: waiting for its pace costs none. */
    asg_ec2_client_limit(setup.client, &asg_ec2_run_instances_action, 3, 1);
    struct asg_clock clock = asg_clock_real();
    int64_t start_ms = asg_clock_monotonic_ms(&clock);
    launch(&setup, &(struct asg_ec2_call_options){0});
    assert_int_equal(2, setup.outcome.attempts);
    launch(&setup, &(struct asg_ec2_call_options){0});
    /* The bucket was empty and fills with 1.2 tokens a second at most; without it both
     * calls are over in some milliseconds. */
    assert_true(asg_clock_monotonic_ms(&clock) - start_ms >= 700);
    close_setup(&setup);
}

static void test_poll_tells_of_the_callers_own_descriptor(void **state)
{
    (void)state;
    struct setup setup;
    const struct step steps[] = {{0}};
    open_setup(&setup, steps, 1);
    int ends[2];
    assert_int_equal(0, pipe(ends));
    struct pollfd extra = {.fd = ends[0], .events = POLLIN};
    assert_status(ASG_OK, asg_ec2_client_poll(setup.client, &extra, 1, 0));
    assert_int_equal(0, extra.revents);
    assert_int_equal(1, write(ends[1], "x", 1));
    assert_status(ASG_OK, asg_ec2_client_poll(setup.client, &extra, 1, 10000));
    assert_int_equal(POLLIN, extra.revents);
    asg_ec2_client_wake(setup.client);
    assert_int_equal(1, read(ends[0], &(char){0}, 1));
    assert_status(ASG_OK, asg_ec2_client_poll(setup.client, &extra, 1, 10000));
    assert_int_equal(0, extra.revents);
    (void)close(ends[0]);
    (void)close(ends[1]);
    close_setup(&setup);
}

static void test_destroying_a_client_with_calls_under_way_leaks_nothing(void **state)
{
    (void)state;
    struct setup setup;
    const struct step steps[] = {{.fault = SCRIPTED_SILENCE}};
    open_setup(&setup, steps, 1);
    for (int i = 0; i < 100; i++) {
        asg_ec2_call(setup.client, &asg_ec2_run_instances_action, &setup.body,
                     &(struct asg_ec2_call_options){0}, on_done, &setup);
    }
    assert_status(ASG_OK, asg_ec2_client_poll(setup.client, NULL, 0, 10));
    assert_int_equal(0, setup.done);
    close_setup(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_answer_comes_back_parsed),
        cmocka_unit_test(test_a_throttle_is_repeated_and_then_works),
        cmocka_unit_test(test_throttled_for_good_is_definite),
        cmocka_unit_test(test_capacity_comes_back_at_once_although_it_is_a_5xx),
        cmocka_unit_test(test_server_errors_end_in_doubt),
        cmocka_unit_test(test_an_answer_lost_after_the_effect_is_found_by_the_same_token),
        cmocka_unit_test(test_doubt_stays_when_a_refusal_follows),
        cmocka_unit_test(test_an_unsure_call_may_be_repeated_more_often),
        cmocka_unit_test(test_a_silent_server_is_left_after_the_timeout),
        cmocka_unit_test(test_the_deadline_ends_the_repeats),
        cmocka_unit_test(test_a_refused_connection_is_no_doubt),
        cmocka_unit_test(test_a_proxy_that_lets_nothing_through_is_no_doubt),
        cmocka_unit_test(test_a_wrong_clock_is_mended_by_the_date_of_the_answer),
        cmocka_unit_test(test_terminal_codes_are_not_repeated),
        cmocka_unit_test(test_redirects_are_not_followed),
        cmocka_unit_test(test_an_answer_over_the_limit_is_dropped),
        cmocka_unit_test(test_many_calls_share_few_connections),
        cmocka_unit_test(test_a_connection_that_swallows_everything_is_not_kept_for_long),
        cmocka_unit_test(test_a_limited_action_waits_for_its_tokens),
        cmocka_unit_test(test_an_adaptive_client_paces_after_a_throttle),
        cmocka_unit_test(test_poll_tells_of_the_callers_own_descriptor),
        cmocka_unit_test(test_destroying_a_client_with_calls_under_way_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
