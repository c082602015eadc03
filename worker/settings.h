/* settings - what the worker's YAML file may say; the table is in settings.c. */
#ifndef ASG_WORKER_SETTINGS_H
#define ASG_WORKER_SETTINGS_H

#include "bus/keys.h"
#include "text/config.h"

enum asg_worker_retry_mode { ASG_RETRY_STANDARD, ASG_RETRY_ADAPTIVE };

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
    int ec2_fips;       /* enum asg_endpoint_choice */
    int ec2_dual_stack; /* enum asg_endpoint_choice */
    const char *sts_endpoint;
    const char *credentials_profile;
    const char *credentials_file;
    bool credentials_allow_process;
    int64_t credentials_process_ms;
    int64_t credentials_wait_ms;
    bool check_credentials;
    int64_t ec2_in_flight;
    int64_t ec2_attempts;
    int64_t ec2_attempts_unsure;
    int64_t ec2_launches_per_minute;
    int retry_mode; /* enum asg_worker_retry_mode */
    bool dry_run;
    int64_t jobs;
    int64_t hello_ms;
    int64_t resend_ms;
    int64_t stop_ms;
    const char *halt_file;
    const char *listen_http;
    int log_level;
    int log_format; /* enum asg_log_format */
};

extern const struct asg_config_table asg_worker_table;

/* The controller's public key, given as text or as a file. ASG_ERR_INVALID: it is not
 * given; else as asg_bus_public_key_load(). */
ASG_MUST_USE enum asg_status asg_worker_server_key(
    const struct asg_worker_settings *settings, char ret[ASG_BUS_KEY_SIZE],
    struct asg_error *error);

/* The name others see: the setting, or this host's. In the arena. */
const char *asg_worker_name(const struct asg_worker_settings *settings,
                            struct asg_arena *arena);

#endif
