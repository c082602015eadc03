/* problems - all that is wrong with a program's settings and files, and not only the
 * first: what --check-config prints. Threads: one owner at a time.
 */
#ifndef ASG_TEXT_PROBLEMS_H
#define ASG_TEXT_PROBLEMS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/safe_file.h"

/* `arena` is lent. */
struct asg_problems {
    struct asg_arena *arena;
    const char **items;
    size_t count;
    size_t capacity;
};

/* One more, with what to do about it. */
void asg_problem_add(struct asg_problems *problems, const char *format, ...)
    ASG_PRINTF(2, 3);

/* The error's words, unless the status is fine. True: it is fine. */
bool asg_problem_take(struct asg_problems *problems, enum asg_status status,
                      const struct asg_error *error);

/* ---- checks that change nothing ---- */

/* A file that is there is of the right mode, owner and length. False: it is not there. */
bool asg_problem_file(struct asg_problems *problems, const char *path,
                      const struct asg_safe_need *need);

/* A file that `setting` names can be read. An empty path is fine. */
void asg_problem_readable(struct asg_problems *problems, const char *setting,
                          const char *path);

/* A folder that a program makes: no one else may write in it, or it can be made. False:
 * it is not there yet, or it is wrong. */
bool asg_problem_folder(struct asg_problems *problems, const char *setting,
                        const char *path);

/* "address:port" of `setting`; an address may be missing, and be in brackets. An empty
 * text is fine. */
void asg_problem_address(struct asg_problems *problems, const char *setting,
                         const char *text);

/* A line each on `out`, "PROGRAM: TEXT". Returns the exit code: 0, or 2 when there are
 * any. */
int asg_problems_print(const struct asg_problems *problems, const char *program,
                       FILE *out);

#endif
