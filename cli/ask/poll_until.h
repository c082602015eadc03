/* poll_until - ask again until something is true or the time is up. */
#ifndef ASG_CLI_ASK_POLL_UNTIL_H
#define ASG_CLI_ASK_POLL_UNTIL_H

#include "cli/cli.h"

/* Sets *ret_is_true when it has come. `arena` is reset before each look. Other than
 * ASG_EXIT_OK ends the wait. */
typedef int asg_look(struct asg_cli *cli, void *context, struct asg_arena *arena,
                     bool *ret_is_true);

/* ASG_EXIT_OK: it is true. ASG_EXIT_TIMEOUT, without words. Or what a look answered;
 * a controller that is away for a while does not end the wait. */
int asg_poll_until(struct asg_cli *cli, asg_look *look, void *context,
                   int64_t timeout_ms);

#endif
