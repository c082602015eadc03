/* Scaling policies: from a client's form to the order, and how they are shown. */
#include "lib/api_play.h"

#include "api/kept.h"
#include "model/defaults.h"

#define PUT      "Action=PutScalingPolicy&AutoScalingGroupName=g&PolicyName=p&"
#define TRACKING PUT "PolicyType=TargetTrackingScaling&TargetTrackingConfiguration."
#define CPU                                                                              \
    TRACKING "PredefinedMetricSpecification.PredefinedMetricType="                       \
             "ASGAverageCPUUtilization&TargetTrackingConfiguration.TargetValue=50"

static struct asg_group_config group_of(const char *name)
{
    struct asg_group_config config;
    asg_model_set_defaults(&asg_group_config_schema, &config);
    config.name = name;
    return config;
}

static const struct asg_policy_config *put(void)
{
    assert_int_equal(1, play.order_count);
    assert_int_equal(ASG_COMMAND_POLICY_PUT, play.order.kind);
    assert_string_equal("g", play.order.group);
    return play.order.policy_config;
}

static void test_a_target_is_put(void **state)
{
    (void)state;
    play_ask(CPU "&EstimatedInstanceWarmup=60");
    const struct asg_policy_config *policy = put();
    assert_int_equal(ASG_POLICY_TARGET_TRACKING, policy->kind);
    assert_int_equal(ASG_METRIC_NAME_CPU, policy->metric);
    assert_int_equal(50000, policy->target_milli);
    assert_int_equal(60000, policy->warmup_ms);
    assert_false(policy->disable_scale_in);
    assert_false(policy->is_disabled);
    /* As AWS decides. */
    assert_int_equal(ASG_PRESET_AWS, policy->preset);
    assert_int_equal(15, policy->scale_in_periods);
    assert_int_equal(900, policy->scale_in_permille);
    assert_string_equal("false",
                        asg_kept_find(policy->kept, policy->kept_count,
                                      "TargetTrackingConfiguration.DisableScaleIn"));
    char part[400];
    (void)snprintf(part, sizeof part,
                   "<PutScalingPolicyResult><PolicyARN>arn:aws:autoscaling:eu-west-1:"
                   "123456789012:scalingPolicy:%s:autoScalingGroupName/g:policyName/p"
                   "</PolicyARN><Alarms><member><AlarmName>TargetTracking-g-AlarmHigh-%s"
                   "</AlarmName>",
                   policy->uuid, policy->alarm_high);
    play_expect(part);
    (void)snprintf(part, sizeof part,
                   "<AlarmARN>arn:aws:cloudwatch:eu-west-1:123456789012:alarm:"
                   "TargetTracking-g-AlarmLow-%s</AlarmARN>",
                   policy->alarm_low);
    play_expect(part);
}

static void test_without_scale_in_there_is_one_alarm(void **state)
{
    (void)state;
    play_ask(CPU "&TargetTrackingConfiguration.DisableScaleIn=true&Enabled=false");
    assert_true(put()->disable_scale_in);
    assert_true(put()->is_disabled);
    assert_string_equal("", put()->alarm_low);
    play_expect("AlarmHigh");
    play_expect_not("AlarmLow");
}

static void test_bytes_of_a_minute_are_bytes_a_second(void **state)
{
    (void)state;
    play_ask(TRACKING "PredefinedMetricSpecification.PredefinedMetricType="
                      "ASGAverageNetworkIn&TargetTrackingConfiguration.TargetValue=6e6");
    assert_int_equal(ASG_METRIC_NAME_NETWORK_IN, put()->metric);
    assert_int_equal(100000000, put()->target_milli);
}

static void test_the_groups_tag_names_another_preset(void **state)
{
    (void)state;
    struct asg_group_config group = group_of("g");
    struct asg_tag tags[] = {{.key = "openasg:preset", .value = "calm"}};
    group.tags = tags;
    group.tag_count = 1;
    play_put_group(&group, NULL, 0);
    play_ask(CPU);
    assert_int_equal(ASG_PRESET_CALM, put()->preset);
    assert_int_equal(600000, put()->stabilisation_ms);
}

static void test_steps_are_put(void **state)
{
    (void)state;
    play_ask(PUT "PolicyType=StepScaling&AdjustmentType=PercentChangeInCapacity&"
                 "MinAdjustmentMagnitude=2&MetricAggregationType=Maximum&"
                 "StepAdjustments.member.1.MetricIntervalLowerBound=0&"
                 "StepAdjustments.member.1.MetricIntervalUpperBound=10.5&"
                 "StepAdjustments.member.1.ScalingAdjustment=10&"
                 "StepAdjustments.member.2.MetricIntervalLowerBound=10.5&"
                 "StepAdjustments.member.2.ScalingAdjustment=30");
    const struct asg_policy_config *policy = put();
    assert_int_equal(ASG_POLICY_STEP, policy->kind);
    assert_int_equal(ASG_ADJUSTMENT_PERCENT, policy->adjustment_type);
    assert_int_equal(ASG_STATISTIC_HIGHEST, policy->statistic);
    assert_int_equal(2, policy->min_magnitude);
    assert_int_equal(2, policy->step_count);
    assert_true(policy->steps[0].has_lower);
    assert_int_equal(10500, policy->steps[0].upper_milli);
    assert_false(policy->steps[1].has_upper);
    assert_int_equal(30, policy->steps[1].adjustment);
    assert_false(policy->has_threshold);
    play_expect("<Alarms></Alarms>");
}

static void test_simple_is_what_nobody_names(void **state)
{
    (void)state;
    play_ask(PUT "AdjustmentType=ChangeInCapacity&ScalingAdjustment=-2&Cooldown=30");
    const struct asg_policy_config *policy = put();
    assert_int_equal(ASG_POLICY_SIMPLE, policy->kind);
    assert_int_equal(-2, policy->adjustment);
    assert_int_equal(30000, policy->cooldown_ms);
    play_ask(PUT "AdjustmentType=ExactCapacity&ScalingAdjustment=4");
    assert_int_equal(ASG_UNSET, put()->cooldown_ms);
}

static void test_a_put_leaves_the_alarm_that_was_attached(void **state)
{
    (void)state;
    struct asg_group_config group = group_of("g");
    struct asg_policy_config before;
    asg_model_set_defaults(&asg_policy_config_schema, &before);
    before.group = "g";
    before.name = "p";
    before.kind = ASG_POLICY_SIMPLE;
    before.has_threshold = true;
    before.threshold_milli = 80000;
    before.periods = 4;
    before.comparison = ASG_COMPARISON_GREATER;
    play_put_group(&group, &before, 1);
    play_ask(PUT "AdjustmentType=ChangeInCapacity&ScalingAdjustment=1");
    assert_true(put()->has_threshold);
    assert_int_equal(80000, put()->threshold_milli);
    assert_int_equal(4, put()->periods);
    play_expect("<AlarmName>openasg-g-p</AlarmName>");
}

static void test_what_a_kind_does_not_take_is_refused(void **state)
{
    (void)state;
    play_refused(PUT "ScalingAdjustment=1", "ValidationError",
                 "AdjustmentType must be specified");
    play_refused(PUT "AdjustmentType=ChangeInCapacity", "ValidationError",
                 "ScalingAdjustment must be specified");
    play_refused(PUT "AdjustmentType=ChangeInCapacity&ScalingAdjustment=1&"
                     "MinAdjustmentMagnitude=2",
                 "ValidationError", "MinAdjustmentMagnitude");
    play_refused(PUT "PolicyType=StepScaling&AdjustmentType=ChangeInCapacity&Cooldown=3&"
                     "StepAdjustments.member.1.ScalingAdjustment=1",
                 "ValidationError", "Cooldown is not a valid parameter");
    play_refused(CPU "&Cooldown=3", "ValidationError",
                 "Cooldown is not a valid parameter");
    play_refused(PUT "PolicyType=TargetTrackingScaling", "ValidationError",
                 "TargetTrackingConfiguration must be specified");
    play_refused(PUT "PolicyType=PredictiveScaling", "InvalidAction",
                 "PutScalingPolicy with the PolicyType PredictiveScaling");
    play_refused(TRACKING "TargetValue=50&TargetTrackingConfiguration."
                          "CustomizedMetricSpecification.MetricName=m",
                 "ValidationError", "CustomizedMetricSpecification");
    play_refused(TRACKING "TargetValue=50&TargetTrackingConfiguration."
                          "PredefinedMetricSpecification.PredefinedMetricType="
                          "ALBRequestCountPerTarget",
                 "ValidationError", "ALBRequestCountPerTarget");
    play_refused(PUT "PolicyType=Other", "ValidationError",
                 "Member must satisfy enum value set: [SimpleScaling, StepScaling, "
                 "TargetTrackingScaling, PredictiveScaling]");
}

/* ---- describing ---- */

static const char *const names[] = {"a", "b", "c"};

static void put_policies(const char *group_name)
{
    struct asg_group_config group = group_of(group_name);
    struct asg_policy_config policies[3];
    for (size_t i = 0; i < 3; i++) {
        asg_model_set_defaults(&asg_policy_config_schema, &policies[i]);
        policies[i].group = group_name;
        policies[i].name = names[i];
        policies[i].kind = (enum asg_policy_kind)i;
        policies[i].uuid = i == 0 ? "u0" : i == 1 ? "u1" : "u2";
    }
    struct asg_step steps[] = {{.has_lower = true, .lower_milli = 500, .adjustment = 1}};
    policies[ASG_POLICY_TARGET_TRACKING].metric = ASG_METRIC_NAME_MEMORY;
    policies[ASG_POLICY_TARGET_TRACKING].target_milli = 62500;
    policies[ASG_POLICY_STEP].steps = steps;
    policies[ASG_POLICY_STEP].step_count = 1;
    play_put_group(&group, policies, 3);
}

static void test_policies_are_described(void **state)
{
    (void)state;
    put_policies("g");
    play_ask("Action=DescribePolicies&AutoScalingGroupName=g");
    play_expect("HTTP/1.1 200");
    play_expect("<AutoScalingGroupName>g</AutoScalingGroupName><PolicyName>a"
                "</PolicyName>");
    play_expect("<PolicyType>TargetTrackingScaling</PolicyType><Enabled>true</Enabled>");
    play_expect("<TargetTrackingConfiguration><CustomizedMetricSpecification><MetricName>"
                "memory</MetricName><Namespace>openasg</Namespace><Statistic>Average"
                "</Statistic></CustomizedMetricSpecification><TargetValue>62.5"
                "</TargetValue><DisableScaleIn>false</DisableScaleIn>");
    play_expect("<StepAdjustments><member><MetricIntervalLowerBound>0.5"
                "</MetricIntervalLowerBound><ScalingAdjustment>1</ScalingAdjustment>"
                "</member></StepAdjustments>");
    play_expect("<PolicyType>SimpleScaling</PolicyType>");
    play_expect_not("NextToken");
}

static void test_they_are_chosen_by_name_arn_and_type(void **state)
{
    (void)state;
    put_policies("g");
    play_ask("Action=DescribePolicies&PolicyNames.member.1=b&PolicyNames.member.2=zz");
    play_expect("<PolicyName>b</PolicyName>");
    play_expect_not("<PolicyName>a</PolicyName>");
    play_ask("Action=DescribePolicies&PolicyNames.member.1="
             "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:u2:"
             "autoScalingGroupName/g:policyName/c");
    play_expect("<PolicyName>c</PolicyName>");
    play_expect_not("<PolicyName>b</PolicyName>");
    play_ask("Action=DescribePolicies&PolicyTypes.member.1=StepScaling");
    play_expect("<PolicyName>b</PolicyName>");
    play_expect_not("<PolicyName>c</PolicyName>");
    play_ask("Action=DescribePolicies&PolicyTypes.member.1=PredictiveScaling");
    play_expect("<ScalingPolicies></ScalingPolicies>");
    play_refused("Action=DescribePolicies&PolicyTypes.member.1=Other", "ValidationError",
                 "PolicyTypes");
    play_refused("Action=DescribePolicies&AutoScalingGroupName=none", "ValidationError",
                 "AutoScalingGroup 'none' not found");
}

static const char *next_token(void)
{
    static char token[400];
    const char *at = strstr(play.answer, "<NextToken>");
    if (at == NULL) return "";
    (void)snprintf(token, sizeof token, "%.*s", (int)strcspn(at + 11, "<"), at + 11);
    return token;
}

static void test_pages_go_on_behind_the_last_policy(void **state)
{
    (void)state;
    put_policies("g");
    put_policies("h");
    char form[600];
    int seen = 0;
    (void)snprintf(form, sizeof form, "Action=DescribePolicies&MaxRecords=1");
    for (; seen < 6; seen++) {
        play_ask(form);
        char part[80];
        (void)snprintf(part, sizeof part,
                       "<AutoScalingGroupName>%s</AutoScalingGroupName><PolicyName>%s<",
                       seen < 3 ? "g" : "h", names[seen % 3]);
        play_expect(part);
        (void)snprintf(form, sizeof form,
                       "Action=DescribePolicies&MaxRecords=1&NextToken=%s", next_token());
    }
    assert_string_equal("", next_token());
    play_refused("Action=DescribePolicies&NextToken=0123456789abcdef67",
                 "InvalidNextToken", "NextToken");
    play_refused("Action=DescribePolicies&NextToken=x", "InvalidNextToken", "NextToken");
    /* A token is for its arguments. */
    play_ask("Action=DescribePolicies&MaxRecords=2");
    (void)snprintf(form, sizeof form,
                   "Action=DescribePolicies&AutoScalingGroupName=h&NextToken=%s",
                   next_token());
    play_refused(form, "InvalidNextToken", "NextToken");
}

/* ---- by name or ARN ---- */

#define ARN                                                                              \
    "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:u1:autoScalingGroupName/"  \
    "g:policyName/b"

static void test_an_arn_names_group_and_policy(void **state)
{
    (void)state;
    put_policies("g");
    play_ask("Action=DeletePolicy&PolicyName=" ARN);
    assert_int_equal(1, play.order_count);
    assert_int_equal(ASG_COMMAND_POLICY_DELETE, play.order.kind);
    assert_string_equal("g", play.order.group);
    assert_string_equal("b", play.order.name);
    play_refused("Action=DeletePolicy&PolicyName=arn:aws:autoscaling:eu-west-1:"
                 "123456789012:scalingPolicy:u9:autoScalingGroupName/g:policyName/b",
                 "ValidationError", "not found");
    play_refused("Action=DeletePolicy&PolicyName=b", "ValidationError",
                 "AutoScalingGroupName");
}

static void test_a_policy_is_executed(void **state)
{
    (void)state;
    put_policies("g");
    play_ask("Action=ExecutePolicy&PolicyName=" ARN
             "&MetricValue=9.5e1&BreachThreshold=80");
    assert_int_equal(1, play.order_count);
    assert_int_equal(ASG_COMMAND_EXECUTE_POLICY, play.order.kind);
    assert_true(play.order.has_metric_value);
    assert_int_equal(95000, play.order.metric_value_milli);
    assert_int_equal(80000, play.order.breach_threshold_milli);
    play_ask("Action=ExecutePolicy&AutoScalingGroupName=g&PolicyName=c&"
             "HonorCooldown=true");
    assert_true(play.order.honor_cooldown);
    assert_false(play.order.has_metric_value);
    play_refused("Action=ExecutePolicy&AutoScalingGroupName=g&PolicyName=b&MetricValue=1",
                 "ValidationError", "go together");
}

/* A ResourceName of the model has 1600 characters, a text of an order fewer. */
static void test_a_name_that_no_order_has_room_for_is_refused(void **state)
{
    (void)state;
    put_policies("g");
    char form[2000] = "Action=DeletePolicy&AutoScalingGroupName=g&PolicyName=";
    size_t length = strlen(form);
    memset(form + length, 'p', 1025);
    play_refused(form, "ValidationError",
                 "name has 1025 bytes; at most 1024 are allowed");
    form[length + 1024] = '\0';
    play_ask(form);
    assert_int_equal(1, play.order_count);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, play_begin, play_end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_target_is_put),
        TEST(test_without_scale_in_there_is_one_alarm),
        TEST(test_bytes_of_a_minute_are_bytes_a_second),
        TEST(test_the_groups_tag_names_another_preset),
        TEST(test_steps_are_put),
        TEST(test_simple_is_what_nobody_names),
        TEST(test_a_put_leaves_the_alarm_that_was_attached),
        TEST(test_what_a_kind_does_not_take_is_refused),
        TEST(test_policies_are_described),
        TEST(test_they_are_chosen_by_name_arn_and_type),
        TEST(test_pages_go_on_behind_the_last_policy),
        TEST(test_an_arn_names_group_and_policy),
        TEST(test_a_policy_is_executed),
        TEST(test_a_name_that_no_order_has_room_for_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
