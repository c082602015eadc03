#include "ec2local/ec2_shapes.h"

#define TEXT(of)                                                                         \
    {                                                                                    \
        .name = (of), .kind = ASG_QUERY_TEXT                                             \
    }
#define NEEDED(of)                                                                       \
    {                                                                                    \
        .name = (of), .kind = ASG_QUERY_TEXT, .is_required = true, .min = 1              \
    }
#define WORD(of, list)                                                                   \
    {                                                                                    \
        .name = (of), .kind = ASG_QUERY_TEXT, .words = (list)                            \
    }
#define FLAG(of)                                                                         \
    {                                                                                    \
        .name = (of), .kind = ASG_QUERY_FLAG                                             \
    }
#define TEXTS(of)                                                                        \
    {                                                                                    \
        .name = (of), .kind = ASG_QUERY_TEXTS                                            \
    }
#define STRUCT(of, as)                                                                   \
    {                                                                                    \
        .name = (of), .kind = ASG_QUERY_STRUCT, .shape = &(as)                           \
    }
#define LIST(of, as)                                                                     \
    {                                                                                    \
        .name = (of), .kind = ASG_QUERY_STRUCTS, .shape = &(as)                          \
    }
#define NUMBER(of)                                                                       \
    {                                                                                    \
        .name = (of), .kind = ASG_QUERY_NUMBER, .max = 999999999                         \
    }

#define DRY_RUN FLAG("DryRun")
#define FILTERS LIST("Filter", filter)
#define PAGES   NUMBER("MaxResults"), TEXT("NextToken")
#define TAGGED  LIST("TagSpecification", tag_specification)

/* EC2 has more here than anybody reads. */
#define OPEN_SHAPE(array)                                                                \
    {                                                                                    \
        .members = (array), .count = sizeof(array) / sizeof(array)[0], .is_open = true   \
    }
#define SHAPE(of) const struct asg_query_shape asg_ec2_shape_##of = ASG_QUERY_SHAPE(of)

static const struct asg_query_member tag_members[] = {TEXT("Key"), TEXT("Value")};
static const struct asg_query_shape tag = ASG_QUERY_SHAPE(tag_members);

static const struct asg_query_member tag_specification_members[] = {TEXT("ResourceType"),
                                                                    LIST("Tag", tag)};
static const struct asg_query_shape tag_specification =
    ASG_QUERY_SHAPE(tag_specification_members);

static const struct asg_query_member filter_members[] = {TEXT("Name"), TEXTS("Value")};
static const struct asg_query_shape filter = ASG_QUERY_SHAPE(filter_members);

static const struct asg_query_member flag_members[] = {FLAG("Value")};
static const struct asg_query_shape flag_value = ASG_QUERY_SHAPE(flag_members);

static const struct asg_query_member template_members[] = {
    TEXT("LaunchTemplateId"), TEXT("LaunchTemplateName"), TEXT("Version")};
static const struct asg_query_shape template = ASG_QUERY_SHAPE(template_members);

/* --- instances --- */

static const struct asg_query_member run_instances[] = {
    {.name = "MinCount", .kind = ASG_QUERY_NUMBER, .is_required = true, .max = 999999999},
    {.name = "MaxCount", .kind = ASG_QUERY_NUMBER, .is_required = true, .max = 999999999},
    TEXT("ClientToken"),
    STRUCT("LaunchTemplate", template),
    TAGGED,
    DRY_RUN};
SHAPE(run_instances);

static const struct asg_query_member capacity_members[] = {
    {.name = "TotalTargetCapacity",
     .kind = ASG_QUERY_NUMBER,
     .is_required = true,
     .max = 999999999},
    NUMBER("OnDemandTargetCapacity"),
    NUMBER("SpotTargetCapacity"),
    WORD("DefaultTargetCapacityType", "on-demand|spot")};
static const struct asg_query_shape capacity = OPEN_SHAPE(capacity_members);

static const struct asg_query_member on_demand_members[] = {
    WORD("AllocationStrategy", "lowest-price|prioritized")};
static const struct asg_query_shape on_demand = OPEN_SHAPE(on_demand_members);

static const struct asg_query_member spot_members[] = {
    WORD("AllocationStrategy",
         "lowest-price|diversified|capacity-optimized|capacity-optimized-prioritized|"
         "price-capacity-optimized"),
    NUMBER("InstancePoolsToUseCount")};
static const struct asg_query_shape spot = OPEN_SHAPE(spot_members);

static const struct asg_query_member override_members[] = {
    TEXT("InstanceType"),
    TEXT("SubnetId"),
    TEXT("AvailabilityZone"),
    TEXT("ImageId"),
    {.name = "MaxPrice", .kind = ASG_QUERY_DECIMAL},
    {.name = "Priority", .kind = ASG_QUERY_DECIMAL},
    {.name = "WeightedCapacity", .kind = ASG_QUERY_DECIMAL}};
static const struct asg_query_shape override = OPEN_SHAPE(override_members);

static const struct asg_query_member config_members[] = {
    STRUCT("LaunchTemplateSpecification", template), LIST("Overrides", override)};
static const struct asg_query_shape config = ASG_QUERY_SHAPE(config_members);

static const struct asg_query_member create_fleet[] = {
    TEXT("Type"),
    TEXT("ClientToken"),
    {.name = "LaunchTemplateConfigs",
     .kind = ASG_QUERY_STRUCTS,
     .is_required = true,
     .shape = &config},
    {.name = "TargetCapacitySpecification",
     .kind = ASG_QUERY_STRUCT,
     .is_required = true,
     .shape = &capacity},
    STRUCT("OnDemandOptions", on_demand),
    STRUCT("SpotOptions", spot),
    TAGGED,
    DRY_RUN};
SHAPE(create_fleet);

static const struct asg_query_member describe_instances[] = {TEXTS("InstanceId"), FILTERS,
                                                             PAGES, DRY_RUN};
SHAPE(describe_instances);

static const struct asg_query_member describe_instance_status[] = {
    TEXTS("InstanceId"), FLAG("IncludeAllInstances"), FILTERS, PAGES, DRY_RUN};
SHAPE(describe_instance_status);

static const struct asg_query_member name_instances[] = {TEXTS("InstanceId"), DRY_RUN};
SHAPE(name_instances);

static const struct asg_query_member modify_instance_attribute[] = {
    NEEDED("InstanceId"), TEXT("Attribute"), TEXT("Value"),
    STRUCT("DisableApiTermination", flag_value), DRY_RUN};
SHAPE(modify_instance_attribute);

static const struct asg_query_member describe_instance_attribute[] = {
    NEEDED("InstanceId"), NEEDED("Attribute"), DRY_RUN};
SHAPE(describe_instance_attribute);

/* --- tags --- */

static const struct asg_query_member change_tags[] = {TEXTS("ResourceId"),
                                                      LIST("Tag", tag), DRY_RUN};
SHAPE(change_tags);

static const struct asg_query_member describe_tags[] = {FILTERS, PAGES, DRY_RUN};
SHAPE(describe_tags);

/* --- launch templates --- */

static const struct asg_query_member create_launch_template[] = {
    TEXT("LaunchTemplateName"), TEXT("ClientToken"), TEXT("VersionDescription"), TAGGED,
    DRY_RUN};
SHAPE(create_launch_template);

static const struct asg_query_member create_launch_template_version[] = {
    TEXT("LaunchTemplateId"), TEXT("LaunchTemplateName"), TEXT("ClientToken"),
    TEXT("SourceVersion"),    TEXT("VersionDescription"), DRY_RUN};
SHAPE(create_launch_template_version);

static const struct asg_query_member describe_launch_templates[] = {
    TEXTS("LaunchTemplateId"), TEXTS("LaunchTemplateName"), FILTERS, PAGES, DRY_RUN};
SHAPE(describe_launch_templates);

static const struct asg_query_member describe_launch_template_versions[] = {
    TEXT("LaunchTemplateId"),
    TEXT("LaunchTemplateName"),
    TEXTS("LaunchTemplateVersion"),
    NUMBER("MinVersion"),
    NUMBER("MaxVersion"),
    FILTERS,
    PAGES,
    DRY_RUN};
SHAPE(describe_launch_template_versions);

static const struct asg_query_member modify_launch_template[] = {
    TEXT("LaunchTemplateId"), TEXT("LaunchTemplateName"), TEXT("SetDefaultVersion"),
    TEXT("DefaultVersion"),   TEXT("ClientToken"),        DRY_RUN};
SHAPE(modify_launch_template);

static const struct asg_query_member delete_launch_template[] = {
    TEXT("LaunchTemplateId"), TEXT("LaunchTemplateName"), DRY_RUN};
SHAPE(delete_launch_template);

/* --- the region --- */

static const struct asg_query_member describe_subnets[] = {TEXTS("SubnetId"), FILTERS,
                                                           PAGES, DRY_RUN};
SHAPE(describe_subnets);

static const struct asg_query_member describe_vpcs[] = {TEXTS("VpcId"), FILTERS, PAGES,
                                                        DRY_RUN};
SHAPE(describe_vpcs);

static const struct asg_query_member describe_availability_zones[] = {
    TEXTS("ZoneName"), TEXTS("ZoneId"), FLAG("AllAvailabilityZones"), FILTERS, DRY_RUN};
SHAPE(describe_availability_zones);

static const struct asg_query_member describe_images[] = {
    TEXTS("ImageId"), TEXTS("Owner"), TEXTS("ExecutableBy"), FILTERS, PAGES, DRY_RUN};
SHAPE(describe_images);

static const struct asg_query_member describe_instance_types[] = {
    TEXTS("InstanceType"), FILTERS, PAGES, DRY_RUN};
SHAPE(describe_instance_types);

static const struct asg_query_member describe_regions[] = {
    TEXTS("RegionName"), FLAG("AllRegions"), FILTERS, DRY_RUN};
SHAPE(describe_regions);

/* --- networks --- */

static const struct asg_query_member create_vpc[] = {
    NEEDED("CidrBlock"), WORD("InstanceTenancy", "default|dedicated|host"), TAGGED,
    DRY_RUN};
SHAPE(create_vpc);

static const struct asg_query_member name_vpc[] = {NEEDED("VpcId"), DRY_RUN};
SHAPE(name_vpc);

static const struct asg_query_member modify_vpc_attribute[] = {
    NEEDED("VpcId"), STRUCT("EnableDnsSupport", flag_value),
    STRUCT("EnableDnsHostnames", flag_value)};
SHAPE(modify_vpc_attribute);

static const struct asg_query_member describe_vpc_attribute[] = {
    NEEDED("VpcId"),
    {.name = "Attribute",
     .kind = ASG_QUERY_TEXT,
     .is_required = true,
     .words = "enableDnsSupport|enableDnsHostnames|enableNetworkAddressUsageMetrics"},
    DRY_RUN};
SHAPE(describe_vpc_attribute);

static const struct asg_query_member create_subnet[] = {NEEDED("VpcId"),
                                                        TEXT("CidrBlock"),
                                                        TEXT("AvailabilityZone"),
                                                        TEXT("AvailabilityZoneId"),
                                                        TAGGED,
                                                        DRY_RUN};
SHAPE(create_subnet);

static const struct asg_query_member name_subnet[] = {NEEDED("SubnetId"), DRY_RUN};
SHAPE(name_subnet);

static const struct asg_query_member modify_subnet_attribute[] = {
    NEEDED("SubnetId"), STRUCT("MapPublicIpOnLaunch", flag_value)};
SHAPE(modify_subnet_attribute);

/* --- security groups --- */

static const struct asg_query_member create_security_group[] = {
    NEEDED("GroupName"), NEEDED("GroupDescription"), TEXT("VpcId"), TAGGED, DRY_RUN};
SHAPE(create_security_group);

static const struct asg_query_member name_group[] = {TEXT("GroupId"), TEXT("GroupName"),
                                                     DRY_RUN};
SHAPE(name_group);

static const struct asg_query_member describe_security_groups[] = {
    TEXTS("GroupId"), TEXTS("GroupName"), FILTERS, PAGES, DRY_RUN};
SHAPE(describe_security_groups);

static const struct asg_query_member describe_security_group_rules[] = {
    TEXTS("SecurityGroupRuleId"), FILTERS, PAGES, DRY_RUN};
SHAPE(describe_security_group_rules);

#define PORTS                                                                            \
    {.name = "FromPort", .kind = ASG_QUERY_NUMBER, .min = -1, .max = 65535},             \
    {                                                                                    \
        .name = "ToPort", .kind = ASG_QUERY_NUMBER, .min = -1, .max = 65535              \
    }
#define PROTOCOL                                                                         \
    {                                                                                    \
        .name = "IpProtocol", .kind = ASG_QUERY_TEXT, .min = 1, .max = 15                \
    }

static const struct asg_query_member cidr_members[] = {NEEDED("CidrIp"),
                                                       TEXT("Description")};
static const struct asg_query_shape cidr = ASG_QUERY_SHAPE(cidr_members);
static const struct asg_query_member cidr6_members[] = {NEEDED("CidrIpv6"),
                                                        TEXT("Description")};
static const struct asg_query_shape cidr6 = ASG_QUERY_SHAPE(cidr6_members);
static const struct asg_query_member peer_members[] = {NEEDED("GroupId"), TEXT("UserId"),
                                                       TEXT("Description")};
static const struct asg_query_shape peer = OPEN_SHAPE(peer_members);
static const struct asg_query_member prefix_members[] = {NEEDED("PrefixListId"),
                                                         TEXT("Description")};
static const struct asg_query_shape prefix = ASG_QUERY_SHAPE(prefix_members);

static const struct asg_query_member permission_members[] = {
    PROTOCOL,
    PORTS,
    LIST("IpRanges", cidr),
    LIST("Ipv6Ranges", cidr6),
    LIST("Groups", peer),
    LIST("PrefixListIds", prefix)};
static const struct asg_query_shape permission = ASG_QUERY_SHAPE(permission_members);

static const struct asg_query_member change_rules[] = {
    TEXT("GroupId"), TEXT("GroupName"), LIST("IpPermissions", permission),
    TEXT("CidrIp"),  PROTOCOL,          PORTS,
    TAGGED,          DRY_RUN,           TEXTS("SecurityGroupRuleId")};
SHAPE(change_rules);

/* --- key pairs, addresses --- */

static const struct asg_query_member create_key_pair[] = {
    NEEDED("KeyName"), WORD("KeyType", "rsa|ed25519"), WORD("KeyFormat", "pem"), TAGGED,
    DRY_RUN};
SHAPE(create_key_pair);

static const struct asg_query_member import_key_pair[] = {
    NEEDED("KeyName"), NEEDED("PublicKeyMaterial"), TAGGED, DRY_RUN};
SHAPE(import_key_pair);

static const struct asg_query_member delete_key_pair[] = {TEXT("KeyName"),
                                                          TEXT("KeyPairId"), DRY_RUN};
SHAPE(delete_key_pair);

static const struct asg_query_member describe_key_pairs[] = {
    TEXTS("KeyName"), TEXTS("KeyPairId"), FLAG("IncludePublicKey"), FILTERS, DRY_RUN};
SHAPE(describe_key_pairs);

static const struct asg_query_member describe_addresses[] = {
    TEXTS("PublicIp"), TEXTS("AllocationId"), FILTERS, DRY_RUN};
SHAPE(describe_addresses);

const struct asg_query_shape asg_ec2_shape_get_caller_identity = {.members = NULL};
