/* IMDSv2 against a small server on loopback. */
#include "lib/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aws/imds.h"

struct metadata {
    int listener;
    char url[64];
    pthread_t thread;
    /* how it behaves */
    int token_status; /* of the PUT; 200 */
    const char *token;
    int get_status;
    const char *body;
    int forgets; /* so many GETs are refused with 401 */
    bool is_silent;
    /* what it saw */
    int puts;
    int gets;
    char peer[64];
    bool has_ttl;
    bool has_token;
    char last_path[128];
};

static void answer(struct metadata *metadata, int socket, const char *request)
{
    int status = 200;
    const char *body = "";
    if (strncmp(request, "PUT ", 4) == 0) {
        metadata->puts++;
        metadata->has_ttl =
            strstr(request, "\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n") !=
            NULL;
        status = metadata->token_status;
        body = metadata->token;
    } else {
        metadata->gets++;
        metadata->has_token =
            strstr(request, "\r\nX-aws-ec2-metadata-token: tok-1\r\n") != NULL;
        status = metadata->get_status;
        body = metadata->body;
        if (metadata->forgets > 0) {
            metadata->forgets--;
            status = 401;
            body = "";
        }
    }
    (void)sscanf(request, "%*s %127s", metadata->last_path);
    char head[256];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n"
                          "Location: /latest/other\r\n\r\n",
                          status, strlen(body));
    (void)send(socket, head, (size_t)length, MSG_NOSIGNAL);
    (void)send(socket, body, strlen(body), MSG_NOSIGNAL);
}

static void *serve(void *argument)
{
    struct metadata *metadata = argument;
    for (;;) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        int socket = accept(metadata->listener, (struct sockaddr *)&peer, &size);
        if (socket < 0) return NULL;
        (void)inet_ntop(AF_INET, &peer.sin_addr, metadata->peer, sizeof metadata->peer);
        char request[4096];
        ssize_t got = 0;
        while ((got = recv(socket, request, sizeof request - 1, 0)) > 0) {
            request[got] = '\0';
            if (!metadata->is_silent) answer(metadata, socket, request);
        }
        (void)close(socket);
    }
}

static void open_metadata(struct metadata *metadata)
{
    *metadata = (struct metadata){.token_status = 200,
                                  .token = "tok-1",
                                  .get_status = 200,
                                  .body = "i-0123456789abcdef0"};
    metadata->listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    assert_int_equal(0, bind(metadata->listener, (struct sockaddr *)&address, size));
    assert_int_equal(0, listen(metadata->listener, 16));
    assert_int_equal(0,
                     getsockname(metadata->listener, (struct sockaddr *)&address, &size));
    (void)snprintf(metadata->url, sizeof metadata->url, "http://127.0.0.1:%d",
                   ntohs(address.sin_port));
    assert_int_equal(0, pthread_create(&metadata->thread, NULL, serve, metadata));
    (void)unsetenv("AWS_EC2_METADATA_DISABLED");
    (void)unsetenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
}

static void close_metadata(struct metadata *metadata)
{
    (void)shutdown(metadata->listener, SHUT_RDWR);
    (void)pthread_join(metadata->thread, NULL);
    (void)close(metadata->listener);
}

static struct asg_imds *connect_to(const char *url, const char *local_address)
{
    struct asg_imds *imds = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK,
                  asg_imds_new(&(struct asg_imds_options){.base_url = url,
                                                          .local_address = local_address,
                                                          .timeout_ms = 500,
                                                          .clock = asg_clock_real()},
                               &imds, &error));
    return imds;
}

static void get(struct asg_imds *imds, enum asg_status expected, const char *body)
{
    struct asg_bytes got = {0};
    struct asg_error error = {""};
    assert_status(expected,
                  asg_imds_get(imds, "/latest/meta-data/instance-id", &got, &error));
    assert_string_equal(body, asg_bytes_text(&got));
    assert_int_equal(expected != ASG_OK, error.text[0] != '\0');
    asg_bytes_clear(&got);
}

static void test_a_token_is_fetched_once_and_shown_each_time(void **state)
{
    (void)state;
    struct metadata metadata;
    open_metadata(&metadata);
    struct asg_imds *imds = connect_to(metadata.url, "127.0.0.9");
    get(imds, ASG_OK, "i-0123456789abcdef0");
    get(imds, ASG_OK, "i-0123456789abcdef0");
    asg_imds_destroy(&imds);
    close_metadata(&metadata);
    assert_int_equal(1, metadata.puts);
    assert_int_equal(2, metadata.gets);
    assert_true(metadata.has_ttl);
    assert_true(metadata.has_token);
    assert_string_equal("127.0.0.9", metadata.peer);
    assert_string_equal("/latest/meta-data/instance-id", metadata.last_path);
}

static void test_the_environment_names_the_endpoint_and_its_prefix(void **state)
{
    (void)state;
    struct metadata metadata;
    open_metadata(&metadata);
    char url[128];
    (void)snprintf(url, sizeof url, "%s/i-7/", metadata.url);
    (void)setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url, 1);
    struct asg_imds *imds = connect_to(NULL, NULL);
    get(imds, ASG_OK, "i-0123456789abcdef0");
    asg_imds_destroy(&imds);
    close_metadata(&metadata);
    assert_string_equal("/i-7/latest/meta-data/instance-id", metadata.last_path);
}

static void test_a_forgotten_token_is_renewed_once(void **state)
{
    (void)state;
    struct metadata metadata;
    open_metadata(&metadata);
    struct asg_imds *imds = connect_to(metadata.url, NULL);
    metadata.forgets = 1;
    get(imds, ASG_OK, "i-0123456789abcdef0");
    metadata.forgets = 2;
    get(imds, ASG_ERR_DENIED, "");
    asg_imds_destroy(&imds);
    close_metadata(&metadata);
    assert_int_equal(3, metadata.puts);
}

static void test_it_never_falls_back_to_version_one(void **state)
{
    (void)state;
    static const int answers[] = {403, 404, 405};
    static const enum asg_status statuses[] = {ASG_ERR_DENIED, ASG_ERR_UNSUPPORTED,
                                               ASG_ERR_UNSUPPORTED};
    for (size_t i = 0; i < 3; i++) {
        struct metadata metadata;
        open_metadata(&metadata);
        metadata.token_status = answers[i];
        struct asg_imds *imds = connect_to(metadata.url, NULL);
        get(imds, statuses[i], "");
        asg_imds_destroy(&imds);
        close_metadata(&metadata);
        assert_int_equal(0, metadata.gets);
    }
}

static void test_odd_answers_are_told_apart(void **state)
{
    (void)state;
    static char huge[ASG_IMDS_BODY_MAX + 2];
    memset(huge, 'x', sizeof huge - 1);
    const struct {
        int status;
        const char *body;
        enum asg_status expected;
    } cases[] = {{404, "", ASG_ERR_NOT_FOUND},
                 {500, "", ASG_ERR_IO},
                 {301, "", ASG_ERR_IO},
                 {200, huge, ASG_ERR_LIMIT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct metadata metadata;
        open_metadata(&metadata);
        metadata.get_status = cases[i].status;
        metadata.body = cases[i].body;
        struct asg_imds *imds = connect_to(metadata.url, NULL);
        get(imds, cases[i].expected, "");
        asg_imds_destroy(&imds);
        close_metadata(&metadata);
        assert_int_equal(1, metadata.gets); /* no redirect was followed */
    }
}

static void test_a_token_that_would_forge_a_header_is_refused(void **state)
{
    (void)state;
    struct metadata metadata;
    open_metadata(&metadata);
    metadata.token = "tok\r\nX-Evil: 1";
    struct asg_imds *imds = connect_to(metadata.url, NULL);
    get(imds, ASG_ERR_MALFORMED, "");
    asg_imds_destroy(&imds);
    close_metadata(&metadata);
    assert_int_equal(0, metadata.gets);
}

static void test_silence_and_absence_are_worth_another_try(void **state)
{
    (void)state;
    struct metadata metadata;
    open_metadata(&metadata);
    metadata.is_silent = true;
    struct asg_imds *imds = connect_to(metadata.url, NULL);
    get(imds, ASG_ERR_TIMEOUT, "");
    asg_imds_destroy(&imds);
    close_metadata(&metadata);
    imds = connect_to(metadata.url, NULL);
    get(imds, ASG_ERR_CLOSED, "");
    asg_imds_destroy(&imds);
}

static void test_it_can_be_turned_off(void **state)
{
    (void)state;
    struct asg_imds *imds = NULL;
    struct asg_error error = {""};
    struct asg_imds_options options = {.base_url = "gopher://x",
                                       .clock = asg_clock_real()};
    assert_status(ASG_ERR_INVALID, asg_imds_new(&options, &imds, &error));
    (void)setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    options.base_url = NULL;
    assert_status(ASG_ERR_INVALID, asg_imds_new(&options, &imds, &error));
    assert_non_null(strstr(error.text, "AWS_EC2_METADATA_DISABLED"));
    (void)unsetenv("AWS_EC2_METADATA_DISABLED");
    assert_null(imds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_is_fetched_once_and_shown_each_time),
        cmocka_unit_test(test_the_environment_names_the_endpoint_and_its_prefix),
        cmocka_unit_test(test_a_forgotten_token_is_renewed_once),
        cmocka_unit_test(test_it_never_falls_back_to_version_one),
        cmocka_unit_test(test_odd_answers_are_told_apart),
        cmocka_unit_test(test_a_token_that_would_forge_a_header_is_refused),
        cmocka_unit_test(test_silence_and_absence_are_worth_another_try),
        cmocka_unit_test(test_it_can_be_turned_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
