/* test_core_allowances - what ends instances: orders, policies and health, each bounded
 * by itself (docs/rules.md, "Orders, policies and health"). */
#include "unit/core/core_world.h"

#define MINUTE INT64_C(60000)

static void stop(int number)
{
    show(number, (struct asg_seen_instance){.state = ASG_EC2_STOPPED});
}

/* Wants the mean of CPU at 50 %, and says so after a period. */
static void put_tracker_of(uint32_t at_once_percent, uint32_t ten_minutes_percent)
{
    const struct asg_policy_config config = {.group = "web",
                                             .name = "cpu50",
                                             .kind = ASG_POLICY_TARGET_TRACKING,
                                             .target_milli = 50000,
                                             .scale_in_permille = 900,
                                             .scale_out_periods = 1,
                                             .periods = 1,
                                             .cooldown_ms = ASG_UNSET,
                                             .warmup_ms = ASG_UNSET,
                                             .scale_in_at_once_percent = at_once_percent,
                                             .scale_in_ten_minutes_percent =
                                                 ten_minutes_percent};
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &config});
}

/* One of EC2's that carries the tags of the group's launch and is not on record. */
static void show_of_job_2(int number)
{
    char id[20];
    (void)snprintf(id, sizeof id, "i-%d", number);
    struct asg_seen_instance seen = an_orphan(id, w.now_ms);
    seen.group = "web";
    seen.job_id = 2;
    seen.attempt = 1;
    const struct asg_observed observed = {.instances = &seen, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
}

/* With the group's allowance. */
static void put_tracker(void)
{
    put_tracker_of(0, 0);
}

static void plan_action(uint32_t desired, int64_t at_ms)
{
    const struct asg_schedule_config action = {.group = "web",
                                               .name = "evening",
                                               .min = ASG_UNSET,
                                               .max = ASG_UNSET,
                                               .desired = desired,
                                               .start_ms = at_ms,
                                               .recurrence = "",
                                               .time_zone = "UTC"};
    order((struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_PUT, .group = "web", .schedule_config = &action});
}

/* One that is in service and was not asked to go. */
static int one_that_serves(void)
{
    for (int i = 1; i <= w.instance_count; i++) {
        if (!was_ended(i)) return i;
    }
    fail_msg("nobody serves");
    return 0;
}

static void test_a_wanted_scale_in_leaves_replacements_their_allowance(void **state)
{
    (void)state;
    make_group(10, (struct asg_group_config){0});
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 2});
    assert_int_equal(8, w.ended_count);
    int broken = one_that_serves();
    stop(broken);
    assert_true(was_ended(broken));
    assert_int_equal(2, in_service());
    assert_null(strstr(w.said, "replacement waits"));
}

/* Every way by which a person lowers desired: below it health has its whole allowance,
 * and a policy its own. */
static void test_no_way_to_lower_desired_takes_from_the_allowances(void **state)
{
    (void)state;
    make_group(10, (struct asg_group_config){0});
    const struct asg_group_config changes = {.desired = 6, .max = 6};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &changes,
                               .group_fields = UINT64_C(1) << ASG_GROUP_DESIRED});
    assert_int_equal(4, w.ended_count);
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &changes,
                               .group_fields = UINT64_C(1) << ASG_GROUP_MAX});
    const struct asg_group_config fewer = {.desired = 4};
    struct asg_apply_group row = {
        .name = "web", .config = &fewer, .fields = UINT64_C(1) << ASG_GROUP_DESIRED};
    const struct asg_apply apply = {.groups = &row, .group_count = 1};
    order((struct asg_command){.kind = ASG_COMMAND_APPLY, .apply = &apply});
    assert_true(w.is_ok);
    assert_int_equal(6, w.ended_count);
    stop(one_that_serves()); /* 25 % of four in ten minutes: one */
    assert_int_equal(7, w.ended_count);
    assert_null(strstr(w.said, "replacement waits"));
    put_tracker_of(25, 25);
    measure(4, 4, 5);
    assert_int_equal(8, w.ended_count);
    assert_non_null(strstr(w.said, "scale-in waits: 1 terminated in 10 min"));
}

/* Those that the order ends still drain. */
static void test_also_while_it_is_carried_out(void **state)
{
    (void)state;
    make_group(10, (struct asg_group_config){.drain_ms = 600000});
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 2});
    assert_int_equal(2, in_service());
    assert_int_equal(0, w.ended_count);
    struct asg_arena arena = {0};
    struct asg_instance_view *views = NULL;
    size_t count = 0;
    asg_core_view_instances(w.core, "web", &arena, &views, &count);
    int broken = 0;
    for (size_t i = 0; i < count && broken == 0; i++) {
        if (views[i].state == ASG_INSTANCE_IN_SERVICE) {
            broken = atoi(views[i].instance_id + 2);
        }
    }
    asg_arena_clear(&arena);
    stop(broken);
    assert_null(strstr(w.said, "replacement waits"));
    char text[64];
    (void)snprintf(text, sizeof text, "terminating i-%d: stopped in EC2", broken);
    assert_non_null(strstr(w.said, text));
}

static uint32_t replacement_limit_after(uint32_t broken)
{
    uint32_t ended = 0;
    for (uint32_t i = 0; i < broken; i++) {
        int one = one_that_serves();
        w.now_ms += 1000;
        stop(one);
        ended += was_ended(one) ? 1 : 0;
        sign(w.instance_count, ASG_SIGN_REPORTING);
    }
    return ended;
}

/* 4 of 20 are replaced, 5 may be: an order that leaves 8 takes nothing from that. */
static void test_replacements_before_a_wanted_scale_in_leave_the_same_room(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.unhealthy_percent = 100});
    assert_int_equal(4, replacement_limit_after(4));
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 8});
    assert_int_equal(8, in_service());
    save_and_load();
    assert_int_equal(1, replacement_limit_after(1));
    assert_null(strstr(w.said, "replacement waits"));
    int next = one_that_serves(); /* and no more than that: */
    stop(next);
    assert_false(was_ended(next));
    assert_non_null(strstr(w.said, "5 terminated in 10 min, the limit is 5 (25 %)"));
}

/* The group is of the size that it had for ten minutes, no longer. */
static void test_what_an_order_took_away_counts_for_ten_minutes(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.unhealthy_percent = 100});
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 8});
    pass(10 * MINUTE + 1);
    for (int i = 1; i <= w.instance_count; i++) {
        if (!was_ended(i)) sign(i, ASG_SIGN_REPORTING);
    }
    assert_int_equal(2, replacement_limit_after(3)); /* a quarter of 8 */
}

/* A policy's own scale-in makes its group smaller for health too. */
static void test_a_policys_scale_in_shrinks_the_limits(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.unhealthy_percent = 100});
    put_tracker_of(100, 100);
    measure(20, 20, 20);
    assert_int_equal(8, desired());
    assert_int_equal(8, in_service());
    assert_int_equal(2, replacement_limit_after(3)); /* a quarter of 8 */
}

static void test_a_scheduled_action_is_an_order(void **state)
{
    (void)state;
    make_group(10, (struct asg_group_config){0});
    plan_action(2, w.now_ms + MINUTE);
    pass(MINUTE);
    assert_int_equal(2, in_service());
    int broken = one_that_serves();
    stop(broken);
    assert_true(was_ended(broken));
}

/* 10 % at once and 25 % in ten minutes; one that broke is replaced all the same. */
static void test_a_policys_scale_in_is_paced_and_leaves_replacements_theirs(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){0});
    put_tracker();
    measure(20, 20, 5);
    assert_int_equal(2, desired());
    for (int i = 0; i < 20; i++) {
        pass(1000);
    }
    assert_int_equal(5, w.ended_count);
    assert_non_null(strstr(w.said, "scale-in waits: 5 terminated in 10 min, the limit "
                                   "is 5 (25 %)"));
    int broken = one_that_serves();
    stop(broken);
    assert_true(was_ended(broken));
    assert_null(strstr(w.said, "replacement waits"));
    pass(10 * MINUTE + 1);
    assert_true(w.ended_count > 6); /* the surplus again */
}

static void test_a_policy_has_an_allowance_of_its_own(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.drain_ms = 600000});
    put_tracker_of(25, 50);
    measure(20, 20, 5);
    assert_int_equal(2, desired());
    assert_int_equal(15, in_service()); /* a quarter drains */
    save_and_load();
    for (int i = 0; i < 20; i++) {
        pass(1000);
    }
    assert_int_equal(15, in_service());
    pass(10 * MINUTE); /* they have drained, and are no longer of the last ten minutes */
    for (int i = 0; i < 20; i++) {
        pass(1000);
    }
    assert_int_equal(12, in_service()); /* a quarter of 15 */
}

/* Those that still drain are members yet, and no second time among those that were. */
static void test_ten_minutes_hold_while_what_was_selected_still_drains(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.drain_ms = 300000});
    put_tracker_of(100, 50);
    measure(20, 20, 5);
    assert_int_equal(2, desired());
    for (int i = 0; i < 20; i++) {
        pass(1000);
    }
    assert_int_equal(10, in_service());
    save_and_load();
    pass(300000); /* they have drained */
    pass(1000);
    assert_int_equal(10, w.ended_count);
    assert_int_equal(10, in_service());
}

/* The policy's scale-in is over: those that turn up later nobody asked to end. */
static void test_what_is_adopted_goes_by_the_groups_allowance(void **state)
{
    (void)state;
    make_group(10, (struct asg_group_config){0});
    put_tracker_of(100, 100);
    measure(10, 10, 40);
    assert_int_equal(8, in_service());
    pass(11 * MINUTE);
    for (int i = 31; i <= 40; i++) {
        show_of_job_2(i);
        sign(i, ASG_SIGN_REPORTING);
    }
    for (int i = 0; i < 5; i++) {
        pass(1000);
    }
    assert_int_equal(2 + 4, w.ended_count); /* a quarter of 18 */
    assert_non_null(strstr(w.said, "the limit is 4 (25 %)"));
}

/* What health may replace is the group's, whatever a policy may scale in. */
static void test_a_policys_allowance_is_not_that_of_health(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.unhealthy_percent = 100});
    put_tracker_of(100, 100);
    measure(20, 20, 49); /* nothing */
    for (int i = 1; i <= 6; i++) {
        stop(i);
        sign(20 + i, ASG_SIGN_REPORTING);
    }
    assert_int_equal(5, w.ended_count);
}

/* As EC2 Auto Scaling does it: all at once. */
static void test_an_allowance_of_all_paces_nothing(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){0});
    put_tracker_of(100, 100);
    measure(20, 20, 5);
    assert_int_equal(2, desired());
    assert_int_equal(2, in_service());
    assert_int_equal(18, w.ended_count);
    assert_null(strstr(w.said, "scale-in waits"));
}

static void test_replacements_leave_a_policy_its_allowance(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.unhealthy_percent = 100});
    put_tracker();
    for (int i = 1; i <= 6; i++) {
        stop(i);
        sign(20 + i, ASG_SIGN_REPORTING);
    }
    assert_int_equal(5, w.ended_count); /* a quarter; the sixth waits */
    assert_non_null(strstr(w.said, "replacement waits: 5 terminated in 10 min"));
    measure(19, 19, 5);
    pass(1000);
    assert_int_equal(10, w.ended_count); /* and a quarter of its own */
}

/* What the order wants goes at once, what the policy wants beyond it does not. */
static void test_a_policy_below_an_order_is_paced(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.drain_ms = 600000});
    put_tracker();
    order((struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                               .group = "web",
                               .processes = UINT64_C(1) << ASG_PROCESS_TERMINATE});
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 12});
    measure(20, 20, 5);
    assert_int_equal(2, desired());
    assert_int_equal(20, in_service());
    order((struct asg_command){.kind = ASG_COMMAND_RESUME,
                               .group = "web",
                               .processes = UINT64_C(1) << ASG_PROCESS_TERMINATE});
    /* 8 for the order; 1, a tenth of the 12 that are left, for the policy. */
    assert_int_equal(11, in_service());
}

/* Once an order is carried out, it excuses nothing that comes later. */
static void test_an_order_of_long_ago_excuses_nothing(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){0});
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 2});
    set_desired(20);
    for (int i = 1; i <= w.instance_count; i++) {
        sign(i, ASG_SIGN_REPORTING);
    }
    assert_int_equal(20, in_service());
    put_tracker();
    int ended = w.ended_count;
    measure(20, 20, 5);
    assert_int_equal(ended + 5, w.ended_count); /* a quarter */
}

/* 20 are there, the policy wants 2, and 5 have gone in these ten minutes. */
static void begin_paced_scale_in(void)
{
    make_group(20, (struct asg_group_config){0});
    put_tracker();
    measure(20, 20, 5);
    for (int i = 0; i < 20; i++) {
        pass(1000);
    }
    assert_int_equal(2, desired());
    assert_int_equal(5, w.ended_count);
}

/* An order paces nothing that is not its own: one that changes nothing has none. */
static void test_an_order_that_changes_nothing_hurries_nothing(void **state)
{
    (void)state;
    begin_paced_scale_in();
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 2});
    assert_int_equal(5, w.ended_count);
    plan_action(2, w.now_ms + 1000);
    pass(1000);
    assert_int_equal(5, w.ended_count);
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 8});
    assert_int_equal(5, w.ended_count); /* it wants more, and ends nobody */
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 6});
    assert_int_equal(14, w.ended_count); /* what is above 6 is ordered */
}

/* What an order wanted ends where a policy wants more again. */
static void test_an_order_does_not_outlive_a_policy_that_wants_more(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.drain_ms = 600000});
    put_tracker();
    order((struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                               .group = "web",
                               .processes = UINT64_C(1) << ASG_PROCESS_TERMINATE});
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 4});
    const struct asg_policy_config twelve = {.group = "web",
                                             .name = "twelve",
                                             .kind = ASG_POLICY_SIMPLE,
                                             .adjustment_type = ASG_ADJUSTMENT_EXACT,
                                             .adjustment = 12,
                                             .cooldown_ms = ASG_UNSET,
                                             .warmup_ms = ASG_UNSET};
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &twelve});
    order((struct asg_command){
        .kind = ASG_COMMAND_EXECUTE_POLICY, .group = "web", .name = "twelve"});
    assert_int_equal(12, desired());
    measure(20, 20, 5);
    assert_int_equal(2, desired());
    order((struct asg_command){.kind = ASG_COMMAND_RESUME,
                               .group = "web",
                               .processes = UINT64_C(1) << ASG_PROCESS_TERMINATE});
    /* 8 for the order; 1, a tenth of the 12 that are left, for the policy. */
    assert_int_equal(11, in_service());
}

/* One that is ended by name takes its place with it, not the order's. */
static void test_an_order_stays_when_one_is_ended_by_name(void **state)
{
    (void)state;
    make_group(20, (struct asg_group_config){.drain_ms = 600000});
    order((struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                               .group = "web",
                               .processes = UINT64_C(1) << ASG_PROCESS_TERMINATE});
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 4});
    for (int i = 3; i <= 5; i++) {
        const char *id = i == 3 ? "i-3" : i == 4 ? "i-4" : "i-5";
        order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                                   .instance_ids = {&id, 1},
                                   .decrement = true});
    }
    assert_int_equal(1, desired());
    order((struct asg_command){.kind = ASG_COMMAND_RESUME,
                               .group = "web",
                               .processes = UINT64_C(1) << ASG_PROCESS_TERMINATE});
    assert_int_equal(1, in_service()); /* all of the order at once */
}

/* It lives on, so it takes nothing from those that could be replaced. */
static void test_what_ec2_refuses_to_end_takes_nothing(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){.unhealthy_percent = 100});
    order((struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                               .group = "web",
                               .processes = UINT64_C(1) << ASG_PROCESS_LAUNCH});
    w.protects = true;
    show(1, (struct asg_seen_instance){.state = ASG_EC2_STOPPED});
    assert_int_equal(1, w.end_requests);
    assert_int_equal(0, w.ended_count);
    w.protects = false;
    w.now_ms += 1000;
    show(2, (struct asg_seen_instance){.state = ASG_EC2_STOPPED});
    assert_true(was_ended(2)); /* the limit of ten minutes is one */
    w.now_ms += 1000;
    show(3, (struct asg_seen_instance){.state = ASG_EC2_STOPPED});
    assert_false(was_ended(3));
}

static void test_a_halt_holds_an_order_too(void **state)
{
    (void)state;
    make_group(10, (struct asg_group_config){0});
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 2});
    assert_int_equal(10, in_service());
    save_and_load();
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    assert_int_equal(2, in_service());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_wanted_scale_in_leaves_replacements_their_allowance),
        TEST(test_no_way_to_lower_desired_takes_from_the_allowances),
        TEST(test_also_while_it_is_carried_out),
        TEST(test_replacements_before_a_wanted_scale_in_leave_the_same_room),
        TEST(test_what_an_order_took_away_counts_for_ten_minutes),
        TEST(test_a_policys_scale_in_shrinks_the_limits),
        TEST(test_a_scheduled_action_is_an_order),
        TEST(test_a_policys_scale_in_is_paced_and_leaves_replacements_theirs),
        TEST(test_a_policy_has_an_allowance_of_its_own),
        TEST(test_ten_minutes_hold_while_what_was_selected_still_drains),
        TEST(test_what_is_adopted_goes_by_the_groups_allowance),
        TEST(test_a_policys_allowance_is_not_that_of_health),
        TEST(test_an_allowance_of_all_paces_nothing),
        TEST(test_replacements_leave_a_policy_its_allowance),
        TEST(test_a_policy_below_an_order_is_paced),
        TEST(test_an_order_of_long_ago_excuses_nothing),
        TEST(test_an_order_that_changes_nothing_hurries_nothing),
        TEST(test_an_order_does_not_outlive_a_policy_that_wants_more),
        TEST(test_an_order_stays_when_one_is_ended_by_name),
        TEST(test_what_ec2_refuses_to_end_takes_nothing),
        TEST(test_a_halt_holds_an_order_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
