#include "controller/join_token.h"

#include <inttypes.h>
#include <stdio.h>

#include "crypto/crypto.h"
#include "model/job.h"

void asg_join_token(const uint8_t secret[32], uint64_t incarnation, uint64_t job_id,
                    uint32_t attempt, char ret[ASG_JOIN_TOKEN_SIZE])
{
    char text[96];
    int length =
        snprintf(text, sizeof text, "openasg join %012" PRIx64 "/%" PRIu64 "/%" PRIu32,
                 incarnation, job_id, attempt);
    uint8_t hash[ASG_SHA256_BYTES];
    asg_hmac_sha256(secret, 32, text, (size_t)length, hash);
    asg_hex_encode(hash, sizeof hash, ret);
}

void asg_instance_token(const uint8_t secret[32], const char *instance_id,
                        char ret[ASG_JOIN_TOKEN_SIZE])
{
    char text[ASG_INSTANCE_ID_MAX + 32];
    int length = snprintf(text, sizeof text, "openasg join-line %.*s",
                          ASG_INSTANCE_ID_MAX, instance_id);
    uint8_t hash[ASG_SHA256_BYTES];
    asg_hmac_sha256(secret, 32, text, (size_t)length, hash);
    asg_hex_encode(hash, sizeof hash, ret);
}
