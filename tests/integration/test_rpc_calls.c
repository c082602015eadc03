/* The server and the client of lib/rpc with each other, over loopback. */
#include <arpa/inet.h>
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "rpc/client.h"
#include "rpc/server.h"

#include "lib/check.h"

#define DEADLINE_MS 5000

/* What callbacks leave behind; wait_for() waits until `count` of them have come. */
struct results {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int count;
    enum asg_rpc_code code; /* of the last one */
    size_t length;
    char text[256];
};

static void results_init(struct results *results)
{
    *results = (struct results){0};
    (void)pthread_mutex_init(&results->mutex, NULL);
    (void)pthread_cond_init(&results->changed, NULL);
}

static void take_reply(const struct asg_rpc_reply *reply, void *context)
{
    struct results *results = context;
    (void)pthread_mutex_lock(&results->mutex);
    results->count++;
    results->code = reply->code;
    results->length = reply->length;
    const char *text = reply->data == NULL ? reply->details : (const char *)reply->data;
    size_t length = reply->data == NULL ? strlen(text) : reply->length;
    if (length >= sizeof results->text) length = sizeof results->text - 1;
    memcpy(results->text, text, length);
    results->text[length] = '\0';
    (void)pthread_cond_broadcast(&results->changed);
    (void)pthread_mutex_unlock(&results->mutex);
}

static void wait_for(struct results *results, int count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    (void)pthread_mutex_lock(&results->mutex);
    while (results->count < count) {
        assert_int_equal(
            0, pthread_cond_timedwait(&results->changed, &results->mutex, &until));
    }
    (void)pthread_mutex_unlock(&results->mutex);
}

static void echo(struct asg_rpc_call *call, const uint8_t *request, size_t length,
                 void *context)
{
    (void)context;
    asg_rpc_call_reply(call, request, length);
}

static void refuse(struct asg_rpc_call *call, const uint8_t *request, size_t length,
                   void *context)
{
    (void)request, (void)length, (void)context;
    asg_rpc_call_end(call, ASG_RPC_FAILED_PRECONDITION, "not today");
}

/* Calls that stay open until somebody ends them. */
struct held {
    pthread_mutex_t mutex;
    struct asg_rpc_call *calls[64];
    int count;
    atomic_int hung_up;
};

static void hold(struct asg_rpc_call *call, const uint8_t *request, size_t length,
                 void *context)
{
    (void)request, (void)length;
    struct held *held = context;
    (void)pthread_mutex_lock(&held->mutex);
    assert_true(held->count < 64);
    held->calls[held->count++] = call;
    (void)pthread_mutex_unlock(&held->mutex);
}

static void held_hung_up(struct asg_rpc_call *call, void *context)
{
    struct held *held = context;
    atomic_fetch_add(&held->hung_up, 1);
    asg_rpc_call_end(call, ASG_RPC_CANCELLED, NULL);
}

struct pair {
    struct asg_rpc_server *server;
    struct asg_rpc_client *client;
    struct held held;
    char target[64];
};

static void pair_start(struct pair *pair, const char *address, uint32_t max_calls)
{
    *pair = (struct pair){0};
    (void)pthread_mutex_init(&pair->held.mutex, NULL);
    const struct asg_rpc_method methods[] = {
        {"/test.Test/Echo", echo, NULL, NULL},
        {"/test.Test/Refuse", refuse, NULL, NULL},
        {"/test.Test/Hold", hold, held_hung_up, &pair->held},
    };
    const struct asg_rpc_server_options options = {.address = address,
                                                   .max_calls = max_calls,
                                                   .methods = methods,
                                                   .method_count = 3};
    struct asg_error error;
    assert_status(ASG_OK, asg_rpc_server_new(&options, &pair->server, &error));
    assert_status(ASG_OK, asg_rpc_client_new(NULL, &pair->client, &error));
    (void)snprintf(pair->target, sizeof pair->target, "127.0.0.1:%u",
                   asg_rpc_server_port(pair->server));
}

static void pair_stop(struct pair *pair)
{
    asg_rpc_client_destroy(&pair->client);
    asg_rpc_server_destroy(&pair->server);
    assert_null(pair->client);
    assert_null(pair->server);
}

static void call_and_wait(struct pair *pair, const char *method, const void *request,
                          size_t length, int64_t deadline_ms, struct results *ret)
{
    results_init(ret);
    assert_status(ASG_OK, asg_rpc_client_call(pair->client, pair->target, method, request,
                                              length, deadline_ms, take_reply, ret));
    wait_for(ret, 1);
}

static void test_call_brings_back_its_answer(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 0);
    struct results results;
    call_and_wait(&pair, "/test.Test/Echo", "hello", 5, DEADLINE_MS, &results);
    assert_int_equal(ASG_RPC_OK, results.code);
    assert_string_equal("hello", results.text);
    call_and_wait(&pair, "/test.Test/Echo", "", 0, DEADLINE_MS, &results);
    assert_int_equal(ASG_RPC_OK, results.code);
    assert_int_equal(0, results.length);
    pair_stop(&pair);
}

static void test_handler_can_refuse_with_words(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 0);
    struct results results;
    call_and_wait(&pair, "/test.Test/Refuse", "x", 1, DEADLINE_MS, &results);
    assert_int_equal(ASG_RPC_FAILED_PRECONDITION, results.code);
    assert_string_equal("not today", results.text);
    pair_stop(&pair);
}

static void test_unknown_method_is_unimplemented(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 0);
    struct results results;
    for (int i = 0; i < 20; i++) { /* more than there are slots for new calls */
        call_and_wait(&pair, "/test.Test/Nothing", "x", 1, DEADLINE_MS, &results);
        assert_int_equal(ASG_RPC_UNIMPLEMENTED, results.code);
    }
    pair_stop(&pair);
}

static void test_message_over_the_limit_is_refused_on_both_sides(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 0);
    static char big[ASG_RPC_MESSAGE_BYTES + 1];
    memset(big, 'x', sizeof big);
    struct results results;
    call_and_wait(&pair, "/test.Test/Echo", big, sizeof big - 1, DEADLINE_MS, &results);
    assert_int_equal(ASG_RPC_OK, results.code);
    assert_int_equal(sizeof big - 1, results.length);
    assert_status(ASG_ERR_INVALID,
                  asg_rpc_client_call(pair.client, pair.target, "/test.Test/Echo", big,
                                      sizeof big, DEADLINE_MS, take_reply, &results));

    /* A client that may send more than the server takes. */
    struct asg_rpc_client *generous = NULL;
    const struct asg_rpc_client_options options = {.max_message_bytes = 1 << 20};
    assert_status(ASG_OK, asg_rpc_client_new(&options, &generous, NULL));
    results_init(&results);
    assert_status(ASG_OK,
                  asg_rpc_client_call(generous, pair.target, "/test.Test/Echo", big,
                                      sizeof big, DEADLINE_MS, take_reply, &results));
    wait_for(&results, 1);
    assert_int_equal(ASG_RPC_RESOURCE_EXHAUSTED, results.code);
    asg_rpc_client_destroy(&generous);
    pair_stop(&pair);
}

static void test_call_that_is_never_answered_ends_at_its_deadline(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 0);
    struct asg_clock clock = asg_clock_real();
    int64_t began_ms = asg_clock_monotonic_ms(&clock);
    struct results results;
    call_and_wait(&pair, "/test.Test/Hold", "x", 1, 200, &results);
    int64_t took_ms = asg_clock_monotonic_ms(&clock) - began_ms;
    assert_int_equal(ASG_RPC_DEADLINE_EXCEEDED, results.code);
    assert_in_range(took_ms, 190, 4000);
    pair_stop(&pair);
}

static int open_files(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

/* gRPC goes on trying to connect for 20 s after the channel is gone, unless told. */
static void test_connection_to_a_silent_target_does_not_outlive_its_call(void **state)
{
    (void)state;
    int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    assert_int_equal(0, bind(silent, (struct sockaddr *)&address, length));
    assert_int_equal(0, listen(silent, 64));
    assert_int_equal(0, getsockname(silent, (struct sockaddr *)&address, &length));

    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 0);
    struct results results;
    call_and_wait(&pair, "/test.Test/Echo", "x", 1, DEADLINE_MS, &results);
    int before = open_files();
    (void)snprintf(pair.target, sizeof pair.target, "127.0.0.1:%u",
                   ntohs(address.sin_port));
    results_init(&results);
    for (int i = 0; i < 20; i++) {
        assert_status(ASG_OK, asg_rpc_client_call(pair.client, pair.target, "/t.T/Echo",
                                                  "x", 1, 100, take_reply, &results));
    }
    wait_for(&results, 20);
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + 10000;
    while (open_files() > before) {
        assert_true(asg_clock_monotonic_ms(&clock) < end_ms);
        (void)sched_yield();
    }
    (void)close(silent);
    pair_stop(&pair);
}

static void test_target_that_accepts_and_is_silent_ends_at_the_deadline(void **state)
{
    (void)state;
    int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    assert_int_equal(0, bind(silent, (struct sockaddr *)&address, length));
    assert_int_equal(0, listen(silent, 8));
    assert_int_equal(0, getsockname(silent, (struct sockaddr *)&address, &length));

    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 0);
    (void)snprintf(pair.target, sizeof pair.target, "127.0.0.1:%u",
                   ntohs(address.sin_port));
    struct results results;
    call_and_wait(&pair, "/test.Test/Echo", "x", 1, 200, &results);
    assert_int_equal(ASG_RPC_DEADLINE_EXCEEDED, results.code);

    (void)close(silent); /* and now nobody listens there at all */
    call_and_wait(&pair, "/test.Test/Echo", "x", 1, DEADLINE_MS, &results);
    assert_int_equal(ASG_RPC_UNAVAILABLE, results.code);
    pair_stop(&pair);
}

static void test_calls_over_the_client_limit_are_busy(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 0);
    struct asg_rpc_client *narrow = NULL;
    const struct asg_rpc_client_options options = {.max_calls = 2};
    assert_status(ASG_OK, asg_rpc_client_new(&options, &narrow, NULL));
    struct results results;
    results_init(&results);
    for (int i = 0; i < 2; i++) {
        assert_status(ASG_OK, asg_rpc_client_call(narrow, pair.target, "/test.Test/Hold",
                                                  "x", 1, 60000, take_reply, &results));
    }
    assert_int_equal(2, asg_rpc_client_pending(narrow));
    assert_status(ASG_ERR_BUSY,
                  asg_rpc_client_call(narrow, pair.target, "/test.Test/Hold", "x", 1,
                                      60000, take_reply, &results));
    asg_rpc_client_destroy(&narrow); /* cancels both */
    assert_int_equal(2, results.count);
    assert_int_equal(ASG_RPC_CANCELLED, results.code);
    pair_stop(&pair);
}

static void test_calls_over_the_server_limit_are_exhausted(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 2);
    struct results held;
    results_init(&held);
    for (int i = 0; i < 2; i++) {
        assert_status(ASG_OK,
                      asg_rpc_client_call(pair.client, pair.target, "/test.Test/Hold",
                                          "x", 1, 60000, take_reply, &held));
    }
    for (;;) {
        (void)pthread_mutex_lock(&pair.held.mutex);
        int count = pair.held.count;
        (void)pthread_mutex_unlock(&pair.held.mutex);
        if (count == 2) break;
        (void)sched_yield();
    }
    struct results results;
    call_and_wait(&pair, "/test.Test/Echo", "x", 1, DEADLINE_MS, &results);
    assert_int_equal(ASG_RPC_RESOURCE_EXHAUSTED, results.code);

    asg_rpc_call_reply(pair.held.calls[0], "late", 4);
    wait_for(&held, 1);
    assert_string_equal("late", held.text);
    pair_stop(&pair);
    assert_int_equal(1, atomic_load(&pair.held.hung_up));
}

/* One address has its share of the calls, and no more: others still get through. */
static void test_calls_over_the_share_of_an_address_are_exhausted(void **state)
{
    (void)state;
    struct held held = {0};
    (void)pthread_mutex_init(&held.mutex, NULL);
    const struct asg_rpc_method methods[] = {
        {"/test.Test/Hold", hold, held_hung_up, &held},
        {"/test.Test/Echo", echo, NULL, NULL},
    };
    const struct asg_rpc_server_options options = {.address = "127.0.0.1:0",
                                                   .max_calls = 8,
                                                   .max_calls_an_address = 2,
                                                   .methods = methods,
                                                   .method_count = 2};
    struct asg_rpc_server *server = NULL;
    struct asg_error error;
    assert_status(ASG_OK, asg_rpc_server_new(&options, &server, &error));
    char target[64];
    (void)snprintf(target, sizeof target, "127.0.0.1:%u", asg_rpc_server_port(server));
    struct asg_rpc_client *greedy = NULL;
    struct asg_rpc_client *other = NULL;
    const struct asg_rpc_client_options elsewhere = {.source_address = "127.0.0.9"};
    assert_status(ASG_OK, asg_rpc_client_new(NULL, &greedy, &error));
    assert_status(ASG_OK, asg_rpc_client_new(&elsewhere, &other, &error));
    struct results holding;
    struct results results;
    results_init(&holding);
    results_init(&results);
    for (int i = 0; i < 3; i++) {
        assert_status(ASG_OK, asg_rpc_client_call(greedy, target, "/test.Test/Hold", "x",
                                                  1, 60000, take_reply, &holding));
    }
    wait_for(&holding, 1); /* the one too many */
    assert_int_equal(ASG_RPC_RESOURCE_EXHAUSTED, holding.code);
    assert_status(ASG_OK, asg_rpc_client_call(other, target, "/test.Test/Echo", "x", 1,
                                              DEADLINE_MS, take_reply, &results));
    wait_for(&results, 1);
    assert_int_equal(ASG_RPC_OK, results.code);
    asg_rpc_client_destroy(&greedy);
    asg_rpc_client_destroy(&other);
    asg_rpc_server_destroy(&server);
}

static void test_server_that_stops_tells_those_who_hold_calls(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 0);
    struct results results;
    results_init(&results);
    assert_status(ASG_OK, asg_rpc_client_call(pair.client, pair.target, "/test.Test/Hold",
                                              "x", 1, 60000, take_reply, &results));
    for (;;) {
        (void)pthread_mutex_lock(&pair.held.mutex);
        int count = pair.held.count;
        (void)pthread_mutex_unlock(&pair.held.mutex);
        if (count == 1) break;
        (void)sched_yield();
    }
    asg_rpc_server_stop(&pair.server, 50);
    assert_int_equal(1, atomic_load(&pair.held.hung_up));
    wait_for(&results, 1);
    assert_int_not_equal(ASG_RPC_OK, results.code);
    pair_stop(&pair);
}

static void test_port_that_is_taken_is_an_error(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 0);
    struct asg_rpc_server *second = NULL;
    struct asg_rpc_server_options options = {.address = pair.target};
    struct asg_error error = {{0}};
    assert_status(ASG_ERR_IO, asg_rpc_server_new(&options, &second, &error));
    assert_non_null(strstr(error.text, pair.target));
    assert_null(second);
    options.address = "nowhere";
    assert_status(ASG_ERR_INVALID, asg_rpc_server_new(&options, &second, &error));
    options.address = NULL;
    assert_status(ASG_ERR_INVALID, asg_rpc_server_new(&options, &second, &error));
    pair_stop(&pair);
}

static void test_server_answers_on_every_address_it_was_given(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "127.0.0.1:0,127.0.0.2:0", 0);
    struct results results;
    call_and_wait(&pair, "/test.Test/Echo", "x", 1, DEADLINE_MS, &results);
    assert_int_equal(ASG_RPC_OK, results.code);
    pair_stop(&pair);
}

static void test_many_calls_at_once_all_come_back(void **state)
{
    (void)state;
    struct pair pair;
    pair_start(&pair, "127.0.0.1:0", 300);
    struct results results;
    results_init(&results);
    for (int i = 0; i < 200; i++) {
        assert_status(ASG_OK,
                      asg_rpc_client_call(pair.client, pair.target, "/test.Test/Echo",
                                          "many", 4, 20000, take_reply, &results));
    }
    wait_for(&results, 200);
    assert_int_equal(ASG_RPC_OK, results.code);
    pair_stop(&pair);
    assert_int_equal(200, results.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_brings_back_its_answer),
        cmocka_unit_test(test_handler_can_refuse_with_words),
        cmocka_unit_test(test_unknown_method_is_unimplemented),
        cmocka_unit_test(test_message_over_the_limit_is_refused_on_both_sides),
        cmocka_unit_test(test_call_that_is_never_answered_ends_at_its_deadline),
        cmocka_unit_test(test_target_that_accepts_and_is_silent_ends_at_the_deadline),
        cmocka_unit_test(test_connection_to_a_silent_target_does_not_outlive_its_call),
        cmocka_unit_test(test_calls_over_the_client_limit_are_busy),
        cmocka_unit_test(test_calls_over_the_server_limit_are_exhausted),
        cmocka_unit_test(test_calls_over_the_share_of_an_address_are_exhausted),
        cmocka_unit_test(test_server_that_stops_tells_those_who_hold_calls),
        cmocka_unit_test(test_port_that_is_taken_is_an_error),
        cmocka_unit_test(test_server_answers_on_every_address_it_was_given),
        cmocka_unit_test(test_many_calls_at_once_all_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
