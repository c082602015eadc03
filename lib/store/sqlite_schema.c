#include "store/sqlite_schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* SQLite keeps these texts as they are, so they can be compared with what a file has.
 * Changing one is a new format version: docs/log-format.md, "Changing the format". */
static const char *const statements[] = {
    "CREATE TABLE records(\n"
    "  seq INTEGER PRIMARY KEY,\n"
    "  time_ms INTEGER NOT NULL,\n"
    "  epoch INTEGER NOT NULL,\n"
    "  kind TEXT NOT NULL,\n"
    "  subject TEXT NOT NULL,\n"
    "  note TEXT NOT NULL,\n"
    "  content_hash BLOB NOT NULL,\n"
    "  chain_hash BLOB NOT NULL,\n"
    "  payload BLOB\n"
    ") STRICT",

    "CREATE INDEX records_by_subject ON records(kind, subject)\n"
    "  WHERE kind = 'decision' OR kind = 'prune'",

    "CREATE TABLE snapshots(\n"
    "  seq INTEGER PRIMARY KEY,\n"
    "  hash BLOB NOT NULL,\n"
    "  length INTEGER NOT NULL,\n"
    "  first_part INTEGER NOT NULL,\n"
    "  parts INTEGER NOT NULL\n"
    ") STRICT",

    "CREATE TABLE snapshot_parts(\n"
    "  part INTEGER PRIMARY KEY,\n"
    "  bytes BLOB NOT NULL\n"
    ") STRICT",

    "CREATE TABLE meta(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  format INTEGER NOT NULL,\n"
    "  cluster_id TEXT NOT NULL,\n"
    "  created_ms INTEGER NOT NULL,\n"
    "  epoch INTEGER NOT NULL,\n"
    "  anchor_seq INTEGER NOT NULL,\n"
    "  anchor_hash BLOB NOT NULL,\n"
    "  meta_hash BLOB NOT NULL\n"
    ") STRICT",

    "CREATE VIEW decisions AS\n"
    "  SELECT seq, strftime('%Y-%m-%dT%H:%M:%fZ', time_ms / 1000.0, 'unixepoch') AS "
    "time,\n"
    "    subject AS \"group\", note AS text\n"
    "  FROM records WHERE kind = 'decision'",

    "CREATE VIEW timeline AS\n"
    "  SELECT seq, strftime('%Y-%m-%dT%H:%M:%fZ', time_ms / 1000.0, 'unixepoch') AS "
    "time,\n"
    "    epoch, kind, subject AS \"group\", note AS text,\n"
    "    length(payload) AS payload_bytes, payload IS NULL AS is_pruned\n"
    "  FROM records",
};

#define STATEMENT_COUNT (sizeof statements / sizeof statements[0])

enum asg_status asg_schema_create(sqlite3 *db, struct asg_chain *chain,
                                  const struct asg_log_meta *meta,
                                  struct asg_error *error)
{
    static const char what[] = "create the log";
    enum asg_status status = asg_sqlite_run(db, "BEGIN IMMEDIATE", what, error);
    if (status != ASG_OK) return status;
    for (size_t i = 0; status == ASG_OK && i < STATEMENT_COUNT; i++) {
        status = asg_sqlite_run(db, statements[i], what, error);
    }
    char ids[128];
    (void)snprintf(ids, sizeof ids,
                   "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   ASG_LOG_APPLICATION_ID, ASG_LOG_FORMAT_VERSION);
    if (status == ASG_OK) status = asg_sqlite_run(db, ids, what, error);
    if (status == ASG_OK) status = asg_meta_write(db, chain, meta, error);
    if (status == ASG_OK) status = asg_sqlite_run(db, "COMMIT", what, error);
    if (status != ASG_OK) (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

enum asg_status asg_schema_identify(sqlite3 *db, bool *ret_is_new,
                                    struct asg_error *error)
{
    int64_t application = 0;
    int64_t version = 0;
    int64_t objects = 0;
    enum asg_status status =
        asg_sqlite_integer(db, "PRAGMA application_id", &application, error);
    if (status == ASG_OK) {
        status = asg_sqlite_integer(db, "PRAGMA user_version", &version, error);
    }
    if (status == ASG_OK) {
        status =
            asg_sqlite_integer(db, "SELECT count(*) FROM sqlite_schema", &objects, error);
    }
    if (status != ASG_OK) return status;

    *ret_is_new = application == 0 && version == 0 && objects == 0;
    if (*ret_is_new) return ASG_OK;
    const char *path = sqlite3_db_filename(db, "main");
    if (application != ASG_LOG_APPLICATION_ID) {
        return asg_fail(error, ASG_ERR_CORRUPT,
                        "%s is an SQLite file but not a log of openasg (application_id "
                        "is %" PRId64 ", not %d); check the path",
                        path, application, ASG_LOG_APPLICATION_ID);
    }
    if (version > ASG_LOG_FORMAT_VERSION) {
        return asg_fail(error, ASG_ERR_VERSION,
                        "%s has log format %" PRId64 "; this program knows formats up to "
                        "%d: it was written by a newer openasg, use that one",
                        path, version, ASG_LOG_FORMAT_VERSION);
    }
    if (version < 1) {
        return asg_fail(error, ASG_ERR_CORRUPT,
                        "%s says log format %" PRId64
                        ", which never existed; the file is "
                        "damaged: restore a backup that verifies",
                        path, version);
    }
    return ASG_OK;
}

/* The statement that made `name`, or -1. */
static int find_statement(const char *sql)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (strcmp(statements[i], sql) == 0) return (int)i;
    }
    return -1;
}

/* "CREATE TABLE records(" must stand under type "table" and name "records". */
static bool fits_its_row(const char *sql, const char *type, const char *name)
{
    char start[128];
    int length = snprintf(start, sizeof start, "CREATE %s %s", type, name);
    if (length < 0 || (size_t)length >= sizeof start) return false;
    for (char *at = start + strlen("CREATE "); *at != ' ' && *at != '\0'; at++) {
        if (*at >= 'a' && *at <= 'z') *at = (char)(*at - 'a' + 'A');
    }
    return strncmp(sql, start, (size_t)length) == 0 && strchr(" (", sql[length]) != NULL;
}

enum asg_status asg_schema_check(sqlite3 *db, struct asg_log_flaw_found *flaw,
                                 struct asg_error *error)
{
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *rows = NULL;
    enum asg_status status =
        asg_sqlite_prepare(db, "SELECT type, name, sql FROM sqlite_schema", &rows, error);
    if (status != ASG_OK) return status;
    bool seen[STATEMENT_COUNT] = {false};
    int code;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *type = (const char *)sqlite3_column_text(rows, 0);
        const char *name = (const char *)sqlite3_column_text(rows, 1);
        const char *sql = (const char *)sqlite3_column_text(rows, 2);
        bool is_text = type != NULL && name != NULL && sql != NULL;
        int index = is_text ? find_statement(sql) : -1;
        if (index < 0 || seen[index] || !fits_its_row(sql, type, name)) {
            (void)asg_flaw_set(
                flaw, ASG_LOG_FLAW_HEADER, 0,
                "the schema has a %.40s \"%.80s\" that openasg did not make "
                "like this",
                type == NULL ? "thing" : type, name == NULL ? "" : name);
            return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
        }
        seen[index] = true;
    }
    if (code != SQLITE_DONE) return asg_sqlite_fail(db, code, error, "read the schema");
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (seen[i]) continue;
        (void)asg_flaw_set(flaw, ASG_LOG_FLAW_HEADER, 0, "the schema lacks: %.60s",
                           statements[i]);
        return asg_fail(error, ASG_ERR_CORRUPT, "%s", flaw->what);
    }
    return ASG_OK;
}

static bool column_hash(sqlite3_stmt *row, int column, uint8_t ret[ASG_LOG_HASH_BYTES])
{
    if (sqlite3_column_type(row, column) != SQLITE_BLOB) return false;
    if (sqlite3_column_bytes(row, column) != ASG_LOG_HASH_BYTES) return false;
    memcpy(ret, sqlite3_column_blob(row, column), ASG_LOG_HASH_BYTES);
    return true;
}

enum asg_status asg_meta_read(sqlite3 *db, struct asg_chain *chain,
                              struct asg_log_meta *ret, bool *ret_is_intact,
                              struct asg_error *error)
{
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *row = NULL;
    enum asg_status status =
        asg_sqlite_prepare(db,
                           "SELECT format, cluster_id, created_ms, epoch, anchor_seq, "
                           "anchor_hash, meta_hash "
                           "FROM meta WHERE id = 1",
                           &row, error);
    if (status != ASG_OK) return status;
    int code = sqlite3_step(row);
    if (code == SQLITE_DONE) {
        return asg_fail(error, ASG_ERR_CORRUPT, "the table meta of the log is empty");
    }
    if (code != SQLITE_ROW)
        return asg_sqlite_fail(db, code, error, "read the table meta");

    struct asg_log_meta meta = {.format = sqlite3_column_int64(row, 0),
                                .created_ms = sqlite3_column_int64(row, 2),
                                .epoch = (uint64_t)sqlite3_column_int64(row, 3),
                                .anchor_seq = (uint64_t)sqlite3_column_int64(row, 4)};
    const char *cluster = (const char *)sqlite3_column_text(row, 1);
    uint8_t kept[ASG_LOG_HASH_BYTES];
    bool is_whole = cluster != NULL && strlen(cluster) <= ASG_LOG_CLUSTER_MAX &&
                    (size_t)sqlite3_column_bytes(row, 1) == strlen(cluster) &&
                    column_hash(row, 5, meta.anchor_hash) && column_hash(row, 6, kept);
    for (int i = 0; i < 5; i++) {
        int expected = i == 1 ? SQLITE_TEXT : SQLITE_INTEGER;
        if (sqlite3_column_type(row, i) != expected) is_whole = false;
    }
    if (cluster != NULL) {
        (void)snprintf(meta.cluster_id, sizeof meta.cluster_id, "%s", cluster);
    }
    uint8_t expected[ASG_LOG_HASH_BYTES];
    asg_chain_meta(chain, &meta, expected);
    *ret_is_intact = is_whole && memcmp(expected, kept, sizeof expected) == 0;
    *ret = meta;
    return ASG_OK;
}

enum asg_status asg_meta_write(sqlite3 *db, struct asg_chain *chain,
                               const struct asg_log_meta *meta, struct asg_error *error)
{
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *row = NULL;
    enum asg_status status =
        asg_sqlite_prepare(db,
                           "REPLACE INTO meta(id, format, cluster_id, created_ms, epoch, "
                           "anchor_seq, anchor_hash, meta_hash) "
                           "VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                           &row, error);
    if (status != ASG_OK) return status;
    uint8_t hash[ASG_LOG_HASH_BYTES];
    asg_chain_meta(chain, meta, hash);
    (void)sqlite3_bind_int64(row, 1, meta->format);
    (void)sqlite3_bind_text(row, 2, meta->cluster_id, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(row, 3, meta->created_ms);
    (void)sqlite3_bind_int64(row, 4, (int64_t)meta->epoch);
    (void)sqlite3_bind_int64(row, 5, (int64_t)meta->anchor_seq);
    (void)sqlite3_bind_blob(row, 6, meta->anchor_hash, ASG_LOG_HASH_BYTES, SQLITE_STATIC);
    (void)sqlite3_bind_blob(row, 7, hash, ASG_LOG_HASH_BYTES, SQLITE_STATIC);
    int code = sqlite3_step(row);
    return code == SQLITE_DONE ? ASG_OK
                               : asg_sqlite_fail(db, code, error, "write the table meta");
}
