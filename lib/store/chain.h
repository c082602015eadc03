/* chain - the hashes of the log: which bytes go in, in which order.
 *
 * docs/log-format.md, "The hashes", says the same in words; the golden test in
 * tests/unit/store/test_chain.c holds both to it. Integers are big-endian, texts have
 * their length (4 bytes) in front. Each kind of input starts with a domain byte of its
 * own, so that one can never be taken for another.
 * Threads: one owner at a time.
 */
#ifndef ASG_STORE_CHAIN_H
#define ASG_STORE_CHAIN_H

#include "crypto/crypto.h"
#include "store/log.h"

struct asg_chain {
    struct asg_hasher *hasher;
    struct asg_bytes scratch;
    uint8_t empty_hash[ASG_LOG_HASH_BYTES]; /* SHA-256 of nothing */
};

void asg_chain_init(struct asg_chain *chain);
void asg_chain_clear(struct asg_chain *chain);

/* The chain hash before the first record: 0x00, format, created_ms, cluster id. */
void asg_chain_genesis(struct asg_chain *chain, const char *cluster_id,
                       int64_t created_ms, uint8_t ret[ASG_LOG_HASH_BYTES]);

/* SHA-256 of the payload. */
void asg_chain_content(struct asg_chain *chain, const void *payload, size_t length,
                       uint8_t ret[ASG_LOG_HASH_BYTES]);

/* The chain hash of `record`: 0x01, `previous`, content_hash, seq, time_ms, epoch, kind,
 * subject, note. `ret` may be `previous`. */
void asg_chain_link(struct asg_chain *chain, const uint8_t previous[ASG_LOG_HASH_BYTES],
                    const struct asg_record *record, uint8_t ret[ASG_LOG_HASH_BYTES]);

/* 0x02, seq, the chain hash after record seq, length, the bytes. */
void asg_chain_snapshot(struct asg_chain *chain, uint64_t seq,
                        const uint8_t chain_hash[ASG_LOG_HASH_BYTES], const void *bytes,
                        size_t length, uint8_t ret[ASG_LOG_HASH_BYTES]);

/* What the file says about itself. */
struct asg_log_meta {
    int64_t format;
    char cluster_id[ASG_LOG_CLUSTER_MAX + 1];
    int64_t created_ms;
    uint64_t epoch;
    /* The log reached at least this record: a tail that is lost shows. */
    uint64_t anchor_seq;
    uint8_t anchor_hash[ASG_LOG_HASH_BYTES];
};

/* 0x03, format, created_ms, epoch, anchor_seq, anchor_hash, cluster id. */
void asg_chain_meta(struct asg_chain *chain, const struct asg_log_meta *meta,
                    uint8_t ret[ASG_LOG_HASH_BYTES]);

/* Big-endian, as everywhere in the format. */
void asg_chain_put_u64(uint8_t ret[8], uint64_t value);
uint64_t asg_chain_get_u64(const uint8_t bytes[8]);

#endif
