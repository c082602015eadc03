/* check_config - --check-config of the command line: its settings, keys and files. */
#ifndef ASG_CLI_CHECK_CONFIG_H
#define ASG_CLI_CHECK_CONFIG_H

#include "cli/cli.h"

/* Everything wrong, a line each on `err`; returns ASG_EXIT_OK or ASG_EXIT_USAGE. Asks no
 * one and changes nothing. */
int asg_cli_check_config(struct asg_cli *cli, const struct asg_arguments *arguments);

#endif
