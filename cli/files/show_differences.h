/* show_differences - what differs between files and the state, for people and programs.
 *
 * As a table: a line for each thing, "+" created, "~" changed, "-" deleted, its fields as
 * "old -> new" below it, what capacity would change, and the counts. With --output json,
 * yaml or csv: one object (docs/files.md). */
#ifndef ASG_CLI_FILES_SHOW_DIFFERENCES_H
#define ASG_CLI_FILES_SHOW_DIFFERENCES_H

#include "cli/cli.h"
#include "cli/files/compare.h"

/* "1 created, 2 changed, 14 unchanged" */
const char *asg_count_differences(const struct asg_differences *differences,
                                  struct asg_arena *arena);

/* On `out`. */
void asg_show_differences(struct asg_cli *cli, const struct asg_differences *differences);

#endif
