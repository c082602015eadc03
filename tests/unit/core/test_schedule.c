/* test_schedule - when a scheduled action runs, and what is refused. */
#include "core/values/schedule.h"
#include "lib/check.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)

static struct asg_schedule_config hourly(void)
{
    return (struct asg_schedule_config){.group = "web",
                                        .name = "s",
                                        .min = ASG_UNSET,
                                        .max = ASG_UNSET,
                                        .desired = 4,
                                        .recurrence = "0 * * * *",
                                        .time_zone = "UTC"};
}

static void test_schedule_runs_at_start_and_then_by_recurrence(void **state)
{
    (void)state;
    struct asg_schedule_config config = hourly();
    config.start_ms = 10 * HOUR_MS + 5 * MINUTE_MS;
    assert_int_equal(asg_schedule_next(&config, HOUR_MS), config.start_ms);
    assert_int_equal(asg_schedule_next(&config, config.start_ms), 11 * HOUR_MS);
}

static void test_schedule_without_recurrence_runs_once(void **state)
{
    (void)state;
    struct asg_schedule_config config = hourly();
    config.recurrence = "";
    config.start_ms = 10 * HOUR_MS;
    assert_int_equal(asg_schedule_next(&config, 0), 10 * HOUR_MS);
    assert_true(asg_schedule_next(&config, 10 * HOUR_MS) == INT64_MAX);
}

static void test_schedule_has_no_run_from_its_end_on(void **state)
{
    (void)state;
    struct asg_schedule_config config = hourly();
    config.end_ms = 12 * HOUR_MS;
    assert_int_equal(asg_schedule_next(&config, 10 * HOUR_MS), 11 * HOUR_MS);
    assert_true(asg_schedule_next(&config, 11 * HOUR_MS) == INT64_MAX);
}

static void test_schedule_goes_by_its_zone(void **state)
{
    (void)state;
    struct asg_schedule_config config = hourly();
    struct asg_zone_change india = {.offset_s = 19800};
    config.recurrence = "0 8 * * *";
    config.changes = &india;
    config.change_count = 1;
    assert_int_equal(asg_schedule_next(&config, 0), 2 * HOUR_MS + 30 * MINUTE_MS);
}

static void check_refused(const struct asg_schedule_config *config, const char *wanted)
{
    struct asg_error error = {""};
    assert_status(ASG_ERR_INVALID, asg_schedule_validate(config, HOUR_MS, &error));
    if (strstr(error.text, wanted) == NULL) fail_msg("got: %s", error.text);
}

static void test_schedule_refuses_what_can_never_run(void **state)
{
    (void)state;
    struct asg_error error = {""};
    struct asg_schedule_config config = hourly();
    assert_status(ASG_OK, asg_schedule_validate(&config, HOUR_MS, &error));
    config.desired = ASG_UNSET;
    check_refused(&config, "sets nothing");
    config = hourly();
    config.min = 5;
    config.max = 4;
    check_refused(&config, "min 5 is above max 4");
    config = hourly();
    config.min = 3;
    config.max = 4;
    config.desired = 5;
    check_refused(&config, "desired 5 is above max 4");
    config.desired = 2;
    check_refused(&config, "desired 2 is below min 3");
    config.min = ASG_UNSET; /* the group's, when it runs */
    assert_status(ASG_OK, asg_schedule_validate(&config, HOUR_MS, &error));
    config = hourly();
    config.recurrence = "";
    check_refused(&config, "needs a start time or a recurrence");
    config.recurrence = "0 25 * * *";
    check_refused(&config, "not a valid hour");
    config = hourly();
    config.start_ms = HOUR_MS;
    check_refused(&config, "starts in the past");
    config = hourly();
    config.end_ms = HOUR_MS;
    check_refused(&config, "ends in the past");
    config.start_ms = 3 * HOUR_MS;
    config.end_ms = 3 * HOUR_MS;
    check_refused(&config, "ends before it starts");
    config = hourly();
    config.recurrence = "0 0 30 2 *";
    check_refused(&config, "can never run");
    config = hourly();
    config.end_ms = HOUR_MS + 30 * MINUTE_MS;
    check_refused(&config, "can never run");
    config.recurrence = "0 0 30 2 *";
    config.start_ms = HOUR_MS + 10 * MINUTE_MS; /* at its start it runs */
    assert_status(ASG_OK, asg_schedule_validate(&config, HOUR_MS, &error));
}

static void test_schedule_refuses_a_zone_that_cannot_be(void **state)
{
    (void)state;
    struct asg_schedule_config config = hourly();
    struct asg_zone_change changes[2] = {{.at_ms = 5}, {.at_ms = 5}};
    config.changes = changes;
    config.change_count = 2;
    check_refused(&config, "not in order of time");
    changes[1] = (struct asg_zone_change){.at_ms = 6, .offset_s = 100000};
    check_refused(&config, "an offset that no place has");
    changes[1] = (struct asg_zone_change){.at_ms = INT64_MAX};
    check_refused(&config, "an offset that no place has");
    static struct asg_zone_change many[ASG_ZONE_CHANGES_MAX + 1];
    for (size_t i = 0; i <= ASG_ZONE_CHANGES_MAX; i++) {
        many[i].at_ms = (int64_t)i;
    }
    config.changes = many;
    config.change_count = ASG_ZONE_CHANGES_MAX;
    struct asg_error error;
    assert_status(ASG_OK, asg_schedule_validate(&config, HOUR_MS, &error));
    config.change_count++;
    check_refused(&config, "has 1001 offsets, above the limit of 1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule_runs_at_start_and_then_by_recurrence),
        cmocka_unit_test(test_schedule_without_recurrence_runs_once),
        cmocka_unit_test(test_schedule_has_no_run_from_its_end_on),
        cmocka_unit_test(test_schedule_goes_by_its_zone),
        cmocka_unit_test(test_schedule_refuses_what_can_never_run),
        cmocka_unit_test(test_schedule_refuses_a_zone_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
