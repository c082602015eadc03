/* Watch of grpc.health.v1, asked with bare gRPC core: our own client only does unary. */
#include <stdbool.h>
#include <stdio.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#pragma GCC diagnostic pop

#include "rpc/health.h"

#include "lib/check.h"

struct watching {
    grpc_completion_queue *queue;
    grpc_channel *channel;
    grpc_call *call;
    grpc_metadata_array initial;
    grpc_metadata_array trailing;
    grpc_status_code status;
    grpc_slice details;
};

struct served {
    struct asg_rpc_health *health;
    struct asg_rpc_server *server;
    char target[64];
};

static void serve(struct served *served)
{
    served->health = asg_rpc_health_new();
    struct asg_rpc_method methods[ASG_RPC_HEALTH_METHODS];
    asg_rpc_health_methods(served->health, methods);
    const struct asg_rpc_server_options options = {.address = "127.0.0.1:0",
                                                   .methods = methods,
                                                   .method_count =
                                                       ASG_RPC_HEALTH_METHODS};
    assert_status(ASG_OK, asg_rpc_server_new(&options, &served->server, NULL));
    (void)snprintf(served->target, sizeof served->target, "127.0.0.1:%u",
                   asg_rpc_server_port(served->server));
}

static void stop_serving(struct served *served)
{
    asg_rpc_server_destroy(&served->server);
    asg_rpc_health_destroy(&served->health);
}

static gpr_timespec in_seconds(int seconds)
{
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                        gpr_time_from_seconds(seconds, GPR_TIMESPAN));
}

enum { TAG_STARTED = 1, TAG_MESSAGE, TAG_STATUS };

static void *tag(intptr_t number)
{
    static char tags[TAG_STATUS + 1];
    return &tags[number];
}

static void wait_for_tag(struct watching *watching, intptr_t wanted)
{
    grpc_event event = grpc_completion_queue_next(watching->queue, in_seconds(20), NULL);
    assert_int_equal(GRPC_OP_COMPLETE, event.type);
    assert_ptr_equal(tag(wanted), event.tag);
}

/* `request` is a packed HealthCheckRequest. */
static void watch(struct watching *watching, const char *target, const char *request,
                  size_t length)
{
    *watching = (struct watching){.status = GRPC_STATUS_UNKNOWN};
    grpc_init();
    watching->queue = grpc_completion_queue_create_for_next(NULL);
    grpc_channel_credentials *plain = grpc_insecure_credentials_create();
    /* A connection of its own: a server takes only so many streams on one. */
    char key[] = GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL;
    grpc_arg alone = {.type = GRPC_ARG_INTEGER, .key = key};
    alone.value.integer = 1;
    const grpc_channel_args args = {1, &alone};
    watching->channel = grpc_channel_create(target, plain, &args);
    grpc_channel_credentials_release(plain);
    watching->call = grpc_channel_create_call(
        watching->channel, NULL, GRPC_PROPAGATE_DEFAULTS, watching->queue,
        grpc_slice_from_static_string("/grpc.health.v1.Health/Watch"), NULL,
        in_seconds(60), NULL);
    grpc_metadata_array_init(&watching->initial);
    grpc_metadata_array_init(&watching->trailing);

    grpc_slice slice = grpc_slice_from_copied_buffer(request, length);
    grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    grpc_op start[3] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},
                        {.op = GRPC_OP_SEND_MESSAGE},
                        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}};
    start[1].data.send_message.send_message = message;
    assert_int_equal(GRPC_CALL_OK, grpc_call_start_batch(watching->call, start, 3,
                                                         tag(TAG_STARTED), NULL));
    wait_for_tag(watching, TAG_STARTED);
    grpc_byte_buffer_destroy(message);
}

/* The next status of the stream, -1 at its end. */
static int next_status(struct watching *watching, bool is_first)
{
    grpc_byte_buffer *reply = NULL;
    grpc_op ops[2] = {{.op = GRPC_OP_RECV_MESSAGE},
                      {.op = GRPC_OP_RECV_INITIAL_METADATA}};
    ops[0].data.recv_message.recv_message = &reply;
    ops[1].data.recv_initial_metadata.recv_initial_metadata = &watching->initial;
    assert_int_equal(GRPC_CALL_OK,
                     grpc_call_start_batch(watching->call, ops, is_first ? 2 : 1,
                                           tag(TAG_MESSAGE), NULL));
    wait_for_tag(watching, TAG_MESSAGE);
    if (reply == NULL) return -1;
    grpc_byte_buffer_reader reader;
    assert_int_equal(1, grpc_byte_buffer_reader_init(&reader, reply));
    grpc_slice bytes = grpc_byte_buffer_reader_readall(&reader);
    /* Field 1, a small number: absent for UNKNOWN. */
    int status = 0;
    if (GRPC_SLICE_LENGTH(bytes) > 0) {
        assert_int_equal(2, GRPC_SLICE_LENGTH(bytes));
        assert_int_equal(0x08, GRPC_SLICE_START_PTR(bytes)[0]);
        status = GRPC_SLICE_START_PTR(bytes)[1];
    }
    grpc_slice_unref(bytes);
    grpc_byte_buffer_reader_destroy(&reader);
    grpc_byte_buffer_destroy(reply);
    return status;
}

static grpc_status_code end_watch(struct watching *watching)
{
    grpc_op last = {.op = GRPC_OP_RECV_STATUS_ON_CLIENT};
    last.data.recv_status_on_client.status = &watching->status;
    last.data.recv_status_on_client.status_details = &watching->details;
    last.data.recv_status_on_client.trailing_metadata = &watching->trailing;
    assert_int_equal(GRPC_CALL_OK, grpc_call_start_batch(watching->call, &last, 1,
                                                         tag(TAG_STATUS), NULL));
    wait_for_tag(watching, TAG_STATUS);
    grpc_slice_unref(watching->details);
    grpc_call_unref(watching->call);
    grpc_channel_destroy(watching->channel);
    grpc_metadata_array_destroy(&watching->initial);
    grpc_metadata_array_destroy(&watching->trailing);
    grpc_completion_queue_shutdown(watching->queue);
    while (grpc_completion_queue_next(watching->queue, in_seconds(20), NULL).type !=
           GRPC_QUEUE_SHUTDOWN) {
    }
    grpc_completion_queue_destroy(watching->queue);
    grpc_shutdown();
    return watching->status;
}

static void test_watch_says_the_status_now_and_after_each_change(void **state)
{
    (void)state;
    struct served served;
    serve(&served);
    assert_status(ASG_OK, asg_rpc_health_set(served.health, "", ASG_HEALTH_SERVING));
    struct watching watching;
    watch(&watching, served.target, "", 0);
    assert_int_equal(ASG_HEALTH_SERVING, next_status(&watching, true));
    assert_status(ASG_OK, asg_rpc_health_set(served.health, "", ASG_HEALTH_NOT_SERVING));
    assert_int_equal(ASG_HEALTH_NOT_SERVING, next_status(&watching, false));
    /* Not news: nothing is sent for these two. */
    assert_status(ASG_OK, asg_rpc_health_set(served.health, "", ASG_HEALTH_NOT_SERVING));
    assert_status(ASG_OK, asg_rpc_health_set(served.health, "other", ASG_HEALTH_SERVING));
    assert_status(ASG_OK, asg_rpc_health_set(served.health, "", ASG_HEALTH_SERVING));
    assert_int_equal(ASG_HEALTH_SERVING, next_status(&watching, false));
    (void)grpc_call_cancel(watching.call, NULL);
    assert_int_equal(GRPC_STATUS_CANCELLED, end_watch(&watching));
    stop_serving(&served);
}

static void test_watch_of_an_unknown_service_waits_until_it_is_known(void **state)
{
    (void)state;
    struct served served;
    serve(&served);
    struct watching watching;
    watch(&watching, served.target, "\x0a\x03new", 5);
    assert_int_equal(ASG_HEALTH_SERVICE_UNKNOWN, next_status(&watching, true));
    assert_status(ASG_OK, asg_rpc_health_set(served.health, "new", ASG_HEALTH_SERVING));
    assert_int_equal(ASG_HEALTH_SERVING, next_status(&watching, false));
    (void)grpc_call_cancel(watching.call, NULL);
    (void)end_watch(&watching);
    stop_serving(&served);
}

static void test_peer_that_does_not_read_gets_the_newest_status(void **state)
{
    (void)state;
    struct served served;
    serve(&served);
    assert_status(ASG_OK, asg_rpc_health_set(served.health, "", ASG_HEALTH_SERVING));
    struct watching watching;
    watch(&watching, served.target, "", 0);
    assert_int_equal(ASG_HEALTH_SERVING, next_status(&watching, true));
    for (int i = 0; i < 100000; i++) {
        enum asg_health_status status =
            i % 2 ? ASG_HEALTH_SERVING : ASG_HEALTH_NOT_SERVING;
        assert_status(ASG_OK, asg_rpc_health_set(served.health, "", status));
    }
    assert_status(ASG_OK, asg_rpc_health_set(served.health, "", ASG_HEALTH_UNKNOWN));
    int status = -1;
    int taken = 0;
    while (status != ASG_HEALTH_UNKNOWN) {
        status = next_status(&watching, false);
        assert_int_not_equal(-1, status);
        taken++;
    }
    assert_true(taken < 100000); /* most of them were replaced on their way */
    (void)grpc_call_cancel(watching.call, NULL);
    (void)end_watch(&watching);
    stop_serving(&served);
}

static void test_server_that_stops_ends_the_watch(void **state)
{
    (void)state;
    struct served served;
    serve(&served);
    struct watching watching;
    watch(&watching, served.target, "", 0);
    assert_int_equal(ASG_HEALTH_SERVICE_UNKNOWN, next_status(&watching, true));
    stop_serving(&served);
    assert_int_equal(-1, next_status(&watching, false));
    assert_int_not_equal(GRPC_STATUS_OK, end_watch(&watching));
}

static void test_one_watch_too_many_is_refused_and_leaves_room_for_check(void **state)
{
    (void)state;
    struct served served;
    serve(&served);
    struct watching watching[ASG_RPC_HEALTH_WATCHERS_MAX];
    for (int i = 0; i < ASG_RPC_HEALTH_WATCHERS_MAX; i++) {
        watch(&watching[i], served.target, "", 0);
        assert_int_equal(ASG_HEALTH_SERVICE_UNKNOWN, next_status(&watching[i], true));
    }
    struct watching refused;
    watch(&refused, served.target, "", 0);
    assert_int_equal(-1, next_status(&refused, true));
    assert_int_equal(GRPC_STATUS_RESOURCE_EXHAUSTED, end_watch(&refused));

    (void)grpc_call_cancel(watching[0].call, NULL);
    (void)end_watch(&watching[0]);
    int first = -1; /* its place is free as soon as the server has heard of it */
    while (first == -1) {
        watch(&watching[0], served.target, "", 0);
        first = next_status(&watching[0], true);
        if (first == -1) (void)end_watch(&watching[0]);
    }
    for (int i = 0; i < ASG_RPC_HEALTH_WATCHERS_MAX; i++) {
        (void)grpc_call_cancel(watching[i].call, NULL);
        (void)end_watch(&watching[i]);
    }
    stop_serving(&served);
}

static void test_services_and_names_are_bounded(void **state)
{
    (void)state;
    struct asg_rpc_health *health = asg_rpc_health_new();
    char name[ASG_RPC_HEALTH_SERVICE_BYTES + 1];
    memset(name, 'x', sizeof name);
    name[ASG_RPC_HEALTH_SERVICE_BYTES] = '\0';
    assert_status(ASG_ERR_LIMIT, asg_rpc_health_set(health, name, ASG_HEALTH_SERVING));
    for (int i = 0; i < ASG_RPC_HEALTH_SERVICES_MAX; i++) {
        (void)snprintf(name, sizeof name, "service-%d", i);
        assert_status(ASG_OK, asg_rpc_health_set(health, name, ASG_HEALTH_SERVING));
    }
    assert_status(ASG_ERR_LIMIT, asg_rpc_health_set(health, "one", ASG_HEALTH_SERVING));
    assert_status(ASG_OK,
                  asg_rpc_health_set(health, "service-0", ASG_HEALTH_NOT_SERVING));
    asg_rpc_health_destroy(&health);
    assert_null(health);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch_says_the_status_now_and_after_each_change),
        cmocka_unit_test(test_watch_of_an_unknown_service_waits_until_it_is_known),
        cmocka_unit_test(test_peer_that_does_not_read_gets_the_newest_status),
        cmocka_unit_test(test_server_that_stops_ends_the_watch),
        cmocka_unit_test(test_one_watch_too_many_is_refused_and_leaves_room_for_check),
        cmocka_unit_test(test_services_and_names_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
