/* A thousand certificates are renewed while reports go on: real agents, each twice a
 * second, against a controller that the test plays. No report may be missing, and no
 * connection may be cut. */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/played_controller.h"

#define AGENT      ASG_BUILD_DIR "/bin/openasg-agent"
#define AGENTS     20
#define RENEWALS   1000
#define PATIENCE   240000 /* ms: 30 s on an idle machine */
#define REPORT_GAP 20000  /* ms without any report of anybody */

struct agent {
    pid_t pid;
    char key[ASG_BUS_KEY_SIZE];
    uint64_t sequence;
    uint64_t reports;
};

struct stage {
    char dir[64];
    struct played_controller play;
    struct agent agents[AGENTS];
};

static void put_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal((ssize_t)strlen(text), write(fd, text, strlen(text)));
    (void)close(fd);
}

static pid_t start_agent(const struct stage *stage, int number)
{
    char join[128];
    char dir[128];
    char log[128];
    char id[32];
    char address[32];
    (void)snprintf(join, sizeof join, "%s/join", stage->dir);
    (void)snprintf(dir, sizeof dir, "%s/%d", stage->dir, number);
    (void)snprintf(log, sizeof log, "%s/log-%d", stage->dir, number);
    (void)snprintf(id, sizeof id, "i-0renew%d", number);
    (void)snprintf(address, sizeof address, "127.77.1.%d", number + 1);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0) return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when a test fails */
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) _exit(99);
    (void)execl(AGENT, AGENT, "--instance-id", id, "--private-ip", address, "--join-file",
                join, "--grpc-listen", ":0", "--dir", dir, "--spot-notices", "off",
                (char *)NULL);
    _exit(98);
}

static struct agent *agent_of(struct stage *stage, const char *key)
{
    for (size_t i = 0; i < AGENTS; i++) {
        struct agent *agent = &stage->agents[i];
        if (agent->key[0] == '\0')
            (void)snprintf(agent->key, sizeof agent->key, "%s", key);
        if (strcmp(agent->key, key) == 0) return agent;
    }
    fail_msg("one more key than there are agents");
    return NULL;
}

static void take_report(struct stage *stage)
{
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + REPORT_GAP;
    struct asg_bus_message message;
    while (asg_bus_inlet_receive(stage->play.inlet, &message) != ASG_OK) {
        int64_t left_ms = end_ms - asg_clock_monotonic_ms(&clock);
        assert_true(left_ms > 0);
        struct asg_bus_poll_item item = {.inlet = stage->play.inlet};
        (void)asg_bus_poll(&item, 1, left_ms);
    }
    struct asg_report report;
    assert_status(ASG_OK, asg_wire_decode_report(message.data, message.length, &report));
    struct agent *agent = agent_of(stage, asg_bus_message_user_key(&message));
    if (agent->reports++ > 0) assert_int_equal(agent->sequence + 1, report.sequence);
    agent->sequence = report.sequence;
}

static int remove_one(const char *path, const struct stat *about, int kind,
                      struct FTW *where)
{
    (void)about, (void)kind, (void)where;
    return remove(path);
}

/* Each has renewed its share, was never cut off, and ended well. */
static void end_agents(struct stage *stage)
{
    static char log[1 << 20];
    for (int i = 0; i < AGENTS; i++) {
        int status = 0;
        (void)kill(stage->agents[i].pid, SIGTERM);
        assert_int_equal(stage->agents[i].pid, waitpid(stage->agents[i].pid, &status, 0));
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        char path[128];
        (void)snprintf(path, sizeof path, "%s/log-%d", stage->dir, i);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = read(fd, log, sizeof log - 1);
        (void)close(fd);
        assert_true(length > 0);
        log[length] = '\0';
        assert_null(strstr(log, "reports_cut"));
        assert_null(strstr(log, " warn "));
        assert_non_null(strstr(log, " renewed "));
    }
}

static void test_a_thousand_renewals_cost_no_report(void **state)
{
    (void)state;
    static struct stage stage;
    (void)snprintf(stage.dir, sizeof stage.dir, "/tmp/asg-renewals-XXXXXX");
    assert_non_null(mkdtemp(stage.dir));
    played_start(&stage.play);
    played_take_many(&stage.play);
    played_renew_after(&stage.play, 500);
    char path[128];
    char line[512];
    (void)snprintf(path, sizeof path, "%s/join", stage.dir);
    played_join_line(&stage.play, line, sizeof line);
    put_text(path, line);
    for (int i = 0; i < AGENTS; i++)
        stage.agents[i].pid = start_agent(&stage, i);

    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + PATIENCE;
    while (played_enrolled(&stage.play) < RENEWALS + AGENTS) {
        assert_true(asg_clock_monotonic_ms(&clock) < end_ms);
        take_report(&stage);
    }
    uint64_t reports = 0;
    for (size_t i = 0; i < AGENTS; i++) {
        assert_true(stage.agents[i].reports > 0);
        reports += stage.agents[i].reports;
    }
    print_message("%llu certificates, %llu reports, none missing\n",
                  (unsigned long long)played_enrolled(&stage.play),
                  (unsigned long long)reports);
    assert_int_equal(AGENTS, played_proven(&stage.play)); /* once a life */
    end_agents(&stage);
    played_end(&stage.play);
    assert_int_equal(0, nftw(stage.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thousand_renewals_cost_no_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
