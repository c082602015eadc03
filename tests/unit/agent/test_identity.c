/* Who am I: from the settings, from a file, from a metadata service the test plays. */
#include "agent/identity.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#include "unit/agent/fixture.h"

#define LINE                                                                             \
    "# openasg-join: token=feed enrol=10.0.0.5:7708 "                                    \
    "ca=6ac3c336e4094835293a3fed8a4b5fedde1b5e2626d9838fed50693bba00af0e job=3 "         \
    "attempt=1\n"

#define OTHER_CA "00000000e4094835293a3fed8a4b5fedde1b5e2626d9838fed50693bba00af0e"

/* A metadata service of one thread: IMDSv2 or nothing. NULL answers 404. */
struct metadata {
    int fd;
    pthread_t thread;
    char url[64];
    const char *instance_id;
    const char *address;
    const char *user_data;
};

static void reply(int fd, int code, const char *body)
{
    char text[2048];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n"
                          "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n"
                          "Connection: close\r\n\r\n%s",
                          code, strlen(body), body);
    (void)send(fd, text, (size_t)length, MSG_NOSIGNAL);
}

static void reply_or_404(int fd, const char *body)
{
    reply(fd, body == NULL ? 404 : 200, body == NULL ? "" : body);
}

static void take(const struct metadata *metadata, int fd)
{
    char request[4096];
    size_t length = 0;
    for (request[0] = '\0'; strstr(request, "\r\n\r\n") == NULL;) {
        ssize_t more = recv(fd, request + length, sizeof request - 1 - length, 0);
        if (more <= 0) return;
        length += (size_t)more;
        request[length] = '\0';
    }
    if (strncmp(request, "PUT /latest/api/token ", 22) == 0) {
        reply(fd, 200, "the-token");
    } else if (strcasestr(request, "x-aws-ec2-metadata-token: the-token") == NULL) {
        reply(fd, 401, "");
    } else if (strncmp(request, "GET /latest/meta-data/instance-id ", 34) == 0) {
        reply_or_404(fd, metadata->instance_id);
    } else if (strncmp(request, "GET /latest/meta-data/local-ipv4 ", 33) == 0) {
        reply_or_404(fd, metadata->address);
    } else if (strncmp(request, "GET /latest/user-data ", 22) == 0) {
        reply_or_404(fd, metadata->user_data);
    } else if (strstr(request, "/placement/availability-zone ") != NULL) {
        reply(fd, 200, "xx-test-1a\n");
    } else {
        reply(fd, 404, "");
    }
}

static void *serve(void *context)
{
    struct metadata *metadata = context;
    for (;;) {
        int fd = accept(metadata->fd, NULL, NULL);
        if (fd < 0) return NULL; /* shut down */
        take(metadata, fd);
        (void)close(fd);
    }
}

static void metadata_start(struct metadata *metadata)
{
    *metadata = (struct metadata){.instance_id = "i-0abc\n",
                                  .address = "127.5.0.1",
                                  .user_data = "#!/bin/sh\n" LINE};
    metadata->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    assert_int_equal(0, bind(metadata->fd, (struct sockaddr *)&at, length));
    assert_int_equal(0, listen(metadata->fd, 8));
    assert_int_equal(0, getsockname(metadata->fd, (struct sockaddr *)&at, &length));
    (void)snprintf(metadata->url, sizeof metadata->url, "http://127.0.0.1:%u",
                   ntohs(at.sin_port));
    assert_int_equal(0, pthread_create(&metadata->thread, NULL, serve, metadata));
}

static void metadata_end(struct metadata *metadata)
{
    (void)shutdown(metadata->fd, SHUT_RDWR);
    (void)pthread_join(metadata->thread, NULL);
    (void)close(metadata->fd);
}

/* An address that refuses: a port of ours that no process listens on. */
static const char *nobody_url(void)
{
    static char url[64];
    if (url[0] != '\0') return url;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* kept until the end */
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    assert_int_equal(0, bind(fd, (struct sockaddr *)&at, length));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&at, &length));
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", ntohs(at.sin_port));
    return url;
}

static struct asg_agent_settings empty_settings(void)
{
    return (struct asg_agent_settings){.grpc_listen = ":7705",
                                       .enrol = "",
                                       .enrol_ca = "",
                                       .join_file = "",
                                       .metadata_endpoint = "",
                                       .instance_id = "",
                                       .private_ip = ""};
}

static enum asg_status identify(const struct asg_agent_settings *settings,
                                struct asg_arena *arena, struct asg_identity *ret,
                                struct asg_error *error)
{
    *error = (struct asg_error){{0}};
    return asg_identity_read(settings, asg_clock_real(), arena, ret, error);
}

static const char *put_join_file(const char *text)
{
    static char path[128];
    fixture_put("/join", text);
    (void)snprintf(path, sizeof path, "%s/join", fixture_root);
    return path;
}

static void test_metadata_says_everything(void **state)
{
    (void)state;
    struct metadata metadata;
    metadata_start(&metadata);
    struct asg_agent_settings settings = empty_settings();
    settings.metadata_endpoint = metadata.url;
    struct asg_arena arena = {0};
    struct asg_identity identity;
    struct asg_error error;
    assert_status(ASG_OK, identify(&settings, &arena, &identity, &error));
    assert_string_equal("i-0abc", identity.instance_id);
    assert_string_equal("127.5.0.1", identity.private_ip);
    assert_string_equal("xx-test-1a", identity.zone);
    assert_string_equal("feed", identity.join.token);
    assert_string_equal("10.0.0.5:7708", identity.join.enrol);
    assert_true(identity.is_bindable);
    assert_string_equal("127.5.0.1:7705",
                        asg_identity_listen_address(&settings, &identity, &arena));
    asg_arena_clear(&arena);
    metadata_end(&metadata);
}

static void test_settings_go_before_metadata(void **state)
{
    (void)state;
    struct metadata metadata;
    metadata_start(&metadata);
    struct asg_agent_settings settings = empty_settings();
    settings.metadata_endpoint = metadata.url;
    settings.instance_id = "i-mine";
    settings.enrol = "127.0.0.1:1";
    settings.enrol_ca = OTHER_CA;
    settings.grpc_listen = "127.0.0.2:99";
    struct asg_arena arena = {0};
    struct asg_identity identity;
    struct asg_error error;
    assert_status(ASG_OK, identify(&settings, &arena, &identity, &error));
    assert_string_equal("i-mine", identity.instance_id);
    assert_string_equal("127.5.0.1", identity.private_ip);
    assert_string_equal("127.0.0.1:1", identity.join.enrol);
    assert_string_equal(OTHER_CA, identity.join.ca);
    assert_string_equal("127.0.0.2:99",
                        asg_identity_listen_address(&settings, &identity, &arena));
    asg_arena_clear(&arena);
    metadata_end(&metadata);
}

static void test_complete_settings_ask_nobody(void **state)
{
    (void)state;
    struct asg_agent_settings settings = empty_settings();
    settings.metadata_endpoint = nobody_url();
    settings.instance_id = "i-mine";
    settings.private_ip = "192.0.2.7"; /* of a documentation network: not ours */
    settings.join_file = put_join_file(LINE);
    struct asg_arena arena = {0};
    struct asg_identity identity;
    struct asg_error error;
    assert_status(ASG_OK, identify(&settings, &arena, &identity, &error));
    assert_string_equal("feed", identity.join.token);
    assert_false(identity.is_bindable);
    assert_string_equal("0.0.0.0:7705",
                        asg_identity_listen_address(&settings, &identity, &arena));
    asg_arena_clear(&arena);
}

static void test_metadata_out_of_reach_is_worth_another_try(void **state)
{
    (void)state;
    struct asg_agent_settings settings = empty_settings();
    settings.metadata_endpoint = nobody_url();
    struct asg_arena arena = {0};
    struct asg_identity identity;
    struct asg_error error;
    enum asg_status status = identify(&settings, &arena, &identity, &error);
    assert_int_not_equal(ASG_OK, status);
    assert_true(asg_status_is_retryable(status));
    assert_non_null(strstr(error.text, "metadata"));
    asg_arena_clear(&arena);
}

static void test_what_is_wrong_for_good_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *instance_id;
        const char *address;
        const char *user_data;
        const char *word;
    } wrong[] = {
        {"i-1", "127.5.0.1", NULL, "user data"},
        {"i-1", "127.5.0.1", "#!/bin/sh\n", "openasg-join"},
        {"i-1", "127.5.0.1", "# openasg-join: token=hidden\n", "enrol"},
        {"<html>", "127.5.0.1", LINE, "instance id"},
        {"i-1", "<html>", LINE, "address"},
    };
    struct metadata metadata;
    metadata_start(&metadata);
    struct asg_agent_settings settings = empty_settings();
    settings.metadata_endpoint = metadata.url;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        metadata.instance_id = wrong[i].instance_id;
        metadata.address = wrong[i].address;
        metadata.user_data = wrong[i].user_data;
        struct asg_arena arena = {0};
        struct asg_identity identity;
        struct asg_error error;
        enum asg_status status = identify(&settings, &arena, &identity, &error);
        assert_int_not_equal(ASG_OK, status);
        assert_false(asg_status_is_retryable(status));
        assert_non_null(strstr(error.text, wrong[i].word));
        assert_null(strstr(error.text, "hidden"));
        asg_arena_clear(&arena);
    }
    metadata_end(&metadata);
}

/* Baked into an image: where, and whom to believe; the role or document says who. */
static void test_settings_need_no_line_for_another_proof_than_the_token(void **state)
{
    (void)state;
    static const char ca[] =
        "6ac3c336e4094835293a3fed8a4b5fedde1b5e2626d9838fed50693bba00af0e";
    static const char *const user_data[] = {NULL, "#!/bin/sh\n"};
    struct metadata metadata;
    metadata_start(&metadata);
    metadata.instance_id = "i-1";
    metadata.address = "127.5.0.1";
    struct asg_agent_settings settings = empty_settings();
    settings.metadata_endpoint = metadata.url;
    settings.enrol = "10.0.0.5:7706";
    for (size_t i = 0; i < 2; i++) {
        metadata.user_data = user_data[i];
        struct asg_arena arena = {0};
        struct asg_identity identity;
        struct asg_error error;
        settings.enrol_ca = ca;
        settings.proof = ASG_AGENT_PROOF_STS;
        assert_status(ASG_OK, identify(&settings, &arena, &identity, &error));
        assert_string_equal("", identity.join.token);
        assert_string_equal(settings.enrol, identity.join.enrol);
        assert_string_equal(ca, identity.join.ca);
        settings.proof = ASG_AGENT_PROOF_TOKEN;
        assert_status(ASG_ERR_NOT_FOUND, identify(&settings, &arena, &identity, &error));
        settings.proof = ASG_AGENT_PROOF_STS;
        settings.enrol_ca = "";
        assert_status(ASG_ERR_NOT_FOUND, identify(&settings, &arena, &identity, &error));
        asg_arena_clear(&arena);
    }
    metadata_end(&metadata);
}

static void test_join_file_that_is_wrong_is_named(void **state)
{
    (void)state;
    struct asg_agent_settings settings = empty_settings();
    settings.instance_id = "i-mine";
    settings.private_ip = "127.0.0.1";
    struct asg_arena arena = {0};
    struct asg_identity identity;
    struct asg_error error;
    settings.join_file = "/no/such/file";
    assert_status(ASG_ERR_NOT_FOUND, identify(&settings, &arena, &identity, &error));
    assert_non_null(strstr(error.text, "/no/such/file"));
    settings.join_file = put_join_file("");
    assert_status(ASG_ERR_NOT_FOUND, identify(&settings, &arena, &identity, &error));
    assert_non_null(strstr(error.text, settings.join_file));
    asg_arena_clear(&arena);
}

#define IN_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata_says_everything),
        cmocka_unit_test(test_settings_go_before_metadata),
        IN_FIXTURE(test_complete_settings_ask_nobody),
        cmocka_unit_test(test_metadata_out_of_reach_is_worth_another_try),
        cmocka_unit_test(test_what_is_wrong_for_good_is_said),
        cmocka_unit_test(test_settings_need_no_line_for_another_proof_than_the_token),
        IN_FIXTURE(test_join_file_that_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
