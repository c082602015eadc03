/* test_core_dry_run - a group in a dry run ends nobody, whoever wants it, and forgets
 * nobody (docs/rules.md, "Dry run"). */
#include <string.h>

#include "unit/core/core_world.h"

static void set_dry_run(bool is_on)
{
    const struct asg_group_config changes = {.dry_run = is_on};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &changes,
                               .group_fields = UINT64_C(1) << ASG_GROUP_DRY_RUN});
}

static void terminate(const char *id)
{
    const char *ids[] = {id};
    order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                               .instance_ids = {ids, 1}});
}

static void delete_group(void)
{
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
}

static uint32_t terminating(void)
{
    struct asg_arena arena = {0};
    uint32_t count = group(&arena).terminating;
    asg_arena_clear(&arena);
    return count;
}

static void expect_said_once(const char *words)
{
    const char *first = strstr(w.said, words);
    assert_non_null(first);
    assert_null(strstr(first + 1, words));
}

static void test_a_late_launch_is_kept_and_ended_afterwards(void **state)
{
    (void)state;
    w.launch_state = ASG_EC2_PENDING;
    make_group(0, (struct asg_group_config){.health_check = ASG_HEALTH_CHECK_AGENT,
                                            .launch_timeout_ms = 60000});
    pass(1000);
    set_desired(2);
    assert_int_equal(2, w.instance_count);
    set_dry_run(true);
    pass(61000);
    pass(1000);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(0, terminating());
    expect_said_once("dry run: would terminate i-1: not in service");
    set_dry_run(false);
    assert_true(was_ended(1));
}

static void test_a_notice_ends_nobody(void **state)
{
    (void)state;
    w.is_spot = true;
    make_group(2, (struct asg_group_config){0});
    set_dry_run(true);
    sign(1, ASG_SIGN_SPOT_INTERRUPTION);
    pass(1000);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(2, in_service());
    expect_said_once("dry run: would terminate i-1: Spot interruption");
    set_dry_run(false);
    assert_true(was_ended(1));
    assert_int_equal(3, w.instance_count);
}

static void test_an_order_to_terminate_is_refused(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    set_dry_run(true);
    terminate("i-1");
    assert_non_null(strstr(w.said, "refused, DryRunOperation: group web is in a dry run: "
                                   "i-1 would be terminated"));
    pass(60000);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(2, in_service());
    set_dry_run(false);
    pass(60000);
    assert_int_equal(0, w.ended_count); /* what was refused is not kept */
}

static void test_a_group_with_instances_is_not_deleted(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    set_dry_run(true);
    delete_group();
    assert_non_null(strstr(w.said, "its deletion would terminate 2 instances"));
    pass(60000);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(2, in_service());
    set_dry_run(false);
    delete_group();
    assert_int_equal(2, w.ended_count);
    assert_non_null(strstr(w.said, "group is deleted"));
}

static void test_a_group_that_never_launched_is_deleted(void **state)
{
    (void)state;
    w.is_slow = true;
    make_group(3, (struct asg_group_config){.dry_run = true});
    delete_group();
    assert_null(strstr(w.said, "refused"));
    w.launch_most = 1; /* a dry launch starts none: the pretended EC2 is told below */
    w.launch_outcome = ASG_OUTCOME_GONE;
    answer_launches();
    assert_non_null(strstr(w.said, "group is deleted"));
}

static void test_whoever_was_selected_before_waits(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    terminate("i-1");
    set_dry_run(true);
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    pass(60000);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(1, terminating());
    expect_said_once(
        "termination waits: 1 were already selected, the group is in a dry run");
    set_dry_run(false);
    assert_true(was_ended(1));
    assert_int_equal(0, terminating());
    assert_int_equal(2, in_service());
}

static void test_a_termination_that_was_refused_is_not_repeated(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    w.terminate_outcome = ASG_OUTCOME_THROTTLED;
    terminate("i-1");
    w.terminate_outcome = ASG_OUTCOME_OK;
    set_dry_run(true);
    pass(600000);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(1, terminating());
    set_dry_run(false);
    assert_true(was_ended(1));
    assert_int_equal(1, w.ended_count);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_late_launch_is_kept_and_ended_afterwards),
        TEST(test_a_notice_ends_nobody),
        TEST(test_an_order_to_terminate_is_refused),
        TEST(test_a_group_with_instances_is_not_deleted),
        TEST(test_a_group_that_never_launched_is_deleted),
        TEST(test_whoever_was_selected_before_waits),
        TEST(test_a_termination_that_was_refused_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
