/* test_core_activities - what a group does to its instances, told as AWS tells it: how
 * far each launch and termination is, and its cause word for word (docs/rules.md,
 * "Activities"). */
#include "base/clock.h"
#include "unit/core/core_world.h"

static const struct asg_group_config unlimited = {
    .unhealthy_percent = 100, .terminating_percent = 100, .terminated_percent = 100};

#define DIFFERENCE "in response to a difference between desired and actual capacity, "

/* `format` has %T where the time is `at_ms`. */
static void expect_cause_at(uint64_t no, int64_t at_ms, const char *format)
{
    char time[ASG_TIME_TEXT_MAX];
    asg_time_format(at_ms, time);
    memcpy(strchr(time, '.'), "Z", 2);
    char text[2048] = "";
    for (const char *from = format; *from != '\0';) {
        const char *mark = strstr(from, "%T");
        size_t length = mark != NULL ? (size_t)(mark - from) : strlen(from);
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "%.*s%s", (int)length, from,
                       mark != NULL ? time : "");
        from += length + (mark != NULL ? 2 : 0);
    }
    assert_true(no <= told.last);
    assert_string_equal(text, told.rows[no].cause);
}

static void expect_cause(uint64_t no, const char *format)
{
    expect_cause_at(no, w.now_ms, format);
}

static void expect_end(uint64_t no, enum asg_activity_kind kind, const char *instance_id,
                       enum asg_activity_status status, const char *message)
{
    assert_true(no <= told.last);
    const struct asg_activity *row = &told.rows[no];
    assert_string_equal(asg_enum_word(&asg_activity_kind_words, (int)kind),
                        asg_enum_word(&asg_activity_kind_words, (int)row->kind));
    assert_string_equal(instance_id, row->instance_id);
    assert_string_equal(asg_enum_word(&asg_activity_status_words, (int)status),
                        asg_enum_word(&asg_activity_status_words, (int)row->status));
    assert_string_equal(message, row->message);
    bool is_over = status == ASG_ACTIVITY_SUCCESSFUL || status == ASG_ACTIVITY_FAILED ||
                   status == ASG_ACTIVITY_CANCELLED;
    assert_int_equal(is_over, row->progress == 100);
}

static void terminate(const char *id, bool decrement)
{
    order((struct asg_command){.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                               .instance_ids = {&id, 1},
                               .decrement = decrement});
}

/* ---- wishes ---- */

static void test_a_group_is_created(void **state)
{
    (void)state;
    make_group(2, unlimited);
    const char *cause =
        "At %T a user request created an AutoScalingGroup changing the desired "
        "capacity from 0 to 2.  At %T an instance was started " DIFFERENCE
        "increasing the capacity from 0 to 2.  openasg: requested by test; job web-2.";
    expect_cause(1, cause);
    expect_cause(2, cause);
    expect_end(1, ASG_ACT_LAUNCH, "i-1", ASG_ACTIVITY_SUCCESSFUL, "");
    expect_end(2, ASG_ACT_LAUNCH, "i-2", ASG_ACTIVITY_SUCCESSFUL, "");
    assert_string_equal("web", told.rows[1].group);
    assert_string_equal("subnet-1", told.rows[1].subnet_id);
    assert_string_equal("us-east-1a", told.rows[1].zone);
    assert_int_equal(BEGAN_MS, told.rows[1].start_ms);
}

static void test_desired_is_set(void **state)
{
    (void)state;
    make_group(1, unlimited);
    pass(1500);
    set_desired(3);
    const char *cause =
        "At %T a user request explicitly set group desired capacity changing the desired "
        "capacity from 1 to 3.  At %T an instance was started " DIFFERENCE
        "increasing the capacity from 1 to 3.  openasg: requested by test; job web-3.";
    expect_cause(2, cause);
    expect_cause(3, cause);
    pass(1000);
    set_desired(2);
    expect_end(4, ASG_ACT_TERMINATE, told.rows[4].instance_id, ASG_ACTIVITY_SUCCESSFUL,
               "");
    char wanted[1024];
    (void)snprintf(
        wanted, sizeof wanted,
        "At %%T a user request explicitly set group desired capacity changing the "
        "desired "
        "capacity from 3 to 2.  At %%T an instance was taken out of service " DIFFERENCE
        "shrinking the capacity from 3 to 2.  At %%T instance %s was selected for "
        "termination.  openasg: requested by test; selected for scale-in.",
        told.rows[4].instance_id);
    expect_cause(4, wanted);
    assert_int_equal(4, told.last);
}

static void test_a_group_is_updated(void **state)
{
    (void)state;
    make_group(0, unlimited);
    const struct asg_group_config to = {
        .name = "web", .min = 1, .max = 16, .template_name = "", .template_id = ""};
    order((struct asg_command){.kind = ASG_COMMAND_GROUP_UPDATE,
                               .group = "web",
                               .group_config = &to,
                               .group_fields = UINT64_C(1) << ASG_GROUP_MIN |
                                               UINT64_C(1) << ASG_GROUP_MAX});
    expect_cause(
        1, "At %T a user request update of AutoScalingGroup constraints to min: 1, "
           "max: 16, desired: 1 changing the desired capacity from 0 to 1.  At %T an "
           "instance was started " DIFFERENCE
           "increasing the capacity from 0 to 1.  openasg: requested by test; job "
           "web-2.");
}

static struct asg_policy_config a_policy(enum asg_policy_kind kind)
{
    return (struct asg_policy_config){.name = "keep-50",
                                      .kind = kind,
                                      .metric = ASG_METRIC_NAME_CPU,
                                      .statistic = ASG_STATISTIC_MEAN,
                                      .target_milli = 50000,
                                      .adjustment_type = ASG_ADJUSTMENT_CHANGE,
                                      .adjustment = 2,
                                      .warmup_ms = -1,
                                      .cooldown_ms = -1};
}

static void test_a_policy_scales(void **state)
{
    (void)state;
    make_group(1, unlimited);
    const struct asg_policy_config policy = a_policy(ASG_POLICY_TARGET_TRACKING);
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &policy});
    for (int i = 0; i < 200 && told.last < 2; i++) {
        measure(1, 1, 95);
    }
    assert_true(told.last >= 2);
    char head[512];
    char time[ASG_TIME_TEXT_MAX];
    asg_time_format(w.now_ms, time);
    memcpy(strchr(time, '.'), "Z", 2);
    (void)snprintf(head, sizeof head,
                   "At %s a monitor alarm TargetTracking-web-AlarmHigh in state ALARM "
                   "triggered policy keep-50 changing the desired capacity from 1 to 2.  "
                   "At %s an instance was started " DIFFERENCE
                   "increasing the capacity from 1 to 2.  openasg: cpu mean 95 %%",
                   time, time);
    assert_memory_equal(head, told.rows[2].cause, strlen(head));
    assert_null(strchr(told.rows[2].cause, '\n'));
}

static void test_a_policy_is_executed(void **state)
{
    (void)state;
    make_group(1, unlimited);
    const struct asg_policy_config policy = a_policy(ASG_POLICY_SIMPLE);
    order((struct asg_command){
        .kind = ASG_COMMAND_POLICY_PUT, .group = "web", .policy_config = &policy});
    order((struct asg_command){
        .kind = ASG_COMMAND_EXECUTE_POLICY, .group = "web", .name = "keep-50"});
    expect_cause(2,
                 "At %T a user request executed policy keep-50 changing the desired "
                 "capacity from 1 to 3.  At %T an instance was started " DIFFERENCE
                 "increasing the capacity from 1 to 3.  openasg: requested by test; job "
                 "web-3.");
}

static void test_a_scheduled_action_runs(void **state)
{
    (void)state;
    make_group(1, unlimited);
    const struct asg_schedule_config config = {.name = "night",
                                               .min = 0,
                                               .max = 5,
                                               .desired = 0,
                                               .start_ms = w.now_ms + 1000,
                                               .recurrence = "",
                                               .time_zone = "UTC"};
    order((struct asg_command){
        .kind = ASG_COMMAND_SCHEDULE_PUT, .group = "web", .schedule_config = &config});
    pass(1000);
    expect_cause(
        2, "At %T a scheduled action update of AutoScalingGroup constraints to min: 0, "
           "max: 5, desired: 0 changing the desired capacity from 1 to 0.  At %T an "
           "instance was taken out of service " DIFFERENCE
           "shrinking the capacity from 1 to 0.  At %T instance i-1 was selected for "
           "termination.  openasg: scheduled action night; selected for scale-in.");
}

static void test_a_group_is_deleted(void **state)
{
    (void)state;
    make_group(2, unlimited);
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true});
    expect_cause(
        3, "At %T a user request deleted AutoScalingGroup changing the desired capacity "
           "from 2 to 0.  At %T an instance was taken out of service " DIFFERENCE
           "shrinking the capacity from 2 to 0.  At %T instance i-1 was selected for "
           "termination.  openasg: requested by test; its group is being deleted.");
    assert_int_equal(4, told.last);
    assert_int_equal(0, told.open);
}

/* ---- ends ---- */

static void test_an_instance_is_terminated_by_name(void **state)
{
    (void)state;
    make_group(2, unlimited);
    terminate("i-1", /* decrement */ true);
    expect_cause(3, "At %T instance i-1 was taken out of service in response to a user "
                    "request, shrinking the capacity from 2 to 1.");
    expect_end(3, ASG_ACT_TERMINATE, "i-1", ASG_ACTIVITY_SUCCESSFUL, "");
    assert_int_equal(3, told.last);
    terminate("i-2", /* decrement */ false);
    expect_cause(4, "At %T instance i-2 was taken out of service in response to a user "
                    "request.");
    expect_cause(5, "At %T an instance was started " DIFFERENCE
                    "increasing the capacity from 0 to 1.  openasg: job web-4.");
    assert_int_equal(0, told.open);
}

static void see(int number, enum asg_ec2_state state)
{
    show(number, (struct asg_seen_instance){.state = state});
}

static void test_unhealthy_ones_are_replaced(void **state)
{
    (void)state;
    make_group(3, unlimited);
    see(1, ASG_EC2_STOPPED);
    expect_cause(4,
                 "At %T an instance was taken out of service in response to an EC2 "
                 "health check indicating it has been terminated or stopped.  openasg: "
                 "stopped in EC2.");
    expect_cause(5, "At %T an instance was launched in response to an unhealthy instance "
                    "needing to be replaced.  openasg: job web-3.");
    const char *id = "i-2";
    order((struct asg_command){.kind = ASG_COMMAND_SET_INSTANCE_HEALTH,
                               .instance_ids = {&id, 1}});
    expect_cause(6, "At %T an instance was taken out of service in response to a user "
                    "health-check.  openasg: marked unhealthy by an operator.");
    sign(3, ASG_SIGN_SILENT);
    sign(3, ASG_SIGN_PROBE_FAILED);
    assert_non_null(
        strstr(told.rows[8].cause,
               " an instance was taken out of service in response to an agent "
               "health check failure.  openasg: "));
    assert_int_equal(9, told.last);
    assert_int_equal(0, told.open);
}

static void test_ec2_ends_one(void **state)
{
    (void)state;
    make_group(1, unlimited);
    see(1, ASG_EC2_TERMINATED);
    expect_cause(2,
                 "At %T an instance was taken out of service in response to an EC2 "
                 "health check indicating it has been terminated or stopped.  openasg: "
                 "EC2 terminated it; openasg did not ask for that.");
    expect_end(2, ASG_ACT_TERMINATE, "i-1", ASG_ACTIVITY_SUCCESSFUL, "");
    expect_cause(3, "At %T an instance was launched in response to an unhealthy instance "
                    "needing to be replaced.  openasg: job web-3.");
}

static void test_a_spot_instance_is_taken_back(void **state)
{
    (void)state;
    w.is_spot = true;
    make_group(1, unlimited);
    sign(1, ASG_SIGN_SPOT_INTERRUPTION);
    expect_cause(2, "At %T an instance was taken out of service in response to a Spot "
                    "interruption notice.  openasg: Spot interruption: EC2 reclaims it, "
                    "replacing it now.");
}

static void test_ec2_keeps_one(void **state)
{
    (void)state;
    make_group(2, unlimited);
    w.protects = true;
    terminate("i-2", /* decrement */ false);
    expect_end(3, ASG_ACT_TERMINATE, "i-2", ASG_ACTIVITY_FAILED,
               "EC2 refused to terminate the instance, which is protected there: it is "
               "kept, and protected from scale-in.");
}

#define ALL_PROTECTED                                                                    \
    "Could not scale to desired capacity because all remaining instances are protected " \
    "from scale-in."

static void protect(const char *id, bool is_protected)
{
    order((struct asg_command){.kind = ASG_COMMAND_PROTECT_INSTANCES,
                               .instance_ids = {&id, 1},
                               .is_protected = is_protected});
}

static void test_whoever_is_left_is_protected(void **state)
{
    (void)state;
    make_group(3, unlimited);
    protect("i-1", true);
    protect("i-2", true);
    set_desired(1);
    assert_int_equal(5, told.last); /* i-3 goes, and then nobody may */
    expect_end(4, ASG_ACT_TERMINATE, "i-3", ASG_ACTIVITY_SUCCESSFUL, "");
    expect_end(5, ASG_ACT_TERMINATE, "", ASG_ACTIVITY_CANCELLED, ALL_PROTECTED);
    assert_int_equal(told.rows[5].start_ms, told.rows[5].end_ms);
    expect_cause(5, "At %T a user request explicitly set group desired capacity changing "
                    "the desired capacity from 3 to 1.  At %T an instance was to be "
                    "taken out of service " DIFFERENCE
                    "shrinking the capacity from 2 to 1.  openasg: requested by test.");
    pass(600000);
    set_desired(1);
    assert_int_equal(5, told.last); /* once, however often it is looked at */
    set_desired(0);
    assert_int_equal(6, told.last); /* another change of desired */
    expect_end(6, ASG_ACT_TERMINATE, "", ASG_ACTIVITY_CANCELLED, ALL_PROTECTED);
    protect("i-1", false);
    assert_int_equal(7, told.last);
    expect_end(7, ASG_ACT_TERMINATE, "i-1", ASG_ACTIVITY_SUCCESSFUL, "");
}

/* It goes when it has come: nobody else has to. */
static void test_a_launch_under_way_goes_before_whoever_is_protected(void **state)
{
    (void)state;
    make_group(1, unlimited);
    protect("i-1", true);
    w.is_slow = true;
    set_desired(2);
    set_desired(1);
    answer_launches();
    assert_int_equal(1, in_service());
    for (uint64_t no = 1; no <= told.last; no++) {
        assert_string_not_equal(ALL_PROTECTED, told.rows[no].message);
    }
}

/* ---- launches that take a while, or fail ---- */

static void test_a_launch_is_followed(void **state)
{
    (void)state;
    w.is_slow = true;
    w.launch_state = ASG_EC2_PENDING;
    make_group(1, unlimited);
    expect_end(1, ASG_ACT_LAUNCH, "", ASG_ACTIVITY_PRE_IN_SERVICE, "");
    assert_int_equal(30, told.rows[1].progress);
    save_and_load();
    answer_launches();
    expect_end(1, ASG_ACT_LAUNCH, "i-1", ASG_ACTIVITY_IN_PROGRESS, "");
    assert_int_equal(50, told.rows[1].progress);
    assert_int_equal(0, told.rows[1].end_ms);
    save_and_load();
    pass(1000);
    see(1, ASG_EC2_RUNNING);
    expect_end(1, ASG_ACT_LAUNCH, "i-1", ASG_ACTIVITY_SUCCESSFUL, "");
    assert_int_equal(w.now_ms, told.rows[1].end_ms);
    assert_int_equal(1, told.last);
}

static void test_a_launch_fails_when_every_pool_is_spent(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    w.launch_error = "InsufficientInstanceCapacity";
    const struct asg_group_config config = {
        .instance_types = {(const char *[]){"t3.micro", "m5.large"}, 2}};
    make_group(1, config);
    expect_end(
        1, ASG_ACT_LAUNCH, "", ASG_ACTIVITY_FAILED,
        "We currently do not have sufficient m5.large capacity in the Availability "
        "Zone you requested (us-east-1a). Launching EC2 instance failed.");
    assert_true(told.rows[1].end_ms > 0);
    assert_int_equal(2, w.launch_requests); /* of one activity */
    assert_int_equal(1, told.last);
    w.launch_outcome = ASG_OUTCOME_OK;
    pass(600000);
    expect_end(2, ASG_ACT_LAUNCH, "i-1", ASG_ACTIVITY_SUCCESSFUL, "");
    expect_cause(2, "At %T an instance was started " DIFFERENCE
                    "increasing the capacity from 0 to 1.  openasg: job web-3.");
}

static void test_a_launch_elsewhere_is_the_same_activity(void **state)
{
    (void)state;
    static struct asg_subnet subnets[] = {{"subnet-1", "us-east-1a"},
                                          {"subnet-2", "us-east-1b"}};
    w.launch_outcome = ASG_OUTCOME_CAPACITY;
    w.full_subnet = "subnet-1";
    make_group(1, (struct asg_group_config){.subnets = subnets, .subnet_count = 2});
    expect_end(1, ASG_ACT_LAUNCH, "i-1", ASG_ACTIVITY_SUCCESSFUL, "");
    assert_string_equal("us-east-1b", told.rows[1].zone);
    assert_int_equal(1, told.last);
}

static void test_the_rest_of_a_launch_is_the_same_activity(void **state)
{
    (void)state;
    w.launch_most = 2;
    make_group(5, unlimited);
    assert_int_equal(3, w.launch_requests);
    assert_int_equal(5, told.last);
    assert_int_equal(0, told.open);
    for (uint64_t no = 1; no <= 5; no++) {
        assert_int_equal(ASG_ACTIVITY_SUCCESSFUL, told.rows[no].status);
    }
}

/* The group's template is asked for first: its launches wait for that. */
static void make_group_by_name(uint32_t desired)
{
    static struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
    const struct asg_group_config config = {.name = "web",
                                            .max = 9,
                                            .desired = desired,
                                            .template_name = "t",
                                            .template_id = "",
                                            .template_version = "$Latest",
                                            .subnets = &subnet,
                                            .subnet_count = 1};
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = "web", .group_config = &config});
}

static void answer_resolve(enum asg_outcome outcome)
{
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    asg_core_open_jobs(w.core, &arena, &jobs, &count);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind != ASG_JOB_RESOLVE_TEMPLATE) continue;
        const struct asg_result result = {.job_id = jobs[i].id,
                                          .attempt = jobs[i].attempt,
                                          .incarnation = jobs[i].incarnation,
                                          .outcome = outcome,
                                          .worker = "w",
                                          .error_code = "",
                                          .message = "The template t does not exist.",
                                          .request_id = "",
                                          .template_id = "lt-0123456789abcdef0",
                                          .template_version = "4"};
        step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
    }
    asg_arena_clear(&arena);
}

static void test_launches_begin_before_their_template_is_known(void **state)
{
    (void)state;
    make_group_by_name(2);
    assert_int_equal(2, told.last);
    expect_end(1, ASG_ACT_LAUNCH, "", ASG_ACTIVITY_PRE_IN_SERVICE, "");
    expect_cause(1, "At %T a user request created an AutoScalingGroup changing the "
                    "desired capacity from 0 to 2.  At %T an instance was "
                    "started " DIFFERENCE
                    "increasing the capacity from 0 to 2.  openasg: requested by test.");
    save_and_load();
    pass(1000);
    assert_int_equal(2, told.last); /* once */
    answer_resolve(ASG_OUTCOME_OK);
    expect_end(1, ASG_ACT_LAUNCH, "i-1", ASG_ACTIVITY_SUCCESSFUL, "");
    expect_end(2, ASG_ACT_LAUNCH, "i-2", ASG_ACTIVITY_SUCCESSFUL, "");
    assert_int_equal(2, told.last);
}

static void test_launches_fail_with_their_template(void **state)
{
    (void)state;
    make_group_by_name(2);
    answer_resolve(ASG_OUTCOME_NOT_FOUND);
    expect_end(2, ASG_ACT_LAUNCH, "", ASG_ACTIVITY_FAILED,
               "The template t does not exist. Launching EC2 instance failed.");
    assert_int_equal(0, told.open);
    pass(60000); /* tried again with one, as after any failure */
    assert_int_equal(3, told.last);
    set_desired(0);
    expect_end(3, ASG_ACT_LAUNCH, "", ASG_ACTIVITY_CANCELLED, "no longer wanted");
}

static void test_a_refused_launch_fails_with_what_ec2_says(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_BAD_REQUEST;
    w.launch_error = "InvalidAMIID.NotFound";
    make_group(1, unlimited);
    expect_end(1, ASG_ACT_LAUNCH, "", ASG_ACTIVITY_FAILED,
               "EC2 answered InvalidAMIID.NotFound. Launching EC2 instance failed.");
}

static void test_a_launch_in_doubt_waits_for_its_id(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_AMBIGUOUS;
    make_group(1, unlimited);
    expect_end(1, ASG_ACT_LAUNCH, "", ASG_ACTIVITY_WAITING_FOR_INSTANCE_ID, "");
    save_and_load();
    w.launch_outcome = ASG_OUTCOME_OK;
    pass(60000);
    expect_end(1, ASG_ACT_LAUNCH, "i-1", ASG_ACTIVITY_SUCCESSFUL, "");
    assert_int_equal(1, told.last);
}

static void test_a_launch_that_is_not_wanted_any_more_is_cancelled(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_THROTTLED;
    make_group(1, unlimited);
    assert_int_equal(1, told.open);
    set_desired(0);
    expect_end(1, ASG_ACT_LAUNCH, "", ASG_ACTIVITY_CANCELLED, "no longer wanted");
    assert_int_equal(1, told.last);
}

static void test_a_suspended_launch_is_cancelled(void **state)
{
    (void)state;
    w.launch_outcome = ASG_OUTCOME_THROTTLED;
    make_group(1, unlimited);
    order((struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                               .group = "web",
                               .processes = UINT64_C(1) << ASG_PROCESS_LAUNCH});
    expect_end(1, ASG_ACT_LAUNCH, "", ASG_ACTIVITY_CANCELLED,
               "the process launch is suspended");
    assert_int_equal(0, told.open);
}

static void test_one_that_is_ended_before_it_served(void **state)
{
    (void)state;
    w.launch_state = ASG_EC2_PENDING;
    make_group(2, (struct asg_group_config){.health_check = ASG_HEALTH_CHECK_EC2});
    see(1, ASG_EC2_TERMINATED);
    expect_end(1, ASG_ACT_LAUNCH, "i-1", ASG_ACTIVITY_FAILED,
               "Instance became unhealthy while waiting for instance to be in InService "
               "state. Launching EC2 instance failed.");
    set_desired(0);
    expect_end(2, ASG_ACT_LAUNCH, "i-2", ASG_ACTIVITY_CANCELLED,
               "no longer wanted before it was in service");
    expect_end(told.last, ASG_ACT_TERMINATE, told.rows[told.last].instance_id,
               ASG_ACTIVITY_SUCCESSFUL, "");
    assert_int_equal(0, told.open);
}

static void test_an_adopted_instance_is_attached(void **state)
{
    (void)state;
    make_group(1, unlimited);
    struct asg_seen_instance seen = {.state = ASG_EC2_RUNNING,
                                     .job_id = 1,
                                     .attempt = 1,
                                     .launched_ms = w.now_ms - 1000};
    show(7, seen);
    expect_end(2, ASG_ACT_ATTACH, "i-7", ASG_ACTIVITY_SUCCESSFUL, "");
}

static void test_long_texts_are_cut(void **state)
{
    (void)state;
    char name[ASG_GROUP_NAME_MAX + 1];
    memset(name, 'g', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    static struct asg_subnet subnet = {"subnet-1", "us-east-1a"};
    const struct asg_group_config config = {.name = name,
                                            .max = 1,
                                            .desired = 1,
                                            .template_name = "",
                                            .template_id = "lt-0123456789abcdef0",
                                            .template_version = "1",
                                            .subnets = &subnet,
                                            .subnet_count = 1};
    order((struct asg_command){
        .kind = ASG_COMMAND_GROUP_CREATE, .group = name, .group_config = &config});
    assert_int_equal(1, told.last);
    assert_true(strlen(told.rows[1].cause) <= ASG_ACTIVITY_CAUSE_MAX);
    save_and_load();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_group_is_created),
        TEST(test_desired_is_set),
        TEST(test_a_group_is_updated),
        TEST(test_a_policy_scales),
        TEST(test_a_policy_is_executed),
        TEST(test_a_scheduled_action_runs),
        TEST(test_a_group_is_deleted),
        TEST(test_an_instance_is_terminated_by_name),
        TEST(test_unhealthy_ones_are_replaced),
        TEST(test_ec2_ends_one),
        TEST(test_a_spot_instance_is_taken_back),
        TEST(test_ec2_keeps_one),
        TEST(test_whoever_is_left_is_protected),
        TEST(test_a_launch_under_way_goes_before_whoever_is_protected),
        TEST(test_a_launch_is_followed),
        TEST(test_a_launch_fails_when_every_pool_is_spent),
        TEST(test_a_launch_elsewhere_is_the_same_activity),
        TEST(test_the_rest_of_a_launch_is_the_same_activity),
        TEST(test_launches_begin_before_their_template_is_known),
        TEST(test_launches_fail_with_their_template),
        TEST(test_a_refused_launch_fails_with_what_ec2_says),
        TEST(test_a_launch_in_doubt_waits_for_its_id),
        TEST(test_a_launch_that_is_not_wanted_any_more_is_cancelled),
        TEST(test_a_suspended_launch_is_cancelled),
        TEST(test_one_that_is_ended_before_it_served),
        TEST(test_an_adopted_instance_is_attached),
        TEST(test_long_texts_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
