/* compare_fields - in which fields two structs of the model differ, in the words of a
 * file (text/spell.h). Threads: no state; any. */
#ifndef ASG_CLI_FILES_COMPARE_FIELDS_H
#define ASG_CLI_FILES_COMPARE_FIELDS_H

#include "base/arena.h"
#include "model/schema.h"

struct asg_field_difference {
    const char *field; /* "cooldown", "mixed.spot_pools", "tags[team]" */
    const char *from;  /* empty: there was none */
    const char *to;    /* empty: there is none any more */
};

struct asg_field_differences {
    struct asg_field_difference *items;
    size_t count;
    size_t capacity;
};

/* Add the fields of `bits` (1 << position in the schema) in which `from` and `to` differ.
 * `from` NULL: all of `bits`, as of something new. Tags, launch parameters, kept members
 * and sources are sets: their order does not count, and each is told by itself. Texts
 * live in `arena`. */
void asg_compare_fields(const struct asg_schema *schema, const void *from, const void *to,
                        uint64_t bits, struct asg_arena *arena,
                        struct asg_field_differences *ret);

/* True when that field of both says the same. */
bool asg_compare_is_same(const struct asg_field *field, const void *from, const void *to);

#endif
