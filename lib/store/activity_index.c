#include "store/activity_index.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "crypto/uuid.h"
#include "store/sqlite_db.h"

/* Another number: the tables have changed, and the file is made anew. */
#define FORM           1
#define APPLICATION_ID 0x4F415341 /* "OASA" */

struct asg_activity_index {
    sqlite3 *db;
    char *path;
    struct asg_activity_mark mark;
    struct asg_hasher *hasher;
    uint32_t put_group_no; /* of the group that was put last; 0: none */
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *rollback;
    sqlite3_stmt *put;
    sqlite3_stmt *put_group;
    sqlite3_stmt *end_group;
    sqlite3_stmt *prune;
    sqlite3_stmt *prune_group;
    sqlite3_stmt *set_mark;
};

static const char schema[] =
    "CREATE TABLE activities(group_no INTEGER NOT NULL, no INTEGER NOT NULL,"
    " id TEXT NOT NULL, kind INTEGER NOT NULL, status INTEGER NOT NULL,"
    " instance_id TEXT NOT NULL, progress INTEGER NOT NULL, start_ms INTEGER NOT NULL,"
    " end_ms INTEGER NOT NULL, cause TEXT NOT NULL, message TEXT NOT NULL,"
    " subnet_id TEXT NOT NULL, zone TEXT NOT NULL, PRIMARY KEY(group_no, no));"
    "CREATE INDEX activities_by_id ON activities(id);"
    "CREATE INDEX activities_by_group ON activities(group_no, start_ms, no);"
    "CREATE INDEX activities_by_start ON activities(start_ms, group_no, no);"
    "CREATE TABLE groups(group_no INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " uuid TEXT NOT NULL, is_deleted INTEGER NOT NULL);"
    "CREATE INDEX groups_by_name ON groups(name);"
    "CREATE TABLE mark(id INTEGER PRIMARY KEY CHECK(id = 1), seq INTEGER NOT NULL,"
    " chain_hash BLOB NOT NULL);";

/* ---- ids ---- */

static uint8_t *put_u64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        *at++ = (uint8_t)(value >> (56 - 8 * i));
    }
    return at;
}

static void make_id(struct asg_hasher *hasher, const struct asg_activity *activity,
                    char ret[ASG_UUID_SIZE])
{
    uint8_t hash[ASG_SHA256_BYTES];
    uint8_t numbers[16];
    uint8_t *end = numbers;
    bool has_uuid = activity->group_uuid != NULL && activity->group_uuid[0] != '\0';
    const char *group = has_uuid ? activity->group_uuid : activity->group;
    assert(activity->no > 0 && group != NULL);
    if (!has_uuid) end = put_u64(end, activity->group_no);
    end = put_u64(end, activity->no);
    asg_hasher_begin(hasher);
    asg_hasher_update(hasher, group, strlen(group) + 1);
    asg_hasher_update(hasher, numbers, (size_t)(end - numbers));
    asg_hasher_end(hasher, hash);
    asg_uuid_make(hash, ret);
}

void asg_activity_id(const struct asg_activity *activity, char ret[ASG_UUID_SIZE])
{
    struct asg_hasher *hasher = NULL;
    asg_hasher_new(&hasher);
    make_id(hasher, activity, ret);
    asg_hasher_destroy(&hasher);
}

/* ---- opening ---- */

static void finalize_all(struct asg_activity_index *self)
{
    sqlite3_stmt **statements[] = {&self->begin, &self->commit,    &self->rollback,
                                   &self->put,   &self->put_group, &self->end_group,
                                   &self->prune, &self->set_mark,  &self->prune_group};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        asg_sqlite_finalize(statements[i]);
    }
}

static void close_db(struct asg_activity_index *self)
{
    finalize_all(self);
    if (self->db != NULL) asg_sqlite_close(&self->db);
}

static enum asg_status prepare_all(struct asg_activity_index *self,
                                   struct asg_error *error)
{
    const struct {
        const char *sql;
        sqlite3_stmt **ret;
    } kept[] = {
        {"BEGIN IMMEDIATE", &self->begin},
        {"COMMIT", &self->commit},
        {"ROLLBACK", &self->rollback},
        /* What no index has may change; the rest stays. */
        {"INSERT INTO activities(group_no, no, id, kind, status, instance_id,"
         " progress, start_ms, end_ms, cause, message, subnet_id, zone)"
         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
         " ON CONFLICT(group_no, no) DO UPDATE SET status = excluded.status,"
         " instance_id = excluded.instance_id, progress = excluded.progress,"
         " end_ms = excluded.end_ms, message = excluded.message,"
         " subnet_id = excluded.subnet_id, zone = excluded.zone",
         &self->put},
        {"INSERT OR IGNORE INTO groups(group_no, name, uuid, is_deleted)"
         " VALUES(?1, ?2, ?3, 0)",
         &self->put_group},
        {"UPDATE groups SET is_deleted = 1 WHERE group_no = ?1", &self->end_group},
        {"DELETE FROM activities WHERE rowid IN (SELECT rowid FROM activities"
         " INDEXED BY activities_by_start WHERE start_ms < ?1 AND end_ms != 0 LIMIT ?2)"
         " RETURNING group_no",
         &self->prune},
        {"DELETE FROM groups WHERE group_no = ?1 AND is_deleted = 1 AND NOT EXISTS"
         " (SELECT 1 FROM activities a WHERE a.group_no = ?1)",
         &self->prune_group},
        {"INSERT OR REPLACE INTO mark(id, seq, chain_hash) VALUES(1, ?1, ?2)",
         &self->set_mark},
    };
    enum asg_status status = ASG_OK;
    for (size_t i = 0; status == ASG_OK && i < sizeof kept / sizeof kept[0]; i++) {
        status = asg_sqlite_prepare(self->db, kept[i].sql, kept[i].ret, error);
    }
    return status;
}

static enum asg_status read_mark(struct asg_activity_index *self, struct asg_error *error)
{
    self->mark = (struct asg_activity_mark){0};
    ASG_CLEANUP(asg_sqlite_finalize) sqlite3_stmt *statement = NULL;
    enum asg_status status = asg_sqlite_prepare(
        self->db, "SELECT seq, chain_hash FROM mark", &statement, error);
    if (status != ASG_OK) return status;
    int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return ASG_OK;
    if (code != SQLITE_ROW) {
        return asg_sqlite_fail(self->db, code, error, "read the index of activities");
    }
    const void *hash = sqlite3_column_blob(statement, 1);
    if (hash == NULL || sqlite3_column_bytes(statement, 1) != ASG_LOG_HASH_BYTES) {
        return asg_fail(error, ASG_ERR_CORRUPT, "its mark has no hash");
    }
    self->mark.seq = (uint64_t)sqlite3_column_int64(statement, 0);
    memcpy(self->mark.chain_hash, hash, ASG_LOG_HASH_BYTES);
    return ASG_OK;
}

static enum asg_status make_tables(struct asg_activity_index *self,
                                   struct asg_error *error)
{
    char pragmas[96];
    (void)snprintf(pragmas, sizeof pragmas,
                   "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
                   FORM);
    enum asg_status status = asg_sqlite_run(self->db, "BEGIN", "begin the index", error);
    if (status == ASG_OK) status = asg_sqlite_run(self->db, schema, "make it", error);
    if (status == ASG_OK) status = asg_sqlite_run(self->db, pragmas, "mark it", error);
    if (status == ASG_OK) status = asg_sqlite_run(self->db, "COMMIT", "make it", error);
    return status;
}

/* ASG_ERR_CORRUPT: it is none of ours, of another form, or damaged. */
static enum asg_status open_file(struct asg_activity_index *self, struct asg_error *error)
{
    int fd = open(self->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return asg_fail(error, errno == EACCES ? ASG_ERR_DENIED : ASG_ERR_IO, "%s: %s",
                        self->path, strerror(errno));
    }
    (void)close(fd);
    enum asg_status status =
        asg_sqlite_open(self->path, ASG_SQLITE_WRITE, &self->db, error);
    if (status != ASG_OK) return status;
    /* What power loss takes of it stands in the log. */
    status = asg_sqlite_run(self->db,
                            "PRAGMA synchronous = NORMAL; "
                            "PRAGMA wal_autocheckpoint = 4000",
                            "set up the index", error);
    int64_t form = 0;
    int64_t tables = 0;
    if (status == ASG_OK) {
        status = asg_sqlite_integer(self->db, "PRAGMA user_version", &form, error);
    }
    if (status == ASG_OK) {
        status = asg_sqlite_integer(
            self->db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'", &tables,
            error);
    }
    if (status != ASG_OK) return status;
    if (form == 0 && tables == 0) {
        status = make_tables(self, error);
    } else if (form != FORM) {
        return asg_fail(error, ASG_ERR_CORRUPT, "%s is of another form", self->path);
    }
    if (status == ASG_OK) status = prepare_all(self, error);
    return status == ASG_OK ? read_mark(self, error) : status;
}

static void remove_file(const struct asg_activity_index *self)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char path[4096 + 8];
        (void)snprintf(path, sizeof path, "%s%s", self->path, ends[i]);
        (void)unlink(path);
    }
}

enum asg_status asg_activity_index_open(const char *path, struct asg_activity_index **ret,
                                        struct asg_error *error)
{
    struct asg_activity_index *self = asg_alloc(1, sizeof *self);
    self->path = strdup(path);
    if (self->path == NULL) abort();
    asg_hasher_new(&self->hasher);
    enum asg_status status = open_file(self, error);
    if (status == ASG_ERR_CORRUPT) {
        close_db(self);
        remove_file(self);
        status = open_file(self, error);
    }
    if (status != ASG_OK) {
        asg_activity_index_close(&self);
        return status;
    }
    *ret = self;
    return ASG_OK;
}

void asg_activity_index_close(struct asg_activity_index **index)
{
    struct asg_activity_index *self = *index;
    if (self == NULL) return;
    close_db(self);
    asg_hasher_destroy(&self->hasher);
    free(self->path);
    free(self);
    *index = NULL;
}

struct asg_activity_mark asg_activity_index_mark(const struct asg_activity_index *index)
{
    return index->mark;
}

/* ---- writing ---- */

static enum asg_status run_kept(struct asg_activity_index *index, sqlite3_stmt *statement,
                                struct asg_error *error)
{
    int code = sqlite3_step(statement);
    (void)sqlite3_reset(statement);
    if (code == SQLITE_DONE) return ASG_OK;
    return asg_sqlite_fail(index->db, code, error, "write the index of activities");
}

enum asg_status asg_activity_index_empty(struct asg_activity_index *index,
                                         struct asg_error *error)
{
    enum asg_status status =
        asg_sqlite_run(index->db,
                       "BEGIN IMMEDIATE; DELETE FROM activities; DELETE FROM groups; "
                       "DELETE FROM mark; COMMIT",
                       "empty the index of activities", error);
    index->put_group_no = 0;
    if (status == ASG_OK) index->mark = (struct asg_activity_mark){0};
    return status;
}

enum asg_status asg_activity_index_begin(struct asg_activity_index *index,
                                         struct asg_error *error)
{
    return run_kept(index, index->begin, error);
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    (void)sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

static enum asg_status put_group(struct asg_activity_index *index,
                                 const struct asg_activity *activity,
                                 struct asg_error *error)
{
    assert(activity->group_no > 0);
    if (activity->group_no == index->put_group_no) return ASG_OK;
    sqlite3_stmt *group = index->put_group;
    (void)sqlite3_bind_int64(group, 1, activity->group_no);
    bind_text(group, 2, activity->group);
    bind_text(group, 3, activity->group_uuid);
    enum asg_status status = run_kept(index, group, error);
    (void)sqlite3_clear_bindings(group); /* texts are lent for this call */
    if (status == ASG_OK) index->put_group_no = activity->group_no;
    return status;
}

enum asg_status asg_activity_index_put(struct asg_activity_index *index,
                                       const struct asg_activity *activity,
                                       struct asg_error *error)
{
    enum asg_status status = put_group(index, activity, error);
    if (status != ASG_OK) return status;
    char id[ASG_UUID_SIZE];
    make_id(index->hasher, activity, id);
    sqlite3_stmt *put = index->put;
    (void)sqlite3_bind_int64(put, 1, activity->group_no);
    (void)sqlite3_bind_int64(put, 2, (int64_t)activity->no);
    bind_text(put, 3, id);
    (void)sqlite3_bind_int64(put, 4, activity->kind);
    (void)sqlite3_bind_int64(put, 5, activity->status);
    bind_text(put, 6, activity->instance_id);
    (void)sqlite3_bind_int64(put, 7, activity->progress);
    (void)sqlite3_bind_int64(put, 8, activity->start_ms);
    (void)sqlite3_bind_int64(put, 9, activity->end_ms);
    bind_text(put, 10, activity->cause);
    bind_text(put, 11, activity->message);
    bind_text(put, 12, activity->subnet_id);
    bind_text(put, 13, activity->zone);
    status = run_kept(index, put, error);
    (void)sqlite3_clear_bindings(put);
    return status;
}

/* Take out a group that is deleted and has no activity left. */
static enum asg_status prune_group(struct asg_activity_index *index, uint32_t group_no,
                                   struct asg_error *error)
{
    assert(group_no > 0);
    if (group_no == index->put_group_no) index->put_group_no = 0;
    (void)sqlite3_bind_int64(index->prune_group, 1, group_no);
    return run_kept(index, index->prune_group, error);
}

enum asg_status asg_activity_index_end_group(struct asg_activity_index *index,
                                             uint32_t group_no, struct asg_error *error)
{
    (void)sqlite3_bind_int64(index->end_group, 1, group_no);
    enum asg_status status = run_kept(index, index->end_group, error);
    return status == ASG_OK ? prune_group(index, group_no, error) : status;
}

/* Looks only at the groups that lose an activity, however many others there are. */
enum asg_status asg_activity_index_prune(struct asg_activity_index *index,
                                         int64_t before_ms, uint32_t most,
                                         uint32_t *ret_removed, struct asg_error *error)
{
    assert(most > 0);
    uint32_t *group_nos = asg_alloc(most, sizeof *group_nos);
    uint32_t count = 0;
    sqlite3_stmt *prune = index->prune;
    (void)sqlite3_bind_int64(prune, 1, before_ms);
    (void)sqlite3_bind_int64(prune, 2, most);
    int code = sqlite3_step(prune);
    for (; code == SQLITE_ROW && count < most; code = sqlite3_step(prune)) {
        group_nos[count++] = (uint32_t)sqlite3_column_int64(prune, 0);
    }
    (void)sqlite3_reset(prune);
    enum asg_status status = ASG_OK;
    if (code != SQLITE_DONE) {
        status = asg_sqlite_fail(index->db, code, error, "write the index of activities");
    }
    for (uint32_t i = 0; status == ASG_OK && i < count; i++) {
        bool is_again = i > 0 && group_nos[i] == group_nos[i - 1];
        if (!is_again) status = prune_group(index, group_nos[i], error);
    }
    *ret_removed = count;
    free(group_nos);
    return status;
}

enum asg_status asg_activity_index_end(struct asg_activity_index *index,
                                       const struct asg_activity_mark *mark,
                                       struct asg_error *error)
{
    assert(mark->seq >= index->mark.seq); /* it goes forward */
    (void)sqlite3_bind_int64(index->set_mark, 1, (int64_t)mark->seq);
    (void)sqlite3_bind_blob(index->set_mark, 2, mark->chain_hash, ASG_LOG_HASH_BYTES,
                            SQLITE_TRANSIENT);
    enum asg_status status = run_kept(index, index->set_mark, error);
    if (status == ASG_OK) status = run_kept(index, index->commit, error);
    if (status == ASG_OK) index->mark = *mark;
    return status;
}

void asg_activity_index_undo(struct asg_activity_index *index)
{
    index->put_group_no = 0;
    (void)run_kept(index, index->rollback, NULL);
}
