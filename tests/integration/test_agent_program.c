/* The real openasg-agent against a controller that the test plays over lib/bus. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "bus/bus.h"
#include "wire/wire.h"

#include "lib/check.h"

#define AGENT    ASG_BUILD_DIR "/bin/openasg-agent"
#define TOKEN    "feedfacefeedface"
#define ADDRESS  "127.77.0.9"
#define PATIENCE 20000 /* ms for anything that should come */
#define ARGS_MAX 24

struct stage {
    char dir[64];
    char join_file[128];
    char log_file[128];
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    struct asg_bus *bus;
    struct asg_bus_keys keys;
    struct asg_bus_listener *listener;
    pid_t agent;
    struct asg_arena arena;
    uint32_t peer; /* who spoke last */
    struct asg_report report;
    struct asg_join join;
    char address[64];
};

static void listen_on(struct stage *stage, const char *endpoint)
{
    const struct asg_bus_listen_options options = {.endpoint = endpoint,
                                                   .domain = "agents",
                                                   .keys = &stage->keys,
                                                   .max_message_bytes =
                                                       ASG_AGENT_FRAME_MAX};
    struct asg_error error;
    assert_status(ASG_OK,
                  asg_bus_listener_new(stage->bus, &options, &stage->listener, &error));
    (void)snprintf(stage->endpoint, sizeof stage->endpoint, "%s",
                   asg_bus_listener_endpoint(stage->listener));
}

static void put_join_file(struct stage *stage)
{
    int fd = open(stage->join_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_true(
        dprintf(fd, "# openasg-join: token=%s controller=%s key=%s job=12 attempt=3\n",
                TOKEN, stage->endpoint, stage->keys.public_key) > 0);
    (void)close(fd);
}

static void stage_start(struct stage *stage)
{
    *stage = (struct stage){0};
    (void)snprintf(stage->dir, sizeof stage->dir, "/tmp/asg-agent-XXXXXX");
    assert_non_null(mkdtemp(stage->dir));
    (void)snprintf(stage->join_file, sizeof stage->join_file, "%s/join", stage->dir);
    (void)snprintf(stage->log_file, sizeof stage->log_file, "%s/log", stage->dir);
    asg_bus_keys_new(&stage->keys);
    struct asg_error error;
    assert_status(ASG_OK, asg_bus_new(1, &stage->bus, &error));
    listen_on(stage, "tcp://127.0.0.1:*");
    put_join_file(stage);
}

/* In the child: a session of its own, the log as standard error, then the agent. */
static void become_agent(const struct stage *stage, const char *const *more)
{
    const char *arguments[ARGS_MAX] = {
        AGENT,         "--instance-id",  "i-0program",    "--private-ip", ADDRESS,
        "--join-file", stage->join_file, "--grpc-listen", ":0",           "--interval-ms",
        "200"};
    size_t count = 0;
    while (arguments[count] != NULL)
        count++;
    for (size_t i = 0; more != NULL && more[i] != NULL; i++)
        arguments[count++] = more[i];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when a test fails */
    int log = open(stage->log_file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log < 0 || dup2(log, STDERR_FILENO) < 0) _exit(99);
    char *list[ARGS_MAX];
    memcpy(list, arguments, sizeof list);
    (void)execv(AGENT, list);
    _exit(98);
}

static void start_agent(struct stage *stage, const char *const *more)
{
    stage->agent = fork();
    assert_true(stage->agent >= 0);
    if (stage->agent == 0) {
        (void)setsid();
        become_agent(stage, more);
    }
}

/* The agent's exit status, which must come soon. */
static int wait_for_agent(struct stage *stage)
{
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + PATIENCE;
    int status = 0;
    while (waitpid(stage->agent, &status, WNOHANG) == 0) {
        assert_true(asg_clock_monotonic_ms(&clock) < end_ms);
        const struct timespec moment = {.tv_nsec = 5000000};
        (void)nanosleep(&moment, NULL);
    }
    stage->agent = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void read_log(const struct stage *stage, char *ret, size_t size)
{
    int fd = open(stage->log_file, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, ret, size - 1);
    ret[length < 0 ? 0 : length] = '\0';
    if (fd >= 0) (void)close(fd);
}

static void stage_end(struct stage *stage)
{
    if (stage->agent > 0) {
        (void)kill(stage->agent, SIGTERM);
        assert_int_equal(0, wait_for_agent(stage));
    }
    char log[16384];
    read_log(stage, log, sizeof log);
    assert_null(strstr(log, TOKEN)); /* a secret stays one */
    asg_bus_listener_destroy(&stage->listener);
    asg_bus_destroy(&stage->bus);
    asg_arena_clear(&stage->arena);
    (void)unlink(stage->join_file);
    (void)unlink(stage->log_file);
    (void)rmdir(stage->dir);
}

/* The next frame of any kind; decoded into the stage. */
static enum asg_message_type next_frame(struct stage *stage)
{
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + PATIENCE;
    struct asg_bus_message message;
    while (asg_bus_listener_receive(stage->listener, &message) != ASG_OK) {
        int64_t left_ms = end_ms - asg_clock_monotonic_ms(&clock);
        assert_true(left_ms > 0);
        struct asg_bus_poll_item item = {.listener = stage->listener};
        (void)asg_bus_poll(&item, 1, left_ms);
    }
    stage->peer = message.peer;
    const char *address = asg_bus_message_peer_address(&message);
    (void)snprintf(stage->address, sizeof stage->address, "%s",
                   address == NULL ? "" : address);
    enum asg_message_type type = 0;
    assert_status(ASG_OK, asg_wire_message_type(message.data, message.length, &type));
    if (type == ASG_MESSAGE_REPORT) {
        assert_status(
            ASG_OK, asg_wire_decode_report(message.data, message.length, &stage->report));
    } else {
        assert_int_equal(ASG_MESSAGE_JOIN, type);
        assert_status(ASG_OK, asg_wire_decode_message(message.data, message.length, type,
                                                      &stage->arena, &stage->join));
    }
    return type;
}

static void wait_for_frame(struct stage *stage, enum asg_message_type wanted)
{
    while (next_frame(stage) != wanted) {
    }
}

static void answer(struct stage *stage, enum asg_message_type type, const void *body)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes frame = {0};
    asg_wire_encode_message(type, body, &frame);
    assert_status(ASG_OK, asg_bus_listener_send(stage->listener, stage->peer, frame.data,
                                                frame.length));
}

static const struct asg_joined joined = {.instance_id = "i-0program"};

static void let_join(struct stage *stage)
{
    wait_for_frame(stage, ASG_MESSAGE_JOIN);
    answer(stage, ASG_MESSAGE_JOINED, &joined);
}

static void test_agent_joins_with_its_token_from_its_own_address(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    start_agent(&stage, NULL);
    wait_for_frame(&stage, ASG_MESSAGE_JOIN);
    assert_string_equal("i-0program", stage.join.instance_id);
    assert_string_equal(TOKEN, stage.join.token);
    assert_int_equal(12, stage.join.job_id);
    assert_int_equal(3, stage.join.attempt);
    assert_string_equal(ADDRESS, stage.join.private_ip);
    assert_string_equal(ADDRESS, stage.address);
    assert_in_range(stage.join.grpc_port, 1, 65535);
    assert_int_equal(200, stage.join.interval_ms);
    stage_end(&stage);
}

static void test_agent_reports_from_the_moment_it_is_bound(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    start_agent(&stage, NULL);
    /* Not a word but JOIN before it is bound. */
    assert_int_equal(ASG_MESSAGE_JOIN, next_frame(&stage));
    assert_int_equal(ASG_MESSAGE_JOIN, next_frame(&stage));
    answer(&stage, ASG_MESSAGE_JOINED, &joined);
    uint64_t boot_id = 0;
    uint64_t sequence = 0;
    for (int i = 0; i < 5; i++) {
        wait_for_frame(&stage, ASG_MESSAGE_REPORT);
        if (i > 0) assert_true(stage.report.boot_id == boot_id);
        assert_true(stage.report.sequence > sequence);
        assert_in_range(stage.report.cpu_milli, 0, ASG_PERCENT_MILLI_MAX);
        boot_id = stage.report.boot_id;
        sequence = stage.report.sequence;
    }
    stage_end(&stage);
}

static void test_agent_joins_again_when_it_is_told_to(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    start_agent(&stage, NULL);
    let_join(&stage);
    wait_for_frame(&stage, ASG_MESSAGE_REPORT);
    uint64_t boot_id = stage.report.boot_id;
    uint64_t sequence = stage.report.sequence;
    answer(&stage, ASG_MESSAGE_REJOIN, NULL);
    let_join(&stage);
    wait_for_frame(&stage, ASG_MESSAGE_REPORT);
    assert_true(stage.report.boot_id == boot_id);
    assert_true(stage.report.sequence > sequence);
    stage_end(&stage);
}

static void test_agent_that_is_refused_asks_again(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    start_agent(&stage, NULL);
    wait_for_frame(&stage, ASG_MESSAGE_JOIN);
    const struct asg_refused refused = {.reason = "no such instance yet"};
    answer(&stage, ASG_MESSAGE_REFUSED, &refused);
    let_join(&stage);
    wait_for_frame(&stage, ASG_MESSAGE_REPORT);
    char log[16384];
    read_log(&stage, log, sizeof log);
    assert_non_null(strstr(log, "join_refused"));
    assert_non_null(strstr(log, "no such instance yet"));
    stage_end(&stage);
}

static void test_agent_survives_a_controller_that_goes_away_and_comes_back(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    start_agent(&stage, NULL);
    let_join(&stage);
    wait_for_frame(&stage, ASG_MESSAGE_REPORT);
    uint64_t boot_id = stage.report.boot_id;
    uint64_t sequence = stage.report.sequence;
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    memcpy(endpoint, stage.endpoint, sizeof endpoint);
    /* The whole bus goes, as with a process: a closed listener alone gives its port up a
     * moment later, from ZeroMQ's own thread. */
    asg_bus_listener_destroy(&stage.listener);
    asg_bus_destroy(&stage.bus);

    assert_status(ASG_OK, asg_bus_new(1, &stage.bus, NULL));
    listen_on(&stage, endpoint);
    /* The new controller knows nobody: it answers what comes with REJOIN. */
    if (next_frame(&stage) == ASG_MESSAGE_REPORT) {
        answer(&stage, ASG_MESSAGE_REJOIN, NULL);
        wait_for_frame(&stage, ASG_MESSAGE_JOIN);
    }
    answer(&stage, ASG_MESSAGE_JOINED, &joined);
    wait_for_frame(&stage, ASG_MESSAGE_REPORT);
    assert_true(stage.report.boot_id == boot_id);
    assert_true(stage.report.sequence > sequence);
    stage_end(&stage);
}

static void test_agent_drops_frames_that_make_no_sense(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    start_agent(&stage, NULL);
    let_join(&stage);
    wait_for_frame(&stage, ASG_MESSAGE_REPORT);
    static const uint8_t garbage[] = {0xc1, 0xff, 0x91, 0x91, 0x91};
    for (size_t length = 0; length <= sizeof garbage; length++) {
        assert_status(ASG_OK,
                      asg_bus_listener_send(stage.listener, stage.peer, garbage, length));
    }
    answer(&stage, ASG_MESSAGE_JOIN, &stage.join); /* a frame, but not for an agent */
    uint64_t sequence = stage.report.sequence;
    for (int i = 0; i < 3; i++)
        wait_for_frame(&stage, ASG_MESSAGE_REPORT);
    assert_true(stage.report.sequence >= sequence + 3);
    stage_end(&stage);
}

/* A session of its own: a process that burns a core, and the agent that measures it. */
static void test_agent_measures_its_own_session(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    int tell[2];
    assert_int_equal(0, pipe(tell));
    stage.agent = fork();
    assert_true(stage.agent >= 0);
    if (stage.agent == 0) {
        (void)setsid();
        pid_t burner = fork();
        if (burner == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (volatile unsigned turn = 0;; turn++) {
            }
        }
        if (write(tell[1], &burner, sizeof burner) != sizeof burner) _exit(97);
        static const char *const more[] = {"--cpu-source", "session",
                                           "--cpu-capacity-milli", "1000", NULL};
        become_agent(&stage, more);
    }
    pid_t burner = 0;
    assert_int_equal(sizeof burner, read(tell[0], &burner, sizeof burner));
    let_join(&stage);
    do {
        wait_for_frame(&stage, ASG_MESSAGE_REPORT);
    } while (stage.report.cpu_milli < 25000 && stage.report.sequence < 100);
    uint32_t busy_milli = stage.report.cpu_milli;
    (void)kill(burner, SIGKILL);
    do {
        wait_for_frame(&stage, ASG_MESSAGE_REPORT);
    } while (stage.report.cpu_milli > 12000 && stage.report.sequence < 200);
    assert_true(busy_milli >= 25000);
    assert_true(stage.report.cpu_milli <= 12000);
    (void)close(tell[0]);
    (void)close(tell[1]);
    stage_end(&stage);
}

static void test_agent_that_cannot_start_says_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[3];
        int code;
        const char *word;
    } wrong[] = {
        {{"--interval-ms", "100", NULL}, 2, "200 to 60000"},
        {{"--intervall-ms", "1000", NULL}, 2, "interval"},
        {{"--cpu-source", "guess", NULL}, 2, "session"},
        {{"--join-file", "/no/such/file", NULL}, 1, "/no/such/file"},
        {{"--grpc-listen", "localhost:1", NULL}, 1, "localhost:1"},
        {{"--instance-id", "i 1", NULL}, 1, "instance id"},
        {{"--controller-key", "short", NULL}, 1, "key"},
        {{"--cgroup", "/no/such", NULL}, 0, ""}, /* not used by the host source */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct stage stage;
        stage_start(&stage);
        start_agent(&stage, wrong[i].arguments);
        if (wrong[i].code != 0) {
            assert_int_equal(wrong[i].code, wait_for_agent(&stage));
            char log[16384];
            read_log(&stage, log, sizeof log);
            assert_non_null(strstr(log, wrong[i].word));
        } else {
            let_join(&stage);
        }
        stage_end(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agent_joins_with_its_token_from_its_own_address),
        cmocka_unit_test(test_agent_reports_from_the_moment_it_is_bound),
        cmocka_unit_test(test_agent_joins_again_when_it_is_told_to),
        cmocka_unit_test(test_agent_that_is_refused_asks_again),
        cmocka_unit_test(test_agent_survives_a_controller_that_goes_away_and_comes_back),
        cmocka_unit_test(test_agent_drops_frames_that_make_no_sense),
        cmocka_unit_test(test_agent_measures_its_own_session),
        cmocka_unit_test(test_agent_that_cannot_start_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
