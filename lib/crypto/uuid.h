/* uuid - UUIDs (RFC 9562): drawn at random, or made of a hash by a rule of one's own.
 * Threads: no state; any. Blocks: never.
 */
#ifndef ASG_CRYPTO_UUID_H
#define ASG_CRYPTO_UUID_H

#include <stdint.h>

#define ASG_UUID_BYTES 16
#define ASG_UUID_SIZE  37 /* with the closing zero */

/* A random one, version 4. */
void asg_uuid_draw(char ret[ASG_UUID_SIZE]);

/* One of these bytes, version 8: equal bytes have equal ones. */
void asg_uuid_make(const uint8_t bytes[ASG_UUID_BYTES], char ret[ASG_UUID_SIZE]);

#endif
