/* credentials_refresh - the credentials of now, renewed ahead of their end by a thread of
 * its own (docs/rules.md, "Credentials").
 *
 * The thread asks the provider when the present set nears its end (advisory: 15 minutes
 * before, less a little chance so that not all workers ask at once), when a set was
 * refused by AWS, and after a failure again and again with growing pauses. It is the only
 * one who asks, so there is one refresh at a time. Callers take the present set, which is
 * one snapshot of key, secret and token:
 *   - until the mandatory moment (10 minutes before the end) they get it at once;
 *   - after it they wait for the refresh that is under way;
 *   - when that fails they get the present set until its very end.
 * Sets that live for less have these times in proportion: a half and a third of what was
 * left when they came.
 *
 * Threads: any may call; one thread inside. Blocks: destroy, until the provider returns.
 */
#ifndef ASG_AWS_CREDENTIALS_REFRESH_H
#define ASG_AWS_CREDENTIALS_REFRESH_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/clock.h"

#define ASG_CREDENTIALS_ADVISORY_MS    (INT64_C(15) * 60 * 1000)
#define ASG_CREDENTIALS_MANDATORY_MS   (INT64_C(10) * 60 * 1000)
#define ASG_CREDENTIALS_RETRY_MS_MIN   1000
#define ASG_CREDENTIALS_RETRY_MS_MAX   60000
#define ASG_CREDENTIALS_RENEW_PAUSE_MS 5000 /* between two renewals that AWS asks for */

/* What a try came to, for a log line. Texts live until the callback returns. */
struct asg_credentials_news {
    enum asg_status status;
    const char *error;         /* why it failed; "" when it worked */
    const char *source;        /* of the new set; "" when it failed */
    const char *access_key_id; /* of the new set; "" */
    int64_t expires_at_ms;     /* of the set now in use; 0: never, or there is none */
    bool is_stale;             /* the source gave an expired set once more */
    int64_t retry_in_ms;       /* after a failure */
};

struct asg_credentials_refresher;

struct asg_credentials_refresher_options {
    struct asg_credentials_provider provider; /* asked from the thread inside only */
    struct asg_clock clock;
    uint64_t seed; /* of the chance; 0: random */
    /* Called from the thread inside after each try; may be NULL; it must not call back
     * here. */
    void (*tell)(void *context, const struct asg_credentials_news *news);
    void *context;
};

/* Start the thread, which asks at once. ASG_ERR_NOMEM: no thread to be had. */
ASG_MUST_USE enum asg_status asg_credentials_refresher_new(
    const struct asg_credentials_refresher_options *options,
    struct asg_credentials_refresher **ret, struct asg_error *error);

/* Ends the thread: waits for a provider that is being asked. Wipes everything. */
void asg_credentials_refresher_destroy(struct asg_credentials_refresher **refresher);

/* Bring *ret and *version up to date: `version` is 0 for an empty set, and *ret is only
 * copied when there is a newer one.
 * ASG_OK: *ret may be used now. ASG_ERR_BUSY: a refresh is under way that has to be
 * waited for. Anything else: there is no usable set and `error` says why; trying goes on.
 */
ASG_MUST_USE enum asg_status asg_credentials_refresher_take(
    struct asg_credentials_refresher *refresher, struct asg_credentials *ret,
    uint64_t *version, struct asg_error *error);

/* As take, but waits while a refresh is under way or failed for a reason that may pass
 * (asg_status_is_retryable), at most `timeout_ms` of real time; then ASG_ERR_TIMEOUT or
 * that reason. */
ASG_MUST_USE enum asg_status asg_credentials_refresher_wait(
    struct asg_credentials_refresher *refresher, int64_t timeout_ms,
    struct asg_credentials *ret, uint64_t *version, struct asg_error *error);

/* AWS refused the set of this version: ask the provider anew. True: a newer set is there
 * or on its way, so a repeat makes sense. */
bool asg_credentials_refresher_renew(struct asg_credentials_refresher *refresher,
                                     uint64_t version);

/* Call `wake` after each try, from the thread inside, until it is set to NULL; after that
 * call returned it is not running any more. It must not call back here, nor block. */
void asg_credentials_refresher_listen(struct asg_credentials_refresher *refresher,
                                      void (*wake)(void *context), void *context);

#endif
