/* groups - the shapes of groups, their capacity and what is tagged to them; written by
 * write_tables.py. */
#include "api/shapes/shapes.h"

#include "api/shapes/table.h"

/* --- CreateAutoScalingGroup --- */

TABLE(shape_launch_template_specification, TEXT("LaunchTemplateId", MAY, 1, 255),
      TEXT("LaunchTemplateName", MAY, 3, 128), TEXT("Version", MAY, 1, 255));

TABLE(shape_vcpu_count_request, NUMBER("Min", MUST, 0, MOST),
      NUMBER("Max", MAY, 0, MOST));

TABLE(shape_memory_mib_request, NUMBER("Min", MUST, 0, MOST),
      NUMBER("Max", MAY, 0, MOST));

TABLE(shape_memory_gib_per_vcpu_request, SHARE("Min", MAY), SHARE("Max", MAY));

TABLE(shape_network_interface_count_request, NUMBER("Min", MAY, 0, MOST),
      NUMBER("Max", MAY, 0, MOST));

TABLE(shape_total_local_storage_gb_request, SHARE("Min", MAY), SHARE("Max", MAY));

TABLE(shape_baseline_ebs_bandwidth_mbps_request, NUMBER("Min", MAY, 0, MOST),
      NUMBER("Max", MAY, 0, MOST));

TABLE(shape_accelerator_count_request, NUMBER("Min", MAY, 0, MOST),
      NUMBER("Max", MAY, 0, MOST));

TABLE(shape_accelerator_total_memory_mib_request, NUMBER("Min", MAY, 0, MOST),
      NUMBER("Max", MAY, 0, MOST));

TABLE(shape_network_bandwidth_gbps_request, SHARE("Min", MAY), SHARE("Max", MAY));

TABLE(shape_performance_factor_reference_request, TEXT("InstanceFamily", MAY, 1, 255));

TABLE(shape_cpu_performance_factor_request,
      LIST("Reference", MAY, 0, 0, performance_factor_reference_request));

TABLE(shape_baseline_performance_factors_request,
      STRUCT("Cpu", MAY, cpu_performance_factor_request));

TABLE(shape_instance_requirements, STRUCT("VCpuCount", MUST, vcpu_count_request),
      STRUCT("MemoryMiB", MUST, memory_mib_request),
      WORDS("CpuManufacturers", MAY, 0, 0, "intel|amd|amazon-web-services|apple"),
      STRUCT("MemoryGiBPerVCpu", MAY, memory_gib_per_vcpu_request),
      TEXTS("ExcludedInstanceTypes", MAY, 0, 400, 1, 30),
      WORDS("InstanceGenerations", MAY, 0, 0, "current|previous"),
      NUMBER("SpotMaxPricePercentageOverLowestPrice", MAY, 0, MOST),
      NUMBER("MaxSpotPriceAsPercentageOfOptimalOnDemandPrice", MAY, 0, MOST),
      NUMBER("OnDemandMaxPricePercentageOverLowestPrice", MAY, 0, MOST),
      WORD("BareMetal", MAY, "included|excluded|required"),
      WORD("BurstablePerformance", MAY, "included|excluded|required"),
      FLAG("RequireHibernateSupport", MAY),
      STRUCT("NetworkInterfaceCount", MAY, network_interface_count_request),
      WORD("LocalStorage", MAY, "included|excluded|required"),
      WORDS("LocalStorageTypes", MAY, 0, 0, "hdd|ssd"),
      STRUCT("TotalLocalStorageGB", MAY, total_local_storage_gb_request),
      STRUCT("BaselineEbsBandwidthMbps", MAY, baseline_ebs_bandwidth_mbps_request),
      WORDS("AcceleratorTypes", MAY, 0, 0, "gpu|fpga|inference"),
      STRUCT("AcceleratorCount", MAY, accelerator_count_request),
      WORDS("AcceleratorManufacturers", MAY, 0, 0,
            "nvidia|amd|amazon-web-services|xilinx"),
      WORDS("AcceleratorNames", MAY, 0, 0, "a100|v100|k80|t4|m60|radeon-pro-v520|vu9p"),
      STRUCT("AcceleratorTotalMemoryMiB", MAY, accelerator_total_memory_mib_request),
      STRUCT("NetworkBandwidthGbps", MAY, network_bandwidth_gbps_request),
      TEXTS("AllowedInstanceTypes", MAY, 0, 400, 1, 30),
      STRUCT("BaselinePerformanceFactors", MAY, baseline_performance_factors_request));

TABLE(shape_launch_template_overrides, TEXT("InstanceType", MAY, 1, 255),
      TEXT("WeightedCapacity", MAY, 1, 32),
      STRUCT("LaunchTemplateSpecification", MAY, launch_template_specification),
      STRUCT("InstanceRequirements", MAY, instance_requirements),
      TEXT("ImageId", MAY, 5, 21));

TABLE(shape_launch_template,
      STRUCT("LaunchTemplateSpecification", MAY, launch_template_specification),
      LIST("Overrides", MAY, 0, 0, launch_template_overrides));

TABLE(shape_distribution_segment,
      WORDS("TargetCapacityTypes", MAY, 0, 0,
            "capacity-block|interruptible-capacity-reservation|"
            "on-demand|on-demand-capacity-reservation"));

TABLE(shape_instances_distribution,
      WORD("OnDemandAllocationStrategy", MAY, "prioritized|lowest-price"),
      NUMBER("OnDemandBaseCapacity", MAY, 0, MOST),
      NUMBER("OnDemandPercentageAboveBaseCapacity", MAY, 0, 100),
      WORD("SpotAllocationStrategy", MAY,
           "lowest-price|capacity-optimized|"
           "capacity-optimized-prioritized|price-capacity-optimized"),
      NUMBER("SpotInstancePools", MAY, 1, 20), TEXT("SpotMaxPrice", MAY, 0, 255),
      LIST("DistributionSegments", MAY, 0, 0, distribution_segment));

TABLE(shape_mixed_instances_policy, STRUCT("LaunchTemplate", MAY, launch_template),
      STRUCT("InstancesDistribution", MAY, instances_distribution));

TABLE(shape_lifecycle_hook_specification, TEXT("LifecycleHookName", MUST, 1, 255),
      WORD("LifecycleTransition", MUST,
           "autoscaling:EC2_INSTANCE_LAUNCHING|"
           "autoscaling:EC2_INSTANCE_TERMINATING"),
      TEXT("NotificationMetadata", MAY, 1, 4000), WHOLE("HeartbeatTimeout", MAY),
      TEXT("DefaultResult", MAY, 0, 0), TEXT("NotificationTargetARN", MAY, 0, 255),
      TEXT("RoleARN", MAY, 1, 255));

TABLE(shape_tag, TEXT("Key", MUST, 1, 128), TEXT("ResourceId", MAY, 0, 0),
      TEXT("ResourceType", MAY, 0, 0), TEXT("Value", MAY, 0, 256),
      FLAG("PropagateAtLaunch", MAY));

TABLE(shape_traffic_source_identifier, TEXT("Identifier", MUST, 1, 511),
      TEXT("Type", MAY, 1, 511));

TABLE(shape_instance_maintenance_policy, NUMBER("MinHealthyPercentage", MAY, -1, 100),
      NUMBER("MaxHealthyPercentage", MAY, -1, 200));

TABLE(shape_availability_zone_distribution, WORD("CapacityDistributionStrategy", MAY,
                                                 "balanced-best-effort|balanced-only|"
                                                 "reservations-then-balanced"));

TABLE(shape_availability_zone_impairment_policy, FLAG("ZonalShiftEnabled", MAY),
      WORD("ImpairedZoneHealthCheckBehavior", MAY, "ReplaceUnhealthy|IgnoreUnhealthy"));

TABLE(shape_capacity_reservation_target,
      TEXTS("CapacityReservationIds", MAY, 0, 0, 1, 255),
      TEXTS("CapacityReservationResourceGroupArns", MAY, 0, 0, 1, 255));

TABLE(shape_capacity_reservation_specification,
      WORD("CapacityReservationPreference", MAY,
           "capacity-reservations-only|capacity-reservations-first|"
           "none|default"),
      STRUCT("CapacityReservationTarget", MAY, capacity_reservation_target));

TABLE(shape_retention_triggers, WORD("TerminateHookAbandon", MAY, "retain|terminate"));

TABLE(shape_instance_lifecycle_policy,
      STRUCT("RetentionTriggers", MAY, retention_triggers));

TABLE(shape_operator, TEXT("Principal", MUST, 1, 128));

TABLE(input_create_auto_scaling_group, TEXT("AutoScalingGroupName", MUST, 1, 255),
      NUMBER("MinSize", MUST, 0, MOST), NUMBER("MaxSize", MUST, 0, MOST),
      TEXT("LaunchConfigurationName", MAY, 1, 255),
      STRUCT("LaunchTemplate", MAY, launch_template_specification),
      STRUCT("MixedInstancesPolicy", MAY, mixed_instances_policy),
      TEXT("InstanceId", MAY, 1, 19), NUMBER("DesiredCapacity", MAY, 0, MOST),
      NUMBER("DefaultCooldown", MAY, 0, MOST),
      TEXTS("AvailabilityZones", MAY, 0, 0, 1, 255),
      TEXTS("AvailabilityZoneIds", MAY, 0, 0, 1, 255),
      TEXTS("LoadBalancerNames", MAY, 0, 0, 1, 255),
      TEXTS("TargetGroupARNs", MAY, 0, 0, 1, 511), TEXT("HealthCheckType", MAY, 1, 32),
      NUMBER("HealthCheckGracePeriod", MAY, 0, MOST), TEXT("PlacementGroup", MAY, 1, 255),
      TEXT("VPCZoneIdentifier", MAY, 1, 5000),
      TEXTS("TerminationPolicies", MAY, 0, 0, 1, 1600),
      FLAG("NewInstancesProtectedFromScaleIn", MAY), FLAG("CapacityRebalance", MAY),
      LIST("LifecycleHookSpecificationList", MAY, 0, 50, lifecycle_hook_specification),
      WORD("DeletionProtection", MAY, "none|prevent-force-deletion|prevent-all-deletion"),
      LIST("Tags", MAY, 0, 0, tag), TEXT("ServiceLinkedRoleARN", MAY, 1, 1600),
      NUMBER("MaxInstanceLifetime", MAY, 0, MOST), TEXT("Context", MAY, 0, 0),
      WORD("DesiredCapacityType", MAY, "units|vcpu|memory-mib"),
      NUMBER("DefaultInstanceWarmup", MAY, -1, MOST),
      LIST("TrafficSources", MAY, 0, 0, traffic_source_identifier),
      STRUCT("InstanceMaintenancePolicy", MAY, instance_maintenance_policy),
      STRUCT("AvailabilityZoneDistribution", MAY, availability_zone_distribution),
      STRUCT("AvailabilityZoneImpairmentPolicy", MAY,
             availability_zone_impairment_policy),
      FLAG("SkipZonalShiftValidation", MAY),
      STRUCT("CapacityReservationSpecification", MAY, capacity_reservation_specification),
      STRUCT("InstanceLifecyclePolicy", MAY, instance_lifecycle_policy),
      STRUCT("Operator", MAY, operator));

/* --- UpdateAutoScalingGroup --- */

TABLE(
    input_update_auto_scaling_group, TEXT("AutoScalingGroupName", MUST, 1, 255),
    TEXT("LaunchConfigurationName", MAY, 1, 255),
    STRUCT("LaunchTemplate", MAY, launch_template_specification),
    STRUCT("MixedInstancesPolicy", MAY, mixed_instances_policy),
    NUMBER("MinSize", MAY, 0, MOST), NUMBER("MaxSize", MAY, 0, MOST),
    NUMBER("DesiredCapacity", MAY, 0, MOST), NUMBER("DefaultCooldown", MAY, 0, MOST),
    TEXTS("AvailabilityZones", MAY, 0, 0, 1, 255),
    TEXTS("AvailabilityZoneIds", MAY, 0, 0, 1, 255), TEXT("HealthCheckType", MAY, 1, 32),
    NUMBER("HealthCheckGracePeriod", MAY, 0, MOST), TEXT("PlacementGroup", MAY, 0, 255),
    TEXT("VPCZoneIdentifier", MAY, 1, 5000),
    TEXTS("TerminationPolicies", MAY, 0, 0, 1, 1600),
    FLAG("NewInstancesProtectedFromScaleIn", MAY),
    TEXT("ServiceLinkedRoleARN", MAY, 1, 1600),
    NUMBER("MaxInstanceLifetime", MAY, 0, MOST), FLAG("CapacityRebalance", MAY),
    TEXT("Context", MAY, 0, 0), WORD("DesiredCapacityType", MAY, "units|vcpu|memory-mib"),
    NUMBER("DefaultInstanceWarmup", MAY, -1, MOST),
    STRUCT("InstanceMaintenancePolicy", MAY, instance_maintenance_policy),
    STRUCT("AvailabilityZoneDistribution", MAY, availability_zone_distribution),
    STRUCT("AvailabilityZoneImpairmentPolicy", MAY, availability_zone_impairment_policy),
    FLAG("SkipZonalShiftValidation", MAY),
    STRUCT("CapacityReservationSpecification", MAY, capacity_reservation_specification),
    STRUCT("InstanceLifecyclePolicy", MAY, instance_lifecycle_policy),
    WORD("DeletionProtection", MAY, "none|prevent-force-deletion|prevent-all-deletion"));

/* --- DeleteAutoScalingGroup --- */

TABLE(input_delete_auto_scaling_group, TEXT("AutoScalingGroupName", MUST, 1, 255),
      FLAG("ForceDelete", MAY));

/* --- DescribeAutoScalingGroups --- */

TABLE(shape_filter, TEXT("Name", MAY, 0, 0), TEXTS("Values", MAY, 0, 0, 0, 0));

TABLE(input_describe_auto_scaling_groups,
      TEXTS("AutoScalingGroupNames", MAY, 0, 0, 1, 255), FLAG("IncludeInstances", MAY),
      FLAG("IncludeManagedResources", MAY), TEXT("NextToken", MAY, 0, 0),
      NUMBER("MaxRecords", MAY, 1, 100), LIST("Filters", MAY, 0, 0, filter));

TABLE(shape_instance, TEXT("InstanceId", MUST, 1, 19),
      TEXT("AvailabilityZone", MUST, 1, 255),
      WORD("LifecycleState", MUST,
           "Pending|Pending:Wait|Pending:Proceed|Quarantined|"
           "InService|Terminating|Terminating:Wait|"
           "Terminating:Proceed|Terminating:Retained|Terminated|"
           "Detaching|Detached|EnteringStandby|Standby|"
           "ReplacingRootVolume|ReplacingRootVolume:Wait|"
           "ReplacingRootVolume:Proceed|RootVolumeReplaced|"
           "Warmed:Pending|Warmed:Pending:Wait|"
           "Warmed:Pending:Proceed|Warmed:Pending:Retained|"
           "Warmed:Terminating|Warmed:Terminating:Wait|"
           "Warmed:Terminating:Proceed|Warmed:Terminating:Retained|"
           "Warmed:Terminated|Warmed:Stopped|Warmed:Running|"
           "Warmed:Hibernated"),
      TEXT("HealthStatus", MUST, 1, 32), FLAG("ProtectedFromScaleIn", MUST),
      TEXT("InstanceType", MAY, 1, 255), TEXT("AvailabilityZoneId", MAY, 1, 255),
      TEXT("LaunchConfigurationName", MAY, 1, 255),
      STRUCT("LaunchTemplate", MAY, launch_template_specification),
      TEXT("ImageId", MAY, 1, 255), TEXT("WeightedCapacity", MAY, 1, 32));

TABLE(shape_suspended_process, TEXT("ProcessName", MAY, 1, 255),
      TEXT("SuspensionReason", MAY, 1, 255));

TABLE(shape_enabled_metric, TEXT("Metric", MAY, 1, 255),
      TEXT("Granularity", MAY, 1, 255));

TABLE(shape_tag_description, TEXT("ResourceId", MAY, 0, 0),
      TEXT("ResourceType", MAY, 0, 0), TEXT("Key", MAY, 1, 128),
      TEXT("Value", MAY, 0, 256), FLAG("PropagateAtLaunch", MAY));

TABLE(shape_instance_reuse_policy, FLAG("ReuseOnScaleIn", MAY));

TABLE(shape_warm_pool_configuration, NUMBER("MaxGroupPreparedCapacity", MAY, -1, MOST),
      NUMBER("MinSize", MAY, 0, MOST),
      WORD("PoolState", MAY, "Stopped|Running|Hibernated"),
      WORD("Status", MAY, "PendingDelete"),
      STRUCT("InstanceReusePolicy", MAY, instance_reuse_policy));

TABLE(shape_auto_scaling_group, TEXT("AutoScalingGroupName", MUST, 1, 255),
      WHOLE("MinSize", MUST), WHOLE("MaxSize", MUST), WHOLE("DesiredCapacity", MUST),
      WHOLE("DefaultCooldown", MUST), TEXTS("AvailabilityZones", MUST, 0, 0, 1, 255),
      TEXT("HealthCheckType", MUST, 1, 32), TIME("CreatedTime", MUST),
      TEXT("AutoScalingGroupARN", MAY, 1, 1600),
      TEXT("LaunchConfigurationName", MAY, 1, 255),
      STRUCT("LaunchTemplate", MAY, launch_template_specification),
      STRUCT("MixedInstancesPolicy", MAY, mixed_instances_policy),
      WHOLE("PredictedCapacity", MAY), TEXTS("AvailabilityZoneIds", MAY, 0, 0, 1, 255),
      TEXTS("LoadBalancerNames", MAY, 0, 0, 1, 255),
      TEXTS("TargetGroupARNs", MAY, 0, 0, 1, 511), WHOLE("HealthCheckGracePeriod", MAY),
      LIST("Instances", MAY, 0, 0, instance),
      LIST("SuspendedProcesses", MAY, 0, 0, suspended_process),
      TEXT("PlacementGroup", MAY, 1, 255), TEXT("VPCZoneIdentifier", MAY, 1, 5000),
      LIST("EnabledMetrics", MAY, 0, 0, enabled_metric), TEXT("Status", MAY, 1, 255),
      LIST("Tags", MAY, 0, 0, tag_description),
      TEXTS("TerminationPolicies", MAY, 0, 0, 1, 1600),
      FLAG("NewInstancesProtectedFromScaleIn", MAY),
      TEXT("ServiceLinkedRoleARN", MAY, 1, 1600), WHOLE("MaxInstanceLifetime", MAY),
      FLAG("CapacityRebalance", MAY),
      STRUCT("WarmPoolConfiguration", MAY, warm_pool_configuration),
      WHOLE("WarmPoolSize", MAY), TEXT("Context", MAY, 0, 0),
      TEXT("DesiredCapacityType", MAY, 1, 255), WHOLE("DefaultInstanceWarmup", MAY),
      LIST("TrafficSources", MAY, 0, 0, traffic_source_identifier),
      STRUCT("InstanceMaintenancePolicy", MAY, instance_maintenance_policy),
      WORD("DeletionProtection", MAY, "none|prevent-force-deletion|prevent-all-deletion"),
      STRUCT("AvailabilityZoneDistribution", MAY, availability_zone_distribution),
      STRUCT("AvailabilityZoneImpairmentPolicy", MAY,
             availability_zone_impairment_policy),
      STRUCT("CapacityReservationSpecification", MAY, capacity_reservation_specification),
      STRUCT("InstanceLifecyclePolicy", MAY, instance_lifecycle_policy),
      STRUCT("Operator", MAY, operator));

TABLE(output_describe_auto_scaling_groups,
      LIST("AutoScalingGroups", MUST, 0, 0, auto_scaling_group),
      TEXT("NextToken", MAY, 0, 0));

/* --- SetDesiredCapacity --- */

TABLE(input_set_desired_capacity, TEXT("AutoScalingGroupName", MUST, 1, 255),
      NUMBER("DesiredCapacity", MUST, 0, MOST), FLAG("HonorCooldown", MAY));

/* --- CreateOrUpdateTags --- */

TABLE(input_create_or_update_tags, LIST("Tags", MUST, 0, 0, tag));

/* --- DeleteTags --- */

TABLE(input_delete_tags, LIST("Tags", MUST, 0, 0, tag));

/* --- DescribeTags --- */

TABLE(input_describe_tags, LIST("Filters", MAY, 0, 0, filter),
      FLAG("IncludeManagedResources", MAY), TEXT("NextToken", MAY, 0, 0),
      NUMBER("MaxRecords", MAY, 1, 100));

TABLE(output_describe_tags, LIST("Tags", MAY, 0, 0, tag_description),
      TEXT("NextToken", MAY, 0, 0));

/* --- SuspendProcesses --- */

TABLE(input_suspend_processes, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("ScalingProcesses", MAY, 0, 0, 1, 255));

/* --- ResumeProcesses --- */

TABLE(input_resume_processes, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("ScalingProcesses", MAY, 0, 0, 1, 255));

/* --- EnableMetricsCollection --- */

TABLE(input_enable_metrics_collection, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXT("Granularity", MUST, 1, 255), TEXTS("Metrics", MAY, 0, 0, 1, 255));

/* --- DisableMetricsCollection --- */

TABLE(input_disable_metrics_collection, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("Metrics", MAY, 0, 0, 1, 255));
