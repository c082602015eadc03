/* Load balancers, target groups and traffic sources; collected metrics: from a client's
 * form to the order, and from the view to the answer. */
#include "lib/api_play.h"

static struct asg_source rows[] = {
    {.kind = ASG_SOURCE_TARGET_GROUP,
     .identifier = "arn:tg-b",
     .state = ASG_SOURCE_STATE_ADDING},
    {.kind = ASG_SOURCE_LOAD_BALANCER,
     .identifier = "classic",
     .state = ASG_SOURCE_STATE_ADDED},
    {.kind = ASG_SOURCE_TARGET_GROUP,
     .identifier = "arn:tg-a",
     .state = ASG_SOURCE_STATE_REMOVING},
};

static void put_group(void)
{
    const struct asg_group_config config = {
        .name = "g", .sources = rows, .source_count = 3};
    play_put_group(&config, NULL, 0);
}

static void test_names_become_sources_of_their_kind(void **state)
{
    (void)state;
    play_ask("Action=AttachLoadBalancers&AutoScalingGroupName=g&"
             "LoadBalancerNames.member.1=a&LoadBalancerNames.member.2=b");
    play_expect("<AttachLoadBalancersResult></AttachLoadBalancersResult>");
    assert_int_equal(ASG_COMMAND_SOURCES_ATTACH, play.order.kind);
    assert_string_equal("g", play.order.group);
    assert_int_equal(2, play.order.source_count);
    assert_int_equal(ASG_SOURCE_LOAD_BALANCER, play.order.sources[1].kind);
    assert_string_equal("b", play.order.sources[1].identifier);
    play_ask("Action=DetachLoadBalancerTargetGroups&AutoScalingGroupName=g&"
             "TargetGroupARNs.member.1=arn:tg");
    play_expect(
        "<DetachLoadBalancerTargetGroupsResult></DetachLoadBalancerTargetGroupsResult>");
    assert_int_equal(ASG_COMMAND_SOURCES_DETACH, play.order.kind);
    assert_int_equal(ASG_SOURCE_TARGET_GROUP, play.order.sources[0].kind);
}

static void test_sources_say_their_type_or_show_it(void **state)
{
    (void)state;
    play_ask("Action=AttachTrafficSources&AutoScalingGroupName=g&"
             "TrafficSources.member.1.Identifier=arn:aws:vpc-lattice:x&"
             "TrafficSources.member.2.Identifier=name&"
             "TrafficSources.member.3.Identifier=arn:y&"
             "TrafficSources.member.4.Identifier=arn:z&"
             "TrafficSources.member.4.Type=elb");
    assert_int_equal(4, play.order.source_count);
    assert_int_equal(ASG_SOURCE_LATTICE, play.order.sources[0].kind);
    assert_int_equal(ASG_SOURCE_LOAD_BALANCER, play.order.sources[1].kind);
    assert_int_equal(ASG_SOURCE_TARGET_GROUP, play.order.sources[2].kind);
    assert_int_equal(ASG_SOURCE_LOAD_BALANCER, play.order.sources[3].kind);
    play_refused("Action=DetachTrafficSources&AutoScalingGroupName=g&"
                 "TrafficSources.member.1.Identifier=x&TrafficSources.member.1.Type=nlb",
                 "ValidationError", "not a valid Type");
}

static void test_each_way_lists_its_own(void **state)
{
    (void)state;
    put_group();
    play_ask("Action=DescribeLoadBalancers&AutoScalingGroupName=g");
    play_expect("<LoadBalancers><member><LoadBalancerName>classic</LoadBalancerName>"
                "<State>Added</State>");
    play_expect_not("arn:tg");
    play_ask("Action=DescribeLoadBalancerTargetGroups&AutoScalingGroupName=g");
    play_expect("arn:tg-a");
    play_expect("<State>Removing</State>");
    play_expect("<State>Adding</State>");
    play_expect_not("classic");
    play_ask("Action=DescribeTrafficSources&AutoScalingGroupName=g");
    play_expect("<Identifier>classic</Identifier>");
    play_expect("<Type>elbv2</Type>");
    play_expect("<TrafficSource>arn:tg-a</TrafficSource>");
    play_ask("Action=DescribeTrafficSources&AutoScalingGroupName=g&"
             "TrafficSourceType=vpc-lattice");
    play_expect("<TrafficSources></TrafficSources>");
    play_refused("Action=DescribeTrafficSources&AutoScalingGroupName=g&"
                 "TrafficSourceType=nlb",
                 "ValidationError", "TrafficSourceType");
    play_refused("Action=DescribeLoadBalancers&AutoScalingGroupName=h", "ValidationError",
                 "not found");
}

static void test_pages_lose_and_repeat_none(void **state)
{
    (void)state;
    put_group();
    play_ask("Action=DescribeTrafficSources&AutoScalingGroupName=g&MaxRecords=2");
    play_expect("classic");
    play_expect("arn:tg-a");
    play_expect_not("arn:tg-b");
    const char *begin_tag = "<NextToken>";
    const char *token = strstr(play.answer, begin_tag);
    assert_non_null(token);
    token += strlen(begin_tag);
    char next[1024];
    (void)snprintf(next, sizeof next,
                   "Action=DescribeTrafficSources&AutoScalingGroupName=g&MaxRecords=2&"
                   "NextToken=%.*s",
                   (int)strcspn(token, "<"), token);
    play_ask(next);
    play_expect("arn:tg-b");
    play_expect_not("arn:tg-a");
    play_expect_not("NextToken");
}

static void test_metrics_are_named_or_all(void **state)
{
    (void)state;
    play_ask("Action=EnableMetricsCollection&AutoScalingGroupName=g&Granularity=1Minute");
    play_expect("<EnableMetricsCollectionResponse");
    assert_int_equal(ASG_COMMAND_METRICS_ENABLE, play.order.kind);
    assert_int_equal(0, play.order.collected_metrics);
    play_ask("Action=DisableMetricsCollection&AutoScalingGroupName=g&"
             "Metrics.member.1=GroupMinSize&Metrics.member.2=GroupTotalInstances");
    assert_int_equal(ASG_COMMAND_METRICS_DISABLE, play.order.kind);
    assert_int_equal(1 << ASG_COLLECTED_MIN_SIZE | 1 << ASG_COLLECTED_TOTAL_INSTANCES,
                     play.order.collected_metrics);
    play_refused("Action=EnableMetricsCollection&AutoScalingGroupName=g&"
                 "Granularity=5Minutes",
                 "ValidationError", "Granularity");
    play_refused("Action=EnableMetricsCollection&AutoScalingGroupName=g&"
                 "Granularity=1Minute&Metrics.member.1=GroupNoSize",
                 "ValidationError", "GroupNoSize");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)
    const struct CMUnitTest tests[] = {
        TEST(test_names_become_sources_of_their_kind),
        TEST(test_sources_say_their_type_or_show_it),
        TEST(test_each_way_lists_its_own),
        TEST(test_pages_lose_and_repeat_none),
        TEST(test_metrics_are_named_or_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
