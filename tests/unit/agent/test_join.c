#include "agent/join.h"

#include "unit/agent/fake_uplink.h"

static const struct asg_join join = {.instance_id = "i-1",
                                     .token = "00ff",
                                     .job_id = 7,
                                     .attempt = 2,
                                     .version = "0.1.0",
                                     .private_ip = "10.0.0.9",
                                     .grpc_port = 7705,
                                     .interval_ms = 1000};

static enum asg_join_news answer(struct asg_joiner *joiner, enum asg_message_type type,
                                 const void *body, int64_t now_ms, const char **reason)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes frame = {0};
    asg_wire_encode_message(type, body, &frame);
    return asg_joiner_take(joiner, frame.data, frame.length, now_ms, reason);
}

static void test_join_is_sent_at_once_with_everything_in_it(void **state)
{
    (void)state;
    struct fake_uplink fake;
    fake_uplink_init(&fake);
    struct asg_joiner joiner;
    asg_joiner_init(&joiner, &join, 1, 1000);
    asg_joiner_tick(&joiner, &fake.uplink, 1000);
    assert_int_equal(ASG_MESSAGE_JOIN, fake_uplink_type(&fake));
    struct asg_arena arena = {0};
    struct asg_join seen = {0};
    assert_status(ASG_OK, asg_wire_decode_message(fake.last.data, fake.last.length,
                                                  ASG_MESSAGE_JOIN, &arena, &seen));
    assert_string_equal("i-1", seen.instance_id);
    assert_string_equal("00ff", seen.token);
    assert_int_equal(7, seen.job_id);
    assert_int_equal(2, seen.attempt);
    assert_int_equal(7705, seen.grpc_port);
    asg_arena_clear(&arena);
    asg_bytes_clear(&fake.last);
    asg_joiner_clear(&joiner);
}

static void test_unanswered_join_is_repeated_with_growing_waits(void **state)
{
    (void)state;
    struct fake_uplink fake;
    fake_uplink_init(&fake);
    struct asg_joiner joiner;
    asg_joiner_init(&joiner, &join, 99, 0);
    int64_t now_ms = 0;
    int64_t longest_ms = 0;
    for (int i = 0; i < 40; i++) {
        asg_joiner_tick(&joiner, &fake.uplink, now_ms);
        assert_int_equal(i + 1, fake.frames);
        int64_t wait_ms = asg_joiner_due_ms(&joiner) - now_ms;
        assert_in_range(wait_ms, ASG_JOIN_WAIT_MS_MIN / 2, ASG_JOIN_WAIT_MS_MAX);
        if (i == 0) assert_in_range(wait_ms, 1, ASG_JOIN_WAIT_MS_MIN);
        if (wait_ms > longest_ms) longest_ms = wait_ms;
        asg_joiner_tick(&joiner, &fake.uplink, now_ms + wait_ms - 1);
        assert_int_equal(i + 1, fake.frames); /* not a moment before */
        now_ms += wait_ms;
    }
    assert_true(longest_ms > ASG_JOIN_WAIT_MS_MAX / 2);
    asg_bytes_clear(&fake.last);
    asg_joiner_clear(&joiner);
}

static void test_bound_joiner_is_quiet_until_it_is_asked_again(void **state)
{
    (void)state;
    struct fake_uplink fake;
    fake_uplink_init(&fake);
    struct asg_joiner joiner;
    asg_joiner_init(&joiner, &join, 5, 0);
    asg_joiner_tick(&joiner, &fake.uplink, 0);
    const struct asg_joined joined = {.instance_id = "i-1"};
    assert_int_equal(ASG_JOIN_BOUND,
                     answer(&joiner, ASG_MESSAGE_JOINED, &joined, 10, NULL));
    assert_int_equal(ASG_JOIN_NOTHING,
                     answer(&joiner, ASG_MESSAGE_JOINED, &joined, 11, NULL));
    assert_true(asg_joiner_due_ms(&joiner) == INT64_MAX);
    asg_joiner_tick(&joiner, &fake.uplink, 1000000);
    assert_int_equal(1, fake.frames);

    /* A restarted controller answers each report that was under way. */
    assert_int_equal(ASG_JOIN_AGAIN,
                     answer(&joiner, ASG_MESSAGE_REJOIN, NULL, 2000000, NULL));
    int64_t due_ms = asg_joiner_due_ms(&joiner);
    assert_in_range(due_ms, 2000000, 2000000 + ASG_JOIN_REJOIN_MS_MAX);
    assert_int_equal(ASG_JOIN_NOTHING,
                     answer(&joiner, ASG_MESSAGE_REJOIN, NULL, 2000100, NULL));
    assert_int_equal(due_ms, asg_joiner_due_ms(&joiner));
    asg_joiner_tick(&joiner, &fake.uplink, due_ms);
    assert_int_equal(2, fake.frames);
    asg_bytes_clear(&fake.last);
    asg_joiner_clear(&joiner);
}

static void test_refusal_is_tried_again_sooner_when_that_can_help(void **state)
{
    (void)state;
    struct fake_uplink fake;
    fake_uplink_init(&fake);
    struct asg_joiner joiner;
    asg_joiner_init(&joiner, &join, 5, 0);
    const char *reason = NULL;
    const struct asg_refused early = {.reason = "not launched yet", .is_final = false};
    for (int i = 0; i < 20; i++) {
        asg_joiner_tick(&joiner, &fake.uplink, asg_joiner_due_ms(&joiner));
        assert_int_equal(ASG_JOIN_REFUSED,
                         answer(&joiner, ASG_MESSAGE_REFUSED, &early, 100, &reason));
        assert_string_equal("not launched yet", reason);
        assert_in_range(asg_joiner_due_ms(&joiner) - 100, 1, ASG_JOIN_REFUSED_MS_MAX);
    }
    const struct asg_refused final = {.reason = "wrong token", .is_final = true};
    assert_int_equal(ASG_JOIN_REFUSED,
                     answer(&joiner, ASG_MESSAGE_REFUSED, &final, 100, &reason));
    assert_int_equal(100 + ASG_JOIN_FINAL_MS, asg_joiner_due_ms(&joiner));
    asg_bytes_clear(&fake.last);
    asg_joiner_clear(&joiner);
}

static void test_garbage_changes_nothing(void **state)
{
    (void)state;
    struct asg_joiner joiner;
    asg_joiner_init(&joiner, &join, 5, 0);
    int64_t due_ms = asg_joiner_due_ms(&joiner);
    static const uint8_t garbage[] = {0xff, 0x00, 0x91, 0x91};
    assert_int_equal(ASG_JOIN_GARBAGE,
                     asg_joiner_take(&joiner, garbage, sizeof garbage, 0, NULL));
    assert_int_equal(ASG_JOIN_GARBAGE, asg_joiner_take(&joiner, garbage, 0, 0, NULL));
    assert_int_equal(ASG_JOIN_GARBAGE, answer(&joiner, ASG_MESSAGE_JOIN, &join, 0, NULL));

    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes frame = {0};
    const struct asg_refused refused = {.reason = "a long enough reason"};
    asg_wire_encode_message(ASG_MESSAGE_REFUSED, &refused, &frame);
    assert_int_equal(ASG_JOIN_GARBAGE,
                     asg_joiner_take(&joiner, frame.data, frame.length - 5, 0, NULL));
    assert_false(joiner.is_bound);
    assert_int_equal(due_ms, asg_joiner_due_ms(&joiner));
    asg_joiner_clear(&joiner);
}

static void test_join_that_cannot_leave_is_tried_again(void **state)
{
    (void)state;
    struct fake_uplink fake;
    fake_uplink_init(&fake);
    fake.is_down = true;
    struct asg_joiner joiner;
    asg_joiner_init(&joiner, &join, 0, 0);
    asg_joiner_tick(&joiner, &fake.uplink, 0);
    assert_true(asg_joiner_due_ms(&joiner) > 0);
    fake.is_down = false;
    asg_joiner_tick(&joiner, &fake.uplink, asg_joiner_due_ms(&joiner));
    assert_int_equal(1, fake.frames);
    asg_bytes_clear(&fake.last);
    asg_joiner_clear(&joiner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join_is_sent_at_once_with_everything_in_it),
        cmocka_unit_test(test_unanswered_join_is_repeated_with_growing_waits),
        cmocka_unit_test(test_bound_joiner_is_quiet_until_it_is_asked_again),
        cmocka_unit_test(test_refusal_is_tried_again_sooner_when_that_can_help),
        cmocka_unit_test(test_garbage_changes_nothing),
        cmocka_unit_test(test_join_that_cannot_leave_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
