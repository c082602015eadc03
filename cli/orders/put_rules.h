/* put_rules - policies or scheduled actions of a file, sent together: all of them are
 * saved, or none. */
#ifndef ASG_CLI_ORDERS_PUT_RULES_H
#define ASG_CLI_ORDERS_PUT_RULES_H

#include "cli/cli.h"
#include "cli/files/rules.h"

/* Sends one, a struct asg_policy_config or asg_schedule_config; returns an exit code. */
typedef int asg_put_rule(struct asg_cli *cli, void *config);

/* Read the policies or scheduled actions (`kind`) of `file` and save them: one by `put`,
 * several by one order. GROUP and NAME of the command line, where given, stand for what
 * the file says; NAME fits one only. Returns an exit code; what is wrong is said. */
int asg_put_rules(struct asg_cli *cli, const struct asg_arguments *arguments,
                  const char *file, enum asg_rules_kind kind, asg_put_rule *put);

#endif
