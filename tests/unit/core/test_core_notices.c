/* test_core_notices - what a group does when EC2 announces that it takes an instance. */
#include "unit/core/core_world.h"

static void notice(int number, enum asg_sign which, int64_t in_ms)
{
    char id[20];
    (void)snprintf(id, sizeof id, "i-%d", number);
    struct asg_health_sign row = {
        .instance_id = id, .sign = which, .detail = "", .at_ms = w.now_ms + in_ms};
    const struct asg_health health = {.signs = &row, .sign_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_HEALTH, .health = &health});
}

static void see_event(int number, const char *code, int64_t in_ms)
{
    show(number, (struct asg_seen_instance){.state = ASG_EC2_RUNNING,
                                            .event_code = code,
                                            .event_ms = w.now_ms + in_ms});
}

static void test_what_ec2_takes_back_is_replaced_at_once(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){.max = 10});
    notice(2, ASG_SIGN_SPOT_INTERRUPTION, 120000);
    assert_true(was_ended(2));
    assert_int_equal(1, w.ended_count);
    assert_int_equal(4, w.instance_count);
    assert_int_equal(3, in_service());
    assert_non_null(
        strstr(w.said, "i-2 will be reclaimed by EC2 in 2 min: Spot interruption"));
    assert_non_null(
        strstr(w.said, "terminating i-2: Spot interruption: EC2 reclaims it"));
    notice(2, ASG_SIGN_SPOT_INTERRUPTION, 115000); /* said again, it is gone */
    assert_int_equal(4, w.instance_count);
}

static void test_it_drains_for_the_time_that_is_left(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.max = 10, .drain_ms = 600000});
    sign(1, ASG_SIGN_REPORTING);
    notice(1, ASG_SIGN_SPOT_INTERRUPTION, 60000);
    assert_int_equal(3, w.instance_count); /* the new one does not wait for that */
    assert_non_null(strstr(w.said, "i-1: draining first, for up to 55 s"));
    assert_false(was_ended(1));
    pass(54999);
    assert_false(was_ended(1));
    pass(1);
    assert_true(was_ended(1));
    assert_non_null(strstr(w.said, "i-1: its drain timed out"));
    notice(2, ASG_SIGN_SPOT_INTERRUPTION, 4000); /* no time for a drain */
    assert_true(was_ended(2));
}

static void test_no_interlock_keeps_what_ec2_takes(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.max = 100,
                                             .terminating_percent = 5,
                                             .terminated_percent = 5,
                                             .unhealthy_percent = 5});
    for (int i = 1; i <= 20; i++) {
        notice(i, ASG_SIGN_SPOT_INTERRUPTION, 120000);
    }
    assert_int_equal(20, w.ended_count);
    assert_int_equal(40, w.instance_count);
    assert_int_equal(20, in_service());
}

static void test_a_halted_group_stands_still_all_the_same(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.max = 10});
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    notice(1, ASG_SIGN_SPOT_INTERRUPTION, 120000);
    assert_int_equal(0, w.ended_count);
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    assert_true(was_ended(1));
    assert_int_equal(3, w.instance_count);
}

static void test_a_recommendation_alone_changes_nothing(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.max = 10});
    notice(1, ASG_SIGN_REBALANCE, 0);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(2, w.instance_count);
    assert_non_null(
        strstr(w.said, "kept, since capacity rebalancing is off for the group"));
}

static void test_rebalance_launches_before_it_ends(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){.max = 10,
                                            .capacity_rebalance = true,
                                            .terminating_percent = 100,
                                            .terminated_percent = 100});
    w.launch_state = ASG_EC2_PENDING;
    notice(3, ASG_SIGN_REBALANCE, 0);
    assert_int_equal(5, w.instance_count);
    assert_int_equal(0, w.ended_count); /* the new one is not in service yet */
    assert_int_equal(4, in_service());
    struct asg_seen_instance seen = {.instance_id = "i-5",
                                     .state = ASG_EC2_RUNNING,
                                     .instance_type = "",
                                     .subnet_id = "",
                                     .zone = "us-east-1a",
                                     .private_ip = "",
                                     .group = "web",
                                     .client_token = ""};
    const struct asg_observed observed = {.instances = &seen, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    assert_true(was_ended(3)); /* it and no other */
    assert_int_equal(1, w.ended_count);
    assert_int_equal(4, in_service());
    assert_int_equal(5, w.instance_count);
}

/* An order is never paced: those at risk are above its D like anybody else. */
static void test_an_order_below_desired_ends_those_at_risk_at_once(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){
                       .max = 40, .capacity_rebalance = true, .unhealthy_percent = 100});
    w.is_slow = true;
    for (int i = 1; i <= 10; i++) {
        notice(i, ASG_SIGN_REBALANCE, 0);
    }
    assert_int_equal(20, in_service());
    set_desired(10);
    assert_int_equal(10, in_service());
    assert_int_equal(10, w.ended_count);
    for (int i = 1; i <= 10; i++) {
        assert_true(was_ended(i));
    }
}

/* Nor does a halt make a replacement of what was ordered, and protection holds. */
static void test_such_an_order_outlasts_a_halt_and_leaves_the_protected(void **state)
{
    (void)state;
    make_group(10, (struct asg_group_config){
                       .max = 20, .capacity_rebalance = true, .unhealthy_percent = 100});
    w.is_slow = true;
    for (int i = 1; i <= 6; i++) {
        notice(i, ASG_SIGN_REBALANCE, 0);
    }
    const char *kept = "i-1";
    order((struct asg_command){.kind = ASG_COMMAND_PROTECT_INSTANCES,
                               .instance_ids = {&kept, 1},
                               .is_protected = true});
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    set_desired(5);
    pass(60000);
    assert_int_equal(0, w.ended_count);
    save_and_load();
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    assert_int_equal(5, w.ended_count);
    assert_int_equal(5, in_service());
    for (int i = 2; i <= 6; i++) {
        assert_true(was_ended(i));
    }
}

static void test_rebalance_never_goes_above_max(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){.max = 4, .capacity_rebalance = true});
    notice(3, ASG_SIGN_REBALANCE, 0);
    assert_int_equal(4, w.instance_count);
    assert_int_equal(0, w.ended_count);
    notice(3, ASG_SIGN_SPOT_INTERRUPTION, 120000); /* then it is a fact */
    assert_true(was_ended(3));
    assert_int_equal(5, w.instance_count);
    assert_int_equal(4, in_service());
}

static void test_a_scheduled_retirement_is_replaced_and_a_reboot_is_told(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){.max = 10});
    see_event(1, "system-reboot", 86400000);
    assert_int_equal(0, w.ended_count);
    assert_non_null(strstr(w.said, "i-1: EC2 has scheduled system-reboot in "));
    see_event(1, "", 0);
    assert_non_null(strstr(w.said, "i-1: EC2 has cancelled system-reboot"));
    see_event(2, "instance-retirement", 86400000);
    assert_true(was_ended(2));
    assert_non_null(strstr(w.said, "terminating i-2: EC2 has scheduled its retirement"));
    assert_int_equal(3, in_service());
}

static void test_notices_are_saved_with_the_state(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.max = 10});
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    notice(1, ASG_SIGN_SPOT_INTERRUPTION, 120000);
    see_event(2, "instance-reboot", 1000);
    save_and_load();
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    assert_true(was_ended(1));
}

static int begin_spot(void **state)
{
    int failures = begin(state);
    w.is_spot = true;
    return failures;
}

/* Its agent lies, or its metadata does. */
static void test_a_notice_of_spot_moves_nobody_who_is_on_demand(void **state)
{
    (void)state;
    w.is_spot = false;
    make_group(3, (struct asg_group_config){.max = 10, .capacity_rebalance = true});
    notice(2, ASG_SIGN_SPOT_INTERRUPTION, 120000);
    notice(2, ASG_SIGN_REBALANCE, 0);
    pass(300000);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(3, w.instance_count);
    expect_alarms(1, "web: i-2 is on demand but reports a Spot notice");
    assert_int_equal(1, alarms_of(ASG_ALARM_NOTICE));
    const char *alarm = strstr(w.said, "alarm notice: i-2 is on demand");
    assert_non_null(alarm);
    assert_null(strstr(alarm + 1, "alarm notice")); /* said once */
    save_and_load();
    expect_alarms(1, "i-2");
    notice(2, ASG_SIGN_SPOT_INTERRUPTION, 120000);
    assert_int_equal(0, w.ended_count);
    show(2, (struct asg_seen_instance){.state = ASG_EC2_TERMINATED});
    assert_non_null(strstr(w.said, "over: notice: i-2 is gone"));
    expect_alarms(0, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_spot, end)
    const struct CMUnitTest tests[] = {
        TEST(test_what_ec2_takes_back_is_replaced_at_once),
        TEST(test_it_drains_for_the_time_that_is_left),
        TEST(test_no_interlock_keeps_what_ec2_takes),
        TEST(test_a_halted_group_stands_still_all_the_same),
        TEST(test_a_recommendation_alone_changes_nothing),
        TEST(test_rebalance_launches_before_it_ends),
        TEST(test_rebalance_never_goes_above_max),
        TEST(test_an_order_below_desired_ends_those_at_risk_at_once),
        TEST(test_such_an_order_outlasts_a_halt_and_leaves_the_protected),
        TEST(test_a_scheduled_retirement_is_replaced_and_a_reboot_is_told),
        TEST(test_notices_are_saved_with_the_state),
        TEST(test_a_notice_of_spot_moves_nobody_who_is_on_demand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
