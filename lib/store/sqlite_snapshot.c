#include "base/failpoint.h"
#include "store/log_sqlite.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* Keeps the newest. One beyond the head belongs to a tail that was lost. */
#define DROP_OLD                                                                         \
    "DELETE FROM snapshots WHERE seq > ?1 OR seq NOT IN "                                \
    "(SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?2)"

/* The oldest part that is of no complete snapshot. */
#define FIND_LEFTOVER                                                                    \
    "SELECT coalesce(min(part), 0) FROM snapshot_parts AS p WHERE NOT EXISTS("           \
    "SELECT 1 FROM snapshots AS s "                                                      \
    "WHERE p.part >= s.first_part AND p.part < s.first_part + s.parts)"

static enum asg_status insert_part(struct asg_sqlite_log *self, uint64_t part,
                                   const void *bytes, size_t length,
                                   struct asg_error *error)
{
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *row = NULL;
    enum asg_status status = asg_sqlite_prepare(
        self->db, "INSERT INTO snapshot_parts(part, bytes) VALUES(?1, ?2)", &row, error);
    if (status != ASG_OK) return status;
    (void)sqlite3_bind_int64(row, 1, (int64_t)part);
    (void)sqlite3_bind_blob64(row, 2, bytes, length, SQLITE_STATIC);
    int code = sqlite3_step(row);
    if (code == SQLITE_DONE) return ASG_OK;
    return asg_sqlite_fail(self->db, code, error, "save a part of a snapshot");
}

enum asg_status asg_sqlite_save_part(struct asg_log *log,
                                     struct asg_log_snapshot *snapshot, const void *bytes,
                                     size_t length, struct asg_error *error)
{
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    if (ASG_FAILPOINT_FAILS("log.before_snapshot_part")) return ASG_ERR_FULL;
    enum asg_status status = asg_sqlite_begin(self, error);
    if (status != ASG_OK) return status;
    if (snapshot->parts == 0) {
        int64_t next = 0;
        status = asg_sqlite_integer(
            self->db, "SELECT coalesce(max(part), 0) + 1 FROM snapshot_parts", &next,
            error);
        snapshot->first_part = (uint64_t)next;
    }
    if (status == ASG_OK) {
        status = insert_part(self, snapshot->first_part + snapshot->parts, bytes, length,
                             error);
    }
    ASG_FAILPOINT("log.snapshot_part_written");
    return asg_sqlite_end(self, status, error);
}

static enum asg_status write_row(struct asg_sqlite_log *self,
                                 const struct asg_log_snapshot *snapshot,
                                 struct asg_error *error)
{
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *row = NULL;
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *drop = NULL;
    enum asg_status status =
        asg_sqlite_prepare(self->db,
                           "REPLACE INTO snapshots(seq, hash, length, first_part, parts) "
                           "VALUES(?1, ?2, ?3, ?4, ?5)",
                           &row, error);
    if (status == ASG_OK) status = asg_sqlite_prepare(self->db, DROP_OLD, &drop, error);
    if (status != ASG_OK) return status;
    (void)sqlite3_bind_int64(row, 1, (int64_t)snapshot->seq);
    (void)sqlite3_bind_blob(row, 2, snapshot->hash, ASG_LOG_HASH_BYTES, SQLITE_STATIC);
    (void)sqlite3_bind_int64(row, 3, (int64_t)snapshot->length);
    (void)sqlite3_bind_int64(row, 4, (int64_t)snapshot->first_part);
    (void)sqlite3_bind_int64(row, 5, (int64_t)snapshot->parts);
    (void)sqlite3_bind_int64(drop, 1, (int64_t)self->log.head.seq);
    (void)sqlite3_bind_int64(drop, 2, ASG_LOG_SNAPSHOTS_KEPT);
    int code = sqlite3_step(row);
    if (code == SQLITE_DONE) code = sqlite3_step(drop);
    if (code == SQLITE_DONE) return ASG_OK;
    return asg_sqlite_fail(self->db, code, error, "save a snapshot");
}

enum asg_status asg_sqlite_finish_snapshot(struct asg_log *log,
                                           struct asg_log_snapshot *snapshot,
                                           struct asg_error *error)
{
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    if (ASG_FAILPOINT_FAILS("log.before_snapshot")) return ASG_ERR_FULL;
    enum asg_status status = asg_sqlite_begin(self, error);
    if (status != ASG_OK) return status;
    status = write_row(self, snapshot, error);
    ASG_FAILPOINT("log.snapshot_written");
    if (status == ASG_OK) {
        status =
            asg_sqlite_write_anchor(self, log->head.seq, log->head.chain_hash, error);
    }
    return asg_sqlite_end(self, status, error);
}

enum asg_status asg_sqlite_drop_leftover(struct asg_log *log, bool *ret_has_dropped,
                                         struct asg_error *error)
{
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    int64_t part = 0;
    enum asg_status status = asg_sqlite_integer(self->db, FIND_LEFTOVER, &part, error);
    if (status != ASG_OK || part == 0) return status;
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *drop = NULL;
    status = asg_sqlite_prepare(self->db, "DELETE FROM snapshot_parts WHERE part = ?1",
                                &drop, error);
    if (status == ASG_OK) status = asg_sqlite_begin(self, error);
    if (status != ASG_OK) return status;
    (void)sqlite3_bind_int64(drop, 1, part);
    int code = asg_sqlite_run_kept(drop);
    if (code != SQLITE_OK) {
        status = asg_sqlite_fail(self->db, code, error, "drop a part of a snapshot");
    }
    ASG_FAILPOINT("log.leftover_dropped");
    status = asg_sqlite_end(self, status, error);
    *ret_has_dropped = status == ASG_OK;
    return status;
}

/* The row of a snapshot, as it stands in the file. */
struct kept_row {
    int64_t seq;
    int64_t length;
    int64_t first_part;
    int64_t parts;
};

/* ASG_ERR_CORRUPT: a column is not what it must be. */
static enum asg_status read_row(sqlite3_stmt *row, struct kept_row *ret,
                                uint8_t ret_hash[ASG_LOG_HASH_BYTES],
                                struct asg_error *error)
{
    *ret = (struct kept_row){.seq = sqlite3_column_int64(row, 0),
                             .length = sqlite3_column_int64(row, 2),
                             .first_part = sqlite3_column_int64(row, 3),
                             .parts = sqlite3_column_int64(row, 4)};
    if (sqlite3_column_type(row, 1) != SQLITE_BLOB ||
        sqlite3_column_bytes(row, 1) != ASG_LOG_HASH_BYTES ||
        sqlite3_column_type(row, 2) != SQLITE_INTEGER ||
        sqlite3_column_type(row, 3) != SQLITE_INTEGER ||
        sqlite3_column_type(row, 4) != SQLITE_INTEGER) {
        return asg_fail(error, ASG_ERR_CORRUPT, "a column has the wrong type or size");
    }
    memcpy(ret_hash, sqlite3_column_blob(row, 1), ASG_LOG_HASH_BYTES);
    if (ret->length < 0 || ret->length > ASG_LOG_SNAPSHOT_MAX || ret->parts < 0 ||
        ret->parts > ret->length || (ret->parts == 0) != (ret->length == 0) ||
        ret->first_part < 0 || ret->first_part > INT64_MAX - ret->parts) {
        return asg_fail(error, ASG_ERR_CORRUPT,
                        "it has %" PRId64 " bytes in %" PRId64 " parts", ret->length,
                        ret->parts);
    }
    return ASG_OK;
}

/* The part that the statement stands at. */
static enum asg_status take_part(struct asg_sqlite_log *self, sqlite3_stmt *row,
                                 int64_t expected, size_t most, struct asg_bytes *ret,
                                 struct asg_error *error)
{
    if (sqlite3_column_int64(row, 0) != expected) {
        return asg_fail(error, ASG_ERR_CORRUPT, "its part %" PRId64 " is missing",
                        expected);
    }
    if (sqlite3_column_type(row, 1) != SQLITE_BLOB) {
        return asg_fail(error, ASG_ERR_CORRUPT, "part %" PRId64 " has the wrong type",
                        expected);
    }
    const void *bytes = sqlite3_column_blob(row, 1);
    size_t length = (size_t)sqlite3_column_bytes(row, 1);
    if (length > 0 && bytes == NULL) {
        /* Only now does SQLite walk the pages behind the row. */
        return asg_sqlite_fail(self->db, sqlite3_errcode(self->db), error,
                               "read a snapshot");
    }
    if (length == 0 || length > most) {
        return asg_fail(error, ASG_ERR_CORRUPT, "part %" PRId64 " has %zu bytes",
                        expected, length);
    }
    asg_bytes_append(ret, bytes, length);
    return ASG_OK;
}

static enum asg_status read_parts(struct asg_sqlite_log *self,
                                  const struct kept_row *kept, struct asg_bytes *ret,
                                  struct asg_error *error)
{
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *row = NULL;
    enum asg_status status = asg_sqlite_prepare(
        self->db,
        "SELECT part, bytes FROM snapshot_parts WHERE part >= ?1 ORDER BY part LIMIT ?2",
        &row, error);
    if (status != ASG_OK) return status;
    (void)sqlite3_bind_int64(row, 1, kept->first_part);
    (void)sqlite3_bind_int64(row, 2, kept->parts);
    size_t length = (size_t)kept->length;
    int64_t part = kept->first_part;
    int code = SQLITE_DONE;
    while (status == ASG_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
        status = take_part(self, row, part++, length - ret->length, ret, error);
    }
    if (status != ASG_OK) return status;
    if (code != SQLITE_DONE) {
        return asg_sqlite_fail(self->db, code, error, "read a snapshot");
    }
    if (part == kept->first_part + kept->parts && ret->length == length) return ASG_OK;
    return asg_fail(error, ASG_ERR_CORRUPT,
                    "%zu bytes in %" PRId64 " parts are there of %zu in %" PRId64,
                    ret->length, part - kept->first_part, length, kept->parts);
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
                           "SELECT seq, hash, length, first_part, parts FROM snapshots "
                           "WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1",
                           &row, error);
    if (status != ASG_OK) return status;
    uint64_t bound = at_most > INT64_MAX ? INT64_MAX : at_most;
    (void)sqlite3_bind_int64(row, 1, (int64_t)bound);
    int code = sqlite3_step(row);
    if (code == SQLITE_DONE) return ASG_ERR_EMPTY;
    if (code != SQLITE_ROW) {
        return asg_sqlite_fail(self->db, code, error, "read a snapshot");
    }
    struct kept_row kept;
    int64_t seq = sqlite3_column_int64(row, 0);
    if (seq < 1 || (uint64_t)seq > at_most) {
        return asg_fail(error, ASG_ERR_CORRUPT, "it has sequence number %" PRId64, seq);
    }
    *ret_seq = (uint64_t)seq;
    status = read_row(row, &kept, ret_hash, error);
    if (status != ASG_OK) return status;
    assert(kept.seq == seq);
    return read_parts(self, &kept, ret, error);
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
