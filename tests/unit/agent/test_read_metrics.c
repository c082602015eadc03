#include "agent/read_metrics.h"

#include "agent/read_disk.h"
#include "agent/read_network.h"
#include "unit/agent/fixture.h"

#define SECOND_US INT64_C(1000000)

static void put_machine(void)
{
    fixture_put("/proc/stat", "cpu  1000 0 0 1000 0 0 0 0 0 0\n");
    fixture_put("/proc/meminfo",
                "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:   250 kB\n");
    fixture_put("/proc/loadavg", "1.50 0.70 0.20 2/123 4567\n");
    fixture_put("/proc/pressure/cpu",
                "some avg10=12.34 avg60=0.87 avg300=0.96 total=18353752\n"
                "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
    fixture_put(
        "/proc/net/dev",
        "Inter-|   Receive                          |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
        "    lo: 777 1 0 0 0 0 0 0 777 1 0 0 0 0 0 0\n"
        "  eth0: 1000 9 0 0 0 0 0 0 200 5 0 0 0 0 0 0\n"
        "  eth1:30 9 0 0 0 0 0 0 4 5 0 0 0 0 0 0\n");
    fixture_put("/sys/block/vda/size", "1\n");
    fixture_put("/sys/block/dm-0/size", "1\n");
    fixture_put("/proc/diskstats", " 254 0 vda 9 8 10 7 6 5 20 4 0 3 2\n"
                                   " 254 1 vda1 9 8 10 7 6 5 20 4 0 3 2\n"
                                   " 253 0 dm-0 9 8 10 7 6 5 20 4 0 3 2\n");
}

static struct asg_metrics_reader *open_reader(void)
{
    struct asg_metrics_reader *reader = NULL;
    const struct asg_metrics_options options = {.root = fixture_root,
                                                .cpu_source = ASG_CPU_HOST};
    assert_status(ASG_OK, asg_metrics_reader_new(&options, 0, &reader, NULL));
    return reader;
}

static void test_cpu_is_that_of_the_time_since_the_last_measurement(void **state)
{
    (void)state;
    put_machine();
    struct asg_metrics_reader *reader = open_reader();
    struct asg_report report = {0};
    fixture_put("/proc/stat", "cpu  1025 0 0 1075 0 0 0 0 0 0\n");
    assert_status(ASG_OK, asg_read_metrics(reader, SECOND_US, &report));
    assert_int_equal(25000, report.cpu_milli);
    fixture_put("/proc/stat", "cpu  1125 0 0 1075 0 0 0 0 0 0\n");
    assert_status(ASG_OK, asg_read_metrics(reader, 2 * SECOND_US, &report));
    assert_int_equal(100000, report.cpu_milli);
    /* No tick has passed: the last value stands. */
    assert_status(ASG_OK, asg_read_metrics(reader, 2 * SECOND_US + 1, &report));
    assert_int_equal(100000, report.cpu_milli);
    asg_metrics_reader_destroy(&reader);
    assert_null(reader);
}

static void test_cpu_counter_that_goes_back_is_no_burst(void **state)
{
    (void)state;
    put_machine();
    struct asg_metrics_reader *reader = open_reader();
    struct asg_report report = {0};
    fixture_put("/proc/stat", "cpu  990 0 0 1110 0 0 0 0 0 0\n");
    assert_status(ASG_OK, asg_read_metrics(reader, SECOND_US, &report));
    assert_int_equal(0, report.cpu_milli);
    asg_metrics_reader_destroy(&reader);
}

static void test_measurement_has_every_number_of_the_machine(void **state)
{
    (void)state;
    put_machine();
    struct asg_metrics_reader *reader = open_reader();
    struct asg_report report = {0};
    assert_status(ASG_OK, asg_read_metrics(reader, SECOND_US, &report));
    assert_int_equal(75000, report.memory_milli);
    assert_int_equal(1500 * 1000 / asg_cpu_online_milli(), report.load_milli);
    assert_int_equal(12340, report.pressure_milli);
    assert_int_equal(1030, report.network_in_bytes);
    assert_int_equal(204, report.network_out_bytes);
    assert_int_equal(10 * 512, report.disk_read_bytes);
    assert_int_equal(20 * 512, report.disk_write_bytes);
    asg_metrics_reader_destroy(&reader);
}

static void test_disk_that_is_added_later_counts(void **state)
{
    (void)state;
    put_machine();
    struct asg_metrics_reader *reader = open_reader();
    struct asg_report report = {0};
    assert_status(ASG_OK, asg_read_metrics(reader, SECOND_US, &report));
    fixture_put("/sys/block/nvme1n1/size", "1\n");
    fixture_put("/proc/diskstats", " 254 0 vda 9 8 10 7 6 5 20 4 0 3 2\n"
                                   " 259 0 nvme1n1 9 8 100 7 6 5 2 4 0 3 2\n");
    assert_status(ASG_OK, asg_read_metrics(reader, SECOND_US, &report));
    assert_int_equal(110 * 512, report.disk_read_bytes);
    asg_metrics_reader_destroy(&reader);
}

static void test_what_a_system_lacks_is_zero(void **state)
{
    (void)state;
    fixture_put("/proc/stat", "cpu  1000 0 0 1000 0 0 0 0 0 0\n");
    struct asg_metrics_reader *reader = open_reader();
    struct asg_report report = {.memory_milli = 1, .network_in_bytes = 1};
    assert_status(ASG_OK, asg_read_metrics(reader, SECOND_US, &report));
    assert_int_equal(0, report.memory_milli);
    assert_int_equal(0, report.load_milli);
    assert_int_equal(0, report.pressure_milli);
    assert_int_equal(0, report.network_in_bytes);
    assert_int_equal(0, report.disk_write_bytes);
    asg_metrics_reader_destroy(&reader);
}

static void test_torn_files_are_read_as_far_as_they_go(void **state)
{
    (void)state;
    put_machine();
    fixture_put("/proc/meminfo", "MemTotal: 99999999999999999999999 kB\nMemAvailable:\n");
    fixture_put("/proc/loadavg", "-1\n");
    fixture_put("/proc/pressure/cpu", "some avg10=99999999.5 avg60");
    fixture_put("/proc/net/dev", "eth0: 5 1 1\n:::\neth1\n eth2: 7 0 0 0 0 0 0 0 8");
    fixture_put("/proc/diskstats", "254 0 vda 9 8\n\n254\n");
    struct asg_metrics_reader *reader = open_reader();
    struct asg_report report = {0};
    assert_status(ASG_OK, asg_read_metrics(reader, SECOND_US, &report));
    assert_int_equal(0, report.memory_milli);
    assert_int_equal(0, report.load_milli);
    assert_int_equal(100000, report.pressure_milli);
    assert_int_equal(7, report.network_in_bytes);
    assert_int_equal(8, report.network_out_bytes);
    assert_int_equal(0, report.disk_read_bytes);
    asg_metrics_reader_destroy(&reader);
}

static void test_real_machine_can_be_read_from_every_source(void **state)
{
    (void)state;
    static const enum asg_cpu_source sources[] = {ASG_CPU_HOST, ASG_CPU_SESSION};
    for (size_t i = 0; i < 2; i++) {
        const struct asg_metrics_options options = {
            .root = "", .cpu_source = sources[i], .session_of = asg_session_of};
        struct asg_metrics_reader *reader = NULL;
        assert_status(ASG_OK, asg_metrics_reader_new(&options, 0, &reader, NULL));
        struct asg_report report = {0};
        assert_status(ASG_OK, asg_read_metrics(reader, SECOND_US, &report));
        assert_in_range(report.cpu_milli, 0, 100000);
        assert_in_range(report.memory_milli, 1, 100000);
        asg_metrics_reader_destroy(&reader);
    }
}

#define IN_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FIXTURE(test_cpu_is_that_of_the_time_since_the_last_measurement),
        IN_FIXTURE(test_cpu_counter_that_goes_back_is_no_burst),
        IN_FIXTURE(test_measurement_has_every_number_of_the_machine),
        IN_FIXTURE(test_disk_that_is_added_later_counts),
        IN_FIXTURE(test_what_a_system_lacks_is_zero),
        IN_FIXTURE(test_torn_files_are_read_as_far_as_they_go),
        cmocka_unit_test(test_real_machine_can_be_read_from_every_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
