/* hush_errors - ask with the errors held back: for what asks again and again, where a
 * controller that is away for a moment is no failure yet.
 * Threads: one.
 */
#ifndef ASG_CLI_ASK_HUSH_ERRORS_H
#define ASG_CLI_ASK_HUSH_ERRORS_H

#include "cli/cli.h"

struct asg_hushed {
    char *words; /* what was said; after asg_unhush(), and until asg_hushed_clear() */
    size_t length;
    FILE *err;
    int64_t timeout_ms;
};

/* From now on what goes to `err` is held back in *hushed, and an answer is waited for at
 * most `timeout_ms` (0: as the settings say). It may not be begun twice. */
void asg_hush(struct asg_cli *cli, int64_t timeout_ms, struct asg_hushed *hushed);

/* Back to how it was; hushed->words has what was said, "" for nothing. */
void asg_unhush(struct asg_cli *cli, struct asg_hushed *hushed);

/* The same, and what was said is printed now, unless the controller was not reached: what
 * shows things for ever goes on then, with asg_say_away(). */
void asg_unhush_unless_away(struct asg_cli *cli, struct asg_hushed *hushed, int code);

/* On standard error, once each time it is away and once when it is back. */
void asg_say_away(struct asg_cli *cli, bool *was_away, bool is_away);

/* The words without the name of the program before them. */
const char *asg_hushed_reason(const struct asg_hushed *hushed);

void asg_hushed_clear(struct asg_hushed *hushed);

#endif
