/* Jobs, credits, leases: what a worker gets, and what comes of it when it falls silent.
 */
#include "dispatch_fixture.h"

static void test_dispatch_never_hands_out_more_than_the_credits(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 2, NULL, 0, 0);
    for (uint64_t id = 1; id <= 5; id++) {
        add_job(f, id, ASG_JOB_DESCRIBE, 0);
    }
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_int_equal(2, count_sent(f, 1, ASG_MESSAGE_JOB));
    assert_int_equal(3, asg_dispatch_counts(f->dispatch).queued);
    assert_int_equal(ASG_RESULT_NEW, answer(f, 1, 1, 10));
    asg_dispatch_settle(f->dispatch, 1, 1);
    (void)asg_dispatch_pump(f->dispatch, 10, 10);
    assert_int_equal(3, count_sent(f, 1, ASG_MESSAGE_JOB));
    assert_int_equal(2, asg_dispatch_counts(f->dispatch).leased);
}

static void test_dispatch_gives_work_to_whoever_has_most_room(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 1, NULL, 0, 0);
    say_hello(f, 2, "two", 3, NULL, 0, 0);
    for (uint64_t id = 1; id <= 4; id++) {
        add_job(f, id, ASG_JOB_DESCRIBE, 0);
    }
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_JOB));
    assert_int_equal(3, count_sent(f, 2, ASG_MESSAGE_JOB));
}

static void test_dispatch_acknowledges_only_when_settled(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 1, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_int_equal(ASG_RESULT_NEW, answer(f, 1, 1, 1));
    assert_int_equal(0, count_sent(f, 1, ASG_MESSAGE_ACK));
    assert_int_equal(ASG_RESULT_LATE, answer(f, 1, 1, 2));
    assert_int_equal(0, count_sent(f, 1, ASG_MESSAGE_ACK));
    asg_dispatch_settle(f->dispatch, 1, 1);
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_ACK));
    assert_int_equal(ASG_RESULT_LATE, answer(f, 1, 1, 3));
    assert_int_equal(2, count_sent(f, 1, ASG_MESSAGE_ACK));
    assert_int_equal(2, asg_dispatch_counts(f->dispatch).late_results);
}

static void test_dispatch_redelivers_when_the_lease_ends(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 1, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_DESCRIBE, 0);
    add_job(f, 2, ASG_JOB_DESCRIBE, 0);
    assert_int_equal(FIXTURE_LEASE_MS, asg_dispatch_pump(f->dispatch, 0, 0));
    uint64_t first_lease = last_job(f)->lease_id;
    say_hello(f, 2, "two", 1, NULL, 0, 5);
    (void)asg_dispatch_pump(f->dispatch, 5, 5);
    assert_int_equal(2, last_job(f)->job_id);
    (void)asg_dispatch_pump(f->dispatch, FIXTURE_LEASE_MS - 1, 0);
    assert_string_equal("one", asg_dispatch_holder(f->dispatch, 1));
    assert_int_equal(ASG_RESULT_NEW, answer(f, 2, 2, FIXTURE_LEASE_MS - 1));
    asg_dispatch_settle(f->dispatch, 2, 1);
    (void)asg_dispatch_pump(f->dispatch, FIXTURE_LEASE_MS, 0);
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 1));
    assert_true(last_job(f)->lease_id > first_lease);
    assert_int_equal(1, asg_dispatch_counts(f->dispatch).redelivered);
}

/* Job 1, a launch: "one" had it for too long, "two" has it now. */
static void lease_passes_from_one_to_two(struct fixture *f)
{
    say_hello(f, 1, "one", 1, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    say_hello(f, 2, "two", 1, NULL, 0, 1);
    (void)asg_dispatch_pump(f->dispatch, FIXTURE_LEASE_MS, 0);
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 1));
}

static void test_dispatch_takes_the_first_result_whoever_brings_it(void **state)
{
    struct fixture *f = *state;
    lease_passes_from_one_to_two(f);
    assert_int_equal(ASG_RESULT_NEW, answer(f, 1, 1, FIXTURE_LEASE_MS + 1));
    assert_int_equal(ASG_RESULT_LATE, answer(f, 2, 1, FIXTURE_LEASE_MS + 2));
    asg_dispatch_settle(f->dispatch, 1, 1);
    assert_int_equal(0, asg_dispatch_counts(f->dispatch).leased);
    assert_int_equal(0, asg_dispatch_counts(f->dispatch).queued);
}

/* Another has it by now and may succeed: the attempt is not settled. */
static void test_dispatch_believes_no_failure_of_one_who_lost_the_lease(void **state)
{
    struct fixture *f = *state;
    lease_passes_from_one_to_two(f);
    assert_int_equal(ASG_RESULT_LATE,
                     answer_with(f, 1, 1, ASG_OUTCOME_CAPACITY, FIXTURE_LEASE_MS + 1));
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_ACK)); /* it may forget it */
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 1));
    assert_int_equal(ASG_RESULT_NEW,
                     answer_with(f, 2, 1, ASG_OUTCOME_CAPACITY, FIXTURE_LEASE_MS + 2));
    asg_dispatch_settle(f->dispatch, 1, 1);
    assert_int_equal(0, asg_dispatch_counts(f->dispatch).leased);
}

static void test_dispatch_keeps_a_lease_that_heartbeats_list(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 1, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    struct asg_held held = {1, 1, last_job(f)->lease_id};
    const struct asg_heartbeat beat = {.credits = 0, .held = &held, .held_count = 1};
    for (int64_t ms = 3000; ms <= 60000; ms += 3000) {
        assert_true(asg_dispatch_heartbeat(f->dispatch, 1, &beat, ms));
        (void)asg_dispatch_pump(f->dispatch, ms, 0);
    }
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_JOB));
    held.lease_id++; /* another lease of the same job renews nothing */
    assert_true(asg_dispatch_heartbeat(f->dispatch, 1, &beat, 69000));
    (void)asg_dispatch_pump(f->dispatch, 70000, 0);
    assert_int_equal(1, asg_dispatch_counts(f->dispatch).redelivered);
}

static void test_dispatch_asks_an_unknown_worker_to_say_hello(void **state)
{
    struct fixture *f = *state;
    const struct asg_heartbeat beat = {.credits = 4};
    assert_false(asg_dispatch_heartbeat(f->dispatch, 9, &beat, 0));
    assert_int_equal(1, count_sent(f, 9, ASG_MESSAGE_REJOIN));
}

static void test_dispatch_gives_a_handed_back_job_to_another(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 1, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    const struct asg_heartbeat full = {.credits = 0};
    const struct asg_hand_back wrong = {.job_id = 1, .attempt = 1, .lease_id = 99};
    asg_dispatch_hand_back(f->dispatch, 1, &wrong, 1);
    assert_string_equal("one", asg_dispatch_holder(f->dispatch, 1));
    const struct asg_hand_back right = {
        .job_id = 1, .attempt = 1, .lease_id = last_job(f)->lease_id};
    asg_dispatch_hand_back(f->dispatch, 1, &right, 2);
    assert_true(asg_dispatch_heartbeat(f->dispatch, 1, &full, 2));
    say_hello(f, 2, "two", 1, NULL, 0, 3);
    (void)asg_dispatch_pump(f->dispatch, 3, 0);
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 1));
}

/* A worker that did not hear that the kill switch is off, or that a file halts. */
static void test_dispatch_tells_a_worker_that_hands_back_and_lets_it_rest(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 4, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    int64_t next_ms = 0;
    for (int64_t ms = 0; ms < 10000; ms++) {
        (void)asg_dispatch_pump(f->dispatch, ms, 0);
        if (asg_dispatch_holder(f->dispatch, 1)[0] == '\0') continue;
        const struct asg_hand_back back = {
            .job_id = 1, .attempt = 1, .lease_id = last_job(f)->lease_id};
        asg_dispatch_hand_back(f->dispatch, 1, &back, ms);
        next_ms = asg_dispatch_pump(f->dispatch, ms, 0);
        assert_int_equal(ms + 1000, next_ms);
    }
    assert_int_equal(10, count_sent(f, 1, ASG_MESSAGE_JOB));
    assert_int_equal(10, count_sent(f, 1, ASG_MESSAGE_HALT));
    assert_false(f->sent[f->sent_count - 1].is_halted);
    add_job(f, 2, ASG_JOB_DESCRIBE, 0); /* changes nothing: it does not wait */
    (void)asg_dispatch_pump(f->dispatch, 9001, 0);
    assert_string_equal("one", asg_dispatch_holder(f->dispatch, 2));
    say_hello(f, 2, "two", 1, NULL, 0, 9002);
    (void)asg_dispatch_pump(f->dispatch, 9002, 0);
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 1));
}

static void test_dispatch_frees_leases_at_once_when_a_worker_starts_anew(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 2, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    add_job(f, 2, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    struct asg_held held = {2, 1, last_job(f)->lease_id};
    assert_int_equal(2, last_job(f)->job_id);
    say_hello(f, 5, "one", 1, &held, 1, 100); /* a new connection, job 2 still runs */
    assert_string_equal("", asg_dispatch_holder(f->dispatch, 1));
    assert_string_equal("one", asg_dispatch_holder(f->dispatch, 2));
    (void)asg_dispatch_pump(f->dispatch, 100, 0);
    assert_int_equal(1, count_sent(f, 5, ASG_MESSAGE_JOB));
    assert_int_equal(1, last_job(f)->job_id);
    assert_int_equal(1, asg_dispatch_counts(f->dispatch).workers);
}

static void test_dispatch_frees_leases_on_a_second_hello_of_one_connection(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 2, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    say_hello(f, 1, "one", 0, NULL, 0, 1);
    assert_string_equal("", asg_dispatch_holder(f->dispatch, 1));
    assert_int_equal(1, asg_dispatch_counts(f->dispatch).queued);
}

static void test_dispatch_leaves_held_jobs_with_their_worker_after_a_restart(void **state)
{
    struct fixture *f = *state;
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    struct asg_held held[] = {{1, 1, 400}, {77, 1, 401}};
    say_hello(f, 1, "one", 3, held, 2, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_int_equal(0, count_sent(f, 1, ASG_MESSAGE_JOB));
    assert_string_equal("one", asg_dispatch_holder(f->dispatch, 1));
    add_job(f, 2, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_true(last_job(f)->lease_id > 400);
    assert_int_equal(ASG_RESULT_NEW, answer(f, 1, 1, 5));
}

static void test_dispatch_halted_lets_only_questions_leave(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 9, NULL, 0, 0);
    asg_dispatch_halt(f->dispatch, true);
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_HALT));
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    add_job(f, 2, ASG_JOB_TERMINATE, 0);
    add_job(f, 3, ASG_JOB_DESCRIBE, 0);
    add_job(f, 4, ASG_JOB_TEMPLATE, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_JOB));
    assert_int_equal(3, last_job(f)->job_id);
    say_hello(f, 2, "two", 1, NULL, 0, 0);
    assert_true(f->sent[f->sent_count - 1].is_halted); /* a newcomer is told as well */
    asg_dispatch_halt(f->dispatch, false);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_int_equal(0, asg_dispatch_counts(f->dispatch).queued);
}

static void test_dispatch_tells_again_who_has_not_heard_of_a_halt(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 9, NULL, 0, 0);
    asg_dispatch_halt(f->dispatch, true);
    asg_dispatch_halt(f->dispatch, false); /* and this one is lost on the way */
    const struct asg_heartbeat halted = {.credits = 9, .is_halted = true};
    assert_true(asg_dispatch_heartbeat(f->dispatch, 1, &halted, 1));
    assert_int_equal(3, count_sent(f, 1, ASG_MESSAGE_HALT));
    assert_false(f->sent[f->sent_count - 1].is_halted);
    const struct asg_heartbeat resumed = {.credits = 9};
    assert_true(asg_dispatch_heartbeat(f->dispatch, 1, &resumed, 2));
    assert_int_equal(3, count_sent(f, 1, ASG_MESSAGE_HALT));
}

static void test_dispatch_gives_up_at_the_delivery_limit(void **state)
{
    struct fixture *f = *state;
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    add_job(f, 2, ASG_JOB_DESCRIBE, 0);
    for (uint32_t round = 0; round < 5; round++) {
        int64_t ms = round * FIXTURE_LEASE_MS;
        say_hello(f, 10 + round, "one", 2, NULL, 0, ms);
        (void)asg_dispatch_pump(f->dispatch, ms, ms);
    }
    assert_int_equal(2, f->given_up_count);
    for (size_t i = 0; i < 2; i++) {
        const struct asg_result *result = &f->given_up[i];
        assert_int_equal(3, result->deliveries);
        assert_int_equal(result->job_id == 1 ? ASG_OUTCOME_AMBIGUOUS
                                             : ASG_OUTCOME_UNDELIVERED,
                         result->outcome);
    }
    asg_dispatch_settle(f->dispatch, 1, 1);
    asg_dispatch_settle(f->dispatch, 2, 1);
    assert_int_equal(2, asg_dispatch_counts(f->dispatch).given_up);
    assert_int_equal(0, asg_dispatch_counts(f->dispatch).queued);
}

static void test_dispatch_expires_a_job_past_its_deadline(void **state)
{
    struct fixture *f = *state;
    add_job(f, 1, ASG_JOB_LAUNCH, 1000);
    (void)asg_dispatch_pump(f->dispatch, 0, 999);
    assert_int_equal(0, f->given_up_count);
    (void)asg_dispatch_pump(f->dispatch, 1, 1000);
    assert_int_equal(1, f->given_up_count);
    assert_int_equal(ASG_OUTCOME_EXPIRED, f->given_up[0].outcome);
    (void)asg_dispatch_pump(f->dispatch, 2, 2000);
    assert_int_equal(1, f->given_up_count);
}

static void test_dispatch_calls_a_sent_launch_ambiguous_at_its_deadline(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 1, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 5000);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    (void)asg_dispatch_pump(f->dispatch, FIXTURE_LEASE_MS, FIXTURE_LEASE_MS);
    assert_int_equal(1, f->given_up_count);
    assert_int_equal(ASG_OUTCOME_AMBIGUOUS, f->given_up[0].outcome);
}

static void test_dispatch_waits_for_the_rate_budget(void **state)
{
    struct fixture *f = *state;
    asg_dispatch_destroy(&f->dispatch);
    fixture_open(f, 100, 3);
    say_hello(f, 1, "one", 100, NULL, 0, 0);
    for (uint64_t id = 1; id <= 10; id++) {
        add_job(f, id, ASG_JOB_LAUNCH, 0);
    }
    int64_t next_ms = asg_dispatch_pump(f->dispatch, 0, 0);
    assert_int_equal(5,
                     count_sent(f, 1, ASG_MESSAGE_JOB)); /* RunInstances: bucket of 5 */
    assert_in_range(next_ms, 400, 600);                  /* refills 2 a second */
    (void)asg_dispatch_pump(f->dispatch, next_ms, 0);
    assert_int_equal(6, count_sent(f, 1, ASG_MESSAGE_JOB));
}

static void test_dispatch_goes_on_when_a_worker_takes_no_more(void **state)
{
    struct fixture *f = *state;
    asg_dispatch_destroy(&f->dispatch);
    fixture_open(f, 100, 3);
    say_hello(f, 1, "one", 100, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    f->answer = ASG_ERR_BUSY;
    for (int64_t ms = 0; ms < 20; ms++) { /* burns no tokens, and comes back soon */
        assert_in_range(asg_dispatch_pump(f->dispatch, ms, 0), ms + 1, ms + 1000);
    }
    assert_null(last_job(f));
    f->answer = ASG_OK;
    (void)asg_dispatch_pump(f->dispatch, 20, 0);
    assert_int_equal(1, last_job(f)->job_id);
}

static void test_dispatch_turns_from_a_worker_that_is_gone(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 5, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    f->answer = ASG_ERR_CLOSED;
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    f->answer = ASG_OK;
    (void)asg_dispatch_pump(f->dispatch, 1, 0);
    assert_null(last_job(f)); /* not to that one until it speaks */
    say_hello(f, 2, "two", 1, NULL, 0, 2);
    (void)asg_dispatch_pump(f->dispatch, 2, 0);
    assert_int_equal(2, last_job(f)->peer);
}

static void test_dispatch_lets_a_new_attempt_take_the_place_of_the_old(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 5, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    const struct asg_launch launch = {.count = 1};
    const struct asg_job second = {
        .id = 1, .attempt = 2, .kind = ASG_JOB_LAUNCH, .launch = &launch};
    asg_dispatch_add(f->dispatch, &second);
    assert_int_equal(ASG_RESULT_LATE, answer(f, 1, 1, 1));
    (void)asg_dispatch_pump(f->dispatch, 1, 0);
    assert_int_equal(2, last_job(f)->attempt);
    assert_int_equal(1, asg_dispatch_counts(f->dispatch).leased);
}

static void test_dispatch_knows_a_complete_describe(void **state)
{
    struct fixture *f = *state;
    bool is_complete = false;
    add_job(f, 1, ASG_JOB_DESCRIBE, 0);
    add_job(f, 2, ASG_JOB_LAUNCH, 0);
    assert_true(asg_dispatch_is_describe(f->dispatch, 1, &is_complete));
    assert_true(is_complete);
    assert_false(asg_dispatch_is_describe(f->dispatch, 2, &is_complete));
    assert_false(asg_dispatch_is_describe(f->dispatch, 3, &is_complete));
    asg_dispatch_close(f->dispatch, 1);
    assert_false(asg_dispatch_is_describe(f->dispatch, 1, &is_complete));
}

static void test_dispatch_forgets_a_worker_unheard_of_for_long(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 5, NULL, 0, 0);
    (void)asg_dispatch_pump(f->dispatch, 10 * FIXTURE_LEASE_MS, 0);
    struct asg_arena arena = {0};
    struct asg_worker_view *views = NULL;
    size_t count = 0;
    asg_dispatch_view(f->dispatch, 10 * FIXTURE_LEASE_MS, &arena, &views, &count);
    assert_int_equal(1, count);
    assert_string_equal("one", views[0].name);
    assert_int_equal(5, views[0].credits);
    asg_arena_clear(&arena);
    (void)asg_dispatch_pump(f->dispatch, 10 * FIXTURE_LEASE_MS + 1, 0);
    assert_int_equal(0, asg_dispatch_counts(f->dispatch).workers);
}

#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

static void test_open_jobs_are_listed_by_kind(void **state)
{
    struct fixture *f = *state;
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    add_job(f, 2, ASG_JOB_DESCRIBE, 0);
    add_job(f, 3, ASG_JOB_LAUNCH, 0);
    asg_dispatch_close(f->dispatch, 1);
    struct asg_arena arena = {0};
    struct asg_numbers found = {0};
    asg_dispatch_list_kind(f->dispatch, ASG_JOB_LAUNCH, &arena, &found);
    assert_int_equal(1, found.count);
    assert_int_equal(3, found.items[0]);
    asg_dispatch_list_kind(f->dispatch, ASG_JOB_FLEET, &arena, &found);
    assert_int_equal(0, found.count);
    asg_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open_jobs_are_listed_by_kind),
        TEST(test_dispatch_never_hands_out_more_than_the_credits),
        TEST(test_dispatch_gives_work_to_whoever_has_most_room),
        TEST(test_dispatch_acknowledges_only_when_settled),
        TEST(test_dispatch_redelivers_when_the_lease_ends),
        TEST(test_dispatch_takes_the_first_result_whoever_brings_it),
        TEST(test_dispatch_believes_no_failure_of_one_who_lost_the_lease),
        TEST(test_dispatch_keeps_a_lease_that_heartbeats_list),
        TEST(test_dispatch_asks_an_unknown_worker_to_say_hello),
        TEST(test_dispatch_gives_a_handed_back_job_to_another),
        TEST(test_dispatch_tells_a_worker_that_hands_back_and_lets_it_rest),
        TEST(test_dispatch_frees_leases_at_once_when_a_worker_starts_anew),
        TEST(test_dispatch_frees_leases_on_a_second_hello_of_one_connection),
        TEST(test_dispatch_leaves_held_jobs_with_their_worker_after_a_restart),
        TEST(test_dispatch_halted_lets_only_questions_leave),
        TEST(test_dispatch_tells_again_who_has_not_heard_of_a_halt),
        TEST(test_dispatch_gives_up_at_the_delivery_limit),
        TEST(test_dispatch_expires_a_job_past_its_deadline),
        TEST(test_dispatch_calls_a_sent_launch_ambiguous_at_its_deadline),
        TEST(test_dispatch_waits_for_the_rate_budget),
        TEST(test_dispatch_goes_on_when_a_worker_takes_no_more),
        TEST(test_dispatch_turns_from_a_worker_that_is_gone),
        TEST(test_dispatch_lets_a_new_attempt_take_the_place_of_the_old),
        TEST(test_dispatch_knows_a_complete_describe),
        TEST(test_dispatch_forgets_a_worker_unheard_of_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
