#include "base/escape.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/utf8.h"

#define ESCAPE_SIZE 8 /* "\u202e" and its zero */
#define PIECE_BYTES 1024

static bool is_layout(char byte)
{
    return byte == '\t' || byte == '\n' || byte == '\r';
}

/* The next character of the text, as it is shown, in `ret`; *ret_taken bytes of it. */
static size_t show_next(const char *text, size_t left, enum asg_layout layout,
                        char ret[ESCAPE_SIZE], size_t *ret_taken)
{
    size_t step = asg_utf8_step(text, left);
    *ret_taken = step > 0 ? step : 1; /* no character: a byte by itself */
    unsigned byte = (unsigned char)text[0];
    if (is_layout(text[0])) {
        ret[0] = layout == ASG_LAYOUT_BLANK ? ' ' : text[0];
        return 1;
    }
    if (step == 0 && byte >= 0x80 && byte < 0xa0) {
        return (size_t)snprintf(ret, ESCAPE_SIZE, "\\x%02x", byte);
    }
    unsigned control = step > 0 ? asg_utf8_control_at(text, step) : 0;
    if (control > 0 || byte == 0) {
        return (size_t)snprintf(ret, ESCAPE_SIZE, "\\u%04x", control);
    }
    memcpy(ret, text, *ret_taken);
    return *ret_taken;
}

/* As much as `ret` has room for; *ret_taken bytes of the text are in it. */
static size_t fill(const char *text, size_t length, enum asg_layout layout, char *ret,
                   size_t size, size_t *ret_taken)
{
    size_t used = 0;
    size_t at = 0;
    while (at < length) {
        char shown[ESCAPE_SIZE];
        size_t taken = 0;
        size_t wide = show_next(text + at, length - at, layout, shown, &taken);
        if (wide > size - used) break;
        memcpy(ret + used, shown, wide);
        used += wide;
        at += taken;
    }
    *ret_taken = at;
    return used;
}

size_t asg_escape(const char *text, size_t length, enum asg_layout layout, char *ret,
                  size_t size)
{
    size_t taken = 0;
    size_t used = fill(text, length, layout, ret, size - 1, &taken);
    ret[used] = '\0';
    return used;
}

void asg_escape_append(const char *text, size_t length, enum asg_layout layout,
                       struct asg_bytes *ret)
{
    size_t taken = 0;
    for (size_t at = 0; at < length; at += taken) {
        size_t most = length - at > PIECE_BYTES ? PIECE_BYTES : length - at;
        /* A piece is not cut inside a character. */
        uint8_t *room = asg_bytes_reserve(ret, most + ESCAPE_SIZE);
        ret->length += fill(text + at, length - at, layout, (char *)room,
                            most + ESCAPE_SIZE, &taken);
    }
}

void asg_escape_in_place(char *text, size_t size)
{
    size_t length = strlen(text);
    size_t plain = 0;
    while (plain < length && (unsigned char)text[plain] >= 0x20 &&
           (unsigned char)text[plain] < 0x7f) {
        plain++;
    }
    if (plain == length) return;
    struct asg_bytes copy = {0};
    asg_bytes_append_text(&copy, text);
    (void)asg_escape((const char *)copy.data, copy.length, ASG_LAYOUT_KEPT, text, size);
    asg_bytes_clear(&copy);
}

const char *asg_shell_word(const char *text, char *ret, size_t size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-+=/:.,@";
    bool is_plain = text[0] != '\0' && strspn(text, plain) == strlen(text);
    if (is_plain) {
        (void)snprintf(ret, size, "%s", text);
        return ret;
    }
    size_t used = 0;
    ret[used++] = '\'';
    for (; *text != '\0'; text++) {
        if (used + 6 > size) break; /* an escaped quote, the last one and the zero */
        if (*text == '\'') {
            memcpy(ret + used, "'\\''", 4);
            used += 4;
        } else {
            ret[used++] = *text;
        }
    }
    ret[used++] = '\'';
    ret[used] = '\0';
    return ret;
}
