/* test_core_schedules - scheduled actions of a group over time: none of their due times
 * passes without its run or the reason why there was none (docs/rules.md, "Scheduled
 * actions"). */
#include "unit/core/core_world.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)

static const struct asg_group_config unlimited = {
    .unhealthy_percent = 100, .terminating_percent = 100, .terminated_percent = 100};

/* The first full hour after the tests begin. */
static int64_t full_hour(void)
{
    return (BEGAN_MS / HOUR + 1) * HOUR;
}

static void put_action(const char *name, int64_t start_ms, const char *recurrence,
                       int64_t desired)
{
    struct asg_schedule_config action = {.group = "web",
                                         .name = name,
                                         .min = ASG_UNSET,
                                         .max = ASG_UNSET,
                                         .desired = desired,
                                         .start_ms = start_ms,
                                         .recurrence = recurrence,
                                         .time_zone = "UTC"};
    order((struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_PUT, .group = "web", .schedule_config = &action});
}

/* No tick comes on the way there: the controller is busy, or nobody leads. */
static void jump_to(int64_t ms)
{
    assert_true(ms >= w.now_ms);
    w.now_ms = ms;
}

static void tick(void)
{
    step((struct asg_event){.kind = ASG_EVENT_TICK});
}

static void lead(int64_t late_ms)
{
    order((struct asg_command){.kind = ASG_COMMAND_LEAD,
                               .epoch = 2,
                               .rules = asg_core_newest_rules(),
                               .schedule_late_ms = late_ms});
}

static size_t count_said(const char *text)
{
    size_t count = 0;
    for (const char *at = strstr(w.said, text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

static size_t count_actions(void)
{
    struct asg_arena arena = {0};
    struct asg_schedule_config *actions = NULL;
    size_t count = 0;
    asg_core_view_schedules(w.core, "web", &arena, &actions, &count);
    asg_arena_clear(&arena);
    return count;
}

/* ---- before the first complete listing ---- */

/* A controller leads, and EC2 has not been listed yet. */
static void lead_unlisted(void)
{
    const struct asg_command command = {.kind = ASG_COMMAND_LEAD,
                                        .actor = "test",
                                        .epoch = asg_core_epoch(w.core) + 1,
                                        .incarnation = 22,
                                        .rules = asg_core_newest_rules()};
    step((struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &command});
}

static void list(const struct asg_seen_instance *seen, size_t count)
{
    struct asg_seen_instance copy[2];
    for (size_t i = 0; i < count; i++) {
        copy[i] = seen[i];
    }
    const struct asg_observed listing = {
        .is_complete = true, .instances = copy, .instance_count = count};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &listing});
}

static void test_a_late_run_waits_for_the_first_listing(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("once", full_hour(), "", 5);
    jump_to(full_hour() + MINUTE);
    lead_unlisted();
    pass(90000); /* 150 s late by now, and 60 s when it could lead */
    assert_int_equal(2, desired());
    save_and_load();
    list(NULL, 0);
    assert_int_equal(5, desired());
    assert_int_equal(1, count_said("scheduled action once: min"));
    assert_int_equal(0, count_said("is skipped"));
}

static void test_a_run_that_is_due_meanwhile_waits_too(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("once", full_hour(), "", 5);
    jump_to(full_hour() - 10000);
    lead_unlisted();
    pass(20000);
    assert_int_equal(2, desired());
    list(NULL, 0);
    assert_int_equal(5, desired());
}

/* Controllers that lead for a moment only, one after the other: each run is told of in
 * its time. */
static void test_leaders_that_come_and_go_put_no_reason_off(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("often", 0, "* * * * *", 5);
    for (uint64_t i = 0; i < 10; i++) {
        jump_to(full_hour() + (int64_t)i * MINUTE);
        lead_unlisted();
        assert_true(count_said("skipped: ") + 3 >= i);
    }
    assert_int_equal(2, desired());
    list(NULL, 0);
    assert_int_equal(5, desired());
}

/* As long as it could be late, and no longer. */
/* It waits no more in that very moment. */
static void test_a_halt_ends_the_wait_for_the_first_listing(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("once", full_hour(), "", 5);
    jump_to(full_hour() + MINUTE);
    lead_unlisted();
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = ""});
    pass(1000);
    assert_int_equal(2, desired());
    assert_int_equal(1, count_said("is skipped: everything is halted"));
}

static void test_without_a_listing_a_run_is_skipped_in_the_end(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("hourly", 0, "0 * * * *", 5);
    jump_to(full_hour() + MINUTE);
    lead_unlisted();
    pass(2 * MINUTE);
    assert_int_equal(0, count_said("is skipped"));
    assert_true(asg_core_next_deadline(w.core) <= w.now_ms + 1);
    pass(1);
    assert_int_equal(1, count_said("is skipped: EC2 has not been listed since"));
    list(NULL, 0);
    assert_int_equal(2, desired());
    jump_to(full_hour() + HOUR);
    tick();
    assert_int_equal(5, desired()); /* and it goes on */
}

static void test_an_old_log_runs_nothing_that_waited(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("once", full_hour(), "", 1);
    jump_to(full_hour() + MINUTE);
    lead_unlisted();
    struct asg_seen_instance unknown = an_orphan("i-50", w.now_ms - 600000);
    unknown.group = "web";
    unknown.job_id = 9000;
    unknown.incarnation = 77;
    list(&unknown, 1);
    assert_int_equal(1, count_said("is skipped: scaling is on hold"));
    assert_int_equal(2, desired());
    assert_int_equal(0, w.ended_count);
}

/* It is younger than the run: the run would undo it. */
static void test_an_order_before_the_listing_has_the_last_word(void **state)
{
    (void)state;
    for (int is_update = 0; is_update < 2; is_update++) {
        make_group(2, unlimited);
        put_action("once", full_hour(), "", 5);
        jump_to(full_hour() + MINUTE);
        lead_unlisted();
        const struct asg_group_config range = {.min = 3, .max = 4};
        if (is_update == 0) set_desired(3);
        if (is_update == 1) {
            order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                                       .group = "web",
                                       .group_config = &range,
                                       .group_fields = UINT64_C(1) << ASG_GROUP_MIN |
                                                       UINT64_C(1) << ASG_GROUP_MAX});
        }
        assert_int_equal(1, count_said("is skipped: a later command came"));
        assert_int_equal(0, count_actions()); /* it was to run once */
        list(NULL, 0);
        assert_int_equal(3, desired());
        (void)end(NULL);
        (void)begin(NULL);
    }
}

static void test_an_action_that_waits_and_is_deleted_says_so(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("hourly", 0, "0 * * * *", 5);
    jump_to(full_hour() + MINUTE);
    lead_unlisted();
    order((struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_DELETE, .group = "web", .name = "hourly"});
    assert_int_equal(1, count_said("is skipped: a later command came"));
    list(NULL, 0);
    assert_int_equal(2, desired());
}

/* ---- nothing may swallow a due time ---- */

static void test_an_event_between_due_time_and_tick_loses_no_run(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("hourly", 0, "0 * * * *", 5);
    jump_to(full_hour() + 3);
    sign(1, ASG_SIGN_REPORTING);
    tick();
    assert_int_equal(5, desired());
    set_desired(2);
    jump_to(full_hour() + HOUR);
    tick();
    assert_int_equal(5, desired()); /* and it goes on */
}

static void test_an_event_long_after_the_due_time_runs_nothing_twice(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("hourly", 0, "0 * * * *", 5);
    jump_to(full_hour() + 3);
    sign(1, ASG_SIGN_REPORTING);
    set_desired(3);
    tick();
    sign(1, ASG_SIGN_REPORTING);
    pass(MINUTE);
    assert_int_equal(3, desired());
    assert_int_equal(1, count_said("scheduled action hourly: min"));
}

/* The order is younger than the run, and has the last word. */
static void test_an_order_after_the_due_time_comes_after_its_run(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("once", full_hour(), "", 5);
    jump_to(full_hour() + 3);
    set_desired(7);
    assert_int_equal(7, desired());
    assert_non_null(strstr(w.said, "scheduled action once: min 0, max 20, desired 5"));
    tick();
    assert_int_equal(7, desired());
}

static void test_an_action_cannot_be_deleted_past_its_due_time(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("hourly", 0, "0 * * * *", 5);
    jump_to(full_hour() + 3);
    order((struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_DELETE, .group = "web", .name = "hourly"});
    assert_int_equal(5, desired());
    assert_int_equal(0, count_actions());
}

static void test_no_other_deadline_hides_a_due_time(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("hourly", 0, "0 * * * *", 5);
    jump_to(full_hour() + 3);
    set_desired(2);
    jump_to(full_hour() + HOUR);
    assert_true(asg_core_next_deadline(w.core) <= w.now_ms);
    tick();
    assert_int_equal(5, desired());
}

/* ---- late ---- */

static void test_a_restart_across_a_due_time_makes_it_up_once(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("minutely", 0, "* * * * *", 5);
    put_action("once", full_hour() + 1000, "", 4);
    jump_to(full_hour() + 8000);
    lead(0);
    assert_int_equal(4, desired()); /* 10:00:00 before 10:00:01 */
    set_desired(2);
    tick();
    pass(1000);
    assert_int_equal(2, desired());
    jump_to(full_hour() + MINUTE);
    tick();
    assert_int_equal(5, desired());
}

static void test_a_run_that_is_too_late_is_skipped_with_its_reason(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("hourly", 0, "0 * * * *", 5);
    put_action("once", full_hour() + 1000, "", 7);
    jump_to(full_hour() + 2 * MINUTE + 5000);
    lead(0);
    assert_int_equal(2, desired());
    assert_non_null(strstr(w.said, "scheduled action hourly: its run of "));
    assert_non_null(strstr(w.said, "is skipped: 125 s late, the limit is 2 min"));
    assert_non_null(strstr(w.said, "scheduled action once: its run of "));
    assert_int_equal(1, count_actions()); /* the one for once is over */
    jump_to(full_hour() + HOUR);
    tick();
    assert_int_equal(5, desired());
}

static void test_how_late_is_what_the_leader_was_told(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("hourly", 0, "0 * * * *", 5);
    jump_to(full_hour() + 10 * MINUTE);
    lead(15 * MINUTE);
    assert_int_equal(5, desired());
    set_desired(2);
    save_and_load();
    jump_to(full_hour() + HOUR + 10 * MINUTE);
    tick();
    assert_int_equal(5, desired());
}

/* Many due times of one action: the last that is not too late runs, once. */
static void test_missed_runs_of_one_action_are_made_up_by_one(void **state)
{
    (void)state;
    make_group(2, unlimited);
    jump_to(full_hour() - 30000);
    put_action("minutely", 0, "* * * * *", 5);
    jump_to(full_hour() + 30000);
    tick();
    set_desired(2);
    jump_to(full_hour() + 10 * MINUTE + 30000);
    lead(0);
    assert_int_equal(5, desired());
    assert_int_equal(2, count_said("scheduled action minutely: min"));
    assert_int_equal(1, count_said("scheduled action minutely: its runs from "));
    assert_non_null(strstr(w.said, "are skipped: 570 s late, the limit is 2 min"));
}

static void test_a_year_of_missed_runs_is_skipped_at_once(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("minutely", 0, "* * * * *", 5);
    jump_to(full_hour() + 366 * 24 * HOUR + 30000);
    lead(0);
    assert_int_equal(5, desired());
    assert_int_equal(1, count_said("runs from "));
    assert_true(asg_core_next_deadline(w.core) <= w.now_ms + 30000);
}

/* ---- not while somebody said no ---- */

static void expect_skipped(const char *why)
{
    put_action("hourly", 0, "0 * * * *", 5);
    jump_to(full_hour());
    tick();
    assert_int_equal(2, desired());
    assert_int_equal(1, count_said("scheduled action hourly: its run of "));
    assert_non_null(strstr(w.said, why));
}

static void test_never_while_all_is_halted(void **state)
{
    (void)state;
    make_group(2, unlimited);
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = ""});
    expect_skipped("is skipped: everything is halted");
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = ""});
    assert_int_equal(2, desired()); /* it is not made up */
}

static void test_never_while_the_group_is_halted(void **state)
{
    (void)state;
    make_group(2, unlimited);
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    expect_skipped("is skipped: the group is halted");
}

static void test_never_while_the_process_is_suspended(void **state)
{
    (void)state;
    make_group(2, unlimited);
    order(
        (struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                             .group = "web",
                             .processes = UINT64_C(1) << ASG_PROCESS_SCHEDULED_ACTIONS});
    expect_skipped("is skipped: the process scheduled-actions is suspended");
}

/* ---- several ---- */

static void test_two_due_in_one_tick_run_in_the_order_of_their_times(void **state)
{
    (void)state;
    make_group(4, unlimited);
    put_action("b-early", full_hour(), "", 8);
    put_action("a-late", full_hour() + MINUTE, "", 2);
    jump_to(full_hour() + MINUTE + 1000);
    tick();
    assert_int_equal(2, desired());
    assert_int_equal(0, count_actions());
}

static void test_two_of_one_start_time_are_refused(void **state)
{
    (void)state;
    make_group(4, unlimited);
    put_action("first", full_hour(), "", 8);
    put_action("second", full_hour(), "", 2);
    assert_int_equal(1, count_actions());
    put_action("second", full_hour() + 1, "", 2);
    assert_int_equal(2, count_actions());
    put_action("first", full_hour(), "", 9); /* itself, anew */
    assert_int_equal(2, count_actions());
    jump_to(full_hour());
    tick();
    assert_int_equal(9, desired());
}

/* What runs next at that moment starts then, whatever set it. */
static void test_equal_next_runs_are_refused(void **state)
{
    (void)state;
    make_group(2, unlimited);
    put_action("hourly", 0, "0 * * * *", 5);
    put_action("again", 0, "0 * * * *", 6);
    assert_string_equal("AlreadyExists", w.code);
    put_action("once", full_hour(), "", 6);
    assert_string_equal("AlreadyExists", w.code);
    put_action("both", full_hour(), "30 * * * *", 6);
    assert_string_equal("AlreadyExists", w.code);
    assert_int_equal(1, count_actions());
    put_action("hourly", 0, "0 * * * *", 7); /* itself, anew */
    assert_true(w.is_ok);
    put_action("once", full_hour() + MINUTE, "", 6);
    assert_true(w.is_ok);
    jump_to(full_hour());
    tick();
    put_action("once", full_hour() + HOUR, "", 6); /* its next run by now */
    assert_string_equal("AlreadyExists", w.code);
    put_action("once", full_hour() + 2 * HOUR, "", 6);
    assert_true(w.is_ok);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_late_run_waits_for_the_first_listing),
        TEST(test_a_run_that_is_due_meanwhile_waits_too),
        TEST(test_a_halt_ends_the_wait_for_the_first_listing),
        TEST(test_without_a_listing_a_run_is_skipped_in_the_end),
        TEST(test_an_old_log_runs_nothing_that_waited),
        TEST(test_leaders_that_come_and_go_put_no_reason_off),
        TEST(test_an_order_before_the_listing_has_the_last_word),
        TEST(test_an_action_that_waits_and_is_deleted_says_so),
        TEST(test_an_event_between_due_time_and_tick_loses_no_run),
        TEST(test_an_event_long_after_the_due_time_runs_nothing_twice),
        TEST(test_an_order_after_the_due_time_comes_after_its_run),
        TEST(test_an_action_cannot_be_deleted_past_its_due_time),
        TEST(test_no_other_deadline_hides_a_due_time),
        TEST(test_a_restart_across_a_due_time_makes_it_up_once),
        TEST(test_a_run_that_is_too_late_is_skipped_with_its_reason),
        TEST(test_how_late_is_what_the_leader_was_told),
        TEST(test_missed_runs_of_one_action_are_made_up_by_one),
        TEST(test_a_year_of_missed_runs_is_skipped_at_once),
        TEST(test_never_while_all_is_halted),
        TEST(test_never_while_the_group_is_halted),
        TEST(test_never_while_the_process_is_suspended),
        TEST(test_two_due_in_one_tick_run_in_the_order_of_their_times),
        TEST(test_two_of_one_start_time_are_refused),
        TEST(test_equal_next_runs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
