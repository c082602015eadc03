#include "store/log_backend.h"

#include <string.h>

#define AHEAD_MIN 20000 /* records below which a thread is not worth it */

static bool has_text(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* The records of kind prune say which payloads may be missing; read them beforehand,
 * through the look-up index, and compare with what goes by later. */
static enum asg_status read_marks(struct asg_log_cursor *cursor, struct asg_error *error)
{
    struct asg_log *log = cursor->log;
    struct asg_log_filter filter = {
        .from_seq = 1, .to_seq = log->head.seq, .kind = ASG_LOG_KIND_PRUNE};
    struct asg_log_cursor *prunes = NULL;
    enum asg_status status = log->backend->cursor_open(log, &filter, &prunes, error);
    if (status != ASG_OK) return status;
    struct asg_record record;
    while ((status = log->backend->cursor_next(prunes, &record, error)) == ASG_OK) {
        asg_checker_note_prune(&cursor->checker, &record);
    }
    if (status == ASG_ERR_CORRUPT) cursor->flaw = prunes->flaw;
    log->backend->cursor_close(prunes);
    return status == ASG_ERR_EMPTY ? ASG_OK : status;
}

/* A writer has asked this when it opened the log. */
static enum asg_status check_ends(struct asg_log *log, struct asg_error *error)
{
    if (!log->is_read_only || log->is_checked || log->backend->check_ends == NULL) {
        return ASG_OK;
    }
    struct asg_log_flaw_found flaw = {0};
    struct asg_error why = {""};
    enum asg_status status = log->backend->check_ends(log, &flaw, &why);
    log->is_checked = status == ASG_OK;
    if (status == ASG_OK) return ASG_OK;
    if (status != ASG_ERR_CORRUPT) return asg_fail(error, status, "%s", why.text);
    return asg_fail(error, status,
                    "the log does not verify: %s. Run `openasg log verify` on it",
                    why.text);
}

static enum asg_status start_verifying(struct asg_log_cursor *cursor, uint64_t from_seq,
                                       struct asg_error *error)
{
    struct asg_log *log = cursor->log;
    uint8_t before[ASG_LOG_HASH_BYTES];
    uint64_t epoch = 0;
    if (from_seq <= 1) {
        asg_chain_genesis(&log->chain, log->cluster_id, log->created_ms, before);
    } else {
        enum asg_status status =
            log->backend->chain_hash(log, from_seq - 1, before, &epoch, error);
        if (status != ASG_OK) return status;
    }
    cursor->is_verified = true;
    asg_checker_init(&cursor->checker, from_seq, epoch, before);
    return read_marks(cursor, error);
}

/* A thread that reads for the cursor; NULL: the cursor reads itself, which is as good for
 * a short log, and says what is wrong. */
static struct asg_read_ahead *start_ahead(struct asg_log *log,
                                          const struct asg_log_filter *filter)
{
    if (!filter->is_ahead || log->backend->second_reader == NULL ||
        filter->to_seq < filter->from_seq ||
        filter->to_seq - filter->from_seq < AHEAD_MIN) {
        return NULL;
    }
    struct asg_log *reader = log->backend->second_reader(log);
    if (reader == NULL) return NULL;
    struct asg_log_filter own = *filter;
    own.is_ahead = false;
    own.is_verified = false; /* the chain is the caller's half of the work */
    struct asg_read_ahead *ahead = NULL;
    enum asg_status status =
        asg_read_ahead_new(reader, &own, filter->is_verified, &ahead, NULL);
    return status == ASG_OK ? ahead : NULL;
}

enum asg_status asg_log_cursor_open(struct asg_log *log,
                                    const struct asg_log_filter *filter,
                                    struct asg_log_cursor **ret, struct asg_error *error)
{
    bool leaves_out = has_text(filter->kind) || has_text(filter->subject) ||
                      filter->from_time_ms != 0 || filter->to_time_ms != 0 ||
                      filter->is_newest_first;
    if (filter->is_verified && leaves_out) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "a verified read takes every record: no kind, subject, times or "
                        "newest first");
    }
    struct asg_log_filter resolved = *filter;
    if (resolved.from_seq == 0) resolved.from_seq = 1;
    if (resolved.to_seq == 0 || resolved.to_seq > log->head.seq) {
        resolved.to_seq = log->head.seq;
    }

    enum asg_status status = ASG_OK;
    if (log->backend->hold != NULL) status = log->backend->hold(log, error);
    if (status != ASG_OK) return status;
    struct asg_log_cursor *cursor = NULL;
    if (filter->is_verified) status = check_ends(log, error);
    if (status == ASG_OK) {
        status = log->backend->cursor_open(log, &resolved, &cursor, error);
    }
    if (status != ASG_OK) {
        if (log->backend->release != NULL) log->backend->release(log);
        return status;
    }
    log->cursor_count++;
    cursor->to_seq = resolved.to_seq;
    if (filter->is_verified && resolved.from_seq <= resolved.to_seq) {
        status = start_verifying(cursor, resolved.from_seq, error);
    } else if (filter->is_verified) { /* nothing to read */
        asg_checker_init(&cursor->checker, resolved.from_seq, log->head.epoch,
                         log->head.chain_hash);
    }
    if (status != ASG_OK) {
        asg_log_cursor_close(&cursor);
        return status;
    }
    cursor->ahead = start_ahead(log, &resolved);
    *ret = cursor;
    return ASG_OK;
}

static enum asg_status corrupt(struct asg_log_cursor *cursor, struct asg_error *error)
{
    cursor->is_ended = true;
    return asg_fail(error, ASG_ERR_CORRUPT,
                    "the log does not verify: %s. Run `openasg log verify` on it",
                    cursor->flaw.what);
}

enum asg_status asg_log_cursor_next(struct asg_log_cursor *cursor, struct asg_record *ret,
                                    struct asg_error *error)
{
    if (cursor->is_ended) {
        if (cursor->flaw.flaw != ASG_LOG_FLAW_NONE) return corrupt(cursor, error);
        return ASG_ERR_EMPTY;
    }
    bool is_content = false;
    enum asg_status status =
        cursor->ahead == NULL
            ? cursor->log->backend->cursor_next(cursor, ret, error)
            : asg_read_ahead_next(cursor->ahead, ret, &is_content, &cursor->flaw, error);
    if (status == ASG_OK && cursor->is_verified) {
        bool is_good = asg_checker_take(&cursor->checker, &cursor->log->chain, ret,
                                        is_content, &cursor->flaw);
        if (!is_good) return corrupt(cursor, error);
    }
    if (status == ASG_ERR_EMPTY && cursor->is_verified) {
        bool is_whole = asg_checker_finish(&cursor->checker, cursor->to_seq,
                                           /* is_from_first */ false, &cursor->flaw);
        if (!is_whole) return corrupt(cursor, error);
    }
    if (status == ASG_ERR_CORRUPT) return corrupt(cursor, error);
    if (status != ASG_OK) cursor->is_ended = true;
    return status;
}

void asg_log_cursor_close(struct asg_log_cursor **cursor)
{
    if (*cursor == NULL) return;
    struct asg_log *log = (*cursor)->log;
    asg_read_ahead_destroy(&(*cursor)->ahead);
    asg_checker_clear(&(*cursor)->checker);
    log->backend->cursor_close(*cursor);
    log->cursor_count--;
    if (log->backend->release != NULL) log->backend->release(log);
    *cursor = NULL;
}

enum asg_status asg_log_read_stamp(struct asg_log *log, uint64_t seq,
                                   int64_t *ret_time_ms,
                                   uint8_t ret_hash[ASG_LOG_HASH_BYTES],
                                   struct asg_error *error)
{
    const struct asg_log_filter filter = {.from_seq = seq, .to_seq = seq};
    struct asg_log_cursor *cursor = NULL;
    enum asg_status status = asg_log_cursor_open(log, &filter, &cursor, error);
    if (status != ASG_OK) return status;
    struct asg_record record = {0};
    status = asg_log_cursor_next(cursor, &record, error);
    if (status == ASG_OK && ret_time_ms != NULL) *ret_time_ms = record.time_ms;
    if (status == ASG_OK && ret_hash != NULL) {
        memcpy(ret_hash, record.chain_hash, ASG_LOG_HASH_BYTES);
    }
    asg_log_cursor_close(&cursor);
    return status;
}
