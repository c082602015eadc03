/* bytes - a growing buffer: what encoders write into.
 * Threads: one owner at a time. */
#ifndef ASG_BASE_BYTES_H
#define ASG_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"

struct asg_bytes {
    uint8_t *data; /* NULL while empty */
    size_t length;
    size_t capacity;
};

/* Frees the memory and leaves an empty buffer; fine on an empty one. */
void asg_bytes_clear(struct asg_bytes *bytes);

/* Forget the contents, keep the memory. */
void asg_bytes_reset(struct asg_bytes *bytes);

/* These bytes instead of the old ones, in no more room than they need. */
void asg_bytes_set(struct asg_bytes *bytes, const void *data, size_t length);

void asg_bytes_widen(struct asg_bytes *bytes, size_t more); /* for the next one */

/* Room for `more` further bytes; returns where they start. length is unchanged. */
static inline uint8_t *asg_bytes_reserve(struct asg_bytes *bytes, size_t more)
{
    if (more > bytes->capacity - bytes->length) asg_bytes_widen(bytes, more);
    return bytes->data + bytes->length;
}

static inline void asg_bytes_append(struct asg_bytes *bytes, const void *data,
                                    size_t length)
{
    if (length == 0) return;
    memcpy(asg_bytes_reserve(bytes, length), data, length);
    bytes->length += length;
}

static inline void asg_bytes_append_text(struct asg_bytes *bytes, const char *text)
{
    asg_bytes_append(bytes, text, strlen(text));
}

static inline void asg_bytes_append_byte(struct asg_bytes *bytes, uint8_t byte)
{
    *asg_bytes_reserve(bytes, 1) = byte;
    bytes->length++;
}

void asg_bytes_printf(struct asg_bytes *bytes, const char *format, ...) ASG_PRINTF(2, 3);

/* The contents with a closing zero byte that length does not count; never NULL. */
const char *asg_bytes_text(struct asg_bytes *bytes);

#endif
