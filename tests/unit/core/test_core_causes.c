/* test_core_causes - a decision says why and from which state to which also as facts, for
 * programs that must not read its words. */
#include "unit/core/core_world.h"

static const struct asg_group_config unlimited = {
    .unhealthy_percent = 100, .terminating_percent = 100, .terminated_percent = 100};

static void expect_fact(const char *fact)
{
    if (strstr(w.facts, fact) != NULL) return;
    fail_msg("no decision is \"%s\", there are\n%s", fact, w.facts);
}

static void see(int number, enum asg_ec2_state state)
{
    show(number, (struct asg_seen_instance){.state = state});
}

static void test_a_launch_goes_through_its_states(void **state)
{
    (void)state;
    make_group(1, unlimited);
    expect_fact("i-1 none requested>pending\n");
    expect_fact("i-1 none pending>in-service\n");
}

static void test_what_an_order_ends(void **state)
{
    (void)state;
    make_group(3, unlimited);
    const char *id = "i-1";
    order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                               .instance_ids = {&id, 1},
                               .decrement = true});
    expect_fact("i-1 order in-service>terminating\n");
    set_desired(1);
    expect_fact(" order requested>requested\n");       /* of the size itself */
    expect_fact("i-2 order in-service>terminating\n"); /* a size that was ordered */
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
    expect_fact(" group-deleted in-service>terminating\n");
    expect_fact(" none terminating>terminated\n");
}

static void test_what_health_ends(void **state)
{
    (void)state;
    w.is_spot = true;
    make_group(5, unlimited);
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED);
    expect_fact("i-1 silent in-service>terminating\n");
    sign(2, ASG_SIGN_SILENT);
    sign(2, ASG_SIGN_PROBE_UNREACHABLE);
    pass(12000);
    expect_fact("i-2 unreachable in-service>terminating\n");
    const char *id = "i-3";
    order((struct asg_command){.kind = ASG_COMMAND_SET_INSTANCE_HEALTH,
                               .instance_ids = {&id, 1}});
    expect_fact("i-3 marked-unhealthy in-service>terminating\n");
    see(4, ASG_EC2_STOPPED);
    expect_fact("i-4 stopped in-service>terminating\n");
    sign(5, ASG_SIGN_SPOT_INTERRUPTION);
    expect_fact("i-5 spot-interruption in-service>terminating\n");
}

static void test_the_last_word_is_the_cause(void **state)
{
    (void)state;
    make_group(2, unlimited);
    order((struct asg_command){.kind = ASG_COMMAND_HALT,
                               .group = "web"}); /* found, and not ended yet */
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED);
    see(1, ASG_EC2_STOPPED);
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    expect_fact("i-1 stopped in-service>terminating\n");
    assert_non_null(strstr(w.said, "terminating i-1: stopped in EC2"));
}

static void test_what_ec2_does(void **state)
{
    (void)state;
    make_group(2, unlimited);
    see(1, ASG_EC2_TERMINATED);
    expect_fact("i-1 ec2 in-service>terminated\n");
    w.protects = true;
    const char *id = "i-2";
    order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                               .instance_ids = {&id, 1}});
    expect_fact("i-2 ec2 terminating>in-service\n");
}

static void test_a_launch_that_is_late(void **state)
{
    (void)state;
    struct asg_group_config by_agent = unlimited;
    by_agent.health_check = ASG_HEALTH_CHECK_AGENT;
    make_group(1, by_agent);
    set_desired(2); /* whose agent never reports */
    pass(600001);
    expect_fact("i-2 late-launch pending>terminating\n");
}

static void test_a_scheduled_action(void **state)
{
    (void)state;
    make_group(1, unlimited);
    const struct asg_schedule_config config = {.name = "night",
                                               .min = ASG_UNSET,
                                               .max = ASG_UNSET,
                                               .desired = 2,
                                               .start_ms = w.now_ms + 1000,
                                               .recurrence = "",
                                               .time_zone = "UTC"};
    order((struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_PUT, .group = "web", .schedule_config = &config});
    pass(1000);
    expect_fact("night schedule requested>requested\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_launch_goes_through_its_states),
        TEST(test_what_an_order_ends),
        TEST(test_what_health_ends),
        TEST(test_the_last_word_is_the_cause),
        TEST(test_what_ec2_does),
        TEST(test_a_launch_that_is_late),
        TEST(test_a_scheduled_action),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
