/* policies - the shapes of scaling policies and forecasts; written by write_tables.py. */
#include "api/shapes/shapes.h"

#include "api/shapes/table.h"

/* --- PutScalingPolicy --- */

TABLE(shape_step_adjustment, WHOLE("ScalingAdjustment", MUST),
      DECIMAL("MetricIntervalLowerBound", MAY), DECIMAL("MetricIntervalUpperBound", MAY));

TABLE(shape_predefined_metric_specification,
      WORD("PredefinedMetricType", MUST,
           "ASGAverageCPUUtilization|ASGAverageNetworkIn|"
           "ASGAverageNetworkOut|ALBRequestCountPerTarget|"
           "ASGAverageCPUUtilizationHighResolution"),
      TEXT("ResourceLabel", MAY, 1, 1023));

TABLE(shape_metric_dimension, TEXT("Name", MUST, 0, 0), TEXT("Value", MUST, 0, 0));

TABLE(shape_metric, TEXT("Namespace", MUST, 0, 0), TEXT("MetricName", MUST, 0, 0),
      LIST("Dimensions", MAY, 0, 0, metric_dimension));

TABLE(shape_target_tracking_metric_stat, STRUCT("Metric", MUST, metric),
      TEXT("Stat", MUST, 1, 100), TEXT("Unit", MAY, 0, 0), NUMBER("Period", MAY, 10, 60));

TABLE(shape_target_tracking_metric_data_query, TEXT("Id", MUST, 1, 64),
      TEXT("Expression", MAY, 1, 2047),
      STRUCT("MetricStat", MAY, target_tracking_metric_stat), TEXT("Label", MAY, 0, 2047),
      NUMBER("Period", MAY, 10, 60), FLAG("ReturnData", MAY));

TABLE(shape_customized_metric_specification, TEXT("MetricName", MAY, 0, 0),
      TEXT("Namespace", MAY, 0, 0), LIST("Dimensions", MAY, 0, 0, metric_dimension),
      WORD("Statistic", MAY, "Average|Minimum|Maximum|SampleCount|Sum"),
      TEXT("Unit", MAY, 0, 0), NUMBER("Period", MAY, 10, 60),
      LIST("Metrics", MAY, 0, 0, target_tracking_metric_data_query));

TABLE(shape_target_tracking_configuration, DECIMAL("TargetValue", MUST),
      STRUCT("PredefinedMetricSpecification", MAY, predefined_metric_specification),
      STRUCT("CustomizedMetricSpecification", MAY, customized_metric_specification),
      FLAG("DisableScaleIn", MAY));

TABLE(shape_predictive_scaling_predefined_metric_pair,
      WORD("PredefinedMetricType", MUST,
           "ASGCPUUtilization|ASGNetworkIn|ASGNetworkOut|"
           "ALBRequestCount"),
      TEXT("ResourceLabel", MAY, 1, 1023));

TABLE(shape_predictive_scaling_predefined_scaling_metric,
      WORD("PredefinedMetricType", MUST,
           "ASGAverageCPUUtilization|ASGAverageNetworkIn|"
           "ASGAverageNetworkOut|ALBRequestCountPerTarget"),
      TEXT("ResourceLabel", MAY, 1, 1023));

TABLE(shape_predictive_scaling_predefined_load_metric,
      WORD("PredefinedMetricType", MUST,
           "ASGTotalCPUUtilization|ASGTotalNetworkIn|"
           "ASGTotalNetworkOut|ALBTargetGroupRequestCount"),
      TEXT("ResourceLabel", MAY, 1, 1023));

TABLE(shape_metric_stat, STRUCT("Metric", MUST, metric), TEXT("Stat", MUST, 1, 100),
      TEXT("Unit", MAY, 0, 0));

TABLE(shape_metric_data_query, TEXT("Id", MUST, 1, 255), TEXT("Expression", MAY, 1, 1023),
      STRUCT("MetricStat", MAY, metric_stat), TEXT("Label", MAY, 0, 2047),
      FLAG("ReturnData", MAY));

TABLE(shape_predictive_scaling_customized_scaling_metric,
      LIST("MetricDataQueries", MUST, 0, 0, metric_data_query));

TABLE(shape_predictive_scaling_customized_load_metric,
      LIST("MetricDataQueries", MUST, 0, 0, metric_data_query));

TABLE(shape_predictive_scaling_customized_capacity_metric,
      LIST("MetricDataQueries", MUST, 0, 0, metric_data_query));

TABLE(shape_predictive_scaling_metric_specification, DECIMAL("TargetValue", MUST),
      STRUCT("PredefinedMetricPairSpecification", MAY,
             predictive_scaling_predefined_metric_pair),
      STRUCT("PredefinedScalingMetricSpecification", MAY,
             predictive_scaling_predefined_scaling_metric),
      STRUCT("PredefinedLoadMetricSpecification", MAY,
             predictive_scaling_predefined_load_metric),
      STRUCT("CustomizedScalingMetricSpecification", MAY,
             predictive_scaling_customized_scaling_metric),
      STRUCT("CustomizedLoadMetricSpecification", MAY,
             predictive_scaling_customized_load_metric),
      STRUCT("CustomizedCapacityMetricSpecification", MAY,
             predictive_scaling_customized_capacity_metric));

TABLE(shape_predictive_scaling_configuration,
      LIST("MetricSpecifications", MUST, 0, 0, predictive_scaling_metric_specification),
      WORD("Mode", MAY, "ForecastAndScale|ForecastOnly"),
      NUMBER("SchedulingBufferTime", MAY, 0, MOST),
      WORD("MaxCapacityBreachBehavior", MAY, "HonorMaxCapacity|IncreaseMaxCapacity"),
      NUMBER("MaxCapacityBuffer", MAY, 0, 100));

TABLE(input_put_scaling_policy, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXT("PolicyName", MUST, 1, 255),
      WORD("PolicyType", MAY,
           "SimpleScaling|StepScaling|TargetTrackingScaling|"
           "PredictiveScaling"),
      WORD("AdjustmentType", MAY,
           "ChangeInCapacity|ExactCapacity|PercentChangeInCapacity"),
      WHOLE("MinAdjustmentStep", MAY), WHOLE("MinAdjustmentMagnitude", MAY),
      WHOLE("ScalingAdjustment", MAY), NUMBER("Cooldown", MAY, 0, MOST),
      WORD("MetricAggregationType", MAY, "Minimum|Maximum|Average"),
      LIST("StepAdjustments", MAY, 0, 20, step_adjustment),
      NUMBER("EstimatedInstanceWarmup", MAY, 0, MOST),
      STRUCT("TargetTrackingConfiguration", MAY, target_tracking_configuration),
      FLAG("Enabled", MAY),
      STRUCT("PredictiveScalingConfiguration", MAY, predictive_scaling_configuration));

TABLE(shape_alarm, TEXT("AlarmName", MAY, 1, 255), TEXT("AlarmARN", MAY, 1, 1600));

TABLE(output_put_scaling_policy, TEXT("PolicyARN", MAY, 1, 1600),
      LIST("Alarms", MAY, 0, 0, alarm));

/* --- DescribePolicies --- */

TABLE(input_describe_policies, TEXT("AutoScalingGroupName", MAY, 1, 255),
      TEXTS("PolicyNames", MAY, 0, 50, 1, 1600), TEXTS("PolicyTypes", MAY, 0, 0, 1, 64),
      FLAG("IncludeManagedResources", MAY), TEXT("NextToken", MAY, 0, 0),
      NUMBER("MaxRecords", MAY, 1, 100));

TABLE(shape_scaling_policy, TEXT("AutoScalingGroupName", MAY, 1, 255),
      TEXT("PolicyName", MAY, 1, 255), TEXT("PolicyARN", MAY, 1, 1600),
      TEXT("PolicyType", MAY, 1, 64), TEXT("AdjustmentType", MAY, 1, 255),
      WHOLE("MinAdjustmentStep", MAY), WHOLE("MinAdjustmentMagnitude", MAY),
      WHOLE("ScalingAdjustment", MAY), WHOLE("Cooldown", MAY),
      LIST("StepAdjustments", MAY, 0, 0, step_adjustment),
      TEXT("MetricAggregationType", MAY, 1, 32), WHOLE("EstimatedInstanceWarmup", MAY),
      LIST("Alarms", MAY, 0, 0, alarm),
      STRUCT("TargetTrackingConfiguration", MAY, target_tracking_configuration),
      FLAG("Enabled", MAY),
      STRUCT("PredictiveScalingConfiguration", MAY, predictive_scaling_configuration));

TABLE(output_describe_policies, LIST("ScalingPolicies", MAY, 0, 0, scaling_policy),
      TEXT("NextToken", MAY, 0, 0));

/* --- DeletePolicy --- */

TABLE(input_delete_policy, TEXT("PolicyName", MUST, 1, 1600),
      TEXT("AutoScalingGroupName", MAY, 1, 255));

/* --- ExecutePolicy --- */

TABLE(input_execute_policy, TEXT("PolicyName", MUST, 1, 1600),
      TEXT("AutoScalingGroupName", MAY, 1, 255), FLAG("HonorCooldown", MAY),
      DECIMAL("MetricValue", MAY), DECIMAL("BreachThreshold", MAY));

/* --- GetPredictiveScalingForecast --- */

TABLE(input_get_predictive_scaling_forecast, TEXT("AutoScalingGroupName", MUST, 1, 255),
      TEXT("PolicyName", MUST, 1, 255), TIME("StartTime", MUST), TIME("EndTime", MUST));

TABLE(shape_load_forecast, TEXTS("Timestamps", MUST, 0, 0, 0, 0),
      TEXTS("Values", MUST, 0, 0, 0, 0),
      STRUCT("MetricSpecification", MUST, predictive_scaling_metric_specification));

TABLE(shape_capacity_forecast, TEXTS("Timestamps", MUST, 0, 0, 0, 0),
      TEXTS("Values", MUST, 0, 0, 0, 0));

TABLE(output_get_predictive_scaling_forecast,
      LIST("LoadForecast", MUST, 0, 0, load_forecast),
      STRUCT("CapacityForecast", MUST, capacity_forecast), TIME("UpdateTime", MUST));
