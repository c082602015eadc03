#include "store/log_sqlite.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct sqlite_cursor {
    struct asg_log_cursor cursor; /* first: cast back */
    sqlite3 *db;
    sqlite3_stmt *rows;
};

enum column {
    COLUMN_SEQ,
    COLUMN_EPOCH,
    COLUMN_TIME,
    COLUMN_KIND,
    COLUMN_SUBJECT,
    COLUMN_NOTE,
    COLUMN_CONTENT_HASH,
    COLUMN_CHAIN_HASH,
    COLUMN_PAYLOAD
};

static bool has_text(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Kinds in the look-up index stand as literals: only then does SQLite see that the
 * partial index holds all of them. */
static void write_sql(const struct asg_log_filter *filter, struct asg_bytes *ret)
{
    bool is_indexed = has_text(filter->kind) && asg_checker_is_indexed(filter->kind) &&
                      (has_text(filter->subject) || strcmp(filter->kind, "prune") == 0);
    asg_bytes_printf(ret,
                     "SELECT seq, epoch, time_ms, kind, subject, note, content_hash, "
                     "chain_hash, payload FROM records %s "
                     "WHERE seq >= ?1 AND seq <= ?2",
                     is_indexed ? "INDEXED BY records_by_subject" : "NOT INDEXED");
    if (is_indexed) {
        asg_bytes_printf(ret, " AND kind = '%s'", filter->kind);
    } else if (has_text(filter->kind)) {
        asg_bytes_append_text(ret, " AND kind = ?3");
    }
    if (has_text(filter->subject)) asg_bytes_append_text(ret, " AND subject = ?4");
    if (filter->from_time_ms != 0) asg_bytes_append_text(ret, " AND time_ms >= ?5");
    if (filter->to_time_ms != 0) asg_bytes_append_text(ret, " AND time_ms < ?6");
    asg_bytes_append_text(ret, " ORDER BY seq");
    if (filter->is_newest_first) asg_bytes_append_text(ret, " DESC");
    if (filter->limit != 0) asg_bytes_append_text(ret, " LIMIT ?7");
}

static int64_t to_integer(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* Binding a parameter that the text does not have is SQLITE_RANGE and harmless. */
static void bind_filter(sqlite3_stmt *rows, const struct asg_log_filter *filter)
{
    (void)sqlite3_bind_int64(rows, 1, to_integer(filter->from_seq));
    (void)sqlite3_bind_int64(rows, 2, to_integer(filter->to_seq));
    if (has_text(filter->kind)) {
        (void)sqlite3_bind_text(rows, 3, filter->kind, -1, SQLITE_TRANSIENT);
    }
    if (has_text(filter->subject)) {
        (void)sqlite3_bind_text(rows, 4, filter->subject, -1, SQLITE_TRANSIENT);
    }
    (void)sqlite3_bind_int64(rows, 5, filter->from_time_ms);
    (void)sqlite3_bind_int64(rows, 6, filter->to_time_ms);
    (void)sqlite3_bind_int64(rows, 7, to_integer(filter->limit));
}

enum asg_status asg_sqlite_cursor_open(struct asg_log *log,
                                       const struct asg_log_filter *filter,
                                       struct asg_log_cursor **ret,
                                       struct asg_error *error)
{
    struct asg_sqlite_log *self = (struct asg_sqlite_log *)log;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes sql = {0};
    write_sql(filter, &sql);
    sqlite3_stmt *rows = NULL;
    enum asg_status status =
        asg_sqlite_prepare(self->db, asg_bytes_text(&sql), &rows, error);
    if (status != ASG_OK) return status;
    bind_filter(rows, filter);
    struct sqlite_cursor *cursor = asg_alloc(1, sizeof *cursor);
    cursor->cursor.log = log;
    cursor->db = self->db;
    cursor->rows = rows;
    *ret = &cursor->cursor;
    return ASG_OK;
}

/* Each sqlite3_column_ call costs a lock and an error check, so a column is fetched once
 * as a value, which the calls below only look at: a quarter less time for a whole read.
 */
static bool value_integer(sqlite3_value *value, int64_t *ret)
{
    if (sqlite3_value_type(value) != SQLITE_INTEGER) return false;
    *ret = sqlite3_value_int64(value);
    return *ret >= 0;
}

/* A zero byte inside would hide what stands behind it. */
static bool value_text(sqlite3_value *value, size_t max, const char **ret)
{
    if (sqlite3_value_type(value) != SQLITE_TEXT) return false;
    *ret = (const char *)sqlite3_value_text(value);
    if (*ret == NULL) return false;
    size_t length = (size_t)sqlite3_value_bytes(value);
    return length <= max && strlen(*ret) == length;
}

static bool value_hash(sqlite3_value *value, uint8_t ret[ASG_LOG_HASH_BYTES])
{
    if (sqlite3_value_type(value) != SQLITE_BLOB) return false;
    if (sqlite3_value_bytes(value) != ASG_LOG_HASH_BYTES) return false;
    memcpy(ret, sqlite3_value_blob(value), ASG_LOG_HASH_BYTES);
    return true;
}

static bool value_payload(sqlite3_value *value, struct asg_record *ret)
{
    int type = sqlite3_value_type(value);
    ret->payload = NULL;
    ret->payload_length = 0;
    ret->is_pruned = type == SQLITE_NULL;
    if (ret->is_pruned) return true;
    if (type != SQLITE_BLOB) return false;
    ret->payload = sqlite3_value_blob(value);
    ret->payload_length = (size_t)sqlite3_value_bytes(value);
    return ret->payload_length <= ASG_LOG_PAYLOAD_MAX;
}

/* The name of the first column that is not what it must be, or NULL. */
static const char *read_row(sqlite3_stmt *row, struct asg_record *ret)
{
    int64_t seq = sqlite3_column_int64(row, COLUMN_SEQ);
    int64_t epoch = 0;
    ret->seq = (uint64_t)seq;
    if (seq < 1) return "seq";
    if (!value_integer(sqlite3_column_value(row, COLUMN_EPOCH), &epoch)) return "epoch";
    ret->epoch = (uint64_t)epoch;
    if (!value_integer(sqlite3_column_value(row, COLUMN_TIME), &ret->time_ms)) {
        return "time_ms";
    }
    const struct {
        const char *name;
        enum column column;
        size_t max;
        const char **ret;
    } texts[] = {
        {"kind", COLUMN_KIND, ASG_LOG_KIND_MAX, &ret->kind},
        {"subject", COLUMN_SUBJECT, ASG_LOG_SUBJECT_MAX, &ret->subject},
        {"note", COLUMN_NOTE, ASG_LOG_NOTE_MAX, &ret->note},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sqlite3_value *value = sqlite3_column_value(row, (int)texts[i].column);
        if (!value_text(value, texts[i].max, texts[i].ret)) return texts[i].name;
    }
    if (!value_hash(sqlite3_column_value(row, COLUMN_CONTENT_HASH), ret->content_hash)) {
        return "content_hash";
    }
    if (!value_hash(sqlite3_column_value(row, COLUMN_CHAIN_HASH), ret->chain_hash)) {
        return "chain_hash";
    }
    if (!value_payload(sqlite3_column_value(row, COLUMN_PAYLOAD), ret)) return "payload";
    return NULL;
}

enum asg_status asg_sqlite_cursor_next(struct asg_log_cursor *base,
                                       struct asg_record *ret, struct asg_error *error)
{
    struct sqlite_cursor *cursor = (struct sqlite_cursor *)base;
    int code = sqlite3_step(cursor->rows);
    if (code == SQLITE_DONE) return ASG_ERR_EMPTY;
    if (code != SQLITE_ROW) {
        struct asg_error why = {""};
        enum asg_status status = asg_sqlite_fail(cursor->db, code, &why, "read the log");
        if (status == ASG_ERR_CORRUPT) {
            uint64_t seq = base->is_verified ? base->checker.next_seq : 0;
            (void)asg_flaw_set(&base->flaw, ASG_LOG_FLAW_FILE, seq, "%.230s", why.text);
        }
        return asg_fail(error, status, "%s", why.text);
    }
    const char *bad = read_row(cursor->rows, ret);
    if (bad == NULL) return ASG_OK;
    (void)asg_flaw_set(&base->flaw, ASG_LOG_FLAW_COLUMN, ret->seq,
                       "record %" PRIu64 ": column %s has the wrong type or size",
                       ret->seq, bad);
    return asg_fail(error, ASG_ERR_CORRUPT, "%s", base->flaw.what);
}

void asg_sqlite_cursor_close(struct asg_log_cursor *base)
{
    struct sqlite_cursor *cursor = (struct sqlite_cursor *)base;
    asg_sqlite_finalize(&cursor->rows);
    free(cursor);
}
