/* settings - what the worker's YAML file may say; the table is in settings.c. */
#ifndef ASG_WORKER_SETTINGS_H
#define ASG_WORKER_SETTINGS_H

#include "text/config.h"

struct asg_worker_settings {
    const char *name;
    const char *dir;
    const char *key_file;
    const char *controller;
    const char *controller_key;
    bool allow_plaintext;
    const char *region;
    const char *ec2_endpoint;
    bool ec2_allow_plain_http;
    const char *ec2_ca_file;
    int64_t ec2_in_flight;
    int64_t ec2_attempts;
    int64_t ec2_attempts_unsure;
    int64_t ec2_launches_per_minute;
    int64_t jobs;
    int64_t hello_ms;
    int64_t resend_ms;
    int64_t stop_ms;
    const char *halt_file;
    int log_level;
};

extern const struct asg_config_table asg_worker_table;

/* The region: the setting, AWS_REGION, AWS_DEFAULT_REGION; "" when none is set. */
const char *asg_worker_region(const struct asg_worker_settings *settings);

/* The name others see: the setting, or this host's. In the arena. */
const char *asg_worker_name(const struct asg_worker_settings *settings,
                            struct asg_arena *arena);

#endif
