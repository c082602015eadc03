/* identity_document - what EC2 says of an instance in its metadata, in JSON:
 * /latest/dynamic/instance-identity/document. Whether EC2 has signed it is for
 * crypto/signed_document.h.
 * Threads: no state. Blocks: never.
 */
#ifndef ASG_AWS_IDENTITY_DOCUMENT_H
#define ASG_AWS_IDENTITY_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define ASG_IDENTITY_TEXT_SIZE 64

struct asg_identity_document {
    char instance_id[ASG_IDENTITY_TEXT_SIZE];
    char account_id[ASG_IDENTITY_TEXT_SIZE];
    char region[ASG_IDENTITY_TEXT_SIZE];
    char private_ip[ASG_IDENTITY_TEXT_SIZE];
    int64_t pending_ms; /* when the instance was last started */
};

/* ASG_ERR_MALFORMED: no JSON, or one of these is missing, too long or no such thing. */
ASG_MUST_USE enum asg_status asg_identity_document_read(const void *json, size_t length,
                                                        struct asg_identity_document *ret,
                                                        struct asg_error *error);

#endif
