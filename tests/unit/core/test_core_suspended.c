/* test_core_suspended - what is suspended is suspended, and made up on resume
 * (docs/rules.md, "Suspended processes"). */
#include "unit/core/core_world.h"

static void change_process(enum asg_command_kind kind, enum asg_process process)
{
    order((struct asg_command){
        .kind = kind, .group = "web", .processes = UINT64_C(1) << process});
}

static void suspend(enum asg_process process)
{
    change_process(ASG_COMMAND_SUSPEND, process);
}

static void resume(enum asg_process process)
{
    change_process(ASG_COMMAND_RESUME, process);
}

static void see(int number, enum asg_ec2_state state)
{
    show(number, (struct asg_seen_instance){.state = state});
}

static uint32_t unhealthy(void)
{
    struct asg_arena arena = {0};
    uint32_t count = group(&arena).unhealthy;
    asg_arena_clear(&arena);
    return count;
}

static const enum asg_ec2_state ends[] = {ASG_EC2_SHUTTING_DOWN, ASG_EC2_TERMINATED,
                                          ASG_EC2_ABSENT};

static void test_with_health_check_suspended_one_that_ec2_ended_is_not_replaced(
    void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0});
    suspend(ASG_PROCESS_HEALTH_CHECK);
    for (int i = 0; i < 3; i++) {
        see(1, ends[i]);
        pass(3600000);
        assert_int_equal(4, w.instance_count);
        assert_int_equal(0, unhealthy()); /* nobody looked */
    }
    save_and_load();
    resume(ASG_PROCESS_HEALTH_CHECK);
    assert_int_equal(5, w.instance_count);
    assert_int_equal(4, in_service());
}

static void test_with_replace_unhealthy_suspended_it_is_marked_only(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0});
    suspend(ASG_PROCESS_REPLACE_UNHEALTHY);
    see(1, ASG_EC2_TERMINATED);
    pass(3600000);
    assert_int_equal(4, w.instance_count);
    assert_int_equal(1, unhealthy());
    resume(ASG_PROCESS_REPLACE_UNHEALTHY);
    assert_int_equal(5, w.instance_count);
    assert_int_equal(4, in_service());
    assert_int_equal(0, unhealthy());
}

/* Those that serve nobody go before those that serve: else the group would be left with
 * the broken ones only. */
static void test_a_scale_in_takes_the_unhealthy_first(void **state)
{
    (void)state;
    for (int is_suspended = 0; is_suspended < 2; is_suspended++) {
        (void)end(NULL);
        (void)begin(NULL);
        make_group(10, (struct asg_group_config){.unhealthy_percent = 20});
        const struct asg_command suspend = {
            .kind = ASG_COMMAND_SUSPEND,
            .group = "web",
            .processes = UINT64_C(1) << ASG_PROCESS_REPLACE_UNHEALTHY};
        const struct asg_command halt = {.kind = ASG_COMMAND_HALT, .group = "web"};
        order(is_suspended == 1 ? suspend : halt);
        for (int i = 1; i <= 5; i++) {
            show(i, (struct asg_seen_instance){.state = ASG_EC2_STOPPED});
        }
        /* without a halt they are too many to be replaced */
        order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
        assert_int_equal(0, w.ended_count);
        save_and_load();
        set_desired(4);
        assert_int_equal(6, w.ended_count);
        for (int i = 1; i <= 5; i++) {
            assert_true(was_ended(i));
        }
        assert_int_equal(4, in_service());
    }
}

/* Nor does one that EC2 has ended keep its place while somebody who serves goes. */
static void test_a_scale_in_takes_what_ec2_ended_first(void **state)
{
    (void)state;
    for (int dead = 1; dead <= 4; dead++) {
        (void)end(NULL);
        (void)begin(NULL);
        make_group(4, (struct asg_group_config){0});
        order((struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                                   .group = "web",
                                   .processes = UINT64_C(1) << ASG_PROCESS_HEALTH_CHECK});
        show(dead, (struct asg_seen_instance){.state = ASG_EC2_TERMINATED});
        set_desired(3);
        assert_int_equal(0, w.ended_count); /* it is over, nobody else goes */
        assert_int_equal(3, in_service());
        order((struct asg_command){.kind = ASG_COMMAND_RESUME,
                                   .group = "web",
                                   .processes = UINT64_C(1) << ASG_PROCESS_HEALTH_CHECK});
        pass(1000);
        assert_int_equal(4, w.instance_count);
    }
}

/* One of the two is resumed: the other still stands. */
static void test_both_must_be_resumed(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0});
    suspend(ASG_PROCESS_HEALTH_CHECK);
    suspend(ASG_PROCESS_REPLACE_UNHEALTHY);
    see(1, ASG_EC2_TERMINATED);
    resume(ASG_PROCESS_HEALTH_CHECK);
    assert_int_equal(4, w.instance_count);
    assert_int_equal(1, unhealthy());
    resume(ASG_PROCESS_REPLACE_UNHEALTHY);
    assert_int_equal(5, w.instance_count);
}

static void test_what_a_client_marks_is_replaced_while_health_checks_are_suspended(
    void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0});
    suspend(ASG_PROCESS_HEALTH_CHECK);
    const char *ids[] = {"i-1"};
    order((struct asg_command){.kind = ASG_COMMAND_SET_INSTANCE_HEALTH,
                               .instance_ids = {ids, 1}});
    assert_true(was_ended(1));
    assert_int_equal(5, w.instance_count);
}

static const enum asg_process health[] = {ASG_PROCESS_HEALTH_CHECK,
                                          ASG_PROCESS_REPLACE_UNHEALTHY};

/* That it is late is what we found out about its health. */
static void test_a_late_launch_waits_for_resume(void **state)
{
    (void)state;
    static const enum asg_process all[] = {
        ASG_PROCESS_HEALTH_CHECK, ASG_PROCESS_REPLACE_UNHEALTHY, ASG_PROCESS_TERMINATE};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        w.launch_state = ASG_EC2_PENDING;
        make_group(1, (struct asg_group_config){.launch_timeout_ms = 60000});
        suspend(all[i]);
        pass(3600000);
        assert_int_equal(0, w.ended_count);
        assert_non_null(strstr(w.said, "replacement waits: "));
        w.launch_state = ASG_EC2_RUNNING;
        resume(all[i]);
        assert_true(was_ended(1));
        assert_int_equal(1, in_service());
        (void)end(NULL);
        (void)begin(NULL);
    }
}

/* EC2 ends it whatever we do, and then it is one that EC2 ended. */
static void test_what_ec2_takes_back_is_not_replaced_before_resume(void **state)
{
    (void)state;
    w.is_spot = true;
    for (size_t i = 0; i < 2; i++) {
        make_group(2, (struct asg_group_config){0});
        suspend(health[i]);
        sign(1, ASG_SIGN_SPOT_INTERRUPTION);
        pass(60000);
        assert_int_equal(2, w.instance_count);
        assert_int_equal(0, w.ended_count);
        see(1, ASG_EC2_TERMINATED);
        pass(60000);
        assert_int_equal(2, w.instance_count);
        resume(health[i]);
        assert_int_equal(3, w.instance_count);
        assert_int_equal(2, in_service());
        assert_int_equal(0, w.ended_count);
        (void)end(NULL);
        (void)begin(NULL);
    }
}

/* It drains and is replaced, since it goes; we do not end it, EC2 does. */
static void test_what_ec2_takes_back_is_ended_by_ec2_while_terminate_is_suspended(
    void **state)
{
    (void)state;
    w.is_spot = true;
    make_group(2, (struct asg_group_config){.drain_ms = 30000});
    sign(1, ASG_SIGN_REPORTING);
    suspend(ASG_PROCESS_TERMINATE);
    sign(1, ASG_SIGN_SPOT_INTERRUPTION);
    assert_non_null(strstr(w.said, "i-1: draining first"));
    assert_int_equal(3, w.instance_count);
    pass(60000);
    assert_int_equal(0, w.ended_count);
    see(1, ASG_EC2_TERMINATED);
    assert_int_equal(2, in_service());
    resume(ASG_PROCESS_TERMINATE);
    pass(60000);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(3, w.instance_count);
}

/* It is there after all: the listing that lacked it was wrong. */
static void test_one_that_comes_back_meanwhile_is_kept(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0});
    suspend(ASG_PROCESS_REPLACE_UNHEALTHY);
    see(1, ASG_EC2_ABSENT);
    see(1, ASG_EC2_RUNNING);
    resume(ASG_PROCESS_REPLACE_UNHEALTHY);
    assert_int_equal(4, w.instance_count);
    assert_int_equal(4, in_service());
}

/* Nothing is asked of EC2 for one that it has ended already. */
static void test_an_order_ends_one_that_ec2_ended_at_once(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0});
    suspend(ASG_PROCESS_REPLACE_UNHEALTHY);
    see(1, ASG_EC2_TERMINATED);
    const char *ids[] = {"i-1"};
    order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                               .group = "web",
                               .instance_ids = {ids, 1}});
    assert_int_equal(0, w.ended_count);
    assert_int_equal(5, w.instance_count);
    assert_int_equal(4, in_service());
}

static void terminate(int number, bool decrement)
{
    char id[20];
    (void)snprintf(id, sizeof id, "i-%d", number);
    const char *one = id;
    order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                               .instance_ids = {&one, 1},
                               .decrement = decrement});
}

/* Which of i-1 to i-4 scale-in has selected first; the other one is `ret_other`. */
static int find_selected(int *ret_other)
{
    int selected[2] = {0, 0};
    size_t count = 0;
    for (int i = 1; i <= 4 && count < 2; i++) {
        char words[40];
        (void)snprintf(words, sizeof words, "terminating i-%d:", i);
        if (strstr(w.said, words) != NULL) selected[count++] = i;
    }
    assert_int_equal(2, count);
    *ret_other = selected[1];
    return selected[0];
}

/* An order about one instance still works, also when it was selected before. */
static void test_an_order_ends_one_that_waits_for_terminate_to_be_resumed(void **state)
{
    (void)state;
    for (int is_given_up = 0; is_given_up < 2; is_given_up++) {
        (void)end(NULL);
        (void)begin(NULL);
        make_group(4, (struct asg_group_config){0});
        w.terminate_outcome = ASG_OUTCOME_THROTTLED;
        set_desired(2);
        suspend(ASG_PROCESS_TERMINATE);
        if (is_given_up == 1) pass(100000);
        w.terminate_outcome = ASG_OUTCOME_OK;
        int other = 0;
        int named = find_selected(&other);
        terminate(named, true); /* its place is gone already */
        assert_int_equal(2, desired());
        pass(100000);
        assert_int_equal(0, w.ended_count);
        terminate(named, false);
        save_and_load();
        pass(100000);
        assert_int_equal(1, w.ended_count);
        assert_true(was_ended(named));
        assert_int_equal(2, desired());
        resume(ASG_PROCESS_TERMINATE);
        pass(100000);
        assert_int_equal(2, w.ended_count);
        assert_true(was_ended(other));
        assert_int_equal(2, in_service());
        assert_int_equal(4, w.instance_count);
    }
}

static void test_its_group_can_be_deleted(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    suspend(ASG_PROCESS_REPLACE_UNHEALTHY);
    see(1, ASG_EC2_TERMINATED);
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
    assert_non_null(strstr(w.said, "group is deleted"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_with_health_check_suspended_one_that_ec2_ended_is_not_replaced),
        TEST(test_with_replace_unhealthy_suspended_it_is_marked_only),
        TEST(test_a_scale_in_takes_the_unhealthy_first),
        TEST(test_a_scale_in_takes_what_ec2_ended_first),
        TEST(test_both_must_be_resumed),
        TEST(test_what_a_client_marks_is_replaced_while_health_checks_are_suspended),
        TEST(test_a_late_launch_waits_for_resume),
        TEST(test_what_ec2_takes_back_is_not_replaced_before_resume),
        TEST(test_what_ec2_takes_back_is_ended_by_ec2_while_terminate_is_suspended),
        TEST(test_one_that_comes_back_meanwhile_is_kept),
        TEST(test_an_order_ends_one_that_ec2_ended_at_once),
        TEST(test_its_group_can_be_deleted),
        TEST(test_an_order_ends_one_that_waits_for_terminate_to_be_resumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
