/* test_policy_step - the rules and worked numbers of docs/rules.md, "Step scaling". */
#include "core/want/policy_family.h"
#include "unit/core/policy_fixture.h"

static struct policy_fixture f;
static struct asg_step steps[ASG_STEPS_MAX + 1];

/* AWS's example: 0-10 nothing, 10-20 +10 %, 20 up +30 %, and the same downwards. */
static void begin(int64_t capacity)
{
    asg_arena_clear(&f.arena);
    fixture_init(&f, ASG_POLICY_STEP, capacity);
    steps[0] =
        (struct asg_step){.has_lower = true, .has_upper = true, .upper_milli = 10000};
    steps[1] = (struct asg_step){.has_lower = true,
                                 .has_upper = true,
                                 .lower_milli = 10000,
                                 .upper_milli = 20000,
                                 .adjustment = 10};
    steps[2] =
        (struct asg_step){.has_lower = true, .lower_milli = 20000, .adjustment = 30};
    f.config.steps = steps;
    f.config.step_count = 3;
    f.config.adjustment_type = ASG_ADJUSTMENT_PERCENT;
    f.config.threshold_milli = 50000;
}

static void begin_low(int64_t capacity)
{
    begin(capacity);
    f.config.comparison = ASG_COMPARISON_LESS_OR_EQUAL;
    steps[0] =
        (struct asg_step){.has_lower = true, .has_upper = true, .lower_milli = -10000};
    steps[1] = (struct asg_step){.has_lower = true,
                                 .has_upper = true,
                                 .lower_milli = -20000,
                                 .upper_milli = -10000,
                                 .adjustment = -10};
    steps[2] =
        (struct asg_step){.has_upper = true, .upper_milli = -20000, .adjustment = -30};
}

static int end(void **state)
{
    (void)state;
    asg_arena_clear(&f.arena);
    return 0;
}

static void test_step_follows_the_worked_example(void **state)
{
    (void)state;
    begin(10);
    assert_int_equal(fixture_period(&f, 60000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 11);
    assert_string_equal(f.proposal.text,
                        "cpu mean 60 %, alarm >= 50 %: step of +10 % wants 11 (has 10)");
    begin(11);
    assert_int_equal(fixture_period(&f, 70000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 14);
    begin_low(14);
    assert_int_equal(fixture_period(&f, 40000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 13);
    begin_low(13);
    assert_int_equal(fixture_period(&f, 30000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 10);
}

/* An interlock holds a scale-in, so more are warm than desired: -10 % of them is above
 * desired, and yet no scale-out; and what was asked for is not asked for twice. */
static void test_step_in_is_no_way_out_while_a_scale_in_is_held(void **state)
{
    (void)state;
    begin_low(20);
    f.input.desired = 10;
    assert_int_equal(fixture_period(&f, 40000), ASG_DIRECTION_NONE);
    f.input.warm = 10;
    assert_int_equal(fixture_period(&f, 40000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 9);
}

/* One that is executed is carried out, as EC2 Auto Scaling does: it does not wait for the
 * step before. */
static void test_step_that_is_executed_does_not_wait_for_the_one_before(void **state)
{
    (void)state;
    begin_low(20);
    f.input.desired = 10;
    asg_policy_execute(&f.config, &f.input, 40000, 50000, &f.arena, &f.proposal);
    assert_int_equal(f.proposal.direction, ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 9);
    f.input.warming = 1;
    asg_policy_execute(&f.config, &f.input, 40000, 50000, &f.arena, &f.proposal);
    assert_int_equal(f.proposal.wanted, 10); /* but for what warms */
}

/* What PutScalingPolicy sends: no alarm, so it acts only when it is executed. */
static void test_step_without_an_alarm_never_acts_by_itself(void **state)
{
    (void)state;
    begin(10);
    f.config.has_threshold = false;
    f.config.threshold_milli = 0;
    assert_int_equal(fixture_period(&f, 1000), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_period(&f, 100000), ASG_DIRECTION_NONE);
    asg_policy_execute(&f.config, &f.input, 60000, 50000, &f.arena, &f.proposal);
    assert_int_equal(f.proposal.wanted, 11);
}

static void test_step_bounds_include_the_end_next_to_the_threshold(void **state)
{
    (void)state;
    begin(10);
    assert_int_equal(fixture_period(&f, 59999), ASG_DIRECTION_KEEP); /* a step of 0 */
    assert_int_equal(fixture_period(&f, 60000), ASG_DIRECTION_OUT);
    assert_int_equal(fixture_period(&f, 69999), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 11);
    assert_int_equal(fixture_period(&f, 70000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 13);
    begin_low(10);
    assert_int_equal(fixture_period(&f, 40001), ASG_DIRECTION_KEEP);
    assert_int_equal(fixture_period(&f, 40000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 9);
    assert_int_equal(fixture_period(&f, 30001), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 9);
    assert_int_equal(fixture_period(&f, 30000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 7);
}

static void test_step_at_the_threshold_goes_by_the_operator(void **state)
{
    (void)state;
    begin(10);
    steps[0].adjustment = 50;
    assert_int_equal(fixture_period(&f, 50000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 15);
    begin_low(10);
    steps[0].adjustment = -50;
    assert_int_equal(fixture_period(&f, 50000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 5);
    f.config.comparison = ASG_COMPARISON_LESS;
    assert_int_equal(fixture_period(&f, 50000), ASG_DIRECTION_NONE);
}

static void test_step_of_zero_changes_nothing_even_with_a_minimum(void **state)
{
    (void)state;
    begin(10);
    f.config.min_magnitude = 3;
    assert_int_equal(fixture_period(&f, 55000), ASG_DIRECTION_KEEP);
    assert_int_equal(f.proposal.wanted, 10);
}

static void test_step_rounds_percent_toward_zero_but_never_to_zero(void **state)
{
    (void)state;
    static const struct {
        int64_t base;
        int64_t percent;
        int64_t wanted;
    } rows[] = {
        {127, 10, 127 + 12}, {5, 10, 6},         {5, -10, 4},  {-20, 0, -20},
        {20, 0, 20},         {667, -1, 667 - 6}, {10, 10, 11}, {100, -100, 0},
        {1, 100, 2},         {3, 33, 4},         {0, 10, 0},
    };
    begin(1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(asg_policy_adjust(&f.config, rows[i].base, rows[i].percent),
                         rows[i].wanted);
    }
}

static void test_step_minimum_magnitude_keeps_the_sign(void **state)
{
    (void)state;
    begin(10);
    f.config.min_magnitude = 4;
    assert_int_equal(asg_policy_adjust(&f.config, 10, 10), 14);
    assert_int_equal(asg_policy_adjust(&f.config, 10, -10), 6);
    assert_int_equal(asg_policy_adjust(&f.config, 10, 60), 16);
    assert_int_equal(asg_policy_adjust(&f.config, 10, 0), 10);
}

static void test_step_counts_or_sets_instances(void **state)
{
    (void)state;
    begin(10);
    f.config.adjustment_type = ASG_ADJUSTMENT_CHANGE;
    assert_int_equal(fixture_period(&f, 60000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 20);
    f.config.adjustment_type = ASG_ADJUSTMENT_EXACT;
    assert_int_equal(fixture_period(&f, 70000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 30);
}

static void test_step_twice_is_one_activity_and_a_higher_adds_the_rest(void **state)
{
    (void)state;
    begin(10);
    f.input.desired = 11; /* asked by the step of 10 %, still warming */
    f.input.warming = 1;
    assert_int_equal(fixture_period(&f, 60000), ASG_DIRECTION_KEEP);
    assert_int_equal(fixture_period(&f, 70000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 13);
}

static void test_step_never_shrinks_while_one_warms(void **state)
{
    (void)state;
    begin_low(10);
    f.input.desired = 11;
    f.input.warming = 1;
    assert_int_equal(fixture_period(&f, 20000), ASG_DIRECTION_NONE);
    f.input.warming = 0;
    f.input.warm = 11;
    assert_int_equal(fixture_period(&f, 20000), ASG_DIRECTION_IN);
}

static void test_step_waits_for_its_periods_in_a_row(void **state)
{
    (void)state;
    begin(10);
    f.config.periods = 3;
    (void)fixture_periods(&f, 2, 70000);
    assert_int_equal(fixture_period(&f, 40000), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_periods(&f, 3, 70000), ASG_DIRECTION_OUT);
    assert_int_equal(fixture_period(&f, -1), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_periods(&f, 2, 70000), ASG_DIRECTION_NONE);
}

static void test_step_runs_by_hand_on_a_given_value(void **state)
{
    (void)state;
    begin(10);
    asg_policy_execute(&f.config, &f.input, 75000, 50000, &f.arena, &f.proposal);
    assert_int_equal(f.proposal.direction, ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 13);
}

static void check_refused(const char *wanted)
{
    struct asg_error error = {""};
    assert_status(ASG_ERR_INVALID, asg_policy_validate(&f.config, &error));
    if (strstr(error.text, wanted) == NULL) fail_msg("got: %s", error.text);
}

static void test_step_accepts_steps_in_any_order(void **state)
{
    (void)state;
    struct asg_error error = {""};
    begin(10);
    assert_status(ASG_OK, asg_policy_validate(&f.config, &error));
    struct asg_step first = steps[0];
    steps[0] = steps[2];
    steps[2] = first;
    assert_status(ASG_OK, asg_policy_validate(&f.config, &error));
    begin_low(10);
    assert_status(ASG_OK, asg_policy_validate(&f.config, &error));
}

static void test_step_refuses_gaps_overlaps_and_open_ends(void **state)
{
    (void)state;
    begin(10);
    steps[1].lower_milli = 11000;
    check_refused("steps 1 and 2 of policy p leave a gap or overlap");
    begin(10);
    steps[1].lower_milli = 9000;
    check_refused("leave a gap or overlap");
    begin(10);
    steps[1].has_upper = false;
    check_refused("leave a gap or overlap");
    begin(10);
    steps[0].has_lower = false;
    steps[1].has_lower = false;
    check_refused("leave a gap or overlap");
    begin(10);
    steps[2].has_lower = false;
    check_refused("neither lower nor upper");
    begin(10);
    f.config.step_count = 1;
    steps[0].has_lower = steps[0].has_upper = false;
    check_refused("neither lower nor upper");
    begin(10);
    steps[1].upper_milli = 10000;
    check_refused("not below its upper");
    begin(10);
    steps[2].has_upper = true;
    steps[2].upper_milli = 40000;
    check_refused("needs no lower bound");
    begin_low(10);
    steps[2].has_lower = true;
    steps[2].lower_milli = -40000;
    check_refused("needs no lower bound");
}

static void test_step_refuses_other_numbers_that_cannot_work(void **state)
{
    (void)state;
    begin(10);
    f.config.step_count = 0;
    check_refused("has 0 steps");
    f.config.step_count = ASG_STEPS_MAX + 1;
    check_refused("has 21 steps");
    begin(10);
    f.config.periods = 0;
    check_refused("it must be 1 to 60");
    begin(10);
    f.config.adjustment_type = ASG_ADJUSTMENT_CHANGE;
    f.config.min_magnitude = 2;
    check_refused("goes only with percent");
    begin(10);
    f.config.adjustment_type = ASG_ADJUSTMENT_EXACT;
    steps[1].adjustment = -1;
    check_refused("it must be 0 to 100000");
    begin(10);
    steps[1].adjustment = 100001;
    check_refused("it must be -100000 to 100000");
    begin(10);
    steps[2].lower_milli = steps[1].upper_milli = INT64_MAX;
    check_refused("a bound is too large");
}

#define T(name) cmocka_unit_test(test_step_##name)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(follows_the_worked_example),
        T(in_is_no_way_out_while_a_scale_in_is_held),
        T(that_is_executed_does_not_wait_for_the_one_before),
        T(without_an_alarm_never_acts_by_itself),
        T(bounds_include_the_end_next_to_the_threshold),
        T(at_the_threshold_goes_by_the_operator),
        T(of_zero_changes_nothing_even_with_a_minimum),
        T(rounds_percent_toward_zero_but_never_to_zero),
        T(minimum_magnitude_keeps_the_sign),
        T(counts_or_sets_instances),
        T(twice_is_one_activity_and_a_higher_adds_the_rest),
        T(never_shrinks_while_one_warms),
        T(waits_for_its_periods_in_a_row),
        T(runs_by_hand_on_a_given_value),
        T(accepts_steps_in_any_order),
        T(refuses_gaps_overlaps_and_open_ends),
        T(refuses_other_numbers_that_cannot_work),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
