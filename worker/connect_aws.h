/* connect_aws - from the worker's settings to credentials that stay fresh and an EC2
 * client; and the check of both that an operator asks for.
 *
 * Threads: one owner; the refresher has a thread of its own, which logs.
 */
#ifndef ASG_WORKER_CONNECT_AWS_H
#define ASG_WORKER_CONNECT_AWS_H

#include "aws/credentials_chain.h"
#include "aws/credentials_refresh.h"
#include "aws/ec2_client.h"
#include "worker/settings.h"

struct asg_worker_aws {
    struct asg_credentials_chain *chain;
    struct asg_credentials_refresher *refresher;
    struct asg_ec2_client *ec2;
    struct asg_endpoint endpoint;
    _Atomic int64_t credentials_until_ms; /* by our wall clock; 0: they do not end */
};

/* Fetch credentials, keep them fresh, make the client. `settings` and `arena` must
 * outlive *ret. Blocks until the first credentials are there, at most credentials.wait.
 * ASG_ERR_INVALID, ASG_ERR_NOT_FOUND or what the source says; `error` has the words. What
 * was begun is in *ret also then. */
ASG_MUST_USE enum asg_status asg_worker_aws_open(
    const struct asg_worker_settings *settings, const struct asg_clock *clock,
    struct asg_arena *arena, struct asg_worker_aws *ret, struct asg_error *error);

/* Ends in a second or two, whatever a source is doing. Fine on an empty one. */
void asg_worker_aws_close(struct asg_worker_aws *aws);

/* Whether the AWS files and the endpoints that the settings name are right, without
 * asking anyone. ASG_ERR_INVALID and what reading gives. */
ASG_MUST_USE enum asg_status asg_worker_aws_check(
    const struct asg_worker_settings *settings, struct asg_error *error);

/* Exit codes of --check-credentials. */
enum asg_worker_check {
    ASG_WORKER_CHECK_FINE = 0,
    ASG_WORKER_CHECK_NOT_REACHED = 1, /* somebody does not answer: try again */
    ASG_WORKER_CHECK_NONE = 2,        /* no credentials, or the settings are wrong */
    ASG_WORKER_CHECK_REFUSED = 3,     /* AWS or the source says no */
};

/* Say on standard output which source has credentials and whose they are (STS
 * GetCallerIdentity), their end and the endpoints; never a secret. `error`: what is
 * wrong. Blocks for files, the network and a program. */
enum asg_worker_check asg_worker_check_credentials(
    const struct asg_worker_settings *settings, const struct asg_clock *clock,
    struct asg_error *error);

#endif
