/* test_core_guards - what holds a group back when things go wrong for longer than a
 * moment: launches that die, zones that fall silent, hundreds that go (docs/rules.md,
 * "Interlocks"). */
#include "unit/core/core_world.h"

static void mark_unhealthy(int number)
{
    char id[20];
    (void)snprintf(id, sizeof id, "i-%d", number);
    const char *ids[] = {id};
    order((struct asg_command){.kind = ASG_COMMAND_SET_INSTANCE_HEALTH,
                               .instance_ids = {ids, 1}});
}

/* EC2 says of the newest that it is over. */
static void lose(int number)
{
    show(number, (struct asg_seen_instance){.state = ASG_EC2_TERMINATED});
}

static size_t count_said(const char *text)
{
    size_t count = 0;
    for (const char *at = strstr(w.said, text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

static void change_process(enum asg_command_kind kind, enum asg_process process)
{
    order((struct asg_command){
        .kind = kind, .group = "web", .processes = UINT64_C(1) << process});
}

static void test_two_interlocks_that_hold_at_once_are_said_once_each(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0});
    change_process(ASG_COMMAND_SUSPEND, ASG_PROCESS_TERMINATE);
    change_process(ASG_COMMAND_SUSPEND, ASG_PROCESS_LAUNCH);
    mark_unhealthy(1); /* its replacement waits */
    lose(2);           /* the launch of another waits */
    for (int i = 0; i < 50; i++) {
        sign(3, ASG_SIGN_PROBE_FAILED);
        sign(3, ASG_SIGN_PROBE_OK);
        pass(100);
    }
    assert_int_equal(1, count_said("replacement waits: the process terminate"));
    assert_int_equal(1, count_said("launch waits: the process launch"));
    /* One is over and comes again: it is said again, the other is not. */
    change_process(ASG_COMMAND_RESUME, ASG_PROCESS_LAUNCH);
    change_process(ASG_COMMAND_SUSPEND, ASG_PROCESS_LAUNCH);
    lose(3);
    sign(4, ASG_SIGN_PROBE_FAILED);
    assert_int_equal(1, count_said("replacement waits: the process terminate"));
    assert_int_equal(2, count_said("launch waits: the process launch"));
}

static void test_the_share_of_ten_minutes_holds_for_hundreds(void **state)
{
    (void)state;
    make_group(400, (struct asg_group_config){.max = 1000,
                                              .unhealthy_percent = 100,
                                              .terminating_percent = 100});
    for (int i = 1; i <= 400; i++) {
        show(i, (struct asg_seen_instance){.state = ASG_EC2_STOPPED});
        if (i % 4 == 0) pass(1000);
    }
    assert_int_equal(100, w.ended_count);
    assert_non_null(strstr(w.said, "in 10 min, the limit is"));
    pass(600001);
    assert_true(w.ended_count > 100);
}

static void test_generations_that_die_young_stop_the_launches(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    lose(1);
    assert_int_equal(2, w.instance_count);
    pass(300000);
    lose(2);
    assert_int_equal(3, w.instance_count);
    assert_null(strstr(w.said, "alarm churn"));
    pass(300000);
    lose(3);
    assert_non_null(strstr(w.said, "alarm churn"));
    assert_non_null(strstr(w.said, "3 generations of instances died"));
    expect_alarms(1, "nothing is launched until `openasg unhalt web`");
    assert_int_equal(1, alarms_of(ASG_ALARM_CHURN));
    for (int i = 0; i < 100; i++) {
        pass(60000);
    }
    assert_int_equal(3, w.instance_count);
    assert_non_null(
        strstr(w.said, "launch waits: recent launches failed soon after starting"));
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    expect_alarms(0, "");
    assert_int_equal(4, w.instance_count);
    assert_int_equal(1, in_service());
}

static void test_one_that_lived_breaks_the_row_of_generations(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    for (int i = 1; i <= 10; i++) {
        if (i % 3 == 0) pass(600000);
        lose(i);
    }
    assert_null(strstr(w.said, "alarm churn"));
    assert_int_equal(11, w.instance_count);
}

static void test_a_few_of_many_that_die_are_no_generation(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){0});
    for (int i = 1; i <= 9; i++) {
        pass(10000);
        lose(i);
    }
    assert_null(strstr(w.said, "alarm churn"));
    assert_int_equal(29, w.instance_count);
}

static void test_how_many_generations_may_die_can_be_set(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){.churn_generations = 5});
    for (int i = 1; i <= 5; i++) {
        lose(i);
    }
    assert_null(strstr(w.said, "alarm churn"));
    lose(6);
    assert_non_null(strstr(w.said, "alarm churn"));
}

static void test_a_new_template_lets_a_frozen_group_launch(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){.churn_generations = 1});
    lose(1);
    lose(2);
    assert_int_equal(0, in_service());
    struct asg_group_config config = {.name = "web",
                                      .template_id = "lt-0123456789abcdef0",
                                      .template_name = "",
                                      .template_version = "2"};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &config,
                               .group_fields = UINT64_C(1) << ASG_GROUP_TEMPLATE});
    assert_int_equal(1, in_service());
}

static void test_a_silent_zone_of_a_large_group_is_a_partition(void **state)
{
    (void)state;
    struct asg_subnet subnets[] = {{"s-1", "us-east-1a"},
                                   {"s-2", "us-east-1b"},
                                   {"s-3", "us-east-1c"},
                                   {"s-4", "us-east-1d"}};
    make_group(16, (struct asg_group_config){.subnets = subnets,
                                             .subnet_count = 4,
                                             .unhealthy_percent = 100,
                                             .terminating_percent = 100,
                                             .terminated_percent = 100});
    /* Launches go a job a zone: i-1 to i-4 are in us-east-1a. 3 of 16 are no 30 %, but
     * of the 4 of their zone. */
    for (int i = 1; i <= 3; i++) {
        sign(i, ASG_SIGN_SILENT);
    }
    for (int i = 1; i <= 3; i++) {
        sign(i, ASG_SIGN_PROBE_FAILED);
    }
    pass(3600000);
    assert_int_equal(0, w.ended_count);
    assert_non_null(strstr(w.said, "3 of 4 agents in us-east-1a are silent together"));
}

static void test_as_many_silent_over_all_zones_are_replaced(void **state)
{
    (void)state;
    struct asg_subnet subnets[] = {{"s-1", "us-east-1a"},
                                   {"s-2", "us-east-1b"},
                                   {"s-3", "us-east-1c"},
                                   {"s-4", "us-east-1d"}};
    make_group(16, (struct asg_group_config){.subnets = subnets,
                                             .subnet_count = 4,
                                             .unhealthy_percent = 100,
                                             .terminating_percent = 100,
                                             .terminated_percent = 100});
    static const int scattered[] = {1, 5, 9};
    for (int i = 0; i < 3; i++) {
        sign(scattered[i], ASG_SIGN_SILENT);
        sign(scattered[i], ASG_SIGN_PROBE_FAILED);
    }
    assert_int_equal(3, w.ended_count);
    assert_int_equal(16, in_service());
}

static void test_after_a_failure_launches_start_slowly(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_BAD_REQUEST;
    make_group(1, (struct asg_group_config){0});
    w.launch_outcome = ASG_OUTCOME_OK;
    w.is_slow = true;
    set_desired(15);
    pass(60000);
    static const int rounds[] = {1, 2, 4, 8};
    int launched = 0;
    for (int i = 0; i < 4; i++) {
        answer_launches();
        launched += rounds[i];
        assert_int_equal(launched, w.instance_count);
    }
    assert_int_equal(15, in_service());
}

static void test_a_halted_group_that_is_deleted_goes_on_when_it_is_told_to(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
    assert_int_equal(0, w.ended_count);
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    assert_int_equal(2, w.ended_count);
    assert_non_null(strstr(w.said, "group is deleted"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_two_interlocks_that_hold_at_once_are_said_once_each),
        TEST(test_the_share_of_ten_minutes_holds_for_hundreds),
        TEST(test_generations_that_die_young_stop_the_launches),
        TEST(test_one_that_lived_breaks_the_row_of_generations),
        TEST(test_a_few_of_many_that_die_are_no_generation),
        TEST(test_how_many_generations_may_die_can_be_set),
        TEST(test_a_new_template_lets_a_frozen_group_launch),
        TEST(test_a_silent_zone_of_a_large_group_is_a_partition),
        TEST(test_as_many_silent_over_all_zones_are_replaced),
        TEST(test_after_a_failure_launches_start_slowly),
        TEST(test_a_halted_group_that_is_deleted_goes_on_when_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
