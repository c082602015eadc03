#include "store/log_sqlite.h"

#include "base/failpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct asg_sqlite_log *self_of(struct asg_log *log)
{
    return (struct asg_sqlite_log *)log;
}

int asg_sqlite_run_kept(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    (void)sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static unsigned data_version(sqlite3 *db)
{
    unsigned version = 0;
    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_DATA_VERSION, &version);
    return version;
}

static enum asg_status chain_hash_at(struct asg_log *log, uint64_t seq,
                                     uint8_t ret[ASG_LOG_HASH_BYTES], uint64_t *ret_epoch,
                                     struct asg_error *error)
{
    struct asg_sqlite_log *self = self_of(log);
    if (seq == 0 || seq > INT64_MAX) {
        return asg_fail(error, ASG_ERR_NOT_FOUND, "there is no record %" PRIu64, seq);
    }
    sqlite3_stmt *row = self->chain_hash;
    (void)sqlite3_bind_int64(row, 1, (int64_t)seq);
    int code = sqlite3_step(row);
    enum asg_status status = ASG_OK;
    if (code == SQLITE_DONE) {
        status = asg_fail(error, ASG_ERR_NOT_FOUND, "there is no record %" PRIu64, seq);
    } else if (code != SQLITE_ROW) {
        status = asg_sqlite_fail(self->db, code, error, "read a record");
    } else if (sqlite3_column_type(row, 0) != SQLITE_BLOB ||
               sqlite3_column_bytes(row, 0) != ASG_LOG_HASH_BYTES) {
        status = asg_fail(error, ASG_ERR_CORRUPT,
                          "record %" PRIu64 " has a damaged chain_hash", seq);
    } else {
        memcpy(ret, sqlite3_column_blob(row, 0), ASG_LOG_HASH_BYTES);
        int64_t epoch = sqlite3_column_int64(row, 1);
        if (ret_epoch != NULL) *ret_epoch = epoch < 0 ? 0 : (uint64_t)epoch;
    }
    (void)sqlite3_reset(row);
    return status;
}

/* The last record, or the genesis hash of an empty log. */
static enum asg_status find_head(struct asg_sqlite_log *self, struct asg_log_head *ret,
                                 struct asg_error *error)
{
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *row = NULL;
    enum asg_status status = asg_sqlite_prepare(
        self->db, "SELECT seq, epoch, chain_hash FROM records ORDER BY seq DESC LIMIT 1",
        &row, error);
    if (status != ASG_OK) return status;
    struct asg_log_head head = {.epoch = self->meta.epoch};
    int code = sqlite3_step(row);
    if (code == SQLITE_DONE) {
        asg_chain_genesis(&self->log.chain, self->meta.cluster_id, self->meta.created_ms,
                          head.chain_hash);
        self->is_head_sound = true;
        *ret = head;
        return ASG_OK;
    }
    if (code != SQLITE_ROW) {
        return asg_sqlite_fail(self->db, code, error, "read the last record");
    }
    int64_t seq = sqlite3_column_int64(row, 0);
    int64_t epoch = sqlite3_column_int64(row, 1);
    self->is_head_sound = seq >= 1 && epoch >= 0 && (uint64_t)epoch <= self->meta.epoch &&
                          sqlite3_column_type(row, 2) == SQLITE_BLOB &&
                          sqlite3_column_bytes(row, 2) == ASG_LOG_HASH_BYTES;
    if (self->is_head_sound) {
        memcpy(head.chain_hash, sqlite3_column_blob(row, 2), ASG_LOG_HASH_BYTES);
    }
    head.seq = seq < 0 ? 0 : (uint64_t)seq;
    *ret = head;
    return ASG_OK;
}

/* Somebody committed since we did. An auditor's look changes nothing; a record or an
 * epoch that is not ours means that another writer has taken over. */
static enum asg_status check_fence(struct asg_sqlite_log *self, struct asg_error *error)
{
    struct asg_log_meta meta = {0};
    struct asg_log_head head = {0};
    bool is_intact = false;
    enum asg_status status =
        asg_meta_read(self->db, &self->log.chain, &meta, &is_intact, error);
    if (status != ASG_OK) return status;
    status = find_head(self, &head, error);
    if (status != ASG_OK) return status;
    const struct asg_log_head *ours = &self->log.head;
    if (is_intact && meta.epoch == ours->epoch && head.seq == ours->seq &&
        memcmp(head.chain_hash, ours->chain_hash, ASG_LOG_HASH_BYTES) == 0) {
        return ASG_OK;
    }
    return asg_fail(error, ASG_ERR_FENCED,
                    "another program wrote to %s: it ends at record %" PRIu64
                    " of epoch %" PRIu64 ", ours at %" PRIu64 " of epoch %" PRIu64,
                    sqlite3_db_filename(self->db, "main"), head.seq, meta.epoch,
                    ours->seq, ours->epoch);
}

/* What came of a copy of the write-ahead log. The commit before it stands whatever it is;
 * a failing disk breaks the log. */
static void take_outcome(struct asg_sqlite_log *self,
                         const struct asg_checkpoint_outcome *outcome)
{
    if (outcome->status == ASG_OK || outcome->status == ASG_ERR_BUSY) return;
    (void)asg_log_break(&self->log, outcome->status, &outcome->error);
}

/* Copy what is there, so that the write-ahead log is written from its start again. When
 * a reader stands in the way it is tried again some pages later. */
static void checkpoint_now(struct asg_sqlite_log *self)
{
    struct asg_checkpoint_outcome outcome;
    asg_checkpoint_now(self->db, &outcome);
    take_outcome(self, &outcome);
    self->checkpoint_at = self->wal_pages + ASG_SQLITE_COPY_PAGES;
}

static void start_checkpoint(struct asg_sqlite_log *self)
{
    struct asg_error error;
    if (self->checkpointer == NULL &&
        asg_checkpointer_new(sqlite3_db_filename(self->db, "main"), &self->checkpointer,
                             &error) != ASG_OK) {
        checkpoint_now(self); /* slower, and just as good */
        return;
    }
    asg_checkpointer_start(self->checkpointer);
    self->is_copying = true;
}

/* A copy is under way: see whether it is done, and what is left of it. */
static void follow_checkpoint(struct asg_sqlite_log *self)
{
    struct asg_checkpoint_outcome outcome;
    bool is_too_long = self->wal_pages >= ASG_SQLITE_WAL_PAGES_MAX;
    if (!asg_checkpointer_finish(self->checkpointer, is_too_long, &outcome)) return;
    self->is_copying = false;
    take_outcome(self, &outcome);
    if (self->log.broken != ASG_OK) return;
    bool is_short = self->wal_pages < ASG_SQLITE_WAL_PAGES;
    if (outcome.status != ASG_OK || outcome.copied < outcome.pages || is_short) {
        self->checkpoint_at = self->wal_pages + ASG_SQLITE_COPY_PAGES;
    } else if (self->wal_pages - outcome.copied > ASG_SQLITE_REST_PAGES && !is_too_long) {
        start_checkpoint(self); /* the next one has less to do */
    } else {
        checkpoint_now(self);
    }
}

static void checkpoint_when_due(struct asg_sqlite_log *self)
{
    if (self->wal_pages < self->wal_pages_before) { /* it began anew */
        self->checkpoint_at = ASG_SQLITE_COPY_PAGES;
    }
    self->wal_pages_before = self->wal_pages;
    if (!self->is_copying && self->wal_pages >= self->checkpoint_at) {
        start_checkpoint(self);
    }
}

enum asg_status asg_sqlite_begin(struct asg_sqlite_log *self, struct asg_error *error)
{
    if (self->is_copying) follow_checkpoint(self);
    if (self->log.broken != ASG_OK) {
        return asg_fail(error, self->log.broken, "%s", self->log.broken_text);
    }
    int code = asg_sqlite_run_kept(self->begin);
    if (code != SQLITE_OK) return asg_sqlite_fail(self->db, code, error, "append");
    if (data_version(self->db) == self->data_version) return ASG_OK;
    enum asg_status status = check_fence(self, error);
    if (status != ASG_OK) (void)asg_sqlite_run_kept(self->rollback);
    return status;
}

enum asg_status asg_sqlite_end(struct asg_sqlite_log *self, enum asg_status status,
                               struct asg_error *error)
{
    if (status == ASG_OK && ASG_FAILPOINT_FAILS("log.before_commit")) {
        status = asg_fail(error, ASG_ERR_IO, "failpoint log.before_commit");
    }
    if (status == ASG_OK) {
        int code = asg_sqlite_run_kept(self->commit);
        ASG_FAILPOINT("log.after_commit");
        if (code == SQLITE_OK) {
            self->data_version = data_version(self->db);
            checkpoint_when_due(self);
            return ASG_OK;
        }
        status = asg_sqlite_fail(self->db, code, error, "commit");
    }
    if (sqlite3_get_autocommit(self->db) == 0) (void)asg_sqlite_run_kept(self->rollback);
    return status;
}

static enum asg_status insert(struct asg_sqlite_log *self,
                              const struct asg_record *record, struct asg_error *error)
{
    sqlite3_stmt *row = self->insert;
    /* A zero-length payload is an empty blob; NULL would say that it was pruned. */
    const void *payload = record->payload_length == 0 ? "" : record->payload;
    (void)sqlite3_bind_int64(row, 1, (int64_t)record->seq);
    (void)sqlite3_bind_int64(row, 2, record->time_ms);
    (void)sqlite3_bind_int64(row, 3, (int64_t)record->epoch);
    (void)sqlite3_bind_text(row, 4, record->kind, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(row, 5, record->subject, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(row, 6, record->note, -1, SQLITE_STATIC);
    (void)sqlite3_bind_blob(row, 7, record->content_hash, ASG_LOG_HASH_BYTES,
                            SQLITE_STATIC);
    (void)sqlite3_bind_blob(row, 8, record->chain_hash, ASG_LOG_HASH_BYTES,
                            SQLITE_STATIC);
    (void)sqlite3_bind_blob64(row, 9, payload, record->payload_length, SQLITE_STATIC);
    int code = asg_sqlite_run_kept(row);
    if (code == SQLITE_OK) return ASG_OK;
    if ((code & 0xff) == SQLITE_CONSTRAINT) {
        return asg_fail(error, ASG_ERR_FENCED,
                        "record %" PRIu64 " exists already: another program wrote it",
                        record->seq);
    }
    return asg_sqlite_fail(self->db, code, error, "append");
}

static enum asg_status append(struct asg_log *log, const struct asg_record *records,
                              size_t count, struct asg_error *error)
{
    struct asg_sqlite_log *self = self_of(log);
    enum asg_status status = asg_sqlite_begin(self, error);
    if (status != ASG_OK) return status;
    if (ASG_FAILPOINT_FAILS("log.before_write")) status = ASG_ERR_IO;
    for (size_t i = 0; status == ASG_OK && i < count; i++) {
        status = insert(self, &records[i], error);
    }
    return asg_sqlite_end(self, status, error);
}

enum asg_status asg_sqlite_write_anchor(struct asg_sqlite_log *self, uint64_t seq,
                                        const uint8_t chain_hash[ASG_LOG_HASH_BYTES],
                                        struct asg_error *error)
{
    self->meta.anchor_seq = seq;
    memcpy(self->meta.anchor_hash, chain_hash, ASG_LOG_HASH_BYTES);
    return asg_meta_write(self->db, &self->log.chain, &self->meta, error);
}

static enum asg_status prune(struct asg_log *log, const char *kind, uint64_t from_seq,
                             uint64_t to_seq, const struct asg_record *record,
                             struct asg_error *error)
{
    struct asg_sqlite_log *self = self_of(log);
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *update = NULL;
    enum asg_status status = asg_sqlite_prepare(
        self->db,
        "UPDATE records NOT INDEXED SET payload = NULL "
        "WHERE seq BETWEEN ?1 AND ?2 AND kind = ?3 AND length(payload) > 0",
        &update, error);
    if (status != ASG_OK) return status;
    status = asg_sqlite_begin(self, error);
    if (status != ASG_OK) return status;
    (void)sqlite3_bind_int64(update, 1, (int64_t)from_seq);
    (void)sqlite3_bind_int64(update, 2, (int64_t)to_seq);
    (void)sqlite3_bind_text(update, 3, kind, -1, SQLITE_STATIC);
    int code = asg_sqlite_run_kept(update);
    if (code != SQLITE_OK) status = asg_sqlite_fail(self->db, code, error, "prune");
    if (status == ASG_OK) status = insert(self, record, error);
    if (status == ASG_OK) {
        status = asg_sqlite_write_anchor(self, record->seq, record->chain_hash, error);
    }
    return asg_sqlite_end(self, status, error);
}

enum asg_status asg_sqlite_refresh(struct asg_log *log, struct asg_error *error)
{
    struct asg_sqlite_log *self = self_of(log);
    enum asg_status status =
        asg_meta_read(self->db, &log->chain, &self->meta, &self->is_meta_intact, error);
    if (status != ASG_OK) return status;
    return find_head(self, &log->head, error);
}

/* Readers: one read transaction for as long as anything is open, so that a record and
 * what explains it come from one state. The writer is alone and needs none. */
static enum asg_status hold(struct asg_log *log, struct asg_error *error)
{
    struct asg_sqlite_log *self = self_of(log);
    if (log->is_read_only && self->hold_count == 0) {
        enum asg_status status = asg_sqlite_run(self->db, "BEGIN", "read the log", error);
        if (status != ASG_OK) return status;
    }
    self->hold_count++;
    return ASG_OK;
}

static void release(struct asg_log *log)
{
    struct asg_sqlite_log *self = self_of(log);
    assert(self->hold_count > 0);
    self->hold_count--;
    if (!log->is_read_only || self->hold_count > 0) return;
    (void)sqlite3_exec(self->db, "COMMIT", NULL, NULL, NULL);
}

void asg_sqlite_free(struct asg_sqlite_log *self)
{
    asg_checkpointer_destroy(&self->checkpointer);
    asg_sqlite_finalize(&self->begin);
    asg_sqlite_finalize(&self->commit);
    asg_sqlite_finalize(&self->rollback);
    asg_sqlite_finalize(&self->insert);
    asg_sqlite_finalize(&self->chain_hash);
    if (self->db != NULL) asg_sqlite_close(&self->db);
    if (self->lock >= 0) (void)close(self->lock);
    asg_log_base_clear(&self->log);
    free(self);
}

static void close_log(struct asg_log *log)
{
    struct asg_sqlite_log *self = self_of(log);
    if (!log->is_read_only && log->broken == ASG_OK) {
        /* When this fails, the anchor stays behind; nothing else is lost. */
        enum asg_status status = asg_sqlite_begin(self, NULL);
        if (status == ASG_OK) {
            status =
                asg_sqlite_write_anchor(self, log->head.seq, log->head.chain_hash, NULL);
            (void)asg_sqlite_end(self, status, NULL);
        }
    }
    asg_sqlite_free(self);
}

static struct asg_log *second_reader(struct asg_log *log)
{
    const struct asg_sqlite_log *self = self_of(log);
    struct asg_log_options options = {.path = sqlite3_db_filename(self->db, "main"),
                                      .is_read_only = true,
                                      .is_immutable = self->is_immutable};
    struct asg_log *reader = NULL;
    return asg_log_open_sqlite(&options, &reader, NULL) == ASG_OK ? reader : NULL;
}

const struct asg_log_backend asg_sqlite_backend = {
    .close = close_log,
    .append = append,
    .refresh = asg_sqlite_refresh,
    .hold = hold,
    .release = release,
    .cursor_open = asg_sqlite_cursor_open,
    .cursor_next = asg_sqlite_cursor_next,
    .cursor_close = asg_sqlite_cursor_close,
    .chain_hash = chain_hash_at,
    .save_part = asg_sqlite_save_part,
    .finish_snapshot = asg_sqlite_finish_snapshot,
    .drop_leftover = asg_sqlite_drop_leftover,
    .read_snapshot = asg_sqlite_read_snapshot,
    .oldest_snapshot = asg_sqlite_oldest_snapshot,
    .prune = prune,
    .check_before = asg_sqlite_check_before,
    .check_ends = asg_sqlite_check_ends,
    .check_pages = asg_sqlite_check_pages,
    .second_reader = second_reader,
    .check_after = asg_sqlite_check_after,
};
