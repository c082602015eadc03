#include "store/log_backend.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum asg_status asg_log_hash_snapshot(struct asg_log *log,
                                      struct asg_log_snapshot *snapshot,
                                      struct asg_error *error)
{
    if (snapshot->length > ASG_LOG_SNAPSHOT_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT, "a snapshot of %zu bytes; the limit is %d",
                        snapshot->length, ASG_LOG_SNAPSHOT_MAX);
    }
    uint8_t chain_hash[ASG_LOG_HASH_BYTES];
    enum asg_status status =
        log->backend->chain_hash(log, snapshot->seq, chain_hash, NULL, error);
    if (status != ASG_OK) {
        return asg_fail_wrap(error, status, "snapshot of record %" PRIu64, snapshot->seq);
    }
    asg_chain_snapshot(&log->chain, snapshot->seq, chain_hash, snapshot->bytes,
                       snapshot->length, snapshot->hash);
    return ASG_OK;
}

static enum asg_status check_writable(const struct asg_log *log, struct asg_error *error)
{
    if (log->is_read_only) {
        return asg_fail(error, ASG_ERR_DENIED, "this log was opened read only");
    }
    if (log->broken != ASG_OK) {
        return asg_fail(error, log->broken, "the log is broken: %s", log->broken_text);
    }
    return ASG_OK;
}

/* A full disk took nothing back from the records: they go on. */
static enum asg_status break_unless_full(struct asg_log *log, enum asg_status status,
                                         const struct asg_error *error)
{
    return status == ASG_ERR_FULL ? status : asg_log_break(log, status, error);
}

enum asg_status asg_log_write_snapshot(struct asg_log *log,
                                       struct asg_log_snapshot *snapshot,
                                       struct asg_error *error)
{
    assert(!snapshot->is_complete);
    assert(snapshot->written <= snapshot->length);
    enum asg_status status = check_writable(log, error);
    if (status != ASG_OK) return status;
    size_t left = snapshot->length - snapshot->written;
    if (left == 0) {
        status = log->backend->finish_snapshot(log, snapshot, error);
        snapshot->is_complete = status == ASG_OK;
        return break_unless_full(log, status, error);
    }
    size_t most = snapshot->part_bytes == 0 ? ASG_LOG_PART_BYTES : snapshot->part_bytes;
    size_t length = left < most ? left : most;
    status = log->backend->save_part(log, snapshot,
                                     (const uint8_t *)snapshot->bytes + snapshot->written,
                                     length, error);
    if (status != ASG_OK) return break_unless_full(log, status, error);
    snapshot->written += length;
    snapshot->parts++;
    return ASG_OK;
}

enum asg_status asg_log_drop_leftover(struct asg_log *log, bool *ret_has_dropped,
                                      struct asg_error *error)
{
    *ret_has_dropped = false;
    enum asg_status status = check_writable(log, error);
    if (status != ASG_OK) return status;
    status = log->backend->drop_leftover(log, ret_has_dropped, error);
    return break_unless_full(log, status, error);
}

enum asg_status asg_log_save_snapshot(struct asg_log *log, uint64_t seq,
                                      const void *bytes, size_t length,
                                      struct asg_error *error)
{
    struct asg_log_snapshot snapshot = {.seq = seq, .bytes = bytes, .length = length};
    enum asg_status status = check_writable(log, error);
    if (status == ASG_OK) status = asg_log_hash_snapshot(log, &snapshot, error);
    while (status == ASG_OK && !snapshot.is_complete) {
        status = asg_log_write_snapshot(log, &snapshot, error);
    }
    return status;
}

/* ASG_OK: good. ASG_ERR_CORRUPT with the reason in `error`. */
static enum asg_status check_snapshot(struct asg_log *log, uint64_t seq,
                                      const struct asg_bytes *bytes,
                                      const uint8_t hash[ASG_LOG_HASH_BYTES],
                                      struct asg_error *error)
{
    if (seq > log->head.seq) {
        return asg_fail(error, ASG_ERR_CORRUPT, "the log ends at record %" PRIu64,
                        log->head.seq);
    }
    uint8_t chain_hash[ASG_LOG_HASH_BYTES];
    enum asg_status status = log->backend->chain_hash(log, seq, chain_hash, NULL, error);
    if (status == ASG_ERR_NOT_FOUND) {
        return asg_fail(error, ASG_ERR_CORRUPT, "its record is not in the log");
    }
    if (status != ASG_OK) return status;
    uint8_t expected[ASG_LOG_HASH_BYTES];
    asg_chain_snapshot(&log->chain, seq, chain_hash, bytes->data, bytes->length,
                       expected);
    if (memcmp(expected, hash, sizeof expected) == 0) return ASG_OK;
    return asg_fail(error, ASG_ERR_CORRUPT, "its SHA-256 does not match");
}

static enum asg_status load_snapshot(struct asg_log *log, uint64_t at_most,
                                     struct asg_bytes *ret, uint64_t *ret_seq,
                                     struct asg_error *error)
{
    struct asg_error skipped = {""};
    uint64_t below = at_most == 0 ? UINT64_MAX : at_most;
    if (error != NULL) error->text[0] = '\0';
    while (below > 0) {
        uint64_t seq = 0;
        uint8_t hash[ASG_LOG_HASH_BYTES];
        struct asg_error why = {""};
        asg_bytes_reset(ret);
        enum asg_status status =
            log->backend->read_snapshot(log, below, ret, &seq, hash, &why);
        if (status == ASG_OK) status = check_snapshot(log, seq, ret, hash, &why);
        if (status == ASG_OK) {
            *ret_seq = seq;
            if (error != NULL) *error = skipped;
            return ASG_OK;
        }
        if (status == ASG_ERR_EMPTY) break;
        if (status != ASG_ERR_CORRUPT) {
            asg_bytes_reset(ret);
            return asg_fail(error, status, "%s", why.text);
        }
        size_t used = strlen(skipped.text);
        (void)snprintf(skipped.text + used, sizeof skipped.text - used,
                       "%ssnapshot %" PRIu64 " is damaged (%.160s), trying an older one",
                       used == 0 ? "" : "; ", seq, why.text);
        if (seq == 0) break; /* the table itself cannot be read */
        below = seq - 1;
    }
    asg_bytes_reset(ret);
    return asg_fail(error, ASG_ERR_EMPTY, "%s", skipped.text);
}

enum asg_status asg_log_load_snapshot(struct asg_log *log, uint64_t at_most,
                                      struct asg_bytes *ret, uint64_t *ret_seq,
                                      struct asg_error *error)
{
    /* Beside a writer, which may drop the oldest: its row and its parts of one state. */
    if (log->backend->hold != NULL) {
        enum asg_status status = log->backend->hold(log, error);
        if (status != ASG_OK) return status;
    }
    enum asg_status status = load_snapshot(log, at_most, ret, ret_seq, error);
    if (log->backend->release != NULL) log->backend->release(log);
    return status;
}
