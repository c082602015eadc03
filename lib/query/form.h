/* form - the name=value pairs of a Query request: read with limits, put in order.
 *
 * Names are paths ("Filter.1.Value.2", "Tags.member.1.Key"); pairs are kept in the order
 * of their parts, numbers as numbers, so that what belongs together stands together and a
 * list's items come in order whatever the client sent. Two pairs of one name, names that
 * cannot be a path and bytes that are no text are refused: a request that can be read in
 * two ways is not guessed at.
 *
 * Flow:    body or query -> [form] -> read, by a shape (read.h)
 * Limits:  the body ASG_FORM_BYTES_MAX, and the numbers below; what is over them is
 *          refused before anything is kept of it.
 * Threads: one owner at a time. Blocks: never. Memory: the arena given.
 */
#ifndef ASG_QUERY_FORM_H
#define ASG_QUERY_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "query/fault.h"

#define ASG_FORM_BYTES_MAX ((size_t)1024 * 1024)
#define ASG_FORM_PAIRS_MAX 60000 /* the smallest real ones fill ASG_FORM_BYTES_MAX */
#define ASG_FORM_NAME_MAX  512   /* bytes of a name, decoded */
#define ASG_FORM_DEPTH_MAX 16    /* parts of a name */
#define ASG_FORM_INDEX_MAX 99999

struct asg_form_pair {
    const char *name;
    const char *value; /* "" when there is no '=' */
};

struct asg_form {
    struct asg_form_pair *pairs; /* in order */
    size_t count;
};

/* Read a body or a query. `counts_from_zero`: a list whose first item is number 0 is
 * taken as well and renumbered from 1 (Apache Libcloud and fog send such); else a number
 * 0 stays in its name, for the reader to refuse. ASG_ERR_DENIED: *fault says what is
 * wrong; *ret is left as it was. */
ASG_MUST_USE enum asg_status asg_form_read(const void *body, size_t length,
                                           bool counts_from_zero, struct asg_arena *arena,
                                           struct asg_form *ret,
                                           struct asg_query_fault *fault);

/* Put pairs that were not read from a body in order. */
void asg_form_sort(struct asg_form *form);

/* The value of a whole name; NULL when it is not there. */
const char *asg_form_get(const struct asg_form *form, const char *name);

/* Values of "name.1", "name.2", ... in order, gaps left out. In `arena`; returns how
 * many. */
size_t asg_form_list(const struct asg_form *form, const char *name,
                     struct asg_arena *arena, const char ***ret);

/* The numbers N for which "name.N" or "name.N.anything" is there, in order. */
size_t asg_form_numbers(const struct asg_form *form, const char *name,
                        struct asg_arena *arena, uint32_t **ret);

/* --- for readers that walk it --- */

/* The pairs that begin with the same path; `skip` bytes of each name are read already. */
struct asg_form_part {
    const struct asg_form_pair *pairs;
    size_t count;
    size_t skip;
};

/* The whole form as a part. */
struct asg_form_part asg_form_all(const struct asg_form *form);

/* The value of the path itself, when it has one (it is the first pair then); or NULL. */
const char *asg_form_value(const struct asg_form_part *part);

/* Take the next child off the front of *rest: its name into *ret_name (ret_length bytes,
 * not closed by a zero) and what is below it into *ret. False when nothing is left. Begin
 * with a copy of the part; its own value is no child and is passed over. */
bool asg_form_next(struct asg_form_part *rest, const char **ret_name, size_t *ret_length,
                   struct asg_form_part *ret);

/* The number that a child's name is, -1 when it is none: digits only, no zero in front of
 * others, ASG_FORM_INDEX_MAX at most. */
int64_t asg_form_index(const char *name, size_t length);

#endif
