#include "agent/send_report.h"

#include "unit/agent/fake_uplink.h"
#include "unit/agent/fixture.h"

#define SECOND_US INT64_C(1000000)
#define BOOT_ID   UINT64_C(0xfedcba9876543210)

struct bench {
    struct fake_uplink fake;
    struct asg_metrics_reader *reader;
    struct asg_reporter reporter;
};

static void bench_start(struct bench *bench)
{
    fixture_put("/proc/stat", "cpu  100 0 0 100 0 0 0 0 0 0\n");
    const struct asg_metrics_options options = {.root = fixture_root};
    assert_status(ASG_OK, asg_metrics_reader_new(&options, 0, &bench->reader, NULL));
    fake_uplink_init(&bench->fake);
    asg_reporter_init(&bench->reporter, bench->reader, BOOT_ID, 1000, 0);
}

static void bench_end(struct bench *bench)
{
    asg_reporter_clear(&bench->reporter);
    asg_metrics_reader_destroy(&bench->reader);
    asg_bytes_clear(&bench->fake.last);
}

static bool tick(struct bench *bench, bool is_bound, int64_t now_us)
{
    return asg_reporter_tick(&bench->reporter, &bench->fake.uplink, is_bound, now_us,
                             1700000000000 + now_us / 1000);
}

static void test_report_carries_the_measurement(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    assert_false(tick(&bench, true, SECOND_US - 1));
    fixture_put("/proc/stat", "cpu  175 0 0 125 0 0 0 0 0 0\n");
    assert_true(tick(&bench, true, SECOND_US));
    assert_int_equal(ASG_MESSAGE_REPORT, fake_uplink_type(&bench.fake));
    struct asg_report report = {0};
    assert_status(ASG_OK, asg_wire_decode_report(bench.fake.last.data,
                                                 bench.fake.last.length, &report));
    assert_true(report.boot_id == BOOT_ID);
    assert_int_equal(1, report.sequence);
    assert_int_equal(75000, report.cpu_milli);
    assert_int_equal(1000, report.interval_ms);
    assert_true(report.time_ms == 1700000001000);
    bench_end(&bench);
}

static void test_late_wake_up_does_not_shift_the_grid(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    assert_true(tick(&bench, true, SECOND_US + 300000));
    assert_int_equal(2 * SECOND_US, bench.reporter.due_us);
    assert_false(tick(&bench, true, 2 * SECOND_US - 1));
    assert_true(tick(&bench, true, 2 * SECOND_US));
    bench_end(&bench);
}

static void test_points_that_were_slept_through_are_skipped(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    assert_true(tick(&bench, true, 60 * SECOND_US + 1));
    assert_int_equal(1, bench.fake.frames);
    assert_int_equal(61 * SECOND_US, bench.reporter.due_us);
    assert_false(tick(&bench, true, 60 * SECOND_US + 2));
    bench_end(&bench);
}

static void test_sequence_grows_whether_a_report_leaves_or_not(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    assert_true(tick(&bench, false, 1 * SECOND_US)); /* no connection: measured only */
    assert_int_equal(0, bench.fake.frames);
    assert_true(tick(&bench, false, 2 * SECOND_US));
    assert_int_equal(1, bench.reporter.dropped); /* replaced by the second */
    assert_true(tick(&bench, true, 3 * SECOND_US));
    assert_int_equal(2, bench.reporter.dropped);
    assert_int_equal(1, bench.reporter.sent);
    assert_int_equal(3, bench.reporter.report.sequence);
    bench_end(&bench);
}

static void test_newest_report_leaves_when_the_connection_comes_up(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    assert_true(tick(&bench, false, 1 * SECOND_US));
    assert_true(tick(&bench, false, 2 * SECOND_US));
    asg_reporter_opened(&bench.reporter, &bench.fake.uplink, 2 * SECOND_US + 400000);
    assert_int_equal(1, bench.fake.frames);
    struct asg_report report = {0};
    assert_status(ASG_OK, asg_wire_decode_report(bench.fake.last.data,
                                                 bench.fake.last.length, &report));
    assert_int_equal(2, report.sequence);
    asg_reporter_opened(&bench.reporter, &bench.fake.uplink, 2 * SECOND_US + 500000);
    assert_int_equal(1, bench.fake.frames); /* once */
    assert_int_equal(SECOND_US, bench.reporter.interval_us);

    assert_true(tick(&bench, false, 3 * SECOND_US));
    asg_reporter_opened(&bench.reporter, &bench.fake.uplink, 4 * SECOND_US);
    assert_int_equal(1, bench.fake.frames); /* the next one is due by now */
    bench_end(&bench);
}

static void test_agent_that_blocks_slows_down_and_says_so_until_it_flows(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    bench.fake.is_down = true;
    assert_true(tick(&bench, true, 1 * SECOND_US));
    assert_int_equal(3 * SECOND_US, bench.reporter.due_us);
    assert_false(tick(&bench, true, 2 * SECOND_US));
    assert_true(tick(&bench, true, 3 * SECOND_US));
    assert_int_equal(2000, bench.reporter.report.interval_ms);
    assert_int_equal(7 * SECOND_US, bench.reporter.due_us);
    for (int64_t at = 7; at <= 31; at += 4) {
        assert_true(tick(&bench, true, at * SECOND_US));
        assert_int_equal((at + 4) * SECOND_US, bench.reporter.due_us); /* no slower */
        assert_int_equal(4000, bench.reporter.report.interval_ms);
    }
    bench.fake.is_down = false;
    assert_true(tick(&bench, true, 35 * SECOND_US));
    assert_int_equal(1, bench.reporter.sent);
    assert_int_equal(36 * SECOND_US, bench.reporter.due_us); /* at full pace at once */
    assert_true(tick(&bench, true, 36 * SECOND_US));
    assert_int_equal(1000, bench.reporter.report.interval_ms);
    bench_end(&bench);
}

static void test_measurement_that_fails_sends_nothing(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    fixture_put("/proc/stat", "");
    assert_false(tick(&bench, true, SECOND_US));
    assert_int_equal(1, bench.reporter.unread);
    assert_int_equal(0, bench.fake.frames);
    assert_int_equal(2 * SECOND_US, bench.reporter.due_us);
    fixture_put("/proc/stat", "cpu  100 0 0 100 0 0 0 0 0 0\n");
    assert_true(tick(&bench, true, 2 * SECOND_US));
    assert_int_equal(1, bench.reporter.report.sequence);
    bench_end(&bench);
}

#define IN_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FIXTURE(test_report_carries_the_measurement),
        IN_FIXTURE(test_late_wake_up_does_not_shift_the_grid),
        IN_FIXTURE(test_points_that_were_slept_through_are_skipped),
        IN_FIXTURE(test_sequence_grows_whether_a_report_leaves_or_not),
        IN_FIXTURE(test_newest_report_leaves_when_the_connection_comes_up),
        IN_FIXTURE(test_agent_that_blocks_slows_down_and_says_so_until_it_flows),
        IN_FIXTURE(test_measurement_that_fails_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
