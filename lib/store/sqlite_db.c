#include "store/sqlite_db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite_chunks.h"
#include "store/sqlite_file.h"

enum asg_status asg_sqlite_status(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return ASG_OK;
    case SQLITE_NOMEM: return ASG_ERR_NOMEM;
    case SQLITE_FULL: return ASG_ERR_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ASG_ERR_BUSY;
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
    case SQLITE_READONLY: return ASG_ERR_DENIED;
    case SQLITE_ABORT:
    case SQLITE_INTERRUPT: return ASG_ERR_CLOSED;
    /* Only a damaged or foreign file leads our fixed statements to these. */
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG: return ASG_ERR_CORRUPT;
    default: return ASG_ERR_IO;
    }
}

enum asg_status asg_sqlite_fail(sqlite3 *db, int code, struct asg_error *error,
                                const char *what)
{
    enum asg_status status = asg_sqlite_status(code);
    const char *words = db == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(db);
    const char *path = db == NULL ? NULL : sqlite3_db_filename(db, "main");
    if (path == NULL) path = "the log";
    switch (status) {
    case ASG_ERR_FULL:
        return asg_fail(error, status,
                        "cannot %s: the disk of %s is full; make room, "
                        "then start again: nothing that was acknowledged is lost",
                        what, path);
    case ASG_ERR_IO: {
        int number = db == NULL ? 0 : sqlite3_system_errno(db);
        return asg_fail(error, status,
                        "cannot %s: the disk of %s failed (%s%s%s, code %d)", what, path,
                        words, number == 0 ? "" : ": ",
                        number == 0 ? "" : strerror(number), code);
    }
    case ASG_ERR_BUSY:
        return asg_fail(error, status,
                        "cannot %s: %s is held by another program for more than %d ms",
                        what, path, ASG_SQLITE_BUSY_MS);
    case ASG_ERR_CORRUPT:
        return asg_fail(error, status, "cannot %s: %s is damaged (%s, code %d)", what,
                        path, words, code);
    default:
        return asg_fail(error, status, "cannot %s in %s: %s (code %d)", what, path, words,
                        code);
    }
}

enum asg_status asg_sqlite_run(sqlite3 *db, const char *sql, const char *what,
                               struct asg_error *error)
{
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? ASG_OK : asg_sqlite_fail(db, code, error, what);
}

enum asg_status asg_sqlite_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret,
                                   struct asg_error *error)
{
    int code =
        sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, /* tail */ NULL);
    return code == SQLITE_OK ? ASG_OK
                             : asg_sqlite_fail(db, code, error, "read the schema");
}

void asg_sqlite_finalize(sqlite3_stmt **statement)
{
    (void)sqlite3_finalize(*statement);
    *statement = NULL;
}

enum asg_status asg_sqlite_integer(sqlite3 *db, const char *sql, int64_t *ret,
                                   struct asg_error *error)
{
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *statement = NULL;
    enum asg_status status = asg_sqlite_prepare(db, sql, &statement, error);
    if (status != ASG_OK) return status;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW) {
        return asg_sqlite_fail(db, code == SQLITE_DONE ? SQLITE_CORRUPT : code, error,
                               sql);
    }
    *ret = sqlite3_column_int64(statement, 0);
    return ASG_OK;
}

/* "file:<path>?immutable=1", with everything unusual in the path escaped. */
static void immutable_uri(const char *path, char *ret, size_t size)
{
    size_t used = (size_t)snprintf(ret, size, "file:");
    for (const char *at = path; *at != '\0' && used + 16 < size; at++) {
        bool is_plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789/._-",
                               *at) != NULL;
        used += (size_t)snprintf(ret + used, size - used, is_plain ? "%c" : "%%%02X",
                                 (unsigned char)*at);
    }
    (void)snprintf(ret + used, size - used, "?immutable=1");
}

/* A file from outside must not make us run what it brings along. */
static void distrust_schema(sqlite3 *db)
{
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, ASG_LOG_SNAPSHOT_MAX + 4096);
    (void)sqlite3_busy_timeout(db, ASG_SQLITE_BUSY_MS);
}

static enum asg_status set_up_writer(sqlite3 *db, struct asg_error *error)
{
    static const char pragmas[] =
        "PRAGMA page_size = 4096;"
        "PRAGMA auto_vacuum = NONE;"
        "PRAGMA locking_mode = NORMAL;" /* an auditor may look while we write */
        "PRAGMA synchronous = FULL;"    /* NORMAL may lose commits at power loss */
        "PRAGMA secure_delete = FAST;"
        "PRAGMA temp_store = MEMORY;"
        "PRAGMA cache_size = -16384;"
        "PRAGMA wal_autocheckpoint = 0;"; /* append checkpoints, and sees its errors */
    enum asg_status status = asg_sqlite_run(db, pragmas, "set up the log", error);
    if (status != ASG_OK) return status;

    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *statement = NULL;
    status = asg_sqlite_prepare(db, "PRAGMA journal_mode = WAL", &statement, error);
    if (status != ASG_OK) return status;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW) return asg_sqlite_fail(db, code, error, "switch to WAL mode");
    const char *mode = (const char *)sqlite3_column_text(statement, 0);
    if (mode == NULL || strcmp(mode, "wal") != 0) {
        return asg_fail(error, ASG_ERR_UNSUPPORTED,
                        "SQLite cannot use its write-ahead log here (journal mode %s)",
                        mode == NULL ? "unknown" : mode);
    }
    asg_sqlite_finalize(&statement);
    char limit[64];
    (void)snprintf(limit, sizeof limit, "PRAGMA journal_size_limit = %d",
                   ASG_SQLITE_WAL_LIMIT);
    return asg_sqlite_run(db, limit, "set up the log", error);
}

enum asg_status asg_sqlite_open(const char *path, enum asg_sqlite_mode mode,
                                sqlite3 **ret, struct asg_error *error)
{
    /* A relative path that SQLite would take for something special gets "./". */
    char name[3 * ASG_LOG_PATH_MAX + 64];
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    flags |= mode == ASG_SQLITE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    if (mode == ASG_SQLITE_IMMUTABLE) {
        immutable_uri(path, name, sizeof name);
        flags |= SQLITE_OPEN_URI;
    } else {
        (void)snprintf(name, sizeof name, "%s%s", path[0] == '/' ? "" : "./", path);
    }
    sqlite3 *db = NULL;
    const char *vfs = mode == ASG_SQLITE_WRITE ? NULL : asg_sqlite_chunks();
    int code = sqlite3_open_v2(name, &db, flags, vfs);
    if (code != SQLITE_OK) {
        enum asg_status status = asg_sqlite_fail(db, code, error, "open the log");
        (void)sqlite3_close(db);
        return status;
    }
    distrust_schema(db);
    enum asg_status status = asg_sqlite_run(
        db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0", "open the log", error);
    if (status == ASG_OK && mode == ASG_SQLITE_WRITE) status = set_up_writer(db, error);
    if (status != ASG_OK) {
        (void)sqlite3_close(db);
        return status;
    }
    *ret = db;
    return ASG_OK;
}

enum asg_status asg_sqlite_open_empty(const char *path, sqlite3 **ret,
                                      struct asg_error *error)
{
    char name[ASG_LOG_PATH_MAX + 64];
    (void)snprintf(name, sizeof name, "%s%s", path[0] == '/' ? "" : "./", path);
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(
        name, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
        /* vfs */ NULL);
    if (code != SQLITE_OK) {
        enum asg_status status = asg_sqlite_fail(db, code, error, "open the copy");
        (void)sqlite3_close(db);
        return status;
    }
    (void)sqlite3_extended_result_codes(db, 1);
    *ret = db;
    return ASG_OK;
}

void asg_sqlite_close(sqlite3 **db)
{
    (void)sqlite3_close(*db);
    *db = NULL;
}
