/* The real openasg-agent against a controller that the test plays over lib/rpc and
 * lib/bus. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "rpc/agent_service.h"
#include "rpc/health.h"

#include "lib/played_controller.h"

#define AGENT    ASG_BUILD_DIR "/bin/openasg-agent"
#define ADDRESS  "127.77.0.9"
#define PATIENCE 30000 /* ms for anything that should come */
#define ARGS_MAX 24

struct stage {
    char dir[64];
    char state[128]; /* the agent's state directory */
    char join_file[128];
    char log_file[128];
    struct played_controller play;
    pid_t agent;
    struct asg_report report;
    char key[ASG_BUS_KEY_SIZE]; /* of the last report */
    char address[64];
};

static void put_line(const struct stage *stage, const char *line)
{
    int fd = open(stage->join_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal((ssize_t)strlen(line), write(fd, line, strlen(line)));
    (void)close(fd);
}

static void put_join_file(struct stage *stage)
{
    char line[512];
    played_join_line(&stage->play, line, sizeof line);
    put_line(stage, line);
}

static void stage_start(struct stage *stage)
{
    *stage = (struct stage){0};
    (void)snprintf(stage->dir, sizeof stage->dir, "/tmp/asg-agent-XXXXXX");
    assert_non_null(mkdtemp(stage->dir));
    (void)snprintf(stage->state, sizeof stage->state, "%s/state", stage->dir);
    (void)snprintf(stage->join_file, sizeof stage->join_file, "%s/join", stage->dir);
    (void)snprintf(stage->log_file, sizeof stage->log_file, "%s/log", stage->dir);
    played_start(&stage->play);
    put_join_file(stage);
}

/* In the child: a session of its own, the log as standard error, then the agent. */
static void become_agent(const struct stage *stage, const char *const *more)
{
    const char *arguments[ARGS_MAX] = {
        AGENT,         "--instance-id",  "i-0program",    "--private-ip", ADDRESS,
        "--join-file", stage->join_file, "--grpc-listen", ":0",           "--interval-ms",
        "200",         "--dir",          stage->state};
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

static void stop_agent(struct stage *stage, int number)
{
    (void)kill(stage->agent, number);
    assert_int_equal(number == SIGTERM ? 0 : 128 + number, wait_for_agent(stage));
}

static void wait_for_log(const struct stage *stage, const char *words)
{
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + PATIENCE;
    static char log[65536];
    for (;;) {
        read_log(stage, log, sizeof log);
        if (strstr(log, words) != NULL) return;
        if (asg_clock_monotonic_ms(&clock) > end_ms) print_message("%s", log);
        assert_true(asg_clock_monotonic_ms(&clock) <= end_ms);
        const struct timespec moment = {.tv_nsec = 5000000};
        (void)nanosleep(&moment, NULL);
    }
}

static void remove_state(const struct stage *stage)
{
    static const char *const names[] = {"agent.key", "agent.key.pub", "agent-tls.key",
                                        "enrolment", "instance",      "lock"};
    char path[160];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", stage->state, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(stage->state);
}

static void stage_end(struct stage *stage)
{
    if (stage->agent > 0) stop_agent(stage, SIGTERM);
    char log[16384];
    read_log(stage, log, sizeof log);
    assert_null(strstr(log, PLAYED_TOKEN)); /* a secret stays one */
    played_end(&stage->play);
    remove_state(stage);
    (void)unlink(stage->join_file);
    (void)unlink(stage->log_file);
    assert_int_equal(0, rmdir(stage->dir));
}

/* The next report, from anybody who is admitted; false: none within `wait_ms`. */
static bool report_within(struct stage *stage, int64_t wait_ms)
{
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + wait_ms;
    struct asg_bus_message message;
    while (asg_bus_inlet_receive(stage->play.inlet, &message) != ASG_OK) {
        int64_t left_ms = end_ms - asg_clock_monotonic_ms(&clock);
        if (left_ms <= 0) return false;
        struct asg_bus_poll_item item = {.inlet = stage->play.inlet};
        (void)asg_bus_poll(&item, 1, left_ms);
    }
    assert_status(ASG_OK,
                  asg_wire_decode_report(message.data, message.length, &stage->report));
    (void)snprintf(stage->key, sizeof stage->key, "%s",
                   asg_bus_message_user_key(&message));
    const char *address = asg_bus_message_peer_address(&message);
    (void)snprintf(stage->address, sizeof stage->address, "%s",
                   address == NULL ? "" : address);
    return true;
}

static void next_report(struct stage *stage)
{
    assert_true(report_within(stage, PATIENCE));
}

static void wait_for_count(struct stage *stage,
                           uint64_t (*count)(struct played_controller *), uint64_t wanted)
{
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + PATIENCE;
    while (count(&stage->play) < wanted) {
        assert_true(asg_clock_monotonic_ms(&clock) < end_ms);
        const struct timespec moment = {.tv_nsec = 5000000};
        (void)nanosleep(&moment, NULL);
    }
}

static void test_agent_enrols_with_its_token_from_its_own_address(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    start_agent(&stage, NULL);
    next_report(&stage);
    struct played_enroll last = played_last(&stage.play);
    assert_string_equal("i-0program", last.instance_id);
    assert_string_equal(PLAYED_TOKEN, last.token);
    assert_int_equal(12, last.job_id);
    assert_int_equal(3, last.attempt);
    assert_int_equal(200, last.interval_ms);
    assert_string_equal(ADDRESS, last.address);
    assert_string_equal(ADDRESS, stage.address);
    assert_string_equal(last.curve_key, stage.key);
    assert_in_range(stage.report.grpc_port, 1, 65535);
    stage_end(&stage);
}

static void test_agent_reports_from_the_moment_it_is_enrolled(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    played_say(&stage.play, ASG_RPC_NOT_FOUND, "EC2 has not told of this instance yet");
    start_agent(&stage, NULL);
    wait_for_count(&stage, played_asked, 2);
    assert_false(report_within(&stage, 0)); /* not a word before */
    played_say(&stage.play, ASG_RPC_OK, NULL);
    uint64_t boot_id = 0;
    uint64_t sequence = 0;
    for (int i = 0; i < 5; i++) {
        next_report(&stage);
        if (i > 0) assert_true(stage.report.boot_id == boot_id);
        assert_true(stage.report.sequence > sequence);
        assert_in_range(stage.report.cpu_milli, 0, ASG_PERCENT_MILLI_MAX);
        boot_id = stage.report.boot_id;
        sequence = stage.report.sequence;
    }
    wait_for_log(&stage, "enrol_not_yet");
    wait_for_log(&stage, "EC2 has not told of this instance yet");
    stage_end(&stage);
}

/* Nothing but the certificate's time makes an agent with a certificate ask again. */
static void test_restart_reports_with_the_keys_that_were_kept(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    start_agent(&stage, NULL);
    next_report(&stage);
    char key[ASG_BUS_KEY_SIZE];
    memcpy(key, stage.key, sizeof key);
    uint64_t boot_id = stage.report.boot_id;
    stop_agent(&stage, SIGKILL);
    played_say(&stage.play, ASG_RPC_UNAVAILABLE, "this controller does not lead");
    start_agent(&stage, NULL);
    do {
        next_report(&stage);
    } while (stage.report.boot_id == boot_id);
    assert_string_equal(key, stage.key);
    assert_in_range(stage.report.grpc_port, 1, 65535);
    assert_int_equal(1, played_asked(&stage.play));
    stage_end(&stage);
}

static void test_certificate_is_renewed_with_the_same_keys_and_no_proof(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    played_renew_after(&stage.play, 1000);
    start_agent(&stage, NULL);
    next_report(&stage);
    uint64_t sequence = stage.report.sequence;
    struct played_enroll first = played_last(&stage.play);
    while (played_enrolled(&stage.play) < 4) { /* three renewals, and no report missed */
        next_report(&stage);
        assert_int_equal(sequence + 1, stage.report.sequence);
        sequence = stage.report.sequence;
    }
    struct played_enroll last = played_last(&stage.play);
    assert_string_equal(first.curve_key, last.curve_key);
    assert_string_equal(first.tls_key, last.tls_key);
    assert_int_equal(ASG_RPC_PROOF_NONE, last.proof);
    assert_int_equal(1, played_proven(&stage.play));
    stage_end(&stage);
}

static void test_expired_certificate_is_renewed_after_an_outage(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    played_renew_after(&stage.play, 500); /* good for a second */
    start_agent(&stage, NULL);
    next_report(&stage);
    played_say(&stage.play, ASG_RPC_UNAVAILABLE, "this controller does not lead");
    uint64_t asked = played_asked(&stage.play);
    struct asg_clock clock = asg_clock_real();
    int64_t until_ms = asg_clock_monotonic_ms(&clock) + 2000;
    wait_for_count(&stage, played_asked, asked + 2);
    while (asg_clock_monotonic_ms(&clock) < until_ms) /* and it reports on */
        next_report(&stage);
    uint64_t enrolled = played_enrolled(&stage.play);
    played_say(&stage.play, ASG_RPC_OK, NULL);
    wait_for_count(&stage, played_enrolled, enrolled + 1);
    next_report(&stage);
    stage_end(&stage);
}

static void test_refused_reports_make_the_agent_enrol_again_with_proof(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    start_agent(&stage, NULL);
    next_report(&stage);
    /* Its key is bound no more, and the connection is gone: a new one is refused. */
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    memcpy(endpoint, stage.play.reports, sizeof endpoint);
    played_say(&stage.play, ASG_RPC_UNAVAILABLE, "wait");
    played_rebind(&stage.play);
    asg_bus_inlet_destroy(&stage.play.inlet);
    asg_bus_destroy(&stage.play.bus);
    assert_status(ASG_OK, asg_bus_new(1, &stage.play.bus, NULL));
    played_listen(&stage.play, endpoint);
    wait_for_log(&stage, "reports_refused");
    played_say(&stage.play, ASG_RPC_OK, NULL);
    next_report(&stage);
    assert_int_equal(ASG_RPC_PROOF_TOKEN, played_last(&stage.play).proof);
    stage_end(&stage);
}

static void test_reimaged_instance_is_refused_until_it_is_bound_again(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    start_agent(&stage, NULL);
    next_report(&stage);
    char key[ASG_BUS_KEY_SIZE];
    memcpy(key, stage.key, sizeof key);
    stop_agent(&stage, SIGTERM);
    remove_state(&stage);
    start_agent(&stage, NULL);
    wait_for_log(&stage, "enrol_refused");
    wait_for_log(&stage, "was it re-imaged?");
    played_rebind(&stage.play);
    do {
        next_report(&stage);
    } while (strcmp(stage.key, key) == 0);
    stage_end(&stage);
}

static void test_agent_survives_a_controller_that_goes_away_and_comes_back(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    start_agent(&stage, NULL);
    next_report(&stage);
    uint64_t boot_id = stage.report.boot_id;
    uint64_t sequence = stage.report.sequence;
    char endpoint[ASG_BUS_ENDPOINT_MAX];
    memcpy(endpoint, stage.play.reports, sizeof endpoint);
    /* The whole bus goes, as with a process: a closed inlet alone gives its port up a
     * moment later, from ZeroMQ's own thread. */
    asg_bus_inlet_destroy(&stage.play.inlet);
    asg_bus_destroy(&stage.play.bus);
    wait_for_log(&stage, "reports_cut");
    assert_status(ASG_OK, asg_bus_new(1, &stage.play.bus, NULL));
    played_listen(&stage.play, endpoint);
    next_report(&stage);
    assert_true(stage.report.boot_id == boot_id);
    assert_true(stage.report.sequence > sequence);
    assert_int_equal(1, played_asked(&stage.play)); /* it did not enrol again */
    stage_end(&stage);
}

static void test_controller_with_another_key_or_endpoint_is_found_again(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    played_renew_after(&stage.play, 1500);
    start_agent(&stage, NULL);
    next_report(&stage);
    asg_bus_inlet_destroy(&stage.play.inlet);
    (void)pthread_mutex_lock(&stage.play.mutex);
    asg_bus_keys_new(&stage.play.keys); /* rotated */
    played_listen(&stage.play, "tcp://127.0.0.1:*");
    (void)pthread_mutex_unlock(&stage.play.mutex);
    next_report(&stage);
    stage_end(&stage);
}

static void test_first_endpoint_that_answers_is_used(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    played_report_first_to(&stage.play, "tcp://127.0.0.1:1");
    start_agent(&stage, NULL);
    next_report(&stage);
    stage_end(&stage);
}

static void test_second_controller_of_the_line_is_asked_when_the_first_is_away(
    void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    char line[512];
    (void)snprintf(line, sizeof line,
                   "# openasg-join: token=" PLAYED_TOKEN
                   " enrol=127.0.0.1:1,127.0.0.1:%u ca=%s job=1 attempt=1\n",
                   asg_rpc_server_port(stage.play.enrolment),
                   asg_authority_fingerprint(stage.play.authority));
    put_line(&stage, line);
    start_agent(&stage, NULL);
    next_report(&stage);
    stage_end(&stage);
}

/* The token is for nobody but the authority of the join line. */
static void test_wrong_authority_is_told_and_gets_no_token(void **state)
{
    (void)state;
    struct stage stage;
    struct played_controller impostor;
    stage_start(&stage);
    played_start(&impostor);
    char line[512];
    (void)snprintf(line, sizeof line,
                   "# openasg-join: token=" PLAYED_TOKEN
                   " enrol=127.0.0.1:%u ca=%s job=1 attempt=1\n",
                   asg_rpc_server_port(impostor.enrolment),
                   asg_authority_fingerprint(stage.play.authority));
    put_line(&stage, line);
    start_agent(&stage, NULL);
    wait_for_log(&stage, "enrol_wrong_authority");
    wait_for_log(&stage, "not the one in the join line");
    assert_int_equal(0, played_asked(&impostor));
    played_end(&impostor);
    stage_end(&stage);
}

static void test_nobody_there_is_told(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    static const char *const more[] = {"--enrol", "127.0.0.1:1", NULL};
    start_agent(&stage, more);
    wait_for_log(&stage, "enrol_nobody_there");
    wait_for_log(&stage, "127.0.0.1:1: nothing answers there: connection refused");
    stage_end(&stage);
}

/* Something answers, but it is no TLS: a wrong port. */
static void test_port_that_speaks_no_tls_is_told(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    char port[64];
    (void)snprintf(port, sizeof port, "%s", stage.play.reports + strlen("tcp://"));
    const char *const more[] = {"--enrol", port, NULL};
    start_agent(&stage, more);
    wait_for_log(&stage, "enrol_nobody_there");
    wait_for_log(&stage, "the server there does not use TLS");
    stage_end(&stage);
}

/* Can anybody connect there? */
static bool is_open(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    assert_int_equal(1, inet_pton(AF_INET, ADDRESS, &address.sin_addr));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_open = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return is_open;
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    assert_int_equal(1, inet_pton(AF_INET, ADDRESS, &address.sin_addr));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof address));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &length));
    (void)close(fd);
    return ntohs(address.sin_port);
}

static void test_probes_are_not_answered_before_there_is_a_certificate(void **state)
{
    (void)state;
    struct stage stage;
    stage_start(&stage);
    uint16_t port = free_port();
    char listen[16];
    (void)snprintf(listen, sizeof listen, ":%u", port);
    const char *const more[] = {"--grpc-listen", listen, NULL};
    played_say(&stage.play, ASG_RPC_PERMISSION_DENIED, "not yours");
    start_agent(&stage, more);
    wait_for_count(&stage, played_asked, 2);
    assert_false(is_open(port));
    played_say(&stage.play, ASG_RPC_OK, NULL);
    next_report(&stage);
    assert_true(is_open(port));
    assert_int_equal(port, stage.report.grpc_port);
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
    do {
        next_report(&stage);
    } while (stage.report.cpu_milli < 25000 && stage.report.sequence < 100);
    uint32_t busy_milli = stage.report.cpu_milli;
    (void)kill(burner, SIGKILL);
    do {
        next_report(&stage);
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
        {{"--enrol-ca", "short", NULL}, 1, "enrol_ca"},
        {{"--enrol", "tcp://a", NULL}, 1, "host:port"},
        {{"--health-listen", "0.0.0.0:7707", NULL}, 1, "health_listen"},
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
            next_report(&stage);
        }
        stage_end(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agent_enrols_with_its_token_from_its_own_address),
        cmocka_unit_test(test_agent_reports_from_the_moment_it_is_enrolled),
        cmocka_unit_test(test_restart_reports_with_the_keys_that_were_kept),
        cmocka_unit_test(test_certificate_is_renewed_with_the_same_keys_and_no_proof),
        cmocka_unit_test(test_expired_certificate_is_renewed_after_an_outage),
        cmocka_unit_test(test_refused_reports_make_the_agent_enrol_again_with_proof),
        cmocka_unit_test(test_reimaged_instance_is_refused_until_it_is_bound_again),
        cmocka_unit_test(test_agent_survives_a_controller_that_goes_away_and_comes_back),
        cmocka_unit_test(test_controller_with_another_key_or_endpoint_is_found_again),
        cmocka_unit_test(test_first_endpoint_that_answers_is_used),
        cmocka_unit_test(
            test_second_controller_of_the_line_is_asked_when_the_first_is_away),
        cmocka_unit_test(test_wrong_authority_is_told_and_gets_no_token),
        cmocka_unit_test(test_nobody_there_is_told),
        cmocka_unit_test(test_port_that_speaks_no_tls_is_told),
        cmocka_unit_test(test_probes_are_not_answered_before_there_is_a_certificate),
        cmocka_unit_test(test_agent_measures_its_own_session),
        cmocka_unit_test(test_agent_that_cannot_start_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
