/* sqlite_file - the files around a log: may we write here, and are we alone?
 *
 * Private to lib/store. SQLite relies on POSIX locks, which network file systems get
 * wrong (SQLite: "How To Corrupt An SQLite Database File"), and lets several writers take
 * turns; a log has one writer.
 */
#ifndef ASG_STORE_SQLITE_FILE_H
#define ASG_STORE_SQLITE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define ASG_LOG_PATH_MAX 4000

/* The name of a file system that a log must not live on ("nfs"), or NULL. `type` is
 * statfs(2)'s f_type. */
const char *asg_file_system_refused(int64_t type);

/* ASG_ERR_UNSUPPORTED when the folder of `path` is on such a file system. */
ASG_MUST_USE enum asg_status asg_file_check_system(const char *path,
                                                   struct asg_error *error);

/* Lock "<path>.lock" until the descriptor is closed. ASG_ERR_BUSY: another process has
 * it; the text names its id. The file stays behind: removing it would let two in. */
ASG_MUST_USE enum asg_status asg_file_lock(const char *path, int *ret,
                                           struct asg_error *error);

/* Make `path` with mode 0600 when it is not there, and see that it is a plain file that
 * only its owner may write. *ret_size is its size. */
ASG_MUST_USE enum asg_status asg_file_prepare(const char *path, bool may_create,
                                              int64_t *ret_size, struct asg_error *error);

/* ASG_ERR_DENIED: we may not read it. */
ASG_MUST_USE enum asg_status asg_file_check_readable(const char *path,
                                                     struct asg_error *error);

/* Why SQLite was denied to read `path` unless it is immutable: into `error` goes what we
 * may not have beside it, and what to do. Nothing found: `error` stays. */
void asg_file_explain_denied(const char *path, struct asg_error *error);

/* Write zeros up to `bytes` into "<path>-wal", so that commits overwrite instead of
 * growing the file (2.3 times cheaper an fsync, measured). Best effort. */
void asg_file_fill_wal(const char *path, int64_t bytes);

#endif
