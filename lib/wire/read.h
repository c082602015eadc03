/* read - a bounded cursor over msgpack bytes, by hand: twice as fast as msgpack-c's
 * unpacker and nothing is allocated before its length is checked against the bytes
 * that are left (docs/decisions/0006-msgpack.md). Inside lib/wire only. */
#ifndef ASG_WIRE_READ_H
#define ASG_WIRE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct asg_field;

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    size_t room;                 /* bytes of structs that may still be made of it */
    const struct asg_field *bad; /* the innermost field that could not be read */
    const char *bad_struct;      /* of which struct */
};

/* Numbers that are more than their tag. */
bool read_wide_unsigned(struct cursor *cursor, uint64_t *ret);
bool read_wide_signed(struct cursor *cursor, int64_t *ret);

/* Each reads one item and moves on; false leaves the cursor anywhere: give up. */
static inline bool read_unsigned(struct cursor *cursor, uint64_t *ret)
{
    if (cursor->at == cursor->end || *cursor->at >= 0x80) {
        return read_wide_unsigned(cursor, ret);
    }
    *ret = *cursor->at++;
    return true;
}

static inline bool read_signed(struct cursor *cursor, int64_t *ret)
{
    if (cursor->at == cursor->end || *cursor->at >= 0x80) {
        return read_wide_signed(cursor, ret);
    }
    *ret = *cursor->at++;
    return true;
}

bool read_bool(struct cursor *cursor, bool *ret);
bool read_text(struct cursor *cursor, size_t limit, const char **ret, size_t *ret_length);
bool read_blob(struct cursor *cursor, size_t limit, const uint8_t **ret, size_t *length);
bool read_nil(struct cursor *cursor); /* false and unmoved when it is something else */

/* Count of an array's items; at most as many as there are bytes left. */
bool read_array(struct cursor *cursor, size_t *ret);

/* Step over one item of any kind, nested at most `depth` deep. */
bool skip_item(struct cursor *cursor, unsigned depth);

#endif
