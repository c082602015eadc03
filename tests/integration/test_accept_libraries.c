/* test_accept_libraries - libzmq, gRPC core and libmicrohttpd as Debian builds them
 * really call the accept() and close() of lib/base/accept_calls.c, take a refusal well,
 * and go on when the process ran out of descriptors. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/accept_limits.h"
#include "bus/bus.h"
#include "http/server.h"
#include "lib/check.h"
#include "lib/http_get.h"
#include "lib/wait.h"
#include "rpc/health.h"

#define TAKEN 1024

/* One of the three: who listens at `port`, and whether an honest client is served. */
struct served {
    uint16_t port;
    void (*check_honest)(struct served *served);
    struct asg_bus *bus;
    struct asg_bus_keys keys;
    struct asg_bus_keys client;
    struct asg_allow_list *list;
    struct asg_bus_listener *listener;
    struct asg_rpc_health *health;
    struct asg_rpc_server *server;
    struct asg_http_server *http;
};

static const struct asg_accept_limits two_an_address = {.name = "agents",
                                                        .connections_address = 2};

static struct asg_accept_counts counts_of(const struct served *served)
{
    struct asg_accept_counts ret = {0};
    assert_true(asg_accept_counts(served->port, &ret));
    return ret;
}

static int connect_from(const char *source, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    struct sockaddr_in at = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, source, &at.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void wait_until_open(const struct served *served, uint32_t open)
{
    struct wait wait = wait_begin(10000);
    while (counts_of(served).open != open) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
}

static void wait_until_refused(const struct served *served, uint64_t refused)
{
    struct wait wait = wait_begin(10000);
    while (counts_of(served).refused < refused) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
}

static void check_it_is_reset(int fd)
{
    char bytes[64];
    ssize_t got;
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0) {
    }
    assert_int_equal(got, -1);
    assert_int_equal(errno, ECONNRESET);
}

static void check_limits_hold(struct served *served)
{
    int first = connect_from("127.0.0.9", served->port);
    int second = connect_from("127.0.0.9", served->port);
    wait_until_open(served, 2);
    for (uint64_t i = 1; i <= 20; i++) {
        int more = connect_from("127.0.0.9", served->port);
        check_it_is_reset(more);
        (void)close(more);
        wait_until_refused(served, i);
    }
    assert_int_equal(counts_of(served).open, 2);
    served->check_honest(served);
    (void)close(first);
    (void)close(second);
    wait_until_open(served, 0);
    assert_int_equal(counts_of(served).refused, 20);
    served->check_honest(served);
}

/* Hold every descriptor below a limit, and let a stranger knock. A library may be closing
 * one a moment longer and so have one for him: then he knocks again. */
static bool is_turned_away(struct served *served, int client)
{
    uint64_t before = counts_of(served).refused;
    uint64_t accepted = counts_of(served).accepted;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(served->port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int highest =
        0; /* the spare one is below the limit too, as it is in a real process */
    for (int fd = 0; fd < TAKEN; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) highest = fd;
    }
    int taken[TAKEN];
    int count = 0;
    int most = 0;
    while (most <= highest) {
        assert_true(count < TAKEN);
        taken[count] = dup(client);
        if (taken[count] > most) most = taken[count];
        count++;
    }
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    struct rlimit tight = {.rlim_cur = (rlim_t)most + 1, .rlim_max = files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    int connected = connect(client, (struct sockaddr *)&at, sizeof at);
    struct wait wait = wait_begin(10000);
    while (counts_of(served).refused == before &&
           counts_of(served).accepted == accepted && !wait_is_over(&wait)) {
        wait_a_moment();
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    for (int i = 0; i < count; i++) {
        (void)close(taken[i]);
    }
    assert_int_equal(connected, 0);
    assert_false(wait_is_over(&wait));
    return counts_of(served).refused == before + 1;
}

static void check_it_outlives_want_of_descriptors(struct served *served)
{
    bool is_done = false;
    for (int i = 0; i < 10 && !is_done; i++) {
        int client = socket(AF_INET, SOCK_STREAM, 0);
        is_done = is_turned_away(served, client);
        if (is_done) check_it_is_reset(client);
        (void)close(client);
        wait_until_open(served, 0);
    }
    assert_true(is_done);
    served->check_honest(served);
}

static void check(struct served *served)
{
    asg_accept_limit(served->port, &two_an_address);
    check_limits_hold(served);
    check_it_outlives_want_of_descriptors(served);
    asg_accept_unlimit(served->port);
}

/* ---- libzmq ---- */

static void check_a_frame_arrives(struct served *served)
{
    uint32_t before = counts_of(served).open;
    const struct asg_bus_connect_options options = {
        .endpoint = asg_bus_listener_endpoint(served->listener),
        .server_key = served->keys.public_key,
        .keys = &served->client};
    struct asg_bus_connection *connection = NULL;
    assert_status(ASG_OK,
                  asg_bus_connection_new(served->bus, &options, &connection, NULL));
    assert_status(ASG_OK, asg_bus_connection_send(connection, "report", 6));
    struct asg_bus_message message;
    struct wait wait = wait_begin(10000);
    while (asg_bus_listener_receive(served->listener, &message) != ASG_OK) {
        struct asg_bus_poll_item item = {.listener = served->listener};
        (void)asg_bus_poll(&item, 1, 1000); /* ends early when somebody connects */
        assert_false(wait_is_over(&wait));
    }
    assert_int_equal(message.length, 6);
    asg_bus_connection_destroy(&connection);
    wait_until_open(served, before);
}

static void test_accept_limits_hold_in_libzmq(void **state)
{
    (void)state;
    struct served served = {.check_honest = check_a_frame_arrives};
    assert_status(ASG_OK, asg_bus_new(1, &served.bus, NULL));
    asg_bus_keys_new(&served.keys);
    asg_bus_keys_new(&served.client);
    asg_allow_list_new(&served.list);
    asg_allow_list_add(served.list, served.client.public_key, "honest");
    const struct asg_bus_listen_options options = {.endpoint = "tcp://127.0.0.1:*",
                                                   .domain = "workers",
                                                   .keys = &served.keys,
                                                   .allow_list = served.list,
                                                   .handshake_ms = 60000};
    assert_status(ASG_OK,
                  asg_bus_listener_new(served.bus, &options, &served.listener, NULL));
    served.port =
        (uint16_t)atoi(strrchr(asg_bus_listener_endpoint(served.listener), ':') + 1);
    check(&served);
    asg_bus_listener_destroy(&served.listener);
    asg_bus_destroy(&served.bus);
    asg_allow_list_destroy(&served.list);
}

/* ---- gRPC core ---- */

struct answer {
    atomic_bool is_there;
    enum asg_rpc_code code;
};

static void keep_answer(const struct asg_rpc_health_reply *reply, void *context)
{
    struct answer *answer = context;
    answer->code = reply->code;
    atomic_store(&answer->is_there, true);
}

static void check_health_is_told(struct served *served)
{
    uint32_t before = counts_of(served).open;
    struct asg_rpc_client *client = NULL;
    assert_status(ASG_OK, asg_rpc_client_new(NULL, &client, NULL));
    char target[64];
    (void)snprintf(target, sizeof target, "127.0.0.1:%u", served->port);
    struct answer answer = {0};
    assert_status(ASG_OK, asg_rpc_health_check(client, target, NULL, "", 10000,
                                               keep_answer, &answer));
    struct wait wait = wait_begin(15000);
    while (!atomic_load(&answer.is_there)) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    assert_int_equal(answer.code, ASG_RPC_OK);
    asg_rpc_client_destroy(&client);
    wait_until_open(served, before);
}

/* HTTP/2 whose headers do not end: a text of 2 GiB is announced, and comes. gRPC
 * core 1.51 would keep all of it, and read it again from its beginning with each part. */
static size_t send_endless_headers(int fd)
{
    static const char begin[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                "\0\0\0\4\0\0\0\0\0"       /* SETTINGS */
                                "\0\0\10\1\0\0\0\0\1"      /* HEADERS, stream 1 */
                                "\0\1a\177\200\377\377\7"; /* a: 2 GiB */
    uint8_t more[9 + 16384] = {0, 0x40, 0, 9 /* CONTINUATION */, 0, 0, 0, 0, 1};
    memset(more + 9, 'x', sizeof more - 9);
    size_t sent = sizeof begin - 1;
    assert_int_equal(send(fd, begin, sent, MSG_NOSIGNAL), sent);
    struct wait wait = wait_begin(20000);
    for (;;) {
        ssize_t count = send(fd, more, sizeof more, MSG_NOSIGNAL);
        if (count < 0) return sent;
        sent += (size_t)count;
        assert_false(wait_is_over(&wait));
    }
}

static void check_endless_headers_are_cut_off(struct served *served)
{
    const struct asg_accept_limits few = {.name = "enrol", .received_bytes = 65536};
    asg_accept_limit(served->port, &few);
    uint64_t refused = counts_of(served).refused;
    int fd = connect_from("127.0.0.9", served->port);
    size_t sent = send_endless_headers(fd);
    (void)close(fd);
    assert_true(sent < 16 << 20); /* what the system has room for is sent in vain */
    wait_until_refused(served, refused + 1);
    wait_until_open(served, 0);
    served->check_honest(served);
    asg_accept_unlimit(served->port);
}

static void test_accept_limits_hold_in_grpc_core(void **state)
{
    (void)state;
    struct served served = {.check_honest = check_health_is_told,
                            .health = asg_rpc_health_new()};
    assert_status(ASG_OK, asg_rpc_health_set(served.health, "", ASG_HEALTH_SERVING));
    struct asg_rpc_method methods[ASG_RPC_HEALTH_METHODS];
    asg_rpc_health_methods(served.health, methods);
    const struct asg_rpc_server_options options = {.address = "127.0.0.1:0",
                                                   .methods = methods,
                                                   .method_count =
                                                       ASG_RPC_HEALTH_METHODS};
    assert_status(ASG_OK, asg_rpc_server_new(&options, &served.server, NULL));
    served.port = asg_rpc_server_port(served.server);
    check(&served);
    check_endless_headers_are_cut_off(&served);
    asg_rpc_server_destroy(&served.server);
    asg_rpc_health_destroy(&served.health);
}

/* ---- libmicrohttpd ---- */

static void say_well(void *context, const struct asg_http_request *request,
                     struct asg_http_response *response)
{
    (void)context;
    (void)request;
    response->status = 200;
}

static void check_a_page_is_served(struct served *served)
{
    uint32_t before = counts_of(served).open;
    char answer[1024];
    (void)http_exchange(served->port,
                        "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", answer,
                        sizeof answer);
    assert_non_null(strstr(answer, " 200 "));
    wait_until_open(served, before);
}

static void test_accept_limits_hold_in_libmicrohttpd(void **state)
{
    (void)state;
    struct served served = {.check_honest = check_a_page_is_served};
    const struct asg_http_options options = {
        .address = "127.0.0.1", .timeout_s = 60, .handler = say_well};
    assert_status(ASG_OK, asg_http_server_new(&options, &served.http, NULL));
    served.port = asg_http_server_port(served.http);
    check(&served);
    asg_http_server_destroy(&served.http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_limits_hold_in_libzmq),
        cmocka_unit_test(test_accept_limits_hold_in_grpc_core),
        cmocka_unit_test(test_accept_limits_hold_in_libmicrohttpd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
