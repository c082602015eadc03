/* Source: a role by an OpenID token in a file, as EKS gives it to pods. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aws/credentials_sources.h"
#include "aws/environment.h"
#include "aws/sts.h"
#include "crypto/crypto.h"

#define TOKEN_MAX ((size_t)16 * 1024)

const char *asg_credentials_session_name(const struct asg_credentials_scope *scope,
                                         const char *configured,
                                         char buffer[ASG_SESSION_NAME_SIZE])
{
    if (configured != NULL && configured[0] != '\0') return configured;
    (void)snprintf(buffer, ASG_SESSION_NAME_SIZE, "openasg-%lld",
                   (long long)(asg_clock_wall_ms(&scope->options.clock) / 1000));
    return buffer;
}

enum asg_status asg_credentials_read_token(const char *path, struct asg_secret *ret,
                                           struct asg_error *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return asg_fail(error, ASG_ERR_IO, "cannot read the token in %.200s: %s", path,
                        strerror(errno));
    }
    (void)setvbuf(file, NULL, _IONBF, 0);
    char text[TOKEN_MAX + 1];
    size_t length = fread(text, 1, sizeof text, file);
    bool has_failed = ferror(file) != 0;
    (void)fclose(file);
    enum asg_status status = ASG_OK;
    if (has_failed) {
        status = asg_fail(error, ASG_ERR_IO,
                          "cannot read the token in %.200s: it is a folder, or the disk "
                          "failed",
                          path);
    } else if (length > TOKEN_MAX) {
        status = asg_fail(error, ASG_ERR_LIMIT, "the token in %.200s is over %zu bytes",
                          path, TOKEN_MAX);
    }
    while (length > 0 && length <= TOKEN_MAX &&
           strchr(" \r\n", text[length - 1]) != NULL && text[length - 1] != '\0') {
        length--;
    }
    if (status == ASG_OK && length == 0) {
        status = asg_fail(error, ASG_ERR_MALFORMED, "there is no token in %.200s", path);
    }
    /* It goes into a header: a line end in it would begin another one. */
    for (size_t i = 0; status == ASG_OK && i < length; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
            status = asg_fail(error, ASG_ERR_MALFORMED,
                              "the token in %.200s has a control character in it", path);
        }
    }
    if (status == ASG_OK) asg_secret_set(ret, text, length);
    asg_secret_wipe(text, sizeof text);
    return status;
}

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
