/* bytes - a growing buffer: what encoders write into.
 * Threads: one owner at a time. */
#ifndef ASG_BASE_BYTES_H
#define ASG_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

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

/* Room for `more` further bytes; returns where they start. length is unchanged. */
uint8_t *asg_bytes_reserve(struct asg_bytes *bytes, size_t more);

void asg_bytes_append(struct asg_bytes *bytes, const void *data, size_t length);
void asg_bytes_append_text(struct asg_bytes *bytes, const char *text);
void asg_bytes_append_byte(struct asg_bytes *bytes, uint8_t byte);
void asg_bytes_printf(struct asg_bytes *bytes, const char *format, ...) ASG_PRINTF(2, 3);

/* The contents with a closing zero byte that length does not count; never NULL. */
const char *asg_bytes_text(struct asg_bytes *bytes);

#endif
