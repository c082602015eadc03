#include "base/failpoint.h"
#include "store/log_sqlite.h"

#include <inttypes.h>
#include <string.h>

/* Keeps the newest. One beyond the head belongs to a tail that was lost. */
#define DROP_OLD                                                                         \
    "DELETE FROM snapshots WHERE seq > ?1 OR seq NOT IN "                                \
    "(SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?2)"

static enum asg_status write_row(struct asg_sqlite_log *self, uint64_t seq,
                                 const uint8_t hash[ASG_LOG_HASH_BYTES],
                                 const void *bytes, size_t length,
                                 struct asg_error *error)
{
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *row = NULL;
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *drop = NULL;
    enum asg_status status = asg_sqlite_prepare(
        self->db, "REPLACE INTO snapshots(seq, hash, bytes) VALUES(?1, ?2, ?3)", &row,
        error);
    if (status == ASG_OK) status = asg_sqlite_prepare(self->db, DROP_OLD, &drop, error);
    if (status != ASG_OK) return status;
    (void)sqlite3_bind_int64(row, 1, (int64_t)seq);
    (void)sqlite3_bind_blob(row, 2, hash, ASG_LOG_HASH_BYTES, SQLITE_STATIC);
    (void)sqlite3_bind_blob64(row, 3, length == 0 ? "" : bytes, length, SQLITE_STATIC);
    (void)sqlite3_bind_int64(drop, 1, (int64_t)self->log.head.seq);
    (void)sqlite3_bind_int64(drop, 2, ASG_LOG_SNAPSHOTS_KEPT);
    int code = sqlite3_step(row);
    if (code == SQLITE_DONE) code = sqlite3_step(drop);
    if (code == SQLITE_DONE) return ASG_OK;
    return asg_sqlite_fail(self->db, code, error, "save a snapshot");
}

enum asg_status asg_sqlite_save_snapshot(struct asg_log *log, uint64_t seq,
                                         const uint8_t hash[ASG_LOG_HASH_BYTES],
                                         const void *bytes, size_t length,
                                         struct asg_error *error)
{
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    if (ASG_FAILPOINT_FAILS("log.before_snapshot")) return ASG_ERR_FULL;
    enum asg_status status = asg_sqlite_begin(self, error);
    if (status != ASG_OK) return status;
    status = write_row(self, seq, hash, bytes, length, error);
    ASG_FAILPOINT("log.snapshot_written");
    if (status == ASG_OK) {
        status =
            asg_sqlite_write_anchor(self, log->head.seq, log->head.chain_hash, error);
    }
    return asg_sqlite_end(self, status, error);
}

enum asg_status asg_sqlite_read_snapshot(struct asg_log *log, uint64_t at_most,
                                         struct asg_bytes *ret, uint64_t *ret_seq,
                                         uint8_t ret_hash[ASG_LOG_HASH_BYTES],
                                         struct asg_error *error)
{
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *row = NULL;
    enum asg_status status =
        asg_sqlite_prepare(self->db,
                           "SELECT seq, hash, bytes FROM snapshots WHERE seq <= ?1 ORDER "
                           "BY seq DESC LIMIT 1",
                           &row, error);
    if (status != ASG_OK) return status;
    uint64_t bound = at_most > INT64_MAX ? INT64_MAX : at_most;
    (void)sqlite3_bind_int64(row, 1, (int64_t)bound);
    int code = sqlite3_step(row);
    if (code == SQLITE_DONE) return ASG_ERR_EMPTY;
    if (code != SQLITE_ROW) {
        return asg_sqlite_fail(self->db, code, error, "read a snapshot");
    }
    int64_t seq = sqlite3_column_int64(row, 0);
    if (seq < 1 || (uint64_t)seq > at_most) {
        return asg_fail(error, ASG_ERR_CORRUPT, "it has sequence number %" PRId64, seq);
    }
    *ret_seq = (uint64_t)seq;
    if (sqlite3_column_type(row, 1) != SQLITE_BLOB ||
        sqlite3_column_bytes(row, 1) != ASG_LOG_HASH_BYTES ||
        sqlite3_column_type(row, 2) != SQLITE_BLOB) {
        return asg_fail(error, ASG_ERR_CORRUPT, "a column has the wrong type or size");
    }
    memcpy(ret_hash, sqlite3_column_blob(row, 1), ASG_LOG_HASH_BYTES);
    const void *bytes = sqlite3_column_blob(row, 2);
    size_t length = (size_t)sqlite3_column_bytes(row, 2);
    if (length > 0 && bytes == NULL) {
        /* Only now does SQLite walk the pages behind the row. */
        return asg_sqlite_fail(self->db, sqlite3_errcode(self->db), error,
                               "read a snapshot");
    }
    if (length > 0) asg_bytes_append(ret, bytes, length);
    return ASG_OK;
}

enum asg_status asg_sqlite_oldest_snapshot(struct asg_log *log, uint64_t *ret,
                                           struct asg_error *error)
{
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    int64_t seq = 0;
    enum asg_status status = asg_sqlite_integer(
        self->db, "SELECT coalesce(min(seq), 0) FROM snapshots", &seq, error);
    if (status == ASG_OK) *ret = seq < 0 ? 0 : (uint64_t)seq;
    return status;
}
