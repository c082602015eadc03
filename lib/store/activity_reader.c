/* activity_reader - activities by their keys, newest first, a page at a time. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/activity_index.h"
#include "store/sqlite_db.h"

#define COLUMNS                                                                          \
    "a.group_no, a.no, a.id, a.kind, a.status, a.instance_id, a.progress, a.start_ms, "  \
    "a.end_ms, a.cause, a.message, a.subnet_id, a.zone, g.name, g.uuid, g.is_deleted"
/* ?1 from, ?2 to, ?3 statuses, ?4 limit, ?5 ?6 ?7 the last of the page before */
#define CONDITIONS                                                                       \
    " AND a.start_ms BETWEEN ?1 AND ?2 AND (?3 = 0 OR (?3 >> a.status) & 1)"             \
    " AND (a.start_ms, a.group_no, a.no) < (?5, ?6, ?7)"
#define ORDER " ORDER BY a.start_ms DESC, a.group_no DESC, a.no DESC LIMIT ?4"

struct asg_activity_reader {
    sqlite3 *db;
    sqlite3_stmt *all;
    sqlite3_stmt *of_group;
    sqlite3_stmt *of_id;
    sqlite3_stmt *groups;
};

static enum asg_status prepare_all(struct asg_activity_reader *self,
                                   struct asg_error *error)
{
    const struct {
        const char *sql;
        sqlite3_stmt **ret;
    } kept[] = {
        /* CROSS JOIN: in this order, so that an index gives the rows as they are asked
         * for. */
        {"SELECT " COLUMNS " FROM activities a CROSS JOIN groups g"
         " ON g.group_no = a.group_no WHERE (?8 OR NOT g.is_deleted)" CONDITIONS ORDER,
         &self->all},
        {"SELECT " COLUMNS " FROM activities a CROSS JOIN groups g"
         " ON g.group_no = a.group_no WHERE a.group_no = ?8" CONDITIONS
         " ORDER BY a.start_ms DESC, a.no DESC LIMIT ?4",
         &self->of_group},
        {"SELECT " COLUMNS " FROM activities a CROSS JOIN groups g"
         " ON g.group_no = a.group_no WHERE a.id = ?8" CONDITIONS ORDER,
         &self->of_id},
        {"SELECT group_no FROM groups WHERE name = ?1 AND (?2 OR NOT is_deleted)",
         &self->groups},
    };
    enum asg_status status = ASG_OK;
    for (size_t i = 0; status == ASG_OK && i < sizeof kept / sizeof kept[0]; i++) {
        status = asg_sqlite_prepare(self->db, kept[i].sql, kept[i].ret, error);
    }
    return status;
}

enum asg_status asg_activity_reader_open(const char *path,
                                         struct asg_activity_reader **ret,
                                         struct asg_error *error)
{
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        return asg_fail(error, ASG_ERR_NOT_FOUND, "%s: there is no index of activities",
                        path);
    }
    struct asg_activity_reader *self = asg_alloc(1, sizeof *self);
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int code = sqlite3_open_v2(path, &self->db, flags, /* vfs */ NULL);
    enum asg_status status = ASG_OK;
    if (code != SQLITE_OK) {
        status = asg_sqlite_fail(self->db, code, error, "open the index of activities");
    }
    (void)sqlite3_busy_timeout(self->db, ASG_SQLITE_BUSY_MS);
    if (status == ASG_OK) status = prepare_all(self, error);
    if (status != ASG_OK) {
        asg_activity_reader_close(&self);
        return status;
    }
    *ret = self;
    return ASG_OK;
}

void asg_activity_reader_close(struct asg_activity_reader **reader)
{
    struct asg_activity_reader *self = *reader;
    if (self == NULL) return;
    asg_sqlite_finalize(&self->all);
    asg_sqlite_finalize(&self->of_group);
    asg_sqlite_finalize(&self->of_id);
    asg_sqlite_finalize(&self->groups);
    asg_sqlite_close(&self->db);
    free(self);
    *reader = NULL;
}

/* What one call gathers. */
struct found {
    struct asg_arena *arena;
    struct asg_indexed_activity *rows;
    size_t count;
    size_t capacity;
};

static const char *text_of(struct found *found, sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return asg_arena_text(found->arena, text != NULL ? text : "");
}

static void add_row(struct found *found, sqlite3_stmt *s)
{
    struct asg_indexed_activity *row =
        asg_arena_push(found->arena, (void **)&found->rows, &found->count,
                       &found->capacity, sizeof *row);
    *row = (struct asg_indexed_activity){
        .activity = {.group_no = (uint32_t)sqlite3_column_int64(s, 0),
                     .no = (uint64_t)sqlite3_column_int64(s, 1),
                     .kind = (enum asg_activity_kind)sqlite3_column_int(s, 3),
                     .status = (enum asg_activity_status)sqlite3_column_int(s, 4),
                     .instance_id = text_of(found, s, 5),
                     .progress = (uint32_t)sqlite3_column_int64(s, 6),
                     .start_ms = sqlite3_column_int64(s, 7),
                     .end_ms = sqlite3_column_int64(s, 8),
                     .cause = text_of(found, s, 9),
                     .message = text_of(found, s, 10),
                     .subnet_id = text_of(found, s, 11),
                     .zone = text_of(found, s, 12),
                     .group = text_of(found, s, 13),
                     .group_uuid = text_of(found, s, 14)},
        .is_deleted = sqlite3_column_int(s, 15) != 0,
    };
    (void)snprintf(row->id, sizeof row->id, "%s", text_of(found, s, 2));
}

/* One more than asked for, so that it is known whether there are more. */
static void bind_conditions(sqlite3_stmt *statement,
                            const struct asg_activity_query *query)
{
    assert(query->limit > 0);
    bool is_first = query->after_start_ms == 0 && query->after_no == 0;
    int64_t to_ms = query->to_ms > 0 ? query->to_ms : INT64_MAX;
    /* Where the page before ended the index begins: a late page costs what the first
     * does. */
    if (!is_first && query->after_start_ms < to_ms) to_ms = query->after_start_ms;
    (void)sqlite3_bind_int64(statement, 1, query->from_ms);
    (void)sqlite3_bind_int64(statement, 2, to_ms);
    (void)sqlite3_bind_int64(statement, 3, (int64_t)query->statuses);
    (void)sqlite3_bind_int64(statement, 4, (int64_t)query->limit + 1);
    (void)sqlite3_bind_int64(statement, 5, is_first ? INT64_MAX : query->after_start_ms);
    (void)sqlite3_bind_int64(statement, 6, query->after_group_no);
    (void)sqlite3_bind_int64(statement, 7, (int64_t)query->after_no);
}

static enum asg_status gather(struct asg_activity_reader *reader, sqlite3_stmt *statement,
                              struct found *found, struct asg_error *error)
{
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
        add_row(found, statement);
    }
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    if (code == SQLITE_DONE) return ASG_OK;
    return asg_sqlite_fail(reader->db, code, error, "read the index of activities");
}

static enum asg_status gather_ids(struct asg_activity_reader *reader,
                                  const struct asg_activity_query *query,
                                  struct found *found, struct asg_error *error)
{
    enum asg_status status = ASG_OK;
    for (size_t i = 0; status == ASG_OK && i < query->ids.count; i++) {
        bind_conditions(reader->of_id, query);
        (void)sqlite3_bind_text(reader->of_id, 8, query->ids.items[i], -1, SQLITE_STATIC);
        status = gather(reader, reader->of_id, found, error);
    }
    return status;
}

/* A name may have been given more than once: each of its groups, then together. */
static enum asg_status gather_group(struct asg_activity_reader *reader,
                                    const struct asg_activity_query *query,
                                    struct found *found, struct asg_error *error)
{
    enum asg_status status = ASG_OK;
    (void)sqlite3_bind_text(reader->groups, 1, query->group, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int(reader->groups, 2, query->with_deleted);
    int code = sqlite3_step(reader->groups);
    for (; status == ASG_OK && code == SQLITE_ROW; code = sqlite3_step(reader->groups)) {
        bind_conditions(reader->of_group, query);
        (void)sqlite3_bind_int64(reader->of_group, 8,
                                 sqlite3_column_int64(reader->groups, 0));
        status = gather(reader, reader->of_group, found, error);
    }
    (void)sqlite3_reset(reader->groups);
    (void)sqlite3_clear_bindings(reader->groups);
    if (status != ASG_OK || code == SQLITE_DONE) return status;
    return asg_sqlite_fail(reader->db, code, error, "read the index of activities");
}

/* The newest first. */
static int by_age(const void *a, const void *b)
{
    const struct asg_activity *x = &((const struct asg_indexed_activity *)a)->activity;
    const struct asg_activity *y = &((const struct asg_indexed_activity *)b)->activity;
    if (x->start_ms != y->start_ms) return x->start_ms < y->start_ms ? 1 : -1;
    if (x->group_no != y->group_no) return x->group_no < y->group_no ? 1 : -1;
    return (x->no < y->no) - (x->no > y->no);
}

static bool is_of_group(const struct asg_activity_query *query,
                        const struct asg_indexed_activity *row)
{
    bool is_named = query->ids.count > 0; /* who knows its id may have it */
    if (row->is_deleted && !query->with_deleted && !is_named) return false;
    return query->group == NULL || strcmp(query->group, row->activity.group) == 0;
}

/* Of ids: in order, each once, and of the group that was asked for. */
static void tidy(const struct asg_activity_query *query, struct found *found)
{
    if (found->count > 1) {
        qsort(found->rows, found->count, sizeof *found->rows, by_age);
    }
    size_t kept = 0;
    for (size_t i = 0; i < found->count; i++) {
        bool is_again = kept > 0 && by_age(&found->rows[kept - 1], &found->rows[i]) == 0;
        if (is_again || !is_of_group(query, &found->rows[i])) continue;
        found->rows[kept++] = found->rows[i];
    }
    found->count = kept;
}

enum asg_status asg_activity_reader_find(struct asg_activity_reader *reader,
                                         const struct asg_activity_query *query,
                                         struct asg_arena *arena,
                                         struct asg_indexed_activity **ret,
                                         size_t *ret_count, bool *ret_has_more,
                                         struct asg_error *error)
{
    struct found found = {.arena = arena};
    enum asg_status status;
    if (query->ids.count > 0) {
        status = gather_ids(reader, query, &found, error);
    } else if (query->group != NULL) {
        status = gather_group(reader, query, &found, error);
    } else {
        bind_conditions(reader->all, query);
        (void)sqlite3_bind_int(reader->all, 8, query->with_deleted);
        status = gather(reader, reader->all, &found, error);
    }
    if (status != ASG_OK) return status;
    tidy(query, &found);
    *ret_has_more = found.count > query->limit;
    *ret_count = *ret_has_more ? query->limit : found.count;
    *ret = found.rows;
    return ASG_OK;
}
