/* shared_config - the AWS files ~/.aws/config and ~/.aws/credentials, read once.
 *
 * [default] and [profile name] and [services name] of the config file, [name] of the
 * credentials file; where both have a setting, the credentials file wins (AWS SDK
 * reference, "Shared config and credentials files"). The text is wiped at the end.
 * Threads: read-only after load. Blocks: load reads two files.
 */
#ifndef ASG_AWS_SHARED_CONFIG_H
#define ASG_AWS_SHARED_CONFIG_H

#include <stdbool.h>

#include "base/error.h"
#include "base/status.h"

#define ASG_SHARED_FILE_MAX ((size_t)1024 * 1024)

struct asg_shared_config;

struct asg_shared_config_options {
    const char *profile; /* NULL or "": AWS_PROFILE, then "default" */
    /* NULL or "": AWS_SHARED_CREDENTIALS_FILE, then ~/.aws/credentials. A file that is
     * named here must be there. */
    const char *credentials_file;
};

/* Read the files; one that is not there counts as empty. AWS_CONFIG_FILE names the config
 * file. ASG_ERR_IO, ASG_ERR_LIMIT, ASG_ERR_NOT_FOUND: one cannot be read;
 * ASG_ERR_INVALID: the profile that is named is in neither; `error` says which. */
ASG_MUST_USE enum asg_status asg_shared_config_load(
    const struct asg_shared_config_options *options, struct asg_shared_config **ret,
    struct asg_error *error);

/* An empty one, as if neither file were there. */
void asg_shared_config_new_empty(struct asg_shared_config **ret);

void asg_shared_config_destroy(struct asg_shared_config **config);

/* The profile chosen. */
const char *asg_shared_config_profile(const struct asg_shared_config *config);

/* Somebody named it, so that it must not be passed over. */
bool asg_shared_config_is_named(const struct asg_shared_config *config);

/* The credentials file may be read by others than its owner. */
bool asg_shared_config_is_open(const struct asg_shared_config *config);

bool asg_shared_config_has_profile(const struct asg_shared_config *config,
                                   const char *profile);

/* A setting of a profile; NULL when it is not set or empty. Lives as long as `config`.
 */
const char *asg_shared_config_get(const struct asg_shared_config *config,
                                  const char *profile, const char *name);

/* A nested setting of the services section that the chosen profile names:
 * [services x], "ec2 =", "  endpoint_url = ..". NULL when it is not there. */
const char *asg_shared_config_of_service(const struct asg_shared_config *config,
                                         const char *service, const char *name);

#endif
