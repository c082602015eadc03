/* do - the handlers of the actions, each in the file of its topic; actions.c gives each
 * its action. A handler is called with checked parameters and ends its call once
 * (call.h).
 */
#ifndef ASG_API_DO_DO_H
#define ASG_API_DO_DO_H

#include "api/call.h"

/* constants.c */
asg_api_handler asg_do_describe_adjustment_types;
asg_api_handler asg_do_describe_scaling_process_types;
asg_api_handler asg_do_describe_termination_policy_types;
asg_api_handler asg_do_describe_metric_collection_types;
asg_api_handler asg_do_describe_auto_scaling_notification_types;
asg_api_handler asg_do_describe_lifecycle_hook_types;

/* activities.c */
asg_api_handler asg_do_describe_scaling_activities;

/* create_group.c, group_orders.c */
asg_api_handler asg_do_create_auto_scaling_group;
asg_api_handler asg_do_update_auto_scaling_group;
asg_api_handler asg_do_delete_auto_scaling_group;
asg_api_handler asg_do_set_desired_capacity;

/* policies.c, describe_policies.c */
asg_api_handler asg_do_put_scaling_policy;
asg_api_handler asg_do_delete_policy;
asg_api_handler asg_do_execute_policy;
asg_api_handler asg_do_describe_policies;

/* processes.c, instance_marks.c, tags.c, account_limits.c */
asg_api_handler asg_do_suspend_processes;
asg_api_handler asg_do_resume_processes;
asg_api_handler asg_do_set_instance_protection;
asg_api_handler asg_do_set_instance_health;
asg_api_handler asg_do_create_or_update_tags;
asg_api_handler asg_do_delete_tags;
asg_api_handler asg_do_describe_tags;
asg_api_handler asg_do_describe_account_limits;

/* not_yet.c */
asg_api_handler asg_do_describe_lifecycle_hooks;
asg_api_handler asg_do_describe_warm_pool;
asg_api_handler asg_do_describe_instance_refreshes;
asg_api_handler asg_do_describe_notification_configurations;
asg_api_handler asg_do_describe_account_settings;

/* describe_groups.c, describe_instances.c */
asg_api_handler asg_do_describe_auto_scaling_groups;
asg_api_handler asg_do_describe_auto_scaling_instances;

/* launch_configurations.c */
asg_api_handler asg_do_create_launch_configuration;
asg_api_handler asg_do_describe_launch_configurations;
asg_api_handler asg_do_delete_launch_configuration;

/* moved.c, attach.c */
asg_api_handler asg_do_enter_standby;
asg_api_handler asg_do_exit_standby;
asg_api_handler asg_do_attach_instances;
asg_api_handler asg_do_detach_instances;
asg_api_handler asg_do_terminate_instance_in_auto_scaling_group;

/* traffic.c */
asg_api_handler asg_do_attach_load_balancers;
asg_api_handler asg_do_detach_load_balancers;
asg_api_handler asg_do_describe_load_balancers;
asg_api_handler asg_do_attach_load_balancer_target_groups;
asg_api_handler asg_do_detach_load_balancer_target_groups;
asg_api_handler asg_do_describe_load_balancer_target_groups;
asg_api_handler asg_do_attach_traffic_sources;
asg_api_handler asg_do_detach_traffic_sources;
asg_api_handler asg_do_describe_traffic_sources;

/* collected_metrics.c */
asg_api_handler asg_do_enable_metrics_collection;
asg_api_handler asg_do_disable_metrics_collection;

/* schedules.c, batch_schedules.c */
asg_api_handler asg_do_put_scheduled_update_group_action;
asg_api_handler asg_do_batch_put_scheduled_update_group_action;
asg_api_handler asg_do_describe_scheduled_actions;
asg_api_handler asg_do_delete_scheduled_action;
asg_api_handler asg_do_batch_delete_scheduled_action;

/* A TrafficSourceIdentifier: without a type it is a target group or a Lattice one by its
 * ARN, a classic balancer by its name. False: there is no such type, and the call is
 * ended. (traffic.c) */
bool asg_api_take_source(struct asg_api_call *call, const struct asg_query_value *value,
                         struct asg_source *ret);

#endif
