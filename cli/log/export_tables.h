/* export_tables - a log as a database of plain tables and views, for auditors who ask
 * with SQL: who terminated an instance and why, what was launched and why, which jobs
 * took several attempts. docs/audit.md describes each column. */
#ifndef ASG_CLI_LOG_EXPORT_TABLES_H
#define ASG_CLI_LOG_EXPORT_TABLES_H

#include "base/error.h"
#include "cli/show/progress.h"
#include "store/log.h"

struct asg_export_counts {
    uint64_t first_seq; /* above 1: what is before is pruned */
    uint64_t events;
    uint64_t decisions;
    uint64_t jobs;
    uint64_t instances;
};

/* Write the whole log into the new file `path`, its hashes checked on the way. On failure
 * no file is left. ASG_ERR_EXISTS: there is one. Fails like asg_world_walk() too. */
ASG_MUST_USE enum asg_status asg_export_tables(struct asg_log *log, const char *path,
                                               struct asg_progress *progress,
                                               struct asg_export_counts *ret,
                                               struct asg_error *error);

#endif
