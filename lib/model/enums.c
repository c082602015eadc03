#include "model/enums.h"

#define WORD(name, word) (word),
#define DEFINE_ENUM(lower, text, LIST)                                                   \
    static const char *const lower##_list[] = {LIST(WORD)};                              \
    const struct asg_enum asg_##lower##_words = {                                        \
        .name = (text),                                                                  \
        .words = lower##_list,                                                           \
        .count = sizeof lower##_list / sizeof lower##_list[0],                           \
    };

DEFINE_ENUM(instance_state, "instance state", ASG_INSTANCE_STATE_LIST)
DEFINE_ENUM(health_check, "health check type", ASG_HEALTH_CHECK_LIST)
DEFINE_ENUM(policy_kind, "policy kind", ASG_POLICY_KIND_LIST)
DEFINE_ENUM(preset, "preset", ASG_PRESET_LIST)
DEFINE_ENUM(metric_name, "metric", ASG_METRIC_NAME_LIST)
DEFINE_ENUM(statistic, "statistic", ASG_STATISTIC_LIST)
DEFINE_ENUM(comparison, "comparison", ASG_COMPARISON_LIST)
DEFINE_ENUM(adjustment, "adjustment type", ASG_ADJUSTMENT_LIST)
DEFINE_ENUM(termination_policy, "termination policy", ASG_TERMINATION_POLICY_LIST)
DEFINE_ENUM(on_demand_strategy, "on-demand allocation strategy",
            ASG_ON_DEMAND_STRATEGY_LIST)
DEFINE_ENUM(spot_strategy, "Spot allocation strategy", ASG_SPOT_STRATEGY_LIST)
DEFINE_ENUM(process, "process", ASG_PROCESS_LIST)
DEFINE_ENUM(deletion_protection, "deletion protection", ASG_DELETION_PROTECTION_LIST)
DEFINE_ENUM(source_kind, "type of traffic source", ASG_SOURCE_KIND_LIST)
DEFINE_ENUM(source_state, "state of a traffic source", ASG_SOURCE_STATE_LIST)
DEFINE_ENUM(collected_metric, "metric of a group", ASG_COLLECTED_METRIC_LIST)
DEFINE_ENUM(command_kind, "command", ASG_COMMAND_KIND_LIST)
DEFINE_ENUM(event_kind, "event", ASG_EVENT_KIND_LIST)
DEFINE_ENUM(proof, "proof of an enrolment", ASG_PROOF_LIST)
DEFINE_ENUM(sign, "sign", ASG_SIGN_LIST)
DEFINE_ENUM(job_kind, "job kind", ASG_JOB_KIND_LIST)
DEFINE_ENUM(job_state, "job state", ASG_JOB_STATE_LIST)
DEFINE_ENUM(outcome, "outcome", ASG_OUTCOME_LIST)
DEFINE_ENUM(ec2_state, "EC2 state", ASG_EC2_STATE_LIST)
DEFINE_ENUM(decision_kind, "decision kind", ASG_DECISION_KIND_LIST)
DEFINE_ENUM(worker_state, "worker state", ASG_WORKER_STATE_LIST)
DEFINE_ENUM(cause, "cause of a decision", ASG_CAUSE_LIST)
DEFINE_ENUM(alarm_kind, "alarm", ASG_ALARM_KIND_LIST)
DEFINE_ENUM(hold_reason, "hold reason", ASG_HOLD_REASON_LIST)
DEFINE_ENUM(witness_kind, "witness", ASG_WITNESS_LIST)
DEFINE_ENUM(orphan_kind, "orphan", ASG_ORPHAN_LIST)
DEFINE_ENUM(member_state, "member state", ASG_MEMBER_STATE_LIST)
DEFINE_ENUM(activity_kind, "activity kind", ASG_ACTIVITY_KIND_LIST)
DEFINE_ENUM(activity_status, "activity status", ASG_ACTIVITY_STATUS_LIST)
DEFINE_ENUM(query, "query", ASG_QUERY_LIST)
DEFINE_ENUM(edge, "edge", ASG_EDGE_LIST)
DEFINE_ENUM(question_kind, "question", ASG_QUESTION_LIST)
DEFINE_ENUM(told_outcome, "answer to a question", ASG_TOLD_LIST)
