/* wait_group - after a write: wait until what was asked for is true.
 *
 * On a terminal one line says meanwhile how far it is and why it waits; `openasg wait`
 * waits in the same way. */
#ifndef ASG_CLI_ASK_WAIT_GROUP_H
#define ASG_CLI_ASK_WAIT_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"

/* Among the options of a command that writes. */
#define ASG_WAIT_OPTION                                                                  \
    {                                                                                    \
        .name = "wait", .type = ASG_OPTION_DURATION, .value = "TIME", .implied = "90s",  \
        .min = 1, .max = 86400000,                                                       \
        .help = "Wait until it is done, at most TIME (then exit code 6)."                \
    }

/* What is waited for; -1: that is not asked for. */
struct asg_group_goal {
    const char *group;
    int64_t in_service; /* exactly so many, warming ones included */
    int64_t at_least;
    int64_t at_most;
    int64_t desired;
    bool is_met;             /* as many in service as are desired, none on its way; with
                                `desired` it fails when something else is desired */
    bool is_gone;            /* the group */
    const char *instance_id; /* this one is gone; NULL: none is meant */
};

/* Nothing is asked for yet. */
struct asg_group_goal asg_group_goal_of(const char *group);

/* Wait for all of them, `timeout_ms` in all. ASG_EXIT_OK, and said how it is now, in a
 * table form on `err`; ASG_EXIT_TIMEOUT, and said how far the first one is that did not
 * come and why; or another failure. A controller that restarts does not end it. */
int asg_wait_groups(struct asg_cli *cli, const struct asg_group_goal *goals, size_t count,
                    int64_t timeout_ms);

/* The same when --wait was given; else ASG_EXIT_OK at once. `code` that is not
 * ASG_EXIT_OK is given back: for "return asg_wait_if_asked(cli, arguments, asg_order(..),
 * ..)". */
int asg_wait_if_asked(struct asg_cli *cli, const struct asg_arguments *arguments,
                      int code, const struct asg_group_goal *goals, size_t count);

#endif
