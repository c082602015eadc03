#include "store/chain.h"

#include <assert.h>
#include <string.h>

enum domain { DOMAIN_GENESIS, DOMAIN_RECORD, DOMAIN_SNAPSHOT, DOMAIN_META };

/* Domain byte, two hashes, three integers, three lengths. */
#define LINK_FIXED (1 + 2 * ASG_LOG_HASH_BYTES + 3 * 8 + 3 * 4)

void asg_chain_init(struct asg_chain *chain)
{
    *chain = (struct asg_chain){0};
    asg_hasher_new(&chain->hasher);
    asg_hasher_begin(chain->hasher);
    asg_hasher_end(chain->hasher, chain->empty_hash);
}

void asg_chain_clear(struct asg_chain *chain)
{
    asg_hasher_destroy(&chain->hasher);
    asg_bytes_clear(&chain->scratch);
}

void asg_chain_put_u64(uint8_t ret[8], uint64_t value)
{
    for (int i = 0; i < 8; i++)
        ret[i] = (uint8_t)(value >> (56 - 8 * i));
}

uint64_t asg_chain_get_u64(const uint8_t bytes[8])
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = (value << 8) | bytes[i];
    return value;
}

static uint8_t *put_u64(uint8_t *to, uint64_t value)
{
    asg_chain_put_u64(to, value);
    return to + 8;
}

static uint8_t *put_hash(uint8_t *to, const uint8_t hash[ASG_LOG_HASH_BYTES])
{
    memcpy(to, hash, ASG_LOG_HASH_BYTES);
    return to + ASG_LOG_HASH_BYTES;
}

static uint8_t *put_text(uint8_t *to, const char *text, size_t length)
{
    assert(length <= UINT32_MAX);
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(length >> (24 - 8 * i));
    memcpy(to + 4, text, length);
    return to + 4 + length;
}

static void hash_up_to(struct asg_chain *chain, const uint8_t *start, const uint8_t *end,
                       uint8_t ret[ASG_LOG_HASH_BYTES])
{
    asg_hasher_begin(chain->hasher);
    asg_hasher_update(chain->hasher, start, (size_t)(end - start));
    asg_hasher_end(chain->hasher, ret);
}

void asg_chain_genesis(struct asg_chain *chain, const char *cluster_id,
                       int64_t created_ms, uint8_t ret[ASG_LOG_HASH_BYTES])
{
    uint8_t input[1 + 8 + 8 + 4 + ASG_LOG_CLUSTER_MAX];
    size_t length = strlen(cluster_id);
    assert(length <= ASG_LOG_CLUSTER_MAX);
    uint8_t *to = input;
    *to++ = DOMAIN_GENESIS;
    to = put_u64(to, ASG_LOG_FORMAT_VERSION);
    to = put_u64(to, (uint64_t)created_ms);
    to = put_text(to, cluster_id, length);
    hash_up_to(chain, input, to, ret);
}

void asg_chain_content(struct asg_chain *chain, const void *payload, size_t length,
                       uint8_t ret[ASG_LOG_HASH_BYTES])
{
    if (length == 0) { /* every decision: half of the hashing of a replay saved */
        memcpy(ret, chain->empty_hash, ASG_LOG_HASH_BYTES);
        return;
    }
    asg_hasher_begin(chain->hasher);
    asg_hasher_update(chain->hasher, payload, length);
    asg_hasher_end(chain->hasher, ret);
}

void asg_chain_link(struct asg_chain *chain, const uint8_t previous[ASG_LOG_HASH_BYTES],
                    const struct asg_record *record, uint8_t ret[ASG_LOG_HASH_BYTES])
{
    size_t kind = strlen(record->kind);
    size_t subject = strlen(record->subject);
    size_t note = strlen(record->note);
    size_t size = LINK_FIXED + kind + subject + note;

    uint8_t small[512];
    uint8_t *input = small;
    if (size > sizeof small) {
        asg_bytes_reset(&chain->scratch);
        input = asg_bytes_reserve(&chain->scratch, size);
    }
    uint8_t *to = input;
    *to++ = DOMAIN_RECORD;
    to = put_hash(to, previous);
    to = put_hash(to, record->content_hash);
    to = put_u64(to, record->seq);
    to = put_u64(to, (uint64_t)record->time_ms);
    to = put_u64(to, record->epoch);
    to = put_text(to, record->kind, kind);
    to = put_text(to, record->subject, subject);
    to = put_text(to, record->note, note);
    assert((size_t)(to - input) == size);
    hash_up_to(chain, input, to, ret);
}

void asg_chain_snapshot(struct asg_chain *chain, uint64_t seq,
                        const uint8_t chain_hash[ASG_LOG_HASH_BYTES], const void *bytes,
                        size_t length, uint8_t ret[ASG_LOG_HASH_BYTES])
{
    uint8_t head[1 + 8 + ASG_LOG_HASH_BYTES + 8];
    uint8_t *to = head;
    *to++ = DOMAIN_SNAPSHOT;
    to = put_u64(to, seq);
    to = put_hash(to, chain_hash);
    to = put_u64(to, length);
    asg_hasher_begin(chain->hasher);
    asg_hasher_update(chain->hasher, head, (size_t)(to - head));
    asg_hasher_update(chain->hasher, bytes, length);
    asg_hasher_end(chain->hasher, ret);
}

void asg_chain_meta(struct asg_chain *chain, const struct asg_log_meta *meta,
                    uint8_t ret[ASG_LOG_HASH_BYTES])
{
    uint8_t input[1 + 4 * 8 + ASG_LOG_HASH_BYTES + 4 + ASG_LOG_CLUSTER_MAX];
    uint8_t *to = input;
    *to++ = DOMAIN_META;
    to = put_u64(to, (uint64_t)meta->format);
    to = put_u64(to, (uint64_t)meta->created_ms);
    to = put_u64(to, meta->epoch);
    to = put_u64(to, meta->anchor_seq);
    to = put_hash(to, meta->anchor_hash);
    to = put_text(to, meta->cluster_id, strlen(meta->cluster_id));
    hash_up_to(chain, input, to, ret);
}
