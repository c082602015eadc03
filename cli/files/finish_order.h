/* finish_order - what an order of files still needs before it is sent, and what can be
 * said of it here: the offsets of time zones, and texts that a controller would not read.
 */
#ifndef ASG_CLI_FILES_FINISH_ORDER_H
#define ASG_CLI_FILES_FINISH_ORDER_H

#include "cli/cli.h"
#include "cli/files/declared.h"
#include "model/event.h"

/* ASG_EXIT_OK: it may be sent. ASG_EXIT_USAGE, and said with the place in the files: a
 * time zone is not known here, or a text has what cannot be sent. */
int asg_finish_order(struct asg_cli *cli, const struct asg_declared *declared,
                     const struct asg_apply *order);

#endif
