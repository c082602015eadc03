/* Scheduled actions: from a client's form to the order, one after the other in a batch,
 * and from the view to the answer. */
#include <sys/resource.h>

#include "lib/api_play.h"

#define START_MS INT64_C(1893456000000) /* 2030-01-01 */

static void put_group_of(const char *name, const struct asg_schedule_config *schedules,
                         size_t count)
{
    struct asg_sheet *sheet = asg_sheet_new();
    const struct asg_group_config config = {.name = name};
    struct asg_group_config *copy = asg_arena_take(&sheet->arena, sizeof *copy);
    asg_model_copy(&asg_group_config_schema, &config, &sheet->arena, copy);
    struct asg_schedule_config *items =
        asg_arena_take(&sheet->arena, (count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        asg_model_copy(&asg_schedule_config_schema, &schedules[i], &sheet->arena,
                       &items[i]);
    }
    sheet->content = (struct asg_group_sheet){.group = {.group_no = ++play.group_no,
                                                        .config = copy,
                                                        .degraded_reason = "",
                                                        .resolved_version = ""},
                                              .schedules = items,
                                              .schedule_count = count};
    asg_view_begin(play.view, /* is_empty */ false);
    asg_draft_put(play.view, asg_page_new(sheet, NULL, 0));
    asg_view_publish(play.view, 0);
}

static void put_group(const struct asg_schedule_config *schedules, size_t count)
{
    put_group_of("g", schedules, count);
}

/* ---- orders ---- */

#define PUT                                                                              \
    "Action=PutScheduledUpdateGroupAction&AutoScalingGroupName=g&"                       \
    "ScheduledActionName=night&"

static void test_an_action_is_put_as_it_is_written(void **state)
{
    (void)state;
    play_ask(PUT "StartTime=2030-01-01T00:00:00Z&EndTime=2031-01-01T00:00:00Z&"
                 "Recurrence=0+22+*+*+*&TimeZone=Europe/Berlin&MinSize=0&"
                 "DesiredCapacity=2");
    play_expect("<PutScheduledUpdateGroupActionResponse");
    play_expect_not("Result>");
    assert_int_equal(ASG_COMMAND_SCHEDULE_PUT, play.order.kind);
    assert_string_equal("g", play.order.group);
    const struct asg_schedule_config *config = play.order.schedule_config;
    assert_string_equal("night", config->name);
    assert_int_equal(0, config->min);
    assert_int_equal(ASG_UNSET, config->max);
    assert_int_equal(2, config->desired);
    assert_int_equal(START_MS, config->start_ms);
    assert_int_equal(START_MS + INT64_C(365) * 86400000, config->end_ms);
    assert_string_equal("0 22 * * *", config->recurrence);
    assert_string_equal("Europe/Berlin", config->time_zone);
    assert_true(config->has_time_zone);
    assert_true(config->change_count > 50); /* thirty years of summers */
    assert_int_equal(ASG_UUID_LENGTH, strlen(config->uuid));
}

static void test_what_is_not_given_is_not_set(void **state)
{
    (void)state;
    play_ask(PUT "Time=2030-01-01T00:00:00Z&MaxSize=5"); /* its old name */
    const struct asg_schedule_config *config = play.order.schedule_config;
    assert_int_equal(START_MS, config->start_ms);
    assert_int_equal(0, config->end_ms);
    assert_string_equal("", config->recurrence);
    assert_string_equal("UTC", config->time_zone);
    assert_false(config->has_time_zone);
    assert_int_equal(0, config->change_count);
    play_ask(PUT "Time=2030-01-01T00:00:00Z&StartTime=2029-01-01T00:00:00Z&MaxSize=5");
    assert_true(play.order.schedule_config->start_ms < START_MS);
    play_ask(PUT "StartTime=1970-01-01T00:00:00Z&MaxSize=5");
    assert_int_equal(1, play.order.schedule_config->start_ms); /* in the past, as given */
}

static void test_what_cannot_be_is_refused(void **state)
{
    (void)state;
    play_refused(PUT "StartTime=2030-01-01T00:00:00Z&MinSize=-1", "ValidationError",
                 "MinSize: -1 is not between");
    play_refused(PUT "StartTime=2030-01-01T00:00:00Z&MinSize=1&TimeZone=Mars/Base",
                 "ValidationError", "no time zone");
    play.effects.reply = (struct asg_reply){
        .is_set = true, .code = "AlreadyExists", .message = "another starts then"};
    play_ask(PUT "StartTime=2030-01-01T00:00:00Z&MinSize=1");
    play_expect("<Code>AlreadyExists</Code>");
}

#define ARN(uuid, group, name)                                                           \
    "arn:aws:autoscaling:eu-west-1:123456789012:scheduledUpdateGroupAction:" uuid        \
    ":autoScalingGroupName/" group ":scheduledActionName/" name

static const struct asg_schedule_config colon = {.group = "g",
                                                 .name = "a:b",
                                                 .uuid = "u",
                                                 .min = 1,
                                                 .max = ASG_UNSET,
                                                 .desired = ASG_UNSET,
                                                 .start_ms = START_MS,
                                                 .recurrence = "",
                                                 .time_zone = "UTC",
                                                 .next_ms = START_MS};

static void test_an_action_is_deleted_by_name_or_arn(void **state)
{
    (void)state;
    play_ask("Action=DeleteScheduledAction&AutoScalingGroupName=g&"
             "ScheduledActionName=night");
    assert_int_equal(ASG_COMMAND_SCHEDULE_DELETE, play.order.kind);
    assert_string_equal("night", play.order.name);
    put_group(&colon, 1);
    play_ask("Action=BatchDeleteScheduledAction&AutoScalingGroupName=g&"
             "ScheduledActionNames.member.1=" ARN("u", "g", "a:b"));
    assert_string_equal("a:b", play.order.name);
    assert_string_equal("g", play.order.group);
}

static void test_an_arn_of_another_action_touches_nothing(void **state)
{
    (void)state;
    static const char *const others[] = {ARN("u", "h", "a:b"), /* of another group */
                                         ARN("v", "g", "a:b"), /* of one that was */
                                         ARN("u", "g", "b"),   /* the end of a name */
                                         "arn:aws:autoscaling:x:scheduledActionName/a:b"};
    put_group(&colon, 1);
    put_group_of("h", &colon, 1);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char ask[512];
        (void)snprintf(ask, sizeof ask,
                       "Action=DeleteScheduledAction&AutoScalingGroupName=g&"
                       "ScheduledActionName=%s",
                       others[i]);
        play_refused(ask, "ValidationError", others[i]);
        (void)snprintf(ask, sizeof ask,
                       "Action=BatchDeleteScheduledAction&AutoScalingGroupName=g&"
                       "ScheduledActionNames.member.1=%s",
                       others[i]);
        play_ask(ask);
        play_expect("<ErrorCode>ValidationError</ErrorCode>");
        play_expect("is not a scheduled action of g");
    }
    assert_int_equal(0, play.order_count);
}

/* ---- batches ---- */

#define OF "&ScheduledUpdateGroupActions.member."
#define BATCH_A                                                                          \
    OF "1.ScheduledActionName=a" OF "1.StartTime=2030-01-01T00:00:00Z" OF "1.MinSize=1"
#define BATCH_B OF "2.ScheduledActionName=b" OF "2.MinSize=-2"
#define BATCH_C OF "3.ScheduledActionName=c" OF "3.Recurrence=0+1+*+*+*" OF "3.MaxSize=2"

static void test_a_batch_says_what_failed_and_does_the_rest(void **state)
{
    (void)state;
    put_group(NULL, 0);
    play_ask(
        "Action=BatchPutScheduledUpdateGroupAction&AutoScalingGroupName=g" BATCH_A BATCH_B
            BATCH_C);
    play_expect("HTTP/1.1 200");
    play_expect("<FailedScheduledUpdateGroupActions><member>"
                "<ScheduledActionName>b</ScheduledActionName>"
                "<ErrorCode>ValidationError</ErrorCode>");
    play_expect_not("<ScheduledActionName>a<");
    assert_int_equal(2, play.order_count);
    assert_string_equal("a", play.first_order.schedule_config->name);
    assert_string_equal("c", play.order.schedule_config->name);
}

static void test_what_core_refuses_of_a_batch_is_told_for_each(void **state)
{
    (void)state;
    put_group(NULL, 0);
    play.effects.reply = (struct asg_reply){
        .is_set = true, .code = "ValidationError", .message = "action not found"};
    play_ask("Action=BatchDeleteScheduledAction&AutoScalingGroupName=g&"
             "ScheduledActionNames.member.1=a&ScheduledActionNames.member.2=b");
    play_expect("HTTP/1.1 200");
    play_expect("<FailedScheduledActions><member><ScheduledActionName>a<");
    play_expect("<ScheduledActionName>b<");
    play_expect("<ErrorMessage>action not found</ErrorMessage>");
    assert_int_equal(2, play.order_count);
    play_refused("Action=BatchDeleteScheduledAction&AutoScalingGroupName=nobody&"
                 "ScheduledActionNames.member.1=a",
                 "ValidationError", "not found");
}

/* ---- what there is ---- */

static const struct asg_schedule_config rows[] = {
    {.group = "g",
     .name = "daily",
     .uuid = "u-1",
     .min = ASG_UNSET,
     .max = ASG_UNSET,
     .desired = 3,
     .recurrence = "0 1 * * *",
     .time_zone = "UTC",
     .next_ms = START_MS + 3600000},
    {.group = "g",
     .name = "once",
     .uuid = "u-2",
     .min = 0,
     .max = 9,
     .desired = ASG_UNSET,
     .start_ms = START_MS,
     .end_ms = START_MS + 86400000,
     .recurrence = "",
     .time_zone = "Europe/Berlin",
     .has_time_zone = true,
     .next_ms = START_MS},
};

#define DESCRIBE "Action=DescribeScheduledActions&AutoScalingGroupName=g"

static void test_actions_are_shown_as_they_were_put(void **state)
{
    (void)state;
    put_group(rows, 2);
    play_ask(DESCRIBE "&ScheduledActionNames.member.1=once");
    play_expect("<ScheduledActionARN>arn:aws:autoscaling:eu-west-1:123456789012:"
                "scheduledUpdateGroupAction:u-2:autoScalingGroupName/g:"
                "scheduledActionName/once</ScheduledActionARN>");
    play_expect("<Time>2030-01-01T00:00:00.000Z</Time>");
    play_expect("<StartTime>2030-01-01T00:00:00.000Z</StartTime>");
    play_expect("<EndTime>2030-01-02T00:00:00.000Z</EndTime>");
    play_expect("<MinSize>0</MinSize><MaxSize>9</MaxSize>");
    play_expect("<TimeZone>Europe/Berlin</TimeZone>");
    play_expect_not("DesiredCapacity");
    play_expect_not("Recurrence");
    play_expect_not("daily");
    play_ask(DESCRIBE "&ScheduledActionNames.member.1=daily");
    play_expect("<StartTime>2030-01-01T01:00:00.000Z</StartTime>"); /* its next run */
    play_expect("<Recurrence>0 1 * * *</Recurrence>");
    play_expect("<DesiredCapacity>3</DesiredCapacity>");
    play_expect_not("MinSize");
    play_expect_not("TimeZone");
    play_expect_not("EndTime");
}

static void test_runs_of_a_time_are_asked_for(void **state)
{
    (void)state;
    put_group(rows, 2);
    play_ask(DESCRIBE "&StartTime=2030-01-01T00:30:00Z");
    play_expect("daily");
    play_expect_not("once");
    play_ask(DESCRIBE "&EndTime=2030-01-01T00:30:00Z");
    play_expect("once");
    play_expect_not("daily");
    /* Names make the window nothing. */
    play_ask(DESCRIBE
             "&EndTime=2030-01-01T00:30:00Z&ScheduledActionNames.member.1=daily");
    play_expect("daily");
    play_ask(DESCRIBE "&ScheduledActionNames.member.1=nobody");
    play_expect("<ScheduledUpdateGroupActions></ScheduledUpdateGroupActions>");
    play_refused("Action=DescribeScheduledActions&AutoScalingGroupName=h",
                 "ValidationError", "not found");
}

static void test_actions_are_asked_for_by_arn(void **state)
{
    (void)state;
    put_group(rows, 2);
    play_ask("Action=DescribeScheduledActions&"
             "ScheduledActionNames.member.1=" ARN(
                 "u-9", "g", "daily") "&"
                                      "ScheduledActionNames.member.2=" ARN("u-2", "g",
                                                                           "once"));
    play_expect("<ScheduledActionName>once<");
    play_expect_not("<ScheduledActionName>daily<");
    play_ask(DESCRIBE "&ScheduledActionNames.member.1=" ARN("u-1", "h", "daily"));
    play_expect("<ScheduledUpdateGroupActions></ScheduledUpdateGroupActions>");
}

static int64_t resident_kib_max(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Fifty names, and 500 groups with 125 actions each: three million ARNs (450 MB), if one
 * were built for each. */
static void test_names_cost_no_arn_an_action(void **state)
{
    (void)state;
    enum { GROUPS = 500, ACTIONS = 125, NAMES = 50 };
    struct asg_schedule_config many[ACTIONS];
    char names[ACTIONS][8];
    for (int i = 0; i < ACTIONS; i++) {
        (void)snprintf(names[i], sizeof names[i], "a%02d", i);
        many[i] = rows[0];
        many[i].name = names[i];
    }
    for (int i = 0; i < GROUPS; i++) {
        char group[8];
        (void)snprintf(group, sizeof group, "g%03d", i);
        for (int k = 0; k < ACTIONS; k++) {
            many[k].group = group;
        }
        put_group_of(group, many, ACTIONS);
    }
    struct asg_bytes ask = {0};
    asg_bytes_printf(&ask, "Action=DescribeScheduledActions");
    for (int i = 1; i <= NAMES; i++) {
        asg_bytes_printf(&ask, "&ScheduledActionNames.member.%d=n%d", i, i);
    }
    int64_t before_kib = resident_kib_max();
    play_ask(asg_bytes_text(&ask));
    play_expect("<ScheduledUpdateGroupActions></ScheduledUpdateGroupActions>");
    asg_bytes_clear(&ask);
    assert_true(resident_kib_max() - before_kib < 64 * 1024);
}

static void test_pages_follow_each_other(void **state)
{
    (void)state;
    put_group(rows, 2);
    play_ask("Action=DescribeScheduledActions&MaxRecords=1");
    play_expect("daily");
    play_expect_not("once");
    const char *token = strstr(play.answer, "<NextToken>");
    assert_non_null(token);
    token += strlen("<NextToken>");
    char next[1024];
    (void)snprintf(next, sizeof next,
                   "Action=DescribeScheduledActions&MaxRecords=1&NextToken=%.*s",
                   (int)strcspn(token, "<"), token);
    play_ask(next);
    play_expect("once");
    play_expect_not("daily");
    play_expect_not("NextToken");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)
    const struct CMUnitTest tests[] = {
        TEST(test_an_action_is_put_as_it_is_written),
        TEST(test_what_is_not_given_is_not_set),
        TEST(test_what_cannot_be_is_refused),
        TEST(test_an_action_is_deleted_by_name_or_arn),
        TEST(test_an_arn_of_another_action_touches_nothing),
        TEST(test_a_batch_says_what_failed_and_does_the_rest),
        TEST(test_what_core_refuses_of_a_batch_is_told_for_each),
        TEST(test_actions_are_shown_as_they_were_put),
        TEST(test_runs_of_a_time_are_asked_for),
        TEST(test_actions_are_asked_for_by_arn),
        TEST(test_names_cost_no_arn_an_action),
        TEST(test_pages_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
