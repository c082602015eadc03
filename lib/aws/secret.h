/* secret - a piece of text that must not be seen: prints as ****, is wiped when done.
 *
 * Access keys, session tokens and join tokens are kept in one of these. The plain text
 * comes out through asg_secret_reveal() only, so that a grep finds every place that
 * uses it. Threads: one owner at a time.
 */
#ifndef ASG_AWS_SECRET_H
#define ASG_AWS_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct asg_secret {
    char *text; /* NULL while empty */
    size_t length;
};

/* Replace the contents by a copy of `length` bytes; the old ones are wiped. */
void asg_secret_set(struct asg_secret *secret, const char *text, size_t length);

/* Wipe and free; fine on an empty one, fine twice. */
void asg_secret_clear(struct asg_secret *secret);

bool asg_secret_is_empty(const struct asg_secret *secret);

/* The plain text with a closing zero; "" when empty. Never for a log line. */
const char *asg_secret_reveal(const struct asg_secret *secret);

/* What may be shown: "****", or "(none)" when empty. */
const char *asg_secret_shown(const struct asg_secret *secret);

/* Equal contents, in a time that depends on the lengths only. */
bool asg_secret_same(const struct asg_secret *a, const struct asg_secret *b);

#endif
