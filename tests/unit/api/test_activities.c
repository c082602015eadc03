/* DescribeScalingActivities: what is asked of the index, page by page, and how an
 * activity is told. */
#include "lib/api_play.h"

#include "api/activities.h"
#include "model/defaults.h"

#define ASK "Action=DescribeScalingActivities&"

static struct asg_indexed_activity rows[2];

static int begin(void **state)
{
    rows[0] = (struct asg_indexed_activity){
        .activity = {.group_no = 7,
                     .no = 42,
                     .group = "web",
                     .group_uuid = "2b6f0cc9-04d1-4c5a-9ab1-7f3b3a1d2a10",
                     .kind = ASG_ACT_LAUNCH,
                     .status = ASG_ACTIVITY_SUCCESSFUL,
                     .instance_id = "i-0123",
                     .progress = 100,
                     .start_ms = INT64_C(1795444609123),
                     .end_ms = INT64_C(1795444611987),
                     .cause = "At 2026-11-23T14:36:49Z a & b.",
                     .message = "",
                     .subnet_id = "subnet-1",
                     .zone = "eu-west-1a"}};
    rows[1] = (struct asg_indexed_activity){
        .activity = {.group_no = 8,
                     .no = 1,
                     .group = "old",
                     .group_uuid = "",
                     .kind = ASG_ACT_LAUNCH,
                     .status = ASG_ACTIVITY_FAILED,
                     .instance_id = "",
                     .progress = 100,
                     .start_ms = INT64_C(1795444600000),
                     .end_ms = INT64_C(1795444601000),
                     .cause = "At 2026-11-23T14:36:40Z so.",
                     .message = "No room. Launching EC2 instance failed.",
                     .subnet_id = "",
                     .zone = "eu-west-1a"},
        .is_deleted = true};
    int result = play_begin(state);
    play.activities = rows;
    play.activity_count = 2;
    return result;
}

static void put_group(const char *name)
{
    struct asg_group_config config;
    asg_model_set_defaults(&asg_group_config_schema, &config);
    config.name = name;
    play_put_group(&config, NULL, 0);
}

static void test_an_activity_is_told_whole(void **state)
{
    (void)state;
    play_ask(ASK);
    play_expect("HTTP/1.1 200");
    play_expect("<DescribeScalingActivitiesResult><Activities><member>"
                "<ActivityId>");
    play_expect("<AutoScalingGroupName>web</AutoScalingGroupName>"
                "<Description>Launching a new EC2 instance: i-0123</Description>"
                "<Cause>At 2026-11-23T14:36:49Z a &amp; b.</Cause>"
                "<StartTime>2026-11-23T14:36:49.123Z</StartTime>"
                "<EndTime>2026-11-23T14:36:51Z</EndTime>"
                "<StatusCode>Successful</StatusCode>"
                "<Progress>100</Progress>");
    play_expect("subnet-1");
    play_expect("<AutoScalingGroupARN>arn:aws:autoscaling:eu-west-1:123456789012:"
                "autoScalingGroup:2b6f0cc9-04d1-4c5a-9ab1-7f3b3a1d2a10:"
                "autoScalingGroupName/web</AutoScalingGroupARN>");
    play_expect("<Description>Launching a new EC2 instance.  Status Reason: No room. "
                "Launching EC2 instance failed.</Description>");
    play_expect("<StatusMessage>No room. Launching EC2 instance failed.</StatusMessage>");
    play_expect("<AutoScalingGroupState>Deleted</AutoScalingGroupState>");
    play_expect_not("NextToken");
    assert_int_equal(100, play.activity_query.limit);
    assert_null(play.activity_query.group);
}

static void test_details_are_json(void **state)
{
    (void)state;
    rows[0].activity.zone = "a\"}";
    play_ask(ASK);
    play_expect("<Details>{&quot;Subnet ID&quot;:&quot;subnet-1&quot;,&quot;Availability "
                "Zone&quot;:&quot;a_}&quot;}</Details>");
    play_expect("<Details>{&quot;Availability Zone&quot;:&quot;eu-west-1a&quot;}"
                "</Details>");
}

static void test_what_is_open_has_no_end(void **state)
{
    (void)state;
    play.activity_count = 1;
    rows[0].activity.status = ASG_ACTIVITY_PRE_IN_SERVICE;
    rows[0].activity.progress = 30;
    rows[0].activity.end_ms = 0;
    rows[0].activity.instance_id = "";
    play_ask(ASK);
    play_expect("<Description>Launching a new EC2 instance</Description>");
    play_expect("<StatusCode>PreInService</StatusCode><Progress>30</Progress>");
    play_expect_not("EndTime");
}

static void expect_words(enum asg_activity_kind kind, const char *words)
{
    struct asg_arena arena = {0};
    struct asg_activity row = rows[0].activity;
    row.kind = kind;
    assert_string_equal(words, asg_api_describe_activity(&arena, &row));
    asg_arena_clear(&arena);
}

static void test_each_kind_has_its_words(void **state)
{
    (void)state;
    expect_words(ASG_ACT_TERMINATE, "Terminating EC2 instance: i-0123");
    expect_words(ASG_ACT_TO_STANDBY, "Moving EC2 instance to Standby: i-0123");
    expect_words(ASG_ACT_OUT_OF_STANDBY, "Moving EC2 instance out of Standby: i-0123");
    expect_words(ASG_ACT_ATTACH, "Attaching an existing EC2 instance: i-0123");
    expect_words(ASG_ACT_DETACH, "Detaching EC2 instance: i-0123");
    rows[0].activity.status = ASG_ACTIVITY_CANCELLED;
    rows[0].activity.message = "it was given up";
    expect_words(ASG_ACT_LAUNCH,
                 "Launching a new EC2 instance: i-0123  Status Reason: it was given up");
}

static void look_at_ids(const struct asg_activity_query *query)
{
    if (query->limit == 1) return; /* whether the group was ever there */
    assert_int_equal(2, query->ids.count);
    assert_string_equal("a", query->ids.items[0]);
    assert_string_equal("b", query->ids.items[1]);
    assert_string_equal("web", query->group);
}

static void test_the_arguments_reach_the_index(void **state)
{
    (void)state;
    play.look = look_at_ids;
    play_ask(ASK "ActivityIds.member.1=a&ActivityIds.member.2=b&AutoScalingGroupName=web&"
                 "IncludeDeletedGroups=true&MaxRecords=7&"
                 "Filters.member.1.Name=Status&Filters.member.1.Values.member.1=Failed&"
                 "Filters.member.1.Values.member.2=InProgress&"
                 "Filters.member.2.Name=StartTimeLowerBound&"
                 "Filters.member.2.Values.member.1=2026-11-23T14:00:00Z&"
                 "Filters.member.3.Name=StartTimeUpperBound&"
                 "Filters.member.3.Values.member.1=2026-11-23T15:00:00Z");
    play_expect("HTTP/1.1 200");
    assert_true(play.activity_query.with_deleted);
    assert_int_equal(7, play.activity_query.limit);
    assert_int_equal(UINT64_C(1) << ASG_ACTIVITY_FAILED | UINT64_C(1)
                                                              << ASG_ACTIVITY_IN_PROGRESS,
                     play.activity_query.statuses);
    assert_int_equal(INT64_C(1795442400000), play.activity_query.from_ms);
    assert_int_equal(INT64_C(1795446000000), play.activity_query.to_ms);
}

static void test_filters_that_make_no_sense(void **state)
{
    (void)state;
    put_group("web");
    play_refused(ASK "Filters.member.1.Name=Status&"
                     "Filters.member.1.Values.member.1=Failed",
                 "ValidationError", "AutoScalingGroupName");
    play_refused(ASK "AutoScalingGroupName=web&Filters.member.1.Name=Status&"
                     "Filters.member.1.Values.member.1=failed",
                 "ValidationError", "'failed' is not a valid value");
    play_refused(ASK "Filters.member.1.Name=StartTimeLowerBound&"
                     "Filters.member.1.Values.member.1=noon",
                 "ValidationError", "StartTimeLowerBound needs one value");
    play_refused(ASK "Filters.member.1.Name=colour", "ValidationError",
                 "Filter type colour is not correct");
    play_refused(ASK "MaxRecords=101", "ValidationError", "axRecords");
}

static void test_pages_carry_the_last_key(void **state)
{
    (void)state;
    put_group("web");
    play.has_more_activities = true;
    play_ask(ASK "AutoScalingGroupName=web&MaxRecords=2");
    const char *from = strstr(play.answer, "<NextToken>");
    assert_non_null(from);
    char token[256] = "";
    assert_int_equal(1, sscanf(from, "<NextToken>%255[^<]", token));
    char form[512];
    (void)snprintf(form, sizeof form, ASK "AutoScalingGroupName=web&NextToken=%s", token);
    play.has_more_activities = false;
    play_ask(form);
    play_expect("HTTP/1.1 200");
    play_expect_not("NextToken");
    assert_int_equal(INT64_C(1795444600000), play.activity_query.after_start_ms);
    assert_int_equal(8, play.activity_query.after_group_no);
    assert_int_equal(1, play.activity_query.after_no);
    (void)snprintf(form, sizeof form, ASK "AutoScalingGroupName=db&NextToken=%s", token);
    play_refused(form, "InvalidNextToken", "NextToken");
    play_refused(ASK "NextToken=abc", "InvalidNextToken", "NextToken");
}

static const char not_found[] =
    "AutoScalingGroup name not found - AutoScalingGroup 'nobody' not found";

static void test_nothing_is_an_empty_list(void **state)
{
    (void)state;
    play.activity_count = 0;
    play_ask(ASK);
    play_expect("<DescribeScalingActivitiesResult><Activities></Activities>"
                "</DescribeScalingActivitiesResult>");
    put_group("idle"); /* it is there, and has done nothing yet */
    play_ask(ASK "AutoScalingGroupName=idle");
    play_expect("<Activities></Activities>");
    play_ask(ASK "AutoScalingGroupName=idle&IncludeDeletedGroups=true");
    play_expect("<Activities></Activities>");
}

static void test_a_group_that_never_was_is_not_found(void **state)
{
    (void)state;
    play.activity_count = 0;
    play_refused(ASK "AutoScalingGroupName=nobody", "ValidationError", not_found);
    play_refused(ASK "AutoScalingGroupName=nobody&IncludeDeletedGroups=true",
                 "ValidationError", not_found);
    assert_true(play.activity_query.with_deleted);
}

/* Only without filters there are some: it was there. */
static void look_without_filters(const struct asg_activity_query *query)
{
    bool is_filtered = query->statuses != 0 || query->ids.count > 0 ||
                       query->from_ms != 0 || query->to_ms != 0 ||
                       query->after_group_no != 0;
    play.activity_count = is_filtered ? 0 : 1;
    assert_string_equal("old", query->group);
}

static int looks;

static void count_look(const struct asg_activity_query *query)
{
    (void)query;
    looks++;
}

static void test_a_group_in_the_view_needs_one_look_at_the_index(void **state)
{
    (void)state;
    put_group("web");
    looks = 0;
    play.look = count_look;
    play_ask(ASK "AutoScalingGroupName=web&IncludeDeletedGroups=true");
    assert_int_equal(1, looks);
    play_refused(ASK "AutoScalingGroupName=nobody", "ValidationError", not_found);
    assert_int_equal(1, looks);
    play.look = NULL;
}

static void test_a_deleted_group_is_found_when_it_is_asked_for(void **state)
{
    (void)state;
    play.activities = &rows[1];
    play.activity_count = 1;
    play_ask(ASK "AutoScalingGroupName=old&IncludeDeletedGroups=true");
    play_expect("HTTP/1.1 200");
    play_expect("<AutoScalingGroupState>Deleted</AutoScalingGroupState>");
    play.look = look_without_filters;
    play_ask(ASK
             "AutoScalingGroupName=old&IncludeDeletedGroups=true&"
             "ActivityIds.member.1=another&"
             "Filters.member.1.Name=Status&Filters.member.1.Values.member.1=Successful");
    play_expect("HTTP/1.1 200");
    play_expect("<Activities></Activities>");
    play_expect_not("NextToken");
    play.look = NULL;
    play_refused(ASK "AutoScalingGroupName=old", "ValidationError", "'old' not found");
}

static void test_an_index_that_is_not_there_yet(void **state)
{
    (void)state;
    play.activities_status = ASG_ERR_TIMEOUT;
    play_ask(ASK);
    play_expect("HTTP/1.1 503");
    play_expect("<Code>ServiceUnavailable</Code>");
    play_expect("the index says why");
    play.activities_status = ASG_ERR_IO;
    play_ask(ASK);
    play_expect("HTTP/1.1 500");
    play_expect("<Code>InternalFailure</Code>");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, play_end)
    const struct CMUnitTest tests[] = {
        TEST(test_an_activity_is_told_whole),
        TEST(test_details_are_json),
        TEST(test_what_is_open_has_no_end),
        TEST(test_each_kind_has_its_words),
        TEST(test_the_arguments_reach_the_index),
        TEST(test_filters_that_make_no_sense),
        TEST(test_pages_carry_the_last_key),
        TEST(test_nothing_is_an_empty_list),
        TEST(test_a_group_that_never_was_is_not_found),
        TEST(test_a_group_in_the_view_needs_one_look_at_the_index),
        TEST(test_a_deleted_group_is_found_when_it_is_asked_for),
        TEST(test_an_index_that_is_not_there_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
