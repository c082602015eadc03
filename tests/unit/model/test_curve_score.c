/* test_curve_score - the arithmetic by which curves are judged, on curves worked by hand.
 */
#include "lib/check.h"
#include "model/curve_score.h"

#define HOUR INT64_C(3600000)

static struct asg_curve_score score_of(const struct asg_curve_step *steps, size_t count,
                                       int64_t end_ms)
{
    struct asg_curve_score score;
    asg_curve_begin(&score, 500);
    for (size_t i = 0; i < count; i++) {
        asg_curve_note(&score, &steps[i]);
    }
    asg_curve_end(&score, end_ms);
    return score;
}

static void test_score_of_nothing_is_nothing(void **state)
{
    (void)state;
    struct asg_curve_score score = score_of(NULL, 0, HOUR);
    assert_int_equal(score.span_ms, 0);
    assert_int_equal(asg_curve_over_an_hour(&score), 0);
    assert_int_equal(asg_curve_lost_ppm(&score), 0);
    assert_int_equal(asg_curve_turns_milli(&score), 0);
    assert_int_equal(asg_curve_cost_milli(&score, 0), 0);
}

/* Two instances, target 50 %: over begins beyond 1.2 instances of load. */
static void test_score_counts_time_over_ten_points_above_the_target(void **state)
{
    (void)state;
    const struct asg_curve_step steps[] = {
        {.time_ms = 0, .demand_milli = 1200, .serving = 2, .alive = 2, .desired = 2},
        {.time_ms = HOUR, .demand_milli = 1201, .serving = 2, .alive = 2, .desired = 2},
        {.time_ms = HOUR + 60000,
         .demand_milli = 1000,
         .serving = 2,
         .alive = 2,
         .desired = 2},
    };
    struct asg_curve_score score = score_of(steps, 3, 2 * HOUR);
    assert_int_equal(score.span_ms, 2 * HOUR);
    assert_int_equal(score.over_ms, 60000);
    assert_int_equal(asg_curve_over_an_hour(&score), 30000);
    assert_int_equal(score.lost_ms, 0);
    assert_int_equal(score.alive_ms, 4 * HOUR);
    assert_int_equal(asg_curve_cost_milli(&score, 5 * HOUR), 800);
}

/* Load for two and a half; nobody, then two, then three in service. */
static void test_score_counts_load_that_nobody_serves(void **state)
{
    (void)state;
    const struct asg_curve_step steps[] = {
        {.time_ms = 7, .demand_milli = 2500, .serving = 0, .alive = 3, .desired = 3},
        {.time_ms = 1007, .demand_milli = 2500, .serving = 2, .alive = 3, .desired = 3},
        {.time_ms = 2007, .demand_milli = 2500, .serving = 3, .alive = 3, .desired = 3},
    };
    struct asg_curve_score score = score_of(steps, 3, 4007);
    assert_int_equal(score.demand_ms, 10000);
    assert_int_equal(score.lost_ms, 3000);
    assert_int_equal(asg_curve_lost_ppm(&score), 300000);
    assert_int_equal(score.over_ms, 4000);
}

static void test_score_keeps_parts_of_an_instance_millisecond(void **state)
{
    (void)state;
    struct asg_curve_score score;
    asg_curve_begin(&score, 500);
    for (int64_t ms = 0; ms < 10; ms++) {
        asg_curve_note(&score,
                       &(struct asg_curve_step){.time_ms = ms, .demand_milli = 300});
    }
    asg_curve_end(&score, 10);
    assert_int_equal(score.demand_ms, 3);
    assert_int_equal(score.lost_ms, 3);
}

static void test_score_counts_a_turn_when_desired_changes_the_other_way(void **state)
{
    (void)state;
    static const uint32_t desired[] = {4, 6, 9, 9, 7, 7, 6, 8, 8, 5};
    struct asg_curve_score score;
    asg_curve_begin(&score, 500);
    for (size_t i = 0; i < sizeof desired / sizeof desired[0]; i++) {
        asg_curve_note(&score, &(struct asg_curve_step){.time_ms = (int64_t)i * 60000,
                                                        .desired = desired[i]});
    }
    asg_curve_end(&score, 10 * 60000);
    assert_int_equal(score.changes, 6);
    assert_int_equal(score.turns, 3); /* 9 to 7, 6 to 8, 8 to 5 */
    assert_int_equal(asg_curve_turns_milli(&score), 18000);
}

static void test_score_adds_curves(void **state)
{
    (void)state;
    const struct asg_curve_step steps[] = {
        {.time_ms = 0, .demand_milli = 2000, .serving = 1, .alive = 2, .desired = 1},
        {.time_ms = 500, .demand_milli = 2000, .serving = 1, .alive = 2, .desired = 2},
        {.time_ms = 800, .demand_milli = 0, .serving = 1, .alive = 2, .desired = 1},
    };
    struct asg_curve_score one = score_of(steps, 3, 1000);
    struct asg_curve_score both = one;
    asg_curve_add(&both, &one);
    assert_int_equal(both.span_ms, 2000);
    assert_int_equal(both.over_ms, 1600);
    assert_int_equal(both.demand_ms, 3200);
    assert_int_equal(both.lost_ms, 1600);
    assert_int_equal(both.alive_ms, 4000);
    assert_int_equal(both.changes, 4);
    assert_int_equal(both.turns, 2);
    assert_int_equal(asg_curve_lost_ppm(&both), asg_curve_lost_ppm(&one));
}

/* Half an hour, a gap of a minute with another load in it, half an hour. */
static void test_score_leaves_out_what_was_not_measured(void **state)
{
    (void)state;
    const struct asg_curve_step steps[] = {
        {.time_ms = 0, .demand_milli = 2000, .serving = 1, .alive = 2, .desired = 2},
        {.time_ms = HOUR / 2 + 60000,
         .demand_milli = 100,
         .serving = 2,
         .alive = 2,
         .desired = 3},
    };
    struct asg_curve_score score;
    asg_curve_begin(&score, 500);
    asg_curve_skip(&score, 5000); /* before the first step nothing counts anyway */
    asg_curve_note(&score, &steps[0]);
    asg_curve_end(&score, HOUR / 2);
    asg_curve_skip(&score, steps[1].time_ms);
    asg_curve_note(&score, &steps[1]);
    asg_curve_end(&score, HOUR + 60000);
    assert_int_equal(score.span_ms, HOUR);
    assert_int_equal(score.over_ms, HOUR / 2);
    assert_int_equal(score.lost_ms, HOUR / 2);
    assert_int_equal(score.alive_ms, 2 * HOUR);
    assert_int_equal(score.changes, 1);
}

/* A turn between two parts is one of the second. */
static void test_parts_of_a_score_are_the_whole(void **state)
{
    (void)state;
    static const uint32_t desired[] = {2, 4, 6, 5, 4, 4, 8};
    enum { COUNT = sizeof desired / sizeof desired[0] };
    struct asg_curve_step steps[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        steps[i] = (struct asg_curve_step){.time_ms = (int64_t)i * 60000,
                                           .demand_milli = 2500,
                                           .serving = desired[i] / 2,
                                           .alive = desired[i],
                                           .desired = desired[i]};
    }
    struct asg_curve_score whole = score_of(steps, COUNT, COUNT * 60000);
    assert_int_equal(whole.turns, 2);
    for (size_t cut = 1; cut < COUNT; cut++) {
        struct asg_curve_score first = score_of(steps, cut, (int64_t)cut * 60000);
        struct asg_curve_score second;
        asg_curve_go_on(&second, &first);
        for (size_t i = cut; i < COUNT; i++)
            asg_curve_note(&second, &steps[i]);
        asg_curve_end(&second, COUNT * 60000);
        asg_curve_add(&second, &first);
        assert_int_equal(whole.span_ms, second.span_ms);
        assert_int_equal(whole.over_ms, second.over_ms);
        assert_int_equal(whole.lost_ms, second.lost_ms);
        assert_int_equal(whole.alive_ms, second.alive_ms);
        assert_int_equal(whole.changes, second.changes);
        assert_int_equal(whole.turns, second.turns);
    }
}

static void test_score_bounds_what_is_absurd(void **state)
{
    (void)state;
    const struct asg_curve_step steps[] = {
        {.time_ms = 0, .demand_milli = INT64_MAX, .serving = UINT32_MAX, .desired = 1},
        {.time_ms = 1000, .demand_milli = INT64_MIN, .desired = 1},
    };
    struct asg_curve_score score = score_of(steps, 2, ASG_CURVE_SPAN_MAX);
    assert_int_equal(score.demand_ms, ASG_CURVE_DEMAND_MAX);
    assert_int_equal(score.lost_ms, 0);
    assert_int_equal(score.over_ms, 0);
}

/* A launch takes two steps: the oracle has the peak's instances two steps before it, and
 * lets them go the moment it is over. */
static void test_oracle_launches_before_the_peak(void **state)
{
    (void)state;
    static const int64_t demand[] = {1000, 1000, 1000, 1000, 3001, 1000, 1000, 0};
    struct asg_curve_step steps[8];
    for (size_t i = 0; i < 8; i++) {
        steps[i] = (struct asg_curve_step){.time_ms = (int64_t)i * 1000,
                                           .demand_milli = demand[i]};
    }
    const struct asg_curve_oracle oracle = {
        .target_milli = 500, .launch_ms = 2000, .min = 1, .max = 100};
    uint32_t alive[8];
    int64_t sum = asg_curve_oracle_ms(&oracle, steps, 8, 9000, alive);
    static const uint32_t expected[] = {2, 2, 7, 7, 7, 2, 2, 1};
    int64_t expected_ms = 0;
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(alive[i], expected[i]);
        expected_ms += expected[i] * (i == 7 ? 2000 : 1000);
    }
    assert_int_equal(sum, expected_ms);
    assert_int_equal(asg_curve_oracle_ms(&oracle, steps, 0, 9000, NULL), 0);
}

static void test_oracle_keeps_to_min_and_max_and_needs_no_launch_time(void **state)
{
    (void)state;
    const struct asg_curve_step steps[] = {{.time_ms = 0, .demand_milli = 90000},
                                           {.time_ms = 1000, .demand_milli = 1}};
    const struct asg_curve_oracle oracle = {
        .target_milli = 500, .launch_ms = 0, .min = 3, .max = 20};
    assert_int_equal(asg_curve_oracle_ms(&oracle, steps, 2, 3000, NULL), 20000 + 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_score_of_nothing_is_nothing),
        cmocka_unit_test(test_score_counts_time_over_ten_points_above_the_target),
        cmocka_unit_test(test_score_counts_load_that_nobody_serves),
        cmocka_unit_test(test_score_keeps_parts_of_an_instance_millisecond),
        cmocka_unit_test(test_score_counts_a_turn_when_desired_changes_the_other_way),
        cmocka_unit_test(test_score_adds_curves),
        cmocka_unit_test(test_score_leaves_out_what_was_not_measured),
        cmocka_unit_test(test_parts_of_a_score_are_the_whole),
        cmocka_unit_test(test_score_bounds_what_is_absurd),
        cmocka_unit_test(test_oracle_launches_before_the_peak),
        cmocka_unit_test(test_oracle_keeps_to_min_and_max_and_needs_no_launch_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
