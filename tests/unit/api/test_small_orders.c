/* Processes, protection, health and tags: what is asked, what is ordered, what is shown.
 */
#include "lib/api_play.h"

static struct asg_instance_view instance_of(const char *id, const char *group)
{
    return (struct asg_instance_view){.instance_id = id, .group = group, .no = 1};
}

/* A group with these tags and perhaps one instance. */
static void put(const char *name, struct asg_tag *tags, size_t count, const char *id)
{
    struct asg_group_config config = {.name = name, .tags = tags, .tag_count = count};
    play_put_group(&config, NULL, 0);
    if (id == NULL) return;
    struct asg_leaf *leaf = asg_leaf_new();
    const struct asg_instance_view row = instance_of(id, name);
    struct asg_instance_view *items = asg_arena_take(&leaf->arena, sizeof *items);
    asg_model_copy(&asg_instance_view_schema, &row, &leaf->arena, items);
    leaf->content = (struct asg_instance_rows){
        .items = items, .count = 1, .counts = {.instances = 1}};
    asg_view_begin(play.view, /* is_empty */ false);
    const struct asg_leaf *leaves[] = {leaf};
    const struct asg_page *old = asg_draft_find(play.view, name);
    asg_draft_put(play.view, asg_page_new(asg_sheet_share(old->sheet), leaves, 1));
    asg_view_publish(play.view, 0);
}

#define ACTION(name) "Action=" name "&Version=2011-01-01"
#define TAG(number, of, key)                                                             \
    "&Tags.member." number ".ResourceId=" of "&Tags.member." number                      \
    ".ResourceType=auto-scaling-group"                                                   \
    "&Tags.member." number ".Key=" key

static void test_processes_are_named_or_all(void **state)
{
    (void)state;
    (void)play_ask(ACTION("SuspendProcesses") "&AutoScalingGroupName=web"
                                              "&ScalingProcesses.member.1=Launch&"
                                              "ScalingProcesses.member.2=AZRebalance");
    play_expect("HTTP/1.1 200");
    play_expect("<SuspendProcessesResponse");
    play_expect_not("SuspendProcessesResult"); /* it has no output */
    assert_int_equal(1, play.order_count);
    assert_int_equal(ASG_COMMAND_SUSPEND, play.order.kind);
    assert_string_equal("web", play.order.group);
    assert_int_equal(1U << ASG_PROCESS_LAUNCH | 1U << ASG_PROCESS_AZ_REBALANCE,
                     play.order.processes);
    assert_string_equal("anna", play.order.actor);
    (void)play_ask(ACTION("ResumeProcesses") "&AutoScalingGroupName=web");
    assert_int_equal(ASG_COMMAND_RESUME, play.order.kind);
    assert_int_equal(0, play.order.processes); /* all */
    (void)play_ask(
        ACTION("ResumeProcesses") "&AutoScalingGroupName=web&ScalingProcesses=");
    assert_int_equal(1, play.order_count);
    assert_int_equal(0, play.order.processes);
    play_refused(ACTION("SuspendProcesses") "&AutoScalingGroupName=web"
                                            "&ScalingProcesses.member.1=Lunch",
                 "ValidationError",
                 "Invalid ScalingProcess 'Lunch'. Valid processes: Launch, Terminate, "
                 "AddToLoadBalancer, AlarmNotification, AZRebalance, HealthCheck, "
                 "InstanceRefresh, ReplaceUnhealthy, ScheduledActions");
}

static void test_instances_are_protected(void **state)
{
    (void)state;
    (void)play_ask(ACTION(
        "SetInstanceProtection") "&AutoScalingGroupName=web"
                                 "&InstanceIds.member.1=i-1&InstanceIds.member.2=i-2"
                                 "&ProtectedFromScaleIn=true");
    play_expect("<SetInstanceProtectionResult");
    assert_int_equal(ASG_COMMAND_PROTECT_INSTANCES, play.order.kind);
    assert_string_equal("web", play.order.group);
    assert_int_equal(2, play.order.instance_ids.count);
    assert_string_equal("i-2", play.order.instance_ids.items[1]);
    assert_true(play.order.is_protected);
    (void)play_ask(ACTION(
        "SetInstanceProtection") "&AutoScalingGroupName=web"
                                 "&InstanceIds.member.1=i-1&ProtectedFromScaleIn=false");
    assert_false(play.order.is_protected);
    play_refused(ACTION("SetInstanceProtection") "&AutoScalingGroupName=web"
                                                 "&InstanceIds.member.1=i-1",
                 "ValidationError", "protectedFromScaleIn");
}

static void test_health_is_set_on_instances_that_there_are(void **state)
{
    (void)state;
    put("web", NULL, 0, "i-1");
    (void)play_ask(ACTION("SetInstanceHealth") "&InstanceId=i-1&HealthStatus=Unhealthy");
    play_expect("<SetInstanceHealthResponse");
    assert_int_equal(ASG_COMMAND_SET_INSTANCE_HEALTH, play.order.kind);
    assert_string_equal("i-1", play.order.instance_ids.items[0]);
    assert_false(play.order.is_healthy);
    assert_true(play.order.respect_grace);
    (void)play_ask(ACTION("SetInstanceHealth") "&InstanceId=i-1&HealthStatus=Healthy"
                                               "&ShouldRespectGracePeriod=false");
    assert_true(play.order.is_healthy);
    assert_false(play.order.respect_grace);
    play_refused(ACTION("SetInstanceHealth") "&InstanceId=i-2&HealthStatus=Healthy",
                 "ValidationError", "No managed instance found for instance ID i-2");
    play_refused(ACTION("SetInstanceHealth") "&InstanceId=i-1&HealthStatus=Fine",
                 "ValidationError", "healthStatus");
}

static void test_tags_of_no_group_and_over_the_limit_are_no_order(void **state)
{
    (void)state;
    static struct asg_tag tags[ASG_TAGS_MAX] = {{.key = "Name", .value = "v"}};
    for (size_t i = 1; i < ASG_TAGS_MAX; i++) {
        tags[i] = (struct asg_tag){
            .key =
                asg_arena_text(&play.arena, (char[]){(char)('A' + (int)(i / 26)),
                                                     (char)('a' + (int)(i % 26)), '\0'}),
            .value = ""};
    }
    put("web", tags, ASG_TAGS_MAX, NULL);
    play_refused(ACTION("CreateOrUpdateTags") TAG("1", "web", "Name")
                     TAG("2", "nobody", "Name"),
                 "ValidationError",
                 "AutoScalingGroup name not found - AutoScalingGroup 'nobody' not found");
    play_refused(ACTION("DeleteTags") TAG("1", "nobody", "Name"), "ValidationError",
                 "AutoScalingGroup 'nobody' not found");
    play_refused(ACTION("CreateOrUpdateTags") TAG("1", "web", "more"), "LimitExceeded",
                 "51 tags of a group would be more than the limit of 50");
    (void)play_ask(ACTION("CreateOrUpdateTags") TAG("1", "web", "Name"));
    play_expect("HTTP/1.1 200"); /* one that it has */
    (void)play_ask(ACTION("DeleteTags") TAG("1", "web", "more"));
    play_expect("HTTP/1.1 200");
}

static void test_tags_are_put_and_taken(void **state)
{
    (void)state;
    put("web", NULL, 0, NULL);
    put("db", NULL, 0, NULL);
    (void)play_ask(ACTION("CreateOrUpdateTags") TAG(
        "1", "web", "Name") "&Tags.member.1.Value=a%20b&Tags.member.1.PropagateAtLaunch="
                            "true" TAG("2", "db", "Name"));
    play_expect("<CreateOrUpdateTagsResponse");
    assert_int_equal(ASG_COMMAND_GROUP_TAG, play.order.kind);
    assert_int_equal(2, play.order.group_tag_count);
    const struct asg_group_tag *tag = &play.order.group_tags[0];
    assert_string_equal("web", tag->group);
    assert_string_equal("Name", tag->key);
    assert_string_equal("a b", tag->value);
    assert_false(tag->stays);
    assert_string_equal("", tag[1].value);
    assert_true(tag[1].stays);
    (void)play_ask(ACTION("DeleteTags") TAG("1", "web", "Name")
                       TAG("2", "web", "Other") "&Tags.member.2.Value=v");
    assert_int_equal(ASG_COMMAND_GROUP_UNTAG, play.order.kind);
    assert_false(play.order.group_tags[0].has_value);
    assert_true(play.order.group_tags[1].has_value);
    play_refused(ACTION("CreateOrUpdateTags") TAG("1", "web", "Name")
                     TAG("2", "web", "Name"),
                 "ValidationError", "Duplicate tag keys");
    play_refused(ACTION("CreateOrUpdateTags") "&Tags.member.1.ResourceId=web"
                                              "&Tags.member.1.ResourceType=instance&Tags."
                                              "member.1.Key=a",
                 "ValidationError", "ResourceType 'instance'");
    play_refused(ACTION("DeleteTags") "&Tags.member.1.ResourceId=web"
                                      "&Tags.member.1.ResourceType=&Tags.member.1.Key=a",
                 "ValidationError", "ResourceType ''");
    play_refused(ACTION("DeleteTags") "&Tags.member.1.ResourceType=auto-scaling-group&"
                                      "Tags.member.1.Key=a",
                 "ValidationError", "ResourceId");
}

/* There is one type only: the model does not ask for it. */
static void test_tags_need_no_resource_type(void **state)
{
    (void)state;
    put("web", NULL, 0, NULL);
    (void)play_ask(ACTION("CreateOrUpdateTags") "&Tags.member.1.ResourceId=web"
                                                "&Tags.member.1.Key=team");
    play_expect("<CreateOrUpdateTagsResponse");
    assert_int_equal(ASG_COMMAND_GROUP_TAG, play.order.kind);
    assert_string_equal("web", play.order.group_tags[0].group);
    (void)play_ask(ACTION("DeleteTags") "&Tags.member.1.ResourceId=web"
                                        "&Tags.member.1.Key=team");
    play_expect("<DeleteTagsResponse");
    assert_int_equal(ASG_COMMAND_GROUP_UNTAG, play.order.kind);
    assert_string_equal("team", play.order.group_tags[0].key);
}

static void test_tags_are_described_by_filters(void **state)
{
    (void)state;
    struct asg_tag web[] = {{.key = "team", .value = "a<b"},
                            {.key = "Name", .value = "web", .stays = true}};
    struct asg_tag db[] = {{.key = "team", .value = "b"}};
    put("web", web, 2, NULL);
    put("db", db, 1, NULL);
    (void)play_ask(ACTION("DescribeTags"));
    const char *first = strstr(play.answer, "<ResourceId>db<");
    const char *second = strstr(play.answer, "<Key>Name</Key>");
    assert_non_null(first);
    assert_non_null(second);
    assert_true(first < second && second < strstr(play.answer, "<Value>a&lt;b</Value>"));
    play_expect("<ResourceType>auto-scaling-group</ResourceType>");
    play_expect("<PropagateAtLaunch>false</PropagateAtLaunch>");
    play_expect_not("NextToken");

    (void)play_ask(ACTION("DescribeTags") "&Filters.member.1.Name=auto-scaling-group"
                                          "&Filters.member.1.Values.member.1=web&Filters."
                                          "member.1.Values.member.2=x"
                                          "&Filters.member.2.Name=key&Filters.member.2."
                                          "Values.member.1=team");
    play_expect("<Value>a&lt;b</Value>");
    play_expect_not("<Value>b</Value>");
    play_expect_not("<Key>Name</Key>");
    (void)play_ask(ACTION("DescribeTags") "&Filters.member.1.Name=propagate-at-launch"
                                          "&Filters.member.1.Values.member.1=false");
    play_expect("<Key>Name</Key>");
    play_expect_not("<Key>team</Key>");
    (void)play_ask(ACTION("DescribeTags") "&Filters.member.1.Name=value"
                                          "&Filters.member.1.Values.member.1=nothing");
    play_expect("<Tags");
    play_expect_not("<Key>");
    play_refused(ACTION("DescribeTags") "&Filters.member.1.Name=tag-key",
                 "ValidationError",
                 "Filter type tag-key is not correct. Allowed Filter types are: "
                 "auto-scaling-group key propagate-at-launch value");
}

static void test_tags_come_in_pages(void **state)
{
    (void)state;
    struct asg_tag tags[] = {{.key = "a", .value = "1"},
                             {.key = "b", .value = "2"},
                             {.key = "c", .value = "3"}};
    put("one", tags, 3, NULL);
    put("two", tags, 3, NULL);
    static const char *const wanted[] = {"<Key>a</Key>", "<Key>c</Key>", "<Key>b</Key>"};
    char form[512] = ACTION("DescribeTags") "&MaxRecords=2";
    for (int page = 0; page < 3; page++) {
        (void)play_ask(form);
        play_expect(wanted[page]);
        const char *token = strstr(play.answer, "<NextToken>");
        if (page == 2) {
            assert_null(token);
        } else {
            assert_non_null(token);
            token += strlen("<NextToken>");
            (void)snprintf(form, sizeof form,
                           ACTION("DescribeTags") "&MaxRecords=2&NextToken=%.*s",
                           (int)strcspn(token, "<"), token);
        }
    }
    play_refused(ACTION("DescribeTags") "&MaxRecords=2&NextToken=made-up",
                 "InvalidNextToken", "NextToken");
}

static void test_limits_and_what_there_is(void **state)
{
    (void)state;
    put("web", NULL, 0, NULL);
    put("db", NULL, 0, NULL);
    (void)play_ask(ACTION("DescribeAccountLimits"));
    play_expect("<MaxNumberOfAutoScalingGroups>0</"); /* the play sets none */
    play_expect("<NumberOfAutoScalingGroups>2</");
    play_expect("<NumberOfLaunchConfigurations>0</");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_processes_are_named_or_all),
        TEST(test_instances_are_protected),
        TEST(test_health_is_set_on_instances_that_there_are),
        TEST(test_tags_of_no_group_and_over_the_limit_are_no_order),
        TEST(test_tags_are_put_and_taken),
        TEST(test_tags_need_no_resource_type),
        TEST(test_tags_are_described_by_filters),
        TEST(test_tags_come_in_pages),
        TEST(test_limits_and_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
