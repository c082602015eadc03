/* sign - Ed25519 key pairs in PEM files, signatures and their check.
 *
 * The files are those of `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout`,
 * so that a signature can be made and checked without this program.
 * Threads: a key has one owner at a time.
 */
#ifndef ASG_CRYPTO_SIGN_H
#define ASG_CRYPTO_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define ASG_SIGNATURE_BYTES  64
#define ASG_KEY_ID_TEXT_SIZE 17 /* 16 hex digits with the closing zero */

struct asg_sign_key;

/* Read the private key in `path`, or make one there with mode 0600 when there is no such
 * file; *ret_is_new says which. A file that group or others may read is refused.
 * ASG_ERR_DENIED, ASG_ERR_IO, ASG_ERR_MALFORMED: `error` names the file. *ret is
 * untouched on failure; the caller ends it with asg_sign_key_destroy(). */
ASG_MUST_USE enum asg_status asg_sign_key_load_or_make(const char *path, bool *ret_is_new,
                                                       struct asg_sign_key **ret,
                                                       struct asg_error *error);

/* Read a public key, or the public half of a private one. Fails as above. */
ASG_MUST_USE enum asg_status asg_sign_key_read_public(const char *path,
                                                      struct asg_sign_key **ret,
                                                      struct asg_error *error);

/* Free *key (wiped) and set it to NULL. A NULL *key is fine. */
void asg_sign_key_destroy(struct asg_sign_key **key);

/* First half of the hex SHA-256 of the 32 bytes of the public key. */
void asg_sign_key_id(const struct asg_sign_key *key, char ret[ASG_KEY_ID_TEXT_SIZE]);

/* Append the public key as PEM. */
void asg_sign_key_public_pem(const struct asg_sign_key *key, struct asg_bytes *ret);

/* `key` must hold the private half. */
void asg_sign(const struct asg_sign_key *key, const void *data, size_t length,
              uint8_t ret[ASG_SIGNATURE_BYTES]);

bool asg_sign_is_valid(const struct asg_sign_key *key, const void *data, size_t length,
                       const uint8_t signature[ASG_SIGNATURE_BYTES]);

#endif
