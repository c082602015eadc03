/* schemas - the table of every struct of the model: what the codecs walk.
 *
 * Order is the order on the wire and in the log: append only (schema.h). A test
 * checks that each table covers its whole struct.
 */
#include "model/schemas.h"

#define FIELD(kind, field, ...)                                                          \
    {                                                                                    \
        .name = #field, .type = ASG_FIELD_##kind, .offset = offsetof(struct OF, field),  \
        __VA_ARGS__                                                                      \
    }
#define BOOL(f)      FIELD(BOOL, f, .limit = 0)
#define U32(f)       FIELD(U32, f, .limit = 0)
#define U64(f)       FIELD(U64, f, .limit = 0)
#define I64(f)       FIELD(I64, f, .limit = 0)
#define TEXT(f)      FIELD(TEXT, f, .limit = ASG_TEXT_MAX)
#define LONG_TEXT(f) FIELD(TEXT, f, .limit = 65536)
#define GROUP(f)     FIELD(TEXT, f, .limit = ASG_GROUP_NAME_MAX) /* a subject of the log */
#define BLOB(f)      FIELD(BLOB, f, .limit = 65536)
#define TEXTS(f)     FIELD(TEXTS, f, .limit = ASG_LIST_MAX)
#define NUMBERS(f)   FIELD(NUMBERS, f, .limit = ASG_LIST_MAX)
#define ENUM(f, e)   FIELD(ENUM, f, .names = &asg_##e##_words)
#define STRUCT(f, s) FIELD(STRUCT, f, .sub = &asg_##s##_schema)
#define PART(f, s)   FIELD(PART, f, .sub = &asg_##s##_schema)
#define LIST(f, n, s)                                                                    \
    FIELD(LIST, f, .count_offset = offsetof(struct OF, n), .sub = &asg_##s##_schema,     \
          .limit = ASG_LIST_MAX)
/* A list that travels as columns. */
#define COLUMNS(f, n, s)                                                                 \
    FIELD(LIST, f, .count_offset = offsetof(struct OF, n), .sub = &asg_##s##_schema,     \
          .limit = ASG_LIST_MAX, .is_columns = true)
/* A field that the saved state has from form `n` on (core/saved_state.c): SINCE(2, U32,
 * name, .limit = 0). */
#define SINCE(n, kind, f, ...) FIELD(kind, f, .since = (n), __VA_ARGS__)
/* A field with more to say of it: its default, whether 0 is unset, its bit in an update.
 */
#define OR(n)        .otherwise = (n)
#define OR_TEXT(t)   .otherwise_text = (t)
#define ZERO_UNSET   .is_unset_by_zero = true
#define NULL_AT_0    .null_at = ASG_NULL_AT_ZERO /* "none", where people read it */
#define MADE         .is_made = true
#define IN_UPDATE(b) .update_bit = (ASG_GROUP_##b + 1)
#define LIST_OF(n, s)                                                                    \
    .count_offset = offsetof(struct OF, n), .sub = &asg_##s##_schema,                    \
    .limit = ASG_LIST_MAX
#define TABLE(s)                                                                         \
    const struct asg_schema asg_##s##_schema = {                                         \
        .name = #s,                                                                      \
        .size = sizeof(struct asg_##s),                                                  \
        .fields = s##_fields,                                                            \
        .field_count = sizeof s##_fields / sizeof s##_fields[0],                         \
    };

#define OF asg_tag
static const struct asg_field tag_fields[] = {
    TEXT(key),
    TEXT(value),
    BOOL(stays),
};
#undef OF
TABLE(tag)

#define OF asg_kept_member
static const struct asg_field kept_member_fields[] = {
    TEXT(path),
    LONG_TEXT(value),
};
#undef OF
TABLE(kept_member)

#define OF asg_source
static const struct asg_field source_fields[] = {
    ENUM(kind, source_kind),
    TEXT(identifier),
    FIELD(ENUM, state, .names = &asg_source_state_words, MADE),
    FIELD(I64, state_ms, MADE),
};
#undef OF
TABLE(source)

#define OF asg_subnet
static const struct asg_field subnet_fields[] = {
    TEXT(subnet_id),
    TEXT(zone),
};
#undef OF
TABLE(subnet)

#define OF asg_launch_parameter
static const struct asg_field launch_parameter_fields[] = {
    TEXT(name),
    TEXT(value),
};
#undef OF
TABLE(launch_parameter)

#define OF asg_mixed
static const struct asg_field mixed_fields[] = {
    U32(on_demand_base),
    FIELD(U32, on_demand_percent, OR(100)),
    FIELD(ENUM, on_demand_strategy, .names = &asg_on_demand_strategy_words,
          OR(ASG_ON_DEMAND_PRIORITIZED)),
    FIELD(ENUM, spot_strategy, .names = &asg_spot_strategy_words,
          OR(ASG_SPOT_LOWEST_PRICE)),
    FIELD(U32, spot_pools, OR(2)),
    TEXT(spot_max_price),
};
#undef OF
TABLE(mixed)

#define OF asg_group_config
static const struct asg_field group_config_fields[] = {
    TEXT(name),
    FIELD(U32, min, IN_UPDATE(MIN)),
    FIELD(U32, max, IN_UPDATE(MAX)),
    FIELD(U32, desired, IN_UPDATE(DESIRED)),
    FIELD(TEXT, template_name, .limit = ASG_TEXT_MAX, IN_UPDATE(TEMPLATE)),
    FIELD(TEXT, template_id, .limit = ASG_TEXT_MAX, IN_UPDATE(TEMPLATE)),
    FIELD(TEXT, template_version, .limit = ASG_TEXT_MAX, IN_UPDATE(TEMPLATE),
          OR_TEXT("$Default"), ZERO_UNSET),
    FIELD(TEXTS, instance_types, .limit = ASG_LIST_MAX, IN_UPDATE(INSTANCE_TYPES)),
    FIELD(LIST, subnets, LIST_OF(subnet_count, subnet), IN_UPDATE(SUBNETS)),
    FIELD(ENUM, health_check, .names = &asg_health_check_words, IN_UPDATE(HEALTH_CHECK),
          OR(ASG_HEALTH_CHECK_EC2)),
    FIELD(I64, health_grace_ms, IN_UPDATE(HEALTH_GRACE)),
    FIELD(I64, cooldown_ms, IN_UPDATE(COOLDOWN), OR(300000)),
    FIELD(I64, warmup_ms, IN_UPDATE(WARMUP), OR(ASG_UNSET)),
    FIELD(I64, evaluation_ms, IN_UPDATE(EVALUATION), OR(5000), ZERO_UNSET),
    FIELD(I64, drain_ms, IN_UPDATE(DRAIN)),
    FIELD(I64, launch_timeout_ms, IN_UPDATE(LAUNCH_TIMEOUT), OR(600000), ZERO_UNSET),
    FIELD(TEXTS, termination_policies, .limit = ASG_LIST_MAX,
          IN_UPDATE(TERMINATION_POLICIES), OR_TEXT("default")),
    FIELD(BOOL, protect_new_instances, IN_UPDATE(PROTECT_NEW_INSTANCES)),
    FIELD(BOOL, dry_run, IN_UPDATE(DRY_RUN)),
    FIELD(U32, terminating_percent, IN_UPDATE(TERMINATING_PERCENT), OR(10), ZERO_UNSET),
    FIELD(U32, terminated_percent, IN_UPDATE(TERMINATED_PERCENT), OR(25), ZERO_UNSET),
    FIELD(U32, unhealthy_percent, IN_UPDATE(UNHEALTHY_PERCENT), OR(20), ZERO_UNSET),
    FIELD(U32, silence_percent, IN_UPDATE(SILENCE_PERCENT), OR(30), ZERO_UNSET),
    FIELD(LIST, tags, LIST_OF(tag_count, tag), IN_UPDATE(TAGS)),
    FIELD(LIST, launch_parameters, LIST_OF(launch_parameter_count, launch_parameter),
          IN_UPDATE(LAUNCH_PARAMETERS)),
    FIELD(U32, churn_generations, IN_UPDATE(CHURN_GENERATIONS), OR(2), ZERO_UNSET),
    FIELD(BOOL, capacity_rebalance, IN_UPDATE(CAPACITY_REBALANCE)),
    FIELD(PART, mixed, .sub = &asg_mixed_schema, IN_UPDATE(MIXED)),
    FIELD(TEXT, uuid, .limit = ASG_TEXT_MAX, MADE),
    FIELD(TEXT, launch_configuration, .limit = ASG_TEXT_MAX, IN_UPDATE(TEMPLATE)),
    FIELD(ENUM, deletion_protection, .names = &asg_deletion_protection_words,
          IN_UPDATE(DELETION_PROTECTION)),
    FIELD(LIST, kept, LIST_OF(kept_count, kept_member), IN_UPDATE(KEPT)),
    FIELD(U64, collected_metrics, .names = &asg_collected_metric_words),
    LIST(sources, source_count, source),
};
#undef OF
TABLE(group_config)

#define OF asg_step
static const struct asg_field step_fields[] = {
    BOOL(has_lower), BOOL(has_upper), I64(lower_milli), I64(upper_milli), I64(adjustment),
};
#undef OF
TABLE(step)

#define OF asg_policy_config
static const struct asg_field policy_config_fields[] = {
    TEXT(group),
    TEXT(name),
    FIELD(ENUM, kind, .names = &asg_policy_kind_words, OR(ASG_POLICY_TARGET_TRACKING)),
    BOOL(is_disabled),
    FIELD(ENUM, metric, .names = &asg_metric_name_words, OR(ASG_METRIC_NAME_CPU)),
    FIELD(ENUM, statistic, .names = &asg_statistic_words, OR(ASG_STATISTIC_MEAN)),
    I64(target_milli),
    BOOL(disable_scale_in),
    FIELD(U32, scale_in_permille, OR(900), ZERO_UNSET),
    FIELD(U32, scale_out_periods, OR(3), ZERO_UNSET),
    FIELD(I64, stabilisation_ms, OR(300000)),
    ENUM(comparison, comparison),
    I64(threshold_milli),
    FIELD(U32, periods, OR(1), ZERO_UNSET),
    ENUM(adjustment_type, adjustment),
    I64(adjustment),
    LIST(steps, step_count, step),
    U32(min_magnitude),
    FIELD(I64, cooldown_ms, OR(ASG_UNSET)),
    FIELD(I64, warmup_ms, OR(ASG_UNSET)),
    BOOL(has_threshold),
    FIELD(ENUM, preset, .names = &asg_preset_words, OR(ASG_PRESET_DEFAULT)),
    FIELD(U32, scale_out_permille, OR(1000), ZERO_UNSET),
    FIELD(U32, scale_in_periods, OR(1), ZERO_UNSET),
    I64(saturation_milli),
    FIELD(I64, saturation_factor_milli, OR(1000), ZERO_UNSET),
    U32(scale_in_at_once_percent),
    U32(scale_in_ten_minutes_percent),
    BOOL(counts_warming),
    U32(scale_out_far_permille),
    FIELD(U32, patience, OR(1), ZERO_UNSET),
    I64(warmup_otherwise_ms),
    FIELD(TEXT, uuid, .limit = ASG_TEXT_MAX, MADE),
    FIELD(TEXT, alarm_high, .limit = ASG_TEXT_MAX, MADE),
    FIELD(TEXT, alarm_low, .limit = ASG_TEXT_MAX, MADE),
    LIST(kept, kept_count, kept_member),
};
#undef OF
TABLE(policy_config)

#define OF asg_zone_change
static const struct asg_field zone_change_fields[] = {
    I64(at_ms),
    I64(offset_s),
};
#undef OF
TABLE(zone_change)

#define OF asg_schedule_config
static const struct asg_field schedule_config_fields[] = {
    TEXT(group),
    TEXT(name),
    FIELD(I64, min, OR(ASG_UNSET)),
    FIELD(I64, max, OR(ASG_UNSET)),
    FIELD(I64, desired, OR(ASG_UNSET)),
    I64(start_ms),
    I64(end_ms),
    LONG_TEXT(recurrence),
    FIELD(TEXT, time_zone, .limit = ASG_TEXT_MAX, OR_TEXT("UTC")),
    FIELD(LIST, changes, LIST_OF(change_count, zone_change), MADE),
    FIELD(TEXT, uuid, .limit = ASG_TEXT_MAX, MADE),
    FIELD(BOOL, has_time_zone, MADE),
    FIELD(I64, next_ms, MADE),
};
#undef OF
TABLE(schedule_config)

#define OF asg_template_config
static const struct asg_field template_config_fields[] = {
    TEXT(name),
    TEXT(image_id),
    TEXT(instance_type),
    TEXT(key_name),
    TEXT(instance_profile),
    TEXTS(security_group_ids),
    TEXT(user_data_sha256),
    LIST(tags, tag_count, tag),
    LIST(parameters, parameter_count, launch_parameter),
};
#undef OF
TABLE(template_config)

#define OF asg_launch_configuration
static const struct asg_field launch_configuration_fields[] = {
    TEXT(name),
    TEXT(uuid),
    I64(created_ms),
    LIST(parameters, parameter_count, launch_parameter),
    TEXT(user_data_sha256),
    LIST(kept, kept_count, kept_member),
};
#undef OF
TABLE(launch_configuration)

#define OF asg_group_tag
static const struct asg_field group_tag_fields[] = {
    TEXT(group), TEXT(key), TEXT(value), BOOL(stays), BOOL(has_value),
};
#undef OF
TABLE(group_tag)

#define OF asg_fleet
static const struct asg_field fleet_fields[] = {
    TEXTS(instance_types),
    U32(on_demand),
    U32(spot),
    ENUM(on_demand_strategy, on_demand_strategy),
    ENUM(spot_strategy, spot_strategy),
    U32(spot_pools),
    TEXT(spot_max_price),
};
#undef OF
TABLE(fleet)

#define OF asg_launch
static const struct asg_field launch_fields[] = {
    TEXT(template_id),
    TEXT(template_name),
    TEXT(template_version),
    TEXT(instance_type),
    TEXT(subnet_id),
    TEXT(zone),
    U32(count),
    U32(group_max),
    U32(based_on),
    LIST(tags, tag_count, tag),
    LIST(parameters, parameter_count, launch_parameter),
    PART(fleet, fleet),
    TEXT(user_data_sha256),
};
#undef OF
TABLE(launch)

#define OF asg_terminate
static const struct asg_field terminate_fields[] = {
    TEXT(zone),
    TEXTS(instance_ids),
};
#undef OF
TABLE(terminate)

#define OF asg_describe
static const struct asg_field describe_fields[] = {
    TEXTS(instance_ids),
};
#undef OF
TABLE(describe)

#define OF asg_tagging
static const struct asg_field tagging_fields[] = {
    TEXTS(instance_ids),
    LIST(tags, tag_count, tag),
};
#undef OF
TABLE(tagging)

#define OF asg_job
static const struct asg_field job_fields[] = {
    U64(id),
    U32(attempt),
    ENUM(kind, job_kind),
    TEXT(group),
    TEXT(name),
    I64(created_ms),
    I64(deadline_ms),
    TEXT(client_token),
    BOOL(is_dry_run),
    PART(launch, launch),
    PART(terminate, terminate),
    PART(describe, describe),
    PART(template_config, template_config),
    TEXT(template_id),
    TEXT(template_name),
    TEXT(template_version),
    U64(incarnation),
    PART(tagging, tagging),
};
#undef OF
TABLE(job)

#define OF asg_seen_instance
static const struct asg_field seen_instance_fields[] = {
    TEXT(instance_id),   ENUM(state, ec2_state),
    TEXT(instance_type), TEXT(subnet_id),
    TEXT(zone),          TEXT(private_ip),
    I64(launched_ms),    TEXT(state_reason),
    TEXT(group),         U64(job_id),
    U32(attempt),        TEXT(client_token),
    BOOL(is_impaired),   TEXT(event_code),
    I64(event_ms),       BOOL(is_spot),
    U64(incarnation),
};
#undef OF
TABLE(seen_instance)

#define OF asg_dry_pool
static const struct asg_field dry_pool_fields[] = {
    TEXT(instance_type),
    BOOL(is_spot),
    TEXT(error_code),
};
#undef OF
TABLE(dry_pool)

#define OF asg_result
static const struct asg_field result_fields[] = {
    U64(job_id),
    U32(attempt),
    ENUM(outcome, outcome),
    TEXT(worker),
    TEXT(error_code),
    LONG_TEXT(message),
    TEXT(request_id),
    U32(http_status),
    U32(calls),
    U32(deliveries),
    I64(duration_us),
    LIST(instances, instance_count, seen_instance),
    TEXTS(gone),
    TEXTS(protected_ids),
    TEXT(template_id),
    TEXT(template_name),
    TEXT(template_version),
    TEXT(template_type),
    LIST(dry_pools, dry_pool_count, dry_pool),
    U64(incarnation),
};
#undef OF
TABLE(result)

#define OF asg_apply_group
static const struct asg_field apply_group_fields[] = {
    GROUP(name),
    BOOL(is_new),
    PART(config, group_config),
    U64(fields),
    LIST(policies, policy_count, policy_config),
    LIST(schedules, schedule_count, schedule_config),
    TEXTS(gone_policies),
    TEXTS(gone_schedules),
    U64(template_version),
    TEXT(template_id),
};
#undef OF
TABLE(apply_group)

#define OF asg_apply
static const struct asg_field apply_fields[] = {
    LIST(groups, group_count, apply_group),
    BOOL(has_revision),
    U64(revision),
    U32(groups_limit),
    U32(policies_limit),
    U32(schedules_limit),
};
#undef OF
TABLE(apply)

#define OF asg_command
static const struct asg_field command_fields[] = {
    ENUM(kind, command_kind),
    TEXT(actor),
    TEXT(cluster_id),
    U64(seed),
    U64(epoch),
    GROUP(group),
    TEXT(name),
    PART(group_config, group_config),
    U64(group_fields),
    PART(policy_config, policy_config),
    PART(schedule_config, schedule_config),
    PART(template_config, template_config),
    U32(desired),
    BOOL(honor_cooldown),
    BOOL(force),
    TEXTS(instance_ids),
    BOOL(decrement),
    BOOL(is_protected),
    BOOL(is_healthy),
    BOOL(respect_grace),
    U64(processes),
    U64(job_id),
    BOOL(has_metric_value),
    I64(metric_value_milli),
    I64(breach_threshold_milli),
    I64(listing_ms),
    U32(rules),
    U64(incarnation),
    BOOL(is_all),
    I64(schedule_late_ms),
    U32(limit),
    LIST(group_tags, group_tag_count, group_tag),
    PART(launch_configuration, launch_configuration),
    U64(collected_metrics),
    LIST(sources, source_count, source),
    LIST(seen, seen_count, seen_instance),
    U64(template_version),
    PART(apply, apply),
    TEXT(template_id),
};
#undef OF
TABLE(command)

#define OF asg_group_metric
static const struct asg_field group_metric_fields[] = {
    U32(group_no),  ENUM(metric, metric_name),
    U64(revision),  U32(members),
    U32(count),     I64(sum_milli),
    I64(min_milli), I64(max_milli),
};
#undef OF
TABLE(group_metric)

#define OF asg_metrics
static const struct asg_field metrics_fields[] = {
    COLUMNS(groups, group_count, group_metric),
};
#undef OF
TABLE(metrics)

#define OF asg_health_sign
static const struct asg_field health_sign_fields[] = {
    TEXT(instance_id),
    ENUM(sign, sign),
    TEXT(detail),
    I64(at_ms),
};
#undef OF
TABLE(health_sign)

#define OF asg_health
static const struct asg_field health_fields[] = {
    LIST(signs, sign_count, health_sign),
};
#undef OF
TABLE(health)

#define OF asg_observed
static const struct asg_field observed_fields[] = {
    U64(job_id),
    BOOL(is_complete),
    BOOL(failed),
    LIST(instances, instance_count, seen_instance),
};
#undef OF
TABLE(observed)

#define OF asg_witness
static const struct asg_field witness_fields[] = {
    ENUM(kind, witness_kind), TEXT(name),  U64(epoch),
    U64(incarnation),         U64(job_id), U32(attempt),
};
#undef OF
TABLE(witness)

#define OF asg_enrolment
static const struct asg_field enrolment_fields[] = {
    TEXT(instance_id),  TEXT(curve_key),
    TEXT(tls_key),      TEXT(serial),
    ENUM(proof, proof), U64(job_id),
    U32(attempt),       U64(incarnation),
    TEXT(address),      BOOL(is_address_checked),
};
#undef OF
TABLE(enrolment)

#define OF asg_event
static const struct asg_field event_fields[] = {
    I64(time_ms),
    ENUM(kind, event_kind),
    PART(command, command),
    PART(metrics, metrics),
    PART(health, health),
    PART(result, result),
    PART(observed, observed),
    PART(witness, witness),
    PART(enrolment, enrolment),
};
#undef OF
TABLE(event)

#define OF asg_decision
static const struct asg_field decision_fields[] = {
    ENUM(kind, decision_kind),
    ENUM(cause, cause),
    TEXT(group),
    TEXT(policy),
    TEXT(instance_id),
    I64(from),
    I64(to),
    ENUM(state_from, instance_state),
    ENUM(state_to, instance_state),
    U64(job_id),
    LONG_TEXT(text),
    I64(since_ms),
};
#undef OF
TABLE(decision)

#define OF asg_reply
static const struct asg_field reply_fields[] = {
    BOOL(is_set), BOOL(is_ok), TEXT(code), LONG_TEXT(message), U64(job_id),
};
#undef OF
TABLE(reply)

#define OF asg_member
static const struct asg_field member_fields[] = {
    U32(group_no), TEXT(instance_id), TEXT(private_ip), ENUM(state, member_state),
    U64(job_id),   U32(attempt),      U64(incarnation), TEXT(curve_key),
    TEXT(tls_key),
};
#undef OF
TABLE(member)

#define OF asg_watch
static const struct asg_field watch_fields[] = {
    U32(group_no), TEXT(name), I64(evaluation_ms), U32(metrics), U64(revision),
};
#undef OF
TABLE(watch)

#define OF asg_drain
static const struct asg_field drain_fields[] = {
    TEXT(instance_id),
    TEXT(private_ip),
    I64(limit_ms),
};
#undef OF
TABLE(drain)

#define OF asg_alarm
static const struct asg_field alarm_fields[] = {
    ENUM(kind, alarm_kind),
    TEXT(group),
    BOOL(is_raised),
    LONG_TEXT(text),
};
#undef OF
TABLE(alarm)

#define OF asg_activity
static const struct asg_field activity_fields[] = {
    U32(group_no),
    U64(no),
    GROUP(group),
    TEXT(group_uuid),
    ENUM(kind, activity_kind),
    ENUM(status, activity_status),
    TEXT(instance_id),
    U32(progress),
    I64(start_ms),
    I64(end_ms),
    FIELD(TEXT, cause, .limit = ASG_ACTIVITY_CAUSE_MAX),
    FIELD(TEXT, message, .limit = ASG_ACTIVITY_MESSAGE_MAX),
    TEXT(subnet_id),
    TEXT(zone),
};
#undef OF
TABLE(activity)

#define OF asg_effects
static const struct asg_field effects_fields[] = {
    LIST(decisions, decision_count, decision),
    LIST(jobs, job_count, job),
    NUMBERS(closed_jobs),
    STRUCT(reply, reply),
    LIST(watches, watch_count, watch),
    LIST(members, member_count, member),
    LIST(drains, drain_count, drain),
    LIST(alarms, alarm_count, alarm),
    BOOL(is_halted),
    I64(next_deadline_ms),
    NUMBERS(recalled_jobs),
    LIST(activities, activity_count, activity),
};
#undef OF
TABLE(effects)

#define OF asg_state_hash
static const struct asg_field state_hash_fields[] = {
    U32(form),      U64(seq),      FIELD(BLOB, hash, .limit = ASG_STATE_HASH_BYTES),
    U64(bytes_max), U32(group_no), U64(instance_no),
    U64(job_id),
};
#undef OF
TABLE(state_hash)

#define OF asg_report
static const struct asg_field report_fields[] = {
    U64(boot_id),           U64(sequence),        I64(time_ms),
    U32(interval_ms),       U32(cpu_milli),       U32(memory_milli),
    U32(load_milli),        U32(pressure_milli),  U64(network_in_bytes),
    U64(network_out_bytes), U64(disk_read_bytes), U64(disk_write_bytes),
    U32(grpc_port),         U32(version),
};
#undef OF
TABLE(report)

#define OF asg_notice
static const struct asg_field notice_fields[] = {
    ENUM(sign, sign),
    I64(at_ms),
    TEXT(detail),
};
#undef OF
TABLE(notice)

#define OF asg_hello
static const struct asg_field hello_fields[] = {
    TEXT(worker), TEXT(version),    U32(credits), LIST(held, held_count, held),
    U64(epoch),   U64(incarnation),
};
#undef OF
TABLE(hello)

#define OF asg_held
static const struct asg_field held_fields[] = {
    U64(job_id),
    U32(attempt),
    U64(lease_id),
    U64(incarnation),
};
#undef OF
TABLE(held)

#define OF asg_call_rate
static const struct asg_field call_rate_fields[] = {
    TEXT(action),
    U32(attempts),
    U32(throttles),
};
#undef OF
TABLE(call_rate)

#define OF asg_heartbeat
static const struct asg_field heartbeat_fields[] = {
    U32(credits),
    LIST(held, held_count, held),
    LIST(rates, rate_count, call_rate),
    BOOL(is_halted),
};
#undef OF
TABLE(heartbeat)

#define OF asg_welcome
static const struct asg_field welcome_fields[] = {
    U64(epoch),      TEXT(cluster_id), I64(lease_ms),    I64(heartbeat_ms),
    BOOL(is_halted), U64(incarnation), U64(hello_epoch),
};
#undef OF
TABLE(welcome)

#define OF asg_sweep
static const struct asg_field sweep_fields[] = {
    I64(older_ms),
    NUMBERS(live_jobs),
};
#undef OF
TABLE(sweep)

#define OF asg_job_message
static const struct asg_field job_message_fields[] = {
    U64(epoch),        U64(lease_id),    I64(time_left_ms), TEXT(cluster_id),
    TEXT(join_stanza), BLOB(attachment), PART(job, job),    PART(sweep, sweep),
};
#undef OF
TABLE(job_message)

#define OF asg_result_message
static const struct asg_field result_message_fields[] = {
    U64(epoch),
    U64(lease_id),
    PART(result, result),
    LIST(rates, rate_count, call_rate),
};
#undef OF
TABLE(result_message)

#define OF asg_result_part
static const struct asg_field result_part_fields[] = {
    U32(number),
    BOOL(is_last),
    STRUCT(message, result_message),
};
#undef OF
TABLE(result_part)

#define OF asg_hand_back
static const struct asg_field hand_back_fields[] = {
    U64(job_id), U32(attempt), U64(lease_id), TEXT(reason), U64(incarnation),
};
#undef OF
TABLE(hand_back)

#define OF asg_ack
static const struct asg_field ack_fields[] = {
    U64(job_id),
    U32(attempt),
    U64(incarnation),
};
#undef OF
TABLE(ack)

#define OF asg_halt_message
static const struct asg_field halt_message_fields[] = {
    BOOL(is_halted),
};
#undef OF
TABLE(halt_message)

#define OF asg_question
static const struct asg_field question_fields[] = {
    ENUM(kind, question_kind), FIELD(TEXTS, ids, .limit = ASG_QUESTION_IDS_MAX),
    TEXT(template_id),         TEXT(template_name),
    TEXT(template_version),
};
#undef OF
TABLE(question)

#define OF asg_told_subnet
static const struct asg_field told_subnet_fields[] = {
    TEXT(subnet_id), TEXT(zone),          TEXT(vpc_id),
    TEXT(state),     U64(free_addresses), BOOL(is_default),
};
#undef OF
TABLE(told_subnet)

#define OF asg_told_zone
static const struct asg_field told_zone_fields[] = {
    TEXT(name),
    TEXT(zone_id),
    TEXT(state),
};
#undef OF
TABLE(told_zone)

#define OF asg_told_template
static const struct asg_field told_template_fields[] = {
    TEXT(template_id), TEXT(template_name), U64(default_version), U64(latest_version),
    U64(version),      TEXT(instance_type), TEXT(image_id),
};
#undef OF
TABLE(told_template)

#define OF asg_told_instance
static const struct asg_field told_instance_fields[] = {
    TEXT(instance_id),
    ENUM(state, ec2_state),
    TEXT(instance_type),
    TEXT(zone),
    TEXT(subnet_id),
    TEXT(vpc_id),
    TEXT(private_ip),
    TEXT(image_id),
    I64(launched_ms),
    BOOL(is_spot),
    LIST(tags, tag_count, tag),
    TEXT(key_name),
    TEXTS(security_group_ids),
    TEXT(instance_profile),
    TEXT(kernel_id),
    TEXT(ramdisk_id),
    TEXT(tenancy),
    BOOL(is_monitored),
    BOOL(is_ebs_optimized),
    BOOL(has_public_ip),
};
#undef OF
TABLE(told_instance)

#define OF asg_told_image
static const struct asg_field told_image_fields[] = {
    TEXT(image_id),
    TEXT(state),
};
#undef OF
TABLE(told_image)

#define OF asg_told
static const struct asg_field told_fields[] = {
    ENUM(outcome, told_outcome),
    TEXT(code),
    LONG_TEXT(message),
    LIST(subnets, subnet_count, told_subnet),
    LIST(zones, zone_count, told_zone),
    PART(template, told_template),
    LIST(instances, instance_count, told_instance),
    LIST(images, image_count, told_image),
};
#undef OF
TABLE(told)

#define OF asg_ask
static const struct asg_field ask_fields[] = {
    U64(question_no),
    I64(time_left_ms),
    PART(question, question),
};
#undef OF
TABLE(ask)

#define OF asg_told_message
static const struct asg_field told_message_fields[] = {
    U64(question_no),
    PART(told, told),
    LIST(rates, rate_count, call_rate),
};
#undef OF
TABLE(told_message)

#define OF asg_request
static const struct asg_field request_fields[] = {
    U64(request_no),  ENUM(query, query), PART(command, command),
    BLOB(attachment), TEXT(group),        TEXT(name),
    U64(job_id),      BOOL(only_dead),    U64(from_seq),
    U32(limit),       U64(to_seq),        BOOL(is_newest_first),
};
#undef OF
TABLE(request)

#define OF asg_alarm_view
static const struct asg_field alarm_view_fields[] = {
    TEXT(kind),
    TEXT(group),
    TEXT(text),
};
#undef OF
TABLE(alarm_view)

#define OF asg_status_view
static const struct asg_field status_view_fields[] = {
    TEXT(cluster_id),
    TEXT(version),
    U64(epoch),
    U64(log_head),
    I64(time_ms),
    I64(started_ms),
    BOOL(is_halted),
    U32(groups),
    U32(instances),
    U32(agents),
    U32(workers),
    U32(open_jobs),
    U32(dead_jobs),
    TEXT(agents_endpoint),
    TEXT(workers_endpoint),
    TEXT(admin_endpoint),
    TEXT(http_endpoint),
    TEXTS(alarms),
    TEXT(held),
    TEXT(api_endpoint),
    U64(revision),
    LIST(alarm_list, alarm_count, alarm_view),
    TEXT(agents_announced),
    TEXT(enrol_announced),
};
#undef OF
TABLE(status_view)

#define OF asg_instance_view
static const struct asg_field instance_view_fields[] = {
    TEXT(instance_id),
    TEXT(group),
    ENUM(state, instance_state),
    BOOL(is_healthy),
    TEXT(health_reason),
    BOOL(is_warming),
    BOOL(is_protected),
    TEXT(instance_type),
    TEXT(subnet_id),
    TEXT(zone),
    TEXT(private_ip),
    TEXT(template_version),
    I64(launched_ms),
    I64(in_service_ms),
    FIELD(U64, job_id, NULL_AT_0),
    BOOL(is_reporting),
    FIELD(I64, cpu_milli, .null_at = ASG_NULL_AT_MINUS_ONE),
    TEXT(signs),
    BOOL(is_spot),
    U64(no),
    TEXT(lifecycle),
    TEXT(template_id),
    I64(warm_ms),
    TEXT(launch_configuration),
    ENUM(ec2_state, ec2_state),
    I64(requested_ms),
    I64(ending_ms),
};
#undef OF
TABLE(instance_view)

#define OF asg_suspension_view
static const struct asg_field suspension_view_fields[] = {
    ENUM(process, process),
    I64(since_ms),
    TEXT(reason),
};
#undef OF
TABLE(suspension_view)

#define OF asg_hold
static const struct asg_field hold_fields[] = {
    ENUM(reason, hold_reason), I64(until_ms), U32(count), TEXT(policy), TEXT(text),
};
#undef OF
TABLE(hold)

#define OF asg_group_view
static const struct asg_field group_view_fields[] = {
    U32(group_no),
    PART(config, group_config),
    U32(requested),
    U32(pending),
    U32(in_service),
    U32(warming),
    U32(terminating),
    U32(unhealthy),
    FIELD(U64, suspended, .names = &asg_process_words),
    BOOL(is_halted),
    BOOL(is_deleting),
    BOOL(is_degraded),
    TEXT(degraded_reason),
    TEXT(resolved_version),
    I64(created_ms),
    U32(unknown),
    BOOL(is_held),
    LIST(suspensions, suspension_count, suspension_view),
    LIST(holds, hold_count, hold),
    I64(wanted),
    U64(revision),
};
#undef OF
TABLE(group_view)

#define OF asg_orphan_view
static const struct asg_field orphan_view_fields[] = {
    TEXT(instance_id),
    TEXT(group),
    ENUM(kind, orphan_kind),
    ENUM(state, ec2_state),
    TEXT(instance_type),
    TEXT(subnet_id),
    TEXT(zone),
    TEXT(private_ip),
    I64(launched_ms),
    FIELD(U64, job_id, NULL_AT_0),
    U32(attempt),
    U64(incarnation),
    I64(first_ms),
    I64(ends_ms),
    BOOL(is_ending),
    TEXT(why),
    TEXT(advice),
};
#undef OF
TABLE(orphan_view)

#define OF asg_attempt_view
static const struct asg_field attempt_view_fields[] = {
    U32(attempt),    ENUM(outcome, outcome), TEXT(error_code), TEXT(message),
    TEXT(worker),    TEXT(request_id),       I64(ended_ms),    U32(calls),
    U32(deliveries),
};
#undef OF
TABLE(attempt_view)

#define OF asg_job_view
static const struct asg_field job_view_fields[] = {
    U64(id),
    TEXT(name),
    ENUM(kind, job_kind),
    ENUM(state, job_state),
    TEXT(group),
    U32(attempt),
    U32(count),
    I64(created_ms),
    I64(deadline_ms),
    I64(ended_ms),
    TEXT(client_token),
    TEXT(worker),
    LIST(attempts, attempt_count, attempt_view),
};
#undef OF
TABLE(job_view)

#define OF asg_template_view
static const struct asg_field template_view_fields[] = {
    TEXT(name),
    TEXT(template_id),
    TEXT(version),
    TEXT(state),
    FIELD(U64, job_id, NULL_AT_0),
};
#undef OF
TABLE(template_view)

#define OF asg_decision_view
static const struct asg_field decision_view_fields[] = {
    U64(seq),          I64(time_ms),
    TEXT(group),       TEXT(kind),
    LONG_TEXT(text),   TEXT(policy),
    TEXT(instance_id), I64(from),
    I64(to),           FIELD(U64, job_id, NULL_AT_0),
};
#undef OF
TABLE(decision_view)

#define OF asg_worker_view
static const struct asg_field worker_view_fields[] = {
    TEXT(name),
    TEXT(version),
    TEXT(address),
    U32(credits),
    U32(leases),
    I64(heard_ms),
    ENUM(state, worker_state),
    TEXT(reason),
};
#undef OF
TABLE(worker_view)

#define OF asg_refusal
static const struct asg_field refusal_fields[] = {
    ENUM(edge, edge), TEXT(key),     TEXT(address), TEXT(why),
    U64(count),       I64(first_ms), I64(last_ms),  TEXT(instance_id),
};
#undef OF
TABLE(refusal)

#define OF asg_answer
static const struct asg_field answer_fields[] = {
    U64(request_no),
    BOOL(is_ok),
    TEXT(code),
    LONG_TEXT(message),
    U64(job_id),
    BOOL(has_more),
    U64(next_seq),
    PART(status, status_view),
    LIST(groups, group_count, group_view),
    LIST(policies, policy_count, policy_config),
    LIST(schedules, schedule_count, schedule_config),
    LIST(templates, template_count, template_view),
    LIST(instances, instance_count, instance_view),
    LIST(jobs, job_count, job_view),
    LIST(decisions, decision_count, decision_view),
    LIST(workers, worker_count, worker_view),
    LIST(orphans, orphan_count, orphan_view),
    LIST(launch_configurations, launch_configuration_count, launch_configuration),
    LIST(activities, activity_count, activity),
    TEXT(join_line),
    LIST(refusals, refusal_count, refusal),
    U64(revision),
    LONG_TEXT(note),
    U64(before_seq),
};
#undef OF
TABLE(answer)

const struct asg_schema *const asg_schemas[] = {
    &asg_tag_schema,
    &asg_kept_member_schema,
    &asg_source_schema,
    &asg_subnet_schema,
    &asg_launch_parameter_schema,
    &asg_group_config_schema,
    &asg_mixed_schema,
    &asg_step_schema,
    &asg_policy_config_schema,
    &asg_zone_change_schema,
    &asg_schedule_config_schema,
    &asg_template_config_schema,
    &asg_launch_configuration_schema,
    &asg_group_tag_schema,
    &asg_launch_schema,
    &asg_fleet_schema,
    &asg_terminate_schema,
    &asg_describe_schema,
    &asg_tagging_schema,
    &asg_job_schema,
    &asg_seen_instance_schema,
    &asg_result_schema,
    &asg_dry_pool_schema,
    &asg_apply_group_schema,
    &asg_apply_schema,
    &asg_command_schema,
    &asg_group_metric_schema,
    &asg_metrics_schema,
    &asg_health_sign_schema,
    &asg_health_schema,
    &asg_observed_schema,
    &asg_witness_schema,
    &asg_enrolment_schema,
    &asg_event_schema,
    &asg_decision_schema,
    &asg_reply_schema,
    &asg_member_schema,
    &asg_watch_schema,
    &asg_drain_schema,
    &asg_alarm_schema,
    &asg_activity_schema,
    &asg_effects_schema,
    &asg_state_hash_schema,
    &asg_report_schema,
    &asg_notice_schema,
    &asg_hello_schema,
    &asg_held_schema,
    &asg_call_rate_schema,
    &asg_heartbeat_schema,
    &asg_welcome_schema,
    &asg_sweep_schema,
    &asg_job_message_schema,
    &asg_result_message_schema,
    &asg_result_part_schema,
    &asg_hand_back_schema,
    &asg_ack_schema,
    &asg_halt_message_schema,
    &asg_question_schema,
    &asg_told_subnet_schema,
    &asg_told_zone_schema,
    &asg_told_template_schema,
    &asg_told_instance_schema,
    &asg_told_image_schema,
    &asg_told_schema,
    &asg_ask_schema,
    &asg_told_message_schema,
    &asg_request_schema,
    &asg_status_view_schema,
    &asg_instance_view_schema,
    &asg_suspension_view_schema,
    &asg_hold_schema,
    &asg_group_view_schema,
    &asg_attempt_view_schema,
    &asg_job_view_schema,
    &asg_template_view_schema,
    &asg_decision_view_schema,
    &asg_worker_view_schema,
    &asg_orphan_view_schema,
    &asg_refusal_schema,
    &asg_alarm_view_schema,
    &asg_answer_schema,
};
const size_t asg_schema_count = sizeof asg_schemas / sizeof asg_schemas[0];
