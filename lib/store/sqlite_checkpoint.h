/* sqlite_checkpoint - copies the write-ahead log into the file while appends go on.
 *
 * Private to lib/store. A thread with a connection of its own does the long copy; what
 * was appended meanwhile is little, and the writer copies that itself between two
 * commits, after which SQLite writes the write-ahead log from its start again. SQLite
 * syncs the write-ahead log before it copies, and the file before it counts a page as
 * copied, so a crash at any moment loses nothing.
 * Threads: all calls come from the log's owner.
 */
#ifndef ASG_STORE_SQLITE_CHECKPOINT_H
#define ASG_STORE_SQLITE_CHECKPOINT_H

#include "store/sqlite_db.h"

struct asg_checkpointer;

/* Open the file at `path` once more and start the thread.
 * ASG_ERR_LIMIT: no thread. Otherwise like asg_sqlite_open(). */
ASG_MUST_USE enum asg_status asg_checkpointer_new(const char *path,
                                                  struct asg_checkpointer **ret,
                                                  struct asg_error *error);

/* Wait for a copy under way, end the thread, free and set to NULL. */
void asg_checkpointer_destroy(struct asg_checkpointer **checkpointer);

/* Start a copy; none may be under way. Does not block. */
void asg_checkpointer_start(struct asg_checkpointer *checkpointer);

struct asg_checkpoint_outcome {
    enum asg_status status; /* ASG_ERR_BUSY: somebody else copied just then */
    struct asg_error error;
    int pages;  /* in the write-ahead log when the copy began */
    int copied; /* of them; fewer when a reader still needs the file as it was */
};

/* False: the copy that was started is still under way, unless `may_wait`. */
bool asg_checkpointer_finish(struct asg_checkpointer *checkpointer, bool may_wait,
                             struct asg_checkpoint_outcome *ret);

/* Copy on the caller's thread and connection. */
void asg_checkpoint_now(sqlite3 *db, struct asg_checkpoint_outcome *ret);

#endif
