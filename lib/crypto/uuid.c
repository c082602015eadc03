#include "crypto/uuid.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"

static void print(const uint8_t bytes[ASG_UUID_BYTES], unsigned version,
                  char ret[ASG_UUID_SIZE])
{
    assert(version >= 1 && version <= 8);
    uint8_t marked[ASG_UUID_BYTES];
    memcpy(marked, bytes, sizeof marked);
    marked[6] = (uint8_t)((marked[6] & 0x0f) | version << 4); /* RFC 9562, 4.2 */
    marked[8] = (uint8_t)((marked[8] & 0x3f) | 0x80);         /* and 4.1 */
    char hex[2 * ASG_UUID_BYTES + 1];
    asg_hex_encode(marked, sizeof marked, hex);
    (void)snprintf(ret, ASG_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
                   hex + 12, hex + 16, hex + 20);
}

void asg_uuid_draw(char ret[ASG_UUID_SIZE])
{
    uint8_t bytes[ASG_UUID_BYTES];
    asg_random_bytes(bytes, sizeof bytes);
    print(bytes, 4, ret);
}

void asg_uuid_make(const uint8_t bytes[ASG_UUID_BYTES], char ret[ASG_UUID_SIZE])
{
    print(bytes, 8, ret);
}
