/* test_cron - five fields in local time, and the two days a year when it jumps. */
#include "base/clock.h"
#include "core/values/cron.h"
#include "lib/check.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* Berlin and New York through 2026 and 2027, Lord Howe's half hour. */
static const struct asg_zone_change berlin[] = {
    {INT64_C(1761440400000), 3600}, {INT64_C(1774746000000), 7200},
    {INT64_C(1792890000000), 3600}, {INT64_C(1806195600000), 7200},
    {INT64_C(1824944400000), 3600},
};
static const struct asg_zone_change new_york[] = {
    {INT64_C(1762063200000), -18000},
    {INT64_C(1772953200000), -14400},
    {INT64_C(1793512800000), -18000},
};
static const struct asg_zone_change lord_howe[] = {
    {INT64_C(1759591800000), 39600},
    {INT64_C(1775314800000), 37800},
    {INT64_C(1791041400000), 39600},
};

static struct asg_cron parse(const char *text)
{
    struct asg_cron cron;
    struct asg_error error = {""};
    if (asg_cron_parse(text, &cron, &error) != ASG_OK) fail_msg("%s", error.text);
    return cron;
}

static void check_in(const char *text, const struct asg_zone_change *changes,
                     size_t change_count, const char *after, const char *wanted)
{
    struct asg_cron cron = parse(text);
    int64_t next_ms = asg_cron_next(&cron, asg_time_parse(after), changes, change_count);
    char got[ASG_TIME_TEXT_MAX] = "never";
    if (next_ms != INT64_MAX) asg_time_format(next_ms, got);
    assert_string_equal(got, wanted);
}

static void check(const char *text, const char *after, const char *wanted)
{
    check_in(text, NULL, 0, after, wanted);
}

static void test_cron_finds_the_next_run(void **state)
{
    (void)state;
    check("* * * * *", "2026-11-23T14:36:49Z", "2026-11-23T14:37:00.000Z");
    check("37 * * * *", "2026-11-23T14:37:00Z", "2026-11-23T15:37:00.000Z");
    check("0 8 * * *", "2026-11-23T08:00:00Z", "2026-11-24T08:00:00.000Z");
    check("0 8 * * *", "2026-11-23T07:59:59.999Z", "2026-11-23T08:00:00.000Z");
    check("0 0 1 1 *", "2026-11-23T14:00:00Z", "2027-01-01T00:00:00.000Z");
    check("59 23 31 12 *", "2026-11-23T14:00:00Z", "2026-12-31T23:59:00.000Z");
    check("0 0 29 2 *", "2026-11-23T14:00:00Z", "2028-02-29T00:00:00.000Z");
}

static void test_cron_knows_names_ranges_lists_and_steps(void **state)
{
    (void)state;
    /* 2026-11-23 is a Monday */
    check("0 8 * * MON-FRI", "2026-11-27T09:00:00Z", "2026-11-30T08:00:00.000Z");
    check("0 8 * * sun", "2026-11-23T09:00:00Z", "2026-11-29T08:00:00.000Z");
    check("0 8 * * 7", "2026-11-23T09:00:00Z", "2026-11-29T08:00:00.000Z");
    check("0 8 * * 5-7", "2026-11-28T09:00:00Z", "2026-11-29T08:00:00.000Z");
    check("0 8 * Feb,apr *", "2026-11-23T09:00:00Z", "2027-02-01T08:00:00.000Z");
    check("*/20 * * * *", "2026-11-23T14:20:00Z", "2026-11-23T14:40:00.000Z");
    check("5/20 * * * *", "2026-11-23T14:25:00Z", "2026-11-23T14:45:00.000Z");
    check("10-30/10 * * * *", "2026-11-23T14:30:00Z", "2026-11-23T15:10:00.000Z");
    check("5-5/10 * * * *", "2026-11-23T14:05:00Z", "2026-11-23T15:05:00.000Z");
    check(" 1,2   3\t* * * ", "2026-11-23T03:01:00Z", "2026-11-23T03:02:00.000Z");
}

static void test_cron_takes_either_day_when_both_are_restricted(void **state)
{
    (void)state;
    check("0 0 13 * FRI", "2026-11-23T00:00:00Z", "2026-11-27T00:00:00.000Z");
    check("0 0 13 * FRI", "2026-12-11T00:00:00Z", "2026-12-13T00:00:00.000Z");
    /* one that begins with a star does not restrict: both must match */
    check("0 0 */2 * MON", "2026-11-23T00:00:00Z", "2026-12-07T00:00:00.000Z");
    check("0 0 13 * *", "2026-11-23T00:00:00Z", "2026-12-13T00:00:00.000Z");
}

static void test_cron_finds_nothing_where_nothing_is(void **state)
{
    (void)state;
    check("0 0 30 2 *", "2026-11-23T00:00:00Z", "never");
    check("0 0 31 4,6,9,11 *", "2026-11-23T00:00:00Z", "never");
}

static void test_cron_follows_the_zone_through_summer_time(void **state)
{
    (void)state;
    check_in("0 8 * * *", berlin, COUNT(berlin), "2026-03-28T12:00:00Z",
             "2026-03-29T06:00:00.000Z");
    check_in("0 8 * * *", berlin, COUNT(berlin), "2026-03-27T12:00:00Z",
             "2026-03-28T07:00:00.000Z");
    check_in("30 23 * * *", new_york, COUNT(new_york), "2026-07-01T03:29:00Z",
             "2026-07-01T03:30:00.000Z");
    check_in("0 0 1 * *", new_york, COUNT(new_york), "2026-12-01T04:59:00Z",
             "2026-12-01T05:00:00.000Z");
}

static void test_cron_runs_a_skipped_time_at_the_first_minute_after(void **state)
{
    (void)state;
    /* Berlin 2026-03-29: 02:00 becomes 03:00 at 01:00 UTC */
    check_in("30 2 * * *", berlin, COUNT(berlin), "2026-03-28T12:00:00Z",
             "2026-03-29T01:00:00.000Z");
    check_in("30 2 * * *", berlin, COUNT(berlin), "2026-03-29T01:00:00Z",
             "2026-03-30T00:30:00.000Z");
    /* six skipped times are one run */
    check_in("*/10 2 * * *", berlin, COUNT(berlin), "2026-03-28T12:00:00Z",
             "2026-03-29T01:00:00.000Z");
    check_in("*/10 2 * * *", berlin, COUNT(berlin), "2026-03-29T01:00:00Z",
             "2026-03-30T00:00:00.000Z");
    check_in("30 2 * * *", new_york, COUNT(new_york), "2026-03-08T06:00:00Z",
             "2026-03-08T07:00:00.000Z");
}

static void test_cron_runs_a_doubled_time_once(void **state)
{
    (void)state;
    /* Berlin 2026-10-25: 03:00 becomes 02:00 at 01:00 UTC */
    check_in("30 2 * * *", berlin, COUNT(berlin), "2026-10-24T12:00:00Z",
             "2026-10-25T00:30:00.000Z");
    check_in("30 2 * * *", berlin, COUNT(berlin), "2026-10-25T00:30:00Z",
             "2026-10-26T01:30:00.000Z");
    check_in("*/30 * * * *", berlin, COUNT(berlin), "2026-10-25T00:30:00Z",
             "2026-10-25T02:00:00.000Z");
    /* half an hour on Lord Howe, 2026-04-05: 02:00 becomes 01:30 at 15:00 UTC */
    check_in("45 1 * * *", lord_howe, COUNT(lord_howe), "2026-04-04T12:00:00Z",
             "2026-04-04T14:45:00.000Z");
    check_in("45 1 * * *", lord_howe, COUNT(lord_howe), "2026-04-04T14:45:00Z",
             "2026-04-05T15:15:00.000Z");
}

/* What is found minute by minute is what the search finds. */
static void test_cron_agrees_with_a_walk_through_every_minute(void **state)
{
    (void)state;
    static const char *const texts[] = {"15 2,14 * * *", "0 */6 * * SUN", "59 1-3 * * *"};
    int64_t from_ms = asg_time_parse("2026-10-23T00:00:00Z");
    int64_t to_ms = asg_time_parse("2026-10-24T00:00:00Z");
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct asg_cron cron = parse(texts[i]);
        int64_t next_ms = asg_cron_next(&cron, from_ms - 1, berlin, COUNT(berlin));
        for (int64_t at_ms = from_ms; at_ms < to_ms; at_ms += 60000) {
            int64_t local_min = (at_ms / 1000 + 7200) / 60;
            int64_t weekday = (local_min / 1440 + 4) % 7;
            bool is_run = (cron.minutes & UINT64_C(1) << (local_min % 60)) != 0 &&
                          (cron.hours & 1u << (local_min / 60 % 24)) != 0 &&
                          (cron.weekdays & 1u << weekday) != 0;
            assert_int_equal(is_run, next_ms == at_ms);
            if (is_run) next_ms = asg_cron_next(&cron, at_ms, berlin, COUNT(berlin));
        }
    }
}

static void test_cron_refuses_what_is_no_schedule(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *wanted;
    } rows[] = {
        {"", "five fields"},
        {"* * * *", "five fields"},
        {"* * * * * *", "more than five fields"},
        {"60 * * * *", "not a valid minute (0 to 59"},
        {"* 24 * * *", "not a valid hour"},
        {"* * 0 * *", "not a valid day of month"},
        {"* * * 13 *", "not a valid month"},
        {"* * * * 8", "not a valid day of week"},
        {"* * * * monday", "not a valid day of week"},
        {"jan * * * *", "not a valid minute"},
        {"*/0 * * * *", "not a valid minute"},
        {"5-1 * * * *", "not a valid minute"},
        {"1,,2 * * * *", "not a valid minute"},
        {"1- * * * *", "not a valid minute"},
        {"-1 * * * *", "not a valid minute"},
        {"99999999999999999999 * * * *", "not a valid minute"},
        {"@daily", "not a valid minute"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct asg_cron cron;
        struct asg_error error = {""};
        if (asg_cron_parse(rows[i].text, &cron, &error) != ASG_ERR_INVALID ||
            strstr(error.text, rows[i].wanted) == NULL) {
            fail_msg("'%s': %s", rows[i].text, error.text);
        }
    }
}

#define T(name) cmocka_unit_test(test_cron_##name)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(finds_the_next_run),
        T(knows_names_ranges_lists_and_steps),
        T(takes_either_day_when_both_are_restricted),
        T(finds_nothing_where_nothing_is),
        T(follows_the_zone_through_summer_time),
        T(runs_a_skipped_time_at_the_first_minute_after),
        T(runs_a_doubled_time_once),
        T(agrees_with_a_walk_through_every_minute),
        T(refuses_what_is_no_schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
