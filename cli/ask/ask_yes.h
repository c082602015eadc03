/* ask_yes - the question before an order that destroys something.
 *
 * Asked on a terminal, with where the order is sent to and what it does; --yes is the
 * answer in advance, and what scripts must give: a pipe is never asked. Commands that ask
 * have ASG_YES_OPTION among their options. */
#ifndef ASG_CLI_ASK_ASK_YES_H
#define ASG_CLI_ASK_ASK_YES_H

#include "cli/cli.h"

/* The last in the list of options of a command that asks. */
#define ASG_YES_OPTION                                                                   \
    {                                                                                    \
        .name = "yes", .type = ASG_OPTION_FLAG, .letter = 'y',                           \
        .help = "Do not ask for confirmation; needed without a terminal."                \
    }

/* Ask about `question`, a sentence without its question mark that begins small and says
 * what will happen: "delete group web and terminate its 3 instances".
 * ASG_EXIT_OK: --yes was given, or the answer was yes: go on. ASG_EXIT_FAILED: the answer
 * was no. ASG_EXIT_USAGE: there is nobody to ask. The last two are said already, and
 * nothing may be done. */
int asg_cli_ask_yes(struct asg_cli *cli, const struct asg_arguments *arguments,
                    const char *question, ...) ASG_PRINTF(3, 4);

/* The same for what touches only files here and no controller. */
int asg_cli_ask_yes_here(struct asg_cli *cli, const struct asg_arguments *arguments,
                         const char *question, ...) ASG_PRINTF(3, 4);

/* Ask whatever the options say; only where asg_cli_can_ask(). */
int asg_cli_ask_anyway(struct asg_cli *cli, const char *question);

/* Can somebody be asked: standard input and `err` are terminals. */
bool asg_cli_can_ask(const struct asg_cli *cli);

#endif
