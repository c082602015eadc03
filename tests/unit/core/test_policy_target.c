/* test_policy_target - the rules and worked numbers of docs/rules.md, "Target tracking".
 */
#include "core/saved/policy_fields.h"
#include "model/presets.h"
#include "unit/core/policy_fixture.h"

static struct policy_fixture f;

static void begin(int64_t capacity)
{
    asg_arena_clear(&f.arena);
    fixture_init(&f, ASG_POLICY_TARGET_TRACKING, capacity);
}

static int end(void **state)
{
    (void)state;
    asg_arena_clear(&f.arena);
    return 0;
}

static void test_target_2_at_80_percent_become_4(void **state)
{
    (void)state;
    begin(2);
    assert_int_equal(fixture_periods(&f, 3, 80000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 4);
}

static void test_target_10_at_53_percent_become_11(void **state)
{
    (void)state;
    begin(10);
    assert_int_equal(fixture_periods(&f, 3, 53000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 11);
}

static void test_target_10_at_42_and_a_half_percent_become_9(void **state)
{
    (void)state;
    begin(10);
    assert_int_equal(fixture_periods(&f, 60, 42500), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 9);
}

static void test_target_does_nothing_between_low_and_target(void **state)
{
    (void)state;
    static const int64_t values[] = {45000, 46000, 50000};
    for (size_t i = 0; i < 3; i++) {
        begin(10);
        assert_int_equal(fixture_periods(&f, 120, values[i]), ASG_DIRECTION_NONE);
    }
}

static void test_target_says_why_in_words(void **state)
{
    (void)state;
    begin(4);
    assert_int_equal(fixture_periods(&f, 3, 82500), ASG_DIRECTION_OUT);
    assert_string_equal(f.proposal.text,
                        "cpu mean 82.5 % over 15 s, target 50 %: wants 7 (has 4)");
}

static void test_target_formats_nothing_while_it_does_nothing(void **state)
{
    (void)state;
    begin(4);
    (void)fixture_periods(&f, 2, 90000);
    (void)fixture_periods(&f, 40, 20000);
    (void)fixture_periods(&f, 40, 47000);
    assert_int_equal(asg_arena_used(&f.arena), 0);
}

static void test_target_needs_breaches_in_a_row(void **state)
{
    (void)state;
    begin(4);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fixture_periods(&f, 2, 90000), ASG_DIRECTION_NONE);
        assert_int_equal(fixture_period(&f, 50000), ASG_DIRECTION_NONE);
    }
}

static void test_target_takes_the_mean_of_the_breaching_periods(void **state)
{
    (void)state;
    begin(10);
    (void)fixture_period(&f, 100000);
    (void)fixture_period(&f, 60000);
    assert_int_equal(fixture_period(&f, 80000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 16); /* 10 x 80 / 50 */
    /* the oldest leaves: (60 + 80 + 70) / 3 = 70 */
    assert_int_equal(fixture_period(&f, 70000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 14);
}

static void test_target_rounds_by_the_exact_integer(void **state)
{
    (void)state;
    begin(7);
    f.config.target_milli = 33333;
    assert_int_equal(fixture_periods(&f, 3, 33334), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 8);
    begin(3); /* three of 53.3334: 160.0002, and by thousandths 3.2 */
    f.config.target_milli = 20000;
    assert_int_equal(fixture_periods(&f, 3, 53333), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 8);
}

static void test_target_does_not_ask_twice_for_the_same_load(void **state)
{
    (void)state;
    begin(4);
    assert_int_equal(fixture_periods(&f, 3, 90000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 8);
    f.input.desired = 8;
    f.input.warming = 4;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fixture_period(&f, 90000), ASG_DIRECTION_KEEP);
    }
    /* more load asks for the difference only: (90 + 110 + 110) / 3 wants 8.3 */
    assert_int_equal(fixture_period(&f, 110000), ASG_DIRECTION_KEEP);
    assert_int_equal(fixture_period(&f, 110000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 9);
}

static void test_target_never_shrinks_while_one_warms(void **state)
{
    (void)state;
    begin(10);
    f.input.warming = 1;
    assert_int_equal(fixture_periods(&f, 200, 10000), ASG_DIRECTION_NONE);
    f.input.warming = 0;
    assert_int_equal(fixture_period(&f, 10000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 2);
}

static void test_target_waits_out_the_whole_window_and_starts_anew(void **state)
{
    (void)state;
    begin(10);
    assert_int_equal(fixture_periods(&f, 59, 10000), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_period(&f, 46000), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_periods(&f, 59, 10000), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_period(&f, 10000), ASG_DIRECTION_IN);
}

static void test_target_shrinks_to_the_highest_wish_of_the_window(void **state)
{
    (void)state;
    begin(10);
    (void)fixture_periods(&f, 30, 10000);
    (void)fixture_period(&f, 38000); /* wants 8 */
    assert_int_equal(fixture_periods(&f, 29, 10000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 8);
    /* the last period of 60 that has it in its window, gone after that */
    for (int i = 0; i < 30; i++) {
        assert_int_equal(fixture_period(&f, 10000), ASG_DIRECTION_IN);
        assert_int_equal(f.proposal.wanted, 8);
    }
    assert_int_equal(fixture_period(&f, 10000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 2);
}

static void test_target_shrinks_at_once_without_a_window(void **state)
{
    (void)state;
    begin(10);
    f.config.stabilisation_ms = 0;
    assert_int_equal(fixture_period(&f, 10000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 2);
}

static void test_target_keeps_to_min_when_it_shrinks(void **state)
{
    (void)state;
    begin(10);
    f.input.min = 5;
    assert_int_equal(fixture_periods(&f, 60, 10000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 5);
    f.input.desired = 5;
    assert_int_equal(fixture_period(&f, 10000), ASG_DIRECTION_NONE);
}

static void test_target_without_data_is_not_ready_and_forgets(void **state)
{
    (void)state;
    begin(4);
    (void)fixture_periods(&f, 2, 90000);
    assert_int_equal(fixture_period(&f, -1), ASG_DIRECTION_NOT_READY);
    assert_int_equal(fixture_periods(&f, 2, 90000), ASG_DIRECTION_NONE);
    begin(4);
    (void)fixture_periods(&f, 59, 10000);
    assert_int_equal(fixture_period(&f, -1), ASG_DIRECTION_NOT_READY);
    assert_int_equal(fixture_periods(&f, 59, 10000), ASG_DIRECTION_NONE);
    f.input.metric = NULL;
    asg_policy_evaluate(&f.config, &f.state, &f.input, &f.arena, &f.proposal);
    assert_int_equal(f.proposal.direction, ASG_DIRECTION_NOT_READY);
}

static void test_target_takes_a_real_zero_for_data(void **state)
{
    (void)state;
    begin(3);
    assert_int_equal(fixture_periods(&f, 60, 0), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 0);
}

static void test_target_goes_from_none_to_one_or_min(void **state)
{
    (void)state;
    begin(0);
    assert_int_equal(fixture_periods(&f, 3, 90000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 1);
    begin(0);
    f.input.min = 3;
    assert_int_equal(fixture_periods(&f, 3, 90000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 3);
}

static void test_target_can_leave_shrinking_to_others(void **state)
{
    (void)state;
    begin(10);
    f.config.disable_scale_in = true;
    assert_int_equal(fixture_periods(&f, 200, 10000), ASG_DIRECTION_NONE);
}

static enum asg_direction mixed_period(int64_t low_milli, int64_t high_milli)
{
    f.metric = (struct asg_group_metric){.metric = f.config.metric,
                                         .members = 2,
                                         .count = 2,
                                         .sum_milli = low_milli + high_milli,
                                         .min_milli = low_milli,
                                         .max_milli = high_milli};
    f.input.metric = &f.metric;
    f.input.now_ms += PERIOD_MS;
    asg_policy_evaluate(&f.config, &f.state, &f.input, &f.arena, &f.proposal);
    return f.proposal.direction;
}

static void test_target_honours_highest_and_lowest(void **state)
{
    (void)state;
    begin(2);
    f.config.statistic = ASG_STATISTIC_HIGHEST;
    (void)mixed_period(10000, 75000);
    (void)mixed_period(10000, 75000);
    assert_int_equal(mixed_period(10000, 75000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 3);
    assert_string_equal(f.proposal.text,
                        "cpu highest 75 % over 15 s, target 50 %: wants 3 (has 2)");
    begin(2);
    f.config.statistic = ASG_STATISTIC_LOWEST;
    f.config.stabilisation_ms = 0;
    assert_int_equal(mixed_period(10000, 95000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 1);
}

static void test_target_survives_fewer_periods_than_it_remembers(void **state)
{
    (void)state;
    begin(4);
    f.config.scale_out_periods = ASG_POLICY_PERIODS_MAX;
    (void)fixture_periods(&f, 50, 90000);
    f.config.scale_out_periods = 2;
    assert_int_equal(fixture_period(&f, 80000), ASG_DIRECTION_OUT);
    assert_int_equal(f.state.period_count, 2);
    assert_int_equal(f.proposal.wanted, 7); /* (90 + 80) / 2 = 85: 6.8 */
}

static void test_target_merges_peaks_of_a_long_window(void **state)
{
    (void)state;
    begin(1000);
    f.config.stabilisation_ms = INT64_C(86400000);
    int64_t value_milli = 44900;
    for (int i = 0; i < 17280 - 1; i++) {
        if (i % 40 == 0) value_milli -= 50;
        assert_int_equal(fixture_period(&f, value_milli), ASG_DIRECTION_NONE);
        assert_true(f.state.peak_count <= ASG_POLICY_PEAKS_MAX);
    }
    assert_int_equal(fixture_period(&f, value_milli), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 897); /* 1000 x 44.85 / 50, the first wish */
}

static void test_target_holds_at_the_ends_of_numbers(void **state)
{
    (void)state;
    begin(100000);
    f.metric = (struct asg_group_metric){.members = 100000,
                                         .count = 1,
                                         .sum_milli = INT64_MAX,
                                         .min_milli = INT64_MAX,
                                         .max_milli = INT64_MAX};
    f.input.metric = &f.metric;
    for (int i = 0; i < 3; i++) {
        f.input.now_ms += PERIOD_MS;
        asg_policy_evaluate(&f.config, &f.state, &f.input, &f.arena, &f.proposal);
    }
    assert_int_equal(f.proposal.direction, ASG_DIRECTION_OUT);
    assert_true(f.proposal.wanted == INT64_MAX);
}

static void begin_aws(int64_t capacity)
{
    begin(capacity);
    f.config.preset = ASG_PRESET_AWS;
    asg_preset_fill(&f.config, 0);
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_policy_validate(&f.config, &error));
}

/* The preset aws: 3 of 3 points out, 15 of 15 in, by the worked numbers, whatever the
 * group's evaluation is. */
static void test_target_of_aws_is_the_rule_of_ec2_auto_scaling(void **state)
{
    (void)state;
    begin_aws(2);
    assert_int_equal(fixture_periods(&f, 3, 80000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 4);
    begin_aws(10);
    assert_int_equal(fixture_periods(&f, 3, 53000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 11); /* no tolerance */
    begin_aws(10);
    assert_int_equal(fixture_periods(&f, 3, 100000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 20); /* in proportion, though CPU ends there */
    begin_aws(10);
    assert_int_equal(fixture_periods(&f, 15, 42500), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 9);
    begin_aws(10);
    f.input.warming = 1;
    f.input.serving = 11; /* who warms is not counted */
    assert_int_equal(fixture_periods(&f, 30, 42500), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_periods(&f, 3, 53000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 11);
    begin_aws(10);
    assert_int_equal(fixture_periods(&f, 100, 46000), ASG_DIRECTION_NONE);
}

static void test_target_tolerates_what_is_little_above_it(void **state)
{
    (void)state;
    begin(10);
    f.config.scale_out_permille = 1100;
    assert_int_equal(fixture_periods(&f, 100, 55000), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_periods(&f, 3, 55001), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 12); /* in proportion all the same */
}

static void test_target_goes_further_when_cpu_is_saturated(void **state)
{
    (void)state;
    begin(10);
    f.config.saturation_milli = 95000;
    f.config.saturation_factor_milli = 2000;
    assert_int_equal(fixture_periods(&f, 3, 94999), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 19);
    begin(10);
    f.config.saturation_milli = 95000;
    f.config.saturation_factor_milli = 2000;
    assert_int_equal(fixture_periods(&f, 3, 95000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 38); /* twice the 19 of 10 x 95 / 50 */
    assert_string_equal(f.proposal.text,
                        "cpu mean 95 % over 15 s, target 50 %: wants 38 (has "
                        "10)\nsaturated from 95 % on: 2 times the proportional capacity");
    f.input.desired = 38;
    f.input.warming = 28;
    assert_int_equal(fixture_period(&f, 95000), ASG_DIRECTION_KEEP);
}

static void test_target_waits_for_low_periods_in_a_row(void **state)
{
    (void)state;
    begin(10);
    f.config.scale_in_periods = 15;
    f.config.stabilisation_ms = 0;
    assert_int_equal(fixture_periods(&f, 14, 30000), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_period(&f, 45000), ASG_DIRECTION_NONE);
    assert_int_equal(fixture_periods(&f, 14, 40000), ASG_DIRECTION_NONE);
    /* by the latest point, as that rule has no window of wishes */
    assert_int_equal(fixture_period(&f, 20000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 4);
    assert_int_equal(fixture_period(&f, 30000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 6);
}

/* 20 in service, 10 of them still warming: they take their part of the load. */
static void test_target_counts_the_load_of_those_that_warm(void **state)
{
    (void)state;
    for (int counts = 0; counts < 2; counts++) {
        begin(10);
        f.config.counts_warming = counts == 1;
        f.input.desired = 20;
        f.input.serving = 20;
        f.input.warming = 10;
        (void)fixture_period(&f, 50000);
        enum asg_direction direction = fixture_periods(&f, 3, 80000);
        if (counts == 0) {
            assert_int_equal(direction, ASG_DIRECTION_KEEP); /* 16 are on their way */
            continue;
        }
        assert_int_equal(direction, ASG_DIRECTION_OUT);
        assert_int_equal(f.proposal.wanted, 32);
        assert_string_equal(f.proposal.text,
                            "cpu mean 80 % over 15 s, target 50 %: wants 32 (has 20)\n"
                            "for the load of 20 in service, 10 of them warm");
    }
}

/* The mean of a period is of those that were in service all the time: who came within it
 * had no part in it, nor in the periods before. */
static void test_target_gives_each_period_those_that_shared_its_load(void **state)
{
    (void)state;
    begin(10);
    f.config.counts_warming = true;
    f.input.desired = 15;
    f.input.warming = 5;
    (void)fixture_period(&f, 50000);
    (void)fixture_periods(&f, 2, 100000);
    f.input.serving = 15;
    assert_int_equal(fixture_period(&f, 100000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 20);
    f.input.desired = 20;
    assert_int_equal(fixture_period(&f, 65000), ASG_DIRECTION_KEEP); /* 15 x 65 */
    assert_int_equal(fixture_period(&f, 65000), ASG_DIRECTION_KEEP);
    assert_int_equal(fixture_period(&f, 80000), ASG_DIRECTION_OUT); /* 975, 975, 1200 */
    assert_int_equal(f.proposal.wanted, 21);
    begin(10); /* and who went within it neither */
    f.config.counts_warming = true;
    (void)fixture_period(&f, 50000);
    f.input.serving = f.input.warm = f.input.desired = 4;
    assert_int_equal(fixture_periods(&f, 3, 60000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 5);
}

/* Without a warm-up one that came within the period is measured: the load is not smaller
 * for that. 5 of which one is new, at 50 %, are not 4 at 50 %. */
static void test_target_loses_no_load_by_one_that_came(void **state)
{
    (void)state;
    begin(4);
    f.config.counts_warming = true;
    f.config.target_milli = 57000;
    f.config.stabilisation_ms = 0;
    (void)fixture_period(&f, 57000);
    f.input.serving = f.input.warm = f.input.desired = 5;
    assert_int_equal(fixture_period(&f, 50000), ASG_DIRECTION_NONE); /* 250 / 57 */
    f.input.serving = f.input.warm = f.input.desired = 4;
    assert_int_equal(fixture_period(&f, 40000), ASG_DIRECTION_IN);
    assert_int_equal(f.proposal.wanted, 3);
}

static void test_target_waits_for_no_second_period_far_above_it(void **state)
{
    (void)state;
    begin(10);
    f.config.scale_out_far_permille = 1300;
    assert_int_equal(fixture_period(&f, 65000), ASG_DIRECTION_NONE); /* not beyond it */
    assert_int_equal(fixture_period(&f, 65001), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 14); /* by that period alone */
    assert_string_equal(f.proposal.text,
                        "cpu mean 65 % over 5 s, target 50 %: wants 14 (has 10)");
    begin(10);
    f.config.scale_out_far_permille = 1300;
    assert_int_equal(fixture_period(&f, 100000), ASG_DIRECTION_OUT);
    f.input.desired = 15; /* no more than that was there */
    assert_int_equal(fixture_period(&f, 100000), ASG_DIRECTION_OUT);
    /* three in a row say more than the last one alone */
    assert_int_equal(fixture_period(&f, 66000), ASG_DIRECTION_OUT);
    assert_int_equal(f.proposal.wanted, 18);
}

/* Low for a window, then what desired became is not enough: out. Returns how long it had
 * to be low, in periods. */
static int come_and_go(void)
{
    int periods = 1;
    while (fixture_period(&f, 20000) != ASG_DIRECTION_IN && periods < 10000) {
        periods++;
    }
    f.input.desired = f.input.warm = f.input.serving = f.proposal.wanted;
    assert_int_equal(fixture_periods(&f, 3, 100000), ASG_DIRECTION_OUT);
    f.input.desired = f.input.warm = f.input.serving = 10;
    return periods;
}

static void test_target_waits_longer_when_a_scale_in_was_taken_back(void **state)
{
    (void)state;
    begin(10);
    f.config.patience = 5;
    assert_int_equal(come_and_go(), 60); /* 300 s of 5 s periods */
    assert_int_equal(come_and_go(), 180);
    assert_int_equal(come_and_go(), 300); /* five times at most */
    assert_int_equal(come_and_go(), 300);
    (void)fixture_periods(&f, 300, 20000);
    assert_string_equal(f.proposal.text,
                        "cpu mean 20 % over 5 s, target 50 %: wants 4 (has 10)\nbelow 45 "
                        "% for 25 min, highest recommendation in that window 4\nwaited "
                        "25 min, not 5 min: the previous scale-in was soon reversed");
}

static void test_target_waits_less_when_scale_ins_stand(void **state)
{
    (void)state;
    begin(10);
    f.config.patience = 9;
    for (int i = 0; i < 3; i++) {
        (void)come_and_go();
    }
    static const int windows[] = {540, 180, 60, 60};
    for (size_t i = 0; i < 4; i++) {
        f.input.desired = f.input.warm = f.input.serving = 10;
        assert_int_equal(fixture_period(&f, 47000), ASG_DIRECTION_NONE);
        assert_int_equal(fixture_periods(&f, windows[i], 20000), ASG_DIRECTION_IN);
        f.input.desired = f.input.warm = f.input.serving = 4;
        for (int j = 0; j < 3 * windows[i] + 1; j++) {
            assert_int_equal(fixture_period(&f, 47000), ASG_DIRECTION_NONE);
        }
    }
}

/* What is taken back only later was right when it was done. */
static void test_target_regrets_only_what_is_taken_back_soon(void **state)
{
    (void)state;
    begin(10);
    f.config.patience = 4;
    assert_int_equal(fixture_periods(&f, 60, 20000), ASG_DIRECTION_IN);
    f.input.desired = f.input.warm = f.input.serving = 4;
    for (int j = 0; j < 3 * 60; j++) {
        assert_int_equal(fixture_period(&f, 47000), ASG_DIRECTION_NONE);
    }
    assert_int_equal(fixture_periods(&f, 3, 100000), ASG_DIRECTION_OUT);
    f.input.desired = f.input.warm = f.input.serving = 10;
    assert_int_equal(come_and_go(), 60);
}

static void check_saved_alike(struct policy_fixture *fixture)
{
    struct asg_bytes bytes = {0};
    struct asg_fields save = {.out = &bytes};
    asg_policy_state_fields(&save, &fixture->state);
    struct asg_policy_state loaded = {0};
    struct asg_fields load = {
        .begin = bytes.data, .at = bytes.data, .end = bytes.data + bytes.length};
    asg_policy_state_fields(&load, &loaded);
    assert_false(load.is_bad);
    assert_ptr_equal(load.at, load.end);
    struct asg_bytes again = {0};
    struct asg_fields resave = {.out = &again};
    asg_policy_state_fields(&resave, &loaded);
    assert_int_equal(again.length, bytes.length);
    assert_memory_equal(again.data, bytes.data, bytes.length);
    /* A cut state is refused, never read past. */
    for (size_t length = 0; length < bytes.length; length++) {
        uint8_t *part = malloc(length > 0 ? length : 1);
        assert_non_null(part);
        memcpy(part, bytes.data, length);
        struct asg_fields cut = {.begin = part, .at = part, .end = part + length};
        asg_policy_state_fields(&cut, &loaded);
        assert_true(cut.is_bad);
        free(part);
    }
    asg_bytes_clear(&bytes);
    asg_bytes_clear(&again);
}

static void test_target_state_is_saved_and_loaded_alike(void **state)
{
    (void)state;
    begin(4);
    check_saved_alike(&f);
    (void)fixture_periods(&f, 2, 90000);
    check_saved_alike(&f);
    for (int i = 0; i < 50; i++) {
        (void)fixture_period(&f, 40000 - i * 500);
    }
    check_saved_alike(&f);
}

static void check_refused(const char *wanted)
{
    struct asg_error error = {""};
    assert_status(ASG_ERR_INVALID, asg_policy_validate(&f.config, &error));
    if (strstr(error.text, wanted) == NULL) fail_msg("got: %s", error.text);
}

static void test_target_refuses_numbers_that_cannot_work(void **state)
{
    (void)state;
    struct asg_error error = {""};
    begin(1);
    assert_status(ASG_OK, asg_policy_validate(&f.config, &error));
    f.config.target_milli = 0;
    check_refused("must be above 0");
    begin(1);
    f.config.scale_in_permille = 1001;
    check_refused("it must be 1 to 1000");
    begin(1);
    f.config.scale_out_periods = 61;
    check_refused("it must be 1 to 60");
    begin(1);
    f.config.stabilisation_ms = -1;
    check_refused("must be 0 s to 24 h");
    begin(1);
    f.config.scale_out_permille = 999;
    check_refused("it must be 1000 to 10000");
    begin(1);
    f.config.scale_out_permille = 1100;
    f.config.scale_out_far_permille = 1099;
    check_refused("it must be its scale_out_permille (1100) to 10000, or 0");
    begin(1);
    f.config.patience = 101;
    check_refused("it must be 1 (none) to 100 times");
    begin(1);
    f.config.scale_in_periods = 61;
    check_refused("it must be 1 to 60");
    begin(1);
    f.config.saturation_milli = 100001;
    check_refused("must be 0 (none) to 100");
    begin(1);
    f.config.saturation_factor_milli = 999;
    check_refused("must be 1 to 10");
    begin(1);
    f.config.saturation_milli = 95000;
    f.config.metric = ASG_METRIC_NAME_MEMORY;
    check_refused("only the mean or lowest cpu");
    begin(1);
    f.config.scale_in_at_once_percent = 101;
    check_refused("the scale-in allowance");
}

#define T(name) cmocka_unit_test(test_target_##name)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(2_at_80_percent_become_4),
        T(10_at_53_percent_become_11),
        T(10_at_42_and_a_half_percent_become_9),
        T(does_nothing_between_low_and_target),
        T(says_why_in_words),
        T(formats_nothing_while_it_does_nothing),
        T(needs_breaches_in_a_row),
        T(takes_the_mean_of_the_breaching_periods),
        T(rounds_by_the_exact_integer),
        T(does_not_ask_twice_for_the_same_load),
        T(never_shrinks_while_one_warms),
        T(waits_out_the_whole_window_and_starts_anew),
        T(shrinks_to_the_highest_wish_of_the_window),
        T(shrinks_at_once_without_a_window),
        T(keeps_to_min_when_it_shrinks),
        T(without_data_is_not_ready_and_forgets),
        T(takes_a_real_zero_for_data),
        T(goes_from_none_to_one_or_min),
        T(can_leave_shrinking_to_others),
        T(of_aws_is_the_rule_of_ec2_auto_scaling),
        T(tolerates_what_is_little_above_it),
        T(goes_further_when_cpu_is_saturated),
        T(waits_for_low_periods_in_a_row),
        T(loses_no_load_by_one_that_came),
        T(waits_for_no_second_period_far_above_it),
        T(waits_longer_when_a_scale_in_was_taken_back),
        T(waits_less_when_scale_ins_stand),
        T(regrets_only_what_is_taken_back_soon),
        T(counts_the_load_of_those_that_warm),
        T(gives_each_period_those_that_shared_its_load),
        T(honours_highest_and_lowest),
        T(survives_fewer_periods_than_it_remembers),
        T(merges_peaks_of_a_long_window),
        T(holds_at_the_ends_of_numbers),
        T(state_is_saved_and_loaded_alike),
        T(refuses_numbers_that_cannot_work),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
