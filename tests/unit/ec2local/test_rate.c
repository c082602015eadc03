#include "lib/check.h"

#include "ec2local/rate.h"

#define SECOND_US INT64_C(1000000)

static int count_taken(struct asg_rate *rate, const char *action, bool is_narrow,
                       int64_t resources, int64_t now_us)
{
    int taken = 0;
    while (taken < 10000 && asg_rate_take(rate, action, is_narrow, resources, now_us)) {
        taken++;
    }
    return taken;
}

static void test_launches_have_five_at_once_and_two_a_second(void **state)
{
    (void)state;
    struct asg_rate rate = {0};
    assert_int_equal(count_taken(&rate, "RunInstances", false, 1, 0), 5);
    assert_int_equal(count_taken(&rate, "RunInstances", false, 1, SECOND_US), 2);
    assert_int_equal(count_taken(&rate, "RunInstances", false, 1, 100 * SECOND_US), 5);
}

static void test_small_steps_of_time_add_up(void **state)
{
    (void)state;
    struct asg_rate rate = {0};
    (void)count_taken(&rate, "RunInstances", false, 1, 0);
    int taken = 0;
    for (int64_t now_us = 0; now_us <= 10 * SECOND_US; now_us += 700) {
        if (asg_rate_take(&rate, "RunInstances", false, 1, now_us)) taken++;
    }
    assert_in_range(taken, 19, 20);
}

static void test_the_instances_of_a_launch_count_too(void **state)
{
    (void)state;
    struct asg_rate rate = {0};
    assert_true(asg_rate_take(&rate, "RunInstances", false, 900, 0));
    assert_false(asg_rate_take(&rate, "RunInstances", false, 200, 0));
    assert_true(asg_rate_take(&rate, "RunInstances", false, 100, 0));
    assert_false(asg_rate_take(&rate, "RunInstances", false, 100, 40 * SECOND_US));
    assert_true(asg_rate_take(&rate, "RunInstances", false, 100, 50 * SECOND_US));
}

static void test_a_describe_that_narrows_has_the_larger_bucket(void **state)
{
    (void)state;
    struct asg_rate rate = {0};
    assert_int_equal(count_taken(&rate, "DescribeInstances", true, 0, 0), 100);
    assert_int_equal(count_taken(&rate, "DescribeInstances", false, 0, 0), 50);
    assert_int_equal(count_taken(&rate, "ModifyInstanceAttribute", false, 0, 0), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_launches_have_five_at_once_and_two_a_second),
        cmocka_unit_test(test_small_steps_of_time_add_up),
        cmocka_unit_test(test_the_instances_of_a_launch_count_too),
        cmocka_unit_test(test_a_describe_that_narrows_has_the_larger_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
