/* settings - what the agent's YAML file may say; the table is in settings.c. */
#ifndef ASG_AGENT_SETTINGS_H
#define ASG_AGENT_SETTINGS_H

#include "text/config.h"

/* The words of the setting `proof`. */
enum asg_agent_proof {
    ASG_AGENT_PROOF_AUTO, /* the first of these that there is, the next after a refusal */
    ASG_AGENT_PROOF_TOKEN,
    ASG_AGENT_PROOF_STS,
    ASG_AGENT_PROOF_DOCUMENT
};

struct asg_agent_settings {
    int64_t interval_ms;
    int cpu_source; /* enum asg_cpu_source */
    int64_t cpu_capacity_milli;
    const char *cgroup;
    const char *grpc_listen;
    const char *health_listen;
    const char *enrol;
    const char *enrol_ca;
    const char *join_file;
    int proof; /* enum asg_agent_proof */
    const char *sts_endpoint;
    const char *dir;
    const char *metadata_endpoint;
    const char *instance_id;
    const char *private_ip;
    const char *drain_script;
    int64_t drain_timeout_ms;
    int log_level;
    int log_format;   /* enum asg_log_format */
    int spot_notices; /* enum asg_notice_watch */
    int64_t spot_notices_ms;
};

extern const struct asg_config_table asg_agent_table;

#endif
