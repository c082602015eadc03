/* progress - how far long work is, for somebody who waits at a terminal.
 *
 * One line on `err` that is written over, at most ten times a second, and taken away at
 * the end. Only on a terminal that can do so: in a pipe, with TERM=dumb and with
 * --output json nothing is ever written. The calls cost next to nothing then.
 *
 *     verifying [#########           ]  45 %  4,512,000 of 10,000,000  4s left
 * Threads: one.
 */
#ifndef ASG_CLI_SHOW_PROGRESS_H
#define ASG_CLI_SHOW_PROGRESS_H

#include <stdint.h>

#include "base/status.h"

struct asg_cli;
struct asg_progress;

/* `what` is a word or two ("verifying"), kept as a pointer. `total` 0: not known, only
 * the count is shown. End it with asg_progress_end(). */
struct asg_progress *asg_progress_new(struct asg_cli *cli, const char *what,
                                      uint64_t total);

/* So many of `total` are done. */
void asg_progress_step(struct asg_progress *progress, uint64_t done);

/* Words instead of a count ("2 of 3 in service; i-1 is warming"), shown at once. */
void asg_progress_say(struct asg_progress *progress, const char *text);

/* Take the line away, free, set *progress to NULL. NULL is fine. */
void asg_progress_end(struct asg_progress **progress);

#endif
