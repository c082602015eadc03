/* key_name - the name of a worker or an admin, which becomes the name of a file.
 * Threads: no state.
 */
#ifndef ASG_CLI_KEYS_KEY_NAME_H
#define ASG_CLI_KEYS_KEY_NAME_H

#include "cli/cli.h"

/* Letters, digits, dots and dashes; no leading dot or dash. */
bool asg_is_key_name(const char *name);

/* Says that it is none; ASG_EXIT_USAGE. */
int asg_fail_key_name(struct asg_cli *cli, const char *name);

#endif
