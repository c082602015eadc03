/* Notices of a metadata service that the test plays: what is told, again and again. */
#include "agent/watch_notices.h"

#include <pthread.h>
#include <stdio.h>

#include "http/server.h"
#include "lib/check.h"
#include "lib/wait.h"
#include "model/messages.h"
#include "wire/wire.h"

#define WAIT_MS 20000

struct setup {
    struct asg_http_server *server;
    pthread_mutex_t lock; /* of what follows */
    const char *life_cycle;
    const char *action;
    const char *rebalance;
    int looks; /* at the notices */
    int asks;  /* of the life cycle */
    char url[64];
    struct asg_bus_waker *waker;
    struct asg_notices *notices;
    struct asg_notice last;
    char detail[64];
    int told;
};

static const char *answer(struct setup *setup, const char *target)
{
    if (strstr(target, "instance-life-cycle") != NULL) {
        setup->asks++;
        return setup->life_cycle;
    }
    if (strstr(target, "spot/instance-action") != NULL) {
        setup->looks++;
        return setup->action;
    }
    return strstr(target, "rebalance") != NULL ? setup->rebalance : NULL;
}

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    struct setup *setup = context;
    response->status = 200;
    if (strstr(request->target, "api/token") != NULL) {
        asg_http_add_header(response, "X-aws-ec2-metadata-token-ttl-seconds", "60");
        asg_bytes_append_text(&response->body, "token");
        return;
    }
    (void)pthread_mutex_lock(&setup->lock);
    const char *text = answer(setup, request->target);
    if (text != NULL) asg_bytes_append_text(&response->body, text);
    if (text == NULL) response->status = 404;
    (void)pthread_mutex_unlock(&setup->lock);
}

static enum asg_status take(void *context, const void *data, size_t length)
{
    struct setup *setup = context;
    struct asg_arena arena = {0};
    assert_status(ASG_OK, asg_wire_decode_message(data, length, ASG_MESSAGE_NOTICE,
                                                  &arena, &setup->last));
    (void)snprintf(setup->detail, sizeof setup->detail, "%s", setup->last.detail);
    asg_arena_clear(&arena);
    setup->told++;
    return ASG_OK;
}

static void start(struct setup *setup, enum asg_notice_watch watch)
{
    struct asg_error error = {""};
    (void)pthread_mutex_init(&setup->lock, NULL);
    const struct asg_http_options http = {
        .address = "127.0.0.1", .handler = handle, .context = setup};
    assert_status(ASG_OK, asg_http_server_new(&http, &setup->server, &error));
    (void)snprintf(setup->url, sizeof setup->url, "http://127.0.0.1:%u",
                   asg_http_server_port(setup->server));
    assert_status(ASG_OK, asg_bus_waker_new(&setup->waker));
    const struct asg_notices_options options = {.watch = watch,
                                                .metadata_endpoint = setup->url,
                                                .interval_ms = 5,
                                                .clock = asg_clock_real(),
                                                .waker = setup->waker};
    assert_status(ASG_OK, asg_notices_new(&options, &setup->notices, &error));
}

static void stop(struct setup *setup)
{
    asg_notices_destroy(&setup->notices);
    asg_http_server_destroy(&setup->server);
    asg_bus_waker_destroy(&setup->waker);
    (void)pthread_mutex_destroy(&setup->lock);
}

static int count(struct setup *setup, const int *which)
{
    (void)pthread_mutex_lock(&setup->lock);
    int value = *which;
    (void)pthread_mutex_unlock(&setup->lock);
    return value;
}

/* Send as the agent's loop does, until so many were told or looked for. */
static void send_until(struct setup *setup, const int *which, int wanted)
{
    const struct asg_uplink uplink = {.send = take, .context = setup};
    struct wait wait = wait_begin(WAIT_MS);
    while (count(setup, which) < wanted) {
        assert_false(wait_is_over(&wait));
        asg_notices_send(setup->notices, &uplink);
        wait_a_moment();
    }
}

static void test_an_interruption_is_told_again_and_again(void **state)
{
    (void)state;
    struct setup setup = {
        .life_cycle = "spot",
        .action = "{\"action\": \"terminate\", \"time\": \"2026-11-24T22:00:00Z\"}"};
    start(&setup, ASG_NOTICE_WATCH_AUTO);
    send_until(&setup, &setup.told, 3);
    assert_int_equal(ASG_SIGN_SPOT_INTERRUPTION, setup.last.sign);
    assert_true(setup.last.at_ms == INT64_C(1795557600000));
    assert_string_equal("terminate", setup.detail);
    stop(&setup);
}

static void test_a_recommendation_is_told(void **state)
{
    (void)state;
    struct setup setup = {.life_cycle = "spot",
                          .rebalance = "{\"noticeTime\": \"2026-11-24T22:00:00Z\"}"};
    start(&setup, ASG_NOTICE_WATCH_AUTO);
    send_until(&setup, &setup.told, 1);
    assert_int_equal(ASG_SIGN_REBALANCE, setup.last.sign);
    stop(&setup);
}

static void test_answers_that_are_none_are_not_told(void **state)
{
    (void)state;
    static const char *const answers[] = {"",
                                          "not json {",
                                          "[1, 2]",
                                          "{\"action\": \"terminate\"}",
                                          "{\"time\": {}}",
                                          "{\"time\": \"soon\"}",
                                          "\"x\"",
                                          "{\"time\": \"-1\"}"};
    struct setup setup = {.life_cycle = "on-demand", .action = answers[0]};
    start(&setup, ASG_NOTICE_WATCH_ON);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        (void)pthread_mutex_lock(&setup.lock);
        setup.action = answers[i];
        (void)pthread_mutex_unlock(&setup.lock);
        send_until(&setup, &setup.looks, count(&setup, &setup.looks) + 2);
    }
    assert_int_equal(0, setup.told);
    stop(&setup);
}

static void test_an_instance_that_is_not_spot_is_not_watched(void **state)
{
    (void)state;
    struct setup setup = {
        .life_cycle = "on-demand",
        .action = "{\"action\": \"terminate\", \"time\": \"2026-11-24T22:00:00Z\"}"};
    start(&setup, ASG_NOTICE_WATCH_AUTO);
    send_until(&setup, &setup.asks, 1);
    stop(&setup); /* the thread has ended */
    assert_int_equal(1, setup.asks);
    assert_int_equal(0, setup.looks);
    assert_int_equal(0, setup.told);
}

static void test_nothing_is_watched_when_it_is_off(void **state)
{
    (void)state;
    struct setup setup = {.life_cycle = "spot"};
    start(&setup, ASG_NOTICE_WATCH_OFF);
    assert_null(setup.notices);
    asg_notices_send(setup.notices, NULL);
    stop(&setup);
    assert_int_equal(0, setup.asks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_interruption_is_told_again_and_again),
        cmocka_unit_test(test_a_recommendation_is_told),
        cmocka_unit_test(test_answers_that_are_none_are_not_told),
        cmocka_unit_test(test_an_instance_that_is_not_spot_is_not_watched),
        cmocka_unit_test(test_nothing_is_watched_when_it_is_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
