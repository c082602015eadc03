#include "agent/read_cpu.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "unit/agent/fixture.h"

#define SECOND_US INT64_C(1000000)

static void test_host_counts_everything_but_idle_and_iowait(void **state)
{
    (void)state;
    fixture_put("/proc/stat", "cpu  100 20 30 1000 50 1 2 3 4 5\ncpu0 1 1 1 1\n");
    struct asg_cpu_host host;
    assert_status(ASG_OK, asg_cpu_host_open(&host, fixture_root, NULL));
    struct asg_cpu_sample sample;
    assert_status(ASG_OK, asg_read_cpu_host(&host, &sample));
    assert_int_equal(100 + 20 + 30 + 1 + 2 + 3, sample.used);
    assert_int_equal(1000 + 50 + 156, sample.possible);
    asg_cpu_host_close(&host);
}

static void test_host_reads_an_old_kernel_with_four_columns(void **state)
{
    (void)state;
    fixture_put("/proc/stat", "cpu  10 0 10 80\n");
    struct asg_cpu_host host;
    assert_status(ASG_OK, asg_cpu_host_open(&host, fixture_root, NULL));
    struct asg_cpu_sample sample;
    assert_status(ASG_OK, asg_read_cpu_host(&host, &sample));
    assert_int_equal(20, sample.used);
    assert_int_equal(100, sample.possible);
    asg_cpu_host_close(&host);
}

static void test_host_without_a_readable_stat_is_an_error(void **state)
{
    (void)state;
    struct asg_cpu_host host;
    struct asg_error error = {{0}};
    assert_status(ASG_ERR_IO, asg_cpu_host_open(&host, fixture_root, &error));
    assert_non_null(strstr(error.text, "/proc/stat"));
    fixture_put("/proc/stat", "garbage\n");
    assert_status(ASG_ERR_IO, asg_cpu_host_open(&host, fixture_root, &error));
    fixture_put("/proc/stat", "cpu  1 2\n");
    assert_status(ASG_ERR_IO, asg_cpu_host_open(&host, fixture_root, &error));
    fixture_put("/proc/stat", "cpu  99999999999999999999999999 1 1 1 1\n");
    assert_status(ASG_ERR_IO, asg_cpu_host_open(&host, fixture_root, &error));
}

static void test_cgroup_takes_its_capacity_from_its_limit(void **state)
{
    (void)state;
    fixture_put("/proc/self/cgroup", "1:cpu:/\n0::/system.slice/web.service\n");
    fixture_put("/sys/fs/cgroup/system.slice/web.service/cpu.stat",
                "nr_periods 5\nusage_usec 2000000\nuser_usec 1\n");
    fixture_put("/sys/fs/cgroup/system.slice/web.service/cpu.max", "50000 100000\n");
    struct asg_cpu_cgroup cgroup;
    assert_status(ASG_OK, asg_cpu_cgroup_open(&cgroup, fixture_root, NULL, 0, 0, NULL));
    assert_int_equal(500, cgroup.capacity_milli);
    fixture_put("/sys/fs/cgroup/system.slice/web.service/cpu.stat",
                "usage_usec 2250000\n");
    struct asg_cpu_sample sample;
    assert_status(ASG_OK, asg_read_cpu_cgroup(&cgroup, SECOND_US, &sample));
    assert_int_equal(2250000, sample.used);
    assert_int_equal(500000, sample.possible); /* half a core for one second */
    asg_cpu_cgroup_close(&cgroup);
}

static void test_cgroup_prefers_the_capacity_it_is_given(void **state)
{
    (void)state;
    fixture_put("/sys/fs/cgroup/web/cpu.stat", "usage_usec 1\n");
    fixture_put("/sys/fs/cgroup/web/cpu.max", "max 100000\n");
    struct asg_cpu_cgroup cgroup;
    assert_status(ASG_OK, asg_cpu_cgroup_open(&cgroup, fixture_root, "/sys/fs/cgroup/web",
                                              250, 0, NULL));
    assert_int_equal(250, cgroup.capacity_milli);
    asg_cpu_cgroup_close(&cgroup);
    assert_status(ASG_OK, asg_cpu_cgroup_open(&cgroup, fixture_root, "/sys/fs/cgroup/web",
                                              0, 0, NULL));
    assert_int_equal(asg_cpu_online_milli(), cgroup.capacity_milli);
    asg_cpu_cgroup_close(&cgroup);
}

static void test_cgroup_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct asg_cpu_cgroup cgroup;
    struct asg_error error;
    assert_status(ASG_ERR_UNSUPPORTED,
                  asg_cpu_cgroup_open(&cgroup, fixture_root, NULL, 0, 0, &error));
    assert_status(ASG_ERR_IO, asg_cpu_cgroup_open(&cgroup, fixture_root,
                                                  "/sys/fs/cgroup/no", 0, 0, &error));
    fixture_put("/sys/fs/cgroup/v1/cpu.stat", "nr_periods 0\n");
    assert_status(ASG_ERR_IO, asg_cpu_cgroup_open(&cgroup, fixture_root,
                                                  "/sys/fs/cgroup/v1", 0, 0, &error));
}

/* Ticks used by session 7 since it was opened. */
static uint64_t scan_ticks(struct asg_cpu_session *session)
{
    struct asg_cpu_sample sample;
    assert_status(ASG_OK, asg_read_cpu_session(session, session->last_us, &sample));
    return sample.used * (uint64_t)sysconf(_SC_CLK_TCK) / 1000000;
}

static void session_start(struct asg_cpu_session *session)
{
    fixture_process(10, 7, 500, 90); /* long before */
    fixture_process(11, 8, 999, 999);
    assert_status(ASG_OK,
                  asg_cpu_session_open(session, fixture_root, 7, NULL, 1000, 0, NULL));
    assert_int_equal(0, scan_ticks(session));
}

static void test_session_counts_only_its_own_processes(void **state)
{
    (void)state;
    struct asg_cpu_session session;
    session_start(&session);
    fixture_process(10, 7, 530, 90);
    fixture_process(11, 8, 5000, 999);
    assert_int_equal(30, scan_ticks(&session));
    asg_cpu_session_close(&session);
}

static void test_session_counts_a_child_that_came_and_went_between_scans(void **state)
{
    (void)state;
    struct asg_cpu_session session;
    session_start(&session);
    fixture_process(10, 7, 500, 90 + 40);
    assert_int_equal(40, scan_ticks(&session));
    assert_int_equal(40, scan_ticks(&session));
    asg_cpu_session_close(&session);
}

static void test_session_counts_a_waited_for_child_once(void **state)
{
    (void)state;
    struct asg_cpu_session session;
    session_start(&session);
    fixture_process(12, 7, 25, 0); /* a new child */
    assert_int_equal(25, scan_ticks(&session));
    fixture_drop("/proc/12/stat"); /* used 10 more, ended, was waited for */
    fixture_process(10, 7, 500, 90 + 35);
    assert_int_equal(35, scan_ticks(&session));
    asg_cpu_session_close(&session);
}

static void test_session_counts_a_child_once_that_ends_during_a_scan(void **state)
{
    (void)state;
    struct asg_cpu_session session;
    session_start(&session);
    fixture_process(12, 7, 25, 0);
    assert_int_equal(25, scan_ticks(&session));
    fixture_drop("/proc/12/stat"); /* its parent was read a moment too early */
    assert_int_equal(25, scan_ticks(&session));
    fixture_process(10, 7, 500, 90 + 35);
    assert_int_equal(35, scan_ticks(&session));
    asg_cpu_session_close(&session);
}

static void test_session_never_goes_back_when_a_process_vanishes(void **state)
{
    (void)state;
    struct asg_cpu_session session;
    session_start(&session);
    fixture_process(12, 7, 25, 0);
    assert_int_equal(25, scan_ticks(&session));
    fixture_drop("/proc/12/stat"); /* nobody here waited for it */
    assert_int_equal(25, scan_ticks(&session));
    fixture_process(10, 7, 501, 90);
    assert_int_equal(26, scan_ticks(&session));
    asg_cpu_session_close(&session);
}

static void test_session_takes_a_reused_pid_for_a_new_process(void **state)
{
    (void)state;
    struct asg_cpu_session session;
    session_start(&session);
    fixture_process(12, 7, 400, 0);
    assert_int_equal(400, scan_ticks(&session));
    fixture_put("/proc/12/stat",
                "12 (x) R 1 7 7 0 -1 0 0 0 0 0 3 0 0 0 20 0 1 0 999999 0 0 0 0\n");
    assert_int_equal(403, scan_ticks(&session));
    asg_cpu_session_close(&session);
}

static void test_session_leaves_out_what_it_cannot_parse(void **state)
{
    (void)state;
    struct asg_cpu_session session;
    session_start(&session);
    fixture_put("/proc/13/stat", "13 (torn) R 1 7\n");
    fixture_put("/proc/14/stat", "");
    fixture_put("/proc/99999999999/stat", "x");
    assert_int_equal(0, scan_ticks(&session));
    asg_cpu_session_close(&session);
}

static void test_session_holds_more_processes_than_its_first_room(void **state)
{
    (void)state;
    struct asg_cpu_session session;
    session_start(&session);
    for (int pid = 300; pid > 200; pid--)
        fixture_process(pid, 7, 2, 1);
    assert_int_equal(100 * 3, scan_ticks(&session));
    for (int pid = 300; pid > 200; pid--)
        fixture_process(pid, 7, 3, 1);
    assert_int_equal(100 * 4, scan_ticks(&session));
    asg_cpu_session_close(&session);
}

/* CPU that the children of this process used, in ticks. */
static double own_ticks(void)
{
    struct rusage usage;
    assert_int_equal(0, getrusage(RUSAGE_CHILDREN, &usage));
    double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    return seconds * (double)sysconf(_SC_CLK_TCK);
}

static int32_t real_session(int32_t pid)
{
    return (int32_t)getsid((pid_t)pid);
}

/* The real /proc: a session of a process that burns CPU in a child. */
static void test_session_measures_real_processes(void **state)
{
    (void)state;
    int go[2];
    assert_int_equal(0, pipe(go));
    pid_t leader = fork();
    assert_true(leader >= 0);
    if (leader == 0) {
        (void)setsid();
        if (write(go[1], "!", 1) != 1 || getsid(0) != getpid()) _exit(1);
        pid_t child = fork();
        if (child == 0) {
            struct timespec used;
            do {
                (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
            } while (used.tv_sec == 0 && used.tv_nsec < 300000000);
            _exit(0);
        }
        (void)waitpid(child, NULL, 0);
        if (write(go[1], "!", 1) != 1) _exit(1);
        for (;;)
            (void)pause();
    }
    char byte;
    assert_int_equal(1, read(go[0], &byte, 1));
    struct asg_cpu_session session;
    assert_status(ASG_OK, asg_cpu_session_open(&session, "", (int32_t)leader,
                                               real_session, 1000, 0, NULL));
    /* Scan while the child burns and ends, until it has been waited for. */
    assert_int_equal(0, fcntl(go[0], F_SETFL, O_NONBLOCK));
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + 20000;
    while (read(go[0], &byte, 1) != 1) {
        assert_true(asg_clock_monotonic_ms(&clock) < end_ms);
        (void)scan_ticks(&session);
    }
    double ticks = (double)scan_ticks(&session);
    (void)kill(leader, SIGKILL);
    (void)waitpid(leader, NULL, 0);
    assert_true(ticks >= 0.27 * (double)sysconf(_SC_CLK_TCK));
    assert_true(ticks <= own_ticks() + 3);
    asg_cpu_session_close(&session);
    (void)close(go[0]);
    (void)close(go[1]);
}

#define IN_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FIXTURE(test_host_counts_everything_but_idle_and_iowait),
        IN_FIXTURE(test_host_reads_an_old_kernel_with_four_columns),
        IN_FIXTURE(test_host_without_a_readable_stat_is_an_error),
        IN_FIXTURE(test_cgroup_takes_its_capacity_from_its_limit),
        IN_FIXTURE(test_cgroup_prefers_the_capacity_it_is_given),
        IN_FIXTURE(test_cgroup_that_is_not_there_is_an_error),
        IN_FIXTURE(test_session_counts_only_its_own_processes),
        IN_FIXTURE(test_session_counts_a_child_that_came_and_went_between_scans),
        IN_FIXTURE(test_session_counts_a_waited_for_child_once),
        IN_FIXTURE(test_session_counts_a_child_once_that_ends_during_a_scan),
        IN_FIXTURE(test_session_never_goes_back_when_a_process_vanishes),
        IN_FIXTURE(test_session_takes_a_reused_pid_for_a_new_process),
        IN_FIXTURE(test_session_leaves_out_what_it_cannot_parse),
        IN_FIXTURE(test_session_holds_more_processes_than_its_first_room),
        cmocka_unit_test(test_session_measures_real_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
