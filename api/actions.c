/* actions - the service's actions, one row each: what it takes and gives, who handles it.
 *
 * A handler that is NULL is not built yet: the action answers InvalidAction. READ rows
 * only look, CHANGE rows give orders: keys that may only read are refused there.
 */
#include <string.h>

#include "api/do/do.h"
#include "api/door.h"
#include "api/shapes/shapes.h"

static const struct asg_query_shape takes_nothing = {.members = NULL, .count = 0};

#define READ(action, takes, gives, done_by)                                              \
    {                                                                                    \
        .name = (action), .input = &(takes), .output = (gives), .handler = (done_by)     \
    }
#define CHANGE(action, takes, gives, done_by)                                            \
    {                                                                                    \
        .name = (action), .input = &(takes), .output = (gives), .handler = (done_by),    \
        .changes = true                                                                  \
    }

static const struct asg_api_action actions[] = {
    /* groups, their capacity and what is tagged to them */
    CHANGE("CreateAutoScalingGroup", asg_input_create_auto_scaling_group, NULL,
           asg_do_create_auto_scaling_group),
    CHANGE("UpdateAutoScalingGroup", asg_input_update_auto_scaling_group, NULL,
           asg_do_update_auto_scaling_group),
    CHANGE("DeleteAutoScalingGroup", asg_input_delete_auto_scaling_group, NULL,
           asg_do_delete_auto_scaling_group),
    READ("DescribeAutoScalingGroups", asg_input_describe_auto_scaling_groups,
         &asg_output_describe_auto_scaling_groups, asg_do_describe_auto_scaling_groups),
    CHANGE("SetDesiredCapacity", asg_input_set_desired_capacity, NULL,
           asg_do_set_desired_capacity),
    CHANGE("CreateOrUpdateTags", asg_input_create_or_update_tags, NULL,
           asg_do_create_or_update_tags),
    CHANGE("DeleteTags", asg_input_delete_tags, NULL, asg_do_delete_tags),
    READ("DescribeTags", asg_input_describe_tags, &asg_output_describe_tags,
         asg_do_describe_tags),
    CHANGE("SuspendProcesses", asg_input_suspend_processes, NULL,
           asg_do_suspend_processes),
    CHANGE("ResumeProcesses", asg_input_resume_processes, NULL, asg_do_resume_processes),
    CHANGE("EnableMetricsCollection", asg_input_enable_metrics_collection, NULL,
           asg_do_enable_metrics_collection),
    CHANGE("DisableMetricsCollection", asg_input_disable_metrics_collection, NULL,
           asg_do_disable_metrics_collection),
    /* instances and activities */
    READ("DescribeAutoScalingInstances", asg_input_describe_auto_scaling_instances,
         &asg_output_describe_auto_scaling_instances,
         asg_do_describe_auto_scaling_instances),
    READ("DescribeScalingActivities", asg_input_describe_scaling_activities,
         &asg_output_describe_scaling_activities, asg_do_describe_scaling_activities),
    CHANGE("TerminateInstanceInAutoScalingGroup",
           asg_input_terminate_instance_in_auto_scaling_group,
           &asg_output_terminate_instance_in_auto_scaling_group,
           asg_do_terminate_instance_in_auto_scaling_group),
    CHANGE("SetInstanceHealth", asg_input_set_instance_health, NULL,
           asg_do_set_instance_health),
    CHANGE("SetInstanceProtection", asg_input_set_instance_protection,
           &asg_output_set_instance_protection, asg_do_set_instance_protection),
    CHANGE("EnterStandby", asg_input_enter_standby, &asg_output_enter_standby,
           asg_do_enter_standby),
    CHANGE("ExitStandby", asg_input_exit_standby, &asg_output_exit_standby,
           asg_do_exit_standby),
    CHANGE("AttachInstances", asg_input_attach_instances, NULL, asg_do_attach_instances),
    CHANGE("DetachInstances", asg_input_detach_instances, &asg_output_detach_instances,
           asg_do_detach_instances),
    CHANGE("LaunchInstances", asg_input_launch_instances, &asg_output_launch_instances,
           NULL),
    /* scaling policies and forecasts */
    CHANGE("PutScalingPolicy", asg_input_put_scaling_policy,
           &asg_output_put_scaling_policy, asg_do_put_scaling_policy),
    READ("DescribePolicies", asg_input_describe_policies, &asg_output_describe_policies,
         asg_do_describe_policies),
    CHANGE("DeletePolicy", asg_input_delete_policy, NULL, asg_do_delete_policy),
    CHANGE("ExecutePolicy", asg_input_execute_policy, NULL, asg_do_execute_policy),
    READ("GetPredictiveScalingForecast", asg_input_get_predictive_scaling_forecast,
         &asg_output_get_predictive_scaling_forecast, NULL),
    /* launch configurations */
    CHANGE("CreateLaunchConfiguration", asg_input_create_launch_configuration, NULL,
           asg_do_create_launch_configuration),
    READ("DescribeLaunchConfigurations", asg_input_describe_launch_configurations,
         &asg_output_describe_launch_configurations,
         asg_do_describe_launch_configurations),
    CHANGE("DeleteLaunchConfiguration", asg_input_delete_launch_configuration, NULL,
           asg_do_delete_launch_configuration),
    /* scheduled actions */
    CHANGE("PutScheduledUpdateGroupAction", asg_input_put_scheduled_update_group_action,
           NULL, asg_do_put_scheduled_update_group_action),
    CHANGE("BatchPutScheduledUpdateGroupAction",
           asg_input_batch_put_scheduled_update_group_action,
           &asg_output_batch_put_scheduled_update_group_action,
           asg_do_batch_put_scheduled_update_group_action),
    READ("DescribeScheduledActions", asg_input_describe_scheduled_actions,
         &asg_output_describe_scheduled_actions, asg_do_describe_scheduled_actions),
    CHANGE("DeleteScheduledAction", asg_input_delete_scheduled_action, NULL,
           asg_do_delete_scheduled_action),
    CHANGE("BatchDeleteScheduledAction", asg_input_batch_delete_scheduled_action,
           &asg_output_batch_delete_scheduled_action,
           asg_do_batch_delete_scheduled_action),
    /* balancers, target groups and traffic sources */
    CHANGE("AttachLoadBalancers", asg_input_attach_load_balancers,
           &asg_output_attach_load_balancers, asg_do_attach_load_balancers),
    CHANGE("DetachLoadBalancers", asg_input_detach_load_balancers,
           &asg_output_detach_load_balancers, asg_do_detach_load_balancers),
    READ("DescribeLoadBalancers", asg_input_describe_load_balancers,
         &asg_output_describe_load_balancers, asg_do_describe_load_balancers),
    CHANGE("AttachLoadBalancerTargetGroups", asg_input_attach_load_balancer_target_groups,
           &asg_output_attach_load_balancer_target_groups,
           asg_do_attach_load_balancer_target_groups),
    CHANGE("DetachLoadBalancerTargetGroups", asg_input_detach_load_balancer_target_groups,
           &asg_output_detach_load_balancer_target_groups,
           asg_do_detach_load_balancer_target_groups),
    READ("DescribeLoadBalancerTargetGroups",
         asg_input_describe_load_balancer_target_groups,
         &asg_output_describe_load_balancer_target_groups,
         asg_do_describe_load_balancer_target_groups),
    CHANGE("AttachTrafficSources", asg_input_attach_traffic_sources,
           &asg_output_attach_traffic_sources, asg_do_attach_traffic_sources),
    CHANGE("DetachTrafficSources", asg_input_detach_traffic_sources,
           &asg_output_detach_traffic_sources, asg_do_detach_traffic_sources),
    READ("DescribeTrafficSources", asg_input_describe_traffic_sources,
         &asg_output_describe_traffic_sources, asg_do_describe_traffic_sources),
    /* lifecycle hooks, warm pools, refreshes and notifications */
    CHANGE("PutLifecycleHook", asg_input_put_lifecycle_hook,
           &asg_output_put_lifecycle_hook, NULL),
    READ("DescribeLifecycleHooks", asg_input_describe_lifecycle_hooks,
         &asg_output_describe_lifecycle_hooks, asg_do_describe_lifecycle_hooks),
    CHANGE("DeleteLifecycleHook", asg_input_delete_lifecycle_hook,
           &asg_output_delete_lifecycle_hook, NULL),
    CHANGE("CompleteLifecycleAction", asg_input_complete_lifecycle_action,
           &asg_output_complete_lifecycle_action, NULL),
    CHANGE("RecordLifecycleActionHeartbeat", asg_input_record_lifecycle_action_heartbeat,
           &asg_output_record_lifecycle_action_heartbeat, NULL),
    CHANGE("PutWarmPool", asg_input_put_warm_pool, &asg_output_put_warm_pool, NULL),
    READ("DescribeWarmPool", asg_input_describe_warm_pool, &asg_output_describe_warm_pool,
         asg_do_describe_warm_pool),
    CHANGE("DeleteWarmPool", asg_input_delete_warm_pool, &asg_output_delete_warm_pool,
           NULL),
    CHANGE("StartInstanceRefresh", asg_input_start_instance_refresh,
           &asg_output_start_instance_refresh, NULL),
    CHANGE("CancelInstanceRefresh", asg_input_cancel_instance_refresh,
           &asg_output_cancel_instance_refresh, NULL),
    CHANGE("RollbackInstanceRefresh", asg_input_rollback_instance_refresh,
           &asg_output_rollback_instance_refresh, NULL),
    READ("DescribeInstanceRefreshes", asg_input_describe_instance_refreshes,
         &asg_output_describe_instance_refreshes, asg_do_describe_instance_refreshes),
    CHANGE("PutNotificationConfiguration", asg_input_put_notification_configuration, NULL,
           NULL),
    READ("DescribeNotificationConfigurations",
         asg_input_describe_notification_configurations,
         &asg_output_describe_notification_configurations,
         asg_do_describe_notification_configurations),
    CHANGE("DeleteNotificationConfiguration", asg_input_delete_notification_configuration,
           NULL, NULL),
    /* the account, and what never changes */
    READ("DescribeAccountLimits", takes_nothing, &asg_output_describe_account_limits,
         asg_do_describe_account_limits),
    READ("DescribeAccountSettings", asg_input_describe_account_settings,
         &asg_output_describe_account_settings, asg_do_describe_account_settings),
    CHANGE("PutAccountSetting", asg_input_put_account_setting,
           &asg_output_put_account_setting, NULL),
    READ("DescribeAdjustmentTypes", takes_nothing, &asg_output_describe_adjustment_types,
         asg_do_describe_adjustment_types),
    READ("DescribeScalingProcessTypes", takes_nothing,
         &asg_output_describe_scaling_process_types,
         asg_do_describe_scaling_process_types),
    READ("DescribeTerminationPolicyTypes", takes_nothing,
         &asg_output_describe_termination_policy_types,
         asg_do_describe_termination_policy_types),
    READ("DescribeMetricCollectionTypes", takes_nothing,
         &asg_output_describe_metric_collection_types,
         asg_do_describe_metric_collection_types),
    READ("DescribeAutoScalingNotificationTypes", takes_nothing,
         &asg_output_describe_auto_scaling_notification_types,
         asg_do_describe_auto_scaling_notification_types),
    READ("DescribeLifecycleHookTypes", takes_nothing,
         &asg_output_describe_lifecycle_hook_types, asg_do_describe_lifecycle_hook_types),
};

const struct asg_api_action *asg_api_find_action(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].name, name) == 0) return &actions[i];
    }
    return NULL;
}

const struct asg_api_action *asg_api_actions(size_t *ret_count)
{
    *ret_count = sizeof actions / sizeof actions[0];
    return actions;
}
