/* TLS of lib/rpc: who is believed, who is heard, and certificates that change meanwhile.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "rpc/client.h"
#include "rpc/server.h"

#include "lib/certificates.h"
#include "lib/check.h"
#include "lib/wait.h"

#define DEADLINE_MS 5000

static struct test_certificate authority;
static struct test_certificate stranger; /* an authority of somebody else's */
static struct test_certificate server_leaf;
static struct test_certificate client_leaf;

/* What has become of calls. */
struct results {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int count;
    enum asg_rpc_code code;
    char text[512];
};

static void take_reply(const struct asg_rpc_reply *reply, void *context)
{
    struct results *results = context;
    (void)pthread_mutex_lock(&results->mutex);
    results->count++;
    results->code = reply->code;
    const char *text = reply->data == NULL ? reply->details : (const char *)reply->data;
    int length = reply->data == NULL ? (int)strlen(text) : (int)reply->length;
    (void)snprintf(results->text, sizeof results->text, "%.*s", length, text);
    (void)pthread_cond_broadcast(&results->changed);
    (void)pthread_mutex_unlock(&results->mutex);
}

/* What the client was shown. */
struct seen {
    bool is_fine; /* what check() answers */
    atomic_int count;
    char peer[64];
    char chain[3 * TEST_PEM_BYTES];
};

static bool check(void *context, const char *peer, const char *chain_pem,
                  struct asg_error *reason)
{
    struct seen *seen = context;
    (void)snprintf(seen->peer, sizeof seen->peer, "%s", peer);
    (void)snprintf(seen->chain, sizeof seen->chain, "%s", chain_pem);
    atomic_fetch_add(&seen->count, 1);
    if (!seen->is_fine) (void)asg_fail(reason, ASG_ERR_DENIED, "it names i-2");
    return seen->is_fine;
}

/* The server tells whom it sees. */
static void who(struct asg_rpc_call *call, const uint8_t *request, size_t length,
                void *context)
{
    (void)request, (void)length;
    atomic_fetch_add((atomic_int *)context, 1);
    const char *certificate = asg_rpc_call_peer_certificate(call);
    char words[256];
    (void)snprintf(
        words, sizeof words, "%s %s", asg_rpc_call_peer_address(call),
        certificate == NULL ? "nobody"
        : strcmp(certificate, client_leaf.certificate_pem) == 0
            ? "only the leaf was expected"
        : strncmp(certificate, client_leaf.certificate_pem, strlen(certificate)) == 0
            ? "the client"
            : "another");
    asg_rpc_call_reply(call, words, strlen(words));
}

static bool is_heard(void *context, const struct asg_rpc_call *call)
{
    (void)call;
    return *(const bool *)context;
}

struct served {
    struct asg_rpc_identity *identity;
    struct asg_rpc_server *server;
    atomic_int handled;
    bool is_heard;
    uint32_t answer_bytes; /* that a client takes; 0: as usual */
    char target[64];
};

static void serve(struct served *served, const char *address,
                  const struct test_certificate *leaf, bool wants_client_certificate)
{
    *served = (struct served){.is_heard = true};
    struct asg_error error = {0};
    assert_status(ASG_OK, asg_rpc_identity_new(leaf->certificate_pem, leaf->key_pem,
                                               authority.certificate_pem,
                                               &served->identity, &error));
    const struct asg_rpc_method methods[] = {
        {"/test.Test/Who", who, NULL, &served->handled}};
    const struct asg_rpc_server_options options = {
        .address = address,
        .methods = methods,
        .method_count = 1,
        .identity = served->identity,
        .wants_client_certificate = wants_client_certificate,
        .check = is_heard,
        .check_context = &served->is_heard,
    };
    assert_status(ASG_OK, asg_rpc_server_new(&options, &served->server, &error));
    bool is_v6 = address[0] == '[';
    (void)snprintf(served->target, sizeof served->target, "%s:%u",
                   is_v6 ? "[::1]" : "127.0.0.1", asg_rpc_server_port(served->server));
}

static void stop(struct served *served)
{
    asg_rpc_server_destroy(&served->server);
    asg_rpc_identity_destroy(&served->identity);
}

/* One call with a client of its own; `leaf` NULL: without a certificate. */
static struct results call_as(struct served *served, const char *peer,
                              const struct test_certificate *leaf, struct seen *seen)
{
    struct results results = {0};
    (void)pthread_mutex_init(&results.mutex, NULL);
    (void)pthread_cond_init(&results.changed, NULL);
    struct asg_rpc_identity *identity = NULL;
    struct asg_error error = {0};
    assert_status(ASG_OK,
                  asg_rpc_identity_new(leaf == NULL ? NULL : leaf->certificate_pem,
                                       leaf == NULL ? NULL : leaf->key_pem, NULL,
                                       &identity, &error));
    const struct asg_rpc_client_options options = {.identity = identity,
                                                   .check = check,
                                                   .check_context = seen,
                                                   .max_message_bytes =
                                                       served->answer_bytes};
    struct asg_rpc_client *client = NULL;
    assert_status(ASG_OK, asg_rpc_client_new(&options, &client, &error));
    asg_rpc_identity_destroy(&identity); /* the client keeps it */
    assert_status(ASG_OK,
                  asg_rpc_client_call_as(client, served->target, peer, "/test.Test/Who",
                                         "x", 1, DEADLINE_MS, take_reply, &results));
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    (void)pthread_mutex_lock(&results.mutex);
    while (results.count == 0) {
        assert_int_equal(
            0, pthread_cond_timedwait(&results.changed, &results.mutex, &until));
    }
    (void)pthread_mutex_unlock(&results.mutex);
    asg_rpc_client_destroy(&client);
    assert_int_equal(1, results.count);
    return results;
}

static void test_both_sides_see_each_other(void **state)
{
    (void)state;
    struct served served;
    serve(&served, "127.0.0.1:0", &server_leaf, true);
    struct seen seen = {.is_fine = true};
    struct results results = call_as(&served, "i-1", &client_leaf, &seen);
    assert_string_equal("127.0.0.1 the client", results.text);
    assert_int_equal(ASG_RPC_OK, results.code);
    assert_string_equal("i-1", seen.peer);
    /* The leaf first, then its signer. */
    assert_string_equal(server_leaf.certificate_pem, seen.chain);
    stop(&served);
}

static void test_addresses_of_ipv6_are_told_bare(void **state)
{
    (void)state;
    struct served served;
    serve(&served, "[::1]:0", &server_leaf, false);
    struct seen seen = {.is_fine = true};
    struct results results = call_as(&served, NULL, NULL, &seen);
    assert_string_equal("::1 nobody", results.text);
    assert_string_equal("", seen.peer);
    stop(&served);
}

static void test_server_that_is_not_believed_never_sees_the_request(void **state)
{
    (void)state;
    struct served served;
    serve(&served, "127.0.0.1:0", &server_leaf, true);
    struct seen seen = {.is_fine = false};
    struct results results = call_as(&served, "i-1", &client_leaf, &seen);
    assert_int_equal(ASG_RPC_UNAUTHENTICATED, results.code);
    assert_string_equal("it names i-2", results.text);
    assert_int_equal(0, served.handled);
    assert_int_equal(1, seen.count);
    stop(&served);
}

/* Expired, self-signed, signed by others: the check sees it and decides alone. */
static void test_whatever_a_server_shows_reaches_the_check(void **state)
{
    (void)state;
    const struct test_certificate_options odd[] = {
        {.uri = "openasg://c/instance/i-1", .signer = &authority, .is_expired = true},
        {.uri = "openasg://c/instance/i-1", .signer = NULL},
        {.uri = "openasg://c/instance/i-1", .signer = &stranger},
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct test_certificate leaf = test_certificate_make(odd[i]);
        struct served served;
        serve(&served, "127.0.0.1:0", &leaf, false);
        struct seen seen = {.is_fine = true};
        struct results results = call_as(&served, "i-1", NULL, &seen);
        assert_string_equal("127.0.0.1 nobody", results.text);
        assert_string_equal(leaf.certificate_pem, seen.chain);
        stop(&served);
        test_certificate_free(&leaf);
    }
}

static void test_strangers_get_no_connection(void **state)
{
    (void)state;
    struct served served;
    serve(&served, "127.0.0.1:0", &server_leaf, true);
    struct test_certificate others =
        test_certificate_make((struct test_certificate_options){
            .uri = "openasg://c/controller", .signer = &stranger});
    struct test_certificate self = test_certificate_make(
        (struct test_certificate_options){.uri = "openasg://c/controller"});
    /* A signature under the right name, by the wrong key. */
    const struct test_certificate *strangers[] = {NULL, &others, &self};
    for (size_t i = 0; i < 3; i++) {
        struct seen seen = {.is_fine = true};
        struct results results = call_as(&served, "i-1", strangers[i], &seen);
        assert_int_equal(ASG_RPC_UNAVAILABLE, results.code);
    }
    assert_int_equal(0, served.handled);
    struct seen seen = {.is_fine = true};
    assert_int_equal(ASG_RPC_OK, call_as(&served, "i-1", &client_leaf, &seen).code);
    stop(&served);
    test_certificate_free(&others);
    test_certificate_free(&self);
}

static void test_caller_that_is_not_heard_is_refused_before_its_message(void **state)
{
    (void)state;
    struct served served;
    serve(&served, "127.0.0.1:0", &server_leaf, true);
    served.is_heard = false;
    struct seen seen = {.is_fine = true};
    struct results results = call_as(&served, "i-1", &client_leaf, &seen);
    assert_int_equal(ASG_RPC_PERMISSION_DENIED, results.code);
    assert_int_equal(0, served.handled);
    stop(&served);
}

static void test_plaintext_is_not_answered_on_a_tls_port(void **state)
{
    (void)state;
    struct served served;
    serve(&served, "127.0.0.1:0", &server_leaf, false);
    struct results results = {0};
    (void)pthread_mutex_init(&results.mutex, NULL);
    (void)pthread_cond_init(&results.changed, NULL);
    struct asg_rpc_client *client = NULL;
    struct asg_error error;
    assert_status(ASG_OK, asg_rpc_client_new(NULL, &client, &error));
    assert_status(ASG_OK, asg_rpc_client_call(client, served.target, "/test.Test/Who",
                                              "x", 1, DEADLINE_MS, take_reply, &results));
    (void)pthread_mutex_lock(&results.mutex);
    while (results.count == 0)
        (void)pthread_cond_wait(&results.changed, &results.mutex);
    (void)pthread_mutex_unlock(&results.mutex);
    assert_int_equal(ASG_RPC_UNAVAILABLE, results.code);
    assert_int_equal(0, served.handled);
    asg_rpc_client_destroy(&client);
    stop(&served);
}

static void test_new_handshakes_use_the_replaced_identity(void **state)
{
    (void)state;
    struct served served;
    serve(&served, "127.0.0.1:0", &server_leaf, true);
    struct seen seen = {.is_fine = true};
    assert_int_equal(ASG_RPC_OK, call_as(&served, "i-1", &client_leaf, &seen).code);

    /* Another leaf, and the other authority is trusted instead. */
    struct test_certificate renewed =
        test_certificate_make((struct test_certificate_options){
            .uri = "openasg://c/instance/i-1", .signer = &authority});
    struct test_certificate others =
        test_certificate_make((struct test_certificate_options){
            .uri = "openasg://c/controller", .signer = &stranger});
    struct asg_error error;
    assert_status(ASG_OK, asg_rpc_identity_replace(
                              served.identity, renewed.certificate_pem, renewed.key_pem,
                              stranger.certificate_pem, &error));
    assert_int_equal(ASG_RPC_OK, call_as(&served, "i-1", &others, &seen).code);
    assert_string_equal(renewed.certificate_pem, seen.chain);
    assert_int_equal(ASG_RPC_UNAVAILABLE,
                     call_as(&served, "i-1", &client_leaf, &seen).code);

    /* What cannot be used changes nothing. */
    assert_status(ASG_ERR_MALFORMED,
                  asg_rpc_identity_replace(served.identity, "no", "key", NULL, &error));
    assert_int_equal(ASG_RPC_OK, call_as(&served, "i-1", &others, &seen).code);
    stop(&served);
    test_certificate_free(&renewed);
    test_certificate_free(&others);
}

static void test_client_shows_its_replaced_identity(void **state)
{
    (void)state;
    struct served served;
    serve(&served, "127.0.0.1:0", &server_leaf, true);
    struct asg_rpc_identity *identity = NULL;
    struct asg_error error;
    struct seen seen = {.is_fine = true};
    assert_status(ASG_OK, asg_rpc_identity_new(NULL, NULL, NULL, &identity, &error));
    const struct asg_rpc_client_options options = {
        .identity = identity, .check = check, .check_context = &seen};
    struct asg_rpc_client *client = NULL;
    assert_status(ASG_OK, asg_rpc_client_new(&options, &client, &error));
    static const enum asg_rpc_code expected[] = {ASG_RPC_UNAVAILABLE, ASG_RPC_OK};
    for (int i = 0; i < 2; i++) {
        struct results results = {0};
        (void)pthread_mutex_init(&results.mutex, NULL);
        (void)pthread_cond_init(&results.changed, NULL);
        assert_status(ASG_OK, asg_rpc_client_call_as(client, served.target, "i-1",
                                                     "/test.Test/Who", "x", 1,
                                                     DEADLINE_MS, take_reply, &results));
        (void)pthread_mutex_lock(&results.mutex);
        while (results.count == 0)
            (void)pthread_cond_wait(&results.changed, &results.mutex);
        (void)pthread_mutex_unlock(&results.mutex);
        assert_int_equal(expected[i], results.code);
        assert_status(ASG_OK,
                      asg_rpc_identity_replace(identity, client_leaf.certificate_pem,
                                               client_leaf.key_pem, NULL, &error));
    }
    asg_rpc_client_destroy(&client);
    asg_rpc_identity_destroy(&identity);
    stop(&served);
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

static void wait_for(struct results *results, int count)
{
    (void)pthread_mutex_lock(&results->mutex);
    while (results->count < count)
        (void)pthread_cond_wait(&results->changed, &results->mutex);
    (void)pthread_mutex_unlock(&results->mutex);
}

/* Somebody refuses, somebody hangs, somebody answers: each in its own words, and nothing
 * is left of any of them. */
static void test_failures_have_words_and_leave_nothing(void **state)
{
    (void)state;
    struct served served;
    serve(&served, "127.0.0.1:0", &server_leaf, true);
    int mute = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    assert_int_equal(0, bind(mute, (struct sockaddr *)&address, length));
    assert_int_equal(0, getsockname(mute, (struct sockaddr *)&address, &length));
    char target[64];
    (void)snprintf(target, sizeof target, "127.0.0.1:%u", ntohs(address.sin_port));

    struct asg_rpc_identity *identity = NULL;
    struct asg_error error;
    struct seen seen = {.is_fine = true};
    assert_status(ASG_OK,
                  asg_rpc_identity_new(client_leaf.certificate_pem, client_leaf.key_pem,
                                       NULL, &identity, &error));
    const struct asg_rpc_client_options options = {
        .identity = identity, .check = check, .check_context = &seen};
    struct asg_rpc_client *client = NULL;
    assert_status(ASG_OK, asg_rpc_client_new(&options, &client, &error));
    struct results results = {0};
    (void)pthread_mutex_init(&results.mutex, NULL);
    (void)pthread_cond_init(&results.changed, NULL);
    assert_status(ASG_OK,
                  asg_rpc_client_call_as(client, target, "i-1", "/test.Test/Who", "x", 1,
                                         DEADLINE_MS, take_reply, &results));
    wait_for(&results, 1);
    assert_int_equal(ASG_RPC_UNAVAILABLE, results.code);
    assert_string_equal("cannot connect: Connection refused", results.text);

    assert_int_equal(0, listen(mute, 100));
    size_t before = 0;
    int expected = 1;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 10; i++) {
            assert_status(ASG_OK, asg_rpc_client_call_as(
                                      client, i % 2 == 0 ? target : served.target, "i-1",
                                      "/test.Test/Who", "x", 1, 200 + 2000 * (i % 2),
                                      take_reply, &results));
        }
        expected += 10;
        wait_for(&results, expected);
        if (round == 0) before = count_descriptors();
    }
    struct wait wait = wait_begin(20000);
    while (count_descriptors() > before) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    assert_int_equal(15, served.handled);
    asg_rpc_client_destroy(&client);
    asg_rpc_identity_destroy(&identity);
    (void)close(mute);
    stop(&served);
}

/* ---- a server with a true certificate that never ends what it says ---- */

enum flood { FLOOD_HEADERS, FLOOD_KEY_UPDATES, FLOOD_QUESTIONS };

struct chatterbox {
    enum flood flood;
    SSL_CTX *context;
    int listener;
    pthread_t thread;
    char target[64];
};

static int choose_http2(SSL *ssl, const unsigned char **ret, unsigned char *ret_length,
                        const unsigned char *offered, unsigned length, void *context)
{
    (void)ssl, (void)offered, (void)length, (void)context;
    *ret = (const unsigned char *)"h2";
    *ret_length = 2;
    return SSL_TLSEXT_ERR_OK;
}

/* Until nobody listens any more; at most a GiB. */
static void say_headers(SSL *ssl)
{
    static const char begin[] = "\0\0\0\4\0\0\0\0\0"       /* SETTINGS */
                                "\0\0\10\1\0\0\0\0\1"      /* HEADERS, stream 1 */
                                "\0\1a\177\200\377\377\7"; /* a: 2 GiB */
    uint8_t more[9 + 16384] = {0, 0x40, 0, 9 /* CONTINUATION */, 0, 0, 0, 0, 1};
    memset(more + 9, 'x', sizeof more - 9);
    bool is_heard = SSL_write(ssl, begin, sizeof begin - 1) > 0;
    for (int i = 0; is_heard && i < 65536; i++)
        is_heard = SSL_write(ssl, more, sizeof more) > 0;
}

static void say_key_updates(SSL *ssl)
{
    for (int i = 0; i < 10000000; i++) {
        if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1) return;
        if (SSL_do_handshake(ssl) != 1) return;
    }
}

/* Each wants a word back, and none is read: more than sockets hold at first. */
static void ask_for_key_updates(SSL *ssl)
{
    for (int i = 0; i < 20000; i++) {
        if (SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) != 1) return;
        if (SSL_do_handshake(ssl) != 1) return;
    }
    struct pollfd hung_up = {.fd = SSL_get_fd(ssl), .events = POLLRDHUP};
    (void)poll(&hung_up, 1, 2 * DEADLINE_MS);
}

static void *chatter(void *context)
{
    struct chatterbox *box = context;
    int fd = accept(box->listener, NULL, NULL);
    SSL *ssl = SSL_new(box->context);
    if (fd >= 0 && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
        if (box->flood == FLOOD_HEADERS) say_headers(ssl);
        if (box->flood == FLOOD_KEY_UPDATES) say_key_updates(ssl);
        if (box->flood == FLOOD_QUESTIONS) ask_for_key_updates(ssl);
    }
    SSL_free(ssl);
    if (fd >= 0) (void)close(fd);
    return NULL;
}

static void chatter_begin(struct chatterbox *box, enum flood flood)
{
    box->flood = flood;
    box->context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(1, SSL_CTX_use_certificate(box->context, server_leaf.x509));
    assert_int_equal(1, SSL_CTX_use_PrivateKey(box->context, server_leaf.key));
    SSL_CTX_set_alpn_select_cb(box->context, choose_http2, NULL);
    box->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (flood == FLOOD_QUESTIONS) { /* of small packets, and deaf after a few */
        const int segment = 88;     /* the least */
        const int room = 2304;
        assert_int_equal(0, setsockopt(box->listener, IPPROTO_TCP, TCP_MAXSEG, &segment,
                                       sizeof segment));
        assert_int_equal(
            0, setsockopt(box->listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof room));
    }
    assert_int_equal(0, bind(box->listener, (struct sockaddr *)&address, length));
    assert_int_equal(0, listen(box->listener, 1));
    assert_int_equal(0, getsockname(box->listener, (struct sockaddr *)&address, &length));
    (void)snprintf(box->target, sizeof box->target, "127.0.0.1:%u",
                   ntohs(address.sin_port));
    assert_int_equal(0, pthread_create(&box->thread, NULL, chatter, box));
}

static void chatter_end(struct chatterbox *box)
{
    (void)pthread_join(box->thread, NULL);
    SSL_CTX_free(box->context);
    (void)close(box->listener);
}

/* One thread carries all of a client's connections, and gRPC holds headers until they
 * end: who says more than an answer can have is cut off, long before the deadline. */
static void test_server_that_never_ends_is_cut_off(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN); /* of the chatterbox */
    for (enum flood flood = FLOOD_HEADERS; flood <= FLOOD_KEY_UPDATES; flood++) {
        struct chatterbox box;
        chatter_begin(&box, flood);
        struct served at_box = {0};
        memcpy(at_box.target, box.target, sizeof at_box.target);
        struct seen seen = {.is_fine = true};
        struct results results = call_as(&at_box, "i-1", &client_leaf, &seen);
        assert_int_equal(ASG_RPC_UNAVAILABLE, results.code);
        assert_non_null(strstr(results.text, "sends more than an answer can have"));
        chatter_end(&box);
    }
}

static int64_t used_ms(void)
{
    struct timespec used;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* Reading that waits for room to write in waits without turning round and round. */
static void test_server_that_asks_and_does_not_listen_costs_nothing(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN); /* of the chatterbox */
    struct chatterbox box;
    chatter_begin(&box, FLOOD_QUESTIONS);
    struct served at_box = {.answer_bytes = 64 << 20};
    memcpy(at_box.target, box.target, sizeof at_box.target);
    struct seen seen = {.is_fine = true};
    int64_t before_ms = used_ms();
    struct results results = call_as(&at_box, "i-1", &client_leaf, &seen);
    int64_t cost_ms = used_ms() - before_ms;
    chatter_end(&box);
    assert_int_equal(ASG_RPC_DEADLINE_EXCEEDED, results.code);
    assert_in_range(cost_ms, 0, DEADLINE_MS / 4);
}

static void test_options_that_would_be_unsafe_are_refused(void **state)
{
    (void)state;
    struct asg_error error;
    struct asg_rpc_identity *identity = NULL;
    assert_status(ASG_ERR_MALFORMED, asg_rpc_identity_new(server_leaf.certificate_pem,
                                                          NULL, NULL, &identity, &error));
    assert_status(ASG_ERR_MALFORMED,
                  asg_rpc_identity_new(server_leaf.key_pem, server_leaf.key_pem, NULL,
                                       &identity, &error));
    assert_status(ASG_OK, asg_rpc_identity_new(NULL, NULL, NULL, &identity, &error));
    struct asg_rpc_client *client = NULL;
    const struct asg_rpc_client_options unchecked = {.identity = identity};
    assert_status(ASG_ERR_INVALID, asg_rpc_client_new(&unchecked, &client, &error));
    struct asg_rpc_server *server = NULL;
    struct asg_rpc_server_options options = {.address = "127.0.0.1:0",
                                             .identity = identity};
    assert_status(ASG_ERR_INVALID, asg_rpc_server_new(&options, &server, &error));
    options = (struct asg_rpc_server_options){.address = "127.0.0.1:0",
                                              .wants_client_certificate = true};
    assert_status(ASG_ERR_INVALID, asg_rpc_server_new(&options, &server, &error));
    asg_rpc_identity_destroy(&identity);

    assert_status(ASG_OK,
                  asg_rpc_identity_new(server_leaf.certificate_pem, server_leaf.key_pem,
                                       NULL, &identity, &error));
    options = (struct asg_rpc_server_options){
        .address = "127.0.0.1:0", .identity = identity, .wants_client_certificate = true};
    assert_status(ASG_ERR_INVALID, asg_rpc_server_new(&options, &server, &error));
    asg_rpc_identity_destroy(&identity);

    /* A certificate with another's key. */
    assert_status(ASG_ERR_MALFORMED,
                  asg_rpc_identity_new(server_leaf.certificate_pem, client_leaf.key_pem,
                                       NULL, &identity, &error));
    assert_non_null(strstr(error.text, "do not belong together"));
}

static int set_up(void **state)
{
    (void)state;
    authority = test_certificate_make((struct test_certificate_options){0});
    stranger = test_certificate_make((struct test_certificate_options){0});
    server_leaf = test_certificate_make((struct test_certificate_options){
        .uri = "openasg://c/instance/i-1", .signer = &authority});
    client_leaf = test_certificate_make((struct test_certificate_options){
        .uri = "openasg://c/controller", .signer = &authority});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_certificate_free(&authority);
    test_certificate_free(&stranger);
    test_certificate_free(&server_leaf);
    test_certificate_free(&client_leaf);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_sides_see_each_other),
        cmocka_unit_test(test_addresses_of_ipv6_are_told_bare),
        cmocka_unit_test(test_server_that_is_not_believed_never_sees_the_request),
        cmocka_unit_test(test_whatever_a_server_shows_reaches_the_check),
        cmocka_unit_test(test_strangers_get_no_connection),
        cmocka_unit_test(test_caller_that_is_not_heard_is_refused_before_its_message),
        cmocka_unit_test(test_plaintext_is_not_answered_on_a_tls_port),
        cmocka_unit_test(test_new_handshakes_use_the_replaced_identity),
        cmocka_unit_test(test_client_shows_its_replaced_identity),
        cmocka_unit_test(test_failures_have_words_and_leave_nothing),
        cmocka_unit_test(test_server_that_never_ends_is_cut_off),
        cmocka_unit_test(test_server_that_asks_and_does_not_listen_costs_nothing),
        cmocka_unit_test(test_options_that_would_be_unsafe_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
