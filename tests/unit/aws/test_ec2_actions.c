/* What is asked of EC2, field by field, and what is read from its answers. */
#include "lib/check.h"

#include <stdio.h>

#include "aws/ec2_actions.h"
#include "aws/ec2_reply.h"
#include "aws/query.h"

static struct asg_arena arena;
static struct asg_ec2_reply reply;

static int close_all(void **state)
{
    (void)state;
    asg_ec2_reply_clear(&reply);
    asg_arena_clear(&arena);
    return 0;
}

static const void *read_answer(const struct asg_ec2_action *action, const char *text)
{
    asg_ec2_reply_begin(&reply, action, &arena);
    assert_status(ASG_OK, asg_ec2_reply_feed(&reply, text, strlen(text), true));
    return reply.value;
}

static void test_values_are_encoded_and_empty_ones_left_out(void **state)
{
    (void)state;
    struct asg_bytes body = {0};
    asg_query_begin(&body, "Do");
    asg_query_text(&body, "A", "a b*c/~\xc3\xa4&=");
    asg_query_text(&body, "B", "");
    asg_query_text(&body, "C", NULL);
    asg_query_number(&body, "N", -5);
    asg_query_flag(&body, "F", false);
    asg_query_flag(&body, "T", true);
    const char *const list[] = {"x", "y"};
    asg_query_list(&body, "L", list, 2);
    assert_string_equal("Action=Do&Version=2016-11-15&A=a%20b%2Ac%2F~%C3%A4%26%3D&N=-5"
                        "&T=true&L.1=x&L.2=y",
                        asg_bytes_text(&body));
    asg_query_begin(&body, "Again");
    assert_string_equal("Action=Again&Version=2016-11-15", asg_bytes_text(&body));
    asg_bytes_clear(&body);
}

static void test_a_launch_names_one_place(void **state)
{
    (void)state;
    struct asg_bytes body = {0};
    struct asg_ec2_tag tag = {"k", ""};
    struct asg_ec2_run_instances params = {.template_name = "web",
                                           .template_id = "",
                                           .template_version = "3",
                                           .zone = "us-east-1a",
                                           .subnet_id = "subnet-1",
                                           .min_count = 2,
                                           .max_count = 2,
                                           .client_token = "t",
                                           .tags = &tag,
                                           .tag_count = 1,
                                           .is_dry_run = true};
    asg_ec2_write_run_instances(&params, &body);
    assert_string_equal(
        "Action=RunInstances&Version=2016-11-15&LaunchTemplate.LaunchTemplateName=web"
        "&LaunchTemplate.Version=3&SubnetId=subnet-1&MinCount=2&MaxCount=2&ClientToken=t"
        "&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k"
        "&TagSpecification.1.Tag.1.Value=&DryRun=true",
        asg_bytes_text(&body));
    params = (struct asg_ec2_run_instances){.template_id = "lt-1",
                                            .template_name = "web",
                                            .zone = "us-east-1a",
                                            .min_count = 1,
                                            .max_count = 1};
    asg_ec2_write_run_instances(&params, &body);
    assert_string_equal(
        "Action=RunInstances&Version=2016-11-15&LaunchTemplate.LaunchTemplateId=lt-1"
        "&Placement.AvailabilityZone=us-east-1a&MinCount=1&MaxCount=1",
        asg_bytes_text(&body));
    asg_bytes_clear(&body);
}

static void test_filters_are_numbered_with_their_values(void **state)
{
    (void)state;
    struct asg_bytes body = {0};
    const char *const values[] = {"a", "b"};
    const struct asg_ec2_filter filters[] = {{"tag:x", values, 2}, {"zone", values, 1}};
    asg_ec2_write_describe_instances(
        &(struct asg_ec2_describe_instances){
            .filters = filters, .filter_count = 2, .max_results = 200, .next_token = "n"},
        &body);
    assert_string_equal(
        "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3Ax"
        "&Filter.1.Value.1=a&Filter.1.Value.2=b&Filter.2.Name=zone"
        "&Filter.2.Value.1=a&MaxResults=200&NextToken=n",
        asg_bytes_text(&body));
    asg_bytes_clear(&body);
}

static void test_instances_of_several_reservations_are_read(void **state)
{
    (void)state;
    const struct asg_ec2_instances *found = read_answer(
        &asg_ec2_describe_instances_action,
        "<DescribeInstancesResponse><requestId>r-9</requestId><reservationSet><item>"
        "<reservationId>r</reservationId><instancesSet><item><instanceId>i-1</instanceId>"
        "<instanceState><code>16</code><name>running</name></instanceState>"
        "<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName></item>"
        "</blockDeviceMapping><tagSet><item><key>a</key><value>1</value></item><item>"
        "<value>2</value><key>b</key></item></tagSet></item><item><instanceId>i-2"
        "</instanceId><stateReason><code>Server.InternalError</code></stateReason></item>"
        "</instancesSet></item><item><instancesSet><item><instanceId>i-3</instanceId>"
        "<launchTime>2026-11-23T14:36:49.000Z</launchTime></item></instancesSet></item>"
        "</reservationSet><nextToken>n</nextToken></DescribeInstancesResponse>");
    assert_int_equal(3, found->count);
    assert_string_equal("i-1", found->instances[0].instance_id);
    assert_string_equal("running", found->instances[0].state);
    assert_string_equal("2", asg_ec2_instance_tag(&found->instances[0], "b"));
    assert_string_equal("", asg_ec2_instance_tag(&found->instances[0], "c"));
    assert_string_equal("Server.InternalError", found->instances[1].state_reason);
    assert_int_equal(0, found->instances[1].tag_count);
    assert_string_equal("", found->instances[1].private_ip);
    assert_string_equal("i-3", found->instances[2].instance_id);
    assert_int_equal(INT64_C(1795444609000), found->instances[2].launched_ms);
    assert_string_equal("n", found->next_token);
    assert_string_equal("r-9", reply.request_id);
}

static void test_both_forms_of_errors_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "<Response><Errors><Error><Code>C</Code><Message>m</Message></Error></Errors>"
        "<RequestID>r</RequestID></Response>",
        "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>C</Code><Message>m"
        "</Message></Error><RequestId>r</RequestId></ErrorResponse>"};
    for (size_t i = 0; i < 2; i++) {
        (void)read_answer(&asg_ec2_run_instances_action, texts[i]);
        assert_true(reply.is_error);
        assert_string_equal("C", reply.code);
        assert_string_equal("m", reply.message);
        assert_string_equal("r", reply.request_id);
    }
}

static void test_the_answer_of_another_action_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"<DescribeInstancesResponse/>", "<html/>",
                                        "<RunInstancesResponseX/>", "<RunInstances/>"};
    for (size_t i = 0; i < 4; i++) {
        asg_ec2_reply_begin(&reply, &asg_ec2_run_instances_action, &arena);
        assert_status(ASG_ERR_MALFORMED,
                      asg_ec2_reply_feed(&reply, texts[i], strlen(texts[i]), true));
    }
}

static void test_long_words_of_ec2_are_cut_between_characters(void **state)
{
    (void)state;
    struct asg_bytes text = {0};
    asg_bytes_append_text(&text, "<Response><Errors><Error><Code>C</Code><Message>x");
    for (int i = 0; i < 1000; i++) {
        asg_bytes_append_text(&text, "\xc3\xa4");
    }
    asg_bytes_append_text(&text, "</Message></Error></Errors></Response>");
    (void)read_answer(&asg_ec2_run_instances_action, asg_bytes_text(&text));
    assert_int_equal(ASG_EC2_MESSAGE_MAX - 1, strlen(reply.message));
    asg_bytes_clear(&text);
}

static void test_templates_and_versions_are_read(void **state)
{
    (void)state;
    const struct asg_ec2_launch_templates *templates = read_answer(
        &asg_ec2_create_launch_template_action,
        "<CreateLaunchTemplateResponse><launchTemplate><launchTemplateId>lt-1"
        "</launchTemplateId><launchTemplateName>web</launchTemplateName>"
        "<defaultVersionNumber>1</"
        "defaultVersionNumber><latestVersionNumber>18446744073709"
        "551615</latestVersionNumber></launchTemplate></CreateLaunchTemplateResponse>");
    assert_int_equal(1, templates->count);
    assert_true(templates->templates[0].latest_version == UINT64_MAX);
    const struct asg_ec2_template_versions *versions = read_answer(
        &asg_ec2_describe_launch_template_versions_action,
        "<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet><item>"
        "<launchTemplateId>lt-1</launchTemplateId><versionNumber>2</versionNumber>"
        "<defaultVersion>true</defaultVersion><launchTemplateData><imageId>ami</imageId>"
        "<userData>IyEv</userData></launchTemplateData></item><item><versionNumber>"
        "18446744073709551616</versionNumber></item></launchTemplateVersionSet>"
        "</DescribeLaunchTemplateVersionsResponse>");
    assert_int_equal(2, versions->count);
    assert_int_equal(2, versions->versions[0].version);
    assert_true(versions->versions[0].is_default);
    assert_string_equal("IyEv", versions->versions[0].user_data);
    assert_int_equal(0, versions->versions[1].version); /* does not fit */
    assert_string_equal("", versions->versions[1].user_data);
}

static void test_subnets_statuses_and_truths_are_read(void **state)
{
    (void)state;
    const struct asg_ec2_subnets *subnets =
        read_answer(&asg_ec2_describe_subnets_action,
                    "<DescribeSubnetsResponse><subnetSet><item><subnetId>s-1</subnetId>"
                    "<availabilityZone>us-east-1a</availabilityZone>"
                    "<availableIpAddressCount>250</availableIpAddressCount></item>"
                    "</subnetSet></DescribeSubnetsResponse>");
    assert_string_equal("us-east-1a", subnets->subnets[0].zone);
    assert_int_equal(250, subnets->subnets[0].free_addresses);
    const struct asg_ec2_instance_statuses *statuses = read_answer(
        &asg_ec2_describe_instance_status_action,
        "<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>i-1"
        "</instanceId><systemStatus><status>ok</status></systemStatus><instanceStatus>"
        "<status>impaired</status></instanceStatus></item><item><instanceId>i-2"
        "</instanceId></item></instanceStatusSet></DescribeInstanceStatusResponse>");
    assert_true(statuses->statuses[0].is_impaired);
    assert_false(statuses->statuses[1].is_impaired);
    const struct asg_ec2_truth *truth =
        read_answer(&asg_ec2_create_tags_action,
                    "<CreateTagsResponse><return>true</return></CreateTagsResponse>");
    assert_true(truth->is_true);
}

static void test_answers_without_their_items_are_harmless(void **state)
{
    (void)state;
    /* Fields where no item was begun: every action ignores them. */
    for (size_t i = 0; asg_ec2_actions[i] != NULL; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       "<%sResponse><instanceId>x</instanceId><item><a/></item>"
                       "<instancesSet><instanceId>x</instanceId></instancesSet>"
                       "<subnetSet/><launchTemplates><x/></launchTemplates></%sResponse>",
                       asg_ec2_actions[i]->name, asg_ec2_actions[i]->name);
        (void)read_answer(asg_ec2_actions[i], text);
    }
}

static void test_a_launch_gives_its_subnet_to_each_interface(void **state)
{
    (void)state;
    struct asg_bytes body = {0};
    const struct asg_ec2_tag tag = {"k", "v"};
    const struct asg_ec2_parameter parameters[] = {
        {"NetworkInterface.1.DeviceIndex", "0"},
        {"NetworkInterface.2.NetworkInterfaceId", "eni-1"},
        {"NetworkInterface.12.DeviceIndex", "2"},
        {"TagSpecification.1.ResourceType", "volume"},
        {"TagSpecification.1.Tag.1.Value", ""}};
    struct asg_ec2_run_instances params = {.template_id = "lt-1",
                                           .subnet_id = "subnet-1",
                                           .min_count = 1,
                                           .max_count = 2,
                                           .tags = &tag,
                                           .tag_count = 1,
                                           .parameters = parameters,
                                           .parameter_count = 5,
                                           .has_interfaces = true};
    asg_ec2_write_run_instances(&params, &body);
    assert_string_equal(
        "Action=RunInstances&Version=2016-11-15&LaunchTemplate.LaunchTemplateId=lt-1"
        "&NetworkInterface.1.SubnetId=subnet-1&NetworkInterface.12.SubnetId=subnet-1"
        "&MinCount=1&MaxCount=2&TagSpecification.1.ResourceType=instance"
        "&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v"
        "&NetworkInterface.1.DeviceIndex=0"
        "&NetworkInterface.2.NetworkInterfaceId=eni-1&NetworkInterface.12.DeviceIndex=2"
        "&TagSpecification.2.ResourceType=volume&TagSpecification.2.Tag.1.Value=",
        asg_bytes_text(&body));
    asg_bytes_clear(&body);
}

/* The next parameter that says something: containers are listed too. */
static const struct asg_ec2_parameter *next_said(
    const struct asg_ec2_template_version *version, size_t *at)
{
    while (*at < version->parameter_count && version->parameters[*at].value[0] == '\0') {
        ++*at;
    }
    return *at < version->parameter_count ? &version->parameters[(*at)++] : NULL;
}

static void test_parameters_of_a_version_are_numbered(void **state)
{
    (void)state;
    const struct asg_ec2_template_versions *versions = read_answer(
        &asg_ec2_describe_launch_template_versions_action,
        "<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet><item>"
        "<launchTemplateData><networkInterfaceSet><item><deviceIndex>0</deviceIndex>"
        "<groupSet><item>sg-1</item><item>sg-2</item></groupSet><ipv6AddressesSet/>"
        "<privateIpAddressesSet><item><primary>true</primary></item>"
        "</privateIpAddressesSet></item><item><deviceIndex>1</deviceIndex><groupSet>"
        "<item>sg-3</item></groupSet></item></networkInterfaceSet><tagSpecificationSet>"
        "<item><resourceType>volume</resourceType><tagSet><item><key>a</key></item>"
        "<item><key>b</key></item></tagSet></item></tagSpecificationSet>"
        "<monitoring><enabled>true</enabled></monitoring></launchTemplateData>"
        "</item></launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>");
    assert_int_equal(1, versions->count);
    const struct asg_ec2_parameter wanted[] = {
        {"networkInterfaceSet/1/deviceIndex", "0"},
        {"networkInterfaceSet/1/groupSet/1", "sg-1"},
        {"networkInterfaceSet/1/groupSet/2", "sg-2"},
        {"networkInterfaceSet/1/privateIpAddressesSet/1/primary", "true"},
        {"networkInterfaceSet/2/deviceIndex", "1"},
        {"networkInterfaceSet/2/groupSet/1", "sg-3"},
        {"tagSpecificationSet/1/resourceType", "volume"},
        {"tagSpecificationSet/1/tagSet/1/key", "a"},
        {"tagSpecificationSet/1/tagSet/2/key", "b"},
        {"monitoring/enabled", "true"},
    };
    const struct asg_ec2_template_version *version = &versions->versions[0];
    size_t at = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const struct asg_ec2_parameter *found = next_said(version, &at);
        assert_non_null(found);
        assert_string_equal(wanted[i].name, found->name);
        assert_string_equal(wanted[i].value, found->value);
    }
    assert_null(next_said(version, &at));
}

static void test_the_earliest_event_that_is_not_over_is_read(void **state)
{
    (void)state;
    const struct asg_ec2_instance_statuses *statuses = read_answer(
        &asg_ec2_describe_instance_status_action,
        "<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>i-1"
        "</instanceId><eventsSet><item><code>system-reboot</code><description>[Completed]"
        " x</description><notBefore>2026-11-01T00:00:00.000Z</notBefore></item><item>"
        "<code>instance-stop</code><description>x</description>"
        "<notBefore>2026-11-03T00:00:00.000Z</notBefore></item><item>"
        "<code>instance-retirement</code><description>x</description>"
        "<notBefore>2026-11-02T00:00:00.000Z</notBefore></item></eventsSet></item><item>"
        "<instanceId>i-2</instanceId><eventsSet><item><code>system-reboot</code>"
        "<description>[Canceled] y</description></item></eventsSet></item>"
        "</instanceStatusSet></DescribeInstanceStatusResponse>");
    assert_int_equal(2, statuses->count);
    assert_string_equal("instance-retirement", statuses->statuses[0].event_code);
    assert_true(statuses->statuses[0].event_ms == INT64_C(1793577600000));
    assert_string_equal("", statuses->statuses[1].event_code);
}

static void test_a_fleet_is_instant_and_says_only_what_it_buys(void **state)
{
    (void)state;
    struct asg_bytes body = {0};
    const struct asg_ec2_tag tag = {"k", "v"};
    const struct asg_ec2_fleet_override overrides[] = {
        {"t3.small", "subnet-1", "us-east-1a", "0.02", 1},
        {"t3.large", "", "us-east-1a", "", 0},
    };
    struct asg_ec2_create_fleet params = {.template_id = "lt-1",
                                          .template_name = "web",
                                          .template_version = "3",
                                          .overrides = overrides,
                                          .override_count = 2,
                                          .on_demand_count = 2,
                                          .spot_count = 3,
                                          .on_demand_strategy = "prioritized",
                                          .spot_strategy = "lowest-price",
                                          .spot_pools = 2,
                                          .client_token = "t",
                                          .tags = &tag,
                                          .tag_count = 1};
    asg_ec2_write_create_fleet(&params, &body);
    assert_string_equal(
        "Action=CreateFleet&Version=2016-11-15&ClientToken=t"
        "&SpotOptions.AllocationStrategy=lowest-price"
        "&SpotOptions.InstancePoolsToUseCount=2"
        "&OnDemandOptions.AllocationStrategy=prioritized"
        "&LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateId=lt-1"
        "&LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version=3"
        "&LaunchTemplateConfigs.1.Overrides.1.InstanceType=t3.small"
        "&LaunchTemplateConfigs.1.Overrides.1.MaxPrice=0.02"
        "&LaunchTemplateConfigs.1.Overrides.1.SubnetId=subnet-1"
        "&LaunchTemplateConfigs.1.Overrides.1.Priority=1.0"
        "&LaunchTemplateConfigs.1.Overrides.2.InstanceType=t3.large"
        "&LaunchTemplateConfigs.1.Overrides.2.AvailabilityZone=us-east-1a"
        "&TargetCapacitySpecification.TotalTargetCapacity=5"
        "&TargetCapacitySpecification.OnDemandTargetCapacity=2"
        "&TargetCapacitySpecification.SpotTargetCapacity=3"
        "&TargetCapacitySpecification.DefaultTargetCapacityType=spot&Type=instant"
        "&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k"
        "&TagSpecification.1.Tag.1.Value=v&TagSpecification.2.ResourceType=fleet"
        "&TagSpecification.2.Tag.1.Key=k&TagSpecification.2.Tag.1.Value=v",
        asg_bytes_text(&body));
    params = (struct asg_ec2_create_fleet){.template_name = "web",
                                           .template_version = "3",
                                           .on_demand_count = 1,
                                           .on_demand_strategy = "lowest-price",
                                           .spot_strategy = "diversified",
                                           .spot_pools = 2,
                                           .is_dry_run = true};
    asg_ec2_write_create_fleet(&params, &body);
    assert_string_equal(
        "Action=CreateFleet&Version=2016-11-15&DryRun=true"
        "&OnDemandOptions.AllocationStrategy=lowest-price"
        "&LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName=web"
        "&LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version=3"
        "&TargetCapacitySpecification.TotalTargetCapacity=1"
        "&TargetCapacitySpecification.OnDemandTargetCapacity=1"
        "&TargetCapacitySpecification.SpotTargetCapacity=0"
        "&TargetCapacitySpecification.DefaultTargetCapacityType=on-demand&Type=instant",
        asg_bytes_text(&body));
    asg_bytes_clear(&body);
}

static void test_of_a_fleet_both_lists_are_read(void **state)
{
    (void)state;
    const struct asg_ec2_fleet *fleet = read_answer(
        &asg_ec2_create_fleet_action,
        "<CreateFleetResponse><requestId>r</requestId><fleetId>fleet-1</fleetId>"
        "<errorSet><item><launchTemplateAndOverrides><overrides>"
        "<instanceType>t3.small</instanceType><subnetId>subnet-1</subnetId></overrides>"
        "</launchTemplateAndOverrides><lifecycle>spot</lifecycle>"
        "<errorCode>InsufficientInstanceCapacity</errorCode>"
        "<errorMessage>none left</errorMessage></item></errorSet>"
        "<fleetInstanceSet><item><launchTemplateAndOverrides><overrides>"
        "<instanceType>t3.large</instanceType><subnetId>subnet-1</subnetId></overrides>"
        "</launchTemplateAndOverrides><lifecycle>on-demand</lifecycle>"
        "<instanceIds><item>i-1</item><item>i-2</item></instanceIds>"
        "<instanceType>t3.large</instanceType></item>"
        "<item><lifecycle>spot</lifecycle><instanceIds><item>i-3</item></instanceIds>"
        "<instanceType>m5.large</instanceType></item></fleetInstanceSet>"
        "</CreateFleetResponse>");
    assert_string_equal("fleet-1", fleet->fleet_id);
    assert_int_equal(1, fleet->error_count);
    assert_string_equal("t3.small", fleet->errors[0].instance_type);
    assert_string_equal("subnet-1", fleet->errors[0].subnet_id);
    assert_string_equal("spot", fleet->errors[0].lifecycle);
    assert_string_equal("InsufficientInstanceCapacity", fleet->errors[0].code);
    assert_string_equal("none left", fleet->errors[0].message);
    assert_int_equal(2, fleet->count);
    assert_string_equal("t3.large", fleet->instances[0].instance_type);
    assert_string_equal("on-demand", fleet->instances[0].lifecycle);
    assert_int_equal(2, fleet->instances[0].id_count);
    assert_string_equal("i-2", fleet->instances[0].instance_ids[1]);
    assert_string_equal("", fleet->instances[1].subnet_id);
    assert_int_equal(1, fleet->instances[1].id_count);
    assert_string_equal("i-3", fleet->instances[1].instance_ids[0]);
}

static void test_a_template_of_ours_is_tagged_and_deleted_by_name(void **state)
{
    (void)state;
    struct asg_bytes body = {0};
    const struct asg_ec2_tag tag = {"k", "v"};
    asg_ec2_write_create_launch_template(
        &(struct asg_ec2_create_launch_template){
            .template_name = "web", .client_token = "t", .tags = &tag, .tag_count = 1},
        &body);
    assert_string_equal(
        "Action=CreateLaunchTemplate&Version=2016-11-15"
        "&LaunchTemplateName=web&ClientToken=t"
        "&TagSpecification.1.ResourceType=launch-template"
        "&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v",
        asg_bytes_text(&body));
    asg_ec2_write_delete_launch_template(
        &(struct asg_ec2_delete_launch_template){.template_name = "web"}, &body);
    assert_string_equal("Action=DeleteLaunchTemplate&Version=2016-11-15"
                        "&LaunchTemplateName=web",
                        asg_bytes_text(&body));
    asg_bytes_clear(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_launch_gives_its_subnet_to_each_interface),
        cmocka_unit_test_teardown(test_parameters_of_a_version_are_numbered, close_all),
        cmocka_unit_test_teardown(test_the_earliest_event_that_is_not_over_is_read,
                                  close_all),
        cmocka_unit_test(test_values_are_encoded_and_empty_ones_left_out),
        cmocka_unit_test(test_a_launch_names_one_place),
        cmocka_unit_test(test_a_fleet_is_instant_and_says_only_what_it_buys),
        cmocka_unit_test(test_of_a_fleet_both_lists_are_read),
        cmocka_unit_test(test_a_template_of_ours_is_tagged_and_deleted_by_name),
        cmocka_unit_test(test_filters_are_numbered_with_their_values),
        cmocka_unit_test_teardown(test_instances_of_several_reservations_are_read,
                                  close_all),
        cmocka_unit_test_teardown(test_both_forms_of_errors_are_read, close_all),
        cmocka_unit_test_teardown(test_the_answer_of_another_action_is_refused,
                                  close_all),
        cmocka_unit_test_teardown(test_long_words_of_ec2_are_cut_between_characters,
                                  close_all),
        cmocka_unit_test_teardown(test_templates_and_versions_are_read, close_all),
        cmocka_unit_test_teardown(test_subnets_statuses_and_truths_are_read, close_all),
        cmocka_unit_test_teardown(test_answers_without_their_items_are_harmless,
                                  close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
