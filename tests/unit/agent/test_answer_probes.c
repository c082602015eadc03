/* The agent's gRPC side, asked by lib/rpc's own client over loopback. */
#include "agent/answer_probes.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "rpc/health.h"
#include "wire/wire.h"

#include "unit/agent/fixture.h"

#define DEADLINE_MS 10000

struct answers {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int count;
    enum asg_rpc_code code;
    enum asg_health_status health;
    struct asg_rpc_metrics metrics;
    char instance_id[64];
    struct asg_rpc_drain drain;
    char detail[256];
};

struct side {
    struct asg_shown shown;
    struct asg_drainer *drainer;
    struct asg_probes *probes;
    struct asg_rpc_client *client;
    struct answers answers;
    char target[64];
};

static void side_start(struct side *side, const char *script, int64_t timeout_ms)
{
    *side = (struct side){0};
    (void)pthread_mutex_init(&side->answers.mutex, NULL);
    (void)pthread_cond_init(&side->answers.changed, NULL);
    asg_shown_init(&side->shown, "i-77");
    const struct asg_drainer_options options = {
        .script = script, .instance_id = "i-77", .timeout_ms = timeout_ms};
    side->drainer = asg_drainer_new(&options);
    struct asg_error error;
    assert_status(ASG_OK, asg_probes_new("127.0.0.1:0", &side->shown, side->drainer,
                                         &side->probes, &error));
    assert_status(ASG_OK, asg_rpc_client_new(NULL, &side->client, &error));
    (void)snprintf(side->target, sizeof side->target, "127.0.0.1:%u",
                   asg_probes_port(side->probes));
}

static void side_end(struct side *side)
{
    asg_rpc_client_destroy(&side->client);
    asg_probes_destroy(&side->probes);
    asg_drainer_destroy(&side->drainer);
    asg_shown_clear(&side->shown);
}

static void note(struct answers *answers)
{
    answers->count++;
    (void)pthread_cond_broadcast(&answers->changed);
    (void)pthread_mutex_unlock(&answers->mutex);
}

static void wait_for(struct answers *answers, int count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 30;
    (void)pthread_mutex_lock(&answers->mutex);
    while (answers->count < count) {
        assert_int_equal(
            0, pthread_cond_timedwait(&answers->changed, &answers->mutex, &until));
    }
    (void)pthread_mutex_unlock(&answers->mutex);
}

static void take_health(const struct asg_rpc_health_reply *reply, void *context)
{
    struct answers *answers = context;
    (void)pthread_mutex_lock(&answers->mutex);
    answers->code = reply->code;
    answers->health = reply->status;
    note(answers);
}

static void take_metrics(enum asg_rpc_code code, const char *details,
                         const struct asg_rpc_metrics *metrics, void *context)
{
    (void)details;
    struct answers *answers = context;
    (void)pthread_mutex_lock(&answers->mutex);
    answers->code = code;
    if (metrics != NULL) {
        answers->metrics = *metrics;
        (void)snprintf(answers->instance_id, sizeof answers->instance_id, "%s",
                       metrics->instance_id);
    }
    note(answers);
}

static void take_drain(enum asg_rpc_code code, const char *details,
                       const struct asg_rpc_drain *drain, void *context)
{
    (void)details;
    struct answers *answers = context;
    (void)pthread_mutex_lock(&answers->mutex);
    answers->code = code;
    if (drain != NULL) {
        answers->drain = *drain;
        (void)snprintf(answers->detail, sizeof answers->detail, "%s", drain->detail);
    }
    note(answers);
}

static void ask_drain(struct side *side, uint32_t timeout_ms)
{
    assert_status(ASG_OK, asg_rpc_agent_drain(side->client, side->target, "", "scale in",
                                              timeout_ms, DEADLINE_MS, take_drain,
                                              &side->answers));
}

/* The path of an executable script in the fixture. */
static const char *put_script(const char *text)
{
    static char path[128];
    fixture_put("/drain.sh", text);
    (void)snprintf(path, sizeof path, "%s/drain.sh", fixture_root);
    assert_int_equal(0, chmod(path, 0700));
    return path;
}

static int count_lines(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", fixture_root, name);
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    int lines = 0;
    for (int c; (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    (void)fclose(file);
    return lines;
}

static void wait_for_lines(const char *name, int lines)
{
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + 20000;
    while (count_lines(name) < lines) {
        assert_true(asg_clock_monotonic_ms(&clock) < end_ms);
        const struct timespec moment = {.tv_nsec = 2000000};
        (void)nanosleep(&moment, NULL);
    }
}

static void test_health_knows_the_agent_and_nobody_else(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, "", 1000);
    assert_status(ASG_OK, asg_rpc_health_check(side.client, side.target, "", "",
                                               DEADLINE_MS, take_health, &side.answers));
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    assert_int_equal(ASG_HEALTH_SERVING, side.answers.health);
    assert_status(ASG_OK, asg_rpc_health_check(side.client, side.target, "", "no.such",
                                               DEADLINE_MS, take_health, &side.answers));
    wait_for(&side.answers, 2);
    assert_int_equal(ASG_RPC_NOT_FOUND, side.answers.code);
    side_end(&side);
}

static void test_metrics_are_those_last_shown(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, "", 1000);
    assert_status(ASG_OK,
                  asg_rpc_agent_get_metrics(side.client, side.target, "", DEADLINE_MS,
                                            take_metrics, &side.answers));
    wait_for(&side.answers, 1);
    assert_false(side.answers.metrics.has_report);
    assert_false(side.answers.metrics.is_joined);

    const struct asg_report report = {.boot_id = UINT64_MAX,
                                      .sequence = 41,
                                      .time_ms = 1700000000123,
                                      .interval_ms = 1000,
                                      .cpu_milli = 42500,
                                      .memory_milli = 1,
                                      .load_milli = 2,
                                      .pressure_milli = 3,
                                      .network_in_bytes = 4,
                                      .network_out_bytes = 5,
                                      .disk_read_bytes = 6,
                                      .disk_write_bytes = UINT64_MAX};
    asg_shown_report(&side.shown, &report);
    asg_shown_counts(&side.shown, 40, 1);
    asg_shown_joined(&side.shown, true);
    assert_status(ASG_OK,
                  asg_rpc_agent_get_metrics(side.client, side.target, "", DEADLINE_MS,
                                            take_metrics, &side.answers));
    wait_for(&side.answers, 2);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    assert_string_equal("i-77", side.answers.instance_id);
    assert_true(side.answers.metrics.is_joined);
    assert_int_equal(40, side.answers.metrics.reports_sent);
    assert_int_equal(1, side.answers.metrics.reports_dropped);
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes wanted = {0};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes seen = {0};
    asg_wire_encode_report(&report, &wanted);
    asg_wire_encode_report(&side.answers.metrics.report, &seen);
    assert_int_equal(wanted.length, seen.length);
    assert_memory_equal(wanted.data, seen.data, wanted.length);
    side_end(&side);
}

static void test_drain_without_a_script_succeeds_at_once(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, "", 1000);
    ask_drain(&side, 0);
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    assert_true(side.answers.drain.is_drained);
    assert_int_equal(-1, side.answers.drain.exit_code);
    side_end(&side);
}

static void test_drain_gives_the_script_reason_and_instance(void **state)
{
    (void)state;
    struct side side;
    side_start(&side,
               put_script("#!/bin/sh\n"
                          "[ \"$OPENASG_DRAIN_REASON\" = 'scale in' ] || exit 3\n"
                          "[ \"$OPENASG_INSTANCE_ID\" = i-77 ] || exit 4\n"
                          "read line && exit 5\n"
                          "exit 0\n"),
               10000);
    ask_drain(&side, 0);
    wait_for(&side.answers, 1);
    assert_int_equal(0, side.answers.drain.exit_code);
    assert_true(side.answers.drain.is_drained);
    side_end(&side);
}

static void test_failed_drain_says_so_and_is_run_again_when_asked(void **state)
{
    (void)state;
    struct side side;
    side_start(&side,
               put_script("#!/bin/sh\necho x >>\"$(dirname \"$0\")/runs\"\nexit 9\n"),
               10000);
    ask_drain(&side, 0);
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    assert_false(side.answers.drain.is_drained);
    assert_int_equal(9, side.answers.drain.exit_code);
    ask_drain(&side, 0);
    wait_for(&side.answers, 2);
    assert_int_equal(2, count_lines("runs"));
    side_end(&side);
}

static void test_drain_that_takes_too_long_is_stopped_with_its_children(void **state)
{
    (void)state;
    struct side side;
    side_start(&side,
               put_script("#!/bin/sh\nsleep 300 &\necho $! >\"$(dirname \"$0\")/child\"\n"
                          "wait\n"),
               60000);
    ask_drain(&side, 300);
    wait_for(&side.answers, 1);
    assert_true(side.answers.drain.has_timed_out);
    assert_false(side.answers.drain.is_drained);
    assert_int_equal(-1, side.answers.drain.exit_code);

    char path[128];
    char text[32] = {0};
    (void)snprintf(path, sizeof path, "%s/child", fixture_root);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    (void)fclose(file);
    struct asg_clock clock = asg_clock_real();
    int64_t end_ms = asg_clock_monotonic_ms(&clock) + 10000;
    /* Its new parent may take a moment to wait for it: a zombie is gone enough. */
    (void)snprintf(path, sizeof path, "/proc/%ld/cmdline", strtol(text, NULL, 10));
    for (int c = 'x'; c != EOF;) {
        assert_true(asg_clock_monotonic_ms(&clock) < end_ms);
        FILE *command = fopen(path, "re");
        c = command == NULL ? EOF : fgetc(command);
        if (command != NULL) (void)fclose(command);
    }
    side_end(&side);
}

static void test_script_that_cannot_be_started_is_told(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, "/no/such/script", 1000);
    ask_drain(&side, 0);
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_OK, side.answers.code);
    assert_false(side.answers.drain.is_drained);
    assert_non_null(strstr(side.answers.detail, "cannot be started"));
    side_end(&side);
}

static const char waits_for_go[] = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho x >>runs\n"
                                   "while [ ! -e go ]; do sleep 0.02; done\n";

static void test_second_drain_waits_for_the_first_run(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, put_script(waits_for_go), 30000);
    ask_drain(&side, 0);
    wait_for_lines("runs", 1);
    ask_drain(&side, 0);
    ask_drain(&side, 0);
    assert_int_equal(0, side.answers.count);
    fixture_put("/go", "");
    wait_for(&side.answers, 3);
    assert_int_equal(1, count_lines("runs"));
    ask_drain(&side, 0);
    wait_for(&side.answers, 4);
    assert_true(side.answers.drain.is_drained);
    assert_int_equal(1, count_lines("runs"));
    side_end(&side);
}

static void test_drain_goes_on_when_the_caller_hangs_up(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, put_script(waits_for_go), 30000);
    assert_status(ASG_OK, asg_rpc_agent_drain(side.client, side.target, "", "x", 0, 200,
                                              take_drain, &side.answers));
    wait_for(&side.answers, 1);
    assert_int_equal(ASG_RPC_DEADLINE_EXCEEDED, side.answers.code);
    wait_for_lines("runs", 1);
    fixture_put("/go", "");
    ask_drain(&side, 0);
    wait_for(&side.answers, 2);
    assert_true(side.answers.drain.is_drained);
    assert_int_equal(1, count_lines("runs"));
    side_end(&side);
}

static void test_agent_that_stops_ends_a_drain_that_runs(void **state)
{
    (void)state;
    struct side side;
    side_start(&side, put_script(waits_for_go), 30000);
    ask_drain(&side, 0);
    wait_for_lines("runs", 1);
    asg_probes_destroy(&side.probes);
    wait_for(&side.answers, 1);
    assert_int_not_equal(ASG_RPC_OK, side.answers.code);
    side_end(&side); /* does not wait for the script's 30 seconds */
}

#define IN_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health_knows_the_agent_and_nobody_else),
        cmocka_unit_test(test_metrics_are_those_last_shown),
        cmocka_unit_test(test_drain_without_a_script_succeeds_at_once),
        IN_FIXTURE(test_drain_gives_the_script_reason_and_instance),
        IN_FIXTURE(test_failed_drain_says_so_and_is_run_again_when_asked),
        IN_FIXTURE(test_drain_that_takes_too_long_is_stopped_with_its_children),
        cmocka_unit_test(test_script_that_cannot_be_started_is_told),
        IN_FIXTURE(test_second_drain_waits_for_the_first_run),
        IN_FIXTURE(test_drain_goes_on_when_the_caller_hangs_up),
        IN_FIXTURE(test_agent_that_stops_ends_a_drain_that_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
