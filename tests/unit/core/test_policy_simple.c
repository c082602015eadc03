/* test_policy_simple - the rules of docs/rules.md, "Simple scaling and cooldown", and the
 * rule of the group of students that openasg began with. */
#include "unit/core/policy_fixture.h"

static struct policy_fixture f;

static void begin(int64_t capacity)
{
    asg_arena_clear(&f.arena);
    fixture_init(&f, ASG_POLICY_SIMPLE, capacity);
    f.config.adjustment_type = ASG_ADJUSTMENT_CHANGE;
    f.config.adjustment = 1;
    f.config.threshold_milli = 70000;
    f.config.statistic = ASG_STATISTIC_HIGHEST;
}

static int end(void **state)
{
    (void)state;
    asg_arena_clear(&f.arena);
    return 0;
}

static void test_simple_launches_one_at_seventy_percent(void **state)
{
    (void)state;
    begin(2);
    assert_int_equal(fixture_period(&f, 69999), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_period(&f, 70000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 3);
    assert_string_equal(f.proposal.text,
                        "cpu highest 70 %, alarm >= 70 %: wants 3 (has 2)");
}

static void test_simple_ends_one_under_nineteen_percent(void **state)
{
    (void)state;
    begin(3);
    f.config.statistic = ASG_STATISTIC_LOWEST;
    f.config.comparison = ASG_COMPARISON_LESS;
    f.config.threshold_milli = 19000;
    f.config.adjustment = -1;
    assert_int_equal(fixture_period(&f, 19000), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_period(&f, 18999), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 2);
}

static void test_simple_waits_while_cooling_and_acts_when_it_still_rings(void **state)
{
    (void)state;
    begin(2);
    f.input.is_cooling = true;
    assert_int_equal(fixture_periods(&f, 20, 90000), ASG_DIRECTION_NONE);
    f.input.is_cooling = false;
    assert_int_equal(fixture_period(&f, 90000), ASG_DIRECTION_OUT);
}

static void test_simple_works_from_desired(void **state)
{
    (void)state;
    begin(2);
    f.input.desired = 5;
    f.config.adjustment_type = ASG_ADJUSTMENT_PERCENT;
    f.config.adjustment = 50;
    assert_int_equal(fixture_period(&f, 90000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 7); /* 5 + 2.5, toward zero */
}

static void test_simple_without_data_begins_to_count_anew(void **state)
{
    (void)state;
    begin(2);
    f.config.periods = 2;
    assert_int_equal(fixture_period(&f, 90000), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_period(&f, -1), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_period(&f, 90000), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_period(&f, 90000), ASG_DIRECTION_OUT);
}

static void test_simple_that_changes_nothing_says_nothing(void **state)
{
    (void)state;
    begin(4);
    f.config.adjustment_type = ASG_ADJUSTMENT_EXACT;
    f.config.adjustment = 4;
    assert_int_equal(fixture_period(&f, 90000), ASG_DIRECTION_KEEP);
    assert_int_equal(asg_arena_used(&f.arena), 0);
    f.config.adjustment = 2;
    assert_int_equal(fixture_period(&f, 90000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 2);
}

static void test_simple_refuses_an_adjustment_beyond_any_group(void **state)
{
    (void)state;
    begin(2);
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_policy_validate(&f.config, &error));
    f.config.adjustment = INT64_MIN;
    assert_status(ASG_ERR_INVALID, asg_policy_validate(&f.config, &error));
    f.config.adjustment = ASG_GROUP_CAPACITY_MAX + 1;
    assert_status(ASG_ERR_INVALID, asg_policy_validate(&f.config, &error));
    f.config.adjustment = 1;
    f.config.threshold_milli = INT64_MAX;
    assert_status(ASG_ERR_INVALID, asg_policy_validate(&f.config, &error));
    assert_non_null(strstr(error.text, "threshold"));
}

#define T(name) cmocka_unit_test(test_simple_##name)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(launches_one_at_seventy_percent),
        T(ends_one_under_nineteen_percent),
        T(waits_while_cooling_and_acts_when_it_still_rings),
        T(works_from_desired),
        T(without_data_begins_to_count_anew),
        T(that_changes_nothing_says_nothing),
        T(refuses_an_adjustment_beyond_any_group),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
