#include "store/log_sqlite.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define TAKE      "openasg_take"
#define TAKE_TYPE "openasg cursor"

struct sqlite_cursor {
    struct asg_log_cursor cursor; /* first: cast back */
    sqlite3 *db;
    sqlite3_stmt *rows;
    struct asg_record *record; /* where take() puts the row that is stepped to */
    const char *bad_column;    /* of that row, NULL: none */
    struct asg_arena own;      /* without a keeper: the last record */
};

/* Arguments of take(), behind the cursor. */
#define COLUMNS                                                                          \
    "seq, epoch, time_ms, kind, subject, note, content_hash, chain_hash, payload"
enum column {
    COLUMN_CURSOR,
    COLUMN_SEQ,
    COLUMN_EPOCH,
    COLUMN_TIME,
    COLUMN_KIND,
    COLUMN_SUBJECT,
    COLUMN_NOTE,
    COLUMN_CONTENT_HASH,
    COLUMN_CHAIN_HASH,
    COLUMN_PAYLOAD,
    COLUMN_COUNT
};

static bool has_text(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Rows are handed to take(), which costs two thirds of asking for each column of each
 * row. Kinds in the look-up index stand as literals: only then does SQLite see that the
 * partial index holds all of them. Where the index has them in another order than the
 * log, they are sorted before take() sees them. */
static void write_sql(const struct asg_log_filter *filter, struct asg_bytes *ret)
{
    bool is_indexed = has_text(filter->kind) && asg_checker_is_indexed(filter->kind) &&
                      (has_text(filter->subject) || strcmp(filter->kind, "prune") == 0);
    bool is_sorted = is_indexed && !has_text(filter->subject);
    asg_bytes_printf(ret,
                     "%s FROM records %s "
                     "WHERE seq >= ?1 AND seq <= ?2",
                     is_sorted ? "WITH found AS MATERIALIZED (SELECT " COLUMNS
                               : "SELECT " TAKE "(?8, " COLUMNS ")",
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
    if (is_sorted) {
        asg_bytes_append_text(ret, ") SELECT " TAKE "(?8, " COLUMNS ") FROM found");
    }
}

static int64_t to_integer(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* Binding a parameter that the text does not have is SQLITE_RANGE and harmless. */
static void bind_filter(struct sqlite_cursor *cursor, const struct asg_log_filter *filter)
{
    sqlite3_stmt *rows = cursor->rows;
    (void)sqlite3_bind_pointer(rows, 8, cursor, TAKE_TYPE, /* destructor */ NULL);
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
    struct sqlite_cursor *cursor = asg_alloc(1, sizeof *cursor);
    cursor->cursor.log = log;
    cursor->db = self->db;
    cursor->rows = rows;
    bind_filter(cursor, filter);
    *ret = &cursor->cursor;
    return ASG_OK;
}

/* Bytes of SQLite's, good for one call of take(). */
struct span {
    const char *start;
    size_t length;
};

static bool value_integer(sqlite3_value *value, int64_t *ret)
{
    if (sqlite3_value_type(value) != SQLITE_INTEGER) return false;
    *ret = sqlite3_value_int64(value);
    return *ret >= 0;
}

/* A zero byte inside would hide what stands behind it. */
static bool value_text(sqlite3_value *value, size_t max, struct span *ret)
{
    if (sqlite3_value_type(value) != SQLITE_TEXT) return false;
    ret->start = (const char *)sqlite3_value_text(value);
    if (ret->start == NULL) return false;
    ret->length = (size_t)sqlite3_value_bytes(value);
    return ret->length <= max && memchr(ret->start, '\0', ret->length) == NULL;
}

static bool value_hash(sqlite3_value *value, uint8_t ret[ASG_LOG_HASH_BYTES])
{
    if (sqlite3_value_type(value) != SQLITE_BLOB) return false;
    if (sqlite3_value_bytes(value) != ASG_LOG_HASH_BYTES) return false;
    memcpy(ret, sqlite3_value_blob(value), ASG_LOG_HASH_BYTES);
    return true;
}

static bool value_payload(sqlite3_value *value, bool *ret_is_pruned, struct span *ret)
{
    int type = sqlite3_value_type(value);
    *ret_is_pruned = type == SQLITE_NULL;
    if (*ret_is_pruned) return true;
    if (type != SQLITE_BLOB) return false;
    ret->start = sqlite3_value_blob(value);
    ret->length = (size_t)sqlite3_value_bytes(value);
    if (ret->start == NULL && ret->length > 0) return false;
    return ret->length <= ASG_LOG_PAYLOAD_MAX;
}

static char *put_text(char *to, const struct span *text, const char **ret)
{
    *ret = to;
    memcpy(to, text->start, text->length);
    return to + text->length + 1; /* the arena has zeroed it */
}

/* SQLite's bytes into memory that stays. */
static void keep(struct asg_arena *arena, const struct span texts[3],
                 const struct span *payload, struct asg_record *ret)
{
    size_t size = payload->length + 3;
    for (int i = 0; i < 3; i++)
        size += texts[i].length;
    char *to = asg_arena_take(arena, size);
    to = put_text(to, &texts[0], &ret->kind);
    to = put_text(to, &texts[1], &ret->subject);
    to = put_text(to, &texts[2], &ret->note);
    ret->payload = NULL;
    ret->payload_length = payload->length;
    if (payload->length > 0) ret->payload = memcpy(to, payload->start, payload->length);
}

/* The name of the first column that is not what it must be, or NULL. */
static const char *read_row(sqlite3_value **row, struct asg_arena *arena,
                            struct asg_record *ret)
{
    int64_t seq = 0;
    int64_t epoch = 0;
    bool is_seq = value_integer(row[COLUMN_SEQ], &seq);
    ret->seq = (uint64_t)seq;
    if (!is_seq || seq < 1) return "seq";
    if (!value_integer(row[COLUMN_EPOCH], &epoch)) return "epoch";
    ret->epoch = (uint64_t)epoch;
    if (!value_integer(row[COLUMN_TIME], &ret->time_ms)) return "time_ms";
    static const struct {
        const char *name;
        enum column column;
        size_t max;
    } columns[] = {
        {"kind", COLUMN_KIND, ASG_LOG_KIND_MAX},
        {"subject", COLUMN_SUBJECT, ASG_LOG_SUBJECT_MAX},
        {"note", COLUMN_NOTE, ASG_LOG_NOTE_MAX},
    };
    struct span texts[3];
    for (size_t i = 0; i < 3; i++) {
        sqlite3_value *value = row[columns[i].column];
        if (!value_text(value, columns[i].max, &texts[i])) return columns[i].name;
    }
    if (!value_hash(row[COLUMN_CONTENT_HASH], ret->content_hash)) return "content_hash";
    if (!value_hash(row[COLUMN_CHAIN_HASH], ret->chain_hash)) return "chain_hash";
    struct span payload = {0};
    if (!value_payload(row[COLUMN_PAYLOAD], &ret->is_pruned, &payload)) return "payload";
    keep(arena, texts, &payload, ret);
    return NULL;
}

static void take(sqlite3_context *context, int count, sqlite3_value **row)
{
    (void)context; /* the answer is NULL */
    (void)count;
    struct sqlite_cursor *cursor = sqlite3_value_pointer(row[COLUMN_CURSOR], TAKE_TYPE);
    assert(cursor != NULL);
    struct asg_arena *keeper = cursor->cursor.keeper;
    cursor->bad_column =
        read_row(row, keeper != NULL ? keeper : &cursor->own, cursor->record);
}

enum asg_status asg_sqlite_cursor_enable(sqlite3 *db, struct asg_error *error)
{
    int code = sqlite3_create_function_v2(db, TAKE, COLUMN_COUNT,
                                          SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, take,
                                          NULL, NULL, NULL);
    return code == SQLITE_OK ? ASG_OK : asg_sqlite_fail(db, code, error, "open the log");
}

enum asg_status asg_sqlite_cursor_next(struct asg_log_cursor *base,
                                       struct asg_record *ret, struct asg_error *error)
{
    struct sqlite_cursor *cursor = (struct sqlite_cursor *)base;
    asg_arena_reset(&cursor->own);
    cursor->record = ret;
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
    if (cursor->bad_column == NULL) return ASG_OK;
    (void)asg_flaw_set(&base->flaw, ASG_LOG_FLAW_COLUMN, ret->seq,
                       "record %" PRIu64 ": column %s has the wrong type or size",
                       ret->seq, cursor->bad_column);
    return asg_fail(error, ASG_ERR_CORRUPT, "%s", base->flaw.what);
}

void asg_sqlite_cursor_close(struct asg_log_cursor *base)
{
    struct sqlite_cursor *cursor = (struct sqlite_cursor *)base;
    asg_sqlite_finalize(&cursor->rows);
    asg_arena_clear(&cursor->own);
    free(cursor);
}
