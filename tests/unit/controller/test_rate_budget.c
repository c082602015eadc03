/* The right to call EC2: bursts, refills, debts. */
#include "lib/check.h"

#include "controller/rate_budget.h"

static void start(struct asg_rate_budget *budget, uint32_t share_percent, int64_t now_ms)
{
    const struct asg_rate_quotas quotas = asg_rate_quotas_default();
    asg_rate_budget_init(budget, &quotas, share_percent, now_ms);
}

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
    start(&budget, 0, 0);
    assert_int_equal(10000, take_all(&budget, ASG_JOB_LAUNCH, 1, 0));
}

static void test_budget_allows_a_burst_then_the_refill(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    start(&budget, 100, 0);
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
    start(&budget, 100, 0);
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
    start(&budget, 100, 0);
    assert_int_equal(2, take_all(&budget, ASG_JOB_LAUNCH, 400, 0)); /* of 1000 */
    int64_t wait_ms = 0;
    assert_true(asg_rate_budget_take(&budget, ASG_JOB_LAUNCH, 200, 0, &wait_ms));
}

static void test_budget_serves_a_demand_above_the_bucket_into_debt(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    start(&budget, 100, 0);
    int64_t wait_ms = 0;
    assert_true(asg_rate_budget_take(&budget, ASG_JOB_LAUNCH, 3000, 0, &wait_ms));
    assert_false(asg_rate_budget_take(&budget, ASG_JOB_LAUNCH, 1, 0, &wait_ms));
    assert_in_range(wait_ms, 1000000, 1001000); /* 2,000 in debt and 1 more, 2 a second */
}

/* What a worker says that it sent is capped by what EC2 would have let through: a lie
 * does not stop everybody's launches for hours. */
static void test_budget_believes_no_more_than_ec2_lets_through(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    start(&budget, 100, 0);
    for (int i = 0; i < 1000; i++) {
        asg_rate_budget_sent(&budget, "RunInstances", UINT32_MAX, 0, 0);
    }
    int64_t wait_ms = 0;
    assert_false(asg_rate_budget_take(&budget, ASG_JOB_LAUNCH, 1, 0, &wait_ms));
    assert_in_range(wait_ms, 60000, 65000); /* a minute at 2 a second, the burst, one */
    assert_true(asg_rate_budget_take(&budget, ASG_JOB_LAUNCH, 1, wait_ms, &wait_ms));
}

static void test_budget_keeps_a_share(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    start(&budget, 50, 0);
    assert_int_equal(50, take_all(&budget, ASG_JOB_DESCRIBE, 0, 0));
    start(&budget, 1, 0);
    assert_int_equal(1, take_all(&budget, ASG_JOB_LAUNCH, 0, 0)); /* one at least */
}

static void test_budget_takes_back_what_could_not_leave(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    start(&budget, 100, 0);
    asg_rate_budget_give_back(&budget, ASG_JOB_LAUNCH, 10); /* full is full */
    assert_int_equal(5, take_all(&budget, ASG_JOB_LAUNCH, 10, 0));
    asg_rate_budget_give_back(&budget, ASG_JOB_LAUNCH, 10);
    assert_int_equal(1, take_all(&budget, ASG_JOB_LAUNCH, 10, 0));
}

static void test_budget_is_not_moved_by_a_clock_that_goes_back(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    start(&budget, 100, 5000);
    (void)take_all(&budget, ASG_JOB_LAUNCH, 1, 5000);
    assert_int_equal(0, take_all(&budget, ASG_JOB_LAUNCH, 1, 0));
    assert_int_equal(1, take_all(&budget, ASG_JOB_LAUNCH, 1, 5501));
}

static void test_budget_charges_what_was_sent_beyond_the_tokens(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    start(&budget, 100, 0);
    int64_t wait_ms = 0;
    /* One describe that needed 60 pages: the other 59 are paid afterwards. */
    assert_true(asg_rate_budget_take(&budget, ASG_JOB_DESCRIBE, 0, 0, &wait_ms));
    asg_rate_budget_sent(&budget, "DescribeInstances", 60, 0, 0);
    assert_int_equal(40, take_all(&budget, ASG_JOB_DESCRIBE, 0, 0));
    /* Into debt, and out of it at 20 a second. */
    asg_rate_budget_sent(&budget, "DescribeInstances", 80, 0, 0); /* 40 were granted */
    assert_int_equal(0, take_all(&budget, ASG_JOB_DESCRIBE, 0, 1999));
    assert_int_equal(1, take_all(&budget, ASG_JOB_DESCRIBE, 0, 2050));
    /* What nobody knows is not counted. */
    asg_rate_budget_sent(&budget, "DescribeVpcs", 1000, 5, 2050);
    assert_int_equal(100, asg_rate_budget_percent(&budget, ASG_JOB_DESCRIBE));
}

/* A question's token and the calls that answered it are of one bucket. */
static void test_budget_pays_questions_out_of_what_they_took(void **state)
{
    (void)state;
    static const struct {
        enum asg_question_kind question;
        const char *action;
    } rows[] = {
        {ASG_QUESTION_SUBNETS, "DescribeSubnets"},
        {ASG_QUESTION_ZONES, "DescribeAvailabilityZones"},
        {ASG_QUESTION_TEMPLATE, "DescribeLaunchTemplates"},
        {ASG_QUESTION_TEMPLATE, "DescribeLaunchTemplateVersions"},
        {ASG_QUESTION_INSTANCES, "DescribeInstances"},
        {ASG_QUESTION_IMAGES, "DescribeImages"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asg_rate_budget budget;
        start(&budget, 100, 0);
        int64_t wait_ms = 0;
        enum asg_job_kind kind = asg_rate_budget_of(rows[i].question);
        assert_true(asg_rate_budget_take(&budget, kind, 0, 0, &wait_ms));
        asg_rate_budget_sent(&budget, rows[i].action, 3, 0, 0); /* two beyond the token */
        assert_int_equal(97, take_all(&budget, kind, 0, 0));
    }
}

static void test_budget_falls_after_a_throttle_and_grows_back(void **state)
{
    (void)state;
    struct asg_rate_budget budget;
    start(&budget, 80, 0);
    int64_t wait_ms = 0;
    int64_t now_ms = 0;
    int sent = 0;
    /* At full speed for a while, then EC2 throttles. */
    for (; now_ms < 20000; now_ms += 10) {
        if (asg_rate_budget_take(&budget, ASG_JOB_DESCRIBE, 0, now_ms, &wait_ms)) {
            asg_rate_budget_sent(&budget, "DescribeInstances", 1, 0, now_ms);
            sent++;
        }
    }
    assert_int_equal(100, asg_rate_budget_percent(&budget, ASG_JOB_DESCRIBE));
    asg_rate_budget_sent(&budget, "DescribeInstances", 1, 1, now_ms);
    uint32_t low = asg_rate_budget_percent(&budget, ASG_JOB_DESCRIBE);
    assert_in_range(low, 60, 75); /* 0.7 of what was measured */
    assert_int_equal(100, asg_rate_budget_percent(&budget, ASG_JOB_LAUNCH));
    /* Successes bring it back, within the half minute of the cubic curve. */
    int64_t back_ms = 0;
    for (; now_ms < 80000 && back_ms == 0; now_ms += 10) {
        if (asg_rate_budget_take(&budget, ASG_JOB_DESCRIBE, 0, now_ms, &wait_ms)) {
            asg_rate_budget_sent(&budget, "DescribeInstances", 1, 0, now_ms);
        }
        if (asg_rate_budget_percent(&budget, ASG_JOB_DESCRIBE) == 100) back_ms = now_ms;
    }
    assert_in_range(back_ms, 20500, 50000);
    assert_true(sent > 300);
}

static void test_budget_reads_quotas_of_the_operator(void **state)
{
    (void)state;
    struct asg_error error = {""};
    struct asg_rate_quotas quotas = asg_rate_quotas_default();
    assert_status(ASG_OK, asg_rate_quotas_parse("", &quotas, &error));
    assert_status(ASG_OK, asg_rate_quotas_parse(
                              " RunInstances=10/0.5,3000/4  DescribeInstances=7/3 ",
                              &quotas, &error));
    assert_int_equal(10, quotas.of[ASG_JOB_LAUNCH].requests);
    assert_int_equal(500, quotas.of[ASG_JOB_LAUNCH].request_refill_milli);
    assert_int_equal(3000, quotas.of[ASG_JOB_LAUNCH].instances);
    assert_int_equal(4000, quotas.of[ASG_JOB_LAUNCH].instance_refill_milli);
    assert_int_equal(7, quotas.of[ASG_JOB_DESCRIBE].requests);
    assert_int_equal(100, quotas.of[ASG_JOB_TERMINATE].requests);
    struct asg_rate_budget budget;
    asg_rate_budget_init(&budget, &quotas, 100, 0);
    assert_int_equal(7, take_all(&budget, ASG_JOB_DESCRIBE, 0, 0));
    static const char *const wrong[] = {
        "RunInstances",       "RunInstances=5",
        "RunInstances=5/",    "RunInstances=0/2",
        "RunInstances=5/0",   "RunInstances=5/2,",
        "RunInstances=5/2,x", "Nothing=5/2",
        "RunInstances=5/2;3", "RunInstances=5/2000000000000",
        "RunInstances=-1/2",  "=5/2"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        error.text[0] = '\0';
        assert_status(ASG_ERR_INVALID, asg_rate_quotas_parse(wrong[i], &quotas, &error));
        assert_non_null(strstr(error.text, "RunInstances=5/2,1000/2"));
    }
    assert_int_equal(10, quotas.of[ASG_JOB_LAUNCH].requests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budget_of_zero_percent_is_no_limit),
        cmocka_unit_test(test_budget_allows_a_burst_then_the_refill),
        cmocka_unit_test(test_budget_says_how_long_to_wait),
        cmocka_unit_test(test_budget_counts_instances_as_well_as_requests),
        cmocka_unit_test(test_budget_serves_a_demand_above_the_bucket_into_debt),
        cmocka_unit_test(test_budget_believes_no_more_than_ec2_lets_through),
        cmocka_unit_test(test_budget_keeps_a_share),
        cmocka_unit_test(test_budget_takes_back_what_could_not_leave),
        cmocka_unit_test(test_budget_charges_what_was_sent_beyond_the_tokens),
        cmocka_unit_test(test_budget_pays_questions_out_of_what_they_took),
        cmocka_unit_test(test_budget_falls_after_a_throttle_and_grows_back),
        cmocka_unit_test(test_budget_reads_quotas_of_the_operator),
        cmocka_unit_test(test_budget_is_not_moved_by_a_clock_that_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
