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

/* Another has it by now, with the same token: what it says counts, and nothing else. */
static void test_dispatch_believes_nobody_who_lost_the_lease(void **state)
{
    struct fixture *f = *state;
    lease_passes_from_one_to_two(f);
    assert_int_equal(ASG_RESULT_LATE,
                     answer_with(f, 1, 1, ASG_OUTCOME_CAPACITY, FIXTURE_LEASE_MS + 1));
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_ACK)); /* it may forget it */
    assert_int_equal(ASG_RESULT_HINT, answer(f, 1, 1, FIXTURE_LEASE_MS + 1));
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 1));
    assert_int_equal(ASG_RESULT_NEW,
                     answer_with(f, 2, 1, ASG_OUTCOME_CAPACITY, FIXTURE_LEASE_MS + 2));
    asg_dispatch_settle(f->dispatch, 1, 1);
    assert_int_equal(0, asg_dispatch_counts(f->dispatch).leased);
}

/* The key of another worker, stolen: with a launch that takes a moment it used to close
 * it as "launched nothing". */
static void test_dispatch_believes_no_forged_result(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 1, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    say_hello(f, 2, "two", 1, NULL, 0, 1);
    assert_int_equal(ASG_RESULT_HINT, answer(f, 2, 1, 1));
    assert_int_equal(ASG_RESULT_LATE, answer_with(f, 2, 1, ASG_OUTCOME_BAD_REQUEST, 1));
    assert_string_equal("one", asg_dispatch_holder(f->dispatch, 1));
    assert_int_equal(ASG_RESULT_NEW, answer(f, 1, 1, 2));
    assert_int_equal(ASG_RESULT_LATE, answer(f, 2, 1, 3)); /* takes no ACK away either */
    asg_dispatch_settle(f->dispatch, 1, 1);
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_ACK));
}

/* Its lease ran out and nobody else was given one: it knows best. */
static void test_dispatch_believes_the_last_holder_while_nobody_else_has_it(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 1, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    (void)asg_dispatch_pump(f->dispatch, FIXTURE_LEASE_MS, 0);
    assert_string_equal("", asg_dispatch_holder(f->dispatch, 1));
    assert_int_equal(ASG_RESULT_NEW, answer(f, 1, 1, FIXTURE_LEASE_MS + 1));
}

static void test_dispatch_asks_a_stranger_with_a_result_for_its_hello(void **state)
{
    struct fixture *f = *state;
    add_job_of(f, 1, ASG_JOB_LAUNCH, 0, /* is_inherited */ true);
    assert_int_equal(ASG_RESULT_LATE, answer(f, 1, 1, 0));
    assert_int_equal(0, count_sent(f, 1, ASG_MESSAGE_ACK)); /* it sends it again */
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_REJOIN));
    struct asg_held held = {1, 1, 400, 0};
    say_hello(f, 1, "one", 0, &held, 1, 1);
    assert_int_equal(ASG_RESULT_NEW, answer(f, 1, 1, 2));
}

static void test_dispatch_lets_nobody_claim_what_it_was_never_given(void **state)
{
    struct fixture *f = *state;
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    add_job_of(f, 2, ASG_JOB_LAUNCH, 0, /* is_inherited */ true);
    struct asg_held held[] = {{1, 1, 9, 0}, {2, 1, 9, 0}};
    say_hello(f, 1, "one", 0, held, 2, 0);
    assert_string_equal("", asg_dispatch_holder(f->dispatch, 1));
    assert_string_equal("one", asg_dispatch_holder(f->dispatch, 2));
    /* Once given out by us, an inherited job is like any other. */
    say_hello(f, 1, "one", 0, NULL, 0, 1);
    assert_string_equal("", asg_dispatch_holder(f->dispatch, 2));
    say_hello(f, 2, "two", 0, held, 2, 2);
    assert_string_equal("", asg_dispatch_holder(f->dispatch, 2));
}

static void test_dispatch_knows_when_another_key_has_a_connections_number(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 1, NULL, 0, 0); /* in the fixture the key is the name */
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_true(asg_dispatch_is_of(f->dispatch, 1, "one"));
    assert_false(asg_dispatch_is_of(f->dispatch, 1, "two"));
    assert_true(asg_dispatch_is_of(f->dispatch, 2, "two")); /* nobody yet */
    struct asg_held held = {1, 1, last_job(f)->lease_id, 0};
    say_hello(f, 1, "two", 0, &held, 1, 1);
    assert_string_equal("", asg_dispatch_holder(f->dispatch, 1));
}

static bool is_not_one(void *context, const char *key)
{
    (void)context;
    return strcmp(key, "one") != 0;
}

static void test_dispatch_gives_nothing_to_a_worker_that_is_shut_out(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 2, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_string_equal("one", asg_dispatch_holder(f->dispatch, 1));
    say_hello(f, 2, "two", 2, NULL, 0, 1);
    assert_int_equal(1, asg_dispatch_shut_out(f->dispatch, is_not_one, NULL));
    assert_int_equal(0, asg_dispatch_shut_out(f->dispatch, is_not_one, NULL));
    size_t sent_count = f->sent_count;
    add_job(f, 2, ASG_JOB_LAUNCH, 0);
    asg_dispatch_halt(f->dispatch, true);
    asg_dispatch_halt(f->dispatch, false);
    (void)asg_dispatch_pump(f->dispatch, 2, 0);
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 1));
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 2));
    for (size_t i = sent_count; i < f->sent_count; i++) {
        assert_int_equal(2, f->sent[i].peer);
    }
    uint32_t peer = 0;
    assert_true(asg_dispatch_choose_asked(f->dispatch, NULL, 0, 3, &peer));
    assert_int_equal(2, peer);
}

static void test_dispatch_keeps_a_lease_that_heartbeats_list(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 1, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    struct asg_held held = {1, 1, last_job(f)->lease_id, 0};
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

/* A restored log gives the same ids once more: who speaks of the job that had this one
 * before has no part in this one. */
static void test_dispatch_tells_jobs_of_a_lost_log_apart(void **state)
{
    struct fixture *f = *state;
    const struct asg_launch launch = {.count = 1, .group_max = 10};
    const struct asg_job job = {.id = 1,
                                .attempt = 1,
                                .kind = ASG_JOB_LAUNCH,
                                .group = "web",
                                .name = "web-1",
                                .client_token = "token",
                                .launch = &launch,
                                .incarnation = 70};
    asg_dispatch_add(f->dispatch, &job);
    struct asg_held lost = {1, 1, 400, 69};
    say_hello(f, 1, "one", 0, &lost, 1, 0); /* runs the lost one, and has no room */
    assert_string_equal("", asg_dispatch_holder(f->dispatch, 1));
    say_hello(f, 2, "two", 1, NULL, 0, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 1));

    const struct asg_result result = {
        .job_id = 1, .attempt = 1, .incarnation = 69, .outcome = ASG_OUTCOME_OK};
    const struct asg_result_message message = {.lease_id = 400, .result = &result};
    struct asg_result taken;
    assert_int_not_equal(ASG_RESULT_NEW,
                         asg_dispatch_take_result(f->dispatch, 1, &message, &taken, 1));
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_ACK)); /* it may forget it */
    const struct asg_hand_back back = {1, 1, last_job(f)->lease_id, "", 69};
    asg_dispatch_hand_back(f->dispatch, 2, &back, 1);
    lost = (struct asg_held){1, 1, last_job(f)->lease_id, 69};
    const struct asg_heartbeat beat = {.credits = 0, .held = &lost, .held_count = 1};
    assert_true(asg_dispatch_heartbeat(f->dispatch, 2, &beat, FIXTURE_LEASE_MS - 1));
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 1));
    (void)asg_dispatch_pump(f->dispatch, FIXTURE_LEASE_MS + 1, 0);
    assert_int_equal(1, asg_dispatch_counts(f->dispatch).redelivered); /* not renewed */
}

static void test_dispatch_asks_an_unknown_worker_to_say_hello(void **state)
{
    struct fixture *f = *state;
    const struct asg_heartbeat beat = {.credits = 4};
    assert_false(asg_dispatch_heartbeat(f->dispatch, 9, &beat, 0));
    assert_int_equal(1, count_sent(f, 9, ASG_MESSAGE_REJOIN));
}

/* A stolen key says that it has used up the account's rates: it had nothing to send. */
static void test_dispatch_believes_no_calls_of_a_worker_that_had_no_job(void **state)
{
    struct fixture *f = *state;
    asg_dispatch_destroy(&f->dispatch);
    fixture_open(f, 100, 3);
    say_hello(f, 1, "liar", 0, NULL, 0, 0);
    struct asg_call_rate rate = {
        .action = "RunInstances", .attempts = 1000000, .throttles = 1000000};
    const struct asg_heartbeat lie = {.rates = &rate, .rate_count = 1};
    for (int64_t ms = 0; ms < 100; ms++)
        assert_true(asg_dispatch_heartbeat(f->dispatch, 1, &lie, ms));
    assert_int_equal(100, asg_dispatch_rate_percent(f->dispatch, ASG_JOB_LAUNCH));
    assert_int_equal(0, asg_dispatch_counts(f->dispatch).throttles);
    say_hello(f, 2, "two", 1, NULL, 0, 100);
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    (void)asg_dispatch_pump(f->dispatch, 100, 0);
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 1));
    /* The one that has the job is believed, until it has said that it has none. */
    rate.attempts = 3;
    assert_true(asg_dispatch_heartbeat(f->dispatch, 2, &lie, 200));
    assert_true(asg_dispatch_rate_percent(f->dispatch, ASG_JOB_LAUNCH) < 100);
    uint64_t throttles = asg_dispatch_counts(f->dispatch).throttles;
    assert_int_equal(ASG_RESULT_NEW, answer(f, 2, 1, 300));
    const struct asg_heartbeat idle = {.credits = 1};
    assert_true(asg_dispatch_heartbeat(f->dispatch, 2, &idle, 400));
    assert_true(asg_dispatch_heartbeat(f->dispatch, 2, &lie, 500));
    assert_int_equal(throttles, asg_dispatch_counts(f->dispatch).throttles);
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
    struct asg_held held = {2, 1, last_job(f)->lease_id, 0};
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
    add_job_of(f, 1, ASG_JOB_LAUNCH, 0, /* is_inherited */ true);
    struct asg_held held[] = {{1, 1, 400, 0}, {77, 1, 401, 0}};
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

/* Its heartbeats renew the lease for ever: the deadline ends the job all the same. */
static void test_dispatch_ends_a_leased_job_at_its_deadline(void **state)
{
    struct fixture *f = *state;
    say_hello(f, 1, "one", 2, NULL, 0, 0);
    add_job(f, 1, ASG_JOB_RESOLVE_TEMPLATE, 25000);
    add_job(f, 2, ASG_JOB_LAUNCH, 25000);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    struct asg_held held[2] = {{1, 1, 0, 0}, {2, 1, 0, 0}};
    for (size_t i = 0; i < f->sent_count; i++) {
        if (f->sent[i].type != ASG_MESSAGE_JOB) continue;
        held[f->sent[i].job_id - 1].lease_id = f->sent[i].lease_id;
    }
    const struct asg_heartbeat beat = {.credits = 0, .held = held, .held_count = 2};
    for (int64_t ms = 3000; ms <= 24000; ms += 3000) {
        assert_true(asg_dispatch_heartbeat(f->dispatch, 1, &beat, ms));
        (void)asg_dispatch_pump(f->dispatch, ms, ms);
        assert_int_equal(0, f->given_up_count);
    }
    int64_t next_ms = asg_dispatch_pump(f->dispatch, 24000, 24000);
    assert_int_equal(25000, next_ms); /* it comes back for the deadline */
    (void)asg_dispatch_pump(f->dispatch, next_ms, next_ms);
    assert_int_equal(2, f->given_up_count);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(f->given_up[i].job_id == 2 ? ASG_OUTCOME_AMBIGUOUS
                                                    : ASG_OUTCOME_EXPIRED,
                         f->given_up[i].outcome);
    }
    assert_int_equal(0, asg_dispatch_counts(f->dispatch).leased);
    assert_int_equal(ASG_RESULT_LATE, answer(f, 1, 2, next_ms)); /* too late */
}

/* ---- what a worker has earned ---- */

static void answer_all(struct fixture *f, uint32_t peer, enum asg_outcome outcome,
                       int64_t mono_ms)
{
    for (uint64_t id = 1; id <= 200; id++) {
        if (answer_with(f, peer, id, outcome, mono_ms) == ASG_RESULT_NEW) {
            asg_dispatch_settle(f->dispatch, id, 1);
        }
    }
}

static void test_dispatch_gives_a_worker_what_it_has_earned(void **state)
{
    struct fixture *f = *state;
    fixture_open_strict(f, 4, 0);
    say_hello(f, 1, "one", 1000, NULL, 0, 0);
    for (uint64_t id = 1; id <= 60; id++) {
        add_job(f, id, ASG_JOB_DESCRIBE, 0);
    }
    static const uint32_t given[] = {4, 8, 24}; /* twice what it finished before */
    for (size_t i = 0; i < 3; i++) {
        (void)asg_dispatch_pump(f->dispatch, 1, 0);
        assert_int_equal(given[i], asg_dispatch_counts(f->dispatch).leased);
        answer_all(f, 1, ASG_OUTCOME_OK, 1);
    }
    (void)asg_dispatch_pump(f->dispatch, 180000, 0); /* long ago */
    say_hello(f, 1, "one", 1000, NULL, 0, 180000);
    (void)asg_dispatch_pump(f->dispatch, 180000, 0);
    assert_int_equal(4, asg_dispatch_counts(f->dispatch).leased);
}

/* Names are what a worker says; its key is what it has. */
static void test_dispatch_counts_all_names_of_a_key_together(void **state)
{
    struct fixture *f = *state;
    fixture_open_strict(f, 4, 0);
    for (uint32_t peer = 1; peer <= 9; peer++) {
        char name[16];
        (void)snprintf(name, sizeof name, "name%u", peer);
        const struct asg_hello hello = {.worker = name, .version = "", .credits = 1000};
        asg_dispatch_hello(f->dispatch, peer, "stolen", "127.0.0.1", &hello, 0);
    }
    for (uint64_t id = 1; id <= 60; id++) {
        add_job(f, id, ASG_JOB_DESCRIBE, 0);
    }
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_int_equal(4, asg_dispatch_counts(f->dispatch).leased);
    say_hello(f, 20, "honest", 4, NULL, 0, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_int_equal(4, count_sent(f, 20, ASG_MESSAGE_JOB));
}

static enum asg_worker_state state_of(struct fixture *f, const char *name, int64_t ms)
{
    struct asg_arena arena = {0};
    struct asg_worker_view *views = NULL;
    size_t count = 0;
    asg_dispatch_view(f->dispatch, ms, &arena, &views, &count);
    enum asg_worker_state state = ASG_WORKER_COUNT;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(views[i].name, name) == 0) state = views[i].state;
    }
    asg_arena_clear(&arena);
    return state;
}

/* A job a second to one of two workers, each of which answers as it is told. */
static void work_for(struct fixture *f, enum asg_outcome one, enum asg_outcome two,
                     int64_t from_ms, int64_t to_ms)
{
    for (int64_t ms = from_ms; ms < to_ms; ms += 1000) {
        say_hello(f, 1, "one", 8, NULL, 0, ms);
        say_hello(f, 2, "two", 8, NULL, 0, ms);
        uint64_t id = (uint64_t)ms / 1000 + 1;
        add_job(f, id, ASG_JOB_LAUNCH, 0);
        (void)asg_dispatch_pump(f->dispatch, ms, 0);
        const char *holder = asg_dispatch_holder(f->dispatch, id);
        assert_true(holder[0] != '\0');
        bool is_one = strcmp(holder, "one") == 0;
        (void)answer_with(f, is_one ? 1 : 2, id, is_one ? one : two, ms);
        asg_dispatch_settle(f->dispatch, id, 1);
        f->sent_count = 0;
    }
}

static void test_dispatch_puts_a_worker_aside_that_fails_what_another_can(void **state)
{
    struct fixture *f = *state;
    fixture_open_strict(f, 8, 600000);
    work_for(f, ASG_OUTCOME_CREDENTIALS, ASG_OUTCOME_OK, 0, 400000);
    assert_int_equal(1, f->aside_count);
    assert_string_equal("one", f->aside);
    assert_int_equal(ASG_WORKER_NO_CREDENTIALS, state_of(f, "one", 400000));
    assert_int_equal(ASG_WORKER_READY, state_of(f, "two", 400000));
    struct asg_arena arena = {0};
    struct asg_alarm_view *alarms = NULL;
    size_t count = 0;
    asg_dispatch_alarms(f->dispatch, 400000, &arena, &alarms, &count);
    assert_int_equal(1, count);
    assert_non_null(strstr(alarms[0].text, "refuses the credentials of worker one"));
    assert_string_equal("credentials", alarms[0].kind);
    assert_int_equal(1, asg_dispatch_counts(f->dispatch).refused);
    assert_int_equal(0, asg_dispatch_counts(f->dispatch).aside); /* counted once */
    asg_arena_clear(&arena);
}

static void test_dispatch_says_who_is_put_aside(void **state)
{
    struct fixture *f = *state;
    fixture_open_strict(f, 8, 600000);
    work_for(f, ASG_OUTCOME_TRANSIENT, ASG_OUTCOME_OK, 0, 400000);
    assert_int_equal(1, f->aside_count);
    assert_int_equal(ASG_WORKER_PUT_ASIDE, state_of(f, "one", 400000));
    struct asg_arena arena = {0};
    struct asg_alarm_view *alarms = NULL;
    size_t count = 0;
    asg_dispatch_alarms(f->dispatch, 400000, &arena, &alarms, &count);
    assert_int_equal(1, count);
    assert_non_null(strstr(alarms[0].text, "worker one gets no jobs"));
    assert_int_equal(1, asg_dispatch_counts(f->dispatch).aside);
    assert_int_equal(0, asg_dispatch_counts(f->dispatch).refused);
    asg_arena_clear(&arena);
}

/* At the first refusal, though it is the only worker; over at its next success. */
static void test_dispatch_says_whose_credentials_are_refused(void **state)
{
    struct fixture *f = *state;
    fixture_open_strict(f, 8, 600000);
    static const enum asg_outcome outcomes[] = {
        ASG_OUTCOME_OK,          ASG_OUTCOME_PERMISSION,  ASG_OUTCOME_PERMISSION,
        ASG_OUTCOME_NOT_FOUND,   ASG_OUTCOME_CREDENTIALS, ASG_OUTCOME_TRANSIENT,
        ASG_OUTCOME_CREDENTIALS, ASG_OUTCOME_OK,          ASG_OUTCOME_PERMISSION,
        ASG_OUTCOME_PERMISSION,  ASG_OUTCOME_PERMISSION,  ASG_OUTCOME_CAPACITY};
    static const bool is_refused[] = {false, false, false, false, true, true,
                                      true,  false, false, false, true, false};
    for (uint64_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        int64_t ms = (int64_t)i * 1000;
        say_hello(f, 1, "one", 8, NULL, 0, ms);
        add_job(f, i + 1, ASG_JOB_LAUNCH, 0);
        (void)asg_dispatch_pump(f->dispatch, ms, 0);
        assert_int_equal(ASG_RESULT_NEW, answer_with(f, 1, i + 1, outcomes[i], ms));
        asg_dispatch_settle(f->dispatch, i + 1, 1);
        assert_int_equal(is_refused[i] ? ASG_WORKER_NO_CREDENTIALS : ASG_WORKER_READY,
                         state_of(f, "one", ms));
    }
    assert_int_equal(4, f->refused_count); /* begun and over, twice */
}

/* EC2 is away, or a pool is empty: no worker is to blame. */
static void test_dispatch_puts_nobody_aside_when_all_fail_alike(void **state)
{
    struct fixture *f = *state;
    fixture_open_strict(f, 8, 600000);
    work_for(f, ASG_OUTCOME_TRANSIENT, ASG_OUTCOME_TRANSIENT, 0, 300000);
    work_for(f, ASG_OUTCOME_CAPACITY, ASG_OUTCOME_CAPACITY, 300000, 600000);
    assert_int_equal(0, f->aside_count);
}

static void test_dispatch_never_puts_its_only_worker_aside(void **state)
{
    struct fixture *f = *state;
    fixture_open_strict(f, 8, 600000);
    say_hello(f, 1, "one", 8, NULL, 0, 0);
    for (uint64_t id = 1; id <= 40; id++) {
        add_job(f, id, ASG_JOB_LAUNCH, 0);
        (void)asg_dispatch_pump(f->dispatch, (int64_t)id, 0);
        assert_int_equal(ASG_RESULT_NEW,
                         answer_with(f, 1, id, ASG_OUTCOME_CREDENTIALS, (int64_t)id));
        asg_dispatch_settle(f->dispatch, id, 1);
    }
    assert_int_equal(0, f->aside_count);
}

/* It takes all it can get, renews its leases and finishes nothing. The honest one gets
 * them in the end, those not yet past their deadline at once. */
static void test_dispatch_frees_the_jobs_of_a_worker_that_sits_on_them(void **state)
{
    struct fixture *f = *state;
    fixture_open_strict(f, 4, 600000);
    say_hello(f, 1, "one", 1000, NULL, 0, 0);
    static const int64_t deadlines[] = {20000, 20000, 20000, 60000};
    for (uint64_t id = 1; id <= 4; id++) {
        add_job(f, id, ASG_JOB_RESOLVE_TEMPLATE, deadlines[id - 1]);
    }
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    struct asg_held held[4];
    size_t held_count = 0;
    for (size_t i = 0; i < f->sent_count; i++) {
        if (f->sent[i].type != ASG_MESSAGE_JOB) continue;
        held[held_count++] =
            (struct asg_held){f->sent[i].job_id, 1, f->sent[i].lease_id, 0};
    }
    assert_int_equal(4, held_count);
    const struct asg_heartbeat beat = {.credits = 1000, .held = held, .held_count = 4};
    for (int64_t ms = 3000; ms <= 21000; ms += 3000) {
        assert_true(asg_dispatch_heartbeat(f->dispatch, 1, &beat, ms));
        say_hello(f, 2, "two", 4, NULL, 0, ms);
        (void)asg_dispatch_pump(f->dispatch, ms, ms);
    }
    assert_int_equal(1, f->aside_count);
    assert_int_equal(3, f->given_up_count);
    assert_string_equal("two", asg_dispatch_holder(f->dispatch, 4));
    assert_int_equal(ASG_RESULT_LATE, answer(f, 1, 4, 21001)); /* nobody asked it */
}

static void test_dispatch_tries_a_worker_again_that_was_put_aside(void **state)
{
    struct fixture *f = *state;
    fixture_open_strict(f, 8, 60000);
    work_for(f, ASG_OUTCOME_CREDENTIALS, ASG_OUTCOME_OK, 0, 130000);
    assert_int_equal(1, f->aside_count);
    work_for(f, ASG_OUTCOME_OK, ASG_OUTCOME_OK, 130000, 260000);
    assert_int_equal(ASG_WORKER_READY, state_of(f, "one", 260000));
    assert_int_equal(1, f->aside_count);
}

static uint32_t asked(struct fixture *f, const uint32_t *tried, size_t tried_count,
                      int64_t mono_ms)
{
    uint32_t peer = 0;
    return asg_dispatch_choose_asked(f->dispatch, tried, tried_count, mono_ms, &peer)
               ? peer
               : 0;
}

static void test_dispatch_asks_the_ready_in_turn(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(0, asked(f, NULL, 0, 0));
    say_hello(f, 1, "one", 0, NULL, 0, 0); /* no credit is needed */
    say_hello(f, 2, "two", 4, NULL, 0, 0);
    asg_dispatch_halt(f->dispatch, true); /* nor that the kill switch is off */
    uint32_t first = asked(f, NULL, 0, 10);
    uint32_t second = asked(f, NULL, 0, 20);
    assert_int_equal(3, first + second);
    assert_int_equal(2, asked(f, (const uint32_t[]){1}, 1, 30));
    assert_int_equal(0, asked(f, (const uint32_t[]){1, 2}, 2, 30));
    /* One that answers is heard of; the other falls silent. */
    asg_dispatch_heard(f->dispatch, 2, NULL, 0, FIXTURE_LEASE_MS - 1);
    assert_int_equal(2, asked(f, NULL, 0, FIXTURE_LEASE_MS + 1));
    assert_int_equal(2, asked(f, NULL, 0, FIXTURE_LEASE_MS + 2));
    asg_dispatch_heard(f->dispatch, 99, NULL, 0, FIXTURE_LEASE_MS); /* unknown: fine */
    assert_int_equal(0, asked(f, NULL, 0, 3 * FIXTURE_LEASE_MS));
}

static void test_dispatch_asks_none_that_is_put_aside_while_another_is_there(void **state)
{
    struct fixture *f = *state;
    fixture_open_strict(f, 8, 600000);
    work_for(f, ASG_OUTCOME_CREDENTIALS, ASG_OUTCOME_OK, 0, 130000);
    assert_string_equal("one", f->aside);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(2, asked(f, NULL, 0, 130000));
    }
}

static void test_dispatch_pays_questions_out_of_the_rate_budget(void **state)
{
    struct fixture *f = *state;
    asg_dispatch_destroy(&f->dispatch);
    fixture_open(f, 100, 3);
    int64_t wait_ms = 0;
    unsigned taken = 0;
    while (asg_dispatch_may_ask(f->dispatch, ASG_QUESTION_SUBNETS, 0, &wait_ms)) {
        taken++;
    }
    assert_int_equal(100, taken); /* DescribeInstances: bucket of 100 */
    assert_in_range(wait_ms, 1, 100);
    assert_true(
        asg_dispatch_may_ask(f->dispatch, ASG_QUESTION_SUBNETS, wait_ms, &wait_ms));
    assert_true(asg_dispatch_may_ask(f->dispatch, ASG_QUESTION_TEMPLATE, 0, &wait_ms));
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
    assert_int_equal(ASG_RESULT_HINT, answer(f, 1, 1, 1));
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

static void test_a_job_that_cannot_leave_ends_and_holds_up_no_other(void **state)
{
    struct fixture *f = *state;
    add_job(f, 1, ASG_JOB_TEMPLATE, 0);
    add_job(f, 2, ASG_JOB_TEMPLATE, 0);
    say_hello(f, 1, "one", 5, NULL, 0, 0);
    f->cannot_leave = "user data is missing";
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_int_equal(0, count_sent(f, 1, ASG_MESSAGE_JOB));
    assert_int_equal(2, f->given_up_count);
    assert_int_equal(ASG_OUTCOME_BAD_REQUEST, f->given_up[1].outcome);
    assert_string_equal("user data is missing", f->given_up[1].message);
    f->cannot_leave = NULL;
    add_job(f, 3, ASG_JOB_TEMPLATE, 0);
    (void)asg_dispatch_pump(f->dispatch, 1, 0);
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_JOB));
}

static void test_a_queued_job_that_is_recalled_is_given_up(void **state)
{
    struct fixture *f = *state;
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    asg_dispatch_recall(f->dispatch, 1);
    asg_dispatch_recall(f->dispatch, 1);
    asg_dispatch_recall(f->dispatch, 2); /* nobody knows it */
    say_hello(f, 1, "one", 5, NULL, 0, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    assert_int_equal(0, count_sent(f, 1, ASG_MESSAGE_JOB));
    assert_int_equal(1, f->given_up_count);
    assert_int_equal(1, f->given_up[0].job_id);
    assert_int_equal(ASG_OUTCOME_UNDELIVERED, f->given_up[0].outcome);
    assert_int_equal(0, f->given_up[0].deliveries);
    asg_dispatch_settle(f->dispatch, 1, 1);
    add_job(f, 1, ASG_JOB_LAUNCH, 0); /* wanted again */
    (void)asg_dispatch_pump(f->dispatch, 1, 0);
    assert_int_equal(1, count_sent(f, 1, ASG_MESSAGE_JOB));
}

static void test_a_recalled_job_that_a_worker_has_is_answered(void **state)
{
    struct fixture *f = *state;
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    say_hello(f, 1, "one", 5, NULL, 0, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    asg_dispatch_recall(f->dispatch, 1);
    (void)asg_dispatch_pump(f->dispatch, 1, 0);
    assert_int_equal(0, f->given_up_count);
    assert_int_equal(ASG_RESULT_NEW, answer(f, 1, 1, 2));
}

/* Its worker is lost: another one would repeat what may have happened. */
static void test_a_recalled_job_whose_lease_ends_goes_to_no_other_worker(void **state)
{
    struct fixture *f = *state;
    add_job(f, 1, ASG_JOB_LAUNCH, 0);
    add_job(f, 2, ASG_JOB_TERMINATE, 0);
    say_hello(f, 1, "one", 5, NULL, 0, 0);
    (void)asg_dispatch_pump(f->dispatch, 0, 0);
    asg_dispatch_recall(f->dispatch, 1);
    asg_dispatch_recall(f->dispatch, 2);
    say_hello(f, 2, "two", 5, NULL, 0, FIXTURE_LEASE_MS);
    (void)asg_dispatch_pump(f->dispatch, FIXTURE_LEASE_MS, 0);
    assert_int_equal(0, count_sent(f, 2, ASG_MESSAGE_JOB));
    assert_int_equal(2, f->given_up_count);
    for (size_t i = 0; i < 2; i++) {
        bool is_launch = f->given_up[i].job_id == 1;
        assert_int_equal(is_launch ? ASG_OUTCOME_AMBIGUOUS : ASG_OUTCOME_UNDELIVERED,
                         f->given_up[i].outcome);
    }
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
        TEST(test_a_job_that_cannot_leave_ends_and_holds_up_no_other),
        TEST(test_a_queued_job_that_is_recalled_is_given_up),
        TEST(test_a_recalled_job_that_a_worker_has_is_answered),
        TEST(test_a_recalled_job_whose_lease_ends_goes_to_no_other_worker),
        TEST(test_dispatch_never_hands_out_more_than_the_credits),
        TEST(test_dispatch_gives_work_to_whoever_has_most_room),
        TEST(test_dispatch_acknowledges_only_when_settled),
        TEST(test_dispatch_redelivers_when_the_lease_ends),
        TEST(test_dispatch_believes_nobody_who_lost_the_lease),
        TEST(test_dispatch_believes_no_forged_result),
        TEST(test_dispatch_believes_the_last_holder_while_nobody_else_has_it),
        TEST(test_dispatch_asks_a_stranger_with_a_result_for_its_hello),
        TEST(test_dispatch_lets_nobody_claim_what_it_was_never_given),
        TEST(test_dispatch_knows_when_another_key_has_a_connections_number),
        TEST(test_dispatch_ends_a_leased_job_at_its_deadline),
        TEST(test_dispatch_gives_a_worker_what_it_has_earned),
        TEST(test_dispatch_counts_all_names_of_a_key_together),
        TEST(test_dispatch_puts_a_worker_aside_that_fails_what_another_can),
        TEST(test_dispatch_says_who_is_put_aside),
        TEST(test_dispatch_says_whose_credentials_are_refused),
        TEST(test_dispatch_puts_nobody_aside_when_all_fail_alike),
        TEST(test_dispatch_never_puts_its_only_worker_aside),
        TEST(test_dispatch_frees_the_jobs_of_a_worker_that_sits_on_them),
        TEST(test_dispatch_tries_a_worker_again_that_was_put_aside),
        TEST(test_dispatch_gives_nothing_to_a_worker_that_is_shut_out),
        TEST(test_dispatch_keeps_a_lease_that_heartbeats_list),
        TEST(test_dispatch_tells_jobs_of_a_lost_log_apart),
        TEST(test_dispatch_asks_an_unknown_worker_to_say_hello),
        TEST(test_dispatch_believes_no_calls_of_a_worker_that_had_no_job),
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
        TEST(test_dispatch_asks_the_ready_in_turn),
        TEST(test_dispatch_asks_none_that_is_put_aside_while_another_is_there),
        TEST(test_dispatch_pays_questions_out_of_the_rate_budget),
        TEST(test_dispatch_waits_for_the_rate_budget),
        TEST(test_dispatch_goes_on_when_a_worker_takes_no_more),
        TEST(test_dispatch_turns_from_a_worker_that_is_gone),
        TEST(test_dispatch_lets_a_new_attempt_take_the_place_of_the_old),
        TEST(test_dispatch_knows_a_complete_describe),
        TEST(test_dispatch_forgets_a_worker_unheard_of_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
