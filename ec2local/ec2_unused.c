/* ec2_unused - the parameters of EC2 that ec2local knows by name only: they are taken and
 * nothing is made of them. What stands neither here nor in an action's shape is no
 * parameter of EC2 and is refused. tests/integration/test_ec2local_parameters.py holds
 * both against EC2's service model.
 */
#include "ec2local/ec2_shapes.h"

#include <string.h>

/* Of every request, and of the signature in a presigned URL. */
#define COMMON                                                                           \
    "Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date",            \
        "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Security-Token",                  \
        "X-Amz-Signature", "X-Amz-Content-Sha256"

static const char *const of_all[] = {COMMON, NULL};

/* model/launch_fields.def has most of them. */
static const char *const of_run_instances[] = {COMMON,
                                               "AdditionalInfo",
                                               "BlockDeviceMapping",
                                               "CapacityReservationSpecification",
                                               "CpuOptions",
                                               "CreditSpecification",
                                               "DisableApiStop",
                                               "DisableApiTermination",
                                               "EbsOptimized",
                                               "ElasticGpuSpecification",
                                               "ElasticInferenceAccelerator",
                                               "EnablePrimaryIpv6",
                                               "EnclaveOptions",
                                               "HibernationOptions",
                                               "IamInstanceProfile",
                                               "ImageId",
                                               "InstanceInitiatedShutdownBehavior",
                                               "InstanceMarketOptions",
                                               "InstanceType",
                                               "Ipv6Address",
                                               "Ipv6AddressCount",
                                               "KernelId",
                                               "KeyName",
                                               "LicenseSpecification",
                                               "MaintenanceOptions",
                                               "MetadataOptions",
                                               "Monitoring",
                                               "NetworkInterface",
                                               "NetworkPerformanceOptions",
                                               "Operator",
                                               "Placement",
                                               "PrivateDnsNameOptions",
                                               "PrivateIpAddress",
                                               "RamdiskId",
                                               "SecondaryInterface",
                                               "SecurityGroup",
                                               "SecurityGroupId",
                                               "SubnetId",
                                               "UserData",
                                               NULL};

static const char *const of_create_fleet[] = {COMMON,
                                              "Context",
                                              "ExcessCapacityTerminationPolicy",
                                              "ReplaceUnhealthyInstances",
                                              "ReservedCapacityOptions",
                                              "TerminateInstancesWithExpiration",
                                              "ValidFrom",
                                              "ValidUntil",
                                              NULL};

static const char *const of_describe_instances[] = {COMMON, "IncludeManagedResources",
                                                    NULL};

static const char *const of_describe_instance_status[] = {
    COMMON, "IncludeManagedResources", NULL};

static const char *const of_terminate_instances[] = {COMMON, "Force", "SkipOsShutdown",
                                                     NULL};

static const char *const of_stop_instances[] = {COMMON, "Force", "Hibernate",
                                                "SkipOsShutdown", NULL};

static const char *const of_start_instances[] = {COMMON, "AdditionalInfo", NULL};

static const char *const of_modify_instance_attribute[] = {
    COMMON,
    "BlockDeviceMapping",
    "DisableApiStop",
    "EbsOptimized",
    "EnaSupport",
    "GroupId",
    "InstanceInitiatedShutdownBehavior",
    "InstanceType",
    "Kernel",
    "Ramdisk",
    "SourceDestCheck",
    "SriovNetSupport",
    "UserData",
    NULL};

/* LaunchTemplateData: model/launch_fields.def. */
static const char *const of_create_launch_template[] = {COMMON, "LaunchTemplateData",
                                                        "Operator", NULL};

/* LaunchTemplateData: model/launch_fields.def. */
static const char *const of_create_launch_template_version[] = {
    COMMON, "LaunchTemplateData", "ResolveAlias", NULL};

static const char *const of_describe_launch_templates[] = {
    COMMON, "IncludeManagedResources", NULL};

static const char *const of_describe_launch_template_versions[] = {
    COMMON, "IncludeManagedResources", "ResolveAlias", NULL};

static const char *const of_describe_images[] = {COMMON, "IncludeDeprecated",
                                                 "IncludeDisabled", NULL};

static const char *const of_describe_instance_types[] = {
    COMMON, "IncludeUnsupportedInRegion", NULL};

static const char *const of_create_vpc[] = {COMMON,
                                            "AmazonProvidedIpv6CidrBlock",
                                            "Ipv4IpamPoolId",
                                            "Ipv4NetmaskLength",
                                            "Ipv6CidrBlock",
                                            "Ipv6CidrBlockNetworkBorderGroup",
                                            "Ipv6IpamPoolId",
                                            "Ipv6NetmaskLength",
                                            "Ipv6Pool",
                                            "VpcEncryptionControl",
                                            NULL};

static const char *const of_modify_vpc_attribute[] = {
    COMMON, "EnableNetworkAddressUsageMetrics", NULL};

static const char *const of_create_subnet[] = {COMMON,
                                               "Ipv4IpamPoolId",
                                               "Ipv4NetmaskLength",
                                               "Ipv6CidrBlock",
                                               "Ipv6IpamPoolId",
                                               "Ipv6Native",
                                               "Ipv6NetmaskLength",
                                               "OutpostArn",
                                               NULL};

static const char *const of_modify_subnet_attribute[] = {
    COMMON,
    "AssignIpv6AddressOnCreation",
    "CustomerOwnedIpv4Pool",
    "DisableLniAtDeviceIndex",
    "EnableDns64",
    "EnableLniAtDeviceIndex",
    "EnableResourceNameDnsAAAARecordOnLaunch",
    "EnableResourceNameDnsARecordOnLaunch",
    "MapCustomerOwnedIpOnLaunch",
    "PrivateDnsHostnameTypeOnLaunch",
    NULL};

static const char *const of_authorize_security_group_ingress[] = {
    COMMON, "SourceSecurityGroupName", "SourceSecurityGroupOwnerId", NULL};

static const char *const of_authorize_security_group_egress[] = {
    COMMON, "SourceSecurityGroupName", "SourceSecurityGroupOwnerId", NULL};

static const char *const of_revoke_security_group_ingress[] = {
    COMMON, "SourceSecurityGroupName", "SourceSecurityGroupOwnerId", NULL};

static const char *const of_revoke_security_group_egress[] = {
    COMMON, "SourceSecurityGroupName", "SourceSecurityGroupOwnerId", NULL};

static const struct {
    const char *action;
    const char *const *names;
} rows[] = {
    {"RunInstances", of_run_instances},
    {"CreateFleet", of_create_fleet},
    {"DescribeInstances", of_describe_instances},
    {"DescribeInstanceStatus", of_describe_instance_status},
    {"TerminateInstances", of_terminate_instances},
    {"StopInstances", of_stop_instances},
    {"StartInstances", of_start_instances},
    {"ModifyInstanceAttribute", of_modify_instance_attribute},
    {"CreateLaunchTemplate", of_create_launch_template},
    {"CreateLaunchTemplateVersion", of_create_launch_template_version},
    {"DescribeLaunchTemplates", of_describe_launch_templates},
    {"DescribeLaunchTemplateVersions", of_describe_launch_template_versions},
    {"DescribeImages", of_describe_images},
    {"DescribeInstanceTypes", of_describe_instance_types},
    {"CreateVpc", of_create_vpc},
    {"ModifyVpcAttribute", of_modify_vpc_attribute},
    {"CreateSubnet", of_create_subnet},
    {"ModifySubnetAttribute", of_modify_subnet_attribute},
    {"AuthorizeSecurityGroupIngress", of_authorize_security_group_ingress},
    {"AuthorizeSecurityGroupEgress", of_authorize_security_group_egress},
    {"RevokeSecurityGroupIngress", of_revoke_security_group_ingress},
    {"RevokeSecurityGroupEgress", of_revoke_security_group_egress},
};

const char *const *asg_ec2_unused_of(const char *action)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].action, action) == 0) return rows[i].names;
    }
    return of_all;
}
