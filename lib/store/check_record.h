/* check_record - is this the record that must come next?
 *
 * Private to lib/store: what a verified cursor and asg_log_verify() ask of each record:
 * sequence, epoch, payload hash, chain hash, and whether a missing payload was pruned.
 */
#ifndef ASG_STORE_CHECK_RECORD_H
#define ASG_STORE_CHECK_RECORD_H

#include "store/chain.h"
#include "store/log.h"

struct asg_log_flaw_found {
    enum asg_log_flaw flaw;
    uint64_t seq; /* 0: not one record */
    char what[256];
};

/* Up to which record the payloads of a kind were pruned. */
struct asg_prune_mark {
    char kind[ASG_LOG_KIND_MAX + 1];
    uint64_t to_seq;      /* what the log says, read beforehand */
    uint64_t seen_to_seq; /* what the records said that went by */
};

struct asg_checker {
    uint64_t next_seq;
    uint64_t epoch; /* of the record before */
    uint8_t chain_hash[ASG_LOG_HASH_BYTES];
    struct asg_prune_mark *marks;
    size_t mark_count;
    size_t mark_capacity;

    uint64_t record_count;
    uint64_t pruned_count;
    uint64_t pruned_last; /* the last record without its payload */
    uint64_t indexed_count;
    uint64_t indexed_sum; /* order does not matter: asg_checker_index_hash() added up */
};

/* `chain_hash` and `epoch` are those of the record before `next_seq`. */
void asg_checker_init(struct asg_checker *checker, uint64_t next_seq, uint64_t epoch,
                      const uint8_t chain_hash[ASG_LOG_HASH_BYTES]);
void asg_checker_clear(struct asg_checker *checker);

/* Tell it of a record of kind "prune" before the reading starts. */
void asg_checker_note_prune(struct asg_checker *checker, const struct asg_record *prune);

/* Is the payload what content_hash says? A half of the hashing, and the one that needs no
 * record before. False when there is no payload. */
bool asg_checker_is_content(struct asg_chain *chain, const struct asg_record *record);

/* False: `flaw` says what is wrong; the checker must not be used any more. `is_content`:
 * the call above said so of this record; false: it is asked here. */
bool asg_checker_take(struct asg_checker *checker, struct asg_chain *chain,
                      const struct asg_record *record, bool is_content,
                      struct asg_log_flaw_found *flaw);

/* After the last record: is the head where it must be, and do the marks agree? */
bool asg_checker_finish(const struct asg_checker *checker, uint64_t last_seq,
                        bool is_from_first, struct asg_log_flaw_found *flaw);

/* Whether the look-up index covers a kind, and one entry of it as a number. */
bool asg_checker_is_indexed(const char *kind);
uint64_t asg_checker_index_hash(const char *kind, const char *subject, uint64_t seq);

/* Fill in a flaw; returns false. */
bool asg_flaw_set(struct asg_log_flaw_found *flaw, enum asg_log_flaw kind, uint64_t seq,
                  const char *format, ...) ASG_PRINTF(4, 5);

#endif
