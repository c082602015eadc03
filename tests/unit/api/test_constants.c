/* The words of the service, as its constant answers give them. */
#include "lib/api_play.h"

static void test_adjustment_types(void **state)
{
    (void)state;
    play_ask("Action=DescribeAdjustmentTypes");
    play_expect("HTTP/1.1 200");
    play_expect("<DescribeAdjustmentTypesResult><AdjustmentTypes><member><AdjustmentType>"
                "ChangeInCapacity</AdjustmentType></member>");
    play_expect("<AdjustmentType>ExactCapacity</AdjustmentType>");
    play_expect("<AdjustmentType>PercentChangeInCapacity</AdjustmentType>");
}

static void test_scaling_process_types(void **state)
{
    (void)state;
    static const char *const names[] = {
        "Launch",          "Terminate",   "AddToLoadBalancer", "AlarmNotification",
        "AZRebalance",     "HealthCheck", "InstanceRefresh",   "ReplaceUnhealthy",
        "ScheduledActions"};
    play_ask("Action=DescribeScalingProcessTypes");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char part[80];
        (void)snprintf(part, sizeof part,
                       "<member><ProcessName>%s</ProcessName></member>", names[i]);
        play_expect(part);
    }
}

static void test_termination_policy_types(void **state)
{
    (void)state;
    play_ask("Action=DescribeTerminationPolicyTypes");
    play_expect("<TerminationPolicyTypes><member>Default</member>"
                "<member>AllocationStrategy</member>"
                "<member>ClosestToNextInstanceHour</member>"
                "<member>NewestInstance</member><member>OldestInstance</member>"
                "<member>OldestLaunchConfiguration</member>"
                "<member>OldestLaunchTemplate</member></TerminationPolicyTypes>");
}

static void test_metric_collection_types(void **state)
{
    (void)state;
    play_ask("Action=DescribeMetricCollectionTypes");
    play_expect("<member><Metric>GroupMinSize</Metric></member>");
    play_expect("<member><Metric>GroupAndWarmPoolTotalCapacity</Metric></member>");
    play_expect("<Granularities><member><Granularity>1Minute</Granularity></member>"
                "</Granularities>");
}

static void test_notification_and_hook_types(void **state)
{
    (void)state;
    play_ask("Action=DescribeAutoScalingNotificationTypes");
    play_expect("<member>autoscaling:EC2_INSTANCE_LAUNCH</member>");
    play_expect("<member>autoscaling:TEST_NOTIFICATION</member>");
    play_ask("Action=DescribeLifecycleHookTypes");
    play_expect("<LifecycleHookTypes><member>autoscaling:EC2_INSTANCE_LAUNCHING</member>"
                "<member>autoscaling:EC2_INSTANCE_TERMINATING</member>"
                "</LifecycleHookTypes>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adjustment_types),
        cmocka_unit_test(test_scaling_process_types),
        cmocka_unit_test(test_termination_policy_types),
        cmocka_unit_test(test_metric_collection_types),
        cmocka_unit_test(test_notification_and_hook_types),
    };
    return cmocka_run_group_tests(tests, play_begin, play_end);
}
