/* The time events carry: it follows the wall clock and never goes back. */
#include "lib/check.h"

#include "controller/log_time.h"

#define WALL INT64_C(1795442400000)

static void test_log_time_follows_the_wall_clock(void **state)
{
    (void)state;
    struct asg_log_time time;
    bool jumped = true;
    asg_log_time_init(&time, 0, WALL, 1000);
    assert_int_equal(WALL + 500, asg_log_time_now(&time, WALL + 500, 1500, &jumped));
    assert_false(jumped);
    /* A correction forward of less than a minute is taken at once. */
    assert_int_equal(WALL + 30000, asg_log_time_now(&time, WALL + 30000, 1600, &jumped));
    assert_false(jumped);
}

static void test_a_clock_far_ahead_of_the_log_is_noticed(void **state)
{
    (void)state;
    const int64_t day_ms = 86400000;
    assert_int_equal(0, asg_log_time_ahead_ms(0, WALL)); /* a new log */
    assert_int_equal(0, asg_log_time_ahead_ms(WALL - day_ms, WALL));
    assert_int_equal(0, asg_log_time_ahead_ms(WALL + day_ms, WALL));
    assert_int_equal(365 * day_ms, asg_log_time_ahead_ms(WALL - 365 * day_ms, WALL));
}

static void test_log_time_begins_where_the_log_ended(void **state)
{
    (void)state;
    struct asg_log_time time;
    bool jumped = false;
    asg_log_time_init(&time, WALL + 5000, WALL, 0);
    assert_int_equal(WALL + 5000, asg_log_time_now(&time, WALL, 0, &jumped));
}

static void test_log_time_runs_at_half_speed_until_the_wall_catches_up(void **state)
{
    (void)state;
    struct asg_log_time time;
    bool jumped = false;
    asg_log_time_init(&time, 0, WALL, 0);
    /* The wall clock is set back by 10 s, then both run on. */
    int64_t last = WALL;
    int64_t now = WALL;
    for (int64_t ms = 100; ms <= 20000; ms += 100) {
        now = asg_log_time_now(&time, WALL - 10000 + ms, ms, &jumped);
        assert_true(now >= last);
        assert_true(now - last <= 51);
        last = now;
    }
    assert_false(jumped);
    assert_int_equal(WALL + 10000, now); /* caught up after twice the distance */
    now = asg_log_time_now(&time, WALL + 11000, 21000, &jumped);
    assert_int_equal(WALL + 11000, now);
}

static void test_log_time_moves_at_half_speed_also_in_single_milliseconds(void **state)
{
    (void)state;
    struct asg_log_time time;
    bool jumped = false;
    asg_log_time_init(&time, 0, WALL, 0);
    int64_t now = 0;
    for (int64_t ms = 1; ms <= 1000; ms++) {
        now = asg_log_time_now(&time, WALL - 10000 + ms, ms, &jumped);
    }
    assert_int_equal(WALL + 500, now);
}

static void test_log_time_does_not_believe_a_jump_at_once(void **state)
{
    (void)state;
    struct asg_log_time time;
    bool jumped = false;
    asg_log_time_init(&time, 0, WALL, 0);
    const int64_t hour = 3600000;
    assert_int_equal(WALL + 1000, asg_log_time_now(&time, WALL + hour, 1000, &jumped));
    assert_true(jumped);
    assert_int_equal(WALL + 2000,
                     asg_log_time_now(&time, WALL + hour + 1000, 2000, &jumped));
    assert_false(jumped); /* told once */
    int64_t stood = 1000 + ASG_CLOCK_STAND_MS;
    assert_int_equal(0, time.leap_ms);
    /* And then it does not leap by itself: its owner begins anew. */
    assert_int_equal(WALL + stood,
                     asg_log_time_now(&time, WALL + hour + stood, stood, &jumped));
    assert_false(jumped);
    assert_int_equal(hour, time.leap_ms);
    asg_log_time_init(&time, time.last_ms, WALL + hour + stood, stood);
    assert_int_equal(0, time.leap_ms);
    assert_int_equal(
        WALL + hour + stood + 1000,
        asg_log_time_now(&time, WALL + hour + stood + 1000, stood + 1000, &jumped));
    assert_false(jumped);
}

static void test_log_time_forgets_a_jump_that_was_taken_back(void **state)
{
    (void)state;
    struct asg_log_time time;
    bool jumped = false;
    asg_log_time_init(&time, 0, WALL, 0);
    (void)asg_log_time_now(&time, WALL + 3600000, 1000, &jumped);
    assert_true(jumped);
    assert_int_equal(WALL + 2000, asg_log_time_now(&time, WALL + 2000, 2000, &jumped));
    (void)asg_log_time_now(&time, WALL - 3600000, 3000, &jumped);
    assert_true(jumped); /* another one, told again */
    assert_true(time.last_ms >= WALL + 3000);
}

static void test_log_time_never_goes_back_over_a_jump_backwards(void **state)
{
    (void)state;
    struct asg_log_time time;
    bool jumped = false;
    asg_log_time_init(&time, 0, WALL, 0);
    int64_t last = WALL;
    for (int64_t ms = 1000; ms <= 2 * ASG_CLOCK_STAND_MS; ms += 1000) {
        int64_t now = asg_log_time_now(&time, WALL - 3600000 + ms, ms, &jumped);
        assert_true(now > last);
        last = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_time_follows_the_wall_clock),
        cmocka_unit_test(test_a_clock_far_ahead_of_the_log_is_noticed),
        cmocka_unit_test(test_log_time_begins_where_the_log_ended),
        cmocka_unit_test(test_log_time_runs_at_half_speed_until_the_wall_catches_up),
        cmocka_unit_test(test_log_time_moves_at_half_speed_also_in_single_milliseconds),
        cmocka_unit_test(test_log_time_does_not_believe_a_jump_at_once),
        cmocka_unit_test(test_log_time_forgets_a_jump_that_was_taken_back),
        cmocka_unit_test(test_log_time_never_goes_back_over_a_jump_backwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
