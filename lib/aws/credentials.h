/* credentials - who signs: access key id, secret, session token, and where they come
 * from.
 *
 * A provider gives one whole set at a time, so that key, secret and token always belong
 * together (reliability.md 2.4). The chain asks each provider in turn: environment, then
 * profile; IMDS and STS get files of their own later.
 * Threads: one owner at a time. Blocks: a provider may read a file.
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
    bool is_stale;      /* expired by its own word; used on while its source is in trouble */
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
    /* ASG_OK: *ret holds a whole set. ASG_ERR_NOT_FOUND: nothing here, ask the next.
     * Anything else: something is here but wrong; `error` says what, and the chain
     * stops, for the operator meant these. */
    enum asg_status (*fetch)(void *context, struct asg_credentials *ret,
                             struct asg_error *error);
    void *context;
};

/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. One of the first two
 * without the other is ASG_ERR_INVALID. */
struct asg_credentials_provider asg_credentials_environment(void);

/* A static profile: [AWS_PROFILE, or "default"] of AWS_SHARED_CREDENTIALS_FILE, or of
 * ~/.aws/credentials. A profile named by AWS_PROFILE that is not there is
 * ASG_ERR_INVALID, and so is one that needs STS, SSO or a program to run. */
struct asg_credentials_provider asg_credentials_profile(void);

#define ASG_CREDENTIALS_FILE_MAX (1024 * 1024)

/* Ask each provider in order; the first with an answer wins. *ret is replaced on success.
 * ASG_ERR_NOT_FOUND: none has any; `error` names where was looked. */
ASG_MUST_USE enum asg_status asg_credentials_fetch(
    const struct asg_credentials_provider *providers, size_t count,
    struct asg_credentials *ret, struct asg_error *error);

/* The chain of this program: environment, profile. */
ASG_MUST_USE enum asg_status asg_credentials_fetch_default(struct asg_credentials *ret,
                                                           struct asg_error *error);

#endif
