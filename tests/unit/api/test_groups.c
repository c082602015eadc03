/* CreateAutoScalingGroup, UpdateAutoScalingGroup and what else changes a group: from a
 * client's form to the order that core gets. */
#include "lib/api_play.h"

#include "api/kept.h"
#include "model/defaults.h"

static const struct asg_told template = {
    .outcome = ASG_TOLD_FOUND,
    .code = "",
    .message = "",
    .template = &(const struct asg_told_template){.template_id = "lt-0a",
                                                  .template_name = "web",
                                                  .default_version = 3,
                                                  .latest_version = 4,
                                                  .version = 3,
                                                  .instance_type = "t3.micro",
                                                  .image_id = "ami-1"}};
static struct asg_told_subnet subnet_rows[] = {
    {.subnet_id = "subnet-1", .zone = "eu-west-1a", .vpc_id = "vpc-1", .state = ""},
    {.subnet_id = "subnet-2", .zone = "eu-west-1b", .vpc_id = "vpc-1", .state = ""}};
static const struct asg_told subnets = {.outcome = ASG_TOLD_FOUND,
                                        .code = "",
                                        .message = "",
                                        .subnets = subnet_rows,
                                        .subnet_count = 2};
static struct asg_told_zone zone_rows[] = {
    {.name = "eu-west-1a", .zone_id = "euw1-az1", .state = ""}};
static const struct asg_told zones = {.outcome = ASG_TOLD_FOUND,
                                      .code = "",
                                      .message = "",
                                      .zones = zone_rows,
                                      .zone_count = 1};
static const struct asg_told no_template = {.outcome = ASG_TOLD_REFUSED,
                                            .code = "InvalidLaunchTemplateId.NotFound",
                                            .message = "The specified launch template, "
                                                       "with template ID lt-9, does not "
                                                       "exist."};

#define CREATE      "Action=CreateAutoScalingGroup&AutoScalingGroupName=g&"
#define UPDATE      "Action=UpdateAutoScalingGroup&AutoScalingGroupName=g&"
#define BY_TEMPLATE "LaunchTemplate.LaunchTemplateName=web&"
#define SIZES       "MinSize=1&MaxSize=5&"
#define SUBNETS     "VPCZoneIdentifier=subnet-1,subnet-2&"
#define MIXED                                                                            \
    "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification."                   \
    "LaunchTemplateId=lt-0a&"

static void tell(const struct asg_told *first, const struct asg_told *second)
{
    play.told[0] = first;
    play.told[1] = second;
}

static const char *kept(const char *path)
{
    return asg_kept_find(play.order.group_config->kept,
                         play.order.group_config->kept_count, path);
}

static bool means(enum asg_group_field field)
{
    return (play.order.group_fields >> field & 1) != 0;
}

/* A worker could not read the question. */
static void test_what_is_too_long_for_ec2_is_not_asked(void **state)
{
    (void)state;
    char form[2048];
    (void)snprintf(form, sizeof form, UPDATE "VPCZoneIdentifier=subnet-%0*d",
                   ASG_TEXT_MAX, 1);
    play_refused(form, "ValidationError", "bytes; at most 1024 are allowed");
    assert_int_equal(0, play.question_count);
}

static void test_a_group_by_template_and_subnets(void **state)
{
    (void)state;
    tell(&template, &subnets);
    play_ask(CREATE BY_TEMPLATE SIZES SUBNETS
             "DesiredCapacity=2&DefaultCooldown=60&HealthCheckGracePeriod=30&"
             "DefaultInstanceWarmup=0&HealthCheckType=ELB,EC2&"
             "TerminationPolicies.member.1=OldestInstance&"
             "TerminationPolicies.member.2=Default&"
             "NewInstancesProtectedFromScaleIn=true&CapacityRebalance=true&"
             "DeletionProtection=prevent-all-deletion&PlacementGroup=pg&Context=c&"
             "Tags.member.1.Key=k&Tags.member.1.Value=v&"
             "Tags.member.1.PropagateAtLaunch=true&Tags.member.2.Key=l&"
             "LoadBalancerNames.member.1=lb&TargetGroupARNs.member.1=arn:tg");
    play_expect("HTTP/1.1 200");
    play_expect("<CreateAutoScalingGroupResponse");
    play_expect_not("Result");
    assert_int_equal(1, play.order_count);
    assert_int_equal(ASG_COMMAND_GROUP_CREATE, play.order.kind);
    assert_string_equal("anna", play.order.actor);
    const struct asg_group_config *config = play.order.group_config;
    assert_string_equal("g", config->name);
    assert_int_equal(1, config->min);
    assert_int_equal(5, config->max);
    assert_int_equal(2, config->desired);
    assert_string_equal("lt-0a", config->template_id);
    assert_string_equal("", config->template_name);
    assert_string_equal("$Default", config->template_version);
    assert_int_equal(3, play.order.template_version); /* what it is now */
    assert_string_equal("web", kept("LaunchTemplate.LaunchTemplateName"));
    assert_string_equal("lt-0a", kept("LaunchTemplate.LaunchTemplateId"));
    assert_string_equal("$Default", kept("LaunchTemplate.Version"));
    assert_int_equal(2, config->subnet_count);
    assert_string_equal("subnet-2", config->subnets[1].subnet_id);
    assert_string_equal("eu-west-1b", config->subnets[1].zone);
    assert_int_equal(60000, config->cooldown_ms);
    assert_int_equal(30000, config->health_grace_ms);
    assert_int_equal(0, config->warmup_ms);
    assert_string_equal("ELB,EC2", kept("HealthCheckType"));
    assert_int_equal(2, config->termination_policies.count);
    assert_string_equal("oldest-instance", config->termination_policies.items[0]);
    assert_string_equal("default", config->termination_policies.items[1]);
    assert_true(config->protect_new_instances);
    assert_true(config->capacity_rebalance);
    assert_int_equal(ASG_DELETION_ALL, config->deletion_protection);
    assert_string_equal("true", kept("CapacityRebalance")); /* it was given */
    assert_string_equal("prevent-all-deletion", kept("DeletionProtection"));
    assert_string_equal("pg", kept("PlacementGroup"));
    assert_string_equal("Placement.GroupName", config->launch_parameters[0].name);
    assert_string_equal("c", kept("Context"));
    assert_int_equal(2, config->tag_count);
    assert_false(config->tags[0].stays);
    assert_true(config->tags[1].stays);
    assert_int_equal(2, config->source_count);
    assert_int_equal(ASG_SOURCE_TARGET_GROUP, config->sources[1].kind);
    assert_int_equal(ASG_UUID_LENGTH, strlen(config->uuid));
    assert_null(config->mixed);
}

static void test_defaults_are_those_of_the_service(void **state)
{
    (void)state;
    tell(&template, &zones);
    play_ask(CREATE BY_TEMPLATE SIZES "AvailabilityZones.member.1=eu-west-1a");
    assert_int_equal(1, play.order_count);
    assert_int_equal(ASG_QUESTION_ZONES, play.question.kind);
    const struct asg_group_config *config = play.order.group_config;
    assert_int_equal(1, config->desired);
    assert_int_equal(300000, config->cooldown_ms);
    assert_int_equal(0, config->health_grace_ms);
    assert_int_equal(ASG_UNSET, config->warmup_ms);
    assert_string_equal("", config->subnets[0].subnet_id);
    assert_string_equal("eu-west-1a", config->subnets[0].zone);
    assert_false(config->protect_new_instances);
    assert_null(kept("HealthCheckType"));
    assert_null(kept("CapacityRebalance"));
    assert_null(kept("DeletionProtection"));
}

static void test_a_default_that_was_given_is_kept(void **state)
{
    (void)state;
    tell(&template, &zones);
    play_ask(CREATE BY_TEMPLATE SIZES "AvailabilityZones.member.1=eu-west-1a&"
                                      "CapacityRebalance=false&DeletionProtection=none");
    assert_int_equal(1, play.order_count);
    assert_false(play.order.group_config->capacity_rebalance);
    assert_int_equal(0, play.order.group_config->deletion_protection);
    assert_string_equal("false", kept("CapacityRebalance"));
    assert_string_equal("none", kept("DeletionProtection"));
}

static void test_a_mixed_policy_is_read_and_kept_whole(void **state)
{
    (void)state;
    tell(&template, &subnets);
    play_ask(CREATE SIZES SUBNETS MIXED
             "MixedInstancesPolicy.LaunchTemplate.Overrides.member.2.InstanceType=m5.l&"
             "MixedInstancesPolicy.LaunchTemplate.Overrides.member.1.InstanceType=c5.l&"
             "MixedInstancesPolicy.InstancesDistribution.OnDemandBaseCapacity=2&"
             "MixedInstancesPolicy.InstancesDistribution.SpotAllocationStrategy="
             "price-capacity-optimized&"
             "MixedInstancesPolicy.InstancesDistribution."
             "OnDemandPercentageAboveBaseCapacity=25");
    assert_int_equal(1, play.order_count);
    const struct asg_group_config *config = play.order.group_config;
    assert_int_equal(2, config->instance_types.count);
    assert_string_equal("c5.l", config->instance_types.items[0]);
    assert_int_equal(2, config->mixed->on_demand_base);
    assert_int_equal(25, config->mixed->on_demand_percent);
    assert_int_equal(ASG_SPOT_PRICE_CAPACITY_OPTIMIZED, config->mixed->spot_strategy);
    assert_int_equal(ASG_ON_DEMAND_PRIORITIZED, config->mixed->on_demand_strategy);
    assert_string_equal(
        "web", kept("MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification."
                    "LaunchTemplateName"));
    assert_string_equal("m5.l",
                        kept("MixedInstancesPolicy.LaunchTemplate.Overrides.member.2."
                             "InstanceType"));
    assert_string_equal("prioritized", kept("MixedInstancesPolicy.InstancesDistribution."
                                            "OnDemandAllocationStrategy"));
    assert_null(kept("MixedInstancesPolicy.InstancesDistribution.SpotInstancePools"));
    assert_null(kept("LaunchTemplate"));
}

static void test_a_group_like_an_instance(void **state)
{
    (void)state;
    static const char *groups[] = {"sg-1"};
    static struct asg_told_instance rows[] = {{.instance_id = "i-1",
                                               .instance_type = "m5.large",
                                               .zone = "eu-west-1b",
                                               .subnet_id = "subnet-2",
                                               .image_id = "ami-1",
                                               .key_name = "key",
                                               .security_group_ids = {groups, 1},
                                               .instance_profile = "",
                                               .kernel_id = "",
                                               .ramdisk_id = "",
                                               .tenancy = "default",
                                               .vpc_id = "",
                                               .private_ip = ""}};
    static const struct asg_told instance = {.outcome = ASG_TOLD_FOUND,
                                             .code = "",
                                             .message = "",
                                             .instances = rows,
                                             .instance_count = 1};
    tell(&instance, NULL);
    play_ask(CREATE SIZES "InstanceId=i-1");
    assert_int_equal(2, play.order_count);
    assert_int_equal(ASG_COMMAND_LAUNCH_CONFIGURATION_PUT, play.first_order.kind);
    assert_string_equal("g", play.first_order.launch_configuration->name);
    assert_int_equal(ASG_COMMAND_GROUP_CREATE, play.order.kind);
    assert_string_equal("g", play.order.group_config->launch_configuration);
    assert_string_equal("subnet-2", play.order.group_config->subnets[0].subnet_id);
    tell(&instance, &subnets);
    play_ask(CREATE SIZES SUBNETS "InstanceId=i-1");
    assert_int_equal(2, play.order_count);
    assert_int_equal(2, play.order.group_config->subnet_count);
    /* No configuration is left behind by a name that is taken. */
    struct asg_group_config taken;
    asg_model_set_defaults(&asg_group_config_schema, &taken);
    taken.name = "g";
    play_put_group(&taken, NULL, 0);
    tell(&instance, NULL);
    play_refused(CREATE SIZES "InstanceId=i-1", "AlreadyExists",
                 "A group with the name g");
}

static void test_newer_members_are_kept_as_they_came(void **state)
{
    (void)state;
    tell(&template, &subnets);
    play_ask(CREATE BY_TEMPLATE SIZES SUBNETS
             "InstanceMaintenancePolicy.MinHealthyPercentage=90&"
             "InstanceMaintenancePolicy.MaxHealthyPercentage=120&"
             "AvailabilityZoneDistribution.CapacityDistributionStrategy=balanced-only&"
             "AvailabilityZoneImpairmentPolicy.ZonalShiftEnabled=True&"
             "CapacityReservationSpecification.CapacityReservationPreference=none&"
             "InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon=retain&"
             "SkipZonalShiftValidation=true&MaxInstanceLifetime=0");
    assert_int_equal(1, play.order_count);
    assert_string_equal("90", kept("InstanceMaintenancePolicy.MinHealthyPercentage"));
    assert_string_equal(
        "balanced-only",
        kept("AvailabilityZoneDistribution.CapacityDistributionStrategy"));
    assert_string_equal("true",
                        kept("AvailabilityZoneImpairmentPolicy.ZonalShiftEnabled"));
    assert_string_equal(
        "none", kept("CapacityReservationSpecification.CapacityReservationPreference"));
    assert_string_equal("retain", kept("InstanceLifecyclePolicy.RetentionTriggers."
                                       "TerminateHookAbandon"));
    assert_null(kept("SkipZonalShiftValidation"));
}

static void test_what_is_not_built_is_refused_by_its_name(void **state)
{
    (void)state;
    tell(&template, &subnets);
    static const char *const forms[][2] = {
        {CREATE BY_TEMPLATE SIZES SUBNETS "MaxInstanceLifetime=86400",
         "MaxInstanceLifetime"},
        {CREATE BY_TEMPLATE SIZES SUBNETS
         "LifecycleHookSpecificationList.member.1.LifecycleHookName=h&"
         "LifecycleHookSpecificationList.member.1.LifecycleTransition="
         "autoscaling:EC2_INSTANCE_LAUNCHING",
         "LifecycleHookSpecificationList"},
        {CREATE SIZES SUBNETS MIXED
         "MixedInstancesPolicy.LaunchTemplate.Overrides.member.1.WeightedCapacity=2",
         "WeightedCapacity of an override"},
        {CREATE BY_TEMPLATE SIZES SUBNETS "DesiredCapacityType=vcpu",
         "DesiredCapacityType other than units"},
        {CREATE BY_TEMPLATE SIZES SUBNETS "TerminationPolicies.member.1=arn:aws:lambda:f",
         "TerminationPolicies"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        play_refused(forms[i][0], "ValidationError", forms[i][1]);
        play_expect(": openasg does not have this yet");
    }
}

static void test_what_contradicts_itself_is_refused(void **state)
{
    (void)state;
    tell(&template, &subnets);
    play_refused(CREATE SIZES SUBNETS, "ValidationError",
                 "Valid requests must contain either LaunchTemplate, "
                 "LaunchConfigurationName, InstanceId or MixedInstancesPolicy");
    play_refused(CREATE BY_TEMPLATE "LaunchConfigurationName=l&" SIZES SUBNETS,
                 "ValidationError", "Valid requests must contain either LaunchTemplate");
    play_refused(CREATE BY_TEMPLATE SIZES, "ValidationError",
                 "At least one Availability Zone or VPC Subnet is required.");
    play_refused(CREATE BY_TEMPLATE "MinSize=3&MaxSize=2&" SUBNETS, "ValidationError",
                 "Max bound, 2, must be greater than or equal to min bound, 3");
    play_refused(CREATE BY_TEMPLATE SIZES SUBNETS "DesiredCapacity=6", "ValidationError",
                 "Desired capacity:6 must be between the specified min size:1 and max "
                 "size:5");
    play_refused(CREATE BY_TEMPLATE
                 "LaunchTemplate.LaunchTemplateId=lt-0a&" SIZES SUBNETS,
                 "ValidationError", "either launchTemplateId or LaunchTemplateName");
    play_refused(CREATE BY_TEMPLATE SIZES SUBNETS "HealthCheckType=EC2,ELP",
                 "ValidationError", "HealthCheckType");
    play_refused(CREATE BY_TEMPLATE SIZES SUBNETS
                 "TerminationPolicies.member.1=Default&"
                 "TerminationPolicies.member.2=OldestInstance",
                 "ValidationError", "Default must be the last policy");
    play_refused(CREATE BY_TEMPLATE SIZES "VPCZoneIdentifier=subnet-1,,subnet-2",
                 "ValidationError", "VPCZoneIdentifier");
    play_refused(CREATE BY_TEMPLATE SIZES "VPCZoneIdentifier=subnet-1,subnet-1",
                 "ValidationError", "VPCZoneIdentifier");
    play_refused(CREATE BY_TEMPLATE SIZES SUBNETS
                 "Tags.member.1.Key=k&Tags.member.2.Key=k",
                 "ValidationError", "Duplicate tag keys found: k");
    play_refused(CREATE BY_TEMPLATE SIZES SUBNETS
                 "InstanceMaintenancePolicy.MinHealthyPercentage=90",
                 "ValidationError", "InstanceMaintenancePolicy");
    play_refused("Action=CreateAutoScalingGroup&MinSize=-1&" BY_TEMPLATE,
                 "ValidationError",
                 "3 validation errors detected: Value '-1' at 'minSize'");
}

static void test_zones_must_be_those_of_the_subnets(void **state)
{
    (void)state;
    tell(&template, &subnets);
    play_refused(CREATE BY_TEMPLATE SIZES SUBNETS "AvailabilityZones.member.1=eu-west-1a",
                 "ValidationError",
                 "The availability zones of the specified subnets and the Auto Scaling "
                 "group do not match");
    play_ask(CREATE BY_TEMPLATE SIZES SUBNETS
             "AvailabilityZones.member.1=eu-west-1b&AvailabilityZones.member.2="
             "eu-west-1a");
    assert_int_equal(1, play.order_count);
}

static void test_ids_of_zones_are_asked_and_given_back(void **state)
{
    (void)state;
    tell(&template, &zones);
    play_ask(CREATE BY_TEMPLATE SIZES "AvailabilityZoneIds.member.1=euw1-az1");
    assert_int_equal(1, play.order_count);
    assert_string_equal("euw1-az1", play.question.ids.items[0]);
    assert_string_equal("eu-west-1a", play.order.group_config->subnets[0].zone);
    assert_string_equal("euw1-az1", kept("AvailabilityZoneIds.member.1"));
    tell(&subnets, NULL);
    play_ask(UPDATE SUBNETS);
    assert_string_equal("", kept("AvailabilityZoneIds"));
    play_refused(CREATE BY_TEMPLATE SIZES "AvailabilityZoneIds.member.1=euw1-az1&"
                                          "AvailabilityZones.member.1=eu-west-1a",
                 "ValidationError", "AvailabilityZones and AvailabilityZoneIds");
}

static void test_what_ec2_refuses_is_said(void **state)
{
    (void)state;
    tell(&no_template, NULL);
    play_refused(
        CREATE "LaunchTemplate.LaunchTemplateId=lt-9&" SIZES SUBNETS, "ValidationError",
        "You must use a valid fully-formed launch template. The specified launch "
        "template, with template ID lt-9, does not exist.");
    tell(NULL, NULL); /* nobody can ask */
    play_refused(CREATE BY_TEMPLATE SIZES SUBNETS, "ServiceUnavailable", "no worker");
    play_expect("HTTP/1.1 503");
}

static void test_an_update_says_only_what_was_sent(void **state)
{
    (void)state;
    play_ask(UPDATE "MaxSize=9");
    assert_int_equal(ASG_COMMAND_GROUP_UPDATE, play.order.kind);
    assert_string_equal("g", play.order.group);
    assert_int_equal(UINT64_C(1) << ASG_GROUP_MAX, play.order.group_fields);
    assert_int_equal(9, play.order.group_config->max);
    play_ask(UPDATE "TerminationPolicies=&PlacementGroup=&DefaultInstanceWarmup=-1&"
                    "InstanceMaintenancePolicy.MinHealthyPercentage=-1&"
                    "InstanceMaintenancePolicy.MaxHealthyPercentage=-1");
    assert_true(means(ASG_GROUP_TERMINATION_POLICIES));
    assert_string_equal("default",
                        play.order.group_config->termination_policies.items[0]);
    assert_string_equal("", kept("PlacementGroup"));
    assert_string_equal("", kept("InstanceMaintenancePolicy"));
    assert_true(means(ASG_GROUP_LAUNCH_PARAMETERS));
    assert_int_equal(0, play.order.group_config->launch_parameter_count);
    assert_true(means(ASG_GROUP_WARMUP));
    assert_int_equal(ASG_UNSET, play.order.group_config->warmup_ms);
    assert_false(means(ASG_GROUP_SUBNETS));
    assert_false(means(ASG_GROUP_TEMPLATE));
}

static void test_a_template_takes_the_place_of_a_mixed_policy(void **state)
{
    (void)state;
    tell(&template, NULL);
    play_ask(UPDATE "LaunchTemplate.LaunchTemplateName=web&LaunchTemplate.Version=4");
    assert_int_equal(1, play.order_count);
    assert_true(means(ASG_GROUP_TEMPLATE));
    assert_true(means(ASG_GROUP_MIXED));
    assert_null(play.order.group_config->mixed);
    assert_string_equal("4", play.order.group_config->template_version);
    assert_string_equal("", kept("MixedInstancesPolicy"));
    play_ask(UPDATE "LaunchConfigurationName=lc");
    assert_string_equal("lc", play.order.group_config->launch_configuration);
    assert_string_equal("", play.order.group_config->template_id);
    assert_string_equal("", kept("LaunchTemplate"));
    assert_int_equal(0, play.question_count);
}

/* ---- updates that go by what is there ---- */

static void put_group(struct asg_subnet *places, size_t count,
                      struct asg_kept_member *members, size_t kept_count)
{
    static struct asg_launch_parameter parameters[] = {
        {.name = "Placement.GroupName", .value = "old"},
        {.name = "EbsOptimized", .value = "true"}};
    struct asg_group_config config;
    asg_model_set_defaults(&asg_group_config_schema, &config);
    config.name = "g";
    config.subnets = places;
    config.subnet_count = count;
    config.kept = members;
    config.kept_count = kept_count;
    config.launch_parameters = parameters;
    config.launch_parameter_count = 2;
    play_put_group(&config, NULL, 0);
}

static void test_the_groups_own_zones_change_nothing(void **state)
{
    (void)state;
    struct asg_subnet places[] = {{"subnet-1", "eu-west-1a"}, {"subnet-2", "eu-west-1b"}};
    put_group(places, 2, NULL, 0);
    play_ask(UPDATE "DesiredCapacity=3&AvailabilityZones.member.1=eu-west-1b&"
                    "AvailabilityZones.member.2=eu-west-1a");
    assert_int_equal(1, play.order_count);
    assert_int_equal(UINT64_C(1) << ASG_GROUP_DESIRED, play.order.group_fields);
    assert_int_equal(0, play.question_count);
    play_refused(UPDATE "AvailabilityZones.member.1=eu-west-1a", "ValidationError",
                 "do not match");
    /* A group of zones alone gets other zones. */
    struct asg_subnet zone[] = {{"", "eu-west-1b"}};
    put_group(zone, 1, NULL, 0);
    tell(&zones, NULL);
    play_ask(UPDATE "AvailabilityZones.member.1=eu-west-1a");
    assert_int_equal(1, play.order_count);
    assert_string_equal("eu-west-1a", play.order.group_config->subnets[0].zone);
}

static void test_a_placement_group_leaves_other_parameters(void **state)
{
    (void)state;
    put_group(NULL, 0, NULL, 0);
    play_ask(UPDATE "PlacementGroup=new");
    const struct asg_group_config *config = play.order.group_config;
    assert_int_equal(2, config->launch_parameter_count);
    assert_string_equal("EbsOptimized", config->launch_parameters[0].name);
    assert_string_equal("new", config->launch_parameters[1].value);
    play_ask(UPDATE "PlacementGroup=");
    assert_int_equal(1, play.order.group_config->launch_parameter_count);
}

#define POLICY "MixedInstancesPolicy."
#define SPEC   POLICY "LaunchTemplate.LaunchTemplateSpecification."

static void test_a_part_of_a_mixed_policy_is_updated(void **state)
{
    (void)state;
    struct asg_kept_member members[] = {
        {"HealthCheckType", "EC2"},
        {POLICY "InstancesDistribution.OnDemandBaseCapacity", "2"},
        {POLICY "InstancesDistribution.SpotAllocationStrategy", "capacity-optimized"},
        {SPEC "LaunchTemplateId", "lt-0a"},
        {SPEC "LaunchTemplateName", "web"},
        {SPEC "Version", "3"},
        {POLICY "LaunchTemplate.Overrides.member.1.InstanceType", "c5.l"},
    };
    put_group(NULL, 0, members, sizeof members / sizeof members[0]);
    tell(&template, NULL);
    play_ask(UPDATE POLICY "InstancesDistribution.OnDemandBaseCapacity=5");
    assert_int_equal(1, play.order_count);
    const struct asg_group_config *config = play.order.group_config;
    assert_int_equal(5, config->mixed->on_demand_base);
    assert_int_equal(ASG_SPOT_CAPACITY_OPTIMIZED, config->mixed->spot_strategy);
    assert_string_equal("lt-0a", config->template_id);
    assert_string_equal("3", config->template_version);
    assert_int_equal(1, config->instance_types.count);
    assert_string_equal("web", kept(SPEC "LaunchTemplateName"));
    tell(&template, NULL);
    play_ask(UPDATE POLICY "LaunchTemplate.Overrides.member.1.InstanceType=m5.l&" POLICY
                           "LaunchTemplate.Overrides.member.2.InstanceType=m6.l");
    config = play.order.group_config;
    assert_int_equal(2, config->instance_types.count);
    assert_string_equal("m5.l", config->instance_types.items[0]);
    assert_int_equal(2, config->mixed->on_demand_base);
    /* Nothing to begin with. */
    put_group(NULL, 0, NULL, 0);
    play_refused(UPDATE POLICY "InstancesDistribution.OnDemandBaseCapacity=5",
                 "ValidationError", "LaunchTemplateSpecification is required");
}

static void test_delete_and_desired_are_orders(void **state)
{
    (void)state;
    play_ask("Action=DeleteAutoScalingGroup&AutoScalingGroupName=g&ForceDelete=true");
    assert_int_equal(ASG_COMMAND_GROUP_DELETE, play.order.kind);
    assert_string_equal("g", play.order.group);
    assert_true(play.order.force);
    play_ask("Action=SetDesiredCapacity&AutoScalingGroupName=g&DesiredCapacity=7");
    assert_int_equal(ASG_COMMAND_SET_DESIRED, play.order.kind);
    assert_int_equal(7, play.order.desired);
    assert_false(play.order.honor_cooldown);
    play_expect("<SetDesiredCapacityResponse");
}

static void test_a_refusal_of_core_is_the_answer(void **state)
{
    (void)state;
    play.effects.reply = (struct asg_reply){
        .is_set = true, .code = "ResourceInUse", .message = "group g has instances"};
    play_ask("Action=DeleteAutoScalingGroup&AutoScalingGroupName=g");
    play_expect("HTTP/1.1 400");
    play_expect("<Code>ResourceInUse</Code><Message>group g has instances</Message>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_too_long_for_ec2_is_not_asked,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_a_group_by_template_and_subnets, play_begin,
                                        play_end),
        cmocka_unit_test_setup_teardown(test_defaults_are_those_of_the_service,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_a_default_that_was_given_is_kept, play_begin,
                                        play_end),
        cmocka_unit_test_setup_teardown(test_a_mixed_policy_is_read_and_kept_whole,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_a_group_like_an_instance, play_begin,
                                        play_end),
        cmocka_unit_test_setup_teardown(test_newer_members_are_kept_as_they_came,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_what_is_not_built_is_refused_by_its_name,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_what_contradicts_itself_is_refused,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_zones_must_be_those_of_the_subnets,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_ids_of_zones_are_asked_and_given_back,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_what_ec2_refuses_is_said, play_begin,
                                        play_end),
        cmocka_unit_test_setup_teardown(test_an_update_says_only_what_was_sent,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_a_template_takes_the_place_of_a_mixed_policy,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_the_groups_own_zones_change_nothing,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_a_placement_group_leaves_other_parameters,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_a_part_of_a_mixed_policy_is_updated,
                                        play_begin, play_end),
        cmocka_unit_test_setup_teardown(test_delete_and_desired_are_orders, play_begin,
                                        play_end),
        cmocka_unit_test_setup_teardown(test_a_refusal_of_core_is_the_answer, play_begin,
                                        play_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
