#include "store/table_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/arena.h"

#define STATEMENTS_MAX 16

struct asg_table_file {
    sqlite3 *db;
    char *path;
    struct {
        const char *text;
        sqlite3_stmt *statement;
    } kept[STATEMENTS_MAX];
    size_t kept_count;
};

static enum asg_status failed(struct asg_table_file *file, struct asg_error *error)
{
    int code = sqlite3_errcode(file->db) & 0xFF;
    enum asg_status status = code == SQLITE_FULL ? ASG_ERR_FULL : ASG_ERR_IO;
    return asg_fail(error, status, "%s: %s", file->path, sqlite3_errmsg(file->db));
}

static void close_file(struct asg_table_file *file)
{
    for (size_t i = 0; i < file->kept_count; i++)
        (void)sqlite3_finalize(file->kept[i].statement);
    (void)sqlite3_close(file->db);
    free(file->path);
    free(file);
}

void asg_table_file_discard(struct asg_table_file **file)
{
    if (*file == NULL) return;
    (void)unlink((*file)->path);
    char journal[4096];
    (void)snprintf(journal, sizeof journal, "%s-journal", (*file)->path);
    close_file(*file);
    (void)unlink(journal);
    *file = NULL;
}

enum asg_status asg_table_file_new(const char *path, const char *const *schema,
                                   struct asg_table_file **ret, struct asg_error *error)
{
    int made = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made < 0) {
        enum asg_status status = errno == EEXIST   ? ASG_ERR_EXISTS
                                 : errno == EACCES ? ASG_ERR_DENIED
                                                   : ASG_ERR_IO;
        return asg_fail(error, status, "%s: %s", path, strerror(errno));
    }
    (void)close(made);
    struct asg_table_file *file = asg_alloc(1, sizeof *file);
    file->path = strdup(path);
    if (file->path == NULL) abort();
    bool is_open =
        sqlite3_open_v2(path, &file->db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_exec(file->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
    for (; is_open && *schema != NULL; schema++) {
        is_open = sqlite3_exec(file->db, *schema, NULL, NULL, NULL) == SQLITE_OK;
    }
    if (!is_open) {
        enum asg_status status = failed(file, error);
        asg_table_file_discard(&file);
        return status;
    }
    *ret = file;
    return ASG_OK;
}

static sqlite3_stmt *prepare(struct asg_table_file *file, const char *text)
{
    for (size_t i = 0; i < file->kept_count; i++) {
        if (file->kept[i].text == text) return file->kept[i].statement;
    }
    assert(file->kept_count < STATEMENTS_MAX);
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(file->db, text, -1, &statement, NULL) != SQLITE_OK) {
        return NULL;
    }
    file->kept[file->kept_count].text = text;
    file->kept[file->kept_count++].statement = statement;
    return statement;
}

enum asg_status asg_table_file_run(struct asg_table_file *file, const char *statement,
                                   const struct asg_cell *cells, size_t count,
                                   struct asg_error *error)
{
    sqlite3_stmt *prepared = prepare(file, statement);
    if (prepared == NULL) return failed(file, error);
    for (size_t i = 0; i < count; i++) {
        int place = (int)i + 1;
        int code = SQLITE_OK;
        if (cells[i].is_null) {
            code = sqlite3_bind_null(prepared, place);
        } else if (cells[i].text != NULL) {
            code = sqlite3_bind_text(prepared, place, cells[i].text, -1, SQLITE_STATIC);
        } else {
            code = sqlite3_bind_int64(prepared, place, cells[i].number);
        }
        if (code != SQLITE_OK) return failed(file, error);
    }
    int code = sqlite3_step(prepared);
    enum asg_status status = code == SQLITE_DONE ? ASG_OK : failed(file, error);
    (void)sqlite3_reset(prepared);
    return status;
}

enum asg_status asg_table_file_finish(struct asg_table_file **file,
                                      struct asg_error *error)
{
    if (sqlite3_exec((*file)->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        enum asg_status status = failed(*file, error);
        asg_table_file_discard(file);
        return status;
    }
    close_file(*file);
    *file = NULL;
    return ASG_OK;
}
