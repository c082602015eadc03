/* settings - what openasg-ec2local can be told; the table is in settings.c. */
#ifndef ASG_EC2LOCAL_SETTINGS_H
#define ASG_EC2LOCAL_SETTINGS_H

#include "text/config.h"

struct asg_ec2local_settings {
    const char *dir;
    const char *listen;
    int64_t port;
    const char *endpoint_file;
    const char *announce;
    const char *keys_file;
    const char *region;
    const char *account_id;
    const char *cidr;
    struct asg_texts addresses;
    int64_t boot_delay_ms;
    int64_t boot_delay_max_ms;
    int64_t stop_delay_ms;
    int64_t keep_ms;
    int64_t grace_ms;
    int64_t instance_limit;
    int64_t vcpu_limit;
    bool rate_limits;
    const char *instance_wrapper;
    struct asg_texts instance_env;
    bool identity_documents;
    bool no_boot;
    int64_t seed;
    int64_t threads;
    int log_level;
    int log_format; /* enum asg_log_format */
};

extern const struct asg_config_table asg_ec2local_table;

/* --instance-env may be given several times, and there commas are part of the value:
 * when it is on the command line at all, that is what counts. */
void asg_ec2local_take_environment(int argc, char **argv, struct asg_arena *arena,
                                   struct asg_ec2local_settings *settings);

#endif
