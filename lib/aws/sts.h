/* sts - the three calls of AWS's Security Token Service that we make: two that give
 * credentials, and one that says whose ours are.
 *
 * Blocks: each call, for at most about ASG_STS_TIMEOUT_MS times ASG_STS_ATTEMPTS; it is
 * sent again after a throttle, a transient failure, and once after a difference of
 * clocks. Threads: one owner at a time.
 */
#ifndef ASG_AWS_STS_H
#define ASG_AWS_STS_H

#include <stdatomic.h>

#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/web.h"
#include "base/clock.h"

#define ASG_STS_API_VERSION "2011-06-15"
#define ASG_STS_CONNECT_MS  3100
#define ASG_STS_TIMEOUT_MS  10000
#define ASG_STS_ATTEMPTS    3
#define ASG_STS_TEXT_MAX    2048 /* of an ARN */
#define ASG_STS_ANSWER_MAX  ((size_t)256 * 1024)

struct asg_sts {
    struct asg_endpoint endpoint; /* of service "sts", or one that serves it as well */
    const char *ca_file;          /* lent; NULL: the system's */
    struct asg_clock clock;
    const atomic_bool *is_stopping; /* NULL, or ends a call within a second */
    int64_t skew_ms; /* how far STS's clock is from ours; learned, begin with 0 */
};

struct asg_sts_role {
    const char *arn;
    const char *session_name;
    const char *external_id;  /* NULL: none */
    const char *web_identity; /* the token; only for the second call */
    int64_t duration_s;       /* 0: STS's default, an hour */
};

/* *ret is replaced; source "assume-role".
 * ASG_ERR_DENIED: STS refuses, `error` has its code and words. ASG_ERR_TIMEOUT,
 * ASG_ERR_CLOSED, ASG_ERR_IO, ASG_ERR_BUSY: not reached or in trouble, try later.
 * ASG_ERR_MALFORMED: an answer without credentials. */
ASG_MUST_USE enum asg_status asg_sts_assume_role(struct asg_sts *sts,
                                                 const struct asg_credentials *signer,
                                                 const struct asg_sts_role *role,
                                                 struct asg_credentials *ret,
                                                 struct asg_error *error);

/* Not signed: the token is the proof. Source "web-identity". */
ASG_MUST_USE enum asg_status asg_sts_assume_role_with_web_identity(
    struct asg_sts *sts, const struct asg_sts_role *role, struct asg_credentials *ret,
    struct asg_error *error);

struct asg_sts_identity {
    char account[32];
    char arn[ASG_STS_TEXT_MAX];
    char user_id[256];
};

/* Needs no permission, so it works for every valid key. Fails as above. */
ASG_MUST_USE enum asg_status asg_sts_get_caller_identity(
    struct asg_sts *sts, const struct asg_credentials *signer,
    struct asg_sts_identity *ret, struct asg_error *error);

#endif
