/* sqlite_wal - has the write-ahead log lost acknowledged commits?
 *
 * Private to lib/store. After a crash SQLite reads "<path>-wal" up to the first frame
 * that does not check and forgets the rest, which is right for a torn last commit. It is
 * also what it does when a bit rots in the middle, and then acknowledged records vanish
 * without a word. A commit starts only when the one before it is on disk: two whole
 * commits behind a bad frame mean damage, not a crash. (The bytes:
 * sqlite.org/fileformat2, "The Write-Ahead Log".)
 */
#ifndef ASG_STORE_SQLITE_WAL_H
#define ASG_STORE_SQLITE_WAL_H

#include "store/check_record.h"

/* ASG_ERR_CORRUPT: `flaw` says from which frame on commits are lost. A missing, empty or
 * never used file is ASG_OK. Works beside a live writer. */
ASG_MUST_USE enum asg_status asg_wal_check(const char *path,
                                           struct asg_log_flaw_found *flaw,
                                           struct asg_error *error);

/* Whether it holds a whole commit, perhaps one that is in the file already. */
bool asg_wal_has_commits(const char *path);

#endif
