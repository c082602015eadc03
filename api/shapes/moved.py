"""Where the tables of api/shapes differ from the service model of 2022 that Debian's botocore
carries: what the newest model has made wider, what only the API's documentation says, and the
limits of members that the old model has not. Read by write_tables.py, which writes the
tables, and by tests/tidy/test_api_shapes.py, which compares them with the old model.

A limit is (least, most); most 0 is none. For a list the limit of its length comes first and
that of its items, when they have one, second."""

WHOLE = (-2**31, 2**31 - 1)
PAGE_100 = (1, 100)
PAGE_50 = (1, 50)

# (structure, member): limits.
LIMITS = {
    # Wider in the newest model.
    ("CreateAutoScalingGroupType", "VPCZoneIdentifier"): (1, 5000),
    ("UpdateAutoScalingGroupType", "VPCZoneIdentifier"): (1, 5000),
    ("AutoScalingGroup", "VPCZoneIdentifier"): (1, 5000),
    ("UpdateAutoScalingGroupType", "PlacementGroup"): (0, 255),
    ("LifecycleHookSpecification", "NotificationMetadata"): (1, 4000),
    ("PutLifecycleHookType", "NotificationMetadata"): (1, 4000),
    ("LifecycleHook", "NotificationMetadata"): (1, 4000),
    ("TargetTrackingMetricDataQuery", "Id"): (1, 64),
    # Documented, not modelled.
    ("AutoScalingGroupNamesType", "MaxRecords"): PAGE_100,
    ("DescribeAccountSettingsType", "MaxRecords"): PAGE_100,
    ("DescribeAutoScalingInstancesType", "MaxRecords"): PAGE_50,
    ("DescribeInstanceRefreshesType", "MaxRecords"): PAGE_100,
    ("DescribeLoadBalancerTargetGroupsRequest", "MaxRecords"): PAGE_100,
    ("DescribeLoadBalancersRequest", "MaxRecords"): PAGE_100,
    ("DescribeNotificationConfigurationsType", "MaxRecords"): PAGE_100,
    ("DescribePoliciesType", "MaxRecords"): PAGE_100,
    ("DescribeScalingActivitiesType", "MaxRecords"): PAGE_100,
    ("DescribeScheduledActionsType", "MaxRecords"): PAGE_100,
    ("DescribeTagsType", "MaxRecords"): PAGE_100,
    ("DescribeTrafficSourcesRequest", "MaxRecords"): PAGE_50,
    ("DescribeWarmPoolType", "MaxRecords"): PAGE_50,
    ("LaunchConfigurationNamesType", "MaxRecords"): PAGE_100,
    ("CreateAutoScalingGroupType", "MinSize"): (0, WHOLE[1]),
    ("CreateAutoScalingGroupType", "MaxSize"): (0, WHOLE[1]),
    ("CreateAutoScalingGroupType", "DesiredCapacity"): (0, WHOLE[1]),
    ("CreateAutoScalingGroupType", "DefaultCooldown"): (0, WHOLE[1]),
    ("CreateAutoScalingGroupType", "HealthCheckGracePeriod"): (0, WHOLE[1]),
    ("CreateAutoScalingGroupType", "DefaultInstanceWarmup"): (-1, WHOLE[1]),
    ("CreateAutoScalingGroupType", "MaxInstanceLifetime"): (0, WHOLE[1]),
    ("UpdateAutoScalingGroupType", "MinSize"): (0, WHOLE[1]),
    ("UpdateAutoScalingGroupType", "MaxSize"): (0, WHOLE[1]),
    ("UpdateAutoScalingGroupType", "DesiredCapacity"): (0, WHOLE[1]),
    ("UpdateAutoScalingGroupType", "DefaultCooldown"): (0, WHOLE[1]),
    ("UpdateAutoScalingGroupType", "HealthCheckGracePeriod"): (0, WHOLE[1]),
    ("UpdateAutoScalingGroupType", "DefaultInstanceWarmup"): (-1, WHOLE[1]),
    ("UpdateAutoScalingGroupType", "MaxInstanceLifetime"): (0, WHOLE[1]),
    ("SetDesiredCapacityType", "DesiredCapacity"): (0, WHOLE[1]),
    ("PutScalingPolicyType", "Cooldown"): (0, WHOLE[1]),
    ("PutScalingPolicyType", "EstimatedInstanceWarmup"): (0, WHOLE[1]),
    ("PutScalingPolicyType", "StepAdjustments"): (0, 20),
    ("InstancesDistribution", "OnDemandBaseCapacity"): (0, WHOLE[1]),
    ("InstancesDistribution", "OnDemandPercentageAboveBaseCapacity"): (0, 100),
    ("InstancesDistribution", "SpotInstancePools"): (1, 20),
    ("AttachInstancesQuery", "InstanceIds"): ((0, 20), (1, 19)),
    ("DetachInstancesQuery", "InstanceIds"): ((0, 20), (1, 19)),
    ("EnterStandbyQuery", "InstanceIds"): ((0, 20), (1, 19)),
    ("ExitStandbyQuery", "InstanceIds"): ((0, 20), (1, 19)),
    ("SetInstanceProtectionQuery", "InstanceIds"): ((0, 50), (1, 19)),
    ("DescribeAutoScalingInstancesType", "InstanceIds"): ((0, 50), (1, 19)),
    ("DescribeScalingActivitiesType", "ActivityIds"): ((0, 50), (0, 0)),
    ("DescribePoliciesType", "PolicyNames"): ((0, 50), (1, 1600)),
    ("DescribeScheduledActionsType", "ScheduledActionNames"): ((0, 50), (1, 1600)),
    ("LaunchConfigurationNamesType", "LaunchConfigurationNames"): ((0, 50), (1, 1600)),
    ("BatchDeleteScheduledActionType", "ScheduledActionNames"): ((0, 50), (1, 1600)),
    ("BatchPutScheduledUpdateGroupActionType", "ScheduledUpdateGroupActions"): (0, 50),
    ("CreateAutoScalingGroupType", "LifecycleHookSpecificationList"): (0, 50),
    # Of members that the old model has not.
    ("CreateAutoScalingGroupType", "AvailabilityZoneIds"): ((0, 0), (1, 255)),
    ("UpdateAutoScalingGroupType", "AvailabilityZoneIds"): ((0, 0), (1, 255)),
    ("AutoScalingGroup", "AvailabilityZoneIds"): ((0, 0), (1, 255)),
    ("InstanceMaintenancePolicy", "MinHealthyPercentage"): (-1, 100),
    ("InstanceMaintenancePolicy", "MaxHealthyPercentage"): (-1, 200),
    ("CapacityReservationTarget", "CapacityReservationIds"): ((0, 0), (1, 255)),
    ("CapacityReservationTarget", "CapacityReservationResourceGroupArns"): ((0, 0), (1, 255)),
    ("Operator", "Principal"): (1, 128),
    ("LaunchTemplateOverrides", "ImageId"): (5, 21),
    ("InstanceRequirements", "MaxSpotPriceAsPercentageOfOptimalOnDemandPrice"): (0, WHOLE[1]),
    ("PerformanceFactorReferenceRequest", "InstanceFamily"): (1, 255),
    ("TrafficSourceIdentifier", "Type"): (1, 511),
    ("TrafficSourceState", "Type"): (1, 511),
    ("TrafficSourceState", "Identifier"): (1, 511),
    ("RefreshPreferences", "MaxHealthyPercentage"): (100, 200),
    ("RefreshPreferences", "BakeTime"): (0, 172800),
    ("AlarmSpecification", "Alarms"): ((0, 10), (1, 255)),
    ("RollbackDetails", "RollbackReason"): (1, 1023),
    ("RollbackDetails", "PercentageCompleteOnRollback"): (0, 100),
    ("RollbackDetails", "InstancesToUpdateOnRollback"): (0, WHOLE[1]),
    ("RollbackInstanceRefreshType", "AutoScalingGroupName"): (1, 255),
    ("RollbackInstanceRefreshAnswer", "InstanceRefreshId"): (1, 255),
    ("CustomizedMetricSpecification", "Period"): (10, 60),
    ("TargetTrackingMetricDataQuery", "Period"): (10, 60),
    ("TargetTrackingMetricStat", "Period"): (10, 60),
    ("LaunchInstancesRequest", "AutoScalingGroupName"): (1, 255),
    ("LaunchInstancesRequest", "RequestedCapacity"): (1, 100),
    ("LaunchInstancesRequest", "ClientToken"): (1, 64),
    ("LaunchInstancesRequest", "AvailabilityZones"): ((0, 1), (1, 255)),
    ("LaunchInstancesRequest", "AvailabilityZoneIds"): ((0, 1), (1, 255)),
    ("LaunchInstancesRequest", "SubnetIds"): ((0, 1), (1, 255)),
    ("TerminateInstanceInAutoScalingGroupType", "AutoScalingGroupName"): (1, 255),
    ("TerminateInstanceInAutoScalingGroupType", "InstanceIds"): ((0, 0), (1, 19)),
    ("PutAccountSettingType", "Name"): (1, 255),
    ("PutAccountSettingType", "Value"): (1, 255),
    ("DescribeAccountSettingsType", "Name"): (1, 255),
}

# Members that were required and are not, or the reverse: the newest model's word.
REQUIRED = {
    ("TrafficSourceIdentifier", "Identifier"): True,
    ("DescribeTrafficSourcesRequest", "TrafficSourceType"): False,
    ("TerminateInstanceInAutoScalingGroupType", "InstanceId"): False,
    ("LaunchInstancesRequest", "ClientToken"): True,
}

# Words that the model leaves open and the documentation closes: an input with another is
# refused (asg-semantics 2: "the controller has to check them itself").
WORDS = {
    ("PutScalingPolicyType", "PolicyType"):
        "SimpleScaling|StepScaling|TargetTrackingScaling|PredictiveScaling",
    ("PutScalingPolicyType", "AdjustmentType"):
        "ChangeInCapacity|ExactCapacity|PercentChangeInCapacity",
    ("PutScalingPolicyType", "MetricAggregationType"): "Minimum|Maximum|Average",
    ("SetInstanceHealthQuery", "HealthStatus"): "Healthy|Unhealthy",
    ("CreateAutoScalingGroupType", "DesiredCapacityType"): "units|vcpu|memory-mib",
    ("UpdateAutoScalingGroupType", "DesiredCapacityType"): "units|vcpu|memory-mib",
    ("InstancesDistribution", "OnDemandAllocationStrategy"): "prioritized|lowest-price",
    ("InstancesDistribution", "SpotAllocationStrategy"):
        "lowest-price|capacity-optimized|capacity-optimized-prioritized|"
        "price-capacity-optimized",
    ("LifecycleHookSpecification", "LifecycleTransition"):
        "autoscaling:EC2_INSTANCE_LAUNCHING|autoscaling:EC2_INSTANCE_TERMINATING",
    ("PutLifecycleHookType", "LifecycleTransition"):
        "autoscaling:EC2_INSTANCE_LAUNCHING|autoscaling:EC2_INSTANCE_TERMINATING",
}
