/* What cannot exist yet: true empty lists, of groups that are there. */
#include "lib/api_play.h"

#include "model/defaults.h"

static void put_group(void)
{
    struct asg_group_config config;
    asg_model_set_defaults(&asg_group_config_schema, &config);
    config.name = "g";
    play_put_group(&config, NULL, 0);
}

static void test_there_is_none(void **state)
{
    (void)state;
    put_group();
    static const char *const rows[][2] = {
        {"DescribeLifecycleHooks", "<LifecycleHooks/>"},
        {"DescribeWarmPool", "<Instances/>"},
        {"DescribeInstanceRefreshes", "<InstanceRefreshes/>"},
        {"DescribeNotificationConfigurations", "<NotificationConfigurations/>"},
        {"DescribeAccountSettings", "<Settings/>"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char form[120];
        (void)snprintf(form, sizeof form, "Action=%s&AutoScalingGroupName=g&MaxRecords=1",
                       rows[i][0]);
        play_ask(form);
        play_expect("HTTP/1.1 200");
        play_expect(rows[i][1]);
        play_expect_not("NextToken");
    }
}

static void test_a_group_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    static const char *const actions[] = {"DescribeLifecycleHooks", "DescribeWarmPool",
                                          "DescribeInstanceRefreshes"};
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        char form[120];
        (void)snprintf(form, sizeof form, "Action=%s&AutoScalingGroupName=none",
                       actions[i]);
        play_refused(form, "ValidationError",
                     "AutoScalingGroup name not found - AutoScalingGroup 'none' not "
                     "found");
    }
    /* Names of a list are passed over. */
    play_ask("Action=DescribeNotificationConfigurations&AutoScalingGroupNames.member.1="
             "none");
    play_expect("<NotificationConfigurations/>");
}

static void test_there_is_no_next_page(void **state)
{
    (void)state;
    put_group();
    play_refused("Action=DescribeInstanceRefreshes&AutoScalingGroupName=g&NextToken=x",
                 "InvalidNextToken", "NextToken");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)
    const struct CMUnitTest tests[] = {
        TEST(test_there_is_none),
        TEST(test_a_group_that_is_not_there_is_an_error),
        TEST(test_there_is_no_next_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
