/* sqlite_chunks - reads of a whole file in chunks instead of page by page.
 *
 * Private to lib/store. A verify, a replay or a restart reads nearly every page of the
 * file in order, and a system call for each page is a third of its CPU time. Files opened
 * with this VFS read ahead while they are read in order.
 *
 * What was read ahead is forgotten whenever SQLite locks or unlocks anything. Between two
 * locks a reader is inside one transaction, in which no page that it may take from the
 * file changes: a checkpoint copies only pages that every reader takes from the
 * write-ahead log.
 * Threads: any; each open file is of the connection that opened it.
 */
#ifndef ASG_STORE_SQLITE_CHUNKS_H
#define ASG_STORE_SQLITE_CHUNKS_H

/* The name for sqlite3_open_v2(), registered at the first call; NULL: SQLite's own has to
 * do. For files that are only read. */
const char *asg_sqlite_chunks(void);

#endif
