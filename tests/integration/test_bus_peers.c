/* Many peers of one listener: crowds, keys that are taken back, queues that fill. */
#include <stdio.h>

#include "bus/bus.h"
#include "lib/check.h"
#include "lib/wait.h"

#define CROWD 200

struct world {
    struct asg_bus *near; /* the listener's */
    struct asg_bus *far;  /* the clients': keys and handler are none of theirs */
    struct asg_bus_keys server;
    struct asg_bus_keys client;
    struct asg_allow_list *list;
    struct asg_bus_listener *listener;
};

static enum asg_status listen_at(struct world *world, const char *endpoint)
{
    const struct asg_bus_listen_options options = {.endpoint = endpoint,
                                                   .domain = "workers",
                                                   .keys = &world->server,
                                                   .allow_list = world->list,
                                                   .high_water = 10};
    return asg_bus_listener_new(world->near, &options, &world->listener, NULL);
}

static int set_up(void **state)
{
    static struct world world;
    if (asg_bus_new(1, &world.near, NULL) != ASG_OK) return -1;
    if (asg_bus_new(1, &world.far, NULL) != ASG_OK) return -1;
    asg_bus_keys_new(&world.server);
    asg_bus_keys_new(&world.client);
    asg_allow_list_new(&world.list);
    asg_allow_list_add(world.list, world.client.public_key, "worker-1");
    *state = &world;
    return listen_at(&world, "tcp://127.0.0.1:*") != ASG_OK;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    asg_bus_listener_destroy(&world->listener);
    asg_bus_destroy(&world->far);
    asg_bus_destroy(&world->near);
    asg_allow_list_destroy(&world->list);
    return 0;
}

static struct asg_bus_connection *connect_from(struct world *world,
                                               const struct asg_bus_keys *keys,
                                               const char *source)
{
    const struct asg_bus_connect_options options = {
        .endpoint = asg_bus_listener_endpoint(world->listener),
        .source_address = source,
        .server_key = world->server.public_key,
        .keys = keys,
        .high_water = 10,
        .reconnect_ms = 20,
        .reconnect_ms_max = 100};
    struct asg_bus_connection *connection = NULL;
    assert_status(ASG_OK,
                  asg_bus_connection_new(world->far, &options, &connection, NULL));
    return connection;
}

static bool receive(struct world *world, struct asg_bus_message *message,
                    struct wait *wait)
{
    while (asg_bus_listener_receive(world->listener, message) != ASG_OK) {
        struct asg_bus_poll_item item = {.listener = world->listener};
        (void)asg_bus_poll(&item, 1, 20);
        if (wait_is_over(wait)) return false;
    }
    return true;
}

/* Refusals until now; true when there are more within five seconds. */
static bool is_refused_again(struct world *world, uint64_t before)
{
    struct wait wait = wait_begin(5000);
    while (asg_bus_refused_count(world->near) <= before) {
        if (wait_is_over(&wait)) return false;
        wait_a_moment();
    }
    return true;
}

static void test_bus_hears_and_answers_two_hundred_peers(void **state)
{
    struct world *world = *state;
    static struct asg_bus_connection *crowd[CROWD];
    static uint32_t peers[CROWD];
    for (uint32_t i = 0; i < CROWD; i++) {
        crowd[i] = connect_from(world, &world->client, NULL);
        assert_status(ASG_OK, asg_bus_connection_send(crowd[i], &i, sizeof i));
    }
    struct wait wait = wait_begin(30000);
    struct asg_bus_message message;
    for (size_t heard = 0; heard < CROWD; heard++) {
        uint32_t who;
        assert_true(receive(world, &message, &wait));
        assert_int_equal(sizeof who, message.length);
        memcpy(&who, message.data, sizeof who);
        assert_in_range(who, 0, CROWD - 1);
        assert_int_equal(0, peers[who]); /* each once */
        peers[who] = message.peer;
    }
    for (uint32_t i = 0; i < CROWD; i++) { /* and each gets its own answer */
        assert_status(ASG_OK,
                      asg_bus_listener_send(world->listener, peers[i], &i, sizeof i));
    }
    for (uint32_t i = 0; i < CROWD; i++) {
        while (asg_bus_connection_receive(crowd[i], &message) != ASG_OK) {
            assert_false(wait_is_over(&wait));
            wait_a_moment();
        }
        assert_int_equal(sizeof i, message.length);
        assert_memory_equal(&i, message.data, sizeof i);
        asg_bus_connection_destroy(&crowd[i]);
    }
}

static void test_bus_refuses_a_key_that_was_taken_back_and_knows_it_again(void **state)
{
    struct world *world = *state;
    struct wait wait = wait_begin(20000);
    struct asg_bus_message message;
    struct asg_bus_connection *connection = connect_from(world, &world->client, NULL);
    assert_status(ASG_OK, asg_bus_connection_send(connection, "one", 3));
    assert_true(receive(world, &message, &wait));
    asg_bus_connection_destroy(&connection);

    assert_status(ASG_OK, asg_allow_list_load(world->list, "/nonexistent", NULL));
    uint64_t before = asg_bus_refused_count(world->near);
    connection = connect_from(world, &world->client, NULL);
    (void)asg_bus_connection_send(connection, "two", 3);
    assert_true(is_refused_again(world, before));
    assert_status(ASG_ERR_EMPTY, asg_bus_listener_receive(world->listener, &message));

    asg_allow_list_add(world->list, world->client.public_key, "worker-1");
    bool is_heard = false; /* it keeps on knocking; what it said before is forgotten */
    while (!is_heard) {
        assert_false(wait_is_over(&wait));
        (void)asg_bus_connection_send(connection, "two", 3);
        struct wait moment = wait_begin(200);
        is_heard = receive(world, &message, &moment);
        struct asg_bus_poll_item item = {.connection = connection};
        (void)asg_bus_poll(&item, 1, 0);
    }
    assert_memory_equal("two", message.data, 3);
    asg_bus_connection_destroy(&connection);
}

static void test_bus_does_not_believe_a_public_key_without_its_secret(void **state)
{
    struct world *world = *state;
    struct asg_bus_keys thief;
    asg_bus_keys_new(&thief);
    memcpy(thief.public_key, world->client.public_key, sizeof thief.public_key);
    struct asg_bus_connection *forged = connect_from(world, &thief, NULL);
    (void)asg_bus_connection_send(forged, "mine", 4);
    struct asg_bus_connection *real = connect_from(world, &world->client, NULL);
    struct asg_bus_message message;
    /* Many of the true one's messages pass while the forged one knocks. */
    struct wait wait = wait_begin(20000);
    for (int i = 0; i < 50; i++) {
        assert_status(ASG_OK, asg_bus_connection_send(real, "true", 4));
        assert_true(receive(world, &message, &wait));
        assert_memory_equal("true", message.data, 4);
        wait_a_moment();
    }
    asg_bus_connection_destroy(&forged);
    asg_bus_connection_destroy(&real);
}

static void test_bus_says_busy_when_nobody_takes_the_messages(void **state)
{
    struct world *world = *state;
    struct asg_bus_connection *connection = connect_from(world, &world->client, NULL);
    assert_status(ASG_OK, asg_bus_connection_send(connection, "hi", 2));
    struct wait wait = wait_begin(20000);
    struct asg_bus_message message;
    assert_true(receive(world, &message, &wait));
    static const char block[65536];
    enum asg_status status = ASG_OK;
    size_t sent = 0;
    while (status == ASG_OK && !wait_is_over(&wait)) {
        status =
            asg_bus_listener_send(world->listener, message.peer, block, sizeof block);
        if (status == ASG_OK) sent++;
    }
    assert_status(ASG_ERR_BUSY, status);
    /* What was taken arrives, all of it and nothing else; then there is room again. */
    for (size_t i = 0; i < sent; i++) {
        struct asg_bus_message got;
        while (asg_bus_connection_receive(connection, &got) != ASG_OK) {
            assert_false(wait_is_over(&wait));
            wait_a_moment();
        }
        assert_int_equal(sizeof block, got.length);
    }
    do {
        status = asg_bus_listener_send(world->listener, message.peer, "x", 1);
        wait_a_moment();
    } while (status == ASG_ERR_BUSY && !wait_is_over(&wait));
    assert_status(ASG_OK, status);
    asg_bus_connection_destroy(&connection);
}

static void test_bus_says_closed_when_a_peer_has_left(void **state)
{
    struct world *world = *state;
    struct asg_bus_connection *connection = connect_from(world, &world->client, NULL);
    assert_status(ASG_OK, asg_bus_connection_send(connection, "hi", 2));
    struct wait wait = wait_begin(20000);
    struct asg_bus_message message;
    assert_true(receive(world, &message, &wait));
    asg_bus_connection_destroy(&connection);
    enum asg_status status;
    do {
        status = asg_bus_listener_send(world->listener, message.peer, "x", 1);
        wait_a_moment();
    } while (status != ASG_ERR_CLOSED && !wait_is_over(&wait));
    assert_status(ASG_ERR_CLOSED, status);
}

static void test_bus_comes_from_the_address_it_is_told(void **state)
{
    struct world *world = *state;
    struct asg_bus_connection *connection =
        connect_from(world, &world->client, "127.0.0.9");
    assert_status(ASG_OK, asg_bus_connection_send(connection, "hi", 2));
    struct wait wait = wait_begin(20000);
    struct asg_bus_message message;
    assert_true(receive(world, &message, &wait));
    assert_string_equal("127.0.0.9", asg_bus_message_peer_address(&message));
    asg_bus_connection_destroy(&connection);
}

static void test_bus_says_which_address_is_taken(void **state)
{
    struct world *world = *state;
    const struct asg_bus_listen_options options = {
        .endpoint = asg_bus_listener_endpoint(world->listener),
        .domain = "workers",
        .keys = &world->server};
    struct asg_bus_listener *second = NULL;
    struct asg_error error = {""};
    assert_status(ASG_ERR_IO,
                  asg_bus_listener_new(world->near, &options, &second, &error));
    assert_null(second);
    assert_non_null(strstr(error.text, options.endpoint));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bus_hears_and_answers_two_hundred_peers),
        TEST(test_bus_refuses_a_key_that_was_taken_back_and_knows_it_again),
        TEST(test_bus_does_not_believe_a_public_key_without_its_secret),
        TEST(test_bus_says_busy_when_nobody_takes_the_messages),
        TEST(test_bus_says_closed_when_a_peer_has_left),
        TEST(test_bus_comes_from_the_address_it_is_told),
        TEST(test_bus_says_which_address_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
