/* test_inlet - reports one way: who is heard, and that the other end knows whether it is.
 */
#include "bus/inlet.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zmq.h>

#include "bus/outlet.h"
#include "bus/refused.h"
#include "bus/socket.h"
#include "lib/check.h"
#include "lib/wait.h"

struct world {
    struct asg_bus *near;
    struct asg_bus *far;
    struct asg_bus_keys server;
    struct asg_bus_keys client;
    struct asg_key_set *set;
    struct asg_bus_inlet *inlet;
};

static enum asg_status listen_at(struct world *world, const char *endpoint)
{
    const struct asg_bus_inlet_options options = {.endpoint = endpoint,
                                                  .domain = "agents",
                                                  .keys = &world->server,
                                                  .key_set = world->set};
    return asg_bus_inlet_new(world->near, &options, &world->inlet, NULL);
}

static int begin(void **state)
{
    static struct world world;
    if (asg_bus_new(1, &world.near, NULL) != ASG_OK) return -1;
    if (asg_bus_new(1, &world.far, NULL) != ASG_OK) return -1;
    asg_bus_keys_new(&world.server);
    asg_bus_keys_new(&world.client);
    asg_key_set_new(&world.set);
    asg_key_set_add(world.set, world.client.public_key);
    *state = &world;
    return listen_at(&world, "tcp://127.0.0.1:*") != ASG_OK;
}

static int end(void **state)
{
    struct world *world = *state;
    asg_bus_inlet_destroy(&world->inlet);
    asg_bus_destroy(&world->far);
    asg_bus_destroy(&world->near);
    asg_key_set_destroy(&world->set);
    return 0;
}

static struct asg_bus_outlet *connect_to(struct world *world, const char *endpoint,
                                         const char *server_key,
                                         const struct asg_bus_keys *keys)
{
    const struct asg_bus_connect_options options = {.endpoint = endpoint,
                                                    .server_key = server_key,
                                                    .keys = keys,
                                                    .reconnect_ms = 20,
                                                    .reconnect_ms_max = 100};
    struct asg_bus_outlet *outlet = NULL;
    assert_status(ASG_OK, asg_bus_outlet_new(world->far, &options, &outlet, NULL));
    return outlet;
}

static struct asg_bus_outlet *connect_with(struct world *world,
                                           const struct asg_bus_keys *keys)
{
    return connect_to(world, asg_bus_inlet_endpoint(world->inlet),
                      world->server.public_key, keys);
}

static bool is_link(struct asg_bus_outlet *outlet, enum asg_bus_link link,
                    const char *words)
{
    struct wait wait = wait_begin(15000);
    const char *why = NULL;
    for (;;) {
        enum asg_bus_link now = asg_bus_outlet_link(outlet, &why);
        if (now == link && strstr(why, words) != NULL) return true;
        if (wait_is_over(&wait)) break;
        struct asg_bus_poll_item item = {.outlet = outlet};
        (void)asg_bus_poll(&item, 1, 50);
    }
    print_message("link %d, %s\n", (int)asg_bus_outlet_link(outlet, NULL), why);
    return false;
}

static bool receive(struct world *world, struct asg_bus_message *message)
{
    struct wait wait = wait_begin(10000);
    while (asg_bus_inlet_receive(world->inlet, message) != ASG_OK) {
        struct asg_bus_poll_item item = {.inlet = world->inlet};
        (void)asg_bus_poll(&item, 1, 20);
        if (wait_is_over(&wait)) return false;
    }
    return true;
}

static void test_a_bound_key_is_heard_by_its_name_and_address(void **state)
{
    struct world *world = *state;
    struct asg_bus_outlet *outlet = connect_with(world, &world->client);
    assert_true(is_link(outlet, ASG_BUS_LINK_UP, "connected to"));
    assert_status(ASG_OK, asg_bus_outlet_send(outlet, "report", 6));
    struct asg_bus_message message;
    assert_true(receive(world, &message));
    assert_int_equal(0, message.peer);
    assert_int_equal(6, message.length);
    assert_memory_equal("report", message.data, 6);
    assert_string_equal(world->client.public_key, asg_bus_message_user_key(&message));
    assert_string_equal("127.0.0.1", asg_bus_message_peer_address(&message));
    asg_bus_outlet_destroy(&outlet);
}

static void test_a_key_that_is_not_bound_is_told_so_and_gets_in_when_it_is(void **state)
{
    struct world *world = *state;
    struct asg_bus_keys stranger;
    asg_bus_keys_new(&stranger);
    struct asg_bus_outlet *outlet = connect_with(world, &stranger);
    assert_status(ASG_ERR_BUSY, asg_bus_outlet_send(outlet, "early", 5));
    assert_true(is_link(outlet, ASG_BUS_LINK_REFUSED, "refuses our key"));
    assert_status(ASG_ERR_BUSY, asg_bus_outlet_send(outlet, "never", 5));
    struct asg_bus_refusal rows[ASG_BUS_REFUSED_MAX];
    assert_int_equal(1, asg_bus_refusals(world->near, rows, ASG_BUS_REFUSED_MAX));
    assert_string_equal(stranger.public_key, rows[0].key);
    assert_string_equal("agents", rows[0].domain);
    assert_string_equal("127.0.0.1", rows[0].address);
    asg_key_set_add(world->set, stranger.public_key);
    assert_true(is_link(outlet, ASG_BUS_LINK_UP, ""));
    assert_status(ASG_OK, asg_bus_outlet_send(outlet, "now", 3));
    struct asg_bus_message message;
    assert_true(receive(world, &message));
    assert_memory_equal("now", message.data, 3);
    asg_bus_outlet_destroy(&outlet);
}

static void test_a_name_that_is_not_known_is_not_a_port_without_a_process(void **state)
{
    struct world *world = *state;
    struct asg_bus_outlet *outlet = connect_to(world, "tcp://controller.invalid:7702",
                                               world->server.public_key, &world->client);
    assert_true(is_link(outlet, ASG_BUS_LINK_DOWN, "or its name cannot be resolved"));
    asg_bus_outlet_destroy(&outlet);
    outlet =
        connect_to(world, "tcp://127.0.0.1:1", world->server.public_key, &world->client);
    assert_true(is_link(outlet, ASG_BUS_LINK_DOWN, "no process listens on"));
    const char *why = NULL;
    (void)asg_bus_outlet_link(outlet, &why);
    assert_null(strstr(why, "name"));
    asg_bus_outlet_destroy(&outlet);
}

static void test_a_wrong_server_key_and_nobody_there_are_told_apart(void **state)
{
    struct world *world = *state;
    struct asg_bus_outlet *wrong = connect_to(world, asg_bus_inlet_endpoint(world->inlet),
                                              world->client.public_key, &world->client);
    assert_true(
        is_link(wrong, ASG_BUS_LINK_DOWN, "(server_key, controller.key) may not be"));
    asg_bus_outlet_destroy(&wrong);
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    (void)snprintf(endpoint, sizeof endpoint, "%s", asg_bus_inlet_endpoint(world->inlet));
    struct asg_bus_outlet *outlet = connect_with(world, &world->client);
    assert_true(is_link(outlet, ASG_BUS_LINK_UP, ""));
    asg_bus_inlet_destroy(&world->inlet);
    assert_true(is_link(outlet, ASG_BUS_LINK_DOWN, "no process listens on"));
    struct wait wait = wait_begin(10000);
    while (listen_at(world, endpoint) != ASG_OK) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    assert_true(is_link(outlet, ASG_BUS_LINK_UP, "")); /* it came back by itself */
    asg_bus_outlet_destroy(&outlet);
}

/* As the accept limits do: it accepts and hangs up. Whoever comes back ten times a second
 * then, with thousands behind one address, is a flood. */
static void test_who_is_hung_up_on_does_not_knock_again_at_once(void **state)
{
    struct world *world = *state;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    assert_int_equal(bind(listener, (struct sockaddr *)&at, length), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &length), 0);
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", ntohs(at.sin_port));
    const struct asg_bus_connect_options options = {.endpoint = endpoint,
                                                    .server_key =
                                                        world->server.public_key,
                                                    .keys = &world->client};
    struct asg_bus_outlet *outlet = NULL;
    assert_status(ASG_OK, asg_bus_outlet_new(world->far, &options, &outlet, NULL));
    const struct linger now = {.l_onoff = 1};
    int knocks = 0;
    int64_t first_ms = 0;
    struct wait wait = wait_begin(20000);
    while (knocks < 4) {
        assert_false(wait_is_over(&wait));
        struct asg_bus_poll_item item = {.outlet = outlet};
        (void)asg_bus_poll(&item, 1, 5);
        (void)asg_bus_outlet_link(outlet, NULL);
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) continue;
        if (knocks++ == 0) first_ms = wait_now_ms();
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        (void)close(fd);
    }
    int64_t took_ms = wait_now_ms() - first_ms;
    asg_bus_outlet_destroy(&outlet); /* first: the bus waits for it */
    (void)close(listener);
    assert_true(took_ms >= INT64_C(3) * 750); /* 1, 2 and 4 s, or a quarter less */
}

/* Its reader hears of each, so that nobody who sends such has it for himself. */
static void test_a_message_of_several_frames_is_told_and_gone(void **state)
{
    struct world *world = *state;
    struct asg_bus_outlet *outlet = connect_with(world, &world->client);
    assert_true(is_link(outlet, ASG_BUS_LINK_UP, ""));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(1, zmq_send(outlet->socket, "a", 1, ZMQ_SNDMORE));
        assert_int_equal(1, zmq_send(outlet->socket, "b", 1, 0));
    }
    assert_int_equal(3, zmq_send(outlet->socket, "one", 3, 0));
    struct asg_bus_message message;
    struct wait wait = wait_begin(10000);
    int malformed = 0;
    enum asg_status status = ASG_ERR_EMPTY;
    while (status != ASG_OK && !wait_is_over(&wait)) {
        status = asg_bus_inlet_receive(world->inlet, &message);
        malformed += status == ASG_ERR_MALFORMED ? 1 : 0;
    }
    assert_status(ASG_OK, status);
    assert_memory_equal("one", message.data, 3);
    assert_int_equal(2, malformed);
    asg_bus_outlet_destroy(&outlet);
}

static void test_a_key_that_is_bound_no_more_is_shut_out(void **state)
{
    struct world *world = *state;
    struct asg_bus_outlet *outlet = connect_with(world, &world->client);
    assert_true(is_link(outlet, ASG_BUS_LINK_UP, ""));
    assert_status(ASG_OK, asg_bus_outlet_send(outlet, "last", 4));
    struct asg_bus_message message;
    assert_true(receive(world, &message));
    asg_key_set_remove(world->set, world->client.public_key);
    asg_bus_message_shut(&message);
    assert_true(is_link(outlet, ASG_BUS_LINK_REFUSED, "refuses our key"));
    assert_status(ASG_ERR_EMPTY, asg_bus_inlet_receive(world->inlet, &message));
    asg_bus_outlet_destroy(&outlet);
}

/* The number of the message's descriptor may be another file's by now. */
static void test_shutting_a_message_leaves_other_connections_alone(void **state)
{
    struct world *world = *state;
    struct asg_bus_outlet *outlet = connect_with(world, &world->client);
    assert_true(is_link(outlet, ASG_BUS_LINK_UP, ""));
    assert_status(ASG_OK, asg_bus_outlet_send(outlet, "hello", 5));
    struct asg_bus_message message;
    assert_true(receive(world, &message));
    int number = zmq_msg_get(message.frame, ZMQ_SRCFD);
    assert_true(number >= 0);
    asg_bus_outlet_destroy(&outlet);
    struct wait wait = wait_begin(10000);
    while (fcntl(number, F_GETFD) >= 0) { /* until the bus has closed it */
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    int pair[2];
    assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    if (pair[0] != number) assert_int_equal(number, dup2(pair[0], number));
    asg_bus_message_shut(&message);
    char letter = 0;
    assert_int_equal(1, send(number, "x", 1, MSG_NOSIGNAL));
    assert_int_equal(1, recv(pair[1], &letter, 1, 0));
    (void)close(number);
    if (pair[0] != number) (void)close(pair[0]);
    (void)close(pair[1]);
}

static void test_an_oversized_report_ends_only_its_connection(void **state)
{
    struct world *world = *state;
    struct asg_bus_keys other;
    asg_bus_keys_new(&other);
    asg_key_set_add(world->set, other.public_key);
    struct asg_bus_outlet *large = connect_with(world, &world->client);
    struct asg_bus_outlet *small = connect_with(world, &other);
    assert_true(is_link(large, ASG_BUS_LINK_UP, ""));
    assert_true(is_link(small, ASG_BUS_LINK_UP, ""));
    static const char bytes[5000];
    assert_status(ASG_OK, asg_bus_outlet_send(large, bytes, sizeof bytes));
    assert_status(ASG_OK, asg_bus_outlet_send(small, "small", 5));
    struct asg_bus_message message;
    assert_true(receive(world, &message));
    assert_int_equal(5, message.length);
    asg_bus_outlet_destroy(&large);
    asg_bus_outlet_destroy(&small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_bound_key_is_heard_by_its_name_and_address),
        TEST(test_a_key_that_is_not_bound_is_told_so_and_gets_in_when_it_is),
        TEST(test_a_name_that_is_not_known_is_not_a_port_without_a_process),
        TEST(test_a_wrong_server_key_and_nobody_there_are_told_apart),
        TEST(test_who_is_hung_up_on_does_not_knock_again_at_once),
        TEST(test_a_message_of_several_frames_is_told_and_gone),
        TEST(test_a_key_that_is_bound_no_more_is_shut_out),
        TEST(test_shutting_a_message_leaves_other_connections_alone),
        TEST(test_an_oversized_report_ends_only_its_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
