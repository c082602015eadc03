/* DescribeAutoScalingGroups and DescribeAutoScalingInstances: from pages of a view to
 * what a client reads. */
#include "lib/api_play.h"

#include <stdlib.h>

#include "model/defaults.h"
#include "view/publish.h"

#define GROUPS    "Action=DescribeAutoScalingGroups"
#define INSTANCES "Action=DescribeAutoScalingInstances"

static struct asg_subnet subnets[] = {{.subnet_id = "subnet-1", .zone = "eu-west-1a"},
                                      {.subnet_id = "subnet-2", .zone = "eu-west-1b"},
                                      {.subnet_id = "subnet-3", .zone = "eu-west-1a"}};

static struct asg_group_config config_of(const char *name)
{
    struct asg_group_config config;
    asg_model_set_defaults(&asg_group_config_schema, &config);
    config.name = name;
    config.max = 10;
    config.desired = 2;
    config.uuid = "0f0f0f0f-0000-4000-8000-000000000001";
    config.template_id = "lt-0a";
    config.subnets = subnets;
    config.subnet_count = 3;
    return config;
}

static struct asg_instance_view row_of(const char *id, const char *lifecycle)
{
    return (struct asg_instance_view){.instance_id = id,
                                      .lifecycle = lifecycle,
                                      .is_healthy = true,
                                      .health_reason = "",
                                      .instance_type = "t3.micro",
                                      .subnet_id = "subnet-1",
                                      .zone = "eu-west-1a",
                                      .private_ip = "",
                                      .template_id = "lt-0a",
                                      .template_version = "3",
                                      .launch_configuration = "",
                                      .signs = ""};
}

static uint64_t last_no;

/* Into the draft: the group with these instances, a leaf for each 64. */
static void put(const struct asg_group_view *view, const struct asg_instance_view *rows,
                size_t count)
{
    struct asg_sheet *sheet = asg_sheet_new();
    asg_model_copy(&asg_group_view_schema, view, &sheet->arena, &sheet->content.group);
    const struct asg_leaf *leaves[256];
    size_t leaf_count = 0;
    for (size_t i = 0; i < count; i += ASG_LEAF_ROWS) {
        struct asg_leaf *leaf = asg_leaf_new();
        size_t n = count - i < ASG_LEAF_ROWS ? count - i : ASG_LEAF_ROWS;
        struct asg_instance_view *items = asg_arena_take(&leaf->arena, n * sizeof *items);
        for (size_t k = 0; k < n; k++) {
            asg_model_copy(&asg_instance_view_schema, &rows[i + k], &leaf->arena,
                           &items[k]);
            items[k].no = ++last_no;
            items[k].group = sheet->content.group.config->name;
        }
        leaf->content.items = items;
        leaf->content.count = n;
        leaf->content.counts.instances = (uint32_t)n;
        leaves[leaf_count++] = leaf;
    }
    asg_draft_put(play.view, asg_page_new(sheet, leaves, leaf_count));
}

static void put_plain(const char *name)
{
    struct asg_group_config config = config_of(name);
    const struct asg_group_view view = {.group_no = 1, .config = &config};
    put(&view, NULL, 0);
}

static void test_a_plain_group_has_all_that_is_always_there(void **state)
{
    (void)state;
    struct asg_group_config config = config_of("web");
    const struct asg_instance_view rows[] = {
        row_of("i-1", "InService"), row_of("", "Pending"),
        row_of("i-2", "Terminating:Wait"), row_of("i-3", "Warmed:Stopped"),
        row_of("i-4", "Terminated")};
    const struct asg_group_view view = {
        .group_no = 1, .config = &config, .created_ms = 1795444609678};
    asg_view_begin(play.view, true);
    put(&view, rows, 5);
    asg_view_publish(play.view, 1);
    (void)play_ask(GROUPS);
    play_expect("HTTP/1.1 200");
    play_expect("<DescribeAutoScalingGroupsResult><AutoScalingGroups><member>");
    play_expect("<AutoScalingGroupName>web</AutoScalingGroupName>");
    play_expect("<AutoScalingGroupARN>arn:aws:autoscaling:eu-west-1:123456789012:"
                "autoScalingGroup:0f0f0f0f-0000-4000-8000-000000000001:"
                "autoScalingGroupName/web</AutoScalingGroupARN>");
    play_expect("<MinSize>0</MinSize><MaxSize>10</MaxSize>");
    play_expect("<DesiredCapacity>2</DesiredCapacity>");
    play_expect("<DefaultCooldown>300</DefaultCooldown>");
    play_expect("<AvailabilityZones><member>eu-west-1a</member>"
                "<member>eu-west-1b</member></AvailabilityZones>");
    play_expect("<VPCZoneIdentifier>subnet-1,subnet-2,subnet-3</VPCZoneIdentifier>");
    play_expect(
        "<LoadBalancerNames/><TargetGroupARNs/><TrafficSources></TrafficSources>");
    play_expect("<HealthCheckType>EC2</HealthCheckType>"
                "<HealthCheckGracePeriod>0</HealthCheckGracePeriod>");
    play_expect("<CreatedTime>2026-11-23T14:36:49.678Z</CreatedTime>");
    play_expect(
        "<SuspendedProcesses></SuspendedProcesses><EnabledMetrics></EnabledMetrics>");
    play_expect("<Tags></Tags>");
    play_expect("<TerminationPolicies><member>Default</member></TerminationPolicies>");
    play_expect("<NewInstancesProtectedFromScaleIn>false<");
    play_expect("AWSServiceRoleForAutoScaling</ServiceLinkedRoleARN>");
    play_expect("<LaunchTemplate><LaunchTemplateId>lt-0a</LaunchTemplateId>");
    play_expect("<Instances><member><InstanceId>i-1</InstanceId>"
                "<InstanceType>t3.micro</InstanceType>"
                "<AvailabilityZone>eu-west-1a</AvailabilityZone>"
                "<LifecycleState>InService</LifecycleState>"
                "<HealthStatus>Healthy</HealthStatus>"
                "<ProtectedFromScaleIn>false</ProtectedFromScaleIn>"
                "<LaunchTemplate><LaunchTemplateId>lt-0a</LaunchTemplateId>"
                "<Version>3</Version></LaunchTemplate></member>");
    play_expect("<LifecycleState>Terminating:Wait</LifecycleState>");
    play_expect("</member></Instances>");
    play_expect("</AutoScalingGroups></DescribeAutoScalingGroupsResult>"
                "<ResponseMetadata>");
    static const char *const absent[] = {"i-3",
                                         "i-4",
                                         "<InstanceId></InstanceId>",
                                         "<NextToken",
                                         "<Status>",
                                         "<CapacityRebalance>",
                                         "<WarmPool",
                                         "<PlacementGroup",
                                         "<DefaultInstanceWarmup>",
                                         "<MixedInst",
                                         "<DeletionProtection",
                                         "<LaunchConfigurationName>"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        play_expect_not(absent[i]);
    }
    (void)play_ask(GROUPS "&IncludeInstances=false");
    play_expect_not("Instances>");
    (void)play_ask(INSTANCES);
    play_expect("<InstanceId>i-1</InstanceId>"
                "<AutoScalingGroupName>web</AutoScalingGroupName>");
    play_expect("<HealthStatus>HEALTHY</HealthStatus>");
    play_expect("<LifecycleState>Warmed:Stopped</LifecycleState>");
    play_expect_not("i-4");
}

static void test_a_group_with_everything(void **state)
{
    (void)state;
    struct asg_group_config config = config_of("a<&>b");
    struct asg_kept_member kept[] = {
        {"CapacityRebalance", "false"}, /* another order than the API's came later */
        {"DeletionProtection", "prevent-all-deletion"}, /* so here */
        {"HealthCheckType", "ELB,EC2"},
        {"InstanceMaintenancePolicy.MaxHealthyPercentage", "120"},
        {"InstanceMaintenancePolicy.MinHealthyPercentage", "90"},
        {"LaunchTemplate.LaunchTemplateId", "lt-0a"},
        {"LaunchTemplate.LaunchTemplateName", "web"},
        {"LaunchTemplate.Version", "$Latest"},
        {"PlacementGroup", "pg"}};
    struct asg_tag tags[] = {{.key = "k", .value = "v"},
                             {.key = "l", .value = "", .stays = true}};
    struct asg_source sources[] = {
        {.kind = ASG_SOURCE_LOAD_BALANCER, .identifier = "lb"},
        {.kind = ASG_SOURCE_TARGET_GROUP, .identifier = "arn:tg"}};
    struct asg_suspension_view suspensions[] = {
        {.process = ASG_PROCESS_LAUNCH, .since_ms = 1795444609678, .reason = ""}};
    const char *policies[] = {"oldest-instance", "default"};
    config.kept = kept;
    config.kept_count = sizeof kept / sizeof kept[0];
    config.tags = tags;
    config.tag_count = 2;
    config.sources = sources;
    config.source_count = 2;
    config.termination_policies = (struct asg_texts){policies, 2};
    config.template_version = "$Latest";
    config.warmup_ms = 0;
    config.capacity_rebalance = true;
    config.collected_metrics = 1;
    const struct asg_group_view view = {.group_no = 1,
                                        .config = &config,
                                        .is_deleting = true,
                                        .suspensions = suspensions,
                                        .suspension_count = 1};
    struct asg_instance_view row = row_of("i-1", "InService");
    row.is_healthy = false;
    asg_view_begin(play.view, true);
    put(&view, &row, 1);
    asg_view_publish(play.view, 1);
    (void)play_ask(GROUPS);
    play_expect("<AutoScalingGroupName>a&lt;&amp;&gt;b</AutoScalingGroupName>");
    play_expect("<HealthCheckType>ELB,EC2</HealthCheckType>");
    play_expect("<DefaultInstanceWarmup>0</DefaultInstanceWarmup>");
    play_expect("<Status>Delete in progress</Status>");
    play_expect("<CapacityRebalance>true</CapacityRebalance>");
    play_expect_not("<CapacityRebalance>false");
    play_expect("<DeletionProtection>none</DeletionProtection>");
    play_expect("<LoadBalancerNames><member>lb</member></LoadBalancerNames>");
    play_expect("<TargetGroupARNs><member>arn:tg</member></TargetGroupARNs>");
    play_expect("<member><Identifier>arn:tg</Identifier><Type>elbv2</Type></member>");
    play_expect("<Key>k</Key><Value>v</Value><PropagateAtLaunch>true<");
    play_expect("<Key>l</Key><Value/><PropagateAtLaunch>false<");
    play_expect("<ProcessName>Launch</ProcessName><SuspensionReason>User suspended at "
                "2026-11-23T14:36:49Z</SuspensionReason>");
    play_expect("<Granularity>1Minute</Granularity>");
    play_expect("<TerminationPolicies><member>OldestInstance</member>"
                "<member>Default</member></TerminationPolicies>");
    play_expect("<LaunchTemplateName>web</LaunchTemplateName><Version>$Latest</Version>");
    play_expect("<InstanceMaintenancePolicy>");
    play_expect("<PlacementGroup>pg</PlacementGroup>");
    play_expect("<HealthStatus>Unhealthy</HealthStatus>");
    /* The instance has its template's name, and the number of its version. */
    play_expect("<LaunchTemplateName>web</LaunchTemplateName><Version>3</Version>");
}

static void test_a_newer_order_rules_over_what_was_kept(void **state)
{
    (void)state;
    struct asg_group_config config = config_of("web");
    struct asg_kept_member kept[] = {{"LaunchTemplate.LaunchTemplateId", "lt-old"},
                                     {"LaunchTemplate.LaunchTemplateName", "old"},
                                     {"LaunchTemplate.Version", "1"}};
    const struct asg_mixed mixed = {.on_demand_base = 1, .on_demand_percent = 50};
    const char *types[] = {"t3.micro", "t3.small"};
    config.kept = kept;
    config.kept_count = 3;
    const struct asg_group_view view = {.group_no = 1, .config = &config};
    asg_view_begin(play.view, true);
    put(&view, NULL, 0);
    asg_view_publish(play.view, 1);
    (void)play_ask(GROUPS);
    play_expect("<LaunchTemplate><LaunchTemplateId>lt-0a</LaunchTemplateId>");
    play_expect_not("lt-old");
    config.mixed = &mixed;
    config.instance_types = (struct asg_texts){types, 2};
    asg_view_begin(play.view, true);
    put(&view, NULL, 0);
    asg_view_publish(play.view, 1);
    (void)play_ask(GROUPS);
    play_expect("<MixedInstancesPolicy><LaunchTemplate><LaunchTemplateSpecification>"
                "<LaunchTemplateId>lt-0a</LaunchTemplateId>");
    play_expect("<Overrides><member><InstanceType>t3.micro</InstanceType></member>");
    play_expect("<OnDemandBaseCapacity>1</OnDemandBaseCapacity>");
    play_expect_not("lt-old");
    config.launch_configuration = "lc-1";
    config.mixed = NULL;
    asg_view_begin(play.view, true);
    put(&view, NULL, 0);
    asg_view_publish(play.view, 1);
    (void)play_ask(GROUPS);
    play_expect("<LaunchConfigurationName>lc-1</LaunchConfigurationName>");
    play_expect_not("<LaunchTemplate>");
}

/* The token of the last answer, in a form; "" when there is none. */
static const char *token(void)
{
    static char text[512];
    const char *at = strstr(play.answer, "<NextToken>");
    text[0] = '\0';
    if (at == NULL) return text;
    at += strlen("<NextToken>");
    int length = (int)(strstr(at, "</NextToken>") - at);
    size_t used = (size_t)snprintf(text, sizeof text, "&NextToken=");
    for (int i = 0; i < length; i++) {
        bool is_plain = strchr("+/=", at[i]) == NULL;
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 is_plain ? "%c" : "%%%02X", at[i]);
    }
    return text;
}

static void test_pages_of_groups(void **state)
{
    (void)state;
    asg_view_begin(play.view, true);
    for (int i = 0; i < 120; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "g%03d", i);
        put_plain(name);
    }
    asg_view_publish(play.view, 1);
    (void)play_ask(GROUPS);
    play_expect(">g000<");
    play_expect(">g049<");
    play_expect_not(">g050<");
    char form[1024];
    (void)snprintf(form, sizeof form, "%s%s", GROUPS, token());
    /* One that the token has passed, and one that it has not, go meanwhile. */
    asg_view_begin(play.view, false);
    asg_draft_take_out(play.view, "g049", 1);
    asg_draft_take_out(play.view, "g050", 1);
    asg_view_publish(play.view, 2);
    (void)play_ask(form);
    play_expect(">g051<");
    play_expect(">g100<");
    play_expect_not(">g101<");
    (void)snprintf(form, sizeof form, "%s%s", GROUPS, token());
    (void)play_ask(form);
    play_expect(">g101<");
    play_expect(">g119<");
    assert_string_equal("", token());
    (void)play_ask(GROUPS "&MaxRecords=100");
    play_expect(">g101<");
    (void)snprintf(form, sizeof form, "%s&IncludeInstances=false%s", GROUPS, token());
    play_refused(form, "InvalidNextToken", "");
    play_refused(GROUPS "&NextToken=abc", "InvalidNextToken", "");
    play_refused(GROUPS "&MaxRecords=101", "ValidationError", "maxRecords");
}

static void test_groups_by_name(void **state)
{
    (void)state;
    asg_view_begin(play.view, true);
    put_plain("api");
    put_plain("web");
    put_plain("x");
    asg_view_publish(play.view, 1);
    (void)play_ask(GROUPS "&AutoScalingGroupNames.member.1=web&"
                          "AutoScalingGroupNames.member.2=unknown&"
                          "AutoScalingGroupNames.member.3=api&"
                          "AutoScalingGroupNames.member.4=web&MaxRecords=1");
    play_expect(">api<");
    play_expect_not(">web<");
    char form[2048];
    (void)snprintf(form, sizeof form,
                   "%s&AutoScalingGroupNames.member.1=web&"
                   "AutoScalingGroupNames.member.2=unknown&"
                   "AutoScalingGroupNames.member.3=api&"
                   "AutoScalingGroupNames.member.4=web&MaxRecords=1%s",
                   GROUPS, token());
    (void)play_ask(form);
    play_expect(">web<");
    play_expect_not(">api<");
    assert_string_equal("", token());
    (void)play_ask(GROUPS "&AutoScalingGroupNames.member.1=unknown");
    play_expect("<AutoScalingGroups></AutoScalingGroups>");
    size_t used = (size_t)snprintf(form, sizeof form, "%s", GROUPS);
    for (int i = 1; i <= 51; i++) {
        used += (size_t)snprintf(form + used, sizeof form - used,
                                 "&AutoScalingGroupNames.member.%d=%d", i, i);
    }
    play_refused(form, "ValidationError",
                 "The number of group names that may be passed in is limited to 50");
    (void)snprintf(form + used, sizeof form - used, "&MaxRecords=60");
    (void)play_ask(form);
    play_expect("HTTP/1.1 200");
}

static void test_groups_by_tag(void **state)
{
    (void)state;
    struct asg_tag of_web[] = {{.key = "team", .value = "a"}, {.key = "x", .value = "1"}};
    struct asg_tag of_api[] = {{.key = "team", .value = "b"}};
    struct asg_group_config web = config_of("web");
    struct asg_group_config api = config_of("api");
    web.tags = of_web;
    web.tag_count = 2;
    api.tags = of_api;
    api.tag_count = 1;
    asg_view_begin(play.view, true);
    put(&(struct asg_group_view){.group_no = 1, .config = &web}, NULL, 0);
    put(&(struct asg_group_view){.group_no = 2, .config = &api}, NULL, 0);
    put_plain("none");
    asg_view_publish(play.view, 1);
    static const struct {
        const char *filters;
        bool has_web;
        bool has_api;
    } cases[] = {
        {"Filters.member.1.Name=tag-key&Filters.member.1.Values.member.1=team", 1, 1},
        {"Filters.member.1.Name=tag-value&Filters.member.1.Values.member.1=b", 0, 1},
        {"Filters.member.1.Name=tag:team&Filters.member.1.Values.member.1=a", 1, 0},
        {"Filters.member.1.Name=tag:team&Filters.member.1.Values.member.1=a&"
         "Filters.member.1.Values.member.2=b",
         1, 1},
        {"Filters.member.1.Name=tag:team&Filters.member.1.Values.member.1=a&"
         "Filters.member.1.Values.member.2=b&Filters.member.2.Name=tag-key&"
         "Filters.member.2.Values.member.1=x",
         1, 0},
        {"Filters.member.1.Name=tag:x&Filters.member.1.Values.member.1=a", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char form[1024];
        (void)snprintf(form, sizeof form, "%s&%s", GROUPS, cases[i].filters);
        (void)play_ask(form);
        (cases[i].has_web ? play_expect : play_expect_not)(">web<");
        (cases[i].has_api ? play_expect : play_expect_not)(">api<");
        play_expect_not(">none<");
    }
    play_refused(GROUPS "&Filters.member.1.Name=name&Filters.member.1.Values.member.1=a",
                 "ValidationError", "tag-key");
}

/* The members between two words of the answer. */
static size_t count_of(const char *word)
{
    size_t count = 0;
    for (const char *at = play.answer; (at = strstr(at, word)) != NULL; at++) {
        count++;
    }
    return count;
}

static void test_many_instances(void **state)
{
    (void)state;
    static struct asg_instance_view rows[130];
    static char ids[130][16];
    for (size_t i = 0; i < 130; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "i-%04zu", i);
        rows[i] = row_of(ids[i], "InService");
    }
    struct asg_group_config config = config_of("web");
    asg_view_begin(play.view, true);
    put(&(struct asg_group_view){.group_no = 1, .config = &config}, rows, 130);
    config.name = "api";
    put(&(struct asg_group_view){.group_no = 2, .config = &config}, NULL, 0);
    asg_view_publish(play.view, 1);
    for (int i = 0; i < 2; i++) { /* the second time from what the first one rendered */
        (void)play_ask(GROUPS);
        assert_int_equal(130, count_of("<InstanceId>"));
        play_expect("i-0000");
        play_expect("i-0129");
    }
    char form[1024] = INSTANCES;
    size_t seen = 0;
    for (int pages = 0; pages < 4; pages++) {
        (void)play_ask(form);
        play_expect("HTTP/1.1 200");
        seen += count_of("<InstanceId>");
        if (token()[0] == '\0') break;
        (void)snprintf(form, sizeof form, "%s%s", INSTANCES, token());
    }
    assert_int_equal(130, seen);
    play_expect("i-0129");
    (void)play_ask(INSTANCES "&InstanceIds.member.1=i-0007&InstanceIds.member.2=i-none&"
                             "InstanceIds.member.3=i-0100");
    assert_int_equal(2, count_of("<InstanceId>"));
    play_expect("<InstanceId>i-0007</InstanceId>");
    play_expect("<InstanceId>i-0100</InstanceId>");
    play_refused(INSTANCES "&MaxRecords=51", "ValidationError", "maxRecords");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, play_begin, play_end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_plain_group_has_all_that_is_always_there),
        TEST(test_a_group_with_everything),
        TEST(test_a_newer_order_rules_over_what_was_kept),
        TEST(test_pages_of_groups),
        TEST(test_groups_by_name),
        TEST(test_groups_by_tag),
        TEST(test_many_instances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
