/* The adaptive mode beside botocore's, and what it means for a sender. */
#include "lib/check.h"

#include <math.h>

#include "base/adaptive_rate.h"

struct golden_rate {
    double now_s;
    int is_throttled;
    int taken; /* 1: a token before the answer, -1: there was none, 0: not asked */
    double measured_per_s;
    double w_max;
    double k_s;
    double fill_per_s;
    double capacity;
    double level;
};

#include "golden/adaptive_rate.inc"

static void assert_near(double wanted, double got)
{
    double slack = 1e-6 + fabs(wanted) * 1e-9;
    if (fabs(wanted - got) > slack) fail_msg("wanted %.12g, got %.12g", wanted, got);
}

static void test_every_number_is_botocores(void **state)
{
    (void)state;
    struct asg_adaptive_rate rate;
    asg_adaptive_rate_init(&rate, 100.25);
    for (size_t i = 0; i < sizeof golden_rates / sizeof golden_rates[0]; i++) {
        const struct golden_rate *golden = &golden_rates[i];
        if (golden->taken != 0) {
            double wait_s = asg_adaptive_rate_take(&rate, golden->now_s);
            assert_int_equal(golden->taken == 1, wait_s == 0);
        }
        asg_adaptive_rate_answered(&rate, 1, golden->is_throttled != 0, golden->now_s);
        assert_near(golden->measured_per_s, rate.measured_per_s);
        assert_near(golden->w_max, rate.w_max);
        assert_near(golden->k_s, rate.k_s);
        assert_near(golden->fill_per_s, rate.fill_per_s);
        assert_near(golden->capacity, rate.capacity);
        assert_near(golden->level, rate.level);
    }
}

static void test_nothing_waits_before_the_first_throttle(void **state)
{
    (void)state;
    struct asg_adaptive_rate rate;
    asg_adaptive_rate_init(&rate, 0);
    for (int i = 0; i < 1000; i++) {
        assert_true(asg_adaptive_rate_take(&rate, 0.001 * i) == 0);
        asg_adaptive_rate_answered(&rate, 1, false, 0.001 * i);
    }
    assert_false(rate.is_enabled);
}

/* A service that takes 10 calls a second and throttles what is above: the sender settles
 * near that, with few throttles. */
static void test_a_sender_settles_at_what_the_service_takes(void **state)
{
    (void)state;
    struct asg_adaptive_rate rate;
    asg_adaptive_rate_init(&rate, 0);
    double tokens = 10;
    int good = 0;
    int throttled = 0;
    double now_s = 0;
    for (int ms = 0; ms < 120000; ms += 10) {
        now_s = ms / 1000.0;
        tokens = fmin(10, tokens + 0.1);
        if (asg_adaptive_rate_take(&rate, now_s) != 0) continue;
        bool is_refused = tokens < 1;
        if (!is_refused) tokens -= 1;
        if (ms >= 20000) *(is_refused ? &throttled : &good) += 1;
        asg_adaptive_rate_answered(&rate, 1, is_refused, now_s);
    }
    assert_in_range(good, 700, 1010);  /* of 1,000 in the last 100 s */
    assert_in_range(throttled, 0, 60); /* a hundredth of what would be refused */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number_is_botocores),
        cmocka_unit_test(test_nothing_waits_before_the_first_throttle),
        cmocka_unit_test(test_a_sender_settles_at_what_the_service_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
