/* error - a sentence for the operator that travels up with a status.
 *
 * Libraries answer, programs log: a call that can fail for reasons worth
 * telling takes a `struct asg_error *` (NULL is fine) and writes what happened,
 * to which thing, and what to do. The text never holds a secret.
 */
#ifndef ASG_BASE_ERROR_H
#define ASG_BASE_ERROR_H

#include "base/status.h"

#define ASG_ERROR_TEXT_MAX 512

struct asg_error {
    char text[ASG_ERROR_TEXT_MAX];
};

/* Write the text (cut at the limit) and return `status`, so that a failing
 * function can end with `return asg_fail(error, ASG_ERR_INVALID, "...", ...)`. */
enum asg_status asg_fail(struct asg_error *error, enum asg_status status,
                         const char *format, ...) ASG_PRINTF(3, 4);

/* Put "context: " in front of the text that is already there. Returns `status`. */
enum asg_status asg_fail_wrap(struct asg_error *error, enum asg_status status,
                              const char *format, ...) ASG_PRINTF(3, 4);

#endif
