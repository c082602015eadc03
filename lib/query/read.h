/* read - a request as its action's shape has it: checked, in a tree of values.
 *
 * Flow:    form -> [read] -> values -> handler
 * Threads: one owner at a time. Blocks: never. Memory: the arena given.
 */
#ifndef ASG_QUERY_READ_H
#define ASG_QUERY_READ_H

#include "base/arena.h"
#include "query/fault.h"
#include "query/form.h"
#include "query/shape.h"

/* How the service writes its requests. */
struct asg_query_style {
    /* "Names.1" (EC2) instead of "Names.member.1"; EC2 has no empty lists. */
    bool is_flat;
    /* Parameters that no member has the name of are refused, not passed over, but for
     * those of open shapes. */
    bool refuses_unknown;
    /* As AWS's model validation does: members that are missing or break their limits are
     * all named, not only the first, and texts hold only what XML can carry (no control
     * characters but tab, line feed and carriage return). What cannot be read still stops
     * it. */
    bool names_all;
};

/* What a member was given. Of a structure `items` are its members that were given, of a
 * list its items in order; a list that was given empty ("Names=") has none. */
struct asg_query_value {
    const struct asg_query_member *member;
    const char *path; /* as the client wrote it */
    const char *text; /* scalars: as it came, never NULL; "" for lists and structures */
    int64_t number;   /* NUMBER; FLAG: 0 or 1; TIME: milliseconds since the epoch */
    double decimal;   /* DECIMAL, finite */
    struct asg_query_value *items;
    size_t count;
};

/* Read the whole form as a structure of this shape. Names in `passed_over` (closed by
 * NULL; "Action", "Version") are known to the caller and no parameters. ASG_ERR_DENIED:
 * *fault names the parameter; *ret is left as it was. */
ASG_MUST_USE enum asg_status asg_query_read(
    const struct asg_form *form, const struct asg_query_shape *shape,
    const struct asg_query_style *style, const char *const *passed_over,
    struct asg_arena *arena, struct asg_query_value *ret, struct asg_query_fault *fault);

/* A member of a structure by its name; NULL when it was not given. */
const struct asg_query_value *asg_value_find(const struct asg_query_value *value,
                                             const char *name);

/* What it says; `otherwise` when it was not given. */
const char *asg_value_text(const struct asg_query_value *value, const char *name,
                           const char *otherwise);
int64_t asg_value_number(const struct asg_query_value *value, const char *name,
                         int64_t otherwise);
bool asg_value_flag(const struct asg_query_value *value, const char *name,
                    bool otherwise);

/* The items of a list, none when it was not given: *ret_count says how many. */
const struct asg_query_value *asg_value_items(const struct asg_query_value *value,
                                              const char *name, size_t *ret_count);

/* What was read, below `value`, as pairs in the order of a form: names from there on,
 * items counted from 1 without gaps, flags as "true" and "false", an empty list as its
 * name alone. In `arena`; returns how many. */
size_t asg_value_pairs(const struct asg_query_value *value, struct asg_arena *arena,
                       struct asg_form_pair **ret);

#endif
