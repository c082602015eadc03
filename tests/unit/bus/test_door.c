/* test_door - who may stay at a listener: keys taken back, keys with too many
 * connections, keys that connect too often, and those that never say a word. */
#include <stdio.h>

#include "base/accept_limits.h"
#include "bus/bus.h"
#include "bus/refused.h"
#include "bus/socket.h"
#include "lib/check.h"
#include "lib/wait.h"

#define HELD 3

struct world {
    struct asg_bus *near;
    struct asg_bus *far;
    struct asg_bus_keys server;
    struct asg_bus_keys client;
    struct asg_bus_keys other;
    struct asg_allow_list *list;
    struct asg_bus_listener *listener;
    int64_t reconnect_ms;
};

static void listen_with(struct world *world, struct asg_bus_listen_options options)
{
    options.endpoint = "tcp://127.0.0.1:*";
    options.domain = "workers";
    options.keys = &world->server;
    options.allow_list = world->list;
    options.lane = ASG_BUS_LANE_JOBS;
    assert_status(ASG_OK,
                  asg_bus_listener_new(world->near, &options, &world->listener, NULL));
}

static int begin(void **state)
{
    static struct world world;
    if (asg_bus_new(3, &world.near, NULL) != ASG_OK) return -1;
    if (asg_bus_new(1, &world.far, NULL) != ASG_OK) return -1;
    asg_bus_keys_new(&world.server);
    asg_bus_keys_new(&world.client);
    asg_bus_keys_new(&world.other);
    asg_allow_list_new(&world.list);
    asg_allow_list_add(world.list, world.client.public_key, "worker-1");
    asg_allow_list_add(world.list, world.other.public_key, "worker-2");
    world.reconnect_ms = 5000; /* what is ended stays away for the test */
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    asg_bus_listener_destroy(&world->listener);
    asg_bus_destroy(&world->far);
    asg_bus_destroy(&world->near);
    asg_allow_list_destroy(&world->list);
    return 0;
}

static struct asg_bus_connection *connect_as(struct world *world,
                                             const struct asg_bus_keys *keys,
                                             const char *server_key)
{
    const struct asg_bus_connect_options options = {
        .endpoint = asg_bus_listener_endpoint(world->listener),
        .server_key = server_key,
        .keys = keys,
        .reconnect_ms = world->reconnect_ms};
    struct asg_bus_connection *connection = NULL;
    assert_status(ASG_OK,
                  asg_bus_connection_new(world->far, &options, &connection, NULL));
    return connection;
}

static bool hears(struct world *world, struct asg_bus_connection *connection,
                  const char *words, int64_t limit_ms, uint32_t *ret_peer)
{
    assert_status(ASG_OK, asg_bus_connection_send(connection, words, strlen(words)));
    struct wait wait = wait_begin(limit_ms);
    struct asg_bus_message message;
    while (!wait_is_over(&wait)) {
        struct asg_bus_poll_item item = {.listener = world->listener};
        (void)asg_bus_poll(&item, 1, 20);
        if (asg_bus_listener_receive(world->listener, &message) != ASG_OK) continue;
        if (message.length != strlen(words)) continue;
        if (memcmp(message.data, words, message.length) != 0) continue;
        if (ret_peer != NULL) *ret_peer = message.peer;
        return true;
    }
    return false;
}

/* Until the listener has noted it; looks are what makes it end connections. */
static bool is_refused(struct world *world, const char *key, const char *why)
{
    struct wait wait = wait_begin(10000);
    struct asg_bus_message message;
    while (!wait_is_over(&wait)) {
        struct asg_bus_poll_item item = {.listener = world->listener};
        (void)asg_bus_poll(&item, 1, 20);
        assert_status(ASG_ERR_EMPTY, asg_bus_listener_receive(world->listener, &message));
        struct asg_bus_refusal rows[ASG_BUS_REFUSED_MAX];
        size_t count = asg_bus_refusals(world->near, rows, ASG_BUS_REFUSED_MAX);
        for (size_t i = 0; i < count; i++) {
            bool is_it = strcmp(rows[i].key, key) == 0 &&
                         strcmp(rows[i].address, "127.0.0.1") == 0 &&
                         strcmp(rows[i].domain, "workers") == 0;
            if (is_it && strstr(rows[i].why, why) != NULL) return true;
        }
        wait_a_moment();
    }
    return false;
}

static bool is_link(struct world *world, struct asg_bus_connection *connection,
                    enum asg_bus_link link)
{
    struct wait wait = wait_begin(10000);
    struct asg_bus_message message;
    while (asg_bus_connection_link(connection, NULL) != link) {
        assert_status(ASG_ERR_EMPTY, asg_bus_listener_receive(world->listener, &message));
        if (wait_is_over(&wait)) return false;
        wait_a_moment();
    }
    return true;
}

static void test_a_key_that_is_taken_back_is_shut_out_at_once(void **state)
{
    struct world *world = *state;
    uint32_t peer = 0;
    listen_with(world, (struct asg_bus_listen_options){0});
    struct asg_bus_connection *gone =
        connect_as(world, &world->client, world->server.public_key);
    struct asg_bus_connection *stays =
        connect_as(world, &world->other, world->server.public_key);
    assert_true(hears(world, gone, "one", 10000, &peer));
    assert_true(hears(world, stays, "two", 10000, NULL));
    assert_status(ASG_OK, asg_allow_list_load(world->list, "/nonexistent", NULL));
    asg_allow_list_add(world->list, world->other.public_key, "worker-2");
    assert_status(ASG_OK, asg_bus_connection_send(gone, "late", 4));
    assert_true(is_link(world, gone, ASG_BUS_LINK_DOWN)); /* and "late" was not heard: */
    struct asg_bus_message message;
    assert_status(ASG_ERR_EMPTY, asg_bus_listener_receive(world->listener, &message));
    assert_int_equal(1, asg_bus_listener_shut_count(world->listener));
    struct wait wait = wait_begin(10000);
    while (asg_bus_listener_send(world->listener, peer, "x", 1) != ASG_ERR_CLOSED) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    assert_true(hears(world, stays, "still here", 10000, NULL));
    assert_int_equal(ASG_BUS_LINK_UP, asg_bus_connection_link(stays, NULL));
    asg_bus_connection_destroy(&gone);
    asg_bus_connection_destroy(&stays);
}

static void test_a_key_has_only_so_many_connections(void **state)
{
    struct world *world = *state;
    listen_with(world, (struct asg_bus_listen_options){.connections_key = HELD});
    struct asg_bus_connection *held[HELD];
    for (int i = 0; i < HELD; i++) {
        held[i] = connect_as(world, &world->client, world->server.public_key);
        assert_true(hears(world, held[i], "mine", 10000, NULL));
    }
    struct asg_bus_connection *more =
        connect_as(world, &world->client, world->server.public_key);
    assert_status(ASG_OK, asg_bus_connection_send(more, "too many", 8));
    assert_true(is_refused(world, world->client.public_key, "too many connections"));
    assert_true(is_link(world, more, ASG_BUS_LINK_DOWN));
    struct asg_bus_connection *other =
        connect_as(world, &world->other, world->server.public_key);
    assert_true(hears(world, other, "other key", 10000, NULL));
    asg_bus_connection_destroy(&held[0]); /* which makes room */
    asg_bus_connection_destroy(&more);
    bool is_heard = false;
    struct wait wait = wait_begin(10000);
    while (!is_heard && !wait_is_over(&wait)) {
        more = connect_as(world, &world->client, world->server.public_key);
        is_heard = hears(world, more, "again", 500, NULL);
        if (!is_heard) asg_bus_connection_destroy(&more);
    }
    assert_true(is_heard);
    asg_bus_connection_destroy(&more);
    asg_bus_connection_destroy(&other);
    for (int i = 1; i < HELD; i++)
        asg_bus_connection_destroy(&held[i]);
}

static uint32_t open_at(uint16_t port)
{
    struct asg_accept_counts counts;
    assert_true(asg_accept_counts(port, &counts));
    return counts.open;
}

static void wait_for_message(struct world *world)
{
    zmq_pollitem_t item = {.socket = world->listener->socket, .events = ZMQ_POLLIN};
    assert_int_equal(1, zmq_poll(&item, 1, 10000));
}

static struct asg_bus_connection *connect_and_shake(struct world *world,
                                                    const struct asg_bus_keys *keys)
{
    struct asg_bus_connection *connection =
        connect_as(world, keys, world->server.public_key);
    struct wait wait = wait_begin(10000);
    while (asg_bus_connection_link(connection, NULL) != ASG_BUS_LINK_UP) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    return connection;
}

static int fd_of_next(struct world *world, const char *words)
{
    struct asg_bus_message message;
    wait_for_message(world);
    assert_status(ASG_OK, asg_bus_listener_receive(world->listener, &message));
    assert_int_equal(strlen(words), message.length);
    assert_memory_equal(words, message.data, message.length);
    return asg_bus_message_fd(&message);
}

/* True: the other one got the descriptor of the one who had left. */
static bool leave_a_word_and_go(struct world *world)
{
    uint16_t port = world->listener->port;
    struct asg_bus_connection *thief = connect_and_shake(world, &world->client);
    assert_status(ASG_OK, asg_bus_connection_send(thief, "left", 4));
    wait_for_message(world);
    asg_bus_connection_destroy(&thief);
    struct wait wait = wait_begin(10000);
    while (open_at(port) != 1) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    struct asg_bus_connection *honest = connect_and_shake(world, &world->other);
    int fd = fd_of_next(world, "left");
    assert_int_equal(0, asg_bus_listener_shut_count(world->listener));
    assert_status(ASG_OK, asg_bus_connection_send(honest, "hello", 5));
    bool is_same = fd_of_next(world, "hello") == fd;
    asg_bus_connection_destroy(&honest);
    wait = wait_begin(10000);
    while (open_at(port) != 1) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    return is_same;
}

/* What a key said before it left does not count for who has its descriptor now. */
static void test_who_gets_a_descriptor_is_not_taken_for_who_left_it(void **state)
{
    struct world *world = *state;
    listen_with(world, (struct asg_bus_listen_options){.connections_key = 1});
    uint16_t port = world->listener->port;
    asg_accept_limit(port, &(struct asg_accept_limits){.name = "workers"});
    struct asg_bus_connection *held =
        connect_as(world, &world->client, world->server.public_key);
    assert_true(hears(world, held, "mine", 10000, NULL));
    struct wait wait = wait_begin(30000);
    while (!leave_a_word_and_go(world))
        assert_false(wait_is_over(&wait));
    asg_accept_unlimit(port);
    asg_bus_connection_destroy(&held);
}

static void test_a_key_connects_only_so_often(void **state)
{
    struct world *world = *state;
    listen_with(world, (struct asg_bus_listen_options){.handshakes_key_hour = 1,
                                                       .handshakes_key_burst = 2});
    for (int i = 0; i < 2; i++) {
        struct asg_bus_connection *connection =
            connect_as(world, &world->client, world->server.public_key);
        assert_true(hears(world, connection, "in", 10000, NULL));
        asg_bus_connection_destroy(&connection);
    }
    struct asg_bus_connection *more =
        connect_as(world, &world->client, world->server.public_key);
    assert_true(is_refused(world, world->client.public_key, "too many handshakes"));
    struct asg_bus_connection *other =
        connect_as(world, &world->other, world->server.public_key);
    assert_true(hears(world, other, "other key", 10000, NULL));
    asg_bus_connection_destroy(&more);
    asg_bus_connection_destroy(&other);
}

static void test_a_connection_that_never_says_a_word_is_ended(void **state)
{
    struct world *world = *state;
    listen_with(world, (struct asg_bus_listen_options){.silent_ms = 1});
    struct asg_bus_connection *silent =
        connect_as(world, &world->client, world->server.public_key);
    assert_true(is_link(world, silent, ASG_BUS_LINK_UP));
    assert_true(is_link(world, silent, ASG_BUS_LINK_DOWN));
    assert_true(asg_bus_listener_shut_count(world->listener) > 0);
    asg_bus_connection_destroy(&silent);
}

static void test_a_wrong_server_key_is_seen_from_both_ends(void **state)
{
    struct world *world = *state;
    listen_with(world, (struct asg_bus_listen_options){0});
    world->reconnect_ms = 20;
    struct asg_bus_connection *wrong =
        connect_as(world, &world->client, world->other.public_key);
    assert_true(is_refused(world, "", "wrong server key"));
    const char *why = "";
    struct wait wait = wait_begin(10000);
    while (strstr(why, "(server_key, controller.key) may not be") == NULL) {
        assert_int_equal(ASG_BUS_LINK_DOWN, asg_bus_connection_link(wrong, &why));
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    asg_bus_connection_destroy(&wrong);
}

/* One that knocks with ever new keys does not push out those who knock elsewhere. */
static void test_a_flood_of_keys_leaves_other_rows_in_the_table(void **state)
{
    struct world *world = *state;
    struct refused_table *table = NULL;
    refused_table_new(&table);
    const struct refused_peer honest = {
        .domain = "workers", .key = world->client.public_key, .address = "10.0.0.7"};
    refused_table_add(table, &honest, "key not admitted", 1);
    for (int i = 0; i < 500; i++) {
        char key[ASG_BUS_KEY_SIZE];
        (void)snprintf(key, sizeof key, "%040d", i);
        const struct refused_peer flood = {
            .domain = "workers", .key = key, .address = "10.6.6.6"};
        refused_table_add(table, &flood, "key not admitted", 2 + i);
    }
    refused_table_add(table, &honest, "key not admitted", 1000);
    struct asg_bus bus = {.refused = table};
    struct asg_bus_refusal rows[ASG_BUS_REFUSED_MAX];
    assert_int_equal(ASG_BUS_REFUSED_MAX,
                     asg_bus_refusals(&bus, rows, ASG_BUS_REFUSED_MAX));
    assert_string_equal("10.0.0.7", rows[0].address); /* the newest, and counted on */
    assert_int_equal(2, rows[0].count);
    assert_int_equal(1, rows[0].first_ms);
    assert_int_equal(502, refused_table_total(table));
    refused_table_destroy(&table);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_that_is_taken_back_is_shut_out_at_once),
        TEST(test_a_key_has_only_so_many_connections),
        TEST(test_who_gets_a_descriptor_is_not_taken_for_who_left_it),
        TEST(test_a_key_connects_only_so_often),
        TEST(test_a_connection_that_never_says_a_word_is_ended),
        TEST(test_a_wrong_server_key_is_seen_from_both_ends),
        TEST(test_a_flood_of_keys_leaves_other_rows_in_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
