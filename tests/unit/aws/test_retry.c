#include "lib/check.h"

#include "aws/rate_limit.h"
#include "aws/retry.h"

static enum asg_retry_answer ask(struct asg_retry_quota *quota,
                                 enum asg_error_class class, uint32_t attempts,
                                 uint32_t chance, int64_t *delay_ms)
{
    int32_t cost = 0;
    return asg_retry_ask(quota,
                         &(struct asg_retry_question){.class = class,
                                                      .attempts = attempts,
                                                      .attempts_max = 100,
                                                      .hint_ms = -1,
                                                      .chance = chance},
                         delay_ms, &cost);
}

static void test_delays_double_from_their_base_up_to_the_cap(void **state)
{
    (void)state;
    static const int64_t transient_ms[] = {50,   100,  200,   400,   800,  1600,
                                           3200, 6400, 12800, 20000, 20000};
    static const int64_t throttle_ms[] = {1000, 2000, 4000, 8000, 16000, 20000, 20000};
    for (uint32_t i = 0; i < sizeof transient_ms / sizeof transient_ms[0]; i++) {
        assert_int_equal(transient_ms[i], asg_retry_delay_ms(ASG_ERROR_CLASS_TRANSIENT,
                                                             i + 1, -1, UINT32_MAX));
    }
    for (uint32_t i = 0; i < sizeof throttle_ms / sizeof throttle_ms[0]; i++) {
        assert_int_equal(throttle_ms[i], asg_retry_delay_ms(ASG_ERROR_CLASS_THROTTLE,
                                                            i + 1, -1, UINT32_MAX));
    }
    assert_int_equal(
        20000, asg_retry_delay_ms(ASG_ERROR_CLASS_THROTTLE, UINT32_MAX, -1, UINT32_MAX));
}

static void test_jitter_is_full(void **state)
{
    (void)state;
    assert_int_equal(0, asg_retry_delay_ms(ASG_ERROR_CLASS_THROTTLE, 1, -1, 0));
    int64_t half_ms = asg_retry_delay_ms(ASG_ERROR_CLASS_THROTTLE, 1, -1, UINT32_MAX / 2);
    assert_in_range(half_ms, 499, 500);
}

/* As botocore's ExponentialBackoff has it: max(t, min(hint, t + 5 s)). */
static void test_the_servers_hint_lengthens_the_delay(void **state)
{
    (void)state;
    const enum asg_error_class throttle = ASG_ERROR_CLASS_THROTTLE;
    assert_int_equal(1500, asg_retry_delay_ms(throttle, 1, 1500, 0));
    assert_int_equal(1500, asg_retry_delay_ms(throttle, 1, 1500, UINT32_MAX));
    assert_int_equal(1000, asg_retry_delay_ms(throttle, 1, 500, UINT32_MAX));
    assert_int_equal(20000, asg_retry_delay_ms(throttle, 6, 100, UINT32_MAX));
    assert_int_equal(5000, asg_retry_delay_ms(throttle, 1, 999999999, 0));
    assert_int_equal(6000, asg_retry_delay_ms(throttle, 1, 999999999, UINT32_MAX));
    assert_int_equal(0, asg_retry_delay_ms(throttle, 1, 0, 0));
}

static void test_a_hint_that_is_no_number_is_none(void **state)
{
    (void)state;
    assert_int_equal(1500, asg_retry_hint_ms("1500"));
    assert_int_equal(0, asg_retry_hint_ms("0"));
    static const char *const others[] = {"",    "-1",   "soon",       "1.5",
                                         "10s", "0x10", "9999999999", " 5"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(-1, asg_retry_hint_ms(others[i]));
    }
}

static void test_class_then_attempts_then_quota_decide(void **state)
{
    (void)state;
    struct asg_retry_quota quota = {0};
    int64_t delay_ms = -1;
    int32_t cost = -1;
    struct asg_retry_question question = {.class = ASG_ERROR_CLASS_CAPACITY,
                                          .attempts = 3,
                                          .attempts_max = 3,
                                          .hint_ms = -1};
    assert_int_equal(ASG_RETRY_WRONG_CLASS,
                     asg_retry_ask(&quota, &question, &delay_ms, &cost));
    question.class = ASG_ERROR_CLASS_THROTTLE;
    assert_int_equal(ASG_RETRY_ATTEMPTS_OVER,
                     asg_retry_ask(&quota, &question, &delay_ms, &cost));
    question.attempts = 2;
    assert_int_equal(ASG_RETRY_QUOTA_OVER,
                     asg_retry_ask(&quota, &question, &delay_ms, &cost));
    assert_int_equal(-1, delay_ms);
    assert_int_equal(-1, cost);
    quota.left = ASG_RETRY_COST_THROTTLE;
    assert_int_equal(ASG_RETRY_AGAIN, asg_retry_ask(&quota, &question, &delay_ms, &cost));
    assert_int_equal(0, quota.left);
    assert_int_equal(ASG_RETRY_COST_THROTTLE, cost);
}

static void test_the_quota_pays_for_35_transient_or_100_throttled_retries(void **state)
{
    (void)state;
    int64_t delay_ms = 0;
    int count = 0;
    struct asg_retry_quota quota = {ASG_RETRY_QUOTA};
    while (ask(&quota, ASG_ERROR_CLASS_TRANSIENT, 1, 0, &delay_ms) == ASG_RETRY_AGAIN) {
        count++;
    }
    assert_int_equal(35, count);
    quota.left = ASG_RETRY_QUOTA;
    count = 0;
    while (ask(&quota, ASG_ERROR_CLASS_THROTTLE, 1, 0, &delay_ms) == ASG_RETRY_AGAIN) {
        count++;
    }
    assert_int_equal(100, count);
}

static void test_success_gives_back_and_never_above_the_full_quota(void **state)
{
    (void)state;
    struct asg_retry_quota quota = {100};
    asg_retry_give_back(&quota, ASG_RETRY_COST_TRANSIENT);
    assert_int_equal(114, quota.left);
    asg_retry_give_back(&quota, 0);
    assert_int_equal(115, quota.left);
    quota.left = ASG_RETRY_QUOTA;
    asg_retry_give_back(&quota, ASG_RETRY_COST_TRANSIENT);
    assert_int_equal(ASG_RETRY_QUOTA, quota.left);
}

static void test_a_bucket_gives_its_burst_then_its_rate(void **state)
{
    (void)state;
    struct asg_rate_limit limit;
    asg_rate_limit_init(&limit, 5, 2000, 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(0, asg_rate_limit_take(&limit, 0));
    }
    assert_int_equal(500000, asg_rate_limit_take(&limit, 0));
    assert_int_equal(1, asg_rate_limit_take(&limit, 499999) > 0);
    assert_int_equal(0, asg_rate_limit_take(&limit, 500000));
    assert_int_equal(500000, asg_rate_limit_take(&limit, 500000));
    /* A long pause fills it to the burst and no further. */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(0, asg_rate_limit_take(&limit, INT64_C(1) << 60));
    }
    assert_true(asg_rate_limit_take(&limit, INT64_C(1) << 60) > 0);
}

static void test_a_bucket_never_gives_more_than_its_rate_however_often_asked(void **state)
{
    (void)state;
    struct asg_rate_limit limit;
    asg_rate_limit_init(&limit, 3, 333, 0);
    int taken = 0;
    for (int64_t us = 0; us <= INT64_C(100000000); us += 7919) {
        if (asg_rate_limit_take(&limit, us) == 0) taken++;
    }
    assert_in_range(taken, 3 + 32, 3 + 33);
}

static void test_time_that_goes_back_refills_nothing(void **state)
{
    (void)state;
    struct asg_rate_limit limit;
    asg_rate_limit_init(&limit, 1, 1000, 5000000);
    assert_int_equal(0, asg_rate_limit_take(&limit, 5000000));
    assert_true(asg_rate_limit_take(&limit, 1000000) > 0);
    assert_int_equal(0, asg_rate_limit_take(&limit, 6000000));
}

static void test_no_rate_is_no_limit(void **state)
{
    (void)state;
    struct asg_rate_limit limit;
    asg_rate_limit_init(&limit, 1, 0, 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(0, asg_rate_limit_take(&limit, 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delays_double_from_their_base_up_to_the_cap),
        cmocka_unit_test(test_jitter_is_full),
        cmocka_unit_test(test_the_servers_hint_lengthens_the_delay),
        cmocka_unit_test(test_a_hint_that_is_no_number_is_none),
        cmocka_unit_test(test_class_then_attempts_then_quota_decide),
        cmocka_unit_test(test_the_quota_pays_for_35_transient_or_100_throttled_retries),
        cmocka_unit_test(test_success_gives_back_and_never_above_the_full_quota),
        cmocka_unit_test(test_a_bucket_gives_its_burst_then_its_rate),
        cmocka_unit_test(
            test_a_bucket_never_gives_more_than_its_rate_however_often_asked),
        cmocka_unit_test(test_time_that_goes_back_refills_nothing),
        cmocka_unit_test(test_no_rate_is_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
