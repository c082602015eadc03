/* read_present - the state of groups, policies and scheduled actions, asked of the
 * controller, with the revision that an order made from it goes by. */
#ifndef ASG_CLI_FILES_READ_PRESENT_H
#define ASG_CLI_FILES_READ_PRESENT_H

#include "cli/cli.h"
#include "cli/files/compare.h"

/* Ask, and put it in order. `group`: of that one alone; NULL: of all. The revision is
 * asked for first: what changes while the rest is read has a higher one. Lives in
 * `arena`. ASG_EXIT_OK, or what asg_ask() gives, and said. */
int asg_read_present(struct asg_cli *cli, const char *group, struct asg_arena *arena,
                     struct asg_present *ret);

#endif
