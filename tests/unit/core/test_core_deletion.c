/* test_core_deletion - a group is deleted, by force or not, in every phase of a launch:
 * nothing more of it is launched, what it has is ended, and then it is gone. */
#include "unit/core/core_world.h"

#include "core/world/state.h"

static void delete_group(bool force)
{
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = force});
}

static bool is_there(void)
{
    struct asg_arena arena = {0};
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(w.core, "web", &arena, &views, &count);
    asg_arena_clear(&arena);
    return count > 0;
}

static size_t open_launches(void)
{
    struct asg_arena arena = {0};
    struct asg_job_view *views = NULL;
    size_t count = 0;
    size_t open = 0;
    asg_core_view_jobs(w.core, "", false, &arena, &views, &count);
    for (size_t i = 0; i < count; i++) {
        open += views[i].kind == ASG_JOB_LAUNCH && views[i].state == ASG_JOB_STATE_OPEN;
    }
    asg_arena_clear(&arena);
    return open;
}

/* Nothing more happens however long one waits. */
static void expect_peace(int instances)
{
    assert_false(is_there());
    assert_int_equal(0, open_launches());
    for (int i = 0; i < 100; i++) {
        pass(60000);
    }
    assert_int_equal(instances, w.instance_count);
    assert_int_equal(instances, w.ended_count);
}

static void test_an_empty_group_needs_no_force(void **state)
{
    (void)state;
    make_group(0, (struct asg_group_config){0});
    delete_group(false);
    expect_peace(0);
}

static void test_without_force_a_group_with_instances_stays(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    delete_group(false);
    pass(60000);
    assert_true(is_there());
    assert_int_equal(2, in_service());
    assert_int_equal(0, w.ended_count);
}

static void test_what_is_in_service_is_ended(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    delete_group(true);
    expect_peace(2);
}

static void test_what_is_pending_is_ended(void **state)
{
    (void)state;
    w.launch_state = ASG_EC2_PENDING;
    make_group(2, (struct asg_group_config){.health_check = ASG_HEALTH_CHECK_EC2});
    delete_group(true);
    expect_peace(2);
}

/* A worker has it: what it launches is ended when it comes. */
static void test_what_ec2_is_being_asked_for_is_ended_when_it_comes(void **state)
{
    (void)state;
    w.is_slow = true;
    make_group(2, (struct asg_group_config){0});
    delete_group(false);
    assert_true(is_there());
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 3});
    delete_group(true);
    pass(1000);
    assert_true(is_there());
    answer_launches();
    expect_peace(3);
}

static void test_a_launch_that_was_refused_for_now_is_given_up(void **state)
{
    (void)state;
    static const enum asg_outcome outcomes[] = {
        ASG_OUTCOME_THROTTLED, ASG_OUTCOME_TRANSIENT, ASG_OUTCOME_CREDENTIALS};
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        w.launch_outcome = outcomes[i];
        make_group(2, (struct asg_group_config){0});
        assert_int_equal(1, open_launches());
        delete_group(true);
        w.launch_outcome = ASG_OUTCOME_OK;
        expect_peace(0);
    }
    assert_non_null(strstr(w.said, "abandoned: its group is being deleted"));
}

/* The answer to one that was out when the order came. */
static void test_a_launch_without_room_is_tried_nowhere_else(void **state)
{
    (void)state;
    static const enum asg_outcome outcomes[] = {
        ASG_OUTCOME_CAPACITY, ASG_OUTCOME_THROTTLED, ASG_OUTCOME_EXPIRED,
        ASG_OUTCOME_BAD_REQUEST};
    struct asg_subnet subnets[] = {{"s-1", "us-east-1a"}, {"s-2", "us-east-1b"}};
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        w.is_slow = true;
        make_group(1, (struct asg_group_config){.subnets = subnets, .subnet_count = 2});
        delete_group(true);
        assert_true(is_there());
        w.launch_outcome = outcomes[i];
        answer_launches();
        w.is_slow = false;
        w.launch_outcome = ASG_OUTCOME_OK;
        expect_peace(0);
    }
}

/* It may have launched: the group waits until EC2's listings have told. */
static void test_a_launch_in_doubt_is_looked_up(void **state)
{
    (void)state;
    w.lists = true;
    w.launch_outcome = ASG_OUTCOME_AMBIGUOUS;
    make_group(2, (struct asg_group_config){0});
    delete_group(true);
    pass(1000);
    assert_true(is_there());
    save_and_load();
    w.launch_outcome = ASG_OUTCOME_OK;
    for (int i = 0; i < 59; i++) {
        pass(10000);
    }
    assert_true(is_there());
    for (int i = 0; i < 20; i++) {
        pass(10000);
    }
    expect_peace(0);
}

static size_t dead_jobs(void)
{
    struct asg_arena arena = {0};
    struct asg_job_view *views = NULL;
    size_t count = 0;
    asg_core_view_jobs(w.core, "", /* only_dead */ true, &arena, &views, &count);
    asg_arena_clear(&arena);
    return count;
}

/* Nobody can retry them, so nobody is asked to look. */
static void test_its_dead_letters_go_with_it(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_BAD_REQUEST;
    make_group(1, (struct asg_group_config){0});
    for (int i = 0; i < 200 && dead_jobs() == 0; i++) {
        pass(10000);
    }
    assert_true(dead_jobs() > 0);
    w.launch_outcome = ASG_OUTCOME_OK;
    delete_group(true);
    expect_peace(0);
    assert_int_equal(0, dead_jobs());
    save_and_load();
    assert_int_equal(0, dead_jobs());
}

/* So are those of launches once the group launches again. */
static void test_dead_launches_are_over_when_a_launch_succeeds(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_BAD_REQUEST;
    make_group(1, (struct asg_group_config){0});
    for (int i = 0; i < 200 && dead_jobs() < 3; i++) {
        pass(10000);
    }
    assert_int_equal(3, dead_jobs());
    w.launch_outcome = ASG_OUTCOME_OK;
    for (int i = 0; i < 60 && in_service() == 0; i++) {
        pass(10000);
    }
    assert_int_equal(1, in_service());
    assert_non_null(strstr(w.said, "3 dead jobs of earlier launches are cancelled"));
    assert_int_equal(0, dead_jobs());
    save_and_load();
    assert_int_equal(0, dead_jobs());
}

static void test_its_scheduled_actions_go_with_it(void **state)
{
    (void)state;
    w.is_slow = true;
    make_group(1, (struct asg_group_config){0});
    const struct asg_schedule_config action = {.group = "web",
                                               .name = "noon",
                                               .min = ASG_UNSET,
                                               .max = ASG_UNSET,
                                               .desired = 5,
                                               .start_ms = w.now_ms + 60000,
                                               .recurrence = "",
                                               .time_zone = "UTC"};
    order((struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_PUT, .group = "web", .schedule_config = &action});
    delete_group(true);
    pass(60000);
    assert_int_equal(0, desired());
    answer_launches();
    expect_peace(1);
}

/* Whoever deletes 10,000 groups would walk all jobs for each of them. */
static void test_dead_letters_are_found_without_the_other_jobs(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_BAD_REQUEST;
    make_group(1, (struct asg_group_config){0});
    for (int i = 0; i < 200 && dead_jobs() < 3; i++) {
        pass(10000);
    }
    save_and_load();
    uint32_t group_no = asg_group_find(w.core, "web")->no;
    struct job **jobs = w.core->jobs;
    w.core->jobs = NULL;
    size_t of_another = asg_job_cancel_dead(w.core, group_no + 1, false);
    size_t of_its_own = asg_job_cancel_dead(w.core, group_no, false);
    w.core->jobs = jobs;
    assert_int_equal(0, of_another);
    assert_int_equal(3, of_its_own);
    assert_int_equal(0, dead_jobs());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_group_needs_no_force),
        TEST(test_without_force_a_group_with_instances_stays),
        TEST(test_what_is_in_service_is_ended),
        TEST(test_what_is_pending_is_ended),
        TEST(test_what_ec2_is_being_asked_for_is_ended_when_it_comes),
        TEST(test_a_launch_that_was_refused_for_now_is_given_up),
        TEST(test_a_launch_without_room_is_tried_nowhere_else),
        TEST(test_a_launch_in_doubt_is_looked_up),
        TEST(test_its_scheduled_actions_go_with_it),
        TEST(test_its_dead_letters_go_with_it),
        TEST(test_dead_launches_are_over_when_a_launch_succeeds),
        TEST(test_dead_letters_are_found_without_the_other_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
