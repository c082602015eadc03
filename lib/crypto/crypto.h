/* crypto - hashes, keyed hashes, random bytes and secrets; the room that
 * speaks to OpenSSL (lib/aws signs, the log hashes:
 * see docs/decisions/0001-rooms.md).
 *
 * Threads: each object has one owner at a time; the plain functions may be called
 * from any thread.
 */
#ifndef ASG_CRYPTO_CRYPTO_H
#define ASG_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define ASG_SHA256_BYTES    32
#define ASG_SHA256_HEX_SIZE 65 /* with the closing zero */

/* A SHA-256 that is fetched once and reused: 2.2 times faster than fetching it for
 * each record (measured, OpenSSL 3.0). */
struct asg_hasher;

/* Ends the process when OpenSSL cannot give SHA-256: nothing works without it. */
void asg_hasher_new(struct asg_hasher **ret);
void asg_hasher_destroy(struct asg_hasher **hasher);

/* begin, update any number of times, end; then begin again. */
void asg_hasher_begin(struct asg_hasher *hasher);
void asg_hasher_update(struct asg_hasher *hasher, const void *data, size_t length);
void asg_hasher_end(struct asg_hasher *hasher, uint8_t ret[ASG_SHA256_BYTES]);

/* One-shot SHA-256. */
void asg_sha256(const void *data, size_t length, uint8_t ret[ASG_SHA256_BYTES]);

/* An HMAC-SHA-256 with its key, for many codes: the key's part is done once. */
struct asg_keyed_hash;

void asg_keyed_hash_new(const void *key, size_t length, struct asg_keyed_hash **ret);
/* Wipes the key. */
void asg_keyed_hash_destroy(struct asg_keyed_hash **keyed);
void asg_keyed_hash_sign(struct asg_keyed_hash *keyed, const void *data, size_t length,
                         uint8_t ret[ASG_SHA256_BYTES]);

/* One-shot HMAC-SHA-256. */
void asg_hmac_sha256(const void *key, size_t key_length, const void *data, size_t length,
                     uint8_t ret[ASG_SHA256_BYTES]);

/* Unpredictable bytes. Ends the process when the system has none. */
void asg_random_bytes(void *ret, size_t length);

/* Lower-case hex with a closing zero; `ret` holds 2 * length + 1. */
void asg_hex_encode(const void *data, size_t length, char *ret);
/* ASG_ERR_MALFORMED unless `text` is exactly 2 * length hex digits. */
ASG_MUST_USE enum asg_status asg_hex_decode(const char *text, void *ret, size_t length);

/* Standard base64 with padding; `ret` holds 4 * ((length + 2) / 3) + 1. */
void asg_base64_encode(const void *data, size_t length, char *ret);
/* White space is skipped. `ret` holds 3 * (strlen(text) / 4) + 3 bytes.
 * ASG_ERR_MALFORMED: not base64; *ret_length is untouched. */
ASG_MUST_USE enum asg_status asg_base64_decode(const char *text, void *ret,
                                               size_t *ret_length);

/* True when equal, in a time that does not depend on where they differ. */
bool asg_secret_equal(const void *a, const void *b, size_t length);

/* Overwrite a secret so that the compiler cannot leave it out. */
void asg_secret_wipe(void *secret, size_t length);

#endif
