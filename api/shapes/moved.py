"""Where the tables of api/shapes say more than the service's models: limits and words that only
the API's documentation has, and what is in none of botocore's models yet. Read by
write_tables.py, which writes the tables, and by tests/tidy/test_api_shapes.py, which holds
them against the model (tests/integration/api_model.py).

A limit is (least, most); most 0 is none. For a list the limit of its length comes first and
that of its items, when they have one, second."""

WHOLE = (-2**31, 2**31 - 1)
PAGE_100 = (1, 100)
PAGE_50 = (1, 50)

# (structure, member): limits.
LIMITS = {
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
    ("AttachLoadBalancersType", "LoadBalancerNames"): ((0, 10), (1, 255)),
    ("DetachLoadBalancersType", "LoadBalancerNames"): ((0, 10), (1, 255)),
    ("AttachLoadBalancerTargetGroupsType", "TargetGroupARNs"): ((0, 10), (1, 511)),
    ("DetachLoadBalancerTargetGroupsType", "TargetGroupARNs"): ((0, 10), (1, 511)),
    ("AttachTrafficSourcesType", "TrafficSources"): (0, 10),
    ("DetachTrafficSourcesType", "TrafficSources"): (0, 10),
    ("SetInstanceProtectionQuery", "InstanceIds"): ((0, 50), (1, 19)),
    ("DescribeAutoScalingInstancesType", "InstanceIds"): ((0, 50), (1, 19)),
    ("DescribeScalingActivitiesType", "ActivityIds"): ((0, 50), (0, 0)),
    ("DescribePoliciesType", "PolicyNames"): ((0, 50), (1, 1600)),
    ("DescribeScheduledActionsType", "ScheduledActionNames"): ((0, 50), (1, 1600)),
    ("LaunchConfigurationNamesType", "LaunchConfigurationNames"): ((0, 50), (1, 1600)),
    ("BatchDeleteScheduledActionType", "ScheduledActionNames"): ((0, 50), (1, 1600)),
    ("BatchPutScheduledUpdateGroupActionType", "ScheduledUpdateGroupActions"): (0, 50),
    ("CreateAutoScalingGroupType", "LifecycleHookSpecificationList"): (0, 50),
    ("CapacityReservationTarget", "CapacityReservationResourceGroupArns"): ((0, 0), (1, 255)),
    ("PerformanceFactorReferenceRequest", "InstanceFamily"): (1, 255),
    ("AlarmSpecification", "Alarms"): ((0, 10), (1, 255)),
    ("CustomizedMetricSpecification", "Period"): (10, 60),
    ("TargetTrackingMetricDataQuery", "Period"): (10, 60),
    ("TargetTrackingMetricStat", "Period"): (10, 60),
    ("LaunchInstancesRequest", "RequestedCapacity"): (1, 100),
    ("PutAccountSettingType", "Name"): (1, 255),
    ("PutAccountSettingType", "Value"): (1, 255),
    ("DescribeAccountSettingsType", "Name"): (1, 255),
}

# Words that the model leaves open and the documentation closes, and such as are newer than
# botocore's: an input with another is refused.
WORDS = {
    ("AvailabilityZoneDistribution", "CapacityDistributionStrategy"):
        "balanced-best-effort|balanced-only|reservations-then-balanced",
    ("PredefinedMetricSpecification", "PredefinedMetricType"):
        "ASGAverageCPUUtilization|ASGAverageNetworkIn|ASGAverageNetworkOut|"
        "ALBRequestCountPerTarget|ASGAverageCPUUtilizationHighResolution",
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
