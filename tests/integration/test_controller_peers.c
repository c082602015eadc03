/* The controller's process and peers that are none: unknown keys, claims of other
 * instances, frames that are no frames. All is refused and counted, nothing dies. */
#include "lib/check.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/bus.h"
#include "lib/http_get.h"
#include "lib/wait.h"
#include "wire/wire.h"

#define LIMIT_MS 20000

struct fixture {
    char folder[64];
    pid_t controller;
    char agents[128];
    char workers[128];
    char admin[128];
    char key[ASG_BUS_KEY_SIZE];
    unsigned http_port;
    struct asg_bus *bus;
};

static void read_endpoints(struct fixture *f)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/endpoints", f->folder);
    FILE *file = NULL;
    struct wait wait = wait_begin(LIMIT_MS);
    while ((file = fopen(path, "r")) == NULL) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    assert_int_equal(5, fscanf(file,
                               "agents: %127s workers: %127s admin: %127s "
                               "http: http://127.0.0.1:%u key: %40s",
                               f->agents, f->workers, f->admin, &f->http_port, f->key));
    (void)fclose(file);
}

static void run_controller(const struct fixture *f)
{
    char endpoints[128];
    char state[128];
    (void)snprintf(endpoints, sizeof endpoints, "%s/endpoints", f->folder);
    (void)snprintf(state, sizeof state, "%s/state", f->folder);
    int nowhere = open("/dev/null", O_RDWR);
    (void)dup2(nowhere, STDERR_FILENO);
    static const char program[] = ASG_BUILD_DIR "/bin/openasg-controller";
    (void)execl(program, program, "--dir", state, "--endpoint-file", endpoints,
                "--listen-agents", "tcp://127.0.0.1:*", "--listen-workers",
                "tcp://127.0.0.1:*", "--listen-admin", "tcp://127.0.0.1:*",
                "--listen-http", "127.0.0.1:0", (char *)NULL);
    _exit(127);
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/asg-peers-XXXXXX");
    if (mkdtemp(f->folder) == NULL) return 1;
    f->controller = fork();
    if (f->controller == 0) run_controller(f);
    read_endpoints(f);
    struct asg_error error;
    if (asg_bus_new(1, &f->bus, &error) != ASG_OK) return 1;
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    asg_bus_destroy(&f->bus);
    int code = -1;
    assert_int_equal(0,
                     waitpid(f->controller, &code, WNOHANG)); /* it lived through all */
    assert_int_equal(0, kill(f->controller, SIGTERM));
    assert_int_equal(f->controller, waitpid(f->controller, &code, 0));
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    (void)nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    test_free(f);
    return 0;
}

static struct asg_bus_connection *connect_to(struct fixture *f, const char *endpoint)
{
    struct asg_bus_keys keys;
    asg_bus_keys_new(&keys);
    const struct asg_bus_connect_options options = {.endpoint = endpoint,
                                                    .server_key = f->key,
                                                    .keys = &keys,
                                                    .max_message_bytes =
                                                        ASG_WORKER_FRAME_MAX};
    struct asg_bus_connection *connection = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_bus_connection_new(f->bus, &options, &connection, &error));
    return connection;
}

static double metric(const struct fixture *f, const char *name)
{
    static char text[1 << 17];
    (void)http_exchange(f->http_port,
                        "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                        text, sizeof text);
    char line[128];
    (void)snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(text, line);
    return at == NULL ? -1 : strtod(at + strlen(line), NULL);
}

static void wait_for_metric(const struct fixture *f, const char *name, double least)
{
    struct wait wait = wait_begin(LIMIT_MS);
    while (metric(f, name) < least) {
        if (wait_is_over(&wait)) fail_msg("%s is %g", name, metric(f, name));
        wait_a_moment();
    }
}

static void send_message(struct asg_bus_connection *connection,
                         enum asg_message_type type, const void *object)
{
    struct asg_bytes frame = {0};
    asg_wire_encode_message(type, object, &frame);
    assert_status(ASG_OK, asg_bus_connection_send(connection, frame.data, frame.length));
    asg_bytes_clear(&frame);
}

static enum asg_message_type wait_for_answer(struct asg_bus_connection *connection,
                                             struct asg_bus_message *message)
{
    struct wait wait = wait_begin(LIMIT_MS);
    while (asg_bus_connection_receive(connection, message) != ASG_OK) {
        struct asg_bus_poll_item item = {.connection = connection};
        (void)asg_bus_poll(&item, 1, 20);
        assert_false(wait_is_over(&wait));
    }
    enum asg_message_type type;
    assert_status(ASG_OK, asg_wire_message_type(message->data, message->length, &type));
    return type;
}

static void test_a_worker_with_an_unknown_key_is_refused_and_counted(void **state)
{
    struct fixture *f = *state;
    struct asg_bus_connection *connection = connect_to(f, f->workers);
    const struct asg_hello hello = {.worker = "stranger", .version = "", .credits = 9};
    send_message(connection, ASG_MESSAGE_HELLO, &hello);
    wait_for_metric(f, "asg_peers_refused_total", 1);
    assert_true(metric(f, "asg_workers") < 1);
    struct asg_bus_message message;
    assert_status(ASG_ERR_EMPTY, asg_bus_connection_receive(connection, &message));
    asg_bus_connection_destroy(&connection);
}

static void test_an_agent_cannot_speak_for_an_instance_that_is_not_its_own(void **state)
{
    struct fixture *f = *state;
    struct asg_bus_connection *connection = connect_to(f, f->agents);
    const struct asg_join join = {
        .instance_id = "i-0123456789abcdef0",
        .token = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        .job_id = 1,
        .attempt = 1,
        .version = "",
        .private_ip = "127.0.0.1",
        .interval_ms = 1000};
    send_message(connection, ASG_MESSAGE_JOIN, &join);
    struct asg_bus_message message;
    assert_int_equal(ASG_MESSAGE_REFUSED, wait_for_answer(connection, &message));
    const struct asg_report report = {.boot_id = 1, .sequence = 1, .cpu_milli = 100000};
    struct asg_bytes frame = {0};
    asg_wire_encode_report(&report, &frame);
    for (int i = 0; i < 3; i++) { /* and the same frame again */
        assert_status(ASG_OK,
                      asg_bus_connection_send(connection, frame.data, frame.length));
        assert_int_equal(ASG_MESSAGE_REJOIN, wait_for_answer(connection, &message));
    }
    asg_bytes_clear(&frame);
    wait_for_metric(f, "asg_joins_refused_total", 1);
    wait_for_metric(f, "asg_reports_dropped_total{reason=\"unbound\"}", 3);
    assert_true(metric(f, "asg_reports_total") < 1);
    asg_bus_connection_destroy(&connection);
}

static void test_frames_that_are_none_are_counted_and_nothing_dies(void **state)
{
    struct fixture *f = *state;
    struct asg_bus_connection *connection = connect_to(f, f->agents);
    static const uint8_t of_version_9[] = {0x93, ASG_MESSAGE_JOIN, 9, 0x90};
    static const uint8_t cut_short[] = {0x93, ASG_MESSAGE_JOIN, 1, 0x98, 0xd9, 0xff, 'x'};
    static const uint8_t unknown_type[] = {0x93, 0x7f, 1, 0x90};
    static const uint8_t zeros[300] = {0};
    assert_status(ASG_OK,
                  asg_bus_connection_send(connection, of_version_9, sizeof of_version_9));
    assert_status(ASG_OK, asg_bus_connection_send(connection, "", 0));
    assert_status(ASG_OK, asg_bus_connection_send(connection, zeros, sizeof zeros));
    assert_status(ASG_OK,
                  asg_bus_connection_send(connection, cut_short, sizeof cut_short));
    assert_status(ASG_OK,
                  asg_bus_connection_send(connection, unknown_type, sizeof unknown_type));
    wait_for_metric(f, "asg_frames_refused_total{reason=\"version\"}", 1);
    wait_for_metric(f, "asg_frames_refused_total{reason=\"malformed\"}", 4);
    asg_bus_connection_destroy(&connection);
}

static void test_a_frame_that_is_too_large_ends_only_its_own_connection(void **state)
{
    struct fixture *f = *state;
    struct asg_bus_connection *large = connect_to(f, f->agents);
    struct asg_bus_connection *other = connect_to(f, f->agents);
    static const uint8_t bytes[ASG_AGENT_FRAME_MAX + 1] = {0x93};
    assert_status(ASG_OK, asg_bus_connection_send(large, bytes, sizeof bytes));
    const struct asg_report report = {.boot_id = 1, .sequence = 1};
    struct asg_bytes frame = {0};
    asg_wire_encode_report(&report, &frame);
    assert_status(ASG_OK, asg_bus_connection_send(other, frame.data, frame.length));
    asg_bytes_clear(&frame);
    struct asg_bus_message message;
    assert_int_equal(ASG_MESSAGE_REJOIN, wait_for_answer(other, &message));
    assert_status(ASG_ERR_EMPTY, asg_bus_connection_receive(large, &message));
    asg_bus_connection_destroy(&large);
    asg_bus_connection_destroy(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_worker_with_an_unknown_key_is_refused_and_counted),
        TEST(test_an_agent_cannot_speak_for_an_instance_that_is_not_its_own),
        TEST(test_frames_that_are_none_are_counted_and_nothing_dies),
        TEST(test_a_frame_that_is_too_large_ends_only_its_own_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
