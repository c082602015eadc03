/* Source: keys in the environment. */
#include <stdlib.h>

#include "aws/credentials_sources.h"
#include "aws/secret_environment.h"

enum asg_status asg_credentials_from_environment(struct asg_credentials_scope *scope,
                                                 struct asg_credentials *ret,
                                                 struct asg_error *error)
{
    (void)scope;
    const char *key_id = getenv("AWS_ACCESS_KEY_ID");
    const char *secret = asg_secret_getenv("AWS_SECRET_ACCESS_KEY");
    bool has_key_id = key_id != NULL && key_id[0] != '\0';
    bool has_secret = secret != NULL && secret[0] != '\0';
    if (!has_key_id && !has_secret) return ASG_ERR_NOT_FOUND;
    if (!has_key_id || !has_secret) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s is set but %s is not: set both or neither",
                        has_key_id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                        has_key_id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    }
    asg_credentials_set(ret, key_id, secret, asg_secret_getenv("AWS_SESSION_TOKEN"),
                        "environment");
    return ASG_OK;
}
