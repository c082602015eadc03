/* The HTTP server: who trickles a request loses the connection, and only that. */
#include "lib/check.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>

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
    const int64_t limits_ms[ASG_SLOW_PARTS] = {300, 400};
    assert_status(ASG_OK, asg_slow_clients_new(limits_ms, &clients, NULL));
    int pairs[3][2];
    struct asg_slow_client *client[3];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]));
        client[i] = asg_slow_client_add(clients, pairs[i][0]);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_headers_that_trickle_end_in_time),
        TEST(test_a_body_that_trickles_ends_in_time),
        TEST(test_the_second_request_of_a_connection_has_its_own_time),
        TEST(test_an_answer_that_is_taken_bit_by_bit_ends_in_time),
        TEST(test_many_that_trickle_hold_nobody_up),
        cmocka_unit_test(test_a_client_that_is_removed_is_not_shut_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
