/* test_core_standby - instances leave service on order and come back (docs/rules.md,
 * "Standby"), and what TerminateInstanceInAutoScalingGroup makes of one. */
#include "unit/core/moved_world.h"

static void enter(int first, size_t count, bool decrement)
{
    move(ASG_COMMAND_ENTER_STANDBY, first, count, decrement);
}

static void leave(int first, size_t count)
{
    move(ASG_COMMAND_EXIT_STANDBY, first, count, false);
}

static void test_with_decrement_nobody_takes_its_place(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){.min = 1});
    enter(2, 1, true);
    expect_ok();
    expect_state("i-2", ASG_INSTANCE_STANDBY);
    expect_desired(2);
    assert_int_equal(3, w.instance_count); /* none is launched */
    assert_int_equal(2, in_service());
    expect_activity("i-2", ASG_ACT_TO_STANDBY, ASG_ACTIVITY_SUCCESSFUL,
                    "instance i-2 was moved to standby in response to a user request, "
                    "shrinking the capacity from 3 to 2.");
    pass(3600000);
    assert_int_equal(0, w.ended_count);
    save_and_load();
    leave(2, 1);
    expect_ok();
    expect_state("i-2", ASG_INSTANCE_IN_SERVICE);
    expect_desired(3);
    assert_int_equal(3, w.instance_count);
    expect_activity(
        "i-2", ASG_ACT_OUT_OF_STANDBY, ASG_ACTIVITY_SUCCESSFUL,
        "instance i-2 was moved out of standby in response to a user request, "
        "increasing the capacity from 2 to 3.");
}

static void test_without_decrement_a_replacement_starts_at_once(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){.min = 3});
    enter(1, 2, false);
    expect_ok();
    expect_desired(3);
    assert_int_equal(5, w.instance_count);
    expect_state("i-1", ASG_INSTANCE_STANDBY);
    expect_state("i-2", ASG_INSTANCE_STANDBY);
    leave(1, 2); /* desired rises, so nobody is too many */
    expect_ok();
    expect_desired(5);
    assert_int_equal(5, in_service());
    assert_int_equal(0, w.ended_count);
}

/* Max bounds what serves: those that stand by have no place in it. */
static void test_at_max_a_replacement_starts_as_well(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){.max = 3});
    enter(1, 3, false);
    expect_ok();
    assert_int_equal(6, w.instance_count);
    assert_int_equal(3, in_service());
    leave(1, 1);
    expect_refused("ValidationError", "To move out of standby 1 instance");
    set_desired(2);
    leave(1, 1);
    expect_ok();
    assert_int_equal(3, in_service());
    assert_int_equal(1, w.ended_count);
}

static void test_both_states_are_told(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    w.facts[0] = '\0';
    enter(1, 1, true);
    assert_non_null(strstr(w.facts, "i-1 none in-service>entering-standby\n"));
    assert_non_null(strstr(w.facts, "i-1 none entering-standby>standby\n"));
    w.facts[0] = '\0';
    leave(1, 1);
    assert_non_null(strstr(w.facts, "i-1 none standby>pending\n"));
    assert_non_null(strstr(w.facts, "i-1 none pending>in-service\n"));
}

static void protect(const char *group, const char *id)
{
    order((struct asg_command){.kind = ASG_COMMAND_PROTECT_INSTANCES,
                               .group = group,
                               .instance_ids = {&id, 1},
                               .is_protected = true});
}

/* Of an order that names the group, as the API's do. */
static void test_protection_is_for_those_in_service_and_in_standby(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.min = 1});
    protect("web", "i-1");
    expect_ok();
    enter(2, 1, true);
    protect("web", "i-2");
    expect_ok();
    protect("web", "i-9");
    expect_refused("ValidationError",
                   "The instance i-9 is not part of Auto Scaling group web.");
    protect("nobody", "i-1");
    expect_refused("ValidationError", "AutoScalingGroup name not found");
    w.terminate_outcome = ASG_OUTCOME_AMBIGUOUS; /* it is still there */
    const char *id = "i-1";
    order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                               .instance_ids = {&id, 1}});
    expect_ok();
    protect("web", "i-1");
    expect_refused("ValidationError",
                   "The instance i-1 is not in InService or EnteringStandby or Standby.");
}

static void test_what_would_break_a_rule_is_refused_whole(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){.min = 2, .max = 3});
    enter(1, 2, true);
    expect_refused(
        "ValidationError",
        "AutoScalingGroup web has min-size=2, max-size=3, and desired-size=3. "
        "To place into standby 2 instances, please update the AutoScalingGroup "
        "sizes appropriately.");
    expect_state("i-1", ASG_INSTANCE_IN_SERVICE);
    enter(3, 2, false); /* i-4 is nobody */
    expect_refused("ValidationError",
                   "The instance i-4 is not part of Auto Scaling group web.");
    expect_state("i-3", ASG_INSTANCE_IN_SERVICE);
    enter(1, 1, false);
    expect_ok();
    enter(1, 1, false);
    expect_refused("ValidationError", "The instance i-1 is not in InService.");
    leave(1, 1); /* i-4 took its place, and max is 3 */
    expect_refused("ValidationError", "To move out of standby 1 instance, please update");
    leave(2, 1);
    expect_refused("ValidationError", "The instance i-2 is not in Standby.");
    enter(1, 0, false);
    expect_refused("ValidationError", "name 1 to 20 instances, not 0");
    enter(1, 21, false);
    expect_refused("ValidationError", "name 1 to 20 instances, not 21");
    const char *twice[] = {"i-2", "i-2"};
    order((struct asg_command){
        .kind = ASG_COMMAND_ENTER_STANDBY, .group = "web", .instance_ids = {twice, 2}});
    expect_refused("ValidationError", "instance i-2 is listed twice");
    order((struct asg_command){.kind = ASG_COMMAND_ENTER_STANDBY,
                               .group = "other",
                               .instance_ids = ids_from(1, 1)});
    expect_refused("ValidationError", "not found");
    expect_desired(3);
}

static void test_one_of_another_group_is_not_part_of_this(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
    struct asg_group_config config = {.name = "db",
                                      .max = 5,
                                      .template_id = "lt-0123456789abcdef0",
                                      .template_name = "",
                                      .template_version = "1",
                                      .subnets = &subnet,
                                      .subnet_count = 1};
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = "db", .group_config = &config});
    order((struct asg_command){.kind = ASG_COMMAND_ENTER_STANDBY,
                               .group = "db",
                               .instance_ids = ids_from(1, 1)});
    expect_refused("ValidationError",
                   "The instance i-1 is not part of Auto Scaling group");
}

static void test_nobody_judges_or_chooses_it(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){.health_grace_ms = 0});
    enter(1, 1, true);
    show(1, (struct asg_seen_instance){.state = ASG_EC2_RUNNING, .is_impaired = true});
    show(1, (struct asg_seen_instance){.state = ASG_EC2_STOPPED});
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED);
    order((struct asg_command){.kind = ASG_COMMAND_SET_INSTANCE_HEALTH,
                               .group = "",
                               .instance_ids = ids_from(1, 1)});
    pass(3600000);
    assert_int_equal(0, w.ended_count);
    set_desired(0);
    assert_int_equal(3, w.ended_count);
    assert_false(was_ended(1));
    expect_state("i-1", ASG_INSTANCE_STANDBY);
    assert_int_equal(4, w.instance_count);
}

static void test_a_notice_of_ec2_ends_nobody_who_stands_by(void **state)
{
    (void)state;
    w.is_spot = true;
    make_group(3, (struct asg_group_config){0});
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    sign(1, ASG_SIGN_SPOT_INTERRUPTION); /* while nothing may end */
    enter(1, 1, true);
    expect_ok();
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    sign(2, ASG_SIGN_SPOT_INTERRUPTION);
    assert_true(was_ended(2));
    assert_false(was_ended(1));
}

static void test_its_death_is_no_loss_of_capacity(void **state)
{
    (void)state;
    const enum asg_ec2_state deaths[] = {ASG_EC2_SHUTTING_DOWN, ASG_EC2_TERMINATED,
                                         ASG_EC2_ABSENT};
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        (void)end(NULL);
        (void)begin(NULL);
        make_group(3, (struct asg_group_config){0});
        enter(1, 1, true);
        show(1, (struct asg_seen_instance){.state = deaths[i]});
        assert_false(is_known("i-1"));
        expect_desired(2);
        pass(60000);
        assert_int_equal(3, w.instance_count);
        assert_int_equal(0, w.ended_count);
    }
}

/* It serves only when EC2 says that it runs, and has the time of a launch for that. */
static void test_one_that_was_stopped_comes_back_when_it_runs(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.launch_timeout_ms = 600000});
    enter(1, 1, true);
    show(1, (struct asg_seen_instance){.state = ASG_EC2_STOPPED});
    pass(7200000);
    leave(1, 1);
    expect_ok();
    expect_state("i-1", ASG_INSTANCE_PENDING);
    expect_activity("i-1", ASG_ACT_OUT_OF_STANDBY, ASG_ACTIVITY_PRE_IN_SERVICE, "");
    pass(599000);
    expect_state("i-1", ASG_INSTANCE_PENDING);
    show(1, (struct asg_seen_instance){.state = ASG_EC2_RUNNING});
    expect_state("i-1", ASG_INSTANCE_IN_SERVICE);
    expect_activity("i-1", ASG_ACT_OUT_OF_STANDBY, ASG_ACTIVITY_SUCCESSFUL, "");
    assert_int_equal(2, w.instance_count);
}

static void test_one_that_does_not_come_back_is_replaced(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.launch_timeout_ms = 600000});
    enter(1, 1, true);
    show(1, (struct asg_seen_instance){.state = ASG_EC2_STOPPED});
    leave(1, 1);
    pass(600000);
    assert_true(was_ended(1));
    assert_int_equal(3, w.instance_count);
}

static void test_it_is_warm_and_past_its_grace_as_if_it_were_new(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.health_grace_ms = 60000});
    pass(3600000);
    enter(1, 1, true);
    leave(1, 1);
    show(1, (struct asg_seen_instance){.state = ASG_EC2_RUNNING, .is_impaired = true});
    pass(59000);
    assert_int_equal(0, w.ended_count);
    pass(1000);
    assert_true(was_ended(1));
}

/* Its agent was heard all the while, or is waited for as at a launch. */
static void test_where_agents_check_health_it_comes_back_when_its_agent_is_heard(
    void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.health_check = ASG_HEALTH_CHECK_AGENT});
    enter(1, 2, true);
    sign(2, ASG_SIGN_SILENT);
    leave(1, 2);
    expect_ok();
    expect_state("i-1", ASG_INSTANCE_IN_SERVICE);
    expect_state("i-2", ASG_INSTANCE_PENDING);
    sign(2, ASG_SIGN_REPORTING);
    expect_state("i-2", ASG_INSTANCE_IN_SERVICE);
}

static void test_while_launch_is_suspended_nobody_comes_back(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    suspend(ASG_PROCESS_LAUNCH);
    enter(1, 1, true);
    expect_ok(); /* that is allowed */
    leave(1, 1);
    expect_refused("ValidationError", "The process Launch of AutoScalingGroup web is "
                                      "suspended");
    expect_state("i-1", ASG_INSTANCE_STANDBY);
    expect_desired(1);
}

static void test_a_group_with_one_in_standby_is_deleted_by_force_only(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    enter(1, 1, true);
    set_desired(0);
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_DELETE, .group = "web"});
    expect_refused("ResourceInUse", "still has 1 instance");
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
    expect_ok();
    assert_true(was_ended(1));
    assert_false(is_known("i-1"));
}

static void test_it_is_ended_on_order_and_takes_no_place_with_it(void **state)
{
    (void)state;
    for (int decrement = 0; decrement < 2; decrement++) {
        (void)end(NULL);
        (void)begin(NULL);
        make_group(3, (struct asg_group_config){.min = 2});
        enter(1, 1, true);
        order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                                   .group = "",
                                   .instance_ids = ids_from(1, 1),
                                   .decrement = decrement == 1});
        expect_ok();
        assert_true(was_ended(1));
        expect_desired(2);
        assert_int_equal(3, w.instance_count);
        expect_activity("i-1", ASG_ACT_TERMINATE, ASG_ACTIVITY_SUCCESSFUL,
                        "instance i-1 was taken out of service in response to a user "
                        "request.");
    }
}

static void end_one(int number, bool decrement)
{
    order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                               .group = "",
                               .instance_ids = ids_from(number, 1),
                               .decrement = decrement});
}

static void test_an_order_to_end_one_is_refused_in_awss_words(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.min = 2});
    end_one(9, false);
    expect_refused("ValidationError", "No managed instance found for instance ID i-9");
    end_one(1, true);
    expect_refused(
        "ValidationError",
        "Currently, desiredSize equals minSize (2). Terminating instance "
        "without replacement will violate group's min size constraint. Either "
        "set shouldDecrementDesiredCapacity flag to false or lower group's min "
        "size.");
    order((struct asg_command){.kind = ASG_COMMAND_PROTECT_INSTANCES,
                               .group = "web",
                               .instance_ids = ids_from(1, 1),
                               .is_protected = true});
    w.terminate_outcome = ASG_OUTCOME_THROTTLED; /* it is not over at once */
    end_one(1, false);
    expect_ok(); /* protection is from scale-in */
    expect_state("i-1", ASG_INSTANCE_TERMINATING);
    end_one(1, false);
    expect_refused("ValidationError", "i-1 is already being terminated");
}

static void test_several_are_ended_together_or_none(void **state)
{
    (void)state;
    make_group(5, (struct asg_group_config){.min = 2});
    move(ASG_COMMAND_ENTER_STANDBY, 1, 1, true);
    move(ASG_COMMAND_TERMINATE_INSTANCE, 2, 4, true);
    expect_refused("ValidationError", "To terminate 4 instances, please update");
    move(ASG_COMMAND_TERMINATE_INSTANCE, 5, 2, false); /* i-6 is nobody */
    expect_refused("ValidationError", "No managed instance found for instance ID i-6");
    assert_int_equal(0, w.ended_count);
    move(ASG_COMMAND_TERMINATE_INSTANCE, 1, 3, true); /* i-1 has no place */
    expect_ok();
    expect_desired(2);
    assert_int_equal(3, w.ended_count);
    assert_int_equal(5, w.instance_count);
    move(ASG_COMMAND_TERMINATE_INSTANCE, 4, 2, false);
    expect_ok();
    assert_int_equal(7, w.instance_count);
    assert_int_equal(2, in_service());
}

static void test_a_dry_run_lets_them_stand_by(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    struct asg_group_config dry = {.dry_run = true};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &dry,
                               .group_fields = UINT64_C(1) << ASG_GROUP_DRY_RUN});
    enter(1, 1, true);
    expect_ok();
    expect_state("i-1", ASG_INSTANCE_STANDBY);
    leave(1, 1);
    expect_state("i-1", ASG_INSTANCE_IN_SERVICE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_with_decrement_nobody_takes_its_place),
        TEST(test_without_decrement_a_replacement_starts_at_once),
        TEST(test_at_max_a_replacement_starts_as_well),
        TEST(test_both_states_are_told),
        TEST(test_protection_is_for_those_in_service_and_in_standby),
        TEST(test_what_would_break_a_rule_is_refused_whole),
        TEST(test_one_of_another_group_is_not_part_of_this),
        TEST(test_nobody_judges_or_chooses_it),
        TEST(test_a_notice_of_ec2_ends_nobody_who_stands_by),
        TEST(test_its_death_is_no_loss_of_capacity),
        TEST(test_one_that_was_stopped_comes_back_when_it_runs),
        TEST(test_one_that_does_not_come_back_is_replaced),
        TEST(test_it_is_warm_and_past_its_grace_as_if_it_were_new),
        TEST(test_where_agents_check_health_it_comes_back_when_its_agent_is_heard),
        TEST(test_while_launch_is_suspended_nobody_comes_back),
        TEST(test_a_group_with_one_in_standby_is_deleted_by_force_only),
        TEST(test_it_is_ended_on_order_and_takes_no_place_with_it),
        TEST(test_an_order_to_end_one_is_refused_in_awss_words),
        TEST(test_several_are_ended_together_or_none),
        TEST(test_a_dry_run_lets_them_stand_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
