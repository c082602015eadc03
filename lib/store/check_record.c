#include "store/check_record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

void asg_checker_init(struct asg_checker *checker, uint64_t next_seq, uint64_t epoch,
                      const uint8_t chain_hash[ASG_LOG_HASH_BYTES])
{
    *checker = (struct asg_checker){.next_seq = next_seq, .epoch = epoch};
    memcpy(checker->chain_hash, chain_hash, ASG_LOG_HASH_BYTES);
}

void asg_checker_clear(struct asg_checker *checker)
{
    free(checker->marks);
    *checker = (struct asg_checker){0};
}

bool asg_flaw_set(struct asg_log_flaw_found *flaw, enum asg_log_flaw kind, uint64_t seq,
                  const char *format, ...)
{
    flaw->flaw = kind;
    flaw->seq = seq;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(flaw->what, sizeof flaw->what, format, args);
    va_end(args);
    return false;
}

static struct asg_prune_mark *find_mark(const struct asg_checker *checker,
                                        const char *kind)
{
    for (size_t i = 0; i < checker->mark_count; i++) {
        if (strcmp(checker->marks[i].kind, kind) == 0) return &checker->marks[i];
    }
    return NULL;
}

/* A prune record: subject is the kind, payload starts with the last sequence number. */
static bool prune_of(const struct asg_record *record, uint64_t *ret_to_seq)
{
    if (strcmp(record->kind, ASG_LOG_KIND_PRUNE) != 0) return false;
    if (record->payload_length < 8) return false;
    if (strlen(record->subject) > ASG_LOG_KIND_MAX) return false;
    *ret_to_seq = asg_chain_get_u64(record->payload);
    return true;
}

void asg_checker_note_prune(struct asg_checker *checker, const struct asg_record *prune)
{
    uint64_t to_seq = 0;
    if (!prune_of(prune, &to_seq)) return;
    struct asg_prune_mark *mark = find_mark(checker, prune->subject);
    if (mark == NULL) {
        if (checker->mark_count == checker->mark_capacity) {
            checker->mark_capacity = 2 * checker->mark_capacity + 4;
            checker->marks =
                asg_realloc(checker->marks, checker->mark_capacity, sizeof *mark);
        }
        mark = &checker->marks[checker->mark_count++];
        *mark = (struct asg_prune_mark){0};
        (void)snprintf(mark->kind, sizeof mark->kind, "%s", prune->subject);
    }
    if (to_seq > mark->to_seq) mark->to_seq = to_seq;
}

bool asg_checker_is_indexed(const char *kind)
{
    return strcmp(kind, "decision") == 0 || strcmp(kind, ASG_LOG_KIND_PRUNE) == 0;
}

uint64_t asg_checker_index_hash(const char *kind, const char *subject, uint64_t seq)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (const char *at = kind; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(1099511628211);
    }
    hash *= UINT64_C(1099511628211); /* the border between the two */
    for (const char *at = subject; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(1099511628211);
    }
    for (int i = 0; i < 8; i++) {
        hash = (hash ^ (uint8_t)(seq >> (8 * i))) * UINT64_C(1099511628211);
    }
    return hash;
}

static bool check_sequence(const struct asg_checker *checker,
                           const struct asg_record *record,
                           struct asg_log_flaw_found *flaw)
{
    if (record->seq > checker->next_seq) {
        return asg_flaw_set(flaw, ASG_LOG_FLAW_MISSING, checker->next_seq,
                            "record %" PRIu64 " is missing; after %" PRIu64
                            " comes %" PRIu64,
                            checker->next_seq, checker->next_seq - 1, record->seq);
    }
    if (record->seq < checker->next_seq) {
        return asg_flaw_set(flaw, ASG_LOG_FLAW_DUPLICATE, record->seq,
                            "record %" PRIu64 " comes again after record %" PRIu64,
                            record->seq, checker->next_seq - 1);
    }
    if (record->epoch < checker->epoch) {
        return asg_flaw_set(flaw, ASG_LOG_FLAW_EPOCH, record->seq,
                            "record %" PRIu64 " has epoch %" PRIu64
                            " after a record of epoch %" PRIu64,
                            record->seq, record->epoch, checker->epoch);
    }
    return true;
}

bool asg_checker_is_content(struct asg_chain *chain, const struct asg_record *record)
{
    if (record->is_pruned) return false;
    uint8_t hash[ASG_LOG_HASH_BYTES];
    asg_chain_content(chain, record->payload, record->payload_length, hash);
    return memcmp(hash, record->content_hash, sizeof hash) == 0;
}

static bool check_payload(struct asg_checker *checker, struct asg_chain *chain,
                          const struct asg_record *record, bool is_content,
                          struct asg_log_flaw_found *flaw)
{
    if (record->is_pruned) {
        const struct asg_prune_mark *mark = find_mark(checker, record->kind);
        if (mark == NULL || mark->to_seq < record->seq) {
            return asg_flaw_set(flaw, ASG_LOG_FLAW_NOT_PRUNED, record->seq,
                                "record %" PRIu64 " (%s) has no payload, and no record "
                                "of kind prune says why",
                                record->seq, record->kind);
        }
        checker->pruned_count++;
        checker->pruned_last = record->seq;
        return true;
    }
    if (is_content || asg_checker_is_content(chain, record)) return true;
    return asg_flaw_set(flaw, ASG_LOG_FLAW_PAYLOAD, record->seq,
                        "record %" PRIu64 " (%s): the payload (%zu bytes) or its "
                        "content_hash was altered",
                        record->seq, record->kind, record->payload_length);
}

bool asg_checker_take(struct asg_checker *checker, struct asg_chain *chain,
                      const struct asg_record *record, bool is_content,
                      struct asg_log_flaw_found *flaw)
{
    if (!check_sequence(checker, record, flaw)) return false;
    if (!check_payload(checker, chain, record, is_content, flaw)) return false;

    asg_chain_link(chain, checker->chain_hash, record, checker->chain_hash);
    if (memcmp(checker->chain_hash, record->chain_hash, ASG_LOG_HASH_BYTES) != 0) {
        return asg_flaw_set(flaw, ASG_LOG_FLAW_CHAIN, record->seq,
                            "record %" PRIu64 " (%s): its chain_hash does not follow "
                            "from the previous record and its own time, epoch, kind, "
                            "subject, note and content_hash",
                            record->seq, record->kind);
    }

    uint64_t to_seq = 0;
    if (prune_of(record, &to_seq)) {
        struct asg_prune_mark *mark = find_mark(checker, record->subject);
        if (mark == NULL || mark->to_seq < to_seq) {
            return asg_flaw_set(flaw, ASG_LOG_FLAW_INDEX, record->seq,
                                "record %" PRIu64 " (prune) is not in the look-up index",
                                record->seq);
        }
        if (to_seq > mark->seen_to_seq) mark->seen_to_seq = to_seq;
    }
    if (asg_checker_is_indexed(record->kind)) {
        checker->indexed_count++;
        checker->indexed_sum +=
            asg_checker_index_hash(record->kind, record->subject, record->seq);
    }
    checker->record_count++;
    checker->epoch = record->epoch;
    checker->next_seq++;
    return true;
}

bool asg_checker_finish(const struct asg_checker *checker, uint64_t last_seq,
                        bool is_from_first, struct asg_log_flaw_found *flaw)
{
    if (checker->next_seq <= last_seq) {
        return asg_flaw_set(flaw, ASG_LOG_FLAW_MISSING, checker->next_seq,
                            "records %" PRIu64 " to %" PRIu64 " are missing",
                            checker->next_seq, last_seq);
    }
    for (size_t i = 0; is_from_first && i < checker->mark_count; i++) {
        const struct asg_prune_mark *mark = &checker->marks[i];
        if (mark->seen_to_seq == mark->to_seq) continue;
        return asg_flaw_set(flaw, ASG_LOG_FLAW_INDEX, 0,
                            "the look-up index has a prune record for kind %s that is "
                            "not among the records",
                            mark->kind);
    }
    return true;
}
