/* sqlite_schema - the tables, the index and the views of a log, and its one row of meta.
 *
 * Private to lib/store. docs/log-format.md describes each column.
 */
#ifndef ASG_STORE_SQLITE_SCHEMA_H
#define ASG_STORE_SQLITE_SCHEMA_H

#include "store/check_record.h"
#include "store/sqlite_db.h"

#define ASG_LOG_APPLICATION_ID 0x4F415347 /* "OASG"; shown by file(1) */

/* Create everything in one transaction. */
ASG_MUST_USE enum asg_status asg_schema_create(sqlite3 *db, struct asg_chain *chain,
                                               const struct asg_log_meta *meta,
                                               struct asg_error *error);

/* Is it a log, and one that this program can read? *ret_is_new: it is an empty database.
 * ASG_ERR_VERSION, ASG_ERR_CORRUPT otherwise. */
ASG_MUST_USE enum asg_status asg_schema_identify(sqlite3 *db, bool *ret_is_new,
                                                 struct asg_error *error);

/* Every table, index and view must read as we wrote it, and there must be no other.
 * ASG_ERR_CORRUPT: `flaw` is set. */
ASG_MUST_USE enum asg_status asg_schema_check(sqlite3 *db,
                                              struct asg_log_flaw_found *flaw,
                                              struct asg_error *error);

/* *ret_is_intact: its hash matches. */
ASG_MUST_USE enum asg_status asg_meta_read(sqlite3 *db, struct asg_chain *chain,
                                           struct asg_log_meta *ret, bool *ret_is_intact,
                                           struct asg_error *error);

/* Inside the caller's transaction. */
ASG_MUST_USE enum asg_status asg_meta_write(sqlite3 *db, struct asg_chain *chain,
                                            const struct asg_log_meta *meta,
                                            struct asg_error *error);

#endif
