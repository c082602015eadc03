/* print_decision - a decision as people read it, and the times they name. */
#ifndef ASG_CLI_SHOW_PRINT_DECISION_H
#define ASG_CLI_SHOW_PRINT_DECISION_H

#include "cli/cli.h"

/* "2026-11-23T14:36:49.123Z web  cpu mean 82.5 % ...", further lines indented. */
void asg_print_decision(FILE *out, int64_t time_ms, const char *group, const char *text);

/* "10m" ago or an ISO 8601 time in milliseconds; NULL gives 0. False: neither. */
bool asg_read_since(const struct asg_cli *cli, const char *text, int64_t *ret);

#endif
