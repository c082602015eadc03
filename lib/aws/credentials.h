/* credentials - who signs: access key id, secret and session token.
 *
 * A provider gives one whole set at a time, so that key, secret and token always belong
 * together (docs/rules.md, "Credentials"). credentials_chain.h is the provider of a
 * worker, credentials_refresh.h keeps what it gives fresh. Threads: one owner at a time.
 * Blocks: a provider may, for files or the network.
 */
#ifndef ASG_AWS_CREDENTIALS_H
#define ASG_AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/secret.h"
#include "base/error.h"
#include "base/status.h"

struct asg_credentials {
    char *access_key_id; /* not a secret: it travels in every request */
    struct asg_secret secret_key;
    struct asg_secret session_token; /* empty for long-lived keys */
    int64_t expires_at_ms;           /* by our wall clock; 0: never */
    bool is_stale; /* expired by its own word; used on while its source is in trouble */
    const char *source; /* "environment", "profile"; static */
};

/* Wipe and free the fields; fine on an empty one ({0}), fine twice. */
void asg_credentials_clear(struct asg_credentials *credentials);

/* Copy texts into *ret (cleared first). `token` may be NULL or "". */
void asg_credentials_set(struct asg_credentials *ret, const char *access_key_id,
                         const char *secret_key, const char *token, const char *source);

/* *ret becomes a copy; what it held is wiped. */
void asg_credentials_copy(struct asg_credentials *ret,
                          const struct asg_credentials *credentials);

/* One place credentials may come from. */
struct asg_credentials_provider {
    const char *name; /* "environment" */
    /* ASG_OK: *ret holds a whole set. ASG_ERR_NOT_FOUND: nothing here. Anything else:
     * something is here but wrong, or it cannot be reached; `error` says what. */
    enum asg_status (*fetch)(void *context, struct asg_credentials *ret,
                             struct asg_error *error);
    void *context;
};

/* Ask the provider. *ret is replaced on success; fails as the provider does. */
ASG_MUST_USE enum asg_status asg_credentials_fetch(
    const struct asg_credentials_provider *provider, struct asg_credentials *ret,
    struct asg_error *error);

#endif
