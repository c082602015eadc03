/* The HTTP server: who trickles a request loses the connection, and only that. */
#include "lib/check.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>

#include "http/server.h"
#include "http/slow_clients.h"
#include "lib/http_get.h"
#include "lib/wait.h"

static struct asg_http_server *server;
static atomic_int calls;

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    (void)context;
    calls++;
    response->status = 200;
    if (strcmp(request->target, "/large") == 0) {
        for (int i = 0; i < 1000000; i++) {
            asg_bytes_append_text(&response->body, "0123456789");
        }
        return;
    }
    asg_bytes_append_text(&response->body, "here");
}

static int set_up(void **state)
{
    (void)state;
    calls = 0;
    const struct asg_http_options options = {.address = "127.0.0.1",
                                             .threads = 1,
                                             .max_connections = 2000,
                                             .timeout_s = 30,
                                             .request_s = 2,
                                             .answer_s = 3,
                                             .handler = handle};
    struct asg_error error = {""};
    return asg_http_server_new(&options, &server, &error) != ASG_OK;
}

static int tear_down(void **state)
{
    (void)state;
    asg_http_server_destroy(&server);
    return 0;
}

/* Wait so long for the other side to end the connection; the time it took, or -1. */
static int64_t trickle(const char *begin, const char *piece, int64_t most_ms)
{
    int fd = http_connect(asg_http_server_port(server));
    assert_true(fd >= 0);
    int64_t before = wait_now_ms();
    (void)send(fd, begin, strlen(begin), MSG_NOSIGNAL);
    int64_t took = -1;
    while (took < 0 && wait_now_ms() - before < most_ms) {
        struct pollfd poller = {.fd = fd, .events = POLLIN | POLLRDHUP};
        if (poll(&poller, 1, 100) == 0) { /* nothing of it for a tenth of a second */
            (void)send(fd, piece, strlen(piece), MSG_NOSIGNAL);
        } else {
            took = wait_now_ms() - before;
        }
    }
    char byte;
    if (took >= 0) assert_true(recv(fd, &byte, 1, MSG_DONTWAIT) <= 0); /* no answer */
    (void)close(fd);
    return took;
}

static void test_headers_that_trickle_end_in_time(void **state)
{
    (void)state;
    int64_t took = trickle("GET / HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n", 10000);
    assert_in_range(took, 1900, 5000);
    assert_int_equal(0, calls);
}

static void test_a_body_that_trickles_ends_in_time(void **state)
{
    (void)state;
    int64_t took = trickle("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
                           "ab", 10000);
    assert_in_range(took, 1900, 5000);
    assert_int_equal(0, calls);
}

static void test_the_second_request_of_a_connection_has_its_own_time(void **state)
{
    (void)state;
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = http_connect(asg_http_server_port(server));
    int64_t before = wait_now_ms();
    char text[512];
    while (wait_now_ms() - before < 3000) { /* longer than one request may take */
        assert_int_equal(sizeof request - 1,
                         send(fd, request, sizeof request - 1, MSG_NOSIGNAL));
        assert_true(recv(fd, text, sizeof text, 0) > 0);
        struct pollfd poller = {.fd = fd, .events = POLLIN | POLLRDHUP};
        assert_int_equal(0, poll(&poller, 1, 200));
    }
    int64_t last = wait_now_ms();
    assert_int_equal(0, recv(fd, text, sizeof text, 0)); /* and then none comes */
    assert_in_range(wait_now_ms() - last, 1500, 6000);
    (void)close(fd);
}

static void test_an_answer_that_is_taken_bit_by_bit_ends_in_time(void **state)
{
    (void)state;
    int fd = http_connect(asg_http_server_port(server));
    const int room = 65536; /* or the system holds all of it for us */
    assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room));
    static const char request[] = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_int_equal(sizeof request - 1,
                     send(fd, request, sizeof request - 1, MSG_NOSIGNAL));
    int64_t before = wait_now_ms();
    char piece[20000]; /* a tenth of a second for each: ten megabytes would take a minute
                        */
    size_t taken = 0;
    ssize_t got = 1;
    while (got > 0 && wait_now_ms() - before < 20000) {
        got = recv(fd, piece, sizeof piece, 0);
        if (got > 0) taken += (size_t)got;
        struct pollfd none = {.fd = -1};
        if (wait_now_ms() - before < 6000) (void)poll(&none, 1, 100);
    }
    assert_true(got <= 0);
    assert_true(taken < 10000000);
    assert_in_range(wait_now_ms() - before, 2900, 15000);
    (void)close(fd);
}

#define SLOW 500
static void test_many_that_trickle_hold_nobody_up(void **state)
{
    (void)state;
    static int slow[SLOW];
    for (size_t i = 0; i < SLOW; i++) {
        slow[i] = http_connect(asg_http_server_port(server));
        assert_true(slow[i] >= 0);
        assert_int_equal(12, send(slow[i], "GET / HTTP/1", 12, MSG_NOSIGNAL));
    }
    char text[1024];
    for (int i = 0; i < 20; i++) {
        assert_true(http_exchange(
            asg_http_server_port(server),
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", text, sizeof text));
        assert_non_null(strstr(text, "HTTP/1.1 200"));
    }
    int64_t before = wait_now_ms();
    for (size_t i = 0; i < SLOW; i++) {
        (void)http_read_all(slow[i], text, sizeof text);
    }
    assert_true(wait_now_ms() - before < 5000); /* all at their own deadline */
    assert_int_equal(20, calls);
}

static void test_a_client_that_is_removed_is_not_shut_down(void **state)
{
    (void)state;
    struct asg_slow_clients *clients = NULL;
    const struct asg_slow_options options = {
        .limits_ms = {300, 400}, .most = 10, .most_address = 10};
    assert_status(ASG_OK, asg_slow_clients_new(&options, &clients, NULL));
    int pairs[3][2];
    struct asg_slow_client *client[3];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]));
        client[i] = asg_slow_client_add(clients, pairs[i][0], 1);
    }
    asg_slow_client_remove(clients, &client[1]); /* from the middle */
    assert_null(client[1]);
    asg_slow_client_stop(clients, client[2]);
    struct pollfd poller = {.fd = pairs[0][1], .events = POLLIN};
    assert_int_equal(1, poll(&poller, 1, 10000)); /* the one whose time ran out */
    for (size_t i = 1; i < 3; i++) {
        poller.fd = pairs[i][1];
        assert_int_equal(0, poll(&poller, 1, 0));
    }
    asg_slow_client_start(clients, client[2], ASG_SLOW_ANSWER);
    assert_int_equal(1, poll(&poller, 1, 10000));
    asg_slow_client_remove(clients, &client[0]);
    asg_slow_client_remove(clients, &client[2]);
    asg_slow_clients_destroy(&clients);
    assert_null(clients);
    for (size_t i = 0; i < 3; i++) {
        (void)close(pairs[i][0]);
        (void)close(pairs[i][1]);
    }
}

/* ---- who came first makes room ---- */

static int connect_from(const char *source)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval limit = {.tv_sec = 10};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(asg_http_server_port(server)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(1, inet_pton(AF_INET, source, &from.sin_addr));
    assert_int_equal(0, bind(fd, (struct sockaddr *)&from, sizeof from));
    assert_int_equal(0, connect(fd, (struct sockaddr *)&to, sizeof to));
    return fd;
}

static const char *const attackers[] = {"127.0.0.2", "127.0.0.3"};
static atomic_bool attack_is_over;

/* Hold 300 connections with half a request; whatever is closed comes again at once. */
static void *attack(void *context)
{
    const char *source = context;
    int held[300];
    for (size_t i = 0; i < 300; i++) {
        held[i] = connect_from(source);
        (void)send(held[i], "GET / HTTP/1", 12, MSG_NOSIGNAL);
    }
    while (!attack_is_over) {
        struct pollfd pollers[300];
        for (size_t i = 0; i < 300; i++) {
            pollers[i] = (struct pollfd){.fd = held[i], .events = POLLIN | POLLRDHUP};
        }
        (void)poll(pollers, 300, 100);
        for (size_t i = 0; i < 300; i++) {
            if (pollers[i].revents == 0) continue;
            (void)close(held[i]);
            held[i] = connect_from(source);
            (void)send(held[i], "GET / HTTP/1", 12, MSG_NOSIGNAL);
        }
    }
    for (size_t i = 0; i < 300; i++) {
        (void)close(held[i]);
    }
    return NULL;
}

static int64_t worst_answer_ms(const char *source)
{
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    int64_t worst = 0;
    for (int i = 0; i < 30; i++) {
        char text[512];
        int64_t before = wait_now_ms();
        int fd = connect_from(source);
        (void)send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
        (void)http_read_all(fd, text, sizeof text);
        assert_non_null(strstr(text, "HTTP/1.1 200"));
        int64_t took = wait_now_ms() - before;
        if (took > worst) worst = took;
    }
    return worst;
}

static void test_half_requests_from_two_addresses_keep_nobody_out(void **state)
{
    (void)state;
    struct rlimit files; /* ends of both sides are ours */
    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &files));
    files.rlim_cur = files.rlim_max;
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &files));
    asg_http_server_destroy(&server);
    const struct asg_http_options options = {.address = "127.0.0.1",
                                             .threads = 1,
                                             .max_connections = 256,
                                             .timeout_s = 60,
                                             .request_s = 60,
                                             .handler = handle};
    assert_status(ASG_OK, asg_http_server_new(&options, &server, NULL));
    pthread_t threads[2];
    attack_is_over = false;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, attack,
                                           (void *)(uintptr_t)attackers[i]));
    }
    struct wait wait = wait_begin(20000);
    while (asg_http_server_connections(server).full < 500 && !wait_is_over(&wait)) {
        wait_a_moment();
    }
    assert_true(asg_http_server_connections(server).full >= 500);
    int64_t other_ms = worst_answer_ms("127.0.0.1");
    int64_t same_ms = worst_answer_ms(attackers[0]); /* behind one proxy, say */
    attack_is_over = true;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
    }
    print_message("worst answer: %d ms, from an attacker's address %d ms\n",
                  (int)other_ms, (int)same_ms);
    assert_true(other_ms < 5000); /* a busy machine; 30 ms on an idle one */
    assert_true(same_ms < 5000);
}

static void test_the_oldest_idle_one_of_the_greatest_makes_room(void **state)
{
    (void)state;
    enum { ALL = 8 };
    struct asg_slow_clients *clients = NULL;
    const struct asg_slow_options options = {
        .limits_ms = {60000, 60000}, .most = 6, .most_address = 4};
    assert_status(ASG_OK, asg_slow_clients_new(&options, &clients, NULL));
    static const uint32_t addresses[ALL] = {1, 2, 2, 2, 2, 2, 3, 3};
    int pairs[ALL][2];
    struct asg_slow_client *client[ALL];
    for (size_t i = 0; i < ALL; i++) {
        assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]));
        client[i] = asg_slow_client_add(clients, pairs[i][0], addresses[i]);
        /* The second one's request is here: it is not idle. */
        if (i == 1) asg_slow_client_stop(clients, client[i]);
    }
    /* 5: the fifth of address 2; 6 and 7: more than six in all, and most are of 2. */
    static const bool is_ended[ALL] = {false, false, true,  true,
                                       true,  false, false, false};
    for (size_t i = 0; i < ALL; i++) {
        struct pollfd poller = {.fd = pairs[i][1], .events = POLLIN};
        assert_int_equal(is_ended[i], poll(&poller, 1, 0));
    }
    assert_int_equal(3, asg_slow_clients_ended(clients));
    for (size_t i = 0; i < ALL; i++) {
        asg_slow_client_remove(clients, &client[i]);
        (void)close(pairs[i][0]);
        (void)close(pairs[i][1]);
    }
    asg_slow_clients_destroy(&clients);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_headers_that_trickle_end_in_time),
        TEST(test_a_body_that_trickles_ends_in_time),
        TEST(test_the_second_request_of_a_connection_has_its_own_time),
        TEST(test_an_answer_that_is_taken_bit_by_bit_ends_in_time),
        TEST(test_many_that_trickle_hold_nobody_up),
        TEST(test_half_requests_from_two_addresses_keep_nobody_out),
        cmocka_unit_test(test_the_oldest_idle_one_of_the_greatest_makes_room),
        cmocka_unit_test(test_a_client_that_is_removed_is_not_shut_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
