/* instances - the shapes of instances and activities; written by write_tables.py. */
#include "api/shapes/shapes.h"

#include "api/shapes/table.h"

/* --- DescribeAutoScalingInstances --- */

TABLE(input_describe_auto_scaling_instances, TEXTS("InstanceIds", MAY, 0, 50, 1, 19),
      FLAG("IncludeManagedResources", MAY), NUMBER("MaxRecords", MAY, 1, 50),
      TEXT("NextToken", MAY, 0, 0));

TABLE(shape_auto_scaling_instance_details, TEXT("InstanceId", MUST, 1, 19),
      TEXT("AutoScalingGroupName", MUST, 1, 255), TEXT("AvailabilityZone", MUST, 1, 255),
      TEXT("LifecycleState", MUST, 1, 32), TEXT("HealthStatus", MUST, 1, 32),
      FLAG("ProtectedFromScaleIn", MUST), TEXT("InstanceType", MAY, 1, 255),
      TEXT("AvailabilityZoneId", MAY, 1, 255),
      TEXT("LaunchConfigurationName", MAY, 1, 255),
      STRUCT("LaunchTemplate", MAY, launch_template_specification),
      TEXT("ImageId", MAY, 1, 255), TEXT("WeightedCapacity", MAY, 1, 32));

TABLE(output_describe_auto_scaling_instances,
      LIST("AutoScalingInstances", MAY, 0, 0, auto_scaling_instance_details),
      TEXT("NextToken", MAY, 0, 0));

/* --- DescribeScalingActivities --- */

TABLE(input_describe_scaling_activities, TEXTS("ActivityIds", MAY, 0, 50, 0, 0),
      TEXT("AutoScalingGroupName", MAY, 1, 255), FLAG("IncludeDeletedGroups", MAY),
      FLAG("IncludeManagedResources", MAY), NUMBER("MaxRecords", MAY, 1, 100),
      TEXT("NextToken", MAY, 0, 0), LIST("Filters", MAY, 0, 0, filter));

TABLE(shape_activity, TEXT("ActivityId", MUST, 0, 0),
      TEXT("AutoScalingGroupName", MUST, 1, 255), TEXT("Cause", MUST, 1, 1023),
      TIME("StartTime", MUST),
      WORD("StatusCode", MUST,
           "PendingSpotBidPlacement|WaitingForSpotInstanceRequestId|"
           "WaitingForSpotInstanceId|WaitingForInstanceId|"
           "PreInService|InProgress|WaitingForELBConnectionDraining|"
           "MidLifecycleAction|WaitingForInstanceWarmup|Successful|"
           "Failed|Cancelled|WaitingForConnectionDraining|"
           "WaitingForInPlaceUpdateToStart|"
           "WaitingForInPlaceUpdateToFinalize|"
           "InPlaceUpdateInProgress"),
      TEXT("Description", MAY, 0, 0), TIME("EndTime", MAY),
      TEXT("StatusMessage", MAY, 1, 255), WHOLE("Progress", MAY),
      TEXT("Details", MAY, 0, 0), TEXT("AutoScalingGroupState", MAY, 1, 32),
      TEXT("AutoScalingGroupARN", MAY, 1, 1600));

TABLE(output_describe_scaling_activities, LIST("Activities", MUST, 0, 0, activity),
      TEXT("NextToken", MAY, 0, 0));

/* --- TerminateInstanceInAutoScalingGroup --- */

TABLE(input_terminate_instance_in_auto_scaling_group,
      FLAG("ShouldDecrementDesiredCapacity", MUST), TEXT("InstanceId", MAY, 1, 19),
      TEXTS("InstanceIds", MAY, 0, 0, 1, 19), TEXT("AutoScalingGroupName", MAY, 1, 255));

TABLE(output_terminate_instance_in_auto_scaling_group, STRUCT("Activity", MAY, activity),
      LIST("Activities", MAY, 0, 0, activity));

/* --- SetInstanceHealth --- */

TABLE(input_set_instance_health, TEXT("InstanceId", MUST, 1, 19),
      WORD("HealthStatus", MUST, "Healthy|Unhealthy"),
      FLAG("ShouldRespectGracePeriod", MAY));

/* --- SetInstanceProtection --- */

TABLE(input_set_instance_protection, TEXTS("InstanceIds", MUST, 0, 50, 1, 19),
      TEXT("AutoScalingGroupName", MUST, 1, 255), FLAG("ProtectedFromScaleIn", MUST));

EMPTY(output_set_instance_protection);

/* --- EnterStandby --- */

TABLE(input_enter_standby, TEXT("AutoScalingGroupName", MUST, 1, 255),
      FLAG("ShouldDecrementDesiredCapacity", MUST),
      TEXTS("InstanceIds", MAY, 0, 20, 1, 19));

TABLE(output_enter_standby, LIST("Activities", MAY, 0, 0, activity));

/* --- ExitStandby --- */

TABLE(input_exit_standby, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("InstanceIds", MAY, 0, 20, 1, 19));

TABLE(output_exit_standby, LIST("Activities", MAY, 0, 0, activity));

/* --- AttachInstances --- */

TABLE(input_attach_instances, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("InstanceIds", MAY, 0, 20, 1, 19));

/* --- DetachInstances --- */

TABLE(input_detach_instances, TEXT("AutoScalingGroupName", MUST, 1, 255),
      FLAG("ShouldDecrementDesiredCapacity", MUST),
      TEXTS("InstanceIds", MAY, 0, 20, 1, 19));

TABLE(output_detach_instances, LIST("Activities", MAY, 0, 0, activity));

/* --- LaunchInstances --- */

TABLE(input_launch_instances, TEXT("AutoScalingGroupName", MUST, 1, 255),
      NUMBER("RequestedCapacity", MUST, 1, 100), TEXT("ClientToken", MUST, 1, 64),
      TEXTS("AvailabilityZones", MAY, 0, 1, 1, 255),
      TEXTS("AvailabilityZoneIds", MAY, 0, 1, 1, 255),
      TEXTS("SubnetIds", MAY, 0, 1, 1, 255),
      WORD("RetryStrategy", MAY, "retry-with-group-configuration|none"));

TABLE(shape_instance_collection, TEXT("InstanceType", MAY, 1, 255),
      TEXT("MarketType", MAY, 1, 64), TEXT("SubnetId", MAY, 1, 255),
      TEXT("AvailabilityZone", MAY, 1, 255), TEXT("AvailabilityZoneId", MAY, 1, 255),
      TEXTS("InstanceIds", MAY, 0, 0, 1, 19));

TABLE(shape_launch_instances_error, TEXT("InstanceType", MAY, 1, 255),
      TEXT("MarketType", MAY, 1, 64), TEXT("SubnetId", MAY, 1, 255),
      TEXT("AvailabilityZone", MAY, 1, 255), TEXT("AvailabilityZoneId", MAY, 1, 255),
      TEXT("ErrorCode", MAY, 1, 64), TEXT("ErrorMessage", MAY, 0, 0));

TABLE(output_launch_instances, TEXT("AutoScalingGroupName", MAY, 1, 255),
      TEXT("ClientToken", MAY, 1, 64), LIST("Instances", MAY, 0, 0, instance_collection),
      LIST("Errors", MAY, 0, 0, launch_instances_error));
