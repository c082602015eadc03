/* test_number - integers that stand for fractions, as people read them. */
#include "core/values/number.h"
#include "lib/check.h"

static void check_milli(int64_t milli, const char *wanted)
{
    char text[ASG_NUMBER_TEXT_MAX];
    assert_string_equal(asg_number_milli(milli, text), wanted);
}

static void test_number_milli_drops_zeros_at_the_end(void **state)
{
    (void)state;
    check_milli(82500, "82.5");
    check_milli(50000, "50");
    check_milli(250, "0.25");
    check_milli(1, "0.001");
    check_milli(0, "0");
    check_milli(-250, "-0.25");
    check_milli(INT64_MAX, "9223372036854775.807");
    check_milli(INT64_MIN, "-9223372036854775.808");
}

static void check_metric(enum asg_metric_name metric, int64_t milli, const char *wanted)
{
    char text[ASG_NUMBER_TEXT_MAX];
    assert_string_equal(asg_number_metric(metric, milli, text), wanted);
}

static void test_number_metric_has_its_unit_and_one_place(void **state)
{
    (void)state;
    check_metric(ASG_METRIC_NAME_CPU, 82500, "82.5 %");
    check_metric(ASG_METRIC_NAME_CPU, 82449, "82.4 %");
    check_metric(ASG_METRIC_NAME_CPU, 82450, "82.5 %");
    check_metric(ASG_METRIC_NAME_MEMORY, 50000, "50 %");
    check_metric(ASG_METRIC_NAME_LOAD, 1200, "1.2");
    check_metric(ASG_METRIC_NAME_NETWORK_IN, 12000000, "12000 B/s");
    check_metric(ASG_METRIC_NAME_CPU, INT64_MAX, "9223372036854775.8 %");
}

static void check_duration(int64_t ms, const char *wanted)
{
    char text[ASG_NUMBER_TEXT_MAX];
    assert_string_equal(asg_number_duration(ms, text), wanted);
}

static void test_number_duration_takes_the_fitting_unit(void **state)
{
    (void)state;
    check_duration(0, "0 ms");
    check_duration(250, "250 ms");
    check_duration(1500, "1.5 s");
    check_duration(15000, "15 s");
    check_duration(61000, "61 s");
    check_duration(300000, "5 min");
    check_duration(5400000, "90 min");
}

static void test_number_ceil_share_rounds_up_and_holds_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(asg_number_ceil_share(2, 80, 50), 4);
    assert_int_equal(asg_number_ceil_share(10, 53, 50), 11);
    assert_int_equal(asg_number_ceil_share(10, 50, 50), 10);
    assert_int_equal(asg_number_ceil_share(0, 50, 50), 0);
    assert_true(asg_number_ceil_share(INT64_MAX, 2, 3) == INT64_MAX);
    assert_true(asg_number_ceil_share(INT64_MAX, 1, 2) == INT64_MAX);
}

static void test_number_add_holds_at_both_ends(void **state)
{
    (void)state;
    assert_int_equal(asg_number_add(2, 3), 5);
    assert_int_equal(asg_number_add(2, -3), -1);
    assert_true(asg_number_add(INT64_MAX, 1) == INT64_MAX);
    assert_true(asg_number_add(INT64_MIN, -1) == INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_milli_drops_zeros_at_the_end),
        cmocka_unit_test(test_number_metric_has_its_unit_and_one_place),
        cmocka_unit_test(test_number_duration_takes_the_fitting_unit),
        cmocka_unit_test(test_number_ceil_share_rounds_up_and_holds_at_the_end),
        cmocka_unit_test(test_number_add_holds_at_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
