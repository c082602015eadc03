/* sqlite_db - a connection to SQLite as a log wants it, and its errors in our words.
 *
 * Private to lib/store, the one room that speaks to SQLite.
 */
#ifndef ASG_STORE_SQLITE_DB_H
#define ASG_STORE_SQLITE_DB_H

#include <sqlite3.h>

#include "store/log.h"

/* How long an append waits for somebody who looks at the file with sqlite3. */
#define ASG_SQLITE_BUSY_MS 2000

/* Pages of the write-ahead log. Each so many are copied into the file by a thread (little
 * at a time, because a commit's sync waits behind the copy's). From WAL_PAGES on the
 * writer copies the rest itself when no more than REST are left, and the write-ahead log
 * begins anew. At the most, commits wait for the copy. See bench/bench_log.c,
 * bench_queue.c. */
#define ASG_SQLITE_COPY_PAGES    250
#define ASG_SQLITE_WAL_PAGES     1000
#define ASG_SQLITE_REST_PAGES    64
#define ASG_SQLITE_WAL_PAGES_MAX 8000
#define ASG_SQLITE_PAGE_SIZE     4096
#define ASG_SQLITE_WAL_LIMIT     67108864 /* 64 MiB */

enum asg_sqlite_mode { ASG_SQLITE_WRITE, ASG_SQLITE_READ, ASG_SQLITE_IMMUTABLE };

/* Open and set up. *ret is untouched on failure. */
ASG_MUST_USE enum asg_status asg_sqlite_open(const char *path, enum asg_sqlite_mode mode,
                                             sqlite3 **ret, struct asg_error *error);
/* Open an empty file of ours, to be filled with a copy. *ret is untouched on failure. */
ASG_MUST_USE enum asg_status asg_sqlite_open_empty(const char *path, sqlite3 **ret,
                                                   struct asg_error *error);
/* Ends it; statements must be finalized. */
void asg_sqlite_close(sqlite3 **db);

/* Our status for a result code of SQLite. */
enum asg_status asg_sqlite_status(int code);

/* "cannot <what>: <SQLite's words>", with the system's words for an I/O error and advice
 * where we have some. Returns the status of `code`. */
enum asg_status asg_sqlite_fail(sqlite3 *db, int code, struct asg_error *error,
                                const char *what);

/* Run statements that answer nothing. */
ASG_MUST_USE enum asg_status asg_sqlite_run(sqlite3 *db, const char *sql,
                                            const char *what, struct asg_error *error);

/* One integer: a pragma or a count. */
ASG_MUST_USE enum asg_status asg_sqlite_integer(sqlite3 *db, const char *sql,
                                                int64_t *ret, struct asg_error *error);

/* A statement that is kept. */
ASG_MUST_USE enum asg_status asg_sqlite_prepare(sqlite3 *db, const char *sql,
                                                sqlite3_stmt **ret,
                                                struct asg_error *error);

/* For ASG_CLEANUP. */
void asg_sqlite_finalize(sqlite3_stmt **statement);

#endif
