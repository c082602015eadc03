/* The HTTP server: bytes as they came, limits, and clients that misbehave. */
#include "lib/check.h"

#include <stdatomic.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>

#include "http/server.h"
#include "lib/http_get.h"
#include "lib/wait.h"

static struct asg_http_server *server;
static char answer[1 << 16];
static struct {
    char target[256];
    char body[4096];
    size_t body_length;
    char client[64];
    size_t twice;
    atomic_int calls; /* also read while a request may be under way */
} seen;

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    (void)context;
    seen.calls++;
    (void)snprintf(seen.target, sizeof seen.target, "%s", request->target);
    (void)snprintf(seen.client, sizeof seen.client, "%s", request->client);
    seen.body_length = request->body_length;
    if (request->body_length < sizeof seen.body) {
        memcpy(seen.body, request->body_length > 0 ? request->body : "",
               request->body_length);
    }
    (void)asg_http_header(request, "x-TWICE", &seen.twice);
    if (strcmp(request->target, "/silent") == 0) {
        response->close_without_reply = true;
    } else if (strcmp(request->target, "/cut") == 0) {
        response->send_only = 10;
    } else if (strcmp(request->target, "/nothing") == 0) {
        return;
    }
    response->status = 200;
    asg_http_add_header(response, "X-Mine", "yes");
    asg_bytes_append_text(&response->body, "0123456789abcdefghij");
}

static int set_up(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    const struct asg_http_options options = {.address = "127.0.0.1",
                                             .threads = 2,
                                             .max_body_bytes = 2000,
                                             .timeout_s = 2,
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

static const char *ask(const char *request)
{
    (void)http_exchange(asg_http_server_port(server), request, answer, sizeof answer);
    return answer;
}

static void test_server_hands_over_the_bytes_as_they_came(void **state)
{
    (void)state;
    const char *text = ask("POST /a%20b//c?x=%2F&y=+1 HTTP/1.1\r\nHost: x\r\n"
                           "X-Twice: 1\r\nx-twice: 2\r\nContent-Length: 5\r\n"
                           "Connection: close\r\n\r\nab\r\nc");
    assert_non_null(strstr(text, "HTTP/1.1 200"));
    assert_non_null(strstr(text, "X-Mine: yes"));
    assert_string_equal("/a%20b//c?x=%2F&y=+1", seen.target);
    assert_int_equal(5, seen.body_length);
    assert_memory_equal("ab\r\nc", seen.body, 5);
    assert_int_equal(2, seen.twice);
    assert_string_equal("127.0.0.1", seen.client);
}

static void test_server_takes_a_body_in_chunks(void **state)
{
    (void)state;
    (void)ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
              "Connection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    assert_int_equal(5, seen.body_length);
    assert_memory_equal("abcde", seen.body, 5);
}

static void test_server_wants_one_host(void **state)
{
    (void)state;
    const char *text = ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(text, "HTTP/1.1 400"));
    text = ask("POST / HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 2\r\n"
               "Connection: close\r\n\r\nab");
    assert_non_null(strstr(text, "HTTP/1.1 400"));
    assert_int_equal(0, seen.calls);
    assert_non_null(strstr(ask("GET / HTTP/1.0\r\n\r\n"), " 200 OK"));
    assert_int_equal(1, seen.calls);
}

static void test_server_refuses_two_lengths(void **state)
{
    (void)state;
    const char *text = ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                           "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                           "0\r\n\r\n");
    assert_non_null(strstr(text, "HTTP/1.1 400"));
    text = ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n"
               "Connection: close\r\n\r\nabcde");
    assert_non_null(strstr(text, "HTTP/1.1 400"));
    assert_int_equal(0, seen.calls);
}

static void test_server_refuses_a_body_that_is_too_large(void **state)
{
    (void)state;
    char request[2300];
    int length = snprintf(request, sizeof request,
                          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2001\r\n"
                          "Connection: close\r\n\r\n");
    memset(request + length, 'x', 2001);
    request[length + 2001] = '\0';
    assert_non_null(strstr(ask(request), "HTTP/1.1 413"));
    assert_int_equal(0, seen.calls);
}

static bool is_signed(void *context, const struct asg_http_request *request)
{
    (void)context;
    return asg_http_header(request, "X-Signed", NULL) != NULL;
}

static void test_server_keeps_only_bodies_that_are_wanted_and_fit(void **state)
{
    (void)state;
    asg_http_server_destroy(&server);
    const struct asg_http_options options = {.address = "127.0.0.1",
                                             .max_body_bytes = 2000,
                                             .max_bytes_of_bodies = 10,
                                             .wants_body = is_signed,
                                             .timeout_s = 10,
                                             .handler = handle};
    assert_status(ASG_OK, asg_http_server_new(&options, &server, NULL));
    assert_non_null(strstr(ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n"
                               "Connection: close\r\n\r\n01234567890123456789"),
                           "HTTP/1.1 200"));
    assert_int_equal(0, seen.body_length);
#define SIGNED "POST / HTTP/1.1\r\nHost: x\r\nX-Signed: y\r\nConnection: close\r\n"
    for (int i = 0; i < 3; i++) { /* what one took is given back */
        assert_non_null(
            strstr(ask(SIGNED "Content-Length: 10\r\n\r\n0123456789"), "HTTP/1.1 200"));
        assert_int_equal(10, seen.body_length);
        assert_non_null(
            strstr(ask(SIGNED "Content-Length: 11\r\n\r\n01234567890"), "HTTP/1.1 503"));
    }
    assert_int_equal(4, seen.calls);
}

static void test_server_answers_500_when_the_handler_says_nothing(void **state)
{
    (void)state;
    assert_non_null(strstr(ask("GET /nothing HTTP/1.1\r\nHost: x\r\n"
                               "Connection: close\r\n\r\n"),
                           "HTTP/1.1 500"));
}

static void test_server_can_drop_a_connection_without_a_reply(void **state)
{
    (void)state;
    assert_string_equal("", ask("GET /silent HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_int_equal(1, seen.calls);
}

static void test_server_can_cut_an_answer_short(void **state)
{
    (void)state;
    const char *text = ask("GET /cut HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_non_null(strstr(text, "Content-Length: 20"));
    const char *body = strstr(text, "\r\n\r\n");
    assert_non_null(body);
    assert_string_equal("0123456789", body + 4);
}

static void test_server_is_not_held_up_by_slow_clients(void **state)
{
    (void)state;
    int slow[20];
    for (size_t i = 0; i < 20; i++) {
        slow[i] = http_connect(asg_http_server_port(server));
        assert_true(slow[i] >= 0);
        assert_int_equal(12, send(slow[i], "GET / HTTP/1", 12, MSG_NOSIGNAL));
    }
    int64_t before = wait_now_ms();
    assert_non_null(strstr(ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
                           "HTTP/1.1 200"));
    assert_true(wait_now_ms() - before < 1500);
    for (size_t i = 0; i < 20; i++) { /* and loses them */
        (void)http_read_all(slow[i], answer, sizeof answer);
    }
    assert_true(wait_now_ms() - before < 8000);
    assert_int_equal(1, seen.calls);
}

static void test_server_refuses_more_headers_than_it_looks_at(void **state)
{
    (void)state;
    /* A body's second length behind a hundred others must not slip through. */
    char request[4096] = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    size_t length = strlen(request);
    for (int i = 0; i < 110; i++) {
        length +=
            (size_t)snprintf(request + length, sizeof request - length, "X-%d: y\r\n", i);
    }
    (void)snprintf(request + length, sizeof request - length,
                   "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "0\r\n\r\n");
    assert_non_null(strstr(ask(request), "HTTP/1.1 431"));
    assert_int_equal(0, seen.calls);
}

/* Open a connection from another address of this machine, say nothing. */
static int connect_idle(const char *source)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(asg_http_server_port(server)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(1, inet_pton(AF_INET, source, &from.sin_addr));
    assert_int_equal(0, bind(fd, (struct sockaddr *)&from, sizeof from));
    assert_int_equal(0, connect(fd, (struct sockaddr *)&to, sizeof to));
    return fd;
}

#define IDLE 1000
static void test_server_answers_beside_a_thousand_idle_sockets(void **state)
{
    (void)state;
    struct rlimit files; /* ends of both sides are ours */
    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &files));
    files.rlim_cur = files.rlim_max;
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &files));
    asg_http_server_destroy(&server);
    const struct asg_http_options options = {.address = "127.0.0.1",
                                             .max_body_bytes = 2000,
                                             .timeout_s = 60,
                                             .handler = handle};
    assert_status(ASG_OK, asg_http_server_new(&options, &server, NULL));
    static int idle[IDLE];
    for (size_t i = 0; i < IDLE; i++) {
        idle[i] = connect_idle("127.0.0.2");
    }
    const char *text = ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (size_t i = 0; i < IDLE; i++) {
        (void)close(idle[i]);
    }
    assert_non_null(strstr(text, "HTTP/1.1 200"));
}

static void test_server_says_which_address_it_cannot_have(void **state)
{
    (void)state;
    struct asg_http_server *other = NULL;
    struct asg_error error = {""};
    struct asg_http_options options = {.address = "not-an-address", .handler = handle};
    assert_status(ASG_ERR_INVALID, asg_http_server_new(&options, &other, &error));
    options.address = "192.0.2.1"; /* none of ours */
    assert_status(ASG_ERR_IO, asg_http_server_new(&options, &other, &error));
    assert_non_null(strstr(error.text, "192.0.2.1"));
    assert_null(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_server_hands_over_the_bytes_as_they_came),
        TEST(test_server_takes_a_body_in_chunks),
        TEST(test_server_wants_one_host),
        TEST(test_server_refuses_two_lengths),
        TEST(test_server_refuses_a_body_that_is_too_large),
        TEST(test_server_keeps_only_bodies_that_are_wanted_and_fit),
        TEST(test_server_answers_500_when_the_handler_says_nothing),
        TEST(test_server_can_drop_a_connection_without_a_reply),
        TEST(test_server_can_cut_an_answer_short),
        TEST(test_server_is_not_held_up_by_slow_clients),
        TEST(test_server_refuses_more_headers_than_it_looks_at),
        TEST(test_server_answers_beside_a_thousand_idle_sockets),
        TEST(test_server_says_which_address_it_cannot_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
