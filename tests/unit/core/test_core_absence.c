/* test_core_absence - a controller that was away: what time alone would have decided
 * meanwhile is held against nobody, and old signs are not believed (docs/reliability.md,
 * "After an absence"). */
#include "unit/core/core_world.h"

#define AWAY_MS INT64_C(3600000)
#define TIMEOUT INT64_C(600000)
#define CALM_MS INT64_C(63000) /* of picture_ms(): 60 s and three periods of 1 s */

static void lead_again(int64_t away_ms)
{
    static uint64_t epoch = 1;
    w.now_ms += away_ms;
    order((struct asg_command){
        .kind = ASG_COMMAND_LEAD, .rules = asg_core_newest_rules(), .epoch = ++epoch});
}

static void make_pending(uint32_t desired)
{
    w.launch_state = ASG_EC2_PENDING;
    make_group(0, (struct asg_group_config){.health_check = ASG_HEALTH_CHECK_AGENT,
                                            .launch_timeout_ms = TIMEOUT});
    set_desired(desired);
    assert_int_equal((int)desired, w.instance_count);
}

static void test_a_launch_is_not_late_because_nobody_led(void **state)
{
    (void)state;
    make_pending(1);
    pass(1000);
    lead_again(AWAY_MS);
    pass(1000);
    assert_int_equal(0, w.ended_count);
    sign(1, ASG_SIGN_REPORTING);
    pass(TIMEOUT);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(1, in_service());
}

static void test_what_was_left_of_its_time_is_left_afterwards(void **state)
{
    (void)state;
    make_pending(1);
    pass(1000);
    lead_again(AWAY_MS);
    pass(TIMEOUT - 1001);
    assert_int_equal(0, w.ended_count);
    pass(1);
    assert_true(was_ended(1));
}

static void test_with_nothing_left_it_has_time_to_show_itself(void **state)
{
    (void)state;
    make_pending(1);
    pass(TIMEOUT - 1);
    lead_again(AWAY_MS);
    pass(CALM_MS - 1);
    assert_int_equal(0, w.ended_count);
    pass(1);
    assert_true(was_ended(1));
}

static void test_many_absences_add_up(void **state)
{
    (void)state;
    make_pending(1);
    for (int i = 0; i < 5; i++) {
        pass(60000);
        lead_again(AWAY_MS);
    }
    pass(TIMEOUT - 5 * 60000 - 1);
    assert_int_equal(0, w.ended_count);
    pass(1);
    assert_true(was_ended(1));
}

static void test_a_launch_of_this_reign_has_its_own_time_only(void **state)
{
    (void)state;
    make_pending(0);
    lead_again(AWAY_MS);
    set_desired(1);
    pass(TIMEOUT);
    assert_true(was_ended(1));
}

static void test_a_grace_period_does_not_pass_while_nobody_leads(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.health_grace_ms = 600000});
    pass(1000);
    lead_again(AWAY_MS);
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED);
    assert_int_equal(0, w.ended_count);
    pass(598999);
    assert_int_equal(0, w.ended_count);
    pass(1);
    assert_true(was_ended(1));
}

static void lead_with_one_silent(void)
{
    make_group(6, (struct asg_group_config){0});
    pass(1000);
    lead_again(AWAY_MS);
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED);
}

/* The first that are silent may be the first of many: it takes some reports' time until
 * all have been told of. */
static void test_the_first_silent_wait_until_all_can_have_been_told_of(void **state)
{
    (void)state;
    lead_with_one_silent();
    pass(30000);
    assert_int_equal(0, w.ended_count);
    for (int i = 2; i <= 4; i++) {
        sign(i, ASG_SIGN_SILENT);
    }
    assert_non_null(strstr(w.said, "mass-silence"));
    pass(600000);
    assert_int_equal(0, w.ended_count);
}

static void test_one_silent_is_replaced_when_the_picture_is_whole(void **state)
{
    (void)state;
    lead_with_one_silent();
    pass(CALM_MS - 1);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(w.now_ms + 1, asg_core_next_deadline(w.core));
    pass(1);
    assert_true(was_ended(1));
}

static void test_signs_from_before_are_not_believed(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.health_grace_ms = 60000});
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED);
    show(2, (struct asg_seen_instance){.state = ASG_EC2_RUNNING, .is_impaired = true});
    assert_int_equal(0, w.ended_count);
    lead_again(AWAY_MS);
    pass(60000);
    pass(AWAY_MS);
    assert_int_equal(0, w.ended_count);
    /* Seen again, they are. */
    show(2, (struct asg_seen_instance){.state = ASG_EC2_RUNNING, .is_impaired = true});
    assert_true(was_ended(2));
}

static void test_silence_that_was_a_partition_is_one_until_all_can_have_spoken(
    void **state)
{
    (void)state;
    make_group(9, (struct asg_group_config){.terminating_percent = 100,
                                            .terminated_percent = 100,
                                            .unhealthy_percent = 100});
    for (int i = 1; i <= 4; i++) {
        sign(i, ASG_SIGN_SILENT);
    }
    assert_non_null(strstr(w.said, "alarm mass-silence"));
    lead_again(AWAY_MS);
    pass(30000);
    sign(1, ASG_SIGN_SILENT); /* told one by one for once */
    sign(1, ASG_SIGN_PROBE_FAILED);
    assert_int_equal(0, w.ended_count);
    pass(CALM_MS - 30001);
    assert_null(strstr(w.said, "over: mass-silence"));
    pass(1);
    assert_non_null(strstr(w.said, "over: mass-silence"));
}

static void test_scale_in_waits_until_every_agent_has_reported_anew(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){.health_check = ASG_HEALTH_CHECK_AGENT,
                                            .terminating_percent = 100,
                                            .terminated_percent = 100});
    const struct asg_policy_config in = {.group = "web",
                                         .name = "in",
                                         .kind = ASG_POLICY_SIMPLE,
                                         .comparison = ASG_COMPARISON_LESS,
                                         .has_threshold = true,
                                         .threshold_milli = 20000,
                                         .periods = 1,
                                         .adjustment = -1,
                                         .cooldown_ms = 0,
                                         .warmup_ms = ASG_UNSET};
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &in});
    pass(CALM_MS);
    lead_again(AWAY_MS);
    for (int i = 1; i <= 3; i++) {
        sign(i, ASG_SIGN_REPORTING);
    }
    measure(4, 4, 5);
    assert_int_equal(3, desired());
    assert_int_equal(0, w.ended_count);
    assert_non_null(strstr(w.said, "not every agent has reported since the start"));
    sign(4, ASG_SIGN_REPORTING);
    assert_int_equal(1, w.ended_count);
}

static void test_an_orphan_keeps_its_quarter_of_an_hour(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    struct asg_seen_instance seen = an_orphan("i-lost", BEGAN_MS - AWAY_MS);
    const struct asg_observed observed = {
        .is_complete = true, .instances = &seen, .instance_count = 1};
    const struct asg_event look = {.kind = ASG_EVENT_OBSERVED, .observed = &observed};
    step(look);
    pass(1000);
    lead_again(AWAY_MS);
    step(look);
    assert_null(strstr(w.said, "terminates it"));
    w.now_ms += 899000;
    step(look);
    assert_non_null(strstr(w.said, "terminates it"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_launch_is_not_late_because_nobody_led),
        TEST(test_what_was_left_of_its_time_is_left_afterwards),
        TEST(test_with_nothing_left_it_has_time_to_show_itself),
        TEST(test_many_absences_add_up),
        TEST(test_a_launch_of_this_reign_has_its_own_time_only),
        TEST(test_a_grace_period_does_not_pass_while_nobody_leads),
        TEST(test_the_first_silent_wait_until_all_can_have_been_told_of),
        TEST(test_one_silent_is_replaced_when_the_picture_is_whole),
        TEST(test_signs_from_before_are_not_believed),
        TEST(test_silence_that_was_a_partition_is_one_until_all_can_have_spoken),
        TEST(test_scale_in_waits_until_every_agent_has_reported_anew),
        TEST(test_an_orphan_keeps_its_quarter_of_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
