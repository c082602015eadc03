/* certificate - the door's certificate and private key, as files in PEM.
 * Threads: no state; any. Blocks: on the disk. */
#ifndef ASG_API_CERTIFICATE_H
#define ASG_API_CERTIFICATE_H

#include "base/bytes.h"
#include "base/error.h"

/* What is in the two files. ASG_ERR_IO: cannot be read; ASG_ERR_DENIED: everybody may
 * read the private key. The caller ends *ret_key with asg_certificate_clear_key(). */
ASG_MUST_USE enum asg_status asg_certificate_read(const char *certificate_path,
                                                  const char *private_key_path,
                                                  struct asg_bytes *ret_certificate,
                                                  struct asg_bytes *ret_key,
                                                  struct asg_error *error);

/* Wipes it. */
void asg_certificate_clear_key(struct asg_bytes *key);

#endif
