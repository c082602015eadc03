/* The EC2 client over TLS: what a bad server or a bad certificate comes to, how much
 * memory it may cost, and that connections are cheap when all is well. tls_ec2.py plays
 * the bad ones, Node.js the one that speaks HTTP/2. */
#include "lib/check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aws/ec2_actions.h"
#include "base/clock.h"

#define WAIT_MS   INT64_C(60000)
#define PORTS_MAX 8
#define MIB       (1024L * 1024)

struct server {
    pid_t pid;
    int in; /* closing it ends the server */
    char folder[64];
    char ca_file[96];
    char names[PORTS_MAX][16];
    int ports[PORTS_MAX];
    int count;
};

static struct server bad;

static void read_ports(struct server *server, FILE *out)
{
    char name[16];
    int port = 0;
    while (fscanf(out, "%15s %d", name, &port) == 2 && strcmp(name, "ready") != 0) {
        assert_true(server->count < PORTS_MAX);
        (void)snprintf(server->names[server->count], sizeof name, "%s", name);
        server->ports[server->count++] = port;
    }
}

/* `program script folder`, until its input is closed. */
static void start_server(struct server *server, const char *program, const char *script)
{
    int in[2];
    int out[2];
    assert_int_equal(0, pipe2(in, O_CLOEXEC));
    assert_int_equal(0, pipe2(out, O_CLOEXEC));
    server->pid = fork();
    if (server->pid == 0) {
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        (void)execlp(program, program, script, server->folder, (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    server->in = in[1];
    FILE *lines = fdopen(out[0], "r");
    read_ports(server, lines);
    (void)fclose(lines);
    assert_true(server->count > 0);
}

static void stop_server(struct server *server)
{
    (void)close(server->in);
    int status = 0;
    assert_int_equal(server->pid, waitpid(server->pid, &status, 0));
}

static int port_of(const struct server *server, const char *name)
{
    for (int i = 0; i < server->count; i++) {
        if (strcmp(server->names[i], name) == 0) return server->ports[i];
    }
    fail_msg("no port %s", name);
    return 0;
}

static int start_bad(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(bad.folder, sizeof bad.folder, "/tmp/test_ec2_tls.XXXXXX");
    assert_non_null(mkdtemp(bad.folder));
    (void)snprintf(bad.ca_file, sizeof bad.ca_file, "%s/ca.pem", bad.folder);
    start_server(&bad, "/usr/bin/python3",
                 ASG_SOURCE_DIR "/tests/integration/tls_ec2.py");
    return 0;
}

static int stop_bad(void **state)
{
    (void)state;
    stop_server(&bad);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", bad.folder);
    return system(command);
}

/* --- one client and its last outcome --- */

struct setup {
    struct asg_ec2_client *client;
    int done;
    enum asg_error_class class;
    bool is_ambiguous;
    bool is_too_large;
    uint32_t attempts;
    size_t instances;
    char next_token[32];
    char message[1100];
    char request_id[129];
};

static enum asg_status give_credentials(void *context, struct asg_credentials *ret,
                                        struct asg_error *error)
{
    (void)context;
    (void)error;
    asg_credentials_set(ret, "AKID", "secret", NULL, "test");
    return ASG_OK;
}

static void open_setup(struct setup *setup, const char *ca_file, int port,
                       uint32_t in_flight)
{
    *setup = (struct setup){.done = 0};
    char url[64];
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%d", port);
    struct asg_ec2_client_options options = {
        .credentials = {.name = "test", .fetch = give_credentials},
        .clock = asg_clock_real(),
        .connect_ms = 20000, /* a loaded machine shakes hands slowly */
        .in_flight_max = in_flight,
        .ca_file = ca_file,
        .seed = 7,
    };
    struct asg_error error = {""};
    struct asg_endpoint_options where = {.url = url, .region = "us-east-1"};
    assert_status(ASG_OK, asg_endpoint_resolve(&where, &options.endpoint, &error));
    assert_status(ASG_OK, asg_ec2_client_new(&options, &setup->client, &error));
}

static void on_done(void *context, const struct asg_ec2_outcome *outcome,
                    const void *reply)
{
    struct setup *setup = context;
    const struct asg_ec2_instances *seen = reply;
    setup->done++;
    setup->class = outcome->class;
    setup->is_ambiguous = outcome->is_ambiguous;
    setup->is_too_large = outcome->is_too_large;
    setup->attempts = outcome->attempts;
    setup->instances += seen->count;
    (void)snprintf(setup->next_token, sizeof setup->next_token, "%s",
                   seen->next_token == NULL ? "" : seen->next_token);
    (void)snprintf(setup->message, sizeof setup->message, "%s", outcome->message);
    (void)snprintf(setup->request_id, sizeof setup->request_id, "%s",
                   outcome->request_id);
}

static void wait_done(struct setup *setup, int wanted)
{
    struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + WAIT_MS;
    while (setup->done < wanted && asg_clock_monotonic_ms(&clock) < until_ms) {
        assert_status(ASG_OK, asg_ec2_client_poll(setup->client, NULL, 0, 1000));
    }
    assert_int_equal(wanted, setup->done);
}

static void begin_launch(struct setup *setup, const char *token, int64_t timeout_ms)
{
    struct asg_bytes body = {0};
    asg_ec2_write_run_instances(&(struct asg_ec2_run_instances){.template_name = "web",
                                                                .template_version = "1",
                                                                .min_count = 1,
                                                                .max_count = 1,
                                                                .client_token = token},
                                &body);
    asg_ec2_call(
        setup->client, &asg_ec2_run_instances_action, &body,
        &(struct asg_ec2_call_options){.attempts_max = 2, .timeout_ms = timeout_ms},
        on_done, setup);
    asg_bytes_clear(&body);
}

static void launch(struct setup *setup, const char *token, int64_t timeout_ms)
{
    begin_launch(setup, token, timeout_ms);
    wait_done(setup, setup->done + 1);
}

/* Resident memory in bytes. */
static long resident(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(1, fscanf(file, "%*d %ld", &pages));
    (void)fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* Sanitizers keep what was freed. */
static void expect_growth_below(long before, long most)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    long grown = resident() - before;
    if (grown > most) fail_msg("grew by %ld KiB, allowed %ld", grown / 1024, most / 1024);
#else
    (void)before;
    (void)most;
#endif
}

static void test_every_way_to_answer_badly_has_its_class(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        enum asg_error_class class;
        bool is_ambiguous;
        uint32_t attempts;
        int64_t timeout_ms;
        const char *says;
    } cases[] = {
        {"slow", ASG_ERROR_CLASS_TRANSIENT, true, 2, 700, "timed out"},
        {"halfclosed", ASG_ERROR_CLASS_TRANSIENT, true, 2, 20000, ""},
        {"reset", ASG_ERROR_CLASS_TRANSIENT, true, 2, 20000, ""},
        {"garbage", ASG_ERROR_CLASS_TRANSIENT, true, 2, 20000, ""},
        {"truncated", ASG_ERROR_CLASS_TRANSIENT, true, 2, 20000, ""},
        {"badgzip", ASG_ERROR_CLASS_TRANSIENT, true, 2, 20000, ""},
        {"bomb", ASG_ERROR_CLASS_SPLIT, true, 1, 20000, "over 16 MiB"},
        {"big", ASG_ERROR_CLASS_SPLIT, true, 1, 20000, "over 16 MiB"},
        {"redirect", ASG_ERROR_CLASS_UNLISTED, false, 1, 20000, "127.0.0.1:9/elsewhere"},
        {"region", ASG_ERROR_CLASS_UNLISTED, false, 1, 20000, "ec2.eu-west-1"},
        {"gzip", ASG_ERROR_CLASS_NONE, false, 1, 20000, ""},
        {"good", ASG_ERROR_CLASS_NONE, false, 1, 20000, ""},
    };
    struct setup setup;
    open_setup(&setup, bad.ca_file, port_of(&bad, "good"), 4);
    launch(&setup, "good", 20000);
    assert_int_equal(ASG_ERROR_CLASS_NONE, setup.class);
    long before = resident();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        launch(&setup, cases[i].token, cases[i].timeout_ms);
        if (setup.class != cases[i].class ||
            setup.is_ambiguous != cases[i].is_ambiguous ||
            setup.attempts != cases[i].attempts ||
            strstr(setup.message, cases[i].says) == NULL) {
            fail_msg("%s: %s%s after %u attempts: %s", cases[i].token,
                     asg_error_class_word(setup.class),
                     setup.is_ambiguous ? ", in doubt" : "", setup.attempts,
                     setup.message);
        }
        bool is_fine = setup.class == ASG_ERROR_CLASS_NONE;
        assert_int_equal(is_fine, setup.message[0] == '\0');
        /* 256 MB unpacked and 100 MB sent: what is kept is bounded. */
        expect_growth_below(before, 12 * MIB);
    }
    asg_ec2_client_destroy(&setup.client);
}

static void test_a_certificate_that_proves_nothing_is_refused_before_a_byte(void **state)
{
    (void)state;
    static const char *const names[] = {"wronghost", "expired", "selfsigned"};
    for (size_t i = 0; i < 3; i++) {
        struct setup setup;
        open_setup(&setup, bad.ca_file, port_of(&bad, names[i]), 1);
        launch(&setup, "good", 20000);
        assert_int_equal(ASG_ERROR_CLASS_TRANSIENT, setup.class);
        assert_false(setup.is_ambiguous); /* nothing was sent */
        assert_int_equal(0, setup.instances);
        if (strstr(setup.message, "check ec2.endpoint") == NULL) {
            fail_msg("%s: %s", names[i], setup.message);
        }
        asg_ec2_client_destroy(&setup.client);
    }
    /* Our own authority is nobody's unless it is named. */
    struct setup setup;
    open_setup(&setup, NULL, port_of(&bad, "good"), 1);
    launch(&setup, "good", 20000);
    assert_int_equal(ASG_ERROR_CLASS_TRANSIENT, setup.class);
    assert_non_null(strstr(setup.message, "ec2.ca_file"));
    asg_ec2_client_destroy(&setup.client);
}

static void test_a_new_connection_resumes_the_tls_session(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, bad.ca_file, port_of(&bad, "good"), 1);
    launch(&setup, "once", 20000); /* the server closes after it */
    assert_string_equal("fresh", setup.request_id);
    launch(&setup, "once", 20000);
    assert_string_equal("reused", setup.request_id);
    asg_ec2_client_destroy(&setup.client);
}

/* 100 pages of 1,000 instances: the memory of one page, used again. */
static void test_a_listing_of_a_hundred_thousand_holds_one_page(void **state)
{
    (void)state;
    struct setup setup;
    open_setup(&setup, bad.ca_file, port_of(&bad, "good"), 1);
    long before = 0;
    for (int i = 1; i <= 100; i++) {
        struct asg_bytes body = {0};
        char token[32];
        (void)snprintf(token, sizeof token, "%s", setup.next_token);
        asg_ec2_write_describe_instances(
            &(struct asg_ec2_describe_instances){
                .max_results = 1000, .next_token = token[0] == '\0' ? NULL : token},
            &body);
        asg_ec2_call(setup.client, &asg_ec2_describe_instances_action, &body,
                     &(struct asg_ec2_call_options){.timeout_ms = 60000}, on_done,
                     &setup);
        asg_bytes_clear(&body);
        wait_done(&setup, i);
        assert_int_equal(ASG_ERROR_CLASS_NONE, setup.class);
        if (i == 3) before = resident();
    }
    assert_int_equal(100000, setup.instances);
    assert_string_equal("", setup.next_token);
    expect_growth_below(before, 2 * MIB);
    asg_ec2_client_destroy(&setup.client);
}

static void test_http2_carries_many_calls_on_one_connection(void **state)
{
    (void)state;
    if (system("command -v node >/dev/null 2>&1") != 0) {
        print_message("node is not installed (Debian package nodejs)\n");
        skip();
    }
    struct server fast = {.count = 0};
    (void)snprintf(fast.folder, sizeof fast.folder, "%s", bad.folder);
    start_server(&fast, "node", ASG_SOURCE_DIR "/tests/integration/h2_ec2.js");
    struct setup setup;
    open_setup(&setup, bad.ca_file, port_of(&fast, "h2"), 64);
    for (int i = 0; i < 200; i++) {
        begin_launch(&setup, "good", 20000);
    }
    wait_done(&setup, 200);
    assert_int_equal(200, setup.instances);
    assert_int_equal(ASG_ERROR_CLASS_NONE, setup.class);
    /* "HTTP version, sessions so far": one connection for all. */
    assert_string_equal("2.0 sessions 1", setup.request_id);
    /* A connection over which nothing comes any more, which libcurl keeps because others
     * may share it: what is sent again goes another way, and so do the calls after it. */
    for (uint32_t i = 0; i < 3; i++) {
        launch(&setup, "dead", 2000);
        if (setup.class != ASG_ERROR_CLASS_NONE) fail_msg("%u: %s", i, setup.message);
        assert_int_equal(i == 0 ? 2 : 1, setup.attempts);
    }
    assert_string_equal("2.0 sessions 2", setup.request_id);
    asg_ec2_client_destroy(&setup.client);
    stop_server(&fast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way_to_answer_badly_has_its_class),
        cmocka_unit_test(test_a_certificate_that_proves_nothing_is_refused_before_a_byte),
        cmocka_unit_test(test_a_new_connection_resumes_the_tls_session),
        cmocka_unit_test(test_a_listing_of_a_hundred_thousand_holds_one_page),
        cmocka_unit_test(test_http2_carries_many_calls_on_one_connection),
    };
    return cmocka_run_group_tests(tests, start_bad, stop_bad);
}
