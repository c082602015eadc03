#include "model/zone_changes.h"

#include "lib/check.h"

#define NOW_MS INT64_C(1795444609000) /* 2026-11-23T14:36:49Z */

static struct asg_schedule_config changes_of(const char *zone, struct asg_arena *arena)
{
    struct asg_schedule_config schedule = {.time_zone = zone};
    struct asg_error error = {0};
    if (asg_zone_changes(&schedule, NOW_MS, arena, &error) != ASG_OK) {
        fail_msg("%s", error.text);
    }
    return schedule;
}

static void test_zone_changes_follow_daylight_saving_for_years(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_schedule_config berlin = changes_of("Europe/Berlin", &arena);
    assert_true(berlin.change_count >= (size_t)2 * ASG_ZONE_YEARS);
    bool has_spring = false;
    for (size_t i = 0; i < berlin.change_count; i++) {
        if (i > 0) assert_true(berlin.changes[i].at_ms > berlin.changes[i - 1].at_ms);
        /* 2027-03-28T01:00:00Z: the clocks go forward. */
        if (berlin.changes[i].at_ms != INT64_C(1806195600000)) continue;
        has_spring = true;
        assert_int_equal(7200, berlin.changes[i].offset_s);
        assert_int_equal(3600, berlin.changes[i - 1].offset_s);
    }
    assert_true(has_spring);
    asg_arena_clear(&arena);
}

static void test_zone_changes_of_a_zone_without_any_are_one_offset(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_schedule_config india = changes_of("Asia/Kolkata", &arena);
    assert_int_equal(1, india.change_count);
    assert_int_equal(19800, india.changes[0].offset_s);
    assert_int_equal(0, changes_of("UTC", &arena).change_count);
    asg_arena_clear(&arena);
}

/* An order has thousands of them. */
static void test_zone_changes_keep_nothing_of_the_file(void **state)
{
    (void)state;
    struct asg_arena arena = {0};
    struct asg_schedule_config berlin = changes_of("Europe/Berlin", &arena);
    assert_true(berlin.change_count > 0);
    assert_true(asg_arena_used(&arena) < 16384);
    asg_arena_clear(&arena);
}

static void test_zone_changes_refuse_what_is_no_zone(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "Mars/Base", "../../etc/passwd", "/etc/passwd", ":", "Europe", "UTC0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct asg_arena arena = {0};
        struct asg_schedule_config schedule = {.time_zone = bad[i]};
        struct asg_error error = {0};
        assert_status(ASG_ERR_INVALID,
                      asg_zone_changes(&schedule, NOW_MS, &arena, &error));
        assert_non_null(strstr(error.text, "no time zone"));
        asg_arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zone_changes_follow_daylight_saving_for_years),
        cmocka_unit_test(test_zone_changes_of_a_zone_without_any_are_one_offset),
        cmocka_unit_test(test_zone_changes_keep_nothing_of_the_file),
        cmocka_unit_test(test_zone_changes_refuse_what_is_no_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
