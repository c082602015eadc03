/* Source: a role by an OpenID token in a file, as EKS gives it to pods. */
#include "aws/credentials_sources.h"
#include "aws/environment.h"
#include "aws/sts.h"
#include "crypto/crypto.h"

enum asg_status asg_credentials_with_token_file(
    struct asg_credentials_scope *scope, const char *role_arn, const char *session_name,
    const char *token_file, struct asg_credentials *ret, struct asg_error *error)
{
    struct asg_secret token = {0};
    struct asg_sts sts = {0};
    enum asg_status status = asg_credentials_read_token(token_file, &token, error);
    if (status == ASG_OK) status = asg_credentials_sts(scope, &sts, error);
    if (status == ASG_OK) {
        char name[ASG_SESSION_NAME_SIZE];
        const struct asg_sts_role role = {
            .arn = role_arn,
            .session_name = asg_credentials_session_name(scope, session_name, name),
            .web_identity = asg_secret_reveal(&token),
        };
        status = asg_sts_assume_role_with_web_identity(&sts, &role, ret, error);
        scope->sts_skew_ms = sts.skew_ms;
    }
    asg_secret_clear(&token);
    return status;
}

enum asg_status asg_credentials_from_web_identity(struct asg_credentials_scope *scope,
                                                  struct asg_credentials *ret,
                                                  struct asg_error *error)
{
    const char *token_file = asg_environment_get("AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *role_arn = asg_environment_get("AWS_ROLE_ARN");
    if (token_file == NULL) return ASG_ERR_NOT_FOUND;
    if (role_arn == NULL) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not: set "
                        "both");
    }
    return asg_credentials_with_token_file(scope, role_arn,
                                           asg_environment_get("AWS_ROLE_SESSION_NAME"),
                                           token_file, ret, error);
}
