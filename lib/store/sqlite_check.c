#include "store/log_sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite_wal.h"

/* SQLite's own look at the pages: trees, free list, sizes. One line a problem. */
enum asg_status asg_sqlite_check_pages(struct asg_log *log,
                                       struct asg_log_flaw_found *flaw,
                                       struct asg_error *error)
{
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *lines = NULL;
    enum asg_status status =
        asg_sqlite_prepare(self->db, "PRAGMA quick_check(1)", &lines, error);
    if (status != ASG_OK) return status;
    int code = sqlite3_step(lines);
    if (code != SQLITE_ROW) {
        return asg_sqlite_fail(self->db, code, error, "check the pages");
    }
    const char *line = (const char *)sqlite3_column_text(lines, 0);
    if (line != NULL && strcmp(line, "ok") == 0) return ASG_OK;
    (void)asg_flaw_set(flaw, ASG_LOG_FLAW_FILE, 0, "SQLite finds: %.200s",
                       line == NULL ? "nothing readable" : line);
    return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
}

enum asg_status asg_sqlite_check_before(struct asg_log *log,
                                        struct asg_log_flaw_found *flaw,
                                        struct asg_error *error)
{
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    enum asg_status status = ASG_OK;
    if (!self->is_immutable) {
        status = asg_wal_check(sqlite3_db_filename(self->db, "main"), flaw, error);
    }
    if (status == ASG_OK) status = asg_schema_check(self->db, flaw, error);
    if (status != ASG_OK) return status;
    if (!self->is_meta_intact) {
        (void)asg_flaw_set(flaw, ASG_LOG_FLAW_HEADER, 0,
                           "the table meta does not match its meta_hash");
        return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
    }
    int64_t rows = 0;
    status = asg_sqlite_integer(self->db, "SELECT count(*) FROM meta", &rows, error);
    if (status == ASG_OK && rows != 1) {
        (void)asg_flaw_set(flaw, ASG_LOG_FLAW_HEADER, 0,
                           "the table meta has %" PRId64 " rows instead of one", rows);
        return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
    }
    return status;
}

enum asg_status asg_sqlite_check_anchor(struct asg_sqlite_log *self,
                                        struct asg_log_flaw_found *flaw,
                                        struct asg_error *error)
{
    struct asg_log *log = &self->log;
    uint64_t anchor = self->meta.anchor_seq;
    if (anchor == 0) return ASG_OK;
    if (anchor > log->head.seq) {
        (void)asg_flaw_set(flaw, ASG_LOG_FLAW_MISSING, log->head.seq + 1,
                           "the log ends at record %" PRIu64
                           ", but it once reached record %" PRIu64,
                           log->head.seq, anchor);
        return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
    }
    uint8_t hash[ASG_LOG_HASH_BYTES];
    enum asg_status status = log->backend->chain_hash(log, anchor, hash, NULL, error);
    if (status == ASG_OK && memcmp(hash, self->meta.anchor_hash, sizeof hash) == 0) {
        return ASG_OK;
    }
    if (status != ASG_OK && status != ASG_ERR_NOT_FOUND) return status;
    (void)asg_flaw_set(flaw, ASG_LOG_FLAW_CHAIN, anchor,
                       "record %" PRIu64 " is not the one that the table meta remembers: "
                       "the records were rewritten",
                       anchor);
    return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
}

enum asg_status asg_sqlite_check_ends(struct asg_log *log,
                                      struct asg_log_flaw_found *flaw,
                                      struct asg_error *error)
{
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    enum asg_status status = asg_sqlite_check_before(log, flaw, error);
    if (status != ASG_OK) return status;
    if (!self->is_head_sound) {
        (void)asg_flaw_set(flaw, ASG_LOG_FLAW_COLUMN, log->head.seq,
                           "the last record, %" PRIu64
                           ", has columns of the wrong type or size",
                           log->head.seq);
        return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
    }
    return asg_sqlite_check_anchor(self, flaw, error);
}

struct tally {
    uint64_t count;
    uint64_t sum;
    char kind[ASG_LOG_KIND_MAX + 1]; /* of the entry before */
    char subject[ASG_LOG_SUBJECT_MAX + 1];
    int64_t seq;
};

/* False: an entry of the wrong type, of a kind that is not indexed, or out of order; a
 * search for what it stands for would not find it. */
static bool take_entry(sqlite3_stmt *row, uint64_t from_seq, struct tally *tally)
{
    if (sqlite3_column_type(row, 0) != SQLITE_TEXT ||
        sqlite3_column_type(row, 1) != SQLITE_TEXT ||
        sqlite3_column_type(row, 2) != SQLITE_INTEGER) {
        return false;
    }
    const char *kind = (const char *)sqlite3_column_text(row, 0);
    const char *subject = (const char *)sqlite3_column_text(row, 1);
    int64_t seq = sqlite3_column_int64(row, 2);
    if (kind == NULL || subject == NULL || !asg_checker_is_indexed(kind) || seq < 1 ||
        strlen(subject) > ASG_LOG_SUBJECT_MAX) {
        return false;
    }
    int order = strcmp(tally->kind, kind);
    if (order == 0) order = strcmp(tally->subject, subject);
    if (order > 0 || (order == 0 && seq <= tally->seq)) return false;
    (void)snprintf(tally->kind, sizeof tally->kind, "%s", kind);
    (void)snprintf(tally->subject, sizeof tally->subject, "%s", subject);
    tally->seq = seq;
    if ((uint64_t)seq < from_seq) return true;
    tally->count++;
    tally->sum += asg_checker_index_hash(kind, subject, (uint64_t)seq);
    return true;
}

/* Walk the index alone, without touching the records, and compare. */
static enum asg_status check_index(struct asg_sqlite_log *self,
                                   const struct asg_checker *checker,
                                   struct asg_log_flaw_found *flaw,
                                   struct asg_error *error)
{
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *rows = NULL;
    enum asg_status status = asg_sqlite_prepare(
        self->db,
        "SELECT kind, subject, seq FROM records INDEXED BY records_by_subject "
        "WHERE kind = 'decision' OR kind = 'prune' ORDER BY kind, subject, seq",
        &rows, error);
    if (status != ASG_OK) return status;
    uint64_t from_seq = checker->next_seq - checker->record_count;
    struct tally tally = {0};
    bool is_fine = true;
    int code = SQLITE_DONE;
    while (is_fine && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        is_fine = take_entry(rows, from_seq, &tally);
    }
    if (is_fine && code != SQLITE_DONE) {
        status = asg_sqlite_fail(self->db, code, error, "read the look-up index");
        if (status != ASG_ERR_CORRUPT) return status;
    }
    if (is_fine && status == ASG_OK && tally.count == checker->indexed_count &&
        tally.sum == checker->indexed_sum) {
        return ASG_OK;
    }
    (void)asg_flaw_set(flaw, ASG_LOG_FLAW_INDEX, 0,
                       "it lists %" PRIu64 " decisions and prunes, the records have "
                       "%" PRIu64 ", or they differ",
                       tally.count, checker->indexed_count);
    return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
}

enum asg_status asg_sqlite_check_after(struct asg_log *log,
                                       const struct asg_checker *checker,
                                       struct asg_log_flaw_found *flaw,
                                       struct asg_error *error)
{
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    enum asg_status status = asg_sqlite_check_anchor(self, flaw, error);
    if (status == ASG_OK) status = check_index(self, checker, flaw, error);
    return status;
}
