/* lifecycle - the shapes of lifecycle hooks, warm pools, refreshes and notifications;
 * written by write_tables.py. */
#include "api/shapes/shapes.h"

#include "api/shapes/table.h"

/* --- PutLifecycleHook --- */

TABLE(input_put_lifecycle_hook, TEXT("LifecycleHookName", MUST, 1, 255),
      TEXT("AutoScalingGroupName", MUST, 1, 255),
      WORD("LifecycleTransition", MAY,
           "autoscaling:EC2_INSTANCE_LAUNCHING|"
           "autoscaling:EC2_INSTANCE_TERMINATING"),
      TEXT("RoleARN", MAY, 1, 255), TEXT("NotificationTargetARN", MAY, 0, 255),
      TEXT("NotificationMetadata", MAY, 1, 4000), WHOLE("HeartbeatTimeout", MAY),
      TEXT("DefaultResult", MAY, 0, 0));

EMPTY(output_put_lifecycle_hook);

/* --- DescribeLifecycleHooks --- */

TABLE(input_describe_lifecycle_hooks, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("LifecycleHookNames", MAY, 0, 50, 1, 255));

TABLE(shape_lifecycle_hook, TEXT("LifecycleHookName", MAY, 1, 255),
      TEXT("AutoScalingGroupName", MAY, 1, 255), TEXT("LifecycleTransition", MAY, 0, 0),
      TEXT("NotificationTargetARN", MAY, 0, 255), TEXT("RoleARN", MAY, 1, 255),
      TEXT("NotificationMetadata", MAY, 1, 4000), WHOLE("HeartbeatTimeout", MAY),
      WHOLE("GlobalTimeout", MAY), TEXT("DefaultResult", MAY, 0, 0));

TABLE(output_describe_lifecycle_hooks, LIST("LifecycleHooks", MAY, 0, 0, lifecycle_hook));

/* --- DeleteLifecycleHook --- */

TABLE(input_delete_lifecycle_hook, TEXT("LifecycleHookName", MUST, 1, 255),
      TEXT("AutoScalingGroupName", MUST, 1, 255));

EMPTY(output_delete_lifecycle_hook);

/* --- CompleteLifecycleAction --- */

TABLE(input_complete_lifecycle_action, TEXT("LifecycleHookName", MUST, 1, 255),
      TEXT("AutoScalingGroupName", MUST, 1, 1600),
      TEXT("LifecycleActionResult", MUST, 0, 0),
      TEXT("LifecycleActionToken", MAY, 36, 36), TEXT("InstanceId", MAY, 1, 19));

EMPTY(output_complete_lifecycle_action);

/* --- RecordLifecycleActionHeartbeat --- */

TABLE(input_record_lifecycle_action_heartbeat, TEXT("LifecycleHookName", MUST, 1, 255),
      TEXT("AutoScalingGroupName", MUST, 1, 1600),
      TEXT("LifecycleActionToken", MAY, 36, 36), TEXT("InstanceId", MAY, 1, 19));

EMPTY(output_record_lifecycle_action_heartbeat);

/* --- PutWarmPool --- */

TABLE(input_put_warm_pool, TEXT("AutoScalingGroupName", MUST, 1, 255),
      NUMBER("MaxGroupPreparedCapacity", MAY, -1, MOST), NUMBER("MinSize", MAY, 0, MOST),
      WORD("PoolState", MAY, "Stopped|Running|Hibernated"),
      STRUCT("InstanceReusePolicy", MAY, instance_reuse_policy));

EMPTY(output_put_warm_pool);

/* --- DescribeWarmPool --- */

TABLE(input_describe_warm_pool, TEXT("AutoScalingGroupName", MUST, 1, 255),
      NUMBER("MaxRecords", MAY, 1, 50), TEXT("NextToken", MAY, 0, 0));

TABLE(output_describe_warm_pool,
      STRUCT("WarmPoolConfiguration", MAY, warm_pool_configuration),
      LIST("Instances", MAY, 0, 0, instance), TEXT("NextToken", MAY, 0, 0));

/* --- DeleteWarmPool --- */

TABLE(input_delete_warm_pool, TEXT("AutoScalingGroupName", MUST, 1, 255),
      FLAG("ForceDelete", MAY));

EMPTY(output_delete_warm_pool);

/* --- StartInstanceRefresh --- */

TABLE(shape_desired_configuration,
      STRUCT("LaunchTemplate", MAY, launch_template_specification),
      STRUCT("MixedInstancesPolicy", MAY, mixed_instances_policy));

TABLE(shape_alarm_specification, TEXTS("Alarms", MAY, 0, 10, 1, 255));

TABLE(shape_refresh_preferences, NUMBER("MinHealthyPercentage", MAY, 0, 100),
      NUMBER("InstanceWarmup", MAY, 0, MOST),
      TEXTS("CheckpointPercentages", MAY, 0, 0, 1, 100),
      NUMBER("CheckpointDelay", MAY, 0, 172800), FLAG("SkipMatching", MAY),
      FLAG("AutoRollback", MAY),
      WORD("ScaleInProtectedInstances", MAY, "Refresh|Ignore|Wait"),
      WORD("StandbyInstances", MAY, "Terminate|Ignore|Wait"),
      STRUCT("AlarmSpecification", MAY, alarm_specification),
      NUMBER("MaxHealthyPercentage", MAY, 100, 200), NUMBER("BakeTime", MAY, 0, 172800));

TABLE(input_start_instance_refresh, TEXT("AutoScalingGroupName", MUST, 1, 255),
      WORD("Strategy", MAY, "Rolling|ReplaceRootVolume"),
      STRUCT("DesiredConfiguration", MAY, desired_configuration),
      STRUCT("Preferences", MAY, refresh_preferences));

TABLE(output_start_instance_refresh, TEXT("InstanceRefreshId", MAY, 1, 255));

/* --- CancelInstanceRefresh --- */

TABLE(input_cancel_instance_refresh, TEXT("AutoScalingGroupName", MUST, 1, 255),
      FLAG("WaitForTransitioningInstances", MAY));

TABLE(output_cancel_instance_refresh, TEXT("InstanceRefreshId", MAY, 1, 255));

/* --- RollbackInstanceRefresh --- */

TABLE(input_rollback_instance_refresh, TEXT("AutoScalingGroupName", MUST, 1, 255));

TABLE(output_rollback_instance_refresh, TEXT("InstanceRefreshId", MAY, 1, 255));

/* --- DescribeInstanceRefreshes --- */

TABLE(input_describe_instance_refreshes, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXTS("InstanceRefreshIds", MAY, 0, 0, 1, 255), TEXT("NextToken", MAY, 0, 0),
      NUMBER("MaxRecords", MAY, 1, 100));

TABLE(shape_instance_refresh_live_pool_progress,
      NUMBER("PercentageComplete", MAY, 0, 100),
      NUMBER("InstancesToUpdate", MAY, 0, MOST));

TABLE(shape_instance_refresh_warm_pool_progress,
      NUMBER("PercentageComplete", MAY, 0, 100),
      NUMBER("InstancesToUpdate", MAY, 0, MOST));

TABLE(shape_instance_refresh_progress_details,
      STRUCT("LivePoolProgress", MAY, instance_refresh_live_pool_progress),
      STRUCT("WarmPoolProgress", MAY, instance_refresh_warm_pool_progress));

TABLE(shape_rollback_details, TEXT("RollbackReason", MAY, 1, 1023),
      TIME("RollbackStartTime", MAY), NUMBER("PercentageCompleteOnRollback", MAY, 0, 100),
      NUMBER("InstancesToUpdateOnRollback", MAY, 0, MOST),
      STRUCT("ProgressDetailsOnRollback", MAY, instance_refresh_progress_details));

TABLE(shape_instance_refresh, TEXT("InstanceRefreshId", MAY, 1, 255),
      TEXT("AutoScalingGroupName", MAY, 1, 255),
      WORD("Status", MAY,
           "Pending|InProgress|Successful|Failed|Cancelling|"
           "Cancelled|RollbackInProgress|RollbackFailed|"
           "RollbackSuccessful|Baking"),
      TEXT("StatusReason", MAY, 1, 1023), TIME("StartTime", MAY), TIME("EndTime", MAY),
      NUMBER("PercentageComplete", MAY, 0, 100),
      NUMBER("InstancesToUpdate", MAY, 0, MOST),
      STRUCT("ProgressDetails", MAY, instance_refresh_progress_details),
      STRUCT("Preferences", MAY, refresh_preferences),
      STRUCT("DesiredConfiguration", MAY, desired_configuration),
      STRUCT("RollbackDetails", MAY, rollback_details),
      WORD("Strategy", MAY, "Rolling|ReplaceRootVolume"));

TABLE(output_describe_instance_refreshes,
      LIST("InstanceRefreshes", MAY, 0, 0, instance_refresh),
      TEXT("NextToken", MAY, 0, 0));

/* --- PutNotificationConfiguration --- */

TABLE(input_put_notification_configuration, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXT("TopicARN", MUST, 1, 255), TEXTS("NotificationTypes", MUST, 0, 0, 1, 255));

/* --- DescribeNotificationConfigurations --- */

TABLE(input_describe_notification_configurations,
      TEXTS("AutoScalingGroupNames", MAY, 0, 0, 1, 255),
      FLAG("IncludeManagedResources", MAY), TEXT("NextToken", MAY, 0, 0),
      NUMBER("MaxRecords", MAY, 1, 100));

TABLE(shape_notification_configuration, TEXT("AutoScalingGroupName", MAY, 1, 255),
      TEXT("TopicARN", MAY, 1, 255), TEXT("NotificationType", MAY, 1, 255));

TABLE(output_describe_notification_configurations,
      LIST("NotificationConfigurations", MUST, 0, 0, notification_configuration),
      TEXT("NextToken", MAY, 0, 0));

/* --- DeleteNotificationConfiguration --- */

TABLE(input_delete_notification_configuration, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXT("TopicARN", MUST, 1, 255));
