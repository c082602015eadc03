/* EnterStandby, ExitStandby, DetachInstances, TerminateInstanceInAutoScalingGroup and
 * AttachInstances: the order that core gets, and what the client is told of it. */
#include "lib/api_play.h"

#include "model/defaults.h"

#define TO_WEB "AutoScalingGroupName=web&"
#define TWO    "InstanceIds.member.1=i-1&InstanceIds.member.2=i-2&"
#define FEWER  "ShouldDecrementDesiredCapacity=true"

static struct asg_activity activities[] = {
    {.kind = ASG_ACT_LAUNCH, .instance_id = ""},
    {.kind = ASG_ACT_TO_STANDBY, .instance_id = "i-1"},
    {.kind = ASG_ACT_OUT_OF_STANDBY, .instance_id = "i-1"},
    {.kind = ASG_ACT_DETACH, .instance_id = "i-1"},
    {.kind = ASG_ACT_TERMINATE, .instance_id = "i-9"},
    {.kind = ASG_ACT_TERMINATE, .instance_id = "i-1"}};
#define ACTIVITIES (sizeof activities / sizeof activities[0])

/* Core has begun one of each kind. */
static void begin_all(void)
{
    for (size_t i = 0; i < ACTIVITIES; i++) {
        struct asg_activity *activity = &activities[i];
        activity->group_no = 1;
        activity->no = i + 1;
        activity->group = "web";
        activity->group_uuid = "0f0f0f0f-0000-4000-8000-000000000001";
        activity->status = ASG_ACTIVITY_IN_PROGRESS;
        activity->progress = 50;
        activity->start_ms = 1795444609000;
        activity->cause = "At 2026-11-23T17:16:49Z it was asked for.";
        activity->message = "";
        activity->subnet_id = "subnet-1";
        activity->zone = "eu-west-1a";
    }
    play.effects.activities = activities;
    play.effects.activity_count = ACTIVITIES;
}

static void put_web(void)
{
    struct asg_group_config config;
    asg_model_set_defaults(&asg_group_config_schema, &config);
    config.name = "web";
    struct asg_sheet *sheet = asg_sheet_new();
    struct asg_group_config *copy = asg_arena_take(&sheet->arena, sizeof *copy);
    asg_model_copy(&asg_group_config_schema, &config, &sheet->arena, copy);
    sheet->content.group = (struct asg_group_view){
        .group_no = 1, .config = copy, .degraded_reason = "", .resolved_version = ""};
    struct asg_leaf *leaf = asg_leaf_new();
    const struct asg_instance_view row = {.instance_id = "i-1",
                                          .group = "web",
                                          .no = 1,
                                          .lifecycle = "InService",
                                          .is_healthy = true};
    struct asg_instance_view *items = asg_arena_take(&leaf->arena, sizeof *items);
    asg_model_copy(&asg_instance_view_schema, &row, &leaf->arena, items);
    leaf->content.items = items;
    leaf->content.count = 1;
    leaf->content.counts.instances = 1;
    const struct asg_leaf *leaves[] = {leaf};
    asg_view_begin(play.view, /* is_empty */ true);
    asg_draft_put(play.view, asg_page_new(sheet, leaves, 1));
    asg_view_publish(play.view, 1);
}

static void expect_order(enum asg_command_kind kind, bool decrement)
{
    play_expect("HTTP/1.1 200");
    assert_int_equal(1, play.order_count);
    assert_int_equal(kind, play.order.kind);
    assert_string_equal("web", play.order.group);
    assert_string_equal("anna", play.order.actor);
    assert_int_equal(decrement, play.order.decrement);
    assert_string_equal("i-1", play.order.instance_ids.items[0]);
}

static void test_standby_in_and_out(void **state)
{
    (void)state;
    begin_all();
    play_ask("Action=EnterStandby&" TO_WEB TWO FEWER);
    expect_order(ASG_COMMAND_ENTER_STANDBY, true);
    assert_int_equal(2, play.order.instance_ids.count);
    assert_string_equal("i-2", play.order.instance_ids.items[1]);
    play_expect("<EnterStandbyResult><Activities><member>");
    play_expect("<Description>Moving EC2 instance to Standby: i-1</Description>");
    play_expect_not("Launching");
    play_ask("Action=EnterStandby&" TO_WEB TWO "ShouldDecrementDesiredCapacity=false");
    expect_order(ASG_COMMAND_ENTER_STANDBY, false);
    play_ask("Action=ExitStandby&" TO_WEB TWO);
    expect_order(ASG_COMMAND_EXIT_STANDBY, false);
    play_expect("<Description>Moving EC2 instance out of Standby: i-1</Description>");
    play_expect_not("to Standby");
}

static void test_detach(void **state)
{
    (void)state;
    begin_all();
    play_ask("Action=DetachInstances&" TO_WEB TWO FEWER);
    expect_order(ASG_COMMAND_DETACH_INSTANCES, true);
    play_expect("<Description>Detaching EC2 instance: i-1</Description>");
}

static void test_the_flag_has_to_be_said(void **state)
{
    (void)state;
    play_refused("Action=EnterStandby&" TO_WEB TWO, "ValidationError",
                 "shouldDecrementDesiredCapacity");
    play_refused("Action=DetachInstances&" TO_WEB TWO, "ValidationError",
                 "shouldDecrementDesiredCapacity");
}

static void test_terminate_names_the_group_that_has_it(void **state)
{
    (void)state;
    begin_all();
    put_web();
    play_ask("Action=TerminateInstanceInAutoScalingGroup&InstanceId=i-1&" FEWER);
    expect_order(ASG_COMMAND_TERMINATE_INSTANCE, true);
    play_expect("<Activity><ActivityId>");
    play_expect("<Description>Terminating EC2 instance: i-1</Description>");
    play_expect_not("i-9");
    play_ask("Action=TerminateInstanceInAutoScalingGroup&" TO_WEB
             "InstanceIds.member.1=i-1&" FEWER);
    expect_order(ASG_COMMAND_TERMINATE_INSTANCE, true);
    play_expect("<Activities><member>");
    play_expect_not("<Activity>");
    play_refused("Action=TerminateInstanceInAutoScalingGroup&InstanceId=i-2&" FEWER,
                 "ValidationError", "No managed instance found for instance ID i-2");
    play_refused("Action=TerminateInstanceInAutoScalingGroup&AutoScalingGroupName=db&"
                 "InstanceId=i-1&" FEWER,
                 "ValidationError", "not part of Auto Scaling group db");
    play_refused("Action=TerminateInstanceInAutoScalingGroup&" TWO FEWER,
                 "ValidationError", "No managed instance found for instance ID i-2");
    play_refused("Action=TerminateInstanceInAutoScalingGroup&InstanceId=i-1&" TWO FEWER,
                 "ValidationError", "either with InstanceId or with InstanceIds");
    play_refused("Action=TerminateInstanceInAutoScalingGroup&" FEWER, "ValidationError",
                 "either with InstanceId or with InstanceIds");
}

/* Selected before and only hurried: nothing has begun. */
static void test_terminate_without_an_activity(void **state)
{
    (void)state;
    put_web();
    play_ask("Action=TerminateInstanceInAutoScalingGroup&InstanceId=i-1&" FEWER);
    expect_order(ASG_COMMAND_TERMINATE_INSTANCE, true);
    play_expect_not("<Activity>");
}

/* ---- attach ---- */

static struct asg_told_instance rows[] = {{.instance_id = "i-1",
                                           .state = ASG_EC2_RUNNING,
                                           .instance_type = "m5.large",
                                           .zone = "eu-west-1a",
                                           .subnet_id = "subnet-1",
                                           .private_ip = "10.0.0.1",
                                           .image_id = "ami-1",
                                           .launched_ms = 1795444609000,
                                           .is_spot = true},
                                          {.instance_id = "i-2",
                                           .state = ASG_EC2_STOPPED,
                                           .instance_type = "m5.large",
                                           .zone = "eu-west-1b",
                                           .subnet_id = "subnet-2",
                                           .private_ip = "",
                                           .image_id = "ami-1"}};
static struct asg_told_image image = {.image_id = "ami-1", .state = "available"};

static struct asg_told told_rows(void)
{
    return (struct asg_told){.outcome = ASG_TOLD_FOUND,
                             .code = "",
                             .message = "",
                             .instances = rows,
                             .instance_count = 2};
}

static const struct asg_told images = {.outcome = ASG_TOLD_FOUND,
                                       .code = "",
                                       .message = "",
                                       .images = &image,
                                       .image_count = 1};

static void test_attach_says_what_ec2_said(void **state)
{
    (void)state;
    const struct asg_told instances = told_rows();
    play.told[0] = &instances;
    play.told[1] = &images;
    play_ask("Action=AttachInstances&" TO_WEB TWO);
    expect_order(ASG_COMMAND_ATTACH_INSTANCES, false);
    play_expect_not("Result");
    assert_int_equal(2, play.question_count);
    assert_int_equal(ASG_QUESTION_IMAGES, play.question.kind);
    assert_int_equal(1, play.question.ids.count); /* each once */
    assert_int_equal(2, play.order.seen_count);
    const struct asg_seen_instance *seen = &play.order.seen[0];
    assert_string_equal("i-1", seen->instance_id);
    assert_int_equal(ASG_EC2_RUNNING, seen->state);
    assert_string_equal("eu-west-1a", seen->zone);
    assert_string_equal("m5.large", seen->instance_type);
    assert_int_equal(1795444609000, seen->launched_ms);
    assert_true(seen->is_spot);
    assert_int_equal(ASG_EC2_STOPPED, play.order.seen[1].state); /* core refuses that */
}

static void test_attach_is_refused_by_what_ec2_says(void **state)
{
    (void)state;
    const char *form = "Action=AttachInstances&" TO_WEB TWO;
    const struct asg_told unknown = {.outcome = ASG_TOLD_REFUSED,
                                     .code = "InvalidInstanceID.NotFound",
                                     .message = "The instance ID 'i-1' does not exist"};
    play.told[0] = &unknown;
    play_refused(form, "ValidationError", "The instance ID 'i-1' does not exist");
    const struct asg_told instances = told_rows();
    const struct asg_told no_image = {
        .outcome = ASG_TOLD_FOUND, .code = "", .message = ""};
    play.told[0] = &instances;
    play.told[1] = &no_image;
    play_refused(form, "ValidationError", "must still be there");
    struct asg_tag theirs = {.key = "openasg:cluster", .value = "another"};
    rows[1].tags = &theirs;
    rows[1].tag_count = 1;
    play_refused(form, "ValidationError", "of another cluster");
    theirs.key = "aws:autoscaling:groupName";
    play_refused(form, "ValidationError", "already part of AutoScalingGroup another");
    rows[1].tag_count = 0;
    play.told[0] = NULL;
    play_refused(form, "ServiceUnavailable", "cannot ask EC2");
    play_refused("Action=AttachInstances&" TO_WEB, "ValidationError", "At least one");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)
    const struct CMUnitTest tests[] = {
        TEST(test_standby_in_and_out),
        TEST(test_detach),
        TEST(test_the_flag_has_to_be_said),
        TEST(test_terminate_names_the_group_that_has_it),
        TEST(test_terminate_without_an_activity),
        TEST(test_attach_says_what_ec2_said),
        TEST(test_attach_is_refused_by_what_ec2_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
