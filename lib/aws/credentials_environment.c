/* Source: keys in the environment. */
#include "aws/credentials_sources.h"
#include "aws/environment.h"

enum asg_status asg_credentials_from_environment(struct asg_credentials_scope *scope,
                                                 struct asg_credentials *ret,
                                                 struct asg_error *error)
{
    (void)scope;
    const char *key_id = asg_environment_get("AWS_ACCESS_KEY_ID");
    const char *secret = asg_environment_get("AWS_SECRET_ACCESS_KEY");
    if (key_id == NULL && secret == NULL) return ASG_ERR_NOT_FOUND;
    if (key_id == NULL || secret == NULL) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s is set but %s is not: set both or neither",
                        key_id != NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                        key_id != NULL ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    }
    asg_credentials_set(ret, key_id, secret, asg_environment_get("AWS_SESSION_TOKEN"),
                        "environment");
    return ASG_OK;
}
