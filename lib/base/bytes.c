#include "base/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

void asg_bytes_clear(struct asg_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct asg_bytes){0};
}

void asg_bytes_reset(struct asg_bytes *bytes)
{
    bytes->length = 0;
}

void asg_bytes_set(struct asg_bytes *bytes, const void *data, size_t length)
{
    if (length > bytes->capacity) {
        bytes->data = asg_realloc(bytes->data, length, 1);
        bytes->capacity = length;
    }
    if (length > 0) memcpy(bytes->data, data, length);
    bytes->length = length;
}

void asg_bytes_widen(struct asg_bytes *bytes, size_t more)
{
    assert(more <= SIZE_MAX / 2 - bytes->length);
    size_t wanted = bytes->length + more;
    size_t capacity = bytes->capacity == 0 ? 256 : bytes->capacity;
    while (capacity < wanted) {
        capacity *= 2;
    }
    bytes->data = asg_realloc(bytes->data, capacity, 1);
    bytes->capacity = capacity;
}

void asg_bytes_printf(struct asg_bytes *bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);
    char *place = (char *)asg_bytes_reserve(bytes, (size_t)length + 1);
    (void)vsnprintf(place, (size_t)length + 1, format, again);
    va_end(again);
    bytes->length += (size_t)length;
}

const char *asg_bytes_text(struct asg_bytes *bytes)
{
    *asg_bytes_reserve(bytes, 1) = '\0';
    return (const char *)bytes->data;
}
