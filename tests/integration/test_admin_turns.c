/* Who has an admin's key and keeps the controller at work with trials of megabytes does
 * not keep another key's orders from being answered. */
#include "lib/check.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/bus.h"
#include "lib/wait.h"
#include "model/defaults.h"
#include "model/schemas.h"
#include "wire/wire.h"

#define LIMIT_MS    60000
#define CONNECTIONS 4
#define AHEAD       3 /* trials of a connection on their way */
#define GROUPS      300
#define ACTIONS     120
#define ORDERS      20
/* An order comes and is answered in a turn each, which has one trial; and some, as
 * ZeroMQ's thread and the loop are not in step. */
#define TRIALS_PER_ORDER 3

struct fixture {
    char folder[64];
    pid_t controller;
    char admin[128];
    char key[ASG_BUS_KEY_SIZE];
    struct asg_bus_keys greedy;
    struct asg_bus_keys other;
    struct asg_bus_connection *connections[CONNECTIONS];
    struct asg_bus_connection *honest;
    struct asg_bus *bus;
    struct asg_bytes trial;
    uint64_t sent;
    size_t tried;
    size_t throttled;
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
    assert_int_equal(2, fscanf(file,
                               "agents: %*s workers: %*s admin: %127s http: %*s "
                               "key: %40s",
                               f->admin, f->key));
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
                "--limits-groups", "1000", (char *)NULL);
    _exit(127);
}

static void allow(const struct fixture *f, const char *name, struct asg_bus_keys *keys)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/state/admins.d/%s.pub", f->folder, name);
    asg_bus_keys_new(keys);
    assert_status(ASG_OK, asg_bus_public_key_save(path, keys->public_key, NULL));
}

static struct asg_bus_connection *connect_with(struct fixture *f,
                                               const struct asg_bus_keys *keys)
{
    const struct asg_bus_connect_options options = {.endpoint = f->admin,
                                                    .server_key = f->key,
                                                    .keys = keys,
                                                    .max_message_bytes =
                                                        ASG_ADMIN_FRAME_MAX};
    struct asg_bus_connection *connection = NULL;
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_bus_connection_new(f->bus, &options, &connection, &error));
    return connection;
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/asg-turns-XXXXXX");
    if (mkdtemp(f->folder) == NULL) return 1;
    char path[160];
    (void)snprintf(path, sizeof path, "%s/state", f->folder);
    assert_int_equal(0, mkdir(path, 0700));
    (void)snprintf(path, sizeof path, "%s/state/admins.d", f->folder);
    assert_int_equal(0, mkdir(path, 0700));
    allow(f, "greedy", &f->greedy);
    allow(f, "other", &f->other);
    f->controller = fork();
    if (f->controller == 0) run_controller(f);
    read_endpoints(f);
    struct asg_error error;
    if (asg_bus_new(1, &f->bus, &error) != ASG_OK) return 1;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        f->connections[i] = connect_with(f, &f->greedy);
    }
    f->honest = connect_with(f, &f->other);
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
    for (size_t i = 0; i < CONNECTIONS; i++) {
        asg_bus_connection_destroy(&f->connections[i]);
    }
    asg_bus_connection_destroy(&f->honest);
    asg_bus_destroy(&f->bus);
    int code = -1;
    assert_int_equal(0, waitpid(f->controller, &code, WNOHANG)); /* it lives */
    assert_int_equal(0, kill(f->controller, SIGTERM));
    assert_int_equal(f->controller, waitpid(f->controller, &code, 0));
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    (void)nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    asg_bytes_clear(&f->trial);
    test_free(f);
    return 0;
}

static struct asg_schedule_config *make_actions(const char *group,
                                                struct asg_arena *arena)
{
    struct asg_schedule_config *actions =
        asg_arena_take(arena, ACTIONS * sizeof *actions);
    for (size_t i = 0; i < ACTIONS; i++) {
        asg_model_set_defaults(&asg_schedule_config_schema, &actions[i]);
        actions[i].group = group;
        actions[i].name =
            asg_arena_format(arena, "an-action-with-a-name-of-some-length-%06zu", i);
        actions[i].desired = 2;
        actions[i].recurrence = asg_arena_format(arena, "%zu %zu 29 2 *", i % 60, i / 60);
        actions[i].time_zone = "UTC";
    }
    return actions;
}

/* Groups that are not there, with actions of a leap day. */
static void make_trial(struct asg_bytes *ret)
{
    struct asg_arena arena = {0};
    struct asg_subnet subnet = {.zone = "us-east-1a", .subnet_id = ""};
    struct asg_group_config configs[GROUPS];
    struct asg_apply_group groups[GROUPS];
    for (size_t i = 0; i < GROUPS; i++) {
        const char *name = asg_arena_format(&arena, "big-%06zu", i);
        asg_model_set_defaults(&asg_group_config_schema, &configs[i]);
        configs[i].name = name;
        configs[i].max = 4;
        configs[i].template_id = "lt-0123456789abcdef0";
        configs[i].template_version = "1";
        configs[i].subnets = &subnet;
        configs[i].subnet_count = 1;
        groups[i] = (struct asg_apply_group){.name = name,
                                             .is_new = true,
                                             .config = &configs[i],
                                             .schedules = make_actions(name, &arena),
                                             .schedule_count = ACTIONS};
    }
    struct asg_apply apply = {.groups = groups, .group_count = GROUPS};
    const struct asg_command command = {
        .kind = ASG_COMMAND_APPLY, .group = "", .apply = &apply};
    const struct asg_request request = {.request_no = 1,
                                        .query = ASG_QUERY_TRY,
                                        .command = &command,
                                        .group = "",
                                        .name = ""};
    asg_wire_encode_message(ASG_MESSAGE_REQUEST, &request, ret);
    asg_arena_clear(&arena);
}

static void send_trial(struct fixture *f, struct asg_bus_connection *connection)
{
    assert_status(ASG_OK,
                  asg_bus_connection_send(connection, f->trial.data, f->trial.length));
    f->sent++;
}

/* One answer of those that came; false: none. */
static bool hear(struct asg_bus_connection *connection, struct asg_arena *arena,
                 struct asg_answer *ret)
{
    struct asg_bus_message message;
    if (asg_bus_connection_receive(connection, &message) != ASG_OK) return false;
    assert_status(ASG_OK, asg_wire_decode_message(message.data, message.length,
                                                  ASG_MESSAGE_ANSWER, arena, ret));
    return true;
}

/* For each answer another trial. */
static void go_on_trying(struct fixture *f)
{
    struct asg_arena arena = {0};
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct asg_answer answer;
        while (hear(f->connections[i], &arena, &answer)) {
            if (answer.is_ok) {
                f->tried++;
            } else {
                if (strcmp(answer.code, "Throttling") != 0)
                    fail_msg("%s", answer.message);
                f->throttled++;
            }
            send_trial(f, f->connections[i]);
        }
        asg_arena_reset(&arena);
    }
    asg_arena_clear(&arena);
}

static void wait_for_some(struct fixture *f)
{
    struct asg_bus_poll_item items[CONNECTIONS + 1] = {{.connection = f->honest}};
    for (size_t i = 0; i < CONNECTIONS; i++) {
        items[i + 1].connection = f->connections[i];
    }
    (void)asg_bus_poll(items, CONNECTIONS + 1, 100);
}

static void send_order(struct fixture *f, uint64_t request_no)
{
    const struct asg_command command = {
        .kind = request_no % 2 == 0 ? ASG_COMMAND_UNHALT : ASG_COMMAND_HALT, .group = ""};
    const struct asg_request request = {
        .request_no = request_no, .command = &command, .group = "", .name = ""};
    struct asg_bytes frame = {0};
    asg_wire_encode_message(ASG_MESSAGE_REQUEST, &request, &frame);
    assert_status(ASG_OK, asg_bus_connection_send(f->honest, frame.data, frame.length));
    asg_bytes_clear(&frame);
}

static void test_small_orders_are_answered_between_trials_of_another_key(void **state)
{
    struct fixture *f = *state;
    make_trial(&f->trial);
    assert_true(f->trial.length > 2000000);
    for (size_t i = 0; i < CONNECTIONS * AHEAD; i++) {
        send_trial(f, f->connections[i % CONNECTIONS]);
    }
    struct wait wait = wait_begin(LIMIT_MS);
    while (f->tried < 2) { /* it is well at work */
        assert_false(wait_is_over(&wait));
        wait_for_some(f);
        go_on_trying(f);
    }
    size_t tried = f->tried;
    uint64_t answered = 0;
    struct asg_arena arena = {0};
    wait = wait_begin(LIMIT_MS);
    send_order(f, 1);
    while (answered < ORDERS) {
        if (wait_is_over(&wait)) fail_msg("%zu orders answered", (size_t)answered);
        wait_for_some(f);
        go_on_trying(f);
        struct asg_answer answer;
        while (hear(f->honest, &arena, &answer)) {
            if (!answer.is_ok) fail_msg("%s", answer.message);
            assert_int_equal(++answered, answer.request_no);
            if (answered < ORDERS) send_order(f, answered + 1);
        }
        asg_arena_reset(&arena);
    }
    asg_arena_clear(&arena);
    tried = f->tried - tried;
    printf("%d orders answered while %zu trials of %zu bytes were, %zu throttled\n",
           ORDERS, tried, f->trial.length, f->throttled);
    assert_in_range(tried, 1, ORDERS * TRIALS_PER_ORDER);
    assert_true(f->throttled > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_small_orders_are_answered_between_trials_of_another_key, set_up,
            tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
