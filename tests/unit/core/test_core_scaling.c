/* test_core_scaling - policies, cooldown, schedules and choices of a whole group, by the
 * rules and with the worked numbers of docs/rules.md. */
#include "unit/core/core_world.h"

#define STEP(low, high, by)                                                              \
    {                                                                                    \
        .has_lower = true, .lower_milli = (low)*1000, .has_upper = (high) > 0,           \
        .upper_milli = (high)*1000, .adjustment = (by)                                   \
    }

static void put_policy(struct asg_policy_config config)
{
    config.group = "web";
    if (config.name == NULL) config.name = "p";
    if (config.periods == 0) config.periods = 1;
    if (config.scale_in_permille == 0) config.scale_in_permille = 900;
    if (config.scale_out_periods == 0) config.scale_out_periods = 3;
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &config});
}

static struct asg_policy_config tracking(const char *name, int64_t percent)
{
    return (struct asg_policy_config){.name = name,
                                      .kind = ASG_POLICY_TARGET_TRACKING,
                                      .target_milli = percent * 1000,
                                      .cooldown_ms = ASG_UNSET,
                                      .warmup_ms = ASG_UNSET};
}

static struct asg_policy_config simple(const char *name, enum asg_comparison comparison,
                                       int64_t percent, int64_t by)
{
    return (struct asg_policy_config){.name = name,
                                      .kind = ASG_POLICY_SIMPLE,
                                      .comparison = comparison,
                                      .has_threshold = true,
                                      .threshold_milli = percent * 1000,
                                      .adjustment = by,
                                      .cooldown_ms = ASG_UNSET,
                                      .warmup_ms = ASG_UNSET};
}

static const struct asg_group_config unlimited = {
    .unhealthy_percent = 100, .terminating_percent = 100, .terminated_percent = 100};

/* "N=2, T=50, M=80 gives 4", in the third period above the target. */
static void test_tracking_scales_out_in_the_third_period(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_policy(tracking("cpu50", 50));
    measure(2, 2, 80);
    measure(2, 2, 80);
    assert_int_equal(2, desired());
    measure(2, 2, 80);
    assert_int_equal(4, desired());
    assert_int_equal(4, in_service());
    assert_non_null(strstr(w.said, "cpu mean 80 % over 3 s, target 50 %: wants 4 (has "
                                   "2)\ndecide 4, scale out by 2"));
}

/* A controller that was away has not seen that the load was low, or high, meanwhile. */
static void test_time_that_nobody_measured_counts_for_nothing(void **state)
{
    (void)state;
    make_group(8, unlimited);
    struct asg_policy_config policy = tracking("cpu50", 50);
    policy.stabilisation_ms = 300000;
    put_policy(policy);
    for (int i = 0; i < 6; i++) {
        measure(8, 8, 20);
    }
    pass(3600000);
    measure(8, 8, 20);
    assert_int_equal(8, desired());
    measure(8, 8, 80);
    measure(8, 8, 80);
    pass(3600000);
    measure(8, 8, 80);
    assert_int_equal(8, desired());
    measure(8, 8, 80);
    measure(8, 8, 80);
    assert_int_equal(13, desired());
}

static uint32_t warming(void)
{
    struct asg_arena arena = {0};
    uint32_t count = group(&arena).warming;
    asg_arena_clear(&arena);
    return count;
}

static void test_a_policys_own_warm_up_counts(void **state)
{
    (void)state;
    make_group(2, unlimited); /* its own warm-up is 0 */
    struct asg_policy_config policy = tracking("cpu50", 50);
    policy.warmup_ms = 300000;
    put_policy(policy);
    assert_int_equal(2, warming());
    pass(300000);
    assert_int_equal(0, warming());
    for (int i = 0; i < 3; i++) {
        measure(2, 2, 80);
    }
    assert_int_equal(4, desired());
    assert_int_equal(2, warming());
    measure(2, 2, 100); /* of the two that are warm: 2 x 100 / 50 is no more than 4 */
    assert_int_equal(4, desired());
    pass(300000);
    assert_int_equal(0, warming());
}

static void set_warmup(int64_t warmup_ms)
{
    const struct asg_group_config config = {
        .name = "web", .warmup_ms = warmup_ms, .cooldown_ms = 300000};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &config,
                               .group_fields = UINT64_C(1) << ASG_GROUP_WARMUP |
                                               UINT64_C(1) << ASG_GROUP_COOLDOWN});
}

/* 45 s and not the cooldown's 300 s, where nobody says a warm-up. */
static void test_a_policy_may_say_the_warm_up_that_nobody_says(void **state)
{
    (void)state;
    make_group(2, unlimited);
    set_warmup(ASG_UNSET);
    struct asg_policy_config policy = tracking("cpu50", 50);
    policy.warmup_otherwise_ms = 45000;
    put_policy(policy);
    assert_int_equal(2, warming());
    pass(45000);
    assert_int_equal(0, warming());
    set_warmup(60000); /* what the group says is said */
    assert_int_equal(2, warming());
    pass(15000);
    assert_int_equal(0, warming());
    set_warmup(ASG_UNSET);
    policy.warmup_otherwise_ms = 0;
    put_policy(policy);
    assert_int_equal(2, warming());
    pass(240000);
    assert_int_equal(0, warming());
}

static void test_the_longest_warm_up_of_several_policies_counts(void **state)
{
    (void)state;
    make_group(2, unlimited);
    struct asg_policy_config slow = tracking("slow", 50);
    struct asg_policy_config fast = tracking("fast", 50);
    slow.warmup_ms = 300000;
    fast.warmup_ms = 60000;
    put_policy(slow);
    put_policy(fast);
    pass(60000);
    assert_int_equal(2, warming());
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_DELETE, .group = "web", .name = "slow"});
    assert_int_equal(0, warming());
    put_policy(slow);
    assert_int_equal(2, warming());
    slow.is_disabled = true;
    put_policy(slow);
    assert_int_equal(0, warming());
    save_and_load();
    assert_int_equal(0, warming());
}

static void test_max_limits_and_says_so(void **state)
{
    (void)state;
    struct asg_group_config config = unlimited;
    config.max = 6;
    make_group(4, config);
    put_policy(tracking("cpu50", 50));
    for (int i = 0; i < 3; i++) {
        measure(4, 4, 82);
    }
    assert_int_equal(6, desired());
    assert_non_null(
        strstr(w.said, "wants 7 (has 4)\nmax is 6: decide 6, scale out by 2"));
}

/* Two that track: in only when both say so, and then the larger capacity. */
static void test_tracking_scales_in_when_all_agree_to_the_larger(void **state)
{
    (void)state;
    make_group(8, unlimited);
    put_policy(tracking("a", 50)); /* 20 %: wants 4 */
    put_policy(tracking("b", 28)); /* 20 %: wants 6 */
    measure(8, 8, 20);
    assert_int_equal(6, desired());
    assert_int_equal(2, w.ended_count);
}

static void test_one_that_does_not_agree_keeps_all(void **state)
{
    (void)state;
    make_group(8, unlimited);
    put_policy(tracking("a", 50));
    put_policy(tracking("b", 21)); /* 20 % is within 0.9 of it */
    measure(8, 8, 20);
    assert_int_equal(8, desired());
    struct asg_policy_config mute = tracking("b", 21);
    mute.disable_scale_in = true; /* it has no vote */
    put_policy(mute);
    measure(8, 8, 20);
    assert_int_equal(4, desired());
}

/* A tracking policy between its thresholds does not keep a step policy from scaling in;
 * one that wants to keep more than the step does is heard all the same. */
static void test_a_step_in_keeps_what_tracking_wants_to_keep(void **state)
{
    (void)state;
    make_group(8, unlimited);
    put_policy(simple("in", ASG_COMPARISON_LESS, 30, -2));
    put_policy(tracking("none", 21)); /* 20 % is within 0.9 of it */
    measure(8, 8, 20);
    assert_int_equal(6, desired());
    set_desired(8);
    for (int i = 1; i <= w.instance_count; i++) {
        sign(i, ASG_SIGN_REPORTING);
    }
    put_policy(tracking("seven", 23)); /* wants 7 */
    pass(300000);                      /* the cooldown of "in" */
    measure(8, 8, 20);
    assert_int_equal(7, desired());
}

static void test_out_beats_in(void **state)
{
    (void)state;
    make_group(4, unlimited);
    put_policy(tracking("a", 90));                                   /* in */
    put_policy(simple("b", ASG_COMPARISON_GREATER_OR_EQUAL, 40, 1)); /* out */
    measure(4, 4, 45);
    assert_int_equal(5, desired());
}

static struct asg_policy_config exactly(const char *name, int64_t above, int64_t size)
{
    struct asg_policy_config config =
        simple(name, ASG_COMPARISON_GREATER_OR_EQUAL, above, size);
    config.adjustment_type = ASG_ADJUSTMENT_EXACT;
    return config;
}

/* The largest capacity that any wants, also when that is the one it has. */
static void test_one_that_rings_for_what_is_there_keeps_it(void **state)
{
    (void)state;
    make_group(4, unlimited);
    put_policy(tracking("a", 90)); /* in: 4 x 45 / 90 is 2 */
    put_policy(exactly("b", 40, 4));
    measure(4, 4, 45);
    assert_int_equal(4, desired());
    assert_non_null(strstr(w.said, "scale-in waits: policy b is in alarm and wants 4"));
    measure(4, 4, 39);
    assert_int_equal(2, desired());
}

/* What a policy asked for is on its way, and its alarm still rings: nobody scales in. */
static void test_one_that_rings_while_it_is_served_keeps_others_from_going_in(
    void **state)
{
    (void)state;
    make_group(4, unlimited);
    put_policy(tracking("a", 50));
    order((struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                               .group = "web",
                               .processes = UINT64_C(1) << ASG_PROCESS_LAUNCH});
    struct asg_policy_config down = simple("b", ASG_COMPARISON_GREATER_OR_EQUAL, 10, -1);
    down.kind = ASG_POLICY_STEP;
    struct asg_step step = STEP(0, 0, -1);
    down.steps = &step;
    down.step_count = 1;
    for (int i = 0; i < 3; i++) {
        measure(4, 4, 80);
    }
    assert_int_equal(7, desired());
    put_policy(down);
    measure(4, 4, 80); /* 7 as before: the three are not launched yet */
    assert_int_equal(7, desired());
    measure(4, 4, 50); /* it rings no more */
    assert_int_equal(6, desired());
}

/* An interlock holds a scale-in: desired goes down, and not up again while the metric
 * stays as it is. */
static void test_a_held_scale_in_moves_desired_one_way(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.drain_ms = 600000});
    struct asg_step step = {.has_upper = true, .adjustment = -10};
    struct asg_policy_config config = {.name = "in",
                                       .kind = ASG_POLICY_STEP,
                                       .comparison = ASG_COMPARISON_LESS,
                                       .has_threshold = true,
                                       .threshold_milli = 40000,
                                       .adjustment_type = ASG_ADJUSTMENT_PERCENT,
                                       .steps = &step,
                                       .step_count = 1,
                                       .cooldown_ms = ASG_UNSET,
                                       .warmup_ms = ASG_UNSET};
    put_policy(config);
    put_policy(simple("by two", ASG_COMPARISON_LESS, 40, -2));
    uint32_t before = desired();
    for (int i = 0; i < 60; i++) {
        measure(in_service(), in_service(), 20);
        assert_true(desired() <= before);
        before = desired();
    }
    assert_true(before < 20);
    assert_null(strstr(w.said, "scale out"));
}

/* Those that serve and are unhealthy are not measured, so a policy does not count them,
 * by its own alarm or executed by another. */
static void test_one_that_is_executed_counts_as_its_own_alarm_does(void **state)
{
    (void)state;
    make_group(10, unlimited);
    order(
        (struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                             .group = "web",
                             .processes = UINT64_C(1) << ASG_PROCESS_REPLACE_UNHEALTHY});
    for (int i = 1; i <= 5; i++) {
        show(i, (struct asg_seen_instance){.state = ASG_EC2_STOPPED});
    }
    struct asg_step step = {.has_lower = true, .adjustment = 100};
    struct asg_policy_config config = {.name = "out",
                                       .kind = ASG_POLICY_STEP,
                                       .comparison = ASG_COMPARISON_GREATER,
                                       .has_threshold = true,
                                       .threshold_milli = 40000,
                                       .adjustment_type = ASG_ADJUSTMENT_PERCENT,
                                       .steps = &step,
                                       .step_count = 1,
                                       .cooldown_ms = ASG_UNSET,
                                       .warmup_ms = ASG_UNSET};
    put_policy(config);
    measure(5, 5, 80);
    assert_int_equal(10, desired()); /* twice five */
    order((struct asg_command){.kind = ASG_COMMAND_EXECUTE_POLICY,
                               .group = "web",
                               .name = "out",
                               .has_metric_value = true,
                               .metric_value_milli = 80000,
                               .breach_threshold_milli = 40000});
    assert_int_equal(10, desired());
}

static void test_a_disabled_policy_is_not_executed(void **state)
{
    (void)state;
    make_group(4, unlimited);
    struct asg_policy_config config = simple("up", ASG_COMPARISON_GREATER, 70, 1);
    config.is_disabled = true;
    put_policy(config);
    order((struct asg_command){
        .kind = ASG_COMMAND_EXECUTE_POLICY, .group = "web", .name = "up"});
    assert_int_equal(4, desired());
    assert_non_null(
        strstr(w.said, "policy up of group web is disabled; enable it first"));
    assert_null(strstr(w.said, "--")); /* who asks may have no command line */
}

static void execute(const char *name, int64_t value_milli)
{
    w.said[0] = '\0';
    order((struct asg_command){.kind = ASG_COMMAND_EXECUTE_POLICY,
                               .group = "web",
                               .name = name,
                               .has_metric_value = true,
                               .metric_value_milli = value_milli,
                               .breach_threshold_milli = 50000});
}

static void expect_stay(const char *name, uint32_t stays, const char *why)
{
    char line[512];
    (void)snprintf(line, sizeof line, "test executed policy %s: desired stays %u: %s",
                   name, stays, why);
    assert_int_equal(stays, desired());
    if (strstr(w.said, line) == NULL) fail_msg("no '%s' in: %s", line, w.said);
    if (strstr(w.reply, why) == NULL) fail_msg("no '%s' in: %s", why, w.reply);
}

/* An order that changes nothing is told of, with the reason. */
static void test_one_that_is_executed_in_vain_says_why(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){.max = 6});
    w.launch_state = ASG_EC2_PENDING;
    struct asg_step steps[] = {{.has_lower = true, .adjustment = 1},
                               {.has_upper = true, .adjustment = -1}};
    struct asg_policy_config config = {.name = "step",
                                       .kind = ASG_POLICY_STEP,
                                       .comparison = ASG_COMPARISON_GREATER,
                                       .adjustment_type = ASG_ADJUSTMENT_CHANGE,
                                       .steps = steps,
                                       .step_count = 2,
                                       .cooldown_ms = ASG_UNSET,
                                       .warmup_ms = ASG_UNSET};
    put_policy(config);
    execute("step", 60000);
    assert_int_equal(5, desired());
    assert_null(strstr(w.said, "stays"));
    execute("step", 60000);
    expect_stay("step", 5, "step of +1 wants no more than 5 (warm: 4, warming up: 1)");
    execute("step", 40000);
    expect_stay("step", 5,
                "step of -1 waits until no instance is warming up (warming up: 1)");
    config.name = "high";
    config.step_count = 1;
    put_policy(config);
    execute("high", 40000);
    expect_stay("high", 5, "no step matches cpu mean 40 % with the threshold 50 %");
    struct asg_policy_config more = simple("more", ASG_COMPARISON_GREATER, 70, 1);
    put_policy(more);
    execute("more", 60000);
    assert_int_equal(6, desired());
    execute("more", 60000);
    expect_stay("more", 6, "");
    assert_non_null(strstr(w.said, "wants 7 (has 6); max is 6"));
    struct asg_policy_config same = simple("same", ASG_COMPARISON_GREATER, 70, 6);
    same.adjustment_type = ASG_ADJUSTMENT_EXACT;
    put_policy(same);
    execute("same", 60000);
    expect_stay("same", 6, "its adjustment wants 6");
}

/* It looks at what runs: a launch, a drain, and a termination that has no drain. */
static void test_a_simple_policy_waits_for_a_termination(void **state)
{
    (void)state;
    make_group(6, unlimited);
    struct asg_policy_config config = simple("down", ASG_COMPARISON_LESS, 40, -1);
    config.cooldown_ms = 0;
    put_policy(config);
    w.terminate_outcome = ASG_OUTCOME_THROTTLED; /* asked again later */
    measure(6, 6, 20);
    assert_int_equal(5, desired());
    measure(5, 5, 20);
    assert_int_equal(5, desired());
    w.terminate_outcome = ASG_OUTCOME_OK;
    for (int i = 0; i < 60 && w.ended_count == 0; i++) {
        pass(1000);
    }
    assert_int_equal(1, w.ended_count);
    measure(5, 5, 20);
    assert_int_equal(4, desired());
}

static void test_an_incomplete_picture_scales_out_but_never_in(void **state)
{
    (void)state;
    make_group(4, unlimited);
    put_policy(tracking("a", 50));
    measure(3, 4, 10);
    assert_int_equal(4, desired());
    for (int i = 0; i < 3; i++) {
        measure(3, 4, 100);
    }
    assert_int_equal(8, desired());
}

static void test_numbers_of_another_membership_decide_nothing(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_policy(tracking("a", 50));
    w.revision--;
    for (int i = 0; i < 5; i++) {
        measure(2, 2, 100);
    }
    assert_int_equal(2, desired());
}

/* The worked example of step scaling: 10, 11, 14, 13, 10. */
static void test_steps_follow_the_worked_example(void **state)
{
    (void)state;
    make_group(10, unlimited);
    struct asg_step out[] = {STEP(0, 10, 0), STEP(10, 20, 10), STEP(20, 0, 30)};
    struct asg_step in[] = {
        {.has_lower = true, .lower_milli = -10000, .has_upper = true, .adjustment = 0},
        {.has_lower = true,
         .lower_milli = -20000,
         .has_upper = true,
         .upper_milli = -10000,
         .adjustment = -10},
        {.has_upper = true, .upper_milli = -20000, .adjustment = -30}};
    struct asg_policy_config high = {.name = "high",
                                     .kind = ASG_POLICY_STEP,
                                     .comparison = ASG_COMPARISON_GREATER_OR_EQUAL,
                                     .has_threshold = true,
                                     .threshold_milli = 50000,
                                     .adjustment_type = ASG_ADJUSTMENT_PERCENT,
                                     .steps = out,
                                     .step_count = 3,
                                     .cooldown_ms = ASG_UNSET,
                                     .warmup_ms = ASG_UNSET};
    struct asg_policy_config low = high;
    low.name = "low";
    low.comparison = ASG_COMPARISON_LESS_OR_EQUAL;
    low.threshold_milli = 40000;
    low.steps = in;
    put_policy(high);
    put_policy(low);
    static const struct {
        int64_t percent;
        uint32_t desired;
    } rows[] = {{55, 10}, {60, 11}, {75, 14}, {27, 13}, {15, 10}};
    uint32_t members = 10;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        measure(members, members, rows[i].percent);
        assert_int_equal(rows[i].desired, desired());
        members = rows[i].desired;
        assert_int_equal(members, in_service());
    }
}

/* The student project's rule: one more at 70 % or above, one less under 19 %. */
static void test_the_students_rule_keeps_between_two_and_five(void **state)
{
    (void)state;
    struct asg_group_config config = unlimited;
    config.min = 2;
    config.max = 5;
    config.cooldown_ms = 0;
    make_group(2, config);
    struct asg_policy_config high =
        simple("high", ASG_COMPARISON_GREATER_OR_EQUAL, 70, 1);
    high.statistic = ASG_STATISTIC_HIGHEST;
    struct asg_policy_config low = simple("low", ASG_COMPARISON_LESS, 19, -1);
    low.statistic = ASG_STATISTIC_LOWEST;
    put_policy(high);
    put_policy(low);
    for (uint32_t n = 2; n < 9; n++) {
        uint32_t members = n < 5 ? n : 5;
        measure(members, members, 70);
        assert_int_equal(n < 4 ? n + 1 : 5, desired());
    }
    measure(5, 5, 19);
    assert_int_equal(5, desired());
    for (uint32_t n = 5; n > 0; n--) {
        uint32_t members = n > 2 ? n : 2;
        measure(members, members, 18);
        assert_int_equal(n > 3 ? n - 1 : 2, desired());
    }
}

static void test_a_cooldown_begins_when_the_launch_is_done(void **state)
{
    (void)state;
    struct asg_group_config config = unlimited;
    config.cooldown_ms = 300000;
    make_group(2, config);
    struct asg_policy_config policy =
        simple("up", ASG_COMPARISON_GREATER_OR_EQUAL, 70, 1);
    policy.cooldown_ms = 30000; /* its own, not the group's */
    put_policy(policy);
    w.is_slow = true;
    measure(2, 2, 80);
    assert_int_equal(3, desired());
    pass(120000); /* longer than the cooldown, and still launching */
    measure(2, 2, 80);
    assert_int_equal(3, desired());
    answer_launches();
    assert_int_equal(3, in_service());
    measure(3, 3, 80);
    pass(27000);
    measure(3, 3, 80);
    assert_int_equal(3, desired());
    measure(3, 3, 80); /* 30 s after it was done */
    assert_int_equal(4, desired());
}

static void test_a_cooldown_holds_back_no_order_and_no_replacement(void **state)
{
    (void)state;
    struct asg_group_config config = unlimited;
    config.cooldown_ms = 300000;
    make_group(2, config);
    put_policy(simple("up", ASG_COMPARISON_GREATER_OR_EQUAL, 70, 1));
    measure(2, 2, 80);
    assert_int_equal(3, desired());
    sign(3, ASG_SIGN_REPORTING);
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED);
    assert_true(was_ended(1));
    set_desired(5);
    assert_int_equal(5, in_service());
    order((struct asg_command){.kind = ASG_COMMAND_SET_DESIRED,
                               .group = "web",
                               .desired = 6,
                               .honor_cooldown = true});
    assert_int_equal(5, desired());
}

/* Who works stays when what is launching will do (5.6, step 0). */
static void test_launches_under_way_go_before_those_that_serve(void **state)
{
    (void)state;
    make_group(2, unlimited);
    w.launch_state = ASG_EC2_PENDING;
    set_desired(6);
    assert_int_equal(6, w.instance_count);
    set_desired(3);
    assert_int_equal(3, w.ended_count);
    assert_true(was_ended(6) && was_ended(5) && was_ended(4)); /* the newest */
    assert_int_equal(2, in_service());
}

static void test_a_launch_ec2_is_being_asked_for_goes_when_it_arrives(void **state)
{
    (void)state;
    make_group(2, unlimited);
    w.is_slow = true;
    set_desired(6);
    set_desired(2);
    pass(1000);
    assert_int_equal(0, w.ended_count);
    assert_non_null(strstr(w.said, "scale-in waits for launches under way"));
    w.launch_state = ASG_EC2_PENDING;
    answer_launches();
    assert_int_equal(4, w.ended_count);
    assert_false(was_ended(1) || was_ended(2));
    assert_int_equal(2, in_service());
}

static void test_a_launch_nobody_made_is_given_up(void **state)
{
    (void)state;
    make_group(2, unlimited);
    w.launch_outcome = ASG_OUTCOME_THROTTLED;
    set_desired(6);
    set_desired(2);
    assert_non_null(strstr(w.said, "abandoned: no longer wanted"));
    w.launch_outcome = ASG_OUTCOME_OK;
    for (int i = 0; i < 60; i++) {
        pass(10000);
    }
    assert_int_equal(2, w.instance_count); /* nothing more was launched, nothing ended */
    assert_int_equal(0, w.ended_count);
}

/* The one that refused was the second that had it: what the first asked for may still
 * come, and find its place filled. */
static void test_a_launch_that_may_come_late_is_not_given_up(void **state)
{
    (void)state;
    make_group(2, unlimited);
    w.launch_outcome = ASG_OUTCOME_THROTTLED;
    w.launch_deliveries = 2;
    set_desired(6);
    set_desired(2);
    assert_null(strstr(w.said, "abandoned: "));
    assert_non_null(strstr(w.said, "scale-in waits for launches under way"));
    w.launch_deliveries = 1;
    for (int i = 0; i < 29; i++) {
        pass(10000);
    }
    assert_null(strstr(w.said, "abandoned: "));
    for (int i = 0; i < 30; i++) {
        pass(10000);
    }
    assert_non_null(strstr(w.said, "abandoned: no longer wanted"));
    assert_int_equal(2, w.instance_count);
}

static void test_zones_stay_level_out_and_in(void **state)
{
    (void)state;
    struct asg_subnet subnets[] = {
        {"s-1", "us-east-1a"}, {"s-2", "us-east-1b"}, {"s-3", "us-east-1c"}};
    struct asg_group_config config = unlimited;
    config.subnets = subnets;
    config.subnet_count = 3;
    make_group(7, config);
    set_desired(4);
    struct asg_arena arena = {0};
    struct asg_instance_view *views = NULL;
    size_t count = 0;
    asg_core_view_instances(w.core, "web", &arena, &views, &count);
    int in_zone[3] = {0};
    for (size_t i = 0; i < count; i++) {
        if (views[i].state == ASG_INSTANCE_IN_SERVICE) in_zone[views[i].zone[9] - 'a']++;
    }
    for (int i = 0; i < 3; i++) {
        assert_true(in_zone[i] == 1 || in_zone[i] == 2);
    }
    asg_arena_clear(&arena);
}

/* At run time min and max first, then desired; without it desired is pulled in (5.5). */
static void test_a_scheduled_action_moves_the_range_and_desired(void **state)
{
    (void)state;
    make_group(2, unlimited);
    struct asg_schedule_config action = {.group = "web",
                                         .name = "morning",
                                         .min = 4,
                                         .max = 9,
                                         .desired = ASG_UNSET,
                                         .start_ms = w.now_ms + 60000,
                                         .recurrence = "",
                                         .time_zone = "UTC"};
    order((struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_PUT, .group = "web", .schedule_config = &action});
    pass(59000);
    assert_int_equal(2, desired());
    pass(1000);
    assert_int_equal(4, desired());
    struct asg_arena arena = {0};
    assert_int_equal(9, group(&arena).config->max);
    asg_arena_clear(&arena);
}

static void test_a_suspended_scheduled_action_is_not_made_up(void **state)
{
    (void)state;
    make_group(2, unlimited);
    struct asg_schedule_config action = {.group = "web",
                                         .name = "noon",
                                         .min = ASG_UNSET,
                                         .max = ASG_UNSET,
                                         .desired = 5,
                                         .start_ms = w.now_ms + 60000,
                                         .recurrence = "",
                                         .time_zone = "UTC"};
    order((struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_PUT, .group = "web", .schedule_config = &action});
    const uint64_t bit = UINT64_C(1) << ASG_PROCESS_SCHEDULED_ACTIONS;
    order((struct asg_command){
        .kind = ASG_COMMAND_SUSPEND, .group = "web", .processes = bit});
    pass(120000);
    order((struct asg_command){
        .kind = ASG_COMMAND_RESUME, .group = "web", .processes = bit});
    pass(120000);
    assert_int_equal(2, desired());
}

/* "Policies not run; on resume alarms still ringing are acted on": still, not of old. */
static void test_on_resume_policies_go_by_what_they_saw_meanwhile(void **state)
{
    (void)state;
    const uint64_t bit = UINT64_C(1) << ASG_PROCESS_ALARM_NOTIFICATION;
    const struct asg_command suspend = {
        .kind = ASG_COMMAND_SUSPEND, .group = "web", .processes = bit};
    const struct asg_command resume = {
        .kind = ASG_COMMAND_RESUME, .group = "web", .processes = bit};
    make_group(2, unlimited);
    put_policy(tracking("cpu50", 50));
    measure(2, 2, 80);
    measure(2, 2, 80);
    order(suspend);
    measure(2, 2, 80); /* it rings, and nobody acts */
    measure(2, 2, 48); /* it is over */
    order(resume);
    measure(2, 2, 80);
    assert_int_equal(2, desired());
    order(suspend);
    measure(2, 2, 80);
    measure(2, 2, 80);
    assert_int_equal(2, desired());
    order(resume);
    measure(2, 2, 80); /* still ringing */
    assert_int_equal(4, desired());
}

/* Added to the time of day it would be a moment long ago: no cooldown at all. */
static void test_a_cooldown_without_end_is_refused(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    const int64_t bad_ms[] = {INT64_MAX, INT64_C(1000) * INT32_MAX + 1, ASG_UNSET - 1};
    for (size_t i = 0; i < 2 * sizeof bad_ms / sizeof bad_ms[0]; i++) {
        struct asg_policy_config policy = {.group = "web",
                                           .name = "p",
                                           .kind = ASG_POLICY_SIMPLE,
                                           .periods = 1,
                                           .adjustment = 1,
                                           .cooldown_ms = ASG_UNSET,
                                           .warmup_ms = ASG_UNSET};
        *(i % 2 == 0 ? &policy.cooldown_ms : &policy.warmup_ms) = bad_ms[i / 2];
        const struct asg_command put = {
            .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &policy};
        order(put);
        assert_false(w.is_ok);
        assert_non_null(strstr(w.reply, "cooldown and warm-up of policy p must be"));
        *(i % 2 == 0 ? &policy.cooldown_ms : &policy.warmup_ms) =
            INT64_C(1000) * INT32_MAX;
        order(put);
        assert_true(w.is_ok);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_tracking_scales_out_in_the_third_period),
        TEST(test_time_that_nobody_measured_counts_for_nothing),
        TEST(test_a_policys_own_warm_up_counts),
        TEST(test_a_policy_may_say_the_warm_up_that_nobody_says),
        TEST(test_the_longest_warm_up_of_several_policies_counts),
        TEST(test_max_limits_and_says_so),
        TEST(test_tracking_scales_in_when_all_agree_to_the_larger),
        TEST(test_one_that_does_not_agree_keeps_all),
        TEST(test_a_step_in_keeps_what_tracking_wants_to_keep),
        TEST(test_out_beats_in),
        TEST(test_a_held_scale_in_moves_desired_one_way),
        TEST(test_one_that_is_executed_counts_as_its_own_alarm_does),
        TEST(test_a_disabled_policy_is_not_executed),
        TEST(test_one_that_is_executed_in_vain_says_why),
        TEST(test_a_simple_policy_waits_for_a_termination),
        TEST(test_one_that_rings_for_what_is_there_keeps_it),
        TEST(test_one_that_rings_while_it_is_served_keeps_others_from_going_in),
        TEST(test_an_incomplete_picture_scales_out_but_never_in),
        TEST(test_numbers_of_another_membership_decide_nothing),
        TEST(test_steps_follow_the_worked_example),
        TEST(test_the_students_rule_keeps_between_two_and_five),
        TEST(test_a_cooldown_begins_when_the_launch_is_done),
        TEST(test_a_cooldown_holds_back_no_order_and_no_replacement),
        TEST(test_launches_under_way_go_before_those_that_serve),
        TEST(test_a_launch_ec2_is_being_asked_for_goes_when_it_arrives),
        TEST(test_a_launch_nobody_made_is_given_up),
        TEST(test_a_launch_that_may_come_late_is_not_given_up),
        TEST(test_zones_stay_level_out_and_in),
        TEST(test_a_scheduled_action_moves_the_range_and_desired),
        TEST(test_a_suspended_scheduled_action_is_not_made_up),
        TEST(test_on_resume_policies_go_by_what_they_saw_meanwhile),
        TEST(test_a_cooldown_without_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
