/* test_rpc_strangers - 300 connections of strangers, with 16 streams each that never send
 * their message, or none at all, delay no honest Check. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rpc/health.h"

#include "lib/certificates.h"
#include "lib/check.h"
#include "lib/wait.h"

#define STRANGERS 300
#define STREAMS   16

/* An honest Check takes some milliseconds, and a few hundred behind 4,800 streams that
 * were opened at once; sanitizers and a busy machine take their share. */
#define CHECK_MS_MAX 8000

static struct test_certificate authority;
static struct test_certificate leaf;

/* ---- the server ---- */

struct served {
    struct asg_rpc_health *health;
    struct asg_rpc_identity *identity;
    struct asg_rpc_server *server;
    struct asg_rpc_client *client;
    uint16_t port;
    char target[32];
};

static bool believe(void *context, const char *peer, const char *chain_pem,
                    struct asg_error *reason)
{
    (void)context, (void)peer, (void)chain_pem, (void)reason;
    return true;
}

static void serve(struct served *served, bool is_tls)
{
    *served = (struct served){0};
    struct asg_error error = {0};
    served->health = asg_rpc_health_new();
    assert_status(ASG_OK, asg_rpc_health_set(served->health, "", ASG_HEALTH_SERVING));
    struct asg_rpc_method methods[ASG_RPC_HEALTH_METHODS];
    asg_rpc_health_methods(served->health, methods);
    if (is_tls) {
        assert_status(ASG_OK, asg_rpc_identity_new(leaf.certificate_pem, leaf.key_pem,
                                                   authority.certificate_pem,
                                                   &served->identity, &error));
    }
    const struct asg_rpc_server_options options = {.address = "0.0.0.0:0",
                                                   .methods = methods,
                                                   .method_count = ASG_RPC_HEALTH_METHODS,
                                                   .identity = served->identity,
                                                   .wants_client_certificate = is_tls};
    assert_status(ASG_OK, asg_rpc_server_new(&options, &served->server, &error));
    served->port = asg_rpc_server_port(served->server);
    (void)snprintf(served->target, sizeof served->target, "127.0.0.1:%u", served->port);
    const struct asg_rpc_client_options client = {.identity = served->identity,
                                                  .check = believe};
    assert_status(ASG_OK, asg_rpc_client_new(&client, &served->client, &error));
}

static void stop(struct served *served)
{
    asg_rpc_client_destroy(&served->client);
    asg_rpc_server_destroy(&served->server);
    asg_rpc_health_destroy(&served->health);
    asg_rpc_identity_destroy(&served->identity);
}

/* ---- who is honest ---- */

struct outcome {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_there;
    struct asg_rpc_health_reply reply;
};

static void take(const struct asg_rpc_health_reply *reply, void *context)
{
    struct outcome *outcome = context;
    (void)pthread_mutex_lock(&outcome->mutex);
    outcome->reply = *reply;
    outcome->is_there = true;
    (void)pthread_cond_broadcast(&outcome->changed);
    (void)pthread_mutex_unlock(&outcome->mutex);
}

static int64_t slowest_ms;

static void check_honestly(struct served *served)
{
    struct outcome outcome = {0};
    (void)pthread_mutex_init(&outcome.mutex, NULL);
    (void)pthread_cond_init(&outcome.changed, NULL);
    int64_t began_ms = wait_now_ms();
    assert_status(ASG_OK, asg_rpc_health_check(served->client, served->target, "me", "",
                                               20000, take, &outcome));
    (void)pthread_mutex_lock(&outcome.mutex);
    while (!outcome.is_there)
        (void)pthread_cond_wait(&outcome.changed, &outcome.mutex);
    (void)pthread_mutex_unlock(&outcome.mutex);
    int64_t took_ms = wait_now_ms() - began_ms;
    assert_int_equal(ASG_RPC_OK, outcome.reply.code);
    assert_int_equal(ASG_HEALTH_SERVING, outcome.reply.status);
    if (took_ms > slowest_ms) slowest_ms = took_ms;
    if (took_ms > CHECK_MS_MAX) fail_msg("a Check took %d ms", (int)took_ms);
}

/* ---- strangers ---- */

/* From an address of their own, so that each could have its share of calls. */
static int connect_from(int stranger, uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct sockaddr_in here = {.sin_family = AF_INET};
    here.sin_addr.s_addr = htonl(0x7f000100u + (uint32_t)stranger % 100 + 1);
    assert_int_equal(0, bind(fd, (struct sockaddr *)&here, sizeof here));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(0, connect(fd, (struct sockaddr *)&to, sizeof to));
    return fd;
}

static size_t put_frame(uint8_t *at, uint8_t type, uint8_t flags, uint32_t stream,
                        const void *payload, size_t length)
{
    const uint8_t head[9] = {(uint8_t)(length >> 16),
                             (uint8_t)(length >> 8),
                             (uint8_t)length,
                             type,
                             flags,
                             (uint8_t)(stream >> 24),
                             (uint8_t)(stream >> 16),
                             (uint8_t)(stream >> 8),
                             (uint8_t)stream};
    memcpy(at, head, sizeof head);
    if (length > 0) memcpy(at + sizeof head, payload, length);
    return sizeof head + length;
}

static size_t put_literal(uint8_t *at, const char *name, const char *value)
{
    size_t length = 0;
    at[length++] = 0;
    at[length++] = (uint8_t)strlen(name);
    memcpy(at + length, name, strlen(name));
    length += strlen(name);
    at[length++] = (uint8_t)strlen(value);
    memcpy(at + length, value, strlen(value));
    return length + strlen(value);
}

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* Of a call of Check. */
static size_t put_headers(uint8_t *at)
{
    size_t length = 0;
    at[length++] = 0x83; /* POST */
    at[length++] = 0x86; /* http */
    length += put_literal(at + length, ":path", "/grpc.health.v1.Health/Check");
    length += put_literal(at + length, ":authority", "x");
    length += put_literal(at + length, "te", "trailers");
    return length + put_literal(at + length, "content-type", "application/grpc");
}

/* HTTP/2's first words and 16 calls of Check that go no further than their headers. */
static void open_streams(int fd)
{
    uint8_t bytes[8192];
    uint8_t headers[256];
    size_t header_length = put_headers(headers);
    size_t length = strlen(preface);
    memcpy(bytes, preface, length);
    length += put_frame(bytes + length, 4, 0, 0, NULL, 0); /* SETTINGS */
    for (uint32_t i = 0; i < STREAMS; i++) {
        length += put_frame(bytes + length, 1, 4 /* END_HEADERS */, 2 * i + 1, headers,
                            header_length);
    }
    assert_int_equal((ssize_t)length, send(fd, bytes, length, MSG_NOSIGNAL));
}

/* What a stranger has been sent until now. */
static size_t read_all(int fd)
{
    uint8_t bytes[65536];
    size_t total = 0;
    for (;;) {
        ssize_t count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (count <= 0) return total;
        total += (size_t)count;
    }
}

static void close_all(const int *fds)
{
    for (int i = 0; i < STRANGERS; i++)
        (void)close(fds[i]);
}

static void test_streams_without_a_message_delay_no_check(void **state)
{
    (void)state;
    struct served served;
    serve(&served, false);
    int fds[STRANGERS];
    for (int i = 0; i < STRANGERS; i++) {
        fds[i] = connect_from(i, served.port);
        open_streams(fds[i]);
        if (i % 10 == 0) check_honestly(&served);
    }
    for (int i = 0; i < 20; i++)
        check_honestly(&served);
    /* The server did take their streams: the last one has had its settings at least. */
    struct wait wait = wait_begin(20000);
    while (read_all(fds[STRANGERS - 1]) == 0) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    close_all(fds);
    check_honestly(&served);
    stop(&served);
}

/* All from the honest caller's own address, and they open more as soon as they may. */
static void test_neighbours_that_keep_opening_delay_no_check(void **state)
{
    (void)state;
    struct served served;
    serve(&served, false);
    int fds[STRANGERS];
    for (int i = 0; i < STRANGERS; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(served.port)};
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        assert_int_equal(0, connect(fds[i], (struct sockaddr *)&to, sizeof to));
        open_streams(fds[i]);
    }
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 10; k++) {
            int one = (i * 10 + k) % STRANGERS;
            (void)close(fds[one]);
            fds[one] = connect_from(one, served.port);
            open_streams(fds[one]);
        }
        check_honestly(&served);
    }
    close_all(fds);
    stop(&served);
}

/* Nothing, or words that are no TLS: they have five seconds for a handshake and then
 * their connection is closed. */
static void test_connections_without_a_handshake_delay_no_check(void **state)
{
    (void)state;
    struct served served;
    serve(&served, true);
    int fds[STRANGERS];
    for (int i = 0; i < STRANGERS; i++) {
        fds[i] = connect_from(i, served.port);
        if (i % 2 == 0) open_streams(fds[i]);
        if (i % 10 == 0) check_honestly(&served);
    }
    for (int i = 0; i < 20; i++)
        check_honestly(&served);
    struct wait wait = wait_begin(20000);
    for (int i = 0; i < STRANGERS; i++) {
        struct pollfd closed = {.fd = fds[i], .events = POLLIN};
        assert_int_equal(1, poll(&closed, 1, 20000));
        char byte = 0;
        while (recv(fds[i], &byte, 1, 0) > 0) {
        } /* an alert, perhaps, and the end */
        assert_false(wait_is_over(&wait));
    }
    close_all(fds);
    stop(&served);
}

/* 32 kB of gzip can be 32 MB of nothing, and a fifth of a second of the server's thread:
 * what is compressed is refused as it came. */
static void test_compressed_messages_are_not_unpacked(void **state)
{
    (void)state;
    struct served served;
    serve(&served, false);
    uint8_t bytes[1024];
    uint8_t headers[256];
    size_t header_length = put_headers(headers);
    header_length += put_literal(headers + header_length, "grpc-encoding", "gzip");
    /* Its length, and gzip of nothing. */
    static const uint8_t message[] = {1, 0, 0, 0, 20, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0,
                                      0, 3, 3, 0, 0,  0,    0,    0, 0, 0, 0, 0};
    size_t length = strlen(preface);
    memcpy(bytes, preface, length);
    length += put_frame(bytes + length, 4, 0, 0, NULL, 0);
    length += put_frame(bytes + length, 1, 4, 1, headers, header_length);
    length += put_frame(bytes + length, 0, 1, 1, message, sizeof message);
    int fd = connect_from(0, served.port);
    assert_int_equal((ssize_t)length, send(fd, bytes, length, MSG_NOSIGNAL));
    static const char refused[] = "grpc-status\00212"; /* UNIMPLEMENTED */
    size_t got = 0;
    while (memmem(bytes, got, refused, sizeof refused - 1) == NULL) {
        struct pollfd more = {.fd = fd, .events = POLLIN};
        assert_int_equal(1, poll(&more, 1, 20000));
        ssize_t count = recv(fd, bytes + got, sizeof bytes - got, 0);
        assert_true(count > 0);
        got += (size_t)count;
    }
    (void)close(fd);
    check_honestly(&served);
    stop(&served);
}

static int set_up(void **state)
{
    (void)state;
    struct rlimit files;
    (void)getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    authority = test_certificate_make((struct test_certificate_options){0});
    leaf = test_certificate_make((struct test_certificate_options){
        .uri = "openasg://c/instance/i-1", .signer = &authority});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_certificate_free(&authority);
    test_certificate_free(&leaf);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_without_a_message_delay_no_check),
        cmocka_unit_test(test_neighbours_that_keep_opening_delay_no_check),
        cmocka_unit_test(test_connections_without_a_handshake_delay_no_check),
        cmocka_unit_test(test_compressed_messages_are_not_unpacked),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    (void)printf("slowest honest Check: %d ms\n", (int)slowest_ms);
    return failed;
}
