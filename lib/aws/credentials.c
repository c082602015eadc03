#include "aws/credentials.h"

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
    asg_credentials_set(
        ret, credentials->access_key_id, asg_secret_reveal(&credentials->secret_key),
        asg_secret_reveal(&credentials->session_token), credentials->source);
    ret->expires_at_ms = credentials->expires_at_ms;
    ret->is_stale = credentials->is_stale;
}

enum asg_status asg_credentials_fetch(const struct asg_credentials_provider *provider,
                                      struct asg_credentials *ret,
                                      struct asg_error *error)
{
    struct asg_credentials found = {0};
    enum asg_status status = provider->fetch(provider->context, &found, error);
    if (status != ASG_OK) {
        asg_credentials_clear(&found);
        return status;
    }
    asg_credentials_clear(ret);
    *ret = found;
    return ASG_OK;
}
