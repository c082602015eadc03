/* test_clock - times as people write them, and clocks behind a table. */
#include "base/clock.h"
#include "lib/check.h"

static void test_clock_writes_and_reads_the_same_time(void **state)
{
    (void)state;
    static const int64_t times[] = {
        0, 1, 999, 1000, INT64_C(1795444609123), INT64_C(253402300799999)};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[ASG_TIME_TEXT_MAX];
        asg_time_format(times[i], text);
        assert_int_equal(asg_time_parse(text), times[i]);
    }
    char text[ASG_TIME_TEXT_MAX];
    asg_time_format(INT64_C(1795444609123), text);
    assert_string_equal(text, "2026-11-23T14:36:49.123Z");
    asg_time_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void test_clock_reads_offsets_and_fractions(void **state)
{
    (void)state;
    int64_t noon_ms = asg_time_parse("2026-11-23T12:00:00Z");
    assert_int_equal(asg_time_parse("2026-11-23T13:00:00+01:00"), noon_ms);
    assert_int_equal(asg_time_parse("2026-11-23T06:30:00-05:30"), noon_ms);
    assert_int_equal(asg_time_parse("2026-11-23T12:00:00"), noon_ms);
    assert_int_equal(asg_time_parse("2026-11-23T12:00:00.5Z"), noon_ms + 500);
    assert_int_equal(asg_time_parse("2026-11-23T12:00:00.1234567Z"), noon_ms + 123);
}

static void test_clock_refuses_what_is_no_time(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "now",
        "2026-11-23",
        "2026-13-23T12:00:00Z",
        "2026-11-23T25:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-11-23T12:00:00X",
        "2026-11-23T12:00:00Z and more",
        "2026-11-23T12:00:00+01:00 and more",
        "2026-11-23T12:00:00+0",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (asg_time_parse(texts[i]) != -1) fail_msg("took '%s'", texts[i]);
    }
}

static int64_t seven(void *context)
{
    return *(int64_t *)context + 7;
}

static void test_clock_asks_the_one_it_was_given(void **state)
{
    (void)state;
    int64_t base = 1993;
    struct asg_clock clock = {.wall_ms = seven, .monotonic_us = seven, .context = &base};
    assert_int_equal(asg_clock_wall_ms(&clock), 2000);
    assert_int_equal(asg_clock_monotonic_us(&clock), 2000);
    assert_int_equal(asg_clock_monotonic_ms(&clock), 2);
}

static void test_clock_of_this_machine_never_goes_back(void **state)
{
    (void)state;
    struct asg_clock clock = asg_clock_real();
    assert_true(asg_clock_wall_ms(&clock) > asg_time_parse("2020-01-01T00:00:00Z"));
    int64_t before_us = asg_clock_monotonic_us(&clock);
    for (int i = 0; i < 1000; i++) {
        int64_t now_us = asg_clock_monotonic_us(&clock);
        assert_true(now_us >= before_us);
        before_us = now_us;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_writes_and_reads_the_same_time),
        cmocka_unit_test(test_clock_reads_offsets_and_fractions),
        cmocka_unit_test(test_clock_refuses_what_is_no_time),
        cmocka_unit_test(test_clock_asks_the_one_it_was_given),
        cmocka_unit_test(test_clock_of_this_machine_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
