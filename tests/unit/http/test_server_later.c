/* The HTTP server: answers that come later and in pieces, clients that are slow or gone.
 */
#include "lib/check.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "http/server.h"
#include "lib/http_get.h"
#include "lib/wait.h"

#define WAITING_MAX  300
#define STREAM_BYTES ((size_t)8 * 1024 * 1024)

static struct asg_http_server *server;

static struct {
    pthread_mutex_t lock;
    struct asg_http_later *items[WAITING_MAX];
    size_t count;
} owed = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct {
    atomic_size_t taken; /* bytes of all streams */
    atomic_int ended;
} streams;

struct letters {
    size_t at;
    size_t length;
    bool breaks; /* half way */
};

static ssize_t read_letters(void *context, char *buffer, size_t most)
{
    struct letters *letters = context;
    if (letters->breaks && letters->at > letters->length / 2) return -1;
    size_t left = letters->length - letters->at;
    if (left > most) left = most;
    for (size_t i = 0; i < left; i++) {
        buffer[i] = (char)('a' + (letters->at + i) % 26);
    }
    letters->at += left;
    streams.taken += left;
    return (ssize_t)left;
}

static void end_letters(void *context)
{
    free(context);
    streams.ended++;
}

static struct asg_http_stream make_letters(size_t length, bool breaks)
{
    struct letters *letters = calloc(1, sizeof *letters);
    letters->length = length;
    letters->breaks = breaks;
    return (struct asg_http_stream){
        .read = read_letters, .end = end_letters, .context = letters};
}

/* More than one call of the system takes, and some are empty. */
#define PIECES 5000
static void end_pieces(void *context)
{
    assert_ptr_equal(&streams, context);
    streams.ended++;
}

static void make_pieces(struct asg_http_pieces *ret)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static struct asg_http_piece items[PIECES];
    size_t at = 0;
    for (size_t i = 0; i < PIECES; i++) {
        size_t length = i % 5 == 0 ? 0 : 1 + i % 20;
        if (at % 26 + length > 26) length = 26 - at % 26;
        items[i] = (struct asg_http_piece){letters + at % 26, length};
        at += length;
    }
    *ret = (struct asg_http_pieces){
        .items = items, .count = PIECES, .end = end_pieces, .context = &streams};
}

/* So much that no socket takes it at once. */
#define PARTS      800
#define PART_BYTES ((size_t)26 * 400)
static void make_parts(struct asg_http_pieces *ret)
{
    static char letters[PART_BYTES];
    static struct asg_http_piece items[PARTS];
    for (size_t i = 0; i < PART_BYTES; i++) {
        letters[i] = (char)('a' + i % 26);
    }
    for (size_t i = 0; i < PARTS; i++) {
        items[i] = (struct asg_http_piece){letters, PART_BYTES};
    }
    *ret = (struct asg_http_pieces){
        .items = items, .count = PARTS, .end = end_pieces, .context = &streams};
}

static void give(struct asg_http_later **later, const char *text)
{
    struct asg_http_response response = {.status = 200};
    asg_http_add_header(&response, "X-Late", "yes");
    asg_bytes_append_text(&response.body, text);
    asg_http_answer(later, &response);
}

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    (void)context;
    if (strcmp(request->target, "/wait") == 0) {
        struct asg_http_later *later = asg_http_wait(request);
        (void)pthread_mutex_lock(&owed.lock);
        owed.items[owed.count++] = later;
        (void)pthread_mutex_unlock(&owed.lock);
        return;
    }
    if (strcmp(request->target, "/at-once") == 0) {
        struct asg_http_later *later = asg_http_wait(request);
        give(&later, "before the handler returned\n");
        return;
    }
    response->status = 200;
    if (strcmp(request->target, "/pieces") == 0) {
        make_pieces(&response->pieces);
    } else if (strcmp(request->target, "/parts") == 0) {
        make_parts(&response->pieces);
    } else if (strcmp(request->target, "/pieces-later") == 0) {
        struct asg_http_later *later = asg_http_wait(request);
        struct asg_http_response made = {.status = 200};
        make_pieces(&made.pieces);
        asg_http_answer(&later, &made);
    } else if (strcmp(request->target, "/large") == 0) {
        response->stream = make_letters(STREAM_BYTES, false);
    } else if (strcmp(request->target, "/stream") == 0) {
        response->stream = make_letters(1000, false);
    } else if (strcmp(request->target, "/broken") == 0) {
        response->stream = make_letters(100000, true);
    } else if (strcmp(request->target, "/silent") == 0) {
        response->stream = make_letters(1000, false);
        response->close_without_reply = true;
    } else {
        asg_bytes_append_text(&response->body, "at once\n");
    }
}

static int set_up(void **state)
{
    (void)state;
    owed.count = 0;
    streams.taken = 0;
    streams.ended = 0;
    const struct asg_http_options options = {.address = "127.0.0.1",
                                             .threads = 2,
                                             .max_connections = 1000,
                                             .max_connections_per_address = 1000,
                                             .timeout_s = 10,
                                             .handler = handle};
    struct asg_error error = {""};
    return asg_http_server_new(&options, &server, &error) != ASG_OK;
}

static int tear_down(void **state)
{
    (void)state;
    asg_http_server_destroy(&server);
    for (size_t i = 0; i < owed.count; i++) {
        if (owed.items[i] != NULL) give(&owed.items[i], "too late\n");
    }
    return 0;
}

static int begin(const char *target)
{
    char request[128];
    (void)snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target);
    int fd = http_connect(asg_http_server_port(server));
    assert_true(fd >= 0);
    size_t length = strlen(request);
    assert_int_equal(length, send(fd, request, length, MSG_NOSIGNAL));
    return fd;
}

static size_t owed_count(void)
{
    (void)pthread_mutex_lock(&owed.lock);
    size_t count = owed.count;
    (void)pthread_mutex_unlock(&owed.lock);
    return count;
}

static void wait_for_owed(size_t count)
{
    struct wait wait = wait_begin(10000);
    while (owed_count() < count) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
}

static void wait_for_ended(int count)
{
    struct wait wait = wait_begin(10000);
    while (streams.ended < count) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
}

static bool has_bytes(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    return poll(&one, 1, 0) > 0;
}

static void expect(int fd, const char *text)
{
    char answer[4096];
    (void)http_read_all(fd, answer, sizeof answer);
    if (strstr(answer, text) == NULL) fail_msg("no '%s' in '%s'", text, answer);
}

static void *give_all(void *context)
{
    (void)context;
    for (size_t i = 0; i < owed.count; i++) {
        give(&owed.items[i], "at last\n");
    }
    return NULL;
}

static void test_many_requests_wait_and_cost_no_thread(void **state)
{
    (void)state;
    int fds[WAITING_MAX];
    for (size_t i = 0; i < WAITING_MAX; i++) {
        fds[i] = begin("/wait");
    }
    wait_for_owed(WAITING_MAX);
    expect(begin("/now"), "at once"); /* with two threads */
    for (size_t i = 0; i < WAITING_MAX; i++) {
        assert_false(has_bytes(fds[i]));
    }
    pthread_t thread;
    assert_int_equal(0, pthread_create(&thread, NULL, give_all, NULL));
    for (size_t i = 0; i < WAITING_MAX; i++) {
        expect(fds[i], "at last");
    }
    (void)pthread_join(thread, NULL);
}

static void test_an_answer_may_come_before_the_handler_returns(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        char answer[1024];
        (void)http_read_all(begin("/at-once"), answer, sizeof answer);
        assert_non_null(strstr(answer, "X-Late: yes"));
        assert_non_null(strstr(answer, "before the handler returned"));
    }
}

static void test_an_answer_to_nobody_goes_nowhere(void **state)
{
    (void)state;
    (void)close(begin("/wait"));
    wait_for_owed(1);
    give(&owed.items[0], "hello?\n");
    assert_null(owed.items[0]);
    struct asg_http_later *kept = NULL;
    int fd = begin("/wait");
    wait_for_owed(2);
    kept = owed.items[1];
    owed.items[1] = NULL;
    (void)close(fd);
    struct asg_http_response response = {.status = 200,
                                         .stream = make_letters(STREAM_BYTES, false)};
    asg_http_answer(&kept, &response);
    wait_for_ended(1); /* its stream is ended all the same */
    expect(begin("/now"), "at once");
}

static void test_a_server_ends_although_answers_are_owed(void **state)
{
    (void)state;
    int fds[20];
    for (size_t i = 0; i < 20; i++) {
        fds[i] = begin("/wait");
    }
    wait_for_owed(20);
    asg_http_server_destroy(&server);
    for (size_t i = 0; i < 20; i++) {
        char answer[1024];
        (void)http_read_all(fds[i], answer, sizeof answer);
        if (answer[0] != '\0') assert_non_null(strstr(answer, "503"));
        give(&owed.items[i], "too late\n");
    }
}

/* --- streams --- */

/* Read the whole answer piece by piece; returns its body's bytes, chunk by chunk. */
static size_t read_body(int fd)
{
    static char answer[STREAM_BYTES + STREAM_BYTES / 8];
    size_t length = http_read_all(fd, answer, sizeof answer);
    char *at = strstr(answer, "\r\n\r\n");
    assert_non_null(at);
    assert_non_null(strstr(answer, "Transfer-Encoding: chunked"));
    at += 4;
    size_t total = 0;
    for (;;) {
        char *end = NULL;
        size_t chunk = strtoul(at, &end, 16);
        if (end == at || chunk == 0) return total;
        at = end + 2;
        assert_true(at + chunk <= answer + length);
        for (size_t i = 0; i < chunk; i++) {
            if (at[i] != (char)('a' + (total + i) % 26)) fail_msg("byte %zu", total + i);
        }
        total += chunk;
        at += chunk + 2;
    }
}

static void test_a_stream_is_read_as_fast_as_the_client_reads(void **state)
{
    (void)state;
    int fd = begin("/large");
    struct wait wait = wait_begin(10000);
    while (streams.taken == 0) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    expect(begin("/now"), "at once");
    /* What fills the sockets' buffers was taken, and no more. */
    assert_true(streams.taken < STREAM_BYTES);
    assert_int_equal(0, streams.ended);
    assert_int_equal(STREAM_BYTES, read_body(fd));
    wait_for_ended(1);
    assert_int_equal(STREAM_BYTES, streams.taken);
}

static void test_a_stream_that_cannot_be_finished_drops_the_connection(void **state)
{
    (void)state;
    static char answer[1 << 18];
    size_t length = http_read_all(begin("/broken"), answer, sizeof answer);
    assert_true(length > 0);
    assert_null(strstr(answer, "\r\n0\r\n\r\n")); /* the client can tell */
    wait_for_ended(1);
}

static void expect_letters(int fd, const struct asg_http_pieces *pieces)
{
    static char answer[PARTS * PART_BYTES + 1000];
    size_t length = http_read_all(fd, answer, sizeof answer);
    assert_non_null(strstr(answer, "Content-Length: "));
    const char *body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    body += 4;
    size_t total = 0;
    for (size_t i = 0; i < pieces->count; i++) {
        total += pieces->items[i].length;
    }
    assert_int_equal(total, (size_t)(answer + length - body));
    for (size_t i = 0; i < total; i++) {
        if (body[i] != (char)('a' + i % 26)) fail_msg("byte %zu", i);
    }
}

static void test_pieces_are_sent_from_where_they_are(void **state)
{
    (void)state;
    struct asg_http_pieces pieces;
    make_pieces(&pieces);
    expect_letters(begin("/pieces"), &pieces);
    wait_for_ended(1);
    expect_letters(begin("/pieces-later"), &pieces);
    wait_for_ended(2);
    make_parts(&pieces);
    int fd = begin("/parts");
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    assert_int_equal(1, poll(&poller, 1, 10000));
    (void)poll(NULL, 0, 300); /* until no more of it fits between the two */
    expect_letters(fd, &pieces);
    wait_for_ended(3);
    (void)close(begin("/parts")); /* sent or not: they end */
    wait_for_ended(4);
}

static void test_a_stream_ends_when_its_client_goes(void **state)
{
    (void)state;
    int fd = begin("/large");
    struct wait wait = wait_begin(10000);
    while (streams.taken == 0) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    (void)close(fd);
    wait_for_ended(1);
    expect(begin("/silent"), ""); /* and one that is never sent */
    wait_for_ended(2);
}

static void test_a_stream_may_come_later(void **state)
{
    (void)state;
    int fd = begin("/wait");
    wait_for_owed(1);
    struct asg_http_response response = {.status = 200,
                                         .stream = make_letters(100000, false)};
    asg_http_answer(&owed.items[0], &response);
    assert_int_equal(100000, read_body(fd));
    wait_for_ended(1);
}

static void test_many_slow_readers_hold_nobody_up(void **state)
{
    (void)state;
    int fds[50];
    for (size_t i = 0; i < 50; i++) {
        fds[i] = begin("/large"); /* and read nothing of it */
    }
    int slow = http_connect(asg_http_server_port(server));
    assert_int_equal(4, send(slow, "GET ", 4, MSG_NOSIGNAL)); /* and write no more */
    for (int i = 0; i < 20; i++) {
        expect(begin("/now"), "at once");
    }
    assert_int_equal(STREAM_BYTES, read_body(fds[0]));
    for (size_t i = 1; i < 50; i++) {
        (void)close(fds[i]);
    }
    (void)close(slow);
    wait_for_ended(50);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_many_requests_wait_and_cost_no_thread),
        TEST(test_an_answer_may_come_before_the_handler_returns),
        TEST(test_an_answer_to_nobody_goes_nowhere),
        TEST(test_a_server_ends_although_answers_are_owed),
        TEST(test_a_stream_is_read_as_fast_as_the_client_reads),
        TEST(test_a_stream_that_cannot_be_finished_drops_the_connection),
        TEST(test_pieces_are_sent_from_where_they_are),
        TEST(test_a_stream_ends_when_its_client_goes),
        TEST(test_a_stream_may_come_later),
        TEST(test_many_slow_readers_hold_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
