/* write_record - one record of the log as a line of JSON or CSV, its payload decoded. */
#ifndef ASG_CLI_LOG_WRITE_RECORD_H
#define ASG_CLI_LOG_WRITE_RECORD_H

#include "base/arena.h"
#include "base/bytes.h"
#include "store/log.h"

/* Append one line with its line end. `arena` is scratch; the caller resets it. */
void asg_write_record_json(const struct asg_record *record, struct asg_arena *arena,
                           struct asg_bytes *ret);
void asg_write_record_csv(const struct asg_record *record, struct asg_arena *arena,
                          struct asg_bytes *ret);

/* The titles of the CSV columns, with their line end. */
const char *asg_record_csv_titles(void);

#endif
