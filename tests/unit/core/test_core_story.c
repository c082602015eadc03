/* test_core_story - a group before a pretended EC2: what core says, asks for and keeps.
 */
#include <stdio.h>

#include "core/core.h"
#include "lib/check.h"
#include "lib/step_core.h"

#define BEGAN_MS INT64_C(1795444609000)

struct story {
    struct asg_core *core;
    struct asg_effects effects;
    struct asg_arena arena;
    int64_t now_ms;
    struct asg_job launch; /* the first open one */
};

static struct story s;

static void step(struct asg_event event)
{
    event.time_ms = s.now_ms;
    assert_status(ASG_OK, step_core(s.core, &event, &s.effects));
}

static void order(struct asg_command command)
{
    command.actor = "test";
    step((struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &command});
    if (command.kind != ASG_COMMAND_LEAD) return;
    const struct asg_observed listing = {.is_complete = true}; /* launches wait for it */
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &listing});
}

static struct asg_group_config web(void)
{
    static struct asg_subnet subnets[] = {{"subnet-1", "us-east-1a"},
                                          {"subnet-2", "us-east-1b"}};
    return (struct asg_group_config){.name = "web",
                                     .max = 6,
                                     .template_name = "",
                                     .template_id = "lt-0123456789abcdef0",
                                     .template_version = "1",
                                     .subnets = subnets,
                                     .subnet_count = 2,
                                     .cooldown_ms = 300000,
                                     .warmup_ms = 0,
                                     .evaluation_ms = 5000,
                                     .launch_timeout_ms = 600000,
                                     .terminating_percent = 10,
                                     .terminated_percent = 25,
                                     .unhealthy_percent = 20,
                                     .silence_percent = 30};
}

static int begin(void **state)
{
    (void)state;
    s = (struct story){.now_ms = BEGAN_MS};
    asg_core_new(&s.core);
    order((struct asg_command){.kind = ASG_COMMAND_INIT,
                               .cluster_id = "0123456789abcdef0123456789abcdef",
                               .seed = 7});
    assert_true(s.effects.reply.is_ok);
    order((struct asg_command){
        .kind = ASG_COMMAND_LEAD, .rules = asg_core_newest_rules(), .epoch = 1});
    struct asg_group_config config = web();
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = "web", .group_config = &config});
    if (!s.effects.reply.is_ok) fail_msg("%s", s.effects.reply.message);
    return 0;
}

static int end(void **state)
{
    (void)state;
    asg_core_destroy(&s.core);
    asg_effects_clear(&s.effects);
    asg_arena_clear(&s.arena);
    return 0;
}

static void want(uint32_t desired)
{
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = desired});
}

/* Open launches: how many instances they may bring; the first one stands in s.launch. */
static uint32_t open_launches(void)
{
    struct asg_job *jobs = NULL;
    size_t count = 0;
    uint32_t sum = 0;
    asg_core_open_jobs(s.core, &s.arena, &jobs, &count);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind != ASG_JOB_LAUNCH) continue;
        if (sum == 0) s.launch = jobs[i];
        sum += jobs[i].launch->count;
    }
    return sum;
}

static void answer_after(enum asg_outcome outcome, uint32_t deliveries)
{
    struct asg_result result = {.job_id = s.launch.id,
                                .attempt = s.launch.attempt,
                                .outcome = outcome,
                                .deliveries = deliveries,
                                .worker = "worker-1",
                                .error_code = "",
                                .message = ""};
    step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

static void answer(enum asg_outcome outcome)
{
    answer_after(outcome, 1);
}

static void test_an_order_above_max_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    want(7);
    assert_true(s.effects.reply.is_set);
    assert_false(s.effects.reply.is_ok);
    assert_int_equal(0, s.effects.job_count);
    assert_int_equal(0, open_launches());
}

static void test_desired_is_launched_once(void **state)
{
    (void)state;
    want(4);
    assert_true(s.effects.reply.is_ok);
    assert_int_equal(4, open_launches());
    s.now_ms += 100;
    step((struct asg_event){.kind = ASG_EVENT_TICK});
    assert_int_equal(4, open_launches());
}

static void test_an_ambiguous_launch_is_asked_again_with_the_same_token(void **state)
{
    (void)state;
    want(1);
    assert_int_equal(1, open_launches());
    struct asg_job before = s.launch;
    answer(ASG_OUTCOME_AMBIGUOUS);
    s.now_ms += 5000;
    step((struct asg_event){.kind = ASG_EVENT_TICK});
    assert_int_equal(1, open_launches());
    assert_int_equal(before.id, s.launch.id);
    assert_int_equal(before.attempt, s.launch.attempt);
    assert_string_equal(before.client_token, s.launch.client_token);
}

static void test_no_capacity_tries_another_pool_with_another_token(void **state)
{
    (void)state;
    want(1);
    assert_int_equal(1, open_launches());
    struct asg_job before = s.launch;
    answer(ASG_OUTCOME_CAPACITY);
    assert_int_equal(1, open_launches());
    assert_int_equal(before.id, s.launch.id);
    assert_int_equal(2, s.launch.attempt);
    assert_string_not_equal(before.launch->zone, s.launch.launch->zone);
    assert_string_not_equal(before.client_token, s.launch.client_token);
}

static void pass(int64_t ms)
{
    s.now_ms += ms;
    step((struct asg_event){.kind = ASG_EVENT_TICK});
}

/* The launch is not tried elsewhere: its own token asks again after five minutes, and
 * what EC2 says then counts. */
static void expect_to_wait_for_the_late(void)
{
    struct asg_job before = s.launch;
    char token[128];
    (void)snprintf(token, sizeof token, "%s", before.client_token);
    assert_int_equal(0, open_launches());
    pass(299000);
    assert_int_equal(0, open_launches());
    pass(1000);
    assert_int_equal(1, open_launches());
    assert_int_equal(before.attempt, s.launch.attempt);
    assert_string_equal(token, s.launch.client_token);
    answer(ASG_OUTCOME_CAPACITY);
    assert_int_equal(1, open_launches());
    assert_int_equal(before.attempt + 1, s.launch.attempt);
}

static void test_no_capacity_after_doubt_waits_for_what_may_come_late(void **state)
{
    (void)state;
    want(1);
    assert_int_equal(1, open_launches());
    answer(ASG_OUTCOME_AMBIGUOUS);
    answer(ASG_OUTCOME_CAPACITY);
    expect_to_wait_for_the_late();
}

static void test_no_capacity_of_a_second_worker_waits_for_the_first(void **state)
{
    (void)state;
    want(1);
    assert_int_equal(1, open_launches());
    answer_after(ASG_OUTCOME_CAPACITY, 2);
    expect_to_wait_for_the_late();
}

static void test_no_capacity_waits_for_what_another_leader_had_sent(void **state)
{
    (void)state;
    want(1);
    assert_int_equal(1, open_launches());
    s.now_ms += 1000;
    order((struct asg_command){
        .kind = ASG_COMMAND_LEAD, .rules = asg_core_newest_rules(), .epoch = 2});
    answer(ASG_OUTCOME_CAPACITY);
    expect_to_wait_for_the_late();
}

/* While the clock is behind the log, an order to lead has the time of the last event. */
static void test_another_leader_is_told_apart_though_the_clock_stands(void **state)
{
    (void)state;
    want(1);
    assert_int_equal(1, open_launches());
    order((struct asg_command){
        .kind = ASG_COMMAND_LEAD, .rules = asg_core_newest_rules(), .epoch = 2});
    answer(ASG_OUTCOME_CAPACITY);
    expect_to_wait_for_the_late();
}

/* What a leader plans in the moment in which it begins is its own. */
static void test_what_is_planned_with_the_order_to_lead_is_not_anothers(void **state)
{
    (void)state;
    order((struct asg_command){
        .kind = ASG_COMMAND_LEAD, .rules = asg_core_newest_rules(), .epoch = 2});
    want(1);
    assert_int_equal(1, open_launches());
    struct asg_job before = s.launch;
    answer(ASG_OUTCOME_CAPACITY);
    assert_int_equal(1, open_launches());
    assert_int_equal(before.attempt + 1, s.launch.attempt);
}

static bool is_dead_letter(void)
{
    for (size_t i = 0; i < s.effects.alarm_count; i++) {
        if (s.effects.alarms[i].kind == ASG_ALARM_DEAD_LETTER) return true;
    }
    return false;
}

/* A right that was taken away, a quota, a template that is gone: none of it undoes what
 * an earlier request did. */
static const enum asg_outcome refusals[] = {ASG_OUTCOME_PERMISSION, ASG_OUTCOME_QUOTA,
                                            ASG_OUTCOME_BAD_REQUEST,
                                            ASG_OUTCOME_NOT_FOUND};

static void test_a_refusal_after_doubt_ends_nothing_for_five_minutes(void **state)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        want(1);
        assert_int_equal(1, open_launches());
        char token[128];
        (void)snprintf(token, sizeof token, "%s", s.launch.client_token);
        answer(ASG_OUTCOME_AMBIGUOUS);
        answer(refusals[i]);
        assert_false(is_dead_letter());
        pass(299000);
        assert_int_equal(0, open_launches());
        pass(1000);
        assert_int_equal(1, open_launches());
        assert_string_equal(token, s.launch.client_token);
        answer(refusals[i]);
        assert_int_equal(refusals[i] != ASG_OUTCOME_QUOTA, is_dead_letter());
        (void)end(state);
        (void)begin(state);
    }
}

static struct asg_seen_instance seen_as(const char *id, enum asg_ec2_state state)
{
    return (struct asg_seen_instance){.instance_id = id,
                                      .state = state,
                                      .instance_type = "t3.micro",
                                      .subnet_id = "subnet-1",
                                      .zone = "us-east-1a",
                                      .private_ip = "127.0.1.50",
                                      .state_reason = "",
                                      .group = "web",
                                      .client_token = s.launch.client_token,
                                      .job_id = s.launch.id,
                                      .attempt = 1,
                                      .launched_ms = s.now_ms};
}

/* The answer was lost, the instance died, and the token found it: another is launched. */
static void test_what_is_over_when_its_launch_is_heard_of_is_replaced(void **state)
{
    (void)state;
    static const enum asg_ec2_state ends[] = {ASG_EC2_SHUTTING_DOWN, ASG_EC2_TERMINATED};
    for (size_t i = 0; i < 2; i++) {
        want(1);
        assert_int_equal(1, open_launches());
        uint64_t before = s.launch.id;
        struct asg_seen_instance seen = seen_as("i-50", ends[i]);
        struct asg_result result = {.job_id = before,
                                    .attempt = 1,
                                    .outcome = ASG_OUTCOME_OK,
                                    .deliveries = 2,
                                    .worker = "worker-1",
                                    .error_code = "",
                                    .message = "",
                                    .instances = &seen,
                                    .instance_count = 1};
        step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
        pass(60000);
        assert_int_equal(1, open_launches());
        assert_true(s.launch.id > before);
        (void)end(state);
        (void)begin(state);
    }
}

static void test_what_was_launched_before_a_refusal_fills_its_place(void **state)
{
    (void)state;
    want(1);
    assert_int_equal(1, open_launches());
    answer(ASG_OUTCOME_AMBIGUOUS);
    answer(ASG_OUTCOME_PERMISSION);
    struct asg_seen_instance seen = seen_as("i-50", ASG_EC2_RUNNING);
    const struct asg_observed observed = {.instances = &seen, .instance_count = 1};
    pass(60000);
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    pass(600000);
    assert_int_equal(0, open_launches()); /* the job is over: one is there */
}

static void test_a_launch_in_doubt_does_not_expire(void **state)
{
    (void)state;
    want(1);
    assert_int_equal(1, open_launches());
    answer(ASG_OUTCOME_AMBIGUOUS);
    answer(ASG_OUTCOME_EXPIRED);
    pass(5000);
    assert_int_equal(1, open_launches());
    assert_int_equal(1, s.launch.attempt);
}

/* "No worker took it" is what this leader knows: one before it may have handed it out. */
static void test_a_launch_of_another_leader_does_not_expire(void **state)
{
    (void)state;
    want(1);
    assert_int_equal(1, open_launches());
    struct asg_job before = s.launch;
    order((struct asg_command){
        .kind = ASG_COMMAND_LEAD, .rules = asg_core_newest_rules(), .epoch = 2});
    answer(ASG_OUTCOME_EXPIRED);
    pass(5000);
    assert_int_equal(1, open_launches());
    assert_int_equal(before.id, s.launch.id);
    assert_int_equal(1, s.launch.attempt);
    assert_true(s.launch.deadline_ms > before.deadline_ms);
}

static void test_a_halted_group_launches_nothing_until_unhalted(void **state)
{
    (void)state;
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
    assert_true(s.effects.reply.is_ok);
    want(2);
    assert_int_equal(0, open_launches());
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    assert_int_equal(2, open_launches());
}

static void test_a_loaded_core_goes_on_as_the_saved_one(void **state)
{
    (void)state;
    want(3);
    assert_int_equal(3, open_launches());
    struct asg_bytes a = {0};
    struct asg_bytes b = {0};
    struct asg_error error = {""};
    asg_core_save(s.core, &a);
    asg_core_destroy(&s.core);
    assert_status(ASG_OK, asg_core_load(a.data, a.length, &s.core, &error));
    asg_core_save(s.core, &b);
    assert_int_equal(a.length, b.length);
    assert_memory_equal(a.data, b.data, a.length);
    assert_int_equal(3, open_launches());
    asg_bytes_clear(&a);
    asg_bytes_clear(&b);
}

static void test_time_that_goes_back_is_refused(void **state)
{
    (void)state;
    struct asg_event event = {.kind = ASG_EVENT_TICK, .time_ms = s.now_ms - 1};
    assert_status(ASG_ERR_INVALID, step_core(s.core, &event, &s.effects));
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        STORY(test_an_order_above_max_is_refused_and_changes_nothing),
        STORY(test_desired_is_launched_once),
        STORY(test_an_ambiguous_launch_is_asked_again_with_the_same_token),
        STORY(test_no_capacity_tries_another_pool_with_another_token),
        STORY(test_no_capacity_after_doubt_waits_for_what_may_come_late),
        STORY(test_no_capacity_of_a_second_worker_waits_for_the_first),
        STORY(test_no_capacity_waits_for_what_another_leader_had_sent),
        STORY(test_another_leader_is_told_apart_though_the_clock_stands),
        STORY(test_what_is_planned_with_the_order_to_lead_is_not_anothers),
        STORY(test_a_refusal_after_doubt_ends_nothing_for_five_minutes),
        STORY(test_what_is_over_when_its_launch_is_heard_of_is_replaced),
        STORY(test_what_was_launched_before_a_refusal_fills_its_place),
        STORY(test_a_launch_in_doubt_does_not_expire),
        STORY(test_a_launch_of_another_leader_does_not_expire),
        STORY(test_a_halted_group_launches_nothing_until_unhalted),
        STORY(test_a_loaded_core_goes_on_as_the_saved_one),
        STORY(test_time_that_goes_back_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
