/* imds - the EC2 metadata of the machine we run on: a small blocking IMDSv2 client.
 *
 * For the agent: its instance id, its address, its user data. PUT /latest/api/token
 * first, then GET with the token; it never falls back to v1 (docs/rules.md,
 * "Credentials"). The token is renewed when it is near its end or is refused once.
 * Blocks: each call for at most twice the timeout. Threads: one owner at a time.
 */
#ifndef ASG_AWS_IMDS_H
#define ASG_AWS_IMDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/status.h"

#define ASG_IMDS_DEFAULT_URL      "http://169.254.169.254"
#define ASG_IMDS_DEFAULT_URL_IPV6 "http://[fd00:ec2::254]"
#define ASG_IMDS_TIMEOUT_MS       1000
#define ASG_IMDS_TOKEN_TTL_S      21600
#define ASG_IMDS_BODY_MAX         ((size_t)64 * 1024) /* user data is 16 KiB at most */

struct asg_imds;

struct asg_imds_options {
    const char *base_url;           /* NULL: AWS_EC2_METADATA_SERVICE_ENDPOINT, or the
                                       default of AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE;
                                       may carry a path prefix */
    const char *local_address;      /* NULL, or the source address to connect from */
    int64_t timeout_ms;             /* 0: ASG_IMDS_TIMEOUT_MS */
    struct asg_clock clock;         /* for the age of the token */
    const atomic_bool *is_stopping; /* NULL, or ends a request within a second */
};

/* Make a client; connects to nobody yet. Texts are copied.
 * ASG_ERR_INVALID: the URL is not http://.. or https://.., or
 * AWS_EC2_METADATA_DISABLED=true; `error` says which. */
ASG_MUST_USE enum asg_status asg_imds_new(const struct asg_imds_options *options,
                                          struct asg_imds **ret, struct asg_error *error);
void asg_imds_destroy(struct asg_imds **imds);

/* GET base_url + path ("/latest/meta-data/instance-id"); *ret is replaced.
 * ASG_ERR_NOT_FOUND: 404, e.g. no user data. ASG_ERR_DENIED: 401 or 403, also with a new
 * token. ASG_ERR_TIMEOUT, ASG_ERR_CLOSED, ASG_ERR_IO: not reached, worth trying again.
 * ASG_ERR_LIMIT: a body above ASG_IMDS_BODY_MAX. ASG_ERR_UNSUPPORTED: no token service
 * (IMDSv1 only). */
ASG_MUST_USE enum asg_status asg_imds_get(struct asg_imds *imds, const char *path,
                                          struct asg_bytes *ret, struct asg_error *error);

/* The time of the metadata service as its last answer said; -1: it did not. */
int64_t asg_imds_server_date_ms(const struct asg_imds *imds);

#endif
