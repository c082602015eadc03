/* The right to call EC2: bursts, refills, debts. */
#include "lib/check.h"

#include "controller/rate_budget.h"

static int take_all(struct asg_rate_budget *budget, enum asg_job_kind kind,
                    uint32_t instances, int64_t now_ms)
{
    int taken = 0;
    int64_t wait_ms = 0;
    while (taken < 10000 &&
           asg_rate_budget_take(budget, kind, instances, now_ms, &wait_ms)) {
        taken++;
    }
    return taken;
}

static void test_budget_of_zero_percent_is_no_limit(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    asg_rate_budget_init(&budget, 0, 0);
    assert_int_equal(10000, take_all(&budget, ASG_JOB_LAUNCH, 1, 0));
}

static void test_budget_allows_a_burst_then_the_refill(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    asg_rate_budget_init(&budget, 100, 0);
    assert_int_equal(100, take_all(&budget, ASG_JOB_DESCRIBE, 0, 0));
    assert_int_equal(0, take_all(&budget, ASG_JOB_DESCRIBE, 0, 49));
    assert_int_equal(1, take_all(&budget, ASG_JOB_DESCRIBE, 0, 50)); /* 20 a second */
    assert_int_equal(20, take_all(&budget, ASG_JOB_DESCRIBE, 0, 1050));
    assert_int_equal(100, take_all(&budget, ASG_JOB_DESCRIBE, 0, 9000000));
}

static void test_budget_says_how_long_to_wait(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    asg_rate_budget_init(&budget, 100, 0);
    (void)take_all(&budget, ASG_JOB_TERMINATE, 0, 0);
    int64_t wait_ms = 0;
    assert_false(asg_rate_budget_take(&budget, ASG_JOB_TERMINATE, 0, 0, &wait_ms));
    assert_in_range(wait_ms, 1, 250); /* 5 a second */
    assert_true(asg_rate_budget_take(&budget, ASG_JOB_TERMINATE, 0, wait_ms, &wait_ms));
}

static void test_budget_counts_instances_as_well_as_requests(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    asg_rate_budget_init(&budget, 100, 0);
    assert_int_equal(2, take_all(&budget, ASG_JOB_LAUNCH, 400, 0)); /* of 1000 */
    int64_t wait_ms = 0;
    assert_true(asg_rate_budget_take(&budget, ASG_JOB_LAUNCH, 200, 0, &wait_ms));
}

static void test_budget_serves_a_demand_above_the_bucket_into_debt(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    asg_rate_budget_init(&budget, 100, 0);
    int64_t wait_ms = 0;
    assert_true(asg_rate_budget_take(&budget, ASG_JOB_LAUNCH, 3000, 0, &wait_ms));
    assert_false(asg_rate_budget_take(&budget, ASG_JOB_LAUNCH, 1, 0, &wait_ms));
    assert_in_range(wait_ms, 1000000, 1001000); /* 2,000 in debt and 1 more, 2 a second */
}

static void test_budget_keeps_a_share(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    asg_rate_budget_init(&budget, 50, 0);
    assert_int_equal(50, take_all(&budget, ASG_JOB_DESCRIBE, 0, 0));
    asg_rate_budget_init(&budget, 1, 0);
    assert_int_equal(1, take_all(&budget, ASG_JOB_LAUNCH, 0, 0)); /* one at least */
}

static void test_budget_takes_back_what_could_not_leave(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    asg_rate_budget_init(&budget, 100, 0);
    asg_rate_budget_give_back(&budget, ASG_JOB_LAUNCH, 10); /* full is full */
    assert_int_equal(5, take_all(&budget, ASG_JOB_LAUNCH, 10, 0));
    asg_rate_budget_give_back(&budget, ASG_JOB_LAUNCH, 10);
    assert_int_equal(1, take_all(&budget, ASG_JOB_LAUNCH, 10, 0));
}

static void test_budget_is_not_moved_by_a_clock_that_goes_back(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    asg_rate_budget_init(&budget, 100, 5000);
    (void)take_all(&budget, ASG_JOB_LAUNCH, 1, 5000);
    assert_int_equal(0, take_all(&budget, ASG_JOB_LAUNCH, 1, 0));
    assert_int_equal(1, take_all(&budget, ASG_JOB_LAUNCH, 1, 5501));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budget_of_zero_percent_is_no_limit),
        cmocka_unit_test(test_budget_allows_a_burst_then_the_refill),
        cmocka_unit_test(test_budget_says_how_long_to_wait),
        cmocka_unit_test(test_budget_counts_instances_as_well_as_requests),
        cmocka_unit_test(test_budget_serves_a_demand_above_the_bucket_into_debt),
        cmocka_unit_test(test_budget_keeps_a_share),
        cmocka_unit_test(test_budget_takes_back_what_could_not_leave),
        cmocka_unit_test(test_budget_is_not_moved_by_a_clock_that_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
