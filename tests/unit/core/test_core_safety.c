/* test_core_safety - what must never happen to a fleet: who may be ended, when, and how
 * many at once (reliability.md 4.8). A pretended EC2 answers every job at once. */
#include <stdio.h>

#include "core/core.h"
#include "lib/check.h"

#define BEGAN_MS INT64_C(1795444609000)

struct world {
    struct asg_core *core;
    struct asg_effects effects;
    int64_t now_ms;
    int instance_count; /* launched so far: i-1, i-2, ... */
    char ended[64][20]; /* ids EC2 was asked to end */
    int ended_count;
    enum asg_outcome launch_outcome;
    char said[65536]; /* every decision, a line each */
};

static struct world w;

static void step(struct asg_event event);

static void answer_launch(const struct asg_job *job)
{
    static struct asg_seen_instance seen[64];
    static char ids[64][20];
    static char addresses[64][24];
    size_t count = w.launch_outcome == ASG_OUTCOME_OK ? job->launch->count : 0;
    for (size_t i = 0; i < count; i++) {
        w.instance_count++;
        (void)snprintf(ids[i], sizeof ids[i], "i-%d", w.instance_count);
        (void)snprintf(addresses[i], sizeof addresses[i], "127.0.1.%d", w.instance_count);
        seen[i] = (struct asg_seen_instance){.instance_id = ids[i],
                                             .state = ASG_EC2_RUNNING,
                                             .instance_type = "t3.micro",
                                             .subnet_id = job->launch->subnet_id,
                                             .zone = job->launch->zone,
                                             .private_ip = addresses[i]};
    }
    const struct asg_result result = {.job_id = job->id,
                                      .attempt = job->attempt,
                                      .outcome = w.launch_outcome,
                                      .worker = "w",
                                      .error_code =
                                          count > 0 ? "" : "InvalidAMIID.NotFound",
                                      .message = "",
                                      .request_id = "",
                                      .instances = seen,
                                      .instance_count = count};
    step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

static void answer_terminate(const struct asg_job *job)
{
    static struct asg_seen_instance seen[64];
    for (size_t i = 0; i < job->terminate->instance_ids.count; i++) {
        const char *id = job->terminate->instance_ids.items[i];
        (void)snprintf(w.ended[w.ended_count++], 20, "%s", id);
        seen[i] = (struct asg_seen_instance){.instance_id = id,
                                             .state = ASG_EC2_TERMINATED,
                                             .instance_type = "",
                                             .subnet_id = "",
                                             .zone = "",
                                             .private_ip = ""};
    }
    const struct asg_result result = {.job_id = job->id,
                                      .attempt = job->attempt,
                                      .worker = "w",
                                      .error_code = "",
                                      .message = "",
                                      .request_id = "",
                                      .instances = seen,
                                      .instance_count =
                                          job->terminate->instance_ids.count};
    step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

static void answer_describe(const struct asg_job *job)
{
    const struct asg_observed observed = {.job_id = job->id};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
}

/* Jobs of one step, answered in order; what they lead to is answered in turn. */
static void answer(void)
{
    struct asg_effects effects = w.effects;
    w.effects = (struct asg_effects){0};
    for (size_t i = 0; i < effects.job_count; i++) {
        const struct asg_job *job = &effects.jobs[i];
        if (job->kind == ASG_JOB_LAUNCH) answer_launch(job);
        if (job->kind == ASG_JOB_TERMINATE) answer_terminate(job);
        if (job->kind == ASG_JOB_DESCRIBE) answer_describe(job);
    }
    asg_effects_clear(&effects);
}

static void step(struct asg_event event)
{
    event.time_ms = w.now_ms;
    assert_status(ASG_OK, asg_core_step(w.core, &event, &w.effects));
    for (size_t i = 0; i < w.effects.decision_count; i++) {
        size_t used = strlen(w.said);
        (void)snprintf(w.said + used, sizeof w.said - used, "%s\n",
                       w.effects.decisions[i].text);
    }
    answer();
}

static void order(struct asg_command command)
{
    command.actor = "test";
    step((struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &command});
}

static void pass(int64_t ms)
{
    w.now_ms += ms;
    step((struct asg_event){.kind = ASG_EVENT_TICK});
}

static void sign(int number, enum asg_sign which)
{
    char id[20];
    (void)snprintf(id, sizeof id, "i-%d", number);
    struct asg_health_sign row = {.instance_id = id, .sign = which, .detail = ""};
    const struct asg_health health = {.signs = &row, .sign_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_HEALTH, .health = &health});
}

static bool was_ended(int number)
{
    char id[20];
    (void)snprintf(id, sizeof id, "i-%d", number);
    for (int i = 0; i < w.ended_count; i++) {
        if (strcmp(w.ended[i], id) == 0) return true;
    }
    return false;
}

static struct asg_group_view group(struct asg_arena *arena)
{
    struct asg_group_view *views = NULL;
    size_t count = 0;
    asg_core_view_groups(w.core, "web", arena, &views, &count);
    assert_int_equal(1, count);
    return views[0];
}

static uint32_t in_service(void)
{
    struct asg_arena arena = {0};
    struct asg_group_view view = group(&arena);
    asg_arena_clear(&arena);
    return view.in_service + view.warming;
}

static void make_group(uint32_t desired, struct asg_group_config changes)
{
    static struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
    changes.name = "web";
    changes.max = 20;
    changes.desired = desired;
    changes.template_name = "";
    changes.template_id = "lt-0123456789abcdef0";
    changes.template_version = "1";
    changes.subnets = &subnet;
    changes.subnet_count = 1;
    changes.warmup_ms = 0;
    changes.evaluation_ms = 1000;
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = "web", .group_config = &changes});
    for (int i = 1; i <= w.instance_count; i++) {
        sign(i, ASG_SIGN_REPORTING);
    }
}

static int begin(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    w.now_ms = BEGAN_MS;
    asg_core_new(&w.core);
    order((struct asg_command){.kind = ASG_COMMAND_INIT,
                               .cluster_id = "0123456789abcdef0123456789abcdef",
                               .seed = 7});
    order((struct asg_command){.kind = ASG_COMMAND_LEAD, .epoch = 1});
    return 0;
}

static int end(void **state)
{
    (void)state;
    asg_core_destroy(&w.core);
    asg_effects_clear(&w.effects);
    return 0;
}

static void test_silence_alone_ends_nobody(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0});
    sign(1, ASG_SIGN_SILENT);
    pass(3600000);
    assert_int_equal(0, w.ended_count);
    assert_int_equal(4, in_service());
}

static void test_a_failed_probe_alone_ends_nobody(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0});
    sign(1, ASG_SIGN_PROBE_FAILED);
    pass(3600000);
    assert_int_equal(0, w.ended_count);
}

static void test_two_signs_replace_it(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0});
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED);
    assert_true(was_ended(1));
    assert_int_equal(1, w.ended_count);
    assert_int_equal(4, in_service());
    assert_non_null(strstr(w.said, "its agent is silent and its probe failed"));
}

static void test_two_signs_wait_for_the_grace_period(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.health_grace_ms = 60000});
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED);
    assert_int_equal(0, w.ended_count);
    pass(60001);
    assert_true(was_ended(1));
}

static void test_many_silent_together_are_a_partition(void **state)
{
    (void)state;
    make_group(9, (struct asg_group_config){.unhealthy_percent = 100,
                                            .terminating_percent = 100,
                                            .terminated_percent = 100});
    for (int i = 1; i <= 3; i++) {
        sign(i, ASG_SIGN_SILENT);
    }
    for (int i = 1; i <= 3; i++) {
        sign(i, ASG_SIGN_PROBE_FAILED);
    }
    pass(3600000);
    assert_int_equal(0, w.ended_count);
    assert_non_null(strstr(w.said, "alarm mass-silence"));
    for (int i = 1; i <= 3; i++) {
        sign(i, ASG_SIGN_REPORTING);
    }
    pass(10000);
    pass(10000);
    assert_non_null(strstr(w.said, "over: mass-silence"));
    assert_int_equal(0, w.ended_count);
}

static void test_too_many_unhealthy_stop_replacing(void **state)
{
    (void)state;
    make_group(4, (struct asg_group_config){0}); /* 20 %, rounded up: 1 */
    for (int i = 1; i <= 2; i++) {
        char id[20];
        (void)snprintf(id, sizeof id, "i-%d", i);
        const char *ids[] = {id};
        order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = "web"});
        order((struct asg_command){.kind = ASG_COMMAND_SET_INSTANCE_HEALTH,
                                   .instance_ids = {ids, 1}});
    }
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = "web"});
    pass(1000);
    assert_int_equal(0, w.ended_count);
    assert_non_null(strstr(w.said, "alarm too-many-unhealthy"));
}

static void test_what_goes_in_ten_minutes_is_limited(void **state)
{
    (void)state;
    make_group(8, (struct asg_group_config){.unhealthy_percent = 100}); /* 25 %: 2 */
    for (int i = 1; i <= 5; i++) {
        sign(i, ASG_SIGN_SILENT);
        sign(i, ASG_SIGN_PROBE_FAILED);
        pass(1000);
    }
    assert_true(w.ended_count <= 3);
    assert_non_null(strstr(w.said, "in 10 min, the limit is"));
}

static void test_the_kill_switch_stops_launches_and_terminations(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    order((struct asg_command){.kind = ASG_COMMAND_HALT, .group = ""});
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 5});
    sign(1, ASG_SIGN_SILENT);
    sign(1, ASG_SIGN_PROBE_FAILED);
    pass(1000);
    assert_int_equal(2, w.instance_count);
    assert_int_equal(0, w.ended_count);
    order((struct asg_command){.kind = ASG_COMMAND_UNHALT, .group = ""});
    pass(1000);
    assert_true(w.instance_count >= 5);
    assert_true(was_ended(1));
}

static void test_a_protected_instance_is_not_chosen(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    const char *ids[] = {"i-1", "i-2"};
    order((struct asg_command){.kind = ASG_COMMAND_PROTECT_INSTANCES,
                               .instance_ids = {ids, 2},
                               .is_protected = true});
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 1, .force = true});
    pass(60000);
    assert_int_equal(0, w.ended_count);
    assert_non_null(strstr(w.said, "protected from scale-in"));
}

static void test_ending_over_a_quarter_needs_force(void **state)
{
    (void)state;
    make_group(8, (struct asg_group_config){0});
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 2});
    assert_non_null(strstr(w.said, "say force if it is meant"));
    assert_int_equal(8, in_service());
    order((struct asg_command){
        .kind = ASG_COMMAND_SET_DESIRED, .group = "web", .desired = 2, .force = true});
    assert_int_equal(2, in_service());
}

static void test_an_instance_ec2_lost_is_replaced_at_once(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.health_grace_ms = 600000});
    struct asg_seen_instance seen = {.instance_id = "i-1",
                                     .state = ASG_EC2_TERMINATED,
                                     .instance_type = "",
                                     .subnet_id = "",
                                     .zone = "",
                                     .private_ip = ""};
    const struct asg_observed observed = {.instances = &seen, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    assert_int_equal(2, in_service());
    assert_int_equal(3, w.instance_count);
    assert_int_equal(0, w.ended_count);
}

static void test_a_failed_look_concludes_nothing(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    const struct asg_observed observed = {.failed = true, .is_complete = true};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    pass(3600000);
    assert_int_equal(2, in_service());
    assert_int_equal(0, w.ended_count);
}

static void test_a_bad_launch_is_a_dead_letter_until_it_is_retried(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_BAD_REQUEST;
    make_group(1, (struct asg_group_config){0});
    struct asg_arena arena = {0};
    assert_true(group(&arena).is_degraded);
    struct asg_job_view *jobs = NULL;
    size_t count = 0;
    asg_core_view_jobs(w.core, "web", /* only_dead */ true, &arena, &jobs, &count);
    assert_int_equal(1, count);
    assert_int_equal(1, jobs[0].attempt_count);
    assert_string_equal("InvalidAMIID.NotFound", jobs[0].attempts[0].error_code);
    w.launch_outcome = ASG_OUTCOME_OK;
    order((struct asg_command){.kind = ASG_COMMAND_JOB_RETRY, .job_id = jobs[0].id});
    assert_int_equal(1, in_service());
    assert_false(group(&arena).is_degraded);
    asg_arena_clear(&arena);
}

static void test_three_bad_launches_open_the_breaker(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_BAD_REQUEST;
    make_group(1, (struct asg_group_config){0});
    for (int i = 0; i < 20; i++) {
        pass(5000);
    }
    assert_non_null(strstr(w.said, "alarm launch-breaker"));
    w.launch_outcome = ASG_OUTCOME_OK;
    for (int i = 0; i < 60; i++) {
        pass(5000);
    }
    assert_int_equal(1, in_service());
}

static void test_an_orphan_waits_a_quarter_of_an_hour(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    struct asg_seen_instance seen = {.instance_id = "i-99",
                                     .state = ASG_EC2_RUNNING,
                                     .instance_type = "",
                                     .subnet_id = "",
                                     .zone = "us-east-1a",
                                     .private_ip = "",
                                     .group = "gone",
                                     .client_token = "",
                                     .launched_ms = BEGAN_MS - 600000};
    const struct asg_observed observed = {
        .is_complete = true, .instances = &seen, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    assert_non_null(strstr(w.said, "alarm orphan"));
    w.now_ms += 899000;
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    assert_int_equal(0, w.ended_count);
    w.now_ms += 2000;
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    assert_true(was_ended(99));
}

static void test_a_forgotten_instance_of_a_known_job_is_adopted(void **state)
{
    (void)state;
    make_group(1, (struct asg_group_config){0});
    struct asg_seen_instance seen = {.instance_id = "i-50",
                                     .state = ASG_EC2_RUNNING,
                                     .instance_type = "t3.micro",
                                     .subnet_id = "subnet-1",
                                     .zone = "us-east-1a",
                                     .private_ip = "127.0.1.50",
                                     .group = "web",
                                     .client_token = "",
                                     .job_id = 2,
                                     .attempt = 1,
                                     .launched_ms = BEGAN_MS};
    const struct asg_observed observed = {.instances = &seen, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    assert_non_null(strstr(w.said, "adopted"));
    assert_int_equal(1, in_service()); /* ours now, and one too many: one goes */
    assert_int_equal(1, w.ended_count);
}

static void test_a_dry_run_launches_nothing(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){.dry_run = true});
    pass(60000);
    assert_int_equal(0, in_service());
    assert_non_null(strstr(w.said, "dry run"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_silence_alone_ends_nobody),
        TEST(test_a_failed_probe_alone_ends_nobody),
        TEST(test_two_signs_replace_it),
        TEST(test_two_signs_wait_for_the_grace_period),
        TEST(test_many_silent_together_are_a_partition),
        TEST(test_too_many_unhealthy_stop_replacing),
        TEST(test_what_goes_in_ten_minutes_is_limited),
        TEST(test_the_kill_switch_stops_launches_and_terminations),
        TEST(test_a_protected_instance_is_not_chosen),
        TEST(test_ending_over_a_quarter_needs_force),
        TEST(test_an_instance_ec2_lost_is_replaced_at_once),
        TEST(test_a_failed_look_concludes_nothing),
        TEST(test_a_bad_launch_is_a_dead_letter_until_it_is_retried),
        TEST(test_three_bad_launches_open_the_breaker),
        TEST(test_an_orphan_waits_a_quarter_of_an_hour),
        TEST(test_a_forgotten_instance_of_a_known_job_is_adopted),
        TEST(test_a_dry_run_launches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
