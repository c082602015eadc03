/* table_file - a new SQLite file of plain tables, for people who ask with SQL.
 *
 * Not a log: nothing here is hashed or appended to again. The caller brings the texts;
 * this room is the one that speaks to SQLite. Everything is one transaction: a file that
 * was not finished is removed.
 * Threads: one owner.
 */
#ifndef ASG_STORE_TABLE_FILE_H
#define ASG_STORE_TABLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct asg_table_file;

/* One value of a row. */
struct asg_cell {
    const char *text; /* NULL: the number */
    int64_t number;
    bool is_null;
};
#define ASG_CELL_TEXT(value)                                                             \
    (struct asg_cell)                                                                    \
    {                                                                                    \
        .text = (value)                                                                  \
    }
#define ASG_CELL_NUMBER(value)                                                           \
    (struct asg_cell)                                                                    \
    {                                                                                    \
        .number = (int64_t)(value)                                                       \
    }
#define ASG_CELL_NULL                                                                    \
    (struct asg_cell)                                                                    \
    {                                                                                    \
        .is_null = true                                                                  \
    }

/* Make `path` with mode 0600 and run the texts of `schema`, the last one NULL.
 * ASG_ERR_EXISTS: never over another file; ASG_ERR_IO, ASG_ERR_DENIED: `error` says what.
 * The caller ends *ret with finish or discard. */
ASG_MUST_USE enum asg_status asg_table_file_new(const char *path,
                                                const char *const *schema,
                                                struct asg_table_file **ret,
                                                struct asg_error *error);

/* Run one statement with its ?-parameters; texts of statements are kept prepared by their
 * address, so give the same literal each time. A wrong statement is our own mistake. */
ASG_MUST_USE enum asg_status asg_table_file_run(struct asg_table_file *file,
                                                const char *statement,
                                                const struct asg_cell *cells,
                                                size_t count, struct asg_error *error);

/* Make everything durable, free and set to NULL. On failure the file is removed. */
ASG_MUST_USE enum asg_status asg_table_file_finish(struct asg_table_file **file,
                                                   struct asg_error *error);

/* Remove the file, free and set to NULL. A NULL *file is fine. */
void asg_table_file_discard(struct asg_table_file **file);

#endif
