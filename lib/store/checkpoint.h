/* checkpoint - a signed word on how far a log had come, kept away from the log.
 *
 * A chain of hashes alone cannot show that whoever owns the disk wrote a whole new one. A
 * checkpoint can: seven lines of text, the last of which signs those before it.
 * docs/log-format.md, "Checkpoints", has the form byte by byte.
 */
#ifndef ASG_STORE_CHECKPOINT_H
#define ASG_STORE_CHECKPOINT_H

#include "crypto/sign.h"
#include "store/log.h"

#define ASG_CHECKPOINT_BYTES_MAX 1024

struct asg_checkpoint {
    char cluster_id[ASG_LOG_CLUSTER_MAX + 1];
    uint64_t seq;
    int64_t time_ms; /* of that record */
    uint8_t chain_hash[ASG_LOG_HASH_BYTES];
    char key_id[ASG_KEY_ID_TEXT_SIZE];
};

/* Append the signed text. key_id is the key's, whatever `checkpoint` says. */
void asg_checkpoint_write(const struct asg_checkpoint *checkpoint,
                          const struct asg_sign_key *key, struct asg_bytes *ret);

/* Read and check a text; every byte of it counts. ASG_ERR_MALFORMED: not a checkpoint;
 * ASG_ERR_VERSION: of a newer form; ASG_ERR_DENIED: signed by another key, or altered.
 * `error` says which. *ret is untouched on failure. */
ASG_MUST_USE enum asg_status asg_checkpoint_read(const char *text, size_t length,
                                                 const struct asg_sign_key *key,
                                                 struct asg_checkpoint *ret,
                                                 struct asg_error *error);

/* Does a log, which has been verified, continue what was signed? ASG_ERR_CORRUPT: no;
 * `error` says how it differs. Fails like a cursor too. */
ASG_MUST_USE enum asg_status asg_checkpoint_compare(
    const struct asg_checkpoint *checkpoint, struct asg_log *log,
    struct asg_error *error);

#endif
