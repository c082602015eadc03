/* account - the shapes of the account, and what never changes; written by
 * write_tables.py. */
#include "api/shapes/shapes.h"

#include "api/shapes/table.h"

/* --- DescribeAccountLimits --- */

TABLE(output_describe_account_limits, WHOLE("MaxNumberOfAutoScalingGroups", MAY),
      WHOLE("MaxNumberOfLaunchConfigurations", MAY),
      WHOLE("NumberOfAutoScalingGroups", MAY),
      WHOLE("NumberOfLaunchConfigurations", MAY));

/* --- DescribeAccountSettings --- */

TABLE(input_describe_account_settings, TEXT("Name", MAY, 1, 255),
      TEXT("NextToken", MAY, 0, 0), NUMBER("MaxRecords", MAY, 1, 100));

TABLE(shape_account_setting, TEXT("Name", MAY, 0, 0), TEXT("Value", MAY, 0, 0),
      TEXT("EnforcementType", MAY, 0, 0), TIME("EnforcementDate", MAY),
      TEXT("DefaultValue", MAY, 0, 0), TEXT("EnforcedValue", MAY, 0, 0));

TABLE(output_describe_account_settings, LIST("Settings", MAY, 0, 0, account_setting),
      TEXT("NextToken", MAY, 0, 0));

/* --- PutAccountSetting --- */

TABLE(input_put_account_setting, TEXT("Name", MUST, 1, 255), TEXT("Value", MUST, 1, 255));

EMPTY(output_put_account_setting);

/* --- DescribeAdjustmentTypes --- */

TABLE(shape_adjustment_type, TEXT("AdjustmentType", MAY, 1, 255));

TABLE(output_describe_adjustment_types,
      LIST("AdjustmentTypes", MAY, 0, 0, adjustment_type));

/* --- DescribeScalingProcessTypes --- */

TABLE(shape_process_type, TEXT("ProcessName", MUST, 1, 255));

TABLE(output_describe_scaling_process_types, LIST("Processes", MAY, 0, 0, process_type));

/* --- DescribeTerminationPolicyTypes --- */

TABLE(output_describe_termination_policy_types,
      TEXTS("TerminationPolicyTypes", MAY, 0, 0, 1, 1600));

/* --- DescribeMetricCollectionTypes --- */

TABLE(shape_metric_collection_type, TEXT("Metric", MAY, 1, 255));

TABLE(shape_metric_granularity_type, TEXT("Granularity", MAY, 1, 255));

TABLE(output_describe_metric_collection_types,
      LIST("Metrics", MAY, 0, 0, metric_collection_type),
      LIST("Granularities", MAY, 0, 0, metric_granularity_type));

/* --- DescribeAutoScalingNotificationTypes --- */

TABLE(output_describe_auto_scaling_notification_types,
      TEXTS("AutoScalingNotificationTypes", MAY, 0, 0, 1, 255));

/* --- DescribeLifecycleHookTypes --- */

TABLE(output_describe_lifecycle_hook_types,
      TEXTS("LifecycleHookTypes", MAY, 0, 0, 1, 255));
