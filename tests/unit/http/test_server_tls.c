/* The HTTP server with TLS, asked by curl and openssl. */
#include "lib/check.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "http/server.h"
#include "lib/http_get.h"
#include "lib/wait.h"

static struct asg_http_server *server;
static char folder[64];
static struct asg_bytes said; /* by the last program */

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    (void)context;
    response->status = 200;
    if (strcmp(request->target, "/large") == 0) {
        for (int i = 0; i < 200000; i++) {
            asg_bytes_append_text(&response->body, "0123456789");
        }
    } else if (strcmp(request->target, "/pieces") == 0) {
        static struct asg_http_piece items[3000];
        for (size_t i = 0; i < 3000; i++) {
            items[i] = (struct asg_http_piece){"0123456789", i % 11};
        }
        response->pieces = (struct asg_http_pieces){.items = items, .count = 3000};
    } else if (strcmp(request->target, "/later") == 0) {
        struct asg_http_later *later = asg_http_wait(request);
        asg_bytes_append_text(&response->body, "later");
        asg_http_answer(&later, response);
        *response = (struct asg_http_response){0};
    } else {
        asg_bytes_append(&response->body, request->body, request->body_length);
        asg_bytes_append_text(&response->body, "hello");
    }
}

/* Run a line of the shell in the folder; its exit code. */
static int ASG_PRINTF(1, 2) run(const char *format, ...)
{
    char line[1024];
    int length = snprintf(line, sizeof line, "cd %s && exec 2>&1; ", folder);
    va_list list;
    va_start(list, format);
    (void)vsnprintf(line + length, sizeof line - (size_t)length, format, list);
    va_end(list);
    asg_bytes_reset(&said);
    FILE *pipe = popen(line, "re");
    assert_non_null(pipe);
    char piece[4096];
    size_t got = 0;
    while ((got = fread(piece, 1, sizeof piece, pipe)) > 0) {
        asg_bytes_append(&said, piece, got);
    }
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const char *text)
{
    if (strstr(asg_bytes_text(&said), text) == NULL) {
        fail_msg("no '%s' in: %s", text, asg_bytes_text(&said));
    }
}

/* Until the line of the shell succeeds. */
static void wait_for(const char *line)
{
    struct wait wait = wait_begin(10000);
    while (run("%s", line) != 0) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
}

static void make_certificate(const char *name, const char *kind)
{
    assert_int_equal(
        0, run("openssl req -x509 -newkey %s -nodes -days 2 -subj /CN=%s -addext "
               "subjectAltName=IP:127.0.0.1,DNS:localhost -keyout %s.key -out %s.crt",
               kind, name, name, name));
}

static char *read_text(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char *text = calloc(1, 20000);
    assert_true(fread(text, 1, 19999, file) > 0);
    (void)fclose(file);
    return text;
}

static enum asg_status set_certificate(const char *certificate, const char *key,
                                       struct asg_error *error)
{
    char *certificate_text = read_text(certificate);
    char *key_text = read_text(key);
    enum asg_status status =
        asg_http_server_set_certificate(server, certificate_text, key_text, error);
    free(certificate_text);
    free(key_text);
    return status;
}

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/asg-tls-XXXXXX");
    if (mkdtemp(folder) == NULL) return 1;
    make_certificate("first", "ec -pkeyopt ec_paramgen_curve:prime256v1");
    make_certificate("second", "rsa:2048");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)run("rm -r %s", folder);
    asg_bytes_clear(&said);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    char *certificate = read_text("first.crt");
    char *key = read_text("first.key");
    const struct asg_http_options options = {.address = "127.0.0.1",
                                             .threads = 2,
                                             .timeout_s = 5,
                                             .request_s = 2,
                                             .certificate = certificate,
                                             .private_key = key,
                                             .handler = handle};
    struct asg_error error = {""};
    enum asg_status status = asg_http_server_new(&options, &server, &error);
    free(certificate);
    free(key);
    if (status != ASG_OK) print_error("%s\n", error.text);
    return status != ASG_OK;
}

static int tear_down(void **state)
{
    (void)state;
    asg_http_server_destroy(&server);
    return 0;
}

static int curl(const char *options, const char *path)
{
    return run("curl -sS -m 20 %s https://127.0.0.1:%u%s", options,
               asg_http_server_port(server), path);
}

static void test_curl_trusts_the_certificate_and_gets_its_answer(void **state)
{
    (void)state;
    assert_int_equal(0, curl("--cacert first.crt -d body,", "/"));
    expect("body,hello");
    assert_int_equal(0, curl("--cacert first.crt", "/later"));
    expect("later");
    assert_int_equal(60, curl("--cacert second.crt", "/")); /* curl does not trust it */
}

static void test_a_large_answer_and_a_kept_connection(void **state)
{
    (void)state;
    assert_int_equal(0,
                     curl("--cacert first.crt -o large -w '%{size_download}'", "/large"));
    expect("2000000");
    assert_int_equal(
        0, curl("--cacert first.crt -o pieces -w '%{size_download}'", "/pieces"));
    expect("14988");
    assert_int_equal(0, run("curl -sS -m 20 -v --cacert first.crt https://127.0.0.1:%u/ "
                            "https://127.0.0.1:%u/",
                            asg_http_server_port(server), asg_http_server_port(server)));
    expect("Re-using existing connection");
}

static void test_only_tls_from_1_2_on(void **state)
{
    (void)state;
    static const char ask[] =
        "openssl s_client -connect 127.0.0.1:%u -brief %s </dev/null";
    assert_int_equal(0, run(ask, asg_http_server_port(server), "-tls1_3"));
    expect("Protocol version: TLSv1.3");
    assert_int_equal(0, run(ask, asg_http_server_port(server), "-tls1_2"));
    expect("Protocol version: TLSv1.2");
    assert_int_not_equal(
        0, run(ask, asg_http_server_port(server), "-tls1_1 -cipher DEFAULT@SECLEVEL=0"));
}

static void test_plain_http_gets_no_answer(void **state)
{
    (void)state;
    char text[256];
    (void)http_exchange(asg_http_server_port(server),
                        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", text,
                        sizeof text);
    assert_null(strstr(text, "HTTP/1.1"));
    assert_int_equal(0, curl("--cacert first.crt", "/"));
}

static void test_a_new_certificate_without_a_restart(void **state)
{
    (void)state;
    /* A connection that is open goes on. */
    FILE *open = NULL;
    char line[256];
    (void)snprintf(line, sizeof line,
                   "openssl s_client -connect 127.0.0.1:%u -quiet -verify_quiet "
                   ">%s/kept 2>&1",
                   asg_http_server_port(server), folder);
    open = popen(line, "we");
    assert_non_null(open);
    assert_true(fputs("GET / HTTP/1.1\r\nHost: x\r\n\r\n", open) >= 0);
    assert_int_equal(0, fflush(open));
    wait_for("grep -q hello kept");

    assert_status(ASG_OK, set_certificate("second.crt", "second.key", NULL));
    assert_int_equal(0, curl("--cacert second.crt", "/"));
    expect("hello");
    assert_int_equal(60, curl("--cacert first.crt", "/"));

    assert_true(fputs("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", open) >=
                0);
    assert_int_equal(0, fflush(open));
    wait_for("test $(grep -c 'HTTP/1.1 200' kept) = 2");
    (void)pclose(open);
}

static void test_a_bad_certificate_leaves_the_old_one(void **state)
{
    (void)state;
    struct asg_error error = {""};
    assert_status(ASG_ERR_INVALID, set_certificate("second.crt", "first.key", &error));
    assert_non_null(strstr(error.text, "together"));
    assert_status(ASG_ERR_INVALID, set_certificate("first.key", "first.key", &error));
    assert_non_null(strstr(error.text, "the certificate"));
    assert_status(ASG_ERR_INVALID, set_certificate("first.crt", "first.crt", &error));
    assert_non_null(strstr(error.text, "the private key"));
    assert_int_equal(0, curl("--cacert first.crt", "/"));
    expect("hello");
}

static void test_a_server_needs_a_certificate_with_its_key(void **state)
{
    (void)state;
    char *certificate = read_text("second.crt");
    char *key = read_text("first.key");
    const struct asg_http_options options = {.address = "127.0.0.1",
                                             .certificate = certificate,
                                             .private_key = key,
                                             .handler = handle};
    struct asg_http_server *other = NULL;
    struct asg_error error = {""};
    assert_status(ASG_ERR_INVALID, asg_http_server_new(&options, &other, &error));
    assert_null(other);
    free(certificate);
    free(key);
}

static void test_a_handshake_that_trickles_ends_in_time(void **state)
{
    (void)state;
    int fd = http_connect(asg_http_server_port(server));
    static const char record[] = {0x16, 3, 1, 1, 0, 1, 0, 0, (char)0xfc, 3, 3};
    int64_t before = wait_now_ms();
    assert_int_equal(sizeof record, send(fd, record, sizeof record, MSG_NOSIGNAL));
    char byte;
    while (recv(fd, &byte, 1, 0) > 0) { /* an alert, perhaps */
    }
    assert_in_range(wait_now_ms() - before, 1500, 5000);
    (void)close(fd);
}

/* Clients and changes at the same time. */
static void *ask_many(void *context)
{
    for (int i = 0; i < 15; i++) {
        char line[256];
        (void)snprintf(line, sizeof line,
                       "curl -sS -k -m 20 https://127.0.0.1:%u/ >/dev/null 2>&1",
                       asg_http_server_port(server));
        if (system(line) != 0) return context;
    }
    return NULL;
}

static void test_changes_while_clients_come(void **state)
{
    (void)state;
    pthread_t threads[3];
    int failed = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, ask_many, &failed));
    }
    char *certificates[] = {read_text("first.crt"), read_text("second.crt")};
    char *keys[] = {read_text("first.key"), read_text("second.key")};
    for (size_t i = 0; i < 400; i++) {
        assert_status(ASG_OK, asg_http_server_set_certificate(server, certificates[i % 2],
                                                              keys[i % 2], NULL));
    }
    for (size_t i = 0; i < 3; i++) {
        void *result = NULL;
        assert_int_equal(0, pthread_join(threads[i], &result));
        assert_null(result);
    }
    for (size_t i = 0; i < 2; i++) {
        free(certificates[i]);
        free(keys[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_curl_trusts_the_certificate_and_gets_its_answer),
        TEST(test_a_large_answer_and_a_kept_connection),
        TEST(test_only_tls_from_1_2_on),
        TEST(test_plain_http_gets_no_answer),
        TEST(test_a_new_certificate_without_a_restart),
        TEST(test_a_bad_certificate_leaves_the_old_one),
        TEST(test_a_server_needs_a_certificate_with_its_key),
        TEST(test_a_handshake_that_trickles_ends_in_time),
        TEST(test_changes_while_clients_come),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
