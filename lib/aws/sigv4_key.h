/* sigv4_key - the signing key of a day and scope, for the two sides of sigv4.
 * Private to the signer; threads: no state. */
#ifndef ASG_AWS_SIGV4_KEY_H
#define ASG_AWS_SIGV4_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "aws/sigv4.h"
#include "base/bytes.h"
#include "crypto/crypto.h"

/* asg_sigv4_canonical_request(); `is_presigned`: without X-Amz-Signature in the query. */
ASG_MUST_USE enum asg_status asg_sigv4_append_canonical(
    const struct asg_sigv4_request *request, const char *signed_headers,
    const char *body_sha256, bool keep_path, bool is_presigned, struct asg_bytes *ret);

/* The string to sign, with the canonical request's hash in hex. */
void asg_sigv4_append_to_sign(const char *date, const char *region, const char *service,
                              const char *canonical_sha256, struct asg_bytes *ret);

#endif
