/* caller_proof - who runs on an instance, said by STS: a GetCallerIdentity request that
 * the instance's role signs and somebody else sends.
 *
 * Flow:    agent: sign -> controller: check -> ask -> read -> whose
 * The role session name of an instance profile's credentials is the instance's id. A
 * signed header names for whom the request was made: the authority of one cluster, and
 * the two keys of the agent. Whoever steals the request can use it nowhere else and for
 * no other keys; the secret key never leaves the instance.
 * The checking side sends what a stranger gave: only to STS, only the one call, only
 * headers that it knows, never along a redirect.
 * Threads: no state. Blocks: asg_caller_ask() alone.
 */
#ifndef ASG_AWS_CALLER_PROOF_H
#define ASG_AWS_CALLER_PROOF_H

#include <stdatomic.h>

#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/sigv4.h"
#include "aws/sts.h"
#include "aws/web.h"

#define ASG_CALLER_HEADER       "x-openasg-enrolment"
#define ASG_CALLER_HEADERS      6 /* all of them, always */
#define ASG_CALLER_HEX_SIZE     65
#define ASG_CALLER_CONNECT_MS   3000
#define ASG_CALLER_TIMEOUT_MS   5000
#define ASG_CALLER_ANSWER_MAX   ((size_t)64 * 1024)
#define ASG_CALLER_ACCOUNT_SIZE 13
#define ASG_CALLER_NAME_SIZE    129

/* For whom a request is made. */
struct asg_caller_audience {
    const char *authority; /* fingerprint, 64 hex digits */
    const char *curve_key;
    const char *tls_key; /* its hash */
};

struct asg_caller_request {
    const char *url;
    const char *body;
    struct asg_sigv4_header headers[ASG_CALLER_HEADERS];
    size_t header_count;
};

/* ---- the agent's side ---- */

/* Sign with the credentials of the instance; texts live in `arena`, the endpoint is lent.
 * ASG_ERR_INVALID: no credentials, or without a session token. */
ASG_MUST_USE enum asg_status asg_caller_sign(const struct asg_endpoint *endpoint,
                                             const struct asg_credentials *credentials,
                                             const struct asg_caller_audience *audience,
                                             int64_t now_ms, struct asg_arena *arena,
                                             struct asg_caller_request *ret,
                                             struct asg_error *error);

/* ---- the controller's side ---- */

/* The fingerprint of the authority that the request says it is for; false: it says none.
 */
bool asg_caller_authority(const struct asg_caller_request *request,
                          char ret[ASG_CALLER_HEX_SIZE]);

/* Check all that can be checked without STS: the URL is STS's of a Region of AWS, or
 * `endpoint` if that is not NULL; the body is GetCallerIdentity; the headers are those
 * that asg_caller_sign() makes, each once, all signed; it is for this audience, and not
 * older or newer than fifteen minutes. *ret_url (ASG_ENDPOINT_URL_MAX) is what to call,
 * written by us. ASG_ERR_DENIED: `error` says what is wrong, in words for the agent. */
ASG_MUST_USE enum asg_status asg_caller_check(const struct asg_caller_request *request,
                                              const struct asg_endpoint *endpoint,
                                              const struct asg_caller_audience *audience,
                                              int64_t now_ms,
                                              char ret_url[ASG_ENDPOINT_URL_MAX],
                                              struct asg_error *error);

/* Send a request that was checked to `url`, once. ASG_ERR_IO, ASG_ERR_TIMEOUT,
 * ASG_ERR_CLOSED, ASG_ERR_BUSY: STS was not reached, is in trouble or throttles: try
 * later. ASG_ERR_DENIED, ASG_ERR_MALFORMED, ASG_ERR_LIMIT: it refuses, or what answers
 * does not talk as STS does. */
ASG_MUST_USE enum asg_status asg_caller_ask(
    struct asg_web *web, const struct asg_caller_request *request, const char *url,
    const char *ca_file, bool uses_proxy, const atomic_bool *is_stopping,
    struct asg_sts_identity *ret, struct asg_error *error);

/* What an answer says; fails as asg_caller_ask() does. */
ASG_MUST_USE enum asg_status asg_caller_read(uint32_t http_status, const void *body,
                                             size_t length, struct asg_sts_identity *ret,
                                             struct asg_error *error);

/* "arn:aws:sts::123456789012:assumed-role/web/i-0123456789abcdef0" taken apart. */
struct asg_caller_role {
    char account[ASG_CALLER_ACCOUNT_SIZE];
    char role[ASG_CALLER_NAME_SIZE];
    char session[ASG_CALLER_NAME_SIZE];
};

/* ASG_ERR_DENIED: it is no session of a role: a user, a root, a federated one; or the ARN
 * and the account say different things. */
ASG_MUST_USE enum asg_status asg_caller_read_role(const struct asg_sts_identity *identity,
                                                  struct asg_caller_role *ret,
                                                  struct asg_error *error);

#endif
