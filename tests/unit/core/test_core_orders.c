/* An order is an order (docs/rules.md, "Orders, policies and health"): 5 to 0 is done at
 * once, and no guard, pause or pool that is dry stands in its way. */
#include "unit/core/core_world.h"

/* One instance at a time, and one in ten minutes. */
static const struct asg_group_config strict = {.terminating_percent = 1,
                                               .terminated_percent = 1};

static void expect_all_ended_at_once(void)
{
    int64_t asked_ms = w.now_ms;
    set_desired(0);
    assert_int_equal(0, desired());
    assert_int_equal(0, in_service());
    assert_int_equal(w.instance_count, w.ended_count);
    assert_int_equal(asked_ms, w.now_ms); /* no time has passed */
}

static void test_interlocks_do_not_pace_it(void **state)
{
    (void)state;
    make_group(5, strict);
    expect_all_ended_at_once();
    assert_int_equal(1, w.end_requests); /* in one call */
}

static void test_it_is_done_after_another_one(void **state)
{
    (void)state;
    make_group(5, strict);
    set_desired(4);
    set_desired(3);
    expect_all_ended_at_once();
}

static void test_agents_that_are_silent_together_do_not_hold_it(void **state)
{
    (void)state;
    make_group(5, strict);
    for (int i = 1; i <= 5; i++) {
        sign(i, ASG_SIGN_SILENT);
    }
    assert_non_null(strstr(w.said, "mass-silence"));
    expect_all_ended_at_once();
}

static void test_too_many_unhealthy_do_not_hold_it(void **state)
{
    (void)state;
    make_group(5, strict);
    for (int i = 1; i <= 3; i++) {
        sign(i, ASG_SIGN_SILENT);
        sign(i, ASG_SIGN_PROBE_FAILED);
    }
    expect_all_ended_at_once();
}

static void test_a_cooldown_does_not_hold_it(void **state)
{
    (void)state;
    struct asg_group_config config = strict;
    config.cooldown_ms = 300000;
    make_group(3, config);
    const struct asg_policy_config policy = {.name = "up",
                                             .kind = ASG_POLICY_SIMPLE,
                                             .adjustment_type = ASG_ADJUSTMENT_CHANGE,
                                             .adjustment = 2,
                                             .cooldown_ms = ASG_UNSET};
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &policy});
    order((struct asg_command){
        .kind = ASG_COMMAND_EXECUTE_POLICY, .group = "web", .name = "up"});
    sign(4, ASG_SIGN_REPORTING);
    sign(5, ASG_SIGN_REPORTING);
    assert_int_equal(5, in_service());
    order((struct asg_command){.kind = ASG_COMMAND_SET_DESIRED,
                               .group = "web",
                               .desired = 0,
                               .honor_cooldown = true}); /* this one asked for it */
    assert_int_equal(5, desired());
    expect_all_ended_at_once();
}

static void set_honoring(uint32_t count)
{
    order((struct asg_command){.kind = ASG_COMMAND_SET_DESIRED,
                               .group = "web",
                               .desired = count,
                               .honor_cooldown = true});
}

static void expect_in_progress(const char *words)
{
    assert_string_equal("ScalingActivityInProgress", w.code);
    if (strstr(w.reply, words) == NULL) fail_msg("got: %s", w.reply);
}

/* Characters are counted, not bytes. */
static void name_of(size_t count, const char *character, char ret[1100])
{
    ret[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        memcpy(ret + i * strlen(character), character, strlen(character) + 1);
    }
}

static void test_names_have_255_characters_of_any_kind(void **state)
{
    (void)state;
    make_group(2, strict);
    static const char *const characters[] = {"p", "\xe2\x82\xac", "\xf0\x9f\x90\x9f"};
    for (size_t i = 0; i < 3; i++) {
        char name[1100];
        struct asg_policy_config policy = {.name = name,
                                           .kind = ASG_POLICY_SIMPLE,
                                           .adjustment_type = ASG_ADJUSTMENT_CHANGE,
                                           .adjustment = 1,
                                           .cooldown_ms = 0};
        struct asg_schedule_config action = {.name = name,
                                             .group = "web",
                                             .min = ASG_UNSET,
                                             .max = ASG_UNSET,
                                             .desired = 2,
                                             .start_ms = w.now_ms + 3600000,
                                             .recurrence = "",
                                             .time_zone = "UTC"};
        const struct asg_command puts[] = {
            {.kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &policy},
            {.kind = ASG_COMMAND_SCHEDULE_PUT,
             .group = "web",
             .schedule_config = &action}};
        for (size_t k = 0; k < 2; k++) {
            action.start_ms += (int64_t)i * 60000;
            name_of(255, characters[i], name);
            order(puts[k]);
            assert_string_equal("", w.is_ok ? "" : w.reply);
            name_of(256, characters[i], name);
            order(puts[k]);
            assert_false(w.is_ok);
            assert_non_null(strstr(w.reply, "1 to 255 characters"));
        }
        name_of(255, characters[i], name);
        order((struct asg_command){
            .kind = ASG_COMMAND_EXECUTE_POLICY, .group = "web", .name = name});
        assert_true(w.is_ok);
        assert_int_equal(3 + (int)i, desired());
        save_and_load();
    }
}

/* Whoever honours the cooldown waits for launches, whoever asked for them. */
static void test_one_that_honours_the_cooldown_waits_for_a_launch(void **state)
{
    (void)state;
    struct asg_group_config config = strict;
    config.cooldown_ms = 0;
    make_group(2, config);
    const struct asg_policy_config policy = {.name = "up",
                                             .kind = ASG_POLICY_SIMPLE,
                                             .adjustment_type = ASG_ADJUSTMENT_CHANGE,
                                             .adjustment = 1,
                                             .cooldown_ms = ASG_UNSET};
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &policy});
    struct asg_command execute = {.kind = ASG_COMMAND_EXECUTE_POLICY,
                                  .group = "web",
                                  .name = "up",
                                  .honor_cooldown = true};
    w.launch_state = ASG_EC2_PENDING;
    set_honoring(3); /* nothing is under way */
    assert_int_equal(3, desired());
    set_honoring(4);
    expect_in_progress("launch or terminate");
    order(execute);
    expect_in_progress("launch or terminate");
    assert_int_equal(3, desired());
    execute.honor_cooldown = false;
    order(execute);
    assert_int_equal(4, desired());
}

static void test_one_that_honours_the_cooldown_waits_for_an_end(void **state)
{
    (void)state;
    struct asg_group_config config = strict;
    config.cooldown_ms = 0;
    make_group(3, config);
    w.terminate_outcome = ASG_OUTCOME_THROTTLED; /* EC2 has not ended it yet */
    set_desired(2);
    set_honoring(3);
    expect_in_progress("launch or terminate");
    assert_int_equal(2, desired());
}

/* The cooldown follows a change by hand too, from when it is done. */
static void test_a_change_by_hand_begins_the_cooldown(void **state)
{
    (void)state;
    struct asg_group_config config = strict;
    config.cooldown_ms = 300000;
    make_group(2, config);
    w.is_slow = true;
    set_desired(3);
    pass(20000); /* EC2 takes its time */
    answer_launches();
    assert_int_equal(3, in_service());
    pass(290000);
    set_honoring(4);
    expect_in_progress("cooldown");
    save_and_load();
    set_honoring(4);
    expect_in_progress("cooldown");
    assert_int_equal(3, desired());
    pass(10000);
    set_honoring(4);
    assert_int_equal(4, desired());
}

/* An order for what there is, and a replacement, begin none. */
static void test_what_leaves_desired_alone_begins_no_cooldown(void **state)
{
    (void)state;
    struct asg_group_config config = strict;
    config.cooldown_ms = 300000;
    config.unhealthy_percent = 100;
    config.terminating_percent = 100;
    config.terminated_percent = 100;
    make_group(3, config);
    set_desired(3);
    w.is_slow = true;
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED);
    assert_true(was_ended(1));
    set_honoring(4);
    expect_in_progress("launch or terminate");
    answer_launches();
    sign(4, ASG_SIGN_REPORTING);
    assert_int_equal(3, in_service());
    set_honoring(4);
    assert_int_equal(4, desired());
}

/* The breaker is open and desired is wanted: the order to shrink needs no launch. */
static void test_an_open_breaker_does_not_hold_it(void **state)
{
    (void)state;
    make_group(5, strict);
    w.launch_outcome = ASG_OUTCOME_BAD_REQUEST;
    set_desired(6);
    for (int i = 0; i < 20; i++) {
        pass(5000);
    }
    assert_non_null(strstr(w.said, "alarm launch-breaker"));
    assert_int_equal(5, in_service());
    expect_all_ended_at_once();
}

static void test_dry_pools_do_not_hold_it(void **state)
{
    (void)state;
    make_group(5, strict);
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    w.launch_error = "InsufficientInstanceCapacity";
    set_desired(8);
    pass(5000);
    assert_int_equal(5, in_service());
    expect_all_ended_at_once();
    /* And one that grows asks EC2 at once when there is room again. */
    w.launch_outcome = ASG_OUTCOME_OK;
    w.launch_error = NULL;
    for (int i = 0; i < 40 && w.instance_count < 7; i++) {
        set_desired(2);
        pass(30000);
    }
    assert_int_equal(7, w.instance_count);
}

/* Not yet asked of EC2, or being asked: nothing of it is waited for. */
static void test_launches_under_way_do_not_hold_it(void **state)
{
    (void)state;
    make_group(5, strict);
    w.is_slow = true;
    set_desired(9);
    set_desired(0);
    assert_int_equal(5, w.ended_count);
    answer_launches(); /* four arrive, and go */
    assert_int_equal(9, w.instance_count);
    assert_int_equal(9, w.ended_count);
}

static void test_an_update_of_the_range_is_one_too(void **state)
{
    (void)state;
    make_group(5, strict);
    const struct asg_group_config none = {.max = 0};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &none,
                               .group_fields = UINT64_C(1) << ASG_GROUP_MAX});
    assert_int_equal(0, desired());
    assert_int_equal(5, w.ended_count);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_interlocks_do_not_pace_it),
        TEST(test_it_is_done_after_another_one),
        TEST(test_agents_that_are_silent_together_do_not_hold_it),
        TEST(test_too_many_unhealthy_do_not_hold_it),
        TEST(test_a_cooldown_does_not_hold_it),
        TEST(test_names_have_255_characters_of_any_kind),
        TEST(test_one_that_honours_the_cooldown_waits_for_a_launch),
        TEST(test_one_that_honours_the_cooldown_waits_for_an_end),
        TEST(test_a_change_by_hand_begins_the_cooldown),
        TEST(test_what_leaves_desired_alone_begins_no_cooldown),
        TEST(test_an_open_breaker_does_not_hold_it),
        TEST(test_dry_pools_do_not_hold_it),
        TEST(test_launches_under_way_do_not_hold_it),
        TEST(test_an_update_of_the_range_is_one_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
