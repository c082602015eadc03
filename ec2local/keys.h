/* keys - who may call: access key ids and their secrets.
 *
 * From AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), from a file
 * in the form of
 * ~/.aws/credentials, or, when neither is there, made at the first start into
 * <dir>/credentials (mode 0600), so that clients can use that very file.
 * Threads: read-only once made. Blocks: reads and writes files when made.
 */
#ifndef ASG_EC2LOCAL_KEYS_H
#define ASG_EC2LOCAL_KEYS_H

#include <stddef.h>

#include "base/error.h"

#define ASG_KEYS_MAX 64

struct asg_keys;

/* ASG_ERR_IO, ASG_ERR_INVALID: the file cannot be read or written, others can read it,
 * or it holds no key; `error` says which file. */
ASG_MUST_USE enum asg_status asg_keys_new(const char *keys_file, const char *folder,
                                          struct asg_keys **ret, struct asg_error *error);
/* Wipes the secrets. */
void asg_keys_destroy(struct asg_keys **keys);

/* The secret of a key id, NULL when there is none. `keys` as void, for the verifier. */
const char *asg_keys_find_secret(void *keys, const char *access_key_id);

/* The session token of a key id, NULL or "" when it has none. */
const char *asg_keys_find_session_token(void *keys, const char *access_key_id);

#endif
