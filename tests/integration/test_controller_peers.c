/* The controller's process and peers that are none: unknown keys, frames that are no
 * frames. All is refused and counted, nothing dies. */
#include "lib/check.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/bus.h"
#include "bus/outlet.h"
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
    struct asg_bus_keys known; /* of a worker on the list */
    struct asg_bus_connection *connections[4];
    size_t connection_count;
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
                "--listen-http", "127.0.0.1:0", "--listen-enrol", "127.0.0.1:0",
                (char *)NULL);
    _exit(127);
}

/* Before the controller starts, as an operator would. */
static void allow_worker(struct fixture *f)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/state", f->folder);
    assert_int_equal(0, mkdir(path, 0700));
    (void)snprintf(path, sizeof path, "%s/state/workers.d", f->folder);
    assert_int_equal(0, mkdir(path, 0700));
    (void)snprintf(path, sizeof path, "%s/state/workers.d/known.pub", f->folder);
    asg_bus_keys_new(&f->known);
    assert_status(ASG_OK, asg_bus_public_key_save(path, f->known.public_key, NULL));
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/asg-peers-XXXXXX");
    if (mkdtemp(f->folder) == NULL) return 1;
    allow_worker(f);
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
    for (size_t i = 0; i < f->connection_count; i++)
        asg_bus_connection_destroy(&f->connections[i]);
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

static struct asg_bus_connection *connect_with(struct fixture *f, const char *endpoint,
                                               const struct asg_bus_keys *keys)
{
    const struct asg_bus_connect_options options = {.endpoint = endpoint,
                                                    .server_key = f->key,
                                                    .keys = keys,
                                                    .max_message_bytes =
                                                        ASG_WORKER_FRAME_MAX};
    struct asg_bus_connection *connection = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_bus_connection_new(f->bus, &options, &connection, &error));
    f->connections[f->connection_count++] = connection;
    return connection;
}

static struct asg_bus_connection *connect_to(struct fixture *f, const char *endpoint)
{
    struct asg_bus_keys keys;
    asg_bus_keys_new(&keys);
    return connect_with(f, endpoint, &keys);
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
    wait_for_metric(f, "openasg_peers_refused_total", 1);
    assert_true(metric(f, "openasg_workers") < 1);
    struct asg_bus_message message;
    assert_status(ASG_ERR_EMPTY, asg_bus_connection_receive(connection, &message));
}

/* How it is bound is in tests/integration/test_enrolment.py. */
static void test_an_agent_whose_key_is_not_bound_is_not_heard(void **state)
{
    struct fixture *f = *state;
    struct asg_bus_keys keys;
    asg_bus_keys_new(&keys);
    const struct asg_bus_connect_options options = {
        .endpoint = f->agents, .server_key = f->key, .keys = &keys};
    struct asg_bus_outlet *outlet = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_bus_outlet_new(f->bus, &options, &outlet, &error));
    struct wait wait = wait_begin(LIMIT_MS);
    while (asg_bus_outlet_link(outlet, NULL) != ASG_BUS_LINK_REFUSED) {
        assert_false(wait_is_over(&wait));
        wait_a_moment();
    }
    wait_for_metric(f, "openasg_peers_refused_total", 1);
    assert_true(metric(f, "openasg_reports_total") < 1);
    asg_bus_outlet_destroy(&outlet);
    asg_bus_keys_clear(&keys);
}

/* What every socket of the controller has to stand, whoever it is from: two frames of
 * another version and five that are none. */
static void send_nonsense(struct asg_bus_connection *connection,
                          enum asg_message_type type)
{
    const uint8_t of_version_9[] = {0x93, (uint8_t)type, 9, 0x90};
    const uint8_t of_version_0[] = {0x93, (uint8_t)type, 0, 0x90};
    const uint8_t cut_short[] = {0x93, (uint8_t)type, 1, 0x98, 0xd9, 0xff, 'x'};
    static const uint8_t unknown_type[] = {0x93, 0x7f, 1, 0x90};
    static const uint8_t another_shape[] = {0x81, 0xa1, 'a', 0xc0};
    static const uint8_t zeros[300] = {0};
    const struct {
        const void *data;
        size_t length;
    } frames[] = {
        {of_version_9, sizeof of_version_9},
        {of_version_0, sizeof of_version_0},
        {cut_short, sizeof cut_short},
        {unknown_type, sizeof unknown_type},
        {another_shape, sizeof another_shape},
        {zeros, sizeof zeros},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        assert_status(ASG_OK, asg_bus_connection_send(connection, frames[i].data,
                                                      frames[i].length));
    }
}

static void expect_welcome(struct asg_bus_connection *connection)
{
    const struct asg_hello hello = {.worker = "known", .version = "", .credits = 1};
    send_message(connection, ASG_MESSAGE_HELLO, &hello);
    struct asg_bus_message message; /* the kill switch's state comes as well */
    while (wait_for_answer(connection, &message) != ASG_MESSAGE_WELCOME) {
    }
}

static void test_a_known_worker_that_sends_nonsense_is_counted_and_goes_on(void **state)
{
    struct fixture *f = *state;
    struct asg_bus_connection *connection = connect_with(f, f->workers, &f->known);
    expect_welcome(connection);
    send_nonsense(connection, ASG_MESSAGE_HEARTBEAT);
    wait_for_metric(f, "openasg_frames_refused_total{reason=\"version\"}", 2);
    wait_for_metric(f, "openasg_frames_refused_total{reason=\"malformed\"}", 5);
    expect_welcome(connection);
}

/* A worker sends the same result again until it hears an ack: it gets one each time. */
static void test_a_replayed_result_of_a_worker_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct asg_bus_connection *connection = connect_with(f, f->workers, &f->known);
    expect_welcome(connection);
    const struct asg_result result = {.job_id = 77,
                                      .attempt = 1,
                                      .worker = "known",
                                      .error_code = "",
                                      .message = "",
                                      .request_id = "",
                                      .template_id = "",
                                      .template_name = "",
                                      .template_version = "",
                                      .template_type = ""};
    const struct asg_result_message body = {.lease_id = 5, .result = &result};
    for (int i = 0; i < 3; i++) {
        send_message(connection, ASG_MESSAGE_RESULT, &body);
        struct asg_bus_message message;
        while (wait_for_answer(connection, &message) != ASG_MESSAGE_ACK) {
        }
    }
    assert_true(metric(f, "openasg_groups") < 1);
}

static void test_an_admin_socket_answers_no_stranger_and_outlives_nonsense(void **state)
{
    struct fixture *f = *state;
    struct asg_bus_connection *stranger = connect_to(f, f->admin);
    send_nonsense(stranger, ASG_MESSAGE_REQUEST);
    wait_for_metric(f, "openasg_peers_refused_total", 1);
    struct asg_bus_message message;
    assert_status(ASG_ERR_EMPTY, asg_bus_connection_receive(stranger, &message));

    char path[160];
    (void)snprintf(path, sizeof path, "%s/state/admin.key", f->folder);
    struct asg_bus_keys admin;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_bus_keys_load_or_make(path, &admin, &error));
    struct asg_bus_connection *connection = connect_with(f, f->admin, &admin);
    send_nonsense(connection, ASG_MESSAGE_REQUEST);
    for (int i = 0; i < 7; i++) { /* each is answered with what is wrong */
        assert_int_equal(ASG_MESSAGE_ANSWER, wait_for_answer(connection, &message));
    }
    wait_for_metric(f, "openasg_frames_refused_total{reason=\"version\"}", 2);
    wait_for_metric(f, "openasg_frames_refused_total{reason=\"malformed\"}", 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_worker_with_an_unknown_key_is_refused_and_counted),
        TEST(test_an_agent_whose_key_is_not_bound_is_not_heard),
        TEST(test_a_known_worker_that_sends_nonsense_is_counted_and_goes_on),
        TEST(test_a_replayed_result_of_a_worker_changes_nothing),
        TEST(test_an_admin_socket_answers_no_stranger_and_outlives_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
