#include "aws/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

void asg_credentials_clear(struct asg_credentials *credentials)
{
    free(credentials->access_key_id);
    asg_secret_clear(&credentials->secret_key);
    asg_secret_clear(&credentials->session_token);
    *credentials = (struct asg_credentials){0};
}

void asg_credentials_set(struct asg_credentials *ret, const char *access_key_id,
                         const char *secret_key, const char *token, const char *source)
{
    asg_credentials_clear(ret);
    size_t size = strlen(access_key_id) + 1;
    ret->access_key_id = asg_alloc(size, 1);
    memcpy(ret->access_key_id, access_key_id, size);
    asg_secret_set(&ret->secret_key, secret_key, strlen(secret_key));
    if (token != NULL && token[0] != '\0') {
        asg_secret_set(&ret->session_token, token, strlen(token));
    }
    ret->source = source;
}

void asg_credentials_copy(struct asg_credentials *ret,
                          const struct asg_credentials *credentials)
{
    asg_credentials_set(ret, credentials->access_key_id,
                        asg_secret_reveal(&credentials->secret_key),
                        asg_secret_reveal(&credentials->session_token),
                        credentials->source);
    ret->expires_at_ms = credentials->expires_at_ms;
    ret->is_stale = credentials->is_stale;
}

enum asg_status asg_credentials_fetch(const struct asg_credentials_provider *providers,
                                      size_t count, struct asg_credentials *ret,
                                      struct asg_error *error)
{
    char looked[256] = "";
    for (size_t i = 0; i < count; i++) {
        struct asg_credentials found = {0};
        enum asg_status status = providers[i].fetch(providers[i].context, &found, error);
        if (status == ASG_OK) {
            asg_credentials_clear(ret);
            *ret = found;
            return ASG_OK;
        }
        asg_credentials_clear(&found);
        if (status != ASG_ERR_NOT_FOUND) return status;
        size_t used = strlen(looked);
        (void)snprintf(looked + used, sizeof looked - used, "%s%s", used > 0 ? ", " : "",
                       providers[i].name);
    }
    return asg_fail(error, ASG_ERR_NOT_FOUND,
                    "no AWS credentials found (looked in: %s); set AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY, or write a profile to ~/.aws/credentials",
                    looked);
}

enum asg_status asg_credentials_fetch_default(struct asg_credentials *ret,
                                              struct asg_error *error)
{
    const struct asg_credentials_provider providers[] = {
        asg_credentials_environment(),
        asg_credentials_profile(),
    };
    return asg_credentials_fetch(providers, sizeof providers / sizeof providers[0], ret,
                                 error);
}
