/* test_bus - listeners and connections over real sockets: who is heard, who is not. */
#include "lib/check.h"
#include "lib/wait.h"

#include <zmq.h>

#include "bus/bus.h"
#include "bus/socket.h"

struct world {
    struct asg_bus *bus;
    struct asg_bus_keys server;
    struct asg_bus_keys client;
    struct asg_allow_list *list;
    struct asg_bus_listener *listener;
};

static int begin(void **state)
{
    static struct world world;
    struct asg_error error = {""};
    if (asg_bus_new(1, &world.bus, &error) != ASG_OK) return -1;
    asg_bus_keys_new(&world.server);
    asg_bus_keys_new(&world.client);
    asg_allow_list_new(&world.list);
    asg_allow_list_add(world.list, world.client.public_key, "worker-1");
    const struct asg_bus_listen_options options = {.endpoint = "tcp://127.0.0.1:*",
                                                   .domain = "workers",
                                                   .keys = &world.server,
                                                   .allow_list = world.list,
                                                   .max_message_bytes = 1000};
    if (asg_bus_listener_new(world.bus, &options, &world.listener, &error) != ASG_OK) {
        return -1;
    }
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    asg_bus_listener_destroy(&world->listener);
    asg_bus_destroy(&world->bus);
    asg_allow_list_destroy(&world->list);
    return 0;
}

static struct asg_bus_connection *connect_with(struct world *world,
                                               const struct asg_bus_keys *keys)
{
    const struct asg_bus_connect_options options = {
        .endpoint = asg_bus_listener_endpoint(world->listener),
        .server_key = world->server.public_key,
        .keys = keys,
        .max_message_bytes = 1000};
    struct asg_bus_connection *connection = NULL;
    assert_status(ASG_OK,
                  asg_bus_connection_new(world->bus, &options, &connection, NULL));
    return connection;
}

static bool receive(struct asg_bus_listener *listener, struct asg_bus_message *message,
                    int64_t limit_ms)
{
    struct wait wait = wait_begin(limit_ms);
    while (asg_bus_listener_receive(listener, message) != ASG_OK) {
        struct asg_bus_poll_item item = {.listener = listener};
        (void)asg_bus_poll(&item, 1, 20);
        if (wait_is_over(&wait)) return false;
    }
    return true;
}

static bool receive_back(struct asg_bus_connection *connection,
                         struct asg_bus_message *message, int64_t limit_ms)
{
    struct wait wait = wait_begin(limit_ms);
    while (asg_bus_connection_receive(connection, message) != ASG_OK) {
        struct asg_bus_poll_item item = {.connection = connection};
        (void)asg_bus_poll(&item, 1, 20);
        if (wait_is_over(&wait)) return false;
    }
    return true;
}

static void test_a_known_key_is_heard_and_answered(void **state)
{
    struct world *world = *state;
    struct asg_bus_connection *connection = connect_with(world, &world->client);
    assert_status(ASG_OK, asg_bus_connection_send(connection, "hello", 5));
    struct asg_bus_message message;
    assert_true(receive(world->listener, &message, 5000));
    assert_int_equal(5, message.length);
    assert_memory_equal("hello", message.data, 5);
    assert_string_equal(world->client.public_key, asg_bus_message_user_key(&message));
    assert_string_equal("127.0.0.1", asg_bus_message_peer_address(&message));
    assert_status(ASG_OK, asg_bus_listener_send(world->listener, message.peer, "yes", 3));
    assert_true(receive_back(connection, &message, 5000));
    assert_memory_equal("yes", message.data, 3);
    asg_bus_connection_destroy(&connection);
}

static void test_an_unknown_key_is_never_heard(void **state)
{
    struct world *world = *state;
    struct asg_bus_keys stranger;
    asg_bus_keys_new(&stranger);
    struct asg_bus_connection *connection = connect_with(world, &stranger);
    (void)asg_bus_connection_send(connection, "hello", 5);
    struct wait wait = wait_begin(5000);
    while (asg_bus_refused_count(world->bus) == 0 && !wait_is_over(&wait)) {
        wait_a_moment();
    }
    assert_true(asg_bus_refused_count(world->bus) > 0);
    struct asg_bus_message message;
    assert_status(ASG_ERR_EMPTY, asg_bus_listener_receive(world->listener, &message));
    asg_bus_connection_destroy(&connection);
}

static void test_a_plaintext_client_is_never_heard(void **state)
{
    struct world *world = *state;
    const struct asg_bus_connect_options options = {
        .endpoint = asg_bus_listener_endpoint(world->listener), .allow_plaintext = true};
    struct asg_bus_connection *plain = NULL;
    assert_status(ASG_OK, asg_bus_connection_new(world->bus, &options, &plain, NULL));
    (void)asg_bus_connection_send(plain, "hello", 5);
    struct asg_bus_connection *known = connect_with(world, &world->client);
    assert_status(ASG_OK, asg_bus_connection_send(known, "known", 5));
    struct asg_bus_message message;
    assert_true(receive(world->listener, &message, 5000));
    assert_memory_equal("known", message.data, 5);
    assert_status(ASG_ERR_EMPTY, asg_bus_listener_receive(world->listener, &message));
    asg_bus_connection_destroy(&plain);
    asg_bus_connection_destroy(&known);
}

/* The client, which is on the world's list, sends to a listener of another bus. */
static void check_it_is_not_heard(struct world *world, struct asg_bus *bus,
                                  struct asg_allow_list *list)
{
    const struct asg_bus_listen_options options = {.endpoint = "tcp://127.0.0.1:*",
                                                   .domain = "workers",
                                                   .keys = &world->server,
                                                   .allow_list = list,
                                                   .max_message_bytes = 1000};
    struct asg_bus_listener *listener = NULL;
    assert_status(ASG_OK, asg_bus_listener_new(bus, &options, &listener, NULL));
    const struct asg_bus_connect_options to = {.endpoint =
                                                   asg_bus_listener_endpoint(listener),
                                               .server_key = world->server.public_key,
                                               .keys = &world->client};
    struct asg_bus_connection *connection = NULL;
    assert_status(ASG_OK, asg_bus_connection_new(world->bus, &to, &connection, NULL));
    (void)asg_bus_connection_send(connection, "hello", 5);
    struct asg_bus_message message;
    assert_false(receive(listener, &message, 700));
    asg_bus_connection_destroy(&connection);
    asg_bus_listener_destroy(&listener);
}

static void test_without_a_zap_handler_nobody_gets_in(void **state)
{
    struct world *world = *state;
    /* A second context, whose handler we end: what is left is the enforced domain. */
    struct asg_bus *bus = NULL;
    assert_status(ASG_OK, asg_bus_new(1, &bus, NULL));
    asg_bus_stop_zap_for_test(bus);
    check_it_is_not_heard(world, bus, world->list);
    asg_bus_destroy(&bus);
}

static void test_without_a_list_nobody_gets_in(void **state)
{
    struct world *world = *state;
    struct asg_bus *bus = NULL;
    assert_status(ASG_OK, asg_bus_new(1, &bus, NULL));
    check_it_is_not_heard(world, bus, NULL);
    assert_true(asg_bus_refused_count(bus) > 0);
    asg_bus_destroy(&bus);
}

static void test_an_oversized_message_ends_only_its_connection(void **state)
{
    struct world *world = *state;
    struct asg_bus_connection *connection = connect_with(world, &world->client);
    static const char large[2000];
    (void)asg_bus_connection_send(connection, large, sizeof large);
    struct asg_bus_connection *other = connect_with(world, &world->client);
    assert_status(ASG_OK, asg_bus_connection_send(other, "small", 5));
    struct asg_bus_message message;
    assert_true(receive(world->listener, &message, 5000));
    assert_int_equal(5, message.length);
    asg_bus_connection_destroy(&connection);
    asg_bus_connection_destroy(&other);
}

/* A DEALER of the test's own, with what the bus would never do. */
static void *raw_dealer(struct world *world, void **ret_context)
{
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_DEALER);
    int linger_ms = 0;
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, world->server.public_key, 41);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, world->client.public_key, 41);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, world->client.secret_key, 41);
    *ret_context = context;
    return socket;
}

static void drop_until(struct world *world, uint64_t count)
{
    struct wait wait = wait_begin(5000);
    struct asg_bus_message message;
    while (asg_bus_listener_dropped(world->listener) < count && !wait_is_over(&wait)) {
        assert_status(ASG_ERR_EMPTY, asg_bus_listener_receive(world->listener, &message));
        wait_a_moment();
    }
    assert_int_equal(count, asg_bus_listener_dropped(world->listener));
}

static void test_a_name_the_peer_chose_is_dropped(void **state)
{
    struct world *world = *state;
    void *context;
    void *socket = raw_dealer(world, &context);
    (void)zmq_setsockopt(socket, ZMQ_ROUTING_ID, "squatter", 8);
    assert_int_equal(0, zmq_connect(socket, asg_bus_listener_endpoint(world->listener)));
    assert_int_equal(5, zmq_send(socket, "hello", 5, 0));
    drop_until(world, 1);
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
}

/* Speak under a number that was another's. ROUTER turns away who asks for one that it has
 * not wholly let go of, and says nothing: then knock again. */
static void take_over(struct world *world, uint32_t peer, struct asg_bus_message *message)
{
    uint8_t routing_id[5] = {0};
    memcpy(routing_id + 1, &peer, sizeof peer);
    struct wait wait = wait_begin(20000);
    bool is_heard = false;
    while (!is_heard) {
        assert_false(wait_is_over(&wait));
        void *context;
        void *socket = raw_dealer(world, &context);
        (void)zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing_id, sizeof routing_id);
        assert_int_equal(0,
                         zmq_connect(socket, asg_bus_listener_endpoint(world->listener)));
        assert_int_equal(6, zmq_send(socket, "second", 6, 0));
        is_heard = receive(world->listener, message, 2000);
        (void)zmq_close(socket);
        (void)zmq_ctx_term(context);
    }
}

/* Why the key of every message must be looked at: the number alone proves nothing. */
static void test_a_number_that_a_peer_took_over_speaks_with_its_own_key(void **state)
{
    struct world *world = *state;
    struct asg_bus_message message;
    struct asg_bus_keys heir;
    asg_bus_keys_new(&heir);
    asg_allow_list_add(world->list, heir.public_key, "worker-2");
    struct asg_bus_connection *first = connect_with(world, &heir);
    assert_status(ASG_OK, asg_bus_connection_send(first, "first", 5));
    assert_true(receive(world->listener, &message, 5000));
    assert_string_equal(heir.public_key, asg_bus_message_user_key(&message));
    uint32_t peer = message.peer;
    asg_bus_connection_destroy(&first);
    struct wait wait = wait_begin(5000);
    while (asg_bus_listener_send(world->listener, peer, "x", 1) != ASG_ERR_CLOSED) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    take_over(world, peer, &message);
    assert_int_equal(peer, message.peer);
    assert_string_equal(world->client.public_key, asg_bus_message_user_key(&message));
}

static void test_a_message_of_several_frames_is_dropped_whole(void **state)
{
    struct world *world = *state;
    void *context;
    void *socket = raw_dealer(world, &context);
    assert_int_equal(0, zmq_connect(socket, asg_bus_listener_endpoint(world->listener)));
    assert_int_equal(1, zmq_send(socket, "a", 1, ZMQ_SNDMORE));
    assert_int_equal(1, zmq_send(socket, "b", 1, ZMQ_SNDMORE));
    assert_int_equal(1, zmq_send(socket, "c", 1, 0));
    drop_until(world, 1);
    assert_int_equal(5, zmq_send(socket, "after", 5, 0));
    struct asg_bus_message message;
    assert_true(receive(world->listener, &message, 5000));
    assert_memory_equal("after", message.data, 5);
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
}

static void test_a_peer_that_left_is_told_as_closed(void **state)
{
    struct world *world = *state;
    assert_status(ASG_ERR_CLOSED, asg_bus_listener_send(world->listener, 12345, "x", 1));
}

static void test_a_connection_finds_a_listener_that_came_back(void **state)
{
    struct world *world = *state;
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    (void)snprintf(endpoint, sizeof endpoint, "%s",
                   asg_bus_listener_endpoint(world->listener));
    struct asg_bus_connection *connection = connect_with(world, &world->client);
    assert_status(ASG_OK, asg_bus_connection_send(connection, "one", 3));
    struct asg_bus_message message;
    assert_true(receive(world->listener, &message, 5000));
    asg_bus_listener_destroy(&world->listener);
    const struct asg_bus_listen_options options = {.endpoint = endpoint,
                                                   .domain = "workers",
                                                   .keys = &world->server,
                                                   .allow_list = world->list,
                                                   .max_message_bytes = 1000};
    struct wait wait = wait_begin(5000);
    while (asg_bus_listener_new(world->bus, &options, &world->listener, NULL) != ASG_OK) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    bool is_heard = false;
    wait = wait_begin(10000);
    while (!is_heard && !wait_is_over(&wait)) {
        (void)asg_bus_connection_send(connection, "two", 3);
        is_heard = receive(world->listener, &message, 200);
    }
    assert_true(is_heard);
    asg_bus_connection_destroy(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_known_key_is_heard_and_answered, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_an_unknown_key_is_never_heard, begin, end),
        cmocka_unit_test_setup_teardown(test_a_plaintext_client_is_never_heard, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_without_a_zap_handler_nobody_gets_in, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_without_a_list_nobody_gets_in, begin, end),
        cmocka_unit_test_setup_teardown(
            test_an_oversized_message_ends_only_its_connection, begin, end),
        cmocka_unit_test_setup_teardown(test_a_name_the_peer_chose_is_dropped, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            test_a_number_that_a_peer_took_over_speaks_with_its_own_key, begin, end),
        cmocka_unit_test_setup_teardown(test_a_message_of_several_frames_is_dropped_whole,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_a_peer_that_left_is_told_as_closed, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_a_connection_finds_a_listener_that_came_back,
                                        begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
