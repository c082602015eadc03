/* schemas - the tables of all structs of the model, by name. See schema.h. */
#ifndef ASG_MODEL_SCHEMAS_H
#define ASG_MODEL_SCHEMAS_H

#include "model/messages.h"
#include "model/schema.h"

extern const struct asg_schema asg_tag_schema;
extern const struct asg_schema asg_kept_member_schema;
extern const struct asg_schema asg_source_schema;
extern const struct asg_schema asg_subnet_schema;
extern const struct asg_schema asg_launch_parameter_schema;
extern const struct asg_schema asg_group_config_schema;
extern const struct asg_schema asg_mixed_schema;
extern const struct asg_schema asg_step_schema;
extern const struct asg_schema asg_policy_config_schema;
extern const struct asg_schema asg_zone_change_schema;
extern const struct asg_schema asg_schedule_config_schema;
extern const struct asg_schema asg_template_config_schema;
extern const struct asg_schema asg_launch_configuration_schema;
extern const struct asg_schema asg_group_tag_schema;
extern const struct asg_schema asg_launch_schema;
extern const struct asg_schema asg_fleet_schema;
extern const struct asg_schema asg_terminate_schema;
extern const struct asg_schema asg_describe_schema;
extern const struct asg_schema asg_tagging_schema;
extern const struct asg_schema asg_job_schema;
extern const struct asg_schema asg_seen_instance_schema;
extern const struct asg_schema asg_result_schema;
extern const struct asg_schema asg_dry_pool_schema;
extern const struct asg_schema asg_apply_group_schema;
extern const struct asg_schema asg_apply_schema;
extern const struct asg_schema asg_command_schema;
extern const struct asg_schema asg_group_metric_schema;
extern const struct asg_schema asg_metrics_schema;
extern const struct asg_schema asg_health_sign_schema;
extern const struct asg_schema asg_health_schema;
extern const struct asg_schema asg_observed_schema;
extern const struct asg_schema asg_witness_schema;
extern const struct asg_schema asg_enrolment_schema;
extern const struct asg_schema asg_event_schema;
extern const struct asg_schema asg_decision_schema;
extern const struct asg_schema asg_reply_schema;
extern const struct asg_schema asg_member_schema;
extern const struct asg_schema asg_watch_schema;
extern const struct asg_schema asg_drain_schema;
extern const struct asg_schema asg_alarm_schema;
extern const struct asg_schema asg_activity_schema;
extern const struct asg_schema asg_effects_schema;
extern const struct asg_schema asg_state_hash_schema;
extern const struct asg_schema asg_report_schema;
extern const struct asg_schema asg_notice_schema;
extern const struct asg_schema asg_hello_schema;
extern const struct asg_schema asg_held_schema;
extern const struct asg_schema asg_call_rate_schema;
extern const struct asg_schema asg_heartbeat_schema;
extern const struct asg_schema asg_welcome_schema;
extern const struct asg_schema asg_sweep_schema;
extern const struct asg_schema asg_job_message_schema;
extern const struct asg_schema asg_result_message_schema;
extern const struct asg_schema asg_result_part_schema;
extern const struct asg_schema asg_hand_back_schema;
extern const struct asg_schema asg_ack_schema;
extern const struct asg_schema asg_halt_message_schema;
extern const struct asg_schema asg_question_schema;
extern const struct asg_schema asg_told_subnet_schema;
extern const struct asg_schema asg_told_zone_schema;
extern const struct asg_schema asg_told_template_schema;
extern const struct asg_schema asg_told_instance_schema;
extern const struct asg_schema asg_told_image_schema;
extern const struct asg_schema asg_told_schema;
extern const struct asg_schema asg_ask_schema;
extern const struct asg_schema asg_told_message_schema;
extern const struct asg_schema asg_request_schema;
extern const struct asg_schema asg_status_view_schema;
extern const struct asg_schema asg_instance_view_schema;
extern const struct asg_schema asg_suspension_view_schema;
extern const struct asg_schema asg_hold_schema;
extern const struct asg_schema asg_group_view_schema;
extern const struct asg_schema asg_attempt_view_schema;
extern const struct asg_schema asg_job_view_schema;
extern const struct asg_schema asg_template_view_schema;
extern const struct asg_schema asg_decision_view_schema;
extern const struct asg_schema asg_worker_view_schema;
extern const struct asg_schema asg_orphan_view_schema;
extern const struct asg_schema asg_refusal_schema;
extern const struct asg_schema asg_alarm_view_schema;
extern const struct asg_schema asg_answer_schema;

/* All of them, for the documentation and for tests that walk every table. */
extern const struct asg_schema *const asg_schemas[];
extern const size_t asg_schema_count;

#endif
