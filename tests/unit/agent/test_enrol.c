#include "agent/enrol.h"

#include "lib/check.h"

#define HOUR INT64_C(3600000)

static struct asg_enrol_timer fresh(void)
{
    struct asg_enrol_timer timer;
    asg_enrol_timer_init(&timer, 77, 0, 1000);
    return timer;
}

/* One that has a certificate for 8 hours from 1000 on. */
static struct asg_enrol_timer member(void)
{
    struct asg_enrol_timer timer = fresh();
    assert_true(asg_enrol_timer_ask(&timer, 1000));
    asg_enrol_timer_take(&timer, ASG_ENROL_DONE, 8 * HOUR, 1000);
    return timer;
}

/* Ask when it is due, and fail. The wait that follows. */
static int64_t fail_once(struct asg_enrol_timer *timer, enum asg_enrol_outcome outcome)
{
    int64_t now_ms = asg_enrol_timer_due_ms(timer);
    assert_false(asg_enrol_timer_ask(timer, now_ms - 1));
    assert_true(asg_enrol_timer_ask(timer, now_ms));
    asg_enrol_timer_take(timer, outcome, 0, now_ms);
    return asg_enrol_timer_due_ms(timer) - now_ms;
}

static void test_agent_asks_at_once_and_with_proof(void **state)
{
    (void)state;
    struct asg_enrol_timer timer = fresh();
    assert_true(timer.needs_proof);
    assert_int_equal(1000, asg_enrol_timer_due_ms(&timer));
    assert_true(asg_enrol_timer_ask(&timer, 1000));
    assert_true(asg_enrol_timer_due_ms(&timer) == INT64_MAX); /* one at a time */
    assert_false(asg_enrol_timer_ask(&timer, 1000 + HOUR));
}

static void test_waits_grow_with_jitter_and_never_end(void **state)
{
    (void)state;
    static const struct {
        enum asg_enrol_outcome outcome;
        int64_t max_ms;
    } rows[] = {{ASG_ENROL_NOBODY, ASG_ENROL_NOBODY_MS_MAX},
                {ASG_ENROL_STRANGER, ASG_ENROL_NOBODY_MS_MAX},
                {ASG_ENROL_NOT_YET, ASG_ENROL_NOT_YET_MS_MAX},
                {ASG_ENROL_REFUSED, ASG_ENROL_REFUSED_MS_MAX},
                {ASG_ENROL_UNUSABLE, ASG_ENROL_REFUSED_MS_MAX},
                {ASG_ENROL_NO_PROOF, ASG_ENROL_REFUSED_MS_MAX}};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct asg_enrol_timer timer = fresh();
        int64_t longest_ms = 0;
        int64_t first_ms = fail_once(&timer, rows[row].outcome);
        assert_in_range(first_ms, ASG_ENROL_WAIT_MS_MIN / 2, ASG_ENROL_WAIT_MS_MIN);
        for (int i = 0; i < 60; i++) {
            int64_t wait_ms = fail_once(&timer, rows[row].outcome);
            assert_in_range(wait_ms, ASG_ENROL_WAIT_MS_MIN / 2, rows[row].max_ms);
            if (wait_ms > longest_ms) longest_ms = wait_ms;
        }
        assert_true(longest_ms > rows[row].max_ms / 2);
    }
}

static void test_certificate_is_renewed_when_the_controller_said(void **state)
{
    (void)state;
    struct asg_enrol_timer timer = member();
    assert_false(timer.needs_proof);
    assert_int_equal(1000 + 8 * HOUR, asg_enrol_timer_due_ms(&timer));

    /* An outage longer than the certificate: it asks less often, and never stops. */
    for (int i = 0; i < 500; i++) {
        int64_t wait_ms = fail_once(&timer, ASG_ENROL_NOBODY);
        assert_in_range(wait_ms, ASG_ENROL_WAIT_MS_MIN / 2, ASG_ENROL_MEMBER_MS_MAX);
    }
    assert_false(timer.needs_proof); /* nobody has said no */
}

static void test_kept_certificate_is_not_asked_for_again(void **state)
{
    (void)state;
    struct asg_enrol_timer timer;
    asg_enrol_timer_init(&timer, 5, 3 * HOUR, 1000);
    assert_false(timer.needs_proof);
    assert_true(asg_enrol_timer_due_ms(&timer) >= 1000 + 3 * HOUR);
    assert_false(asg_enrol_timer_ask(&timer, 2000));
}

static void test_refused_reports_ask_again_with_proof_and_then_less_often(void **state)
{
    (void)state;
    struct asg_enrol_timer timer = member();
    int64_t now_ms = 5000;
    int64_t longest_ms = 0;
    for (int i = 0; i < 20; i++) {
        asg_enrol_timer_refused(&timer, now_ms);
        int64_t due_ms = asg_enrol_timer_due_ms(&timer);
        asg_enrol_timer_refused(&timer, now_ms + 100); /* it stands */
        assert_int_equal(due_ms, asg_enrol_timer_due_ms(&timer));
        int64_t wait_ms = due_ms - now_ms;
        if (i == 0) assert_in_range(wait_ms, 1, ASG_ENROL_WAIT_MS_MIN);
        if (wait_ms > longest_ms) longest_ms = wait_ms;
        assert_true(timer.needs_proof);
        now_ms = due_ms;
        assert_true(asg_enrol_timer_ask(&timer, now_ms));
        asg_enrol_timer_take(&timer, ASG_ENROL_DONE, 8 * HOUR, now_ms);
    }
    assert_true(longest_ms > ASG_ENROL_MEMBER_MS_MAX / 2);
    asg_enrol_timer_flowing(&timer);
    assert_true(asg_enrol_timer_due_ms(&timer) >= now_ms + 8 * HOUR);
}

static void test_lost_reports_ask_after_a_while_unless_they_flow_again(void **state)
{
    (void)state;
    struct asg_enrol_timer timer = member();
    asg_enrol_timer_lost(&timer, 5000);
    int64_t due_ms = asg_enrol_timer_due_ms(&timer);
    assert_in_range(due_ms - 5000, ASG_ENROL_LOST_MS, 2 * ASG_ENROL_LOST_MS);
    asg_enrol_timer_lost(&timer, 6000);
    assert_int_equal(due_ms, asg_enrol_timer_due_ms(&timer));
    asg_enrol_timer_flowing(&timer);
    assert_true(asg_enrol_timer_due_ms(&timer) >= 8 * HOUR);

    /* Nobody there: asked again, and again; the controller comes back: no more. */
    asg_enrol_timer_lost(&timer, 10000);
    (void)fail_once(&timer, ASG_ENROL_NOBODY);
    (void)fail_once(&timer, ASG_ENROL_NOBODY);
    asg_enrol_timer_flowing(&timer);
    assert_true(asg_enrol_timer_due_ms(&timer) >= 8 * HOUR);
}

static void test_renewal_that_failed_is_still_wanted_while_reports_flow(void **state)
{
    (void)state;
    struct asg_enrol_timer timer = member();
    (void)fail_once(&timer, ASG_ENROL_NOBODY);
    int64_t due_ms = asg_enrol_timer_due_ms(&timer);
    asg_enrol_timer_flowing(&timer);
    assert_int_equal(due_ms, asg_enrol_timer_due_ms(&timer));
}

static void test_trouble_is_told_once_in_ten_seconds(void **state)
{
    (void)state;
    struct asg_enrol_timer timer = fresh();
    assert_true(asg_enrol_timer_may_tell(&timer, 0));
    assert_false(asg_enrol_timer_may_tell(&timer, ASG_ENROL_TELL_MS - 1));
    assert_true(asg_enrol_timer_may_tell(&timer, ASG_ENROL_TELL_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agent_asks_at_once_and_with_proof),
        cmocka_unit_test(test_waits_grow_with_jitter_and_never_end),
        cmocka_unit_test(test_certificate_is_renewed_when_the_controller_said),
        cmocka_unit_test(test_kept_certificate_is_not_asked_for_again),
        cmocka_unit_test(test_refused_reports_ask_again_with_proof_and_then_less_often),
        cmocka_unit_test(test_lost_reports_ask_after_a_while_unless_they_flow_again),
        cmocka_unit_test(test_renewal_that_failed_is_still_wanted_while_reports_flow),
        cmocka_unit_test(test_trouble_is_told_once_in_ten_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
