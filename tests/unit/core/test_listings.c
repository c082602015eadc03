/* How often a leader has EC2 listed as a whole. */
#include <string.h>

#include "unit/core/core_world.h"

#define MINUTE INT64_C(60000)

/* Complete listings that the last step asks for. */
static int whole_listings(void)
{
    int count = 0;
    for (size_t i = 0; i < w.effects.job_count; i++) {
        const struct asg_job *job = &w.effects.jobs[i];
        bool is_whole =
            job->kind == ASG_JOB_DESCRIBE && job->describe->instance_ids.count == 0;
        count += is_whole ? 1 : 0;
    }
    return count;
}

/* Complete listings that are asked for until the clock says so; each finds nothing new.
 */
static int listings_until(int64_t until_ms)
{
    int count = 0;
    for (;;) {
        int64_t next_ms = asg_core_next_deadline(w.core);
        if (next_ms > until_ms) break;
        if (next_ms > w.now_ms) w.now_ms = next_ms;
        const struct asg_event tick = {.kind = ASG_EVENT_TICK, .time_ms = w.now_ms};
        assert_status(ASG_OK, step_core(w.core, &tick, &w.effects));
        count += whole_listings();
        answer();
    }
    w.now_ms = until_ms;
    return count;
}

static void lead(int64_t listing_ms)
{
    order((struct asg_command){.kind = ASG_COMMAND_LEAD,
                               .rules = asg_core_newest_rules(),
                               .epoch = asg_core_epoch(w.core) + 1,
                               .listing_ms = listing_ms});
    (void)listings_until(w.now_ms + 30 * MINUTE); /* more often at first */
}

static void test_every_two_minutes_when_nothing_is_said(void **state)
{
    (void)state;
    lead(0);
    assert_int_equal(30, listings_until(w.now_ms + 60 * MINUTE));
}

static void test_as_often_as_the_leader_is_told(void **state)
{
    (void)state;
    lead(15 * MINUTE);
    assert_int_equal(16, listings_until(w.now_ms + 240 * MINUTE));
    lead(MINUTE / 2);
    assert_int_equal(20, listings_until(w.now_ms + 10 * MINUTE));
}

static void test_a_new_leader_looks_more_often_at_first(void **state)
{
    (void)state;
    order((struct asg_command){.kind = ASG_COMMAND_LEAD,
                               .rules = asg_core_newest_rules(),
                               .epoch = 2,
                               .listing_ms = 1440 * MINUTE});
    int count = listings_until(w.now_ms + 5 * MINUTE);
    if (count < 15 || count > 21) fail_msg("%d listings in five minutes", count);
}

/* A complete listing finds i-99, which nobody remembers. */
static void list_orphan(void)
{
    struct asg_seen_instance seen = an_orphan("i-99", BEGAN_MS - 600000);
    const struct asg_observed observed = {
        .is_complete = true, .instances = &seen, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
}

/* However rarely EC2 is listed, an orphan is ended when its quarter of an hour is over.
 */
static void test_an_orphan_is_looked_for_when_its_time_is_over(void **state)
{
    (void)state;
    lead(240 * MINUTE);
    list_orphan();
    assert_int_equal(0, listings_until(w.now_ms + 14 * MINUTE));
    assert_int_equal(1, listings_until(w.now_ms + 2 * MINUTE));
    assert_int_equal(0, listings_until(w.now_ms + 120 * MINUTE));
}

/* The only job that is a dead letter. */
static uint64_t dead_letter(void)
{
    struct asg_arena arena = {0};
    struct asg_job_view *jobs = NULL;
    size_t count = 0;
    asg_core_view_jobs(w.core, "", /* only_dead */ true, &arena, &jobs, &count);
    assert_int_equal(1, count);
    uint64_t id = jobs[0].id;
    asg_arena_clear(&arena);
    return id;
}

/* Simulator, seed 1795896688131: its end had expired, and a retry did nothing. */
static void test_a_retry_ends_the_orphan_whose_end_is_a_dead_letter(void **state)
{
    (void)state;
    lead(240 * MINUTE);
    list_orphan();
    w.now_ms += 16 * MINUTE;
    w.terminate_outcome = ASG_OUTCOME_PERMISSION;
    list_orphan();
    assert_non_null(strstr(w.said, "is a dead letter"));
    (void)listings_until(w.now_ms + 10 * MINUTE);
    list_orphan();
    assert_int_equal(0, w.ended_count); /* it waits for somebody to mend the cause */

    w.terminate_outcome = ASG_OUTCOME_OK;
    const struct asg_command retry = {.kind = ASG_COMMAND_JOB_RETRY,
                                      .job_id = dead_letter()};
    const struct asg_event event = {
        .kind = ASG_EVENT_COMMAND, .time_ms = w.now_ms, .command = &retry};
    assert_status(ASG_OK, step_core(w.core, &event, &w.effects));
    assert_int_equal(1, whole_listings());
    answer();
    list_orphan();
    assert_true(was_ended(99));
}

/* A launch template that EC2 refuses: one more dead letter. */
static void refuse_template(int number)
{
    char name[32];
    (void)snprintf(name, sizeof name, "t%d", number);
    const struct asg_template_config config = {.name = name, .image_id = "ami-1"};
    const struct asg_command put = {.kind = ASG_COMMAND_TEMPLATE_PUT,
                                    .actor = "test",
                                    .name = name,
                                    .template_config = &config};
    const struct asg_event event = {
        .kind = ASG_EVENT_COMMAND, .time_ms = w.now_ms, .command = &put};
    assert_status(ASG_OK, step_core(w.core, &event, &w.effects));
    assert_true(w.effects.job_count > 0);
    assert_int_equal(ASG_JOB_TEMPLATE, w.effects.jobs[0].kind);
    const struct asg_result result = {.job_id = w.effects.jobs[0].id,
                                      .attempt = 1,
                                      .outcome = ASG_OUTCOME_BAD_REQUEST,
                                      .worker = "w",
                                      .error_code = "InvalidAMIID.NotFound",
                                      .message = "",
                                      .request_id = ""};
    step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

/* Of more dead letters than are kept the oldest cannot be retried any more. */
static void test_an_orphan_whose_dead_letter_is_forgotten_is_ended_anew(void **state)
{
    (void)state;
    lead(240 * MINUTE);
    list_orphan();
    w.now_ms += 16 * MINUTE;
    w.terminate_outcome = ASG_OUTCOME_PERMISSION;
    list_orphan();
    (void)dead_letter();
    w.terminate_outcome = ASG_OUTCOME_OK;
    for (int i = 0; i < 999; i++)
        refuse_template(i);
    list_orphan();
    assert_int_equal(0, w.ended_count);
    refuse_template(999);
    list_orphan();
    assert_true(was_ended(99));
}

/* Saved, loaded and saved again it is the same, and the pace goes on. */
static void test_the_pace_is_part_of_the_state(void **state)
{
    (void)state;
    struct asg_bytes saved = {0};
    struct asg_bytes again = {0};
    struct asg_error error = {""};
    lead(15 * MINUTE);
    asg_core_save(w.core, &saved);
    asg_core_destroy(&w.core);
    assert_status(ASG_OK, asg_core_load(saved.data, saved.length, &w.core, &error));
    asg_core_save(w.core, &again);
    assert_int_equal(saved.length, again.length);
    assert_memory_equal(saved.data, again.data, saved.length);
    assert_int_equal(4, listings_until(w.now_ms + 60 * MINUTE));
    asg_bytes_clear(&saved);
    asg_bytes_clear(&again);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_every_two_minutes_when_nothing_is_said),
        TEST(test_as_often_as_the_leader_is_told),
        TEST(test_a_new_leader_looks_more_often_at_first),
        TEST(test_an_orphan_is_looked_for_when_its_time_is_over),
        TEST(test_a_retry_ends_the_orphan_whose_end_is_a_dead_letter),
        TEST(test_an_orphan_whose_dead_letter_is_forgotten_is_ended_anew),
        TEST(test_the_pace_is_part_of_the_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
