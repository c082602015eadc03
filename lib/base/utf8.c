#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* Bytes that follow a lead byte; -1: it leads nothing. */
static int bytes_after(uint8_t lead)
{
    if (lead < 0x80) return 0;
    if (lead < 0xc2 || lead > 0xf4) return -1;
    return lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
}

static bool is_continued(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Length of the whole character at `bytes`, of which `left` are there; 0: none is. */
static size_t character_length(const uint8_t *bytes, size_t left)
{
    uint8_t lead = bytes[0];
    int more = bytes_after(lead);
    if (lead == 0 || more < 0 || left <= (size_t)more) return 0;
    if (more == 0) return 1;
    uint8_t second = bytes[1];
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
        return 0;
    }
    for (int i = 1; i <= more; i++) {
        if (!is_continued(bytes[i])) return 0;
    }
    return (size_t)more + 1;
}

size_t asg_utf8_step(const char *text, size_t left)
{
    return character_length((const uint8_t *)text, left);
}

bool asg_utf8_is_valid(const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t i = 0;
    while (i < length) {
        if (bytes[i] != 0 && bytes[i] < 0x80) {
            i++;
            continue;
        }
        size_t step = character_length(bytes + i, length - i);
        if (step == 0) return false;
        i += step;
    }
    return true;
}

size_t asg_utf8_count(const char *text)
{
    size_t left = strlen(text);
    size_t count = 0;
    for (; left > 0; count++) {
        size_t step = asg_utf8_step(text, left);
        if (step == 0) step = 1;
        text += step;
        left -= step;
    }
    return count;
}

/* Where the last character of the first `length` bytes begins, if it is cut off there;
 * otherwise `length`. */
static size_t whole_length(const uint8_t *bytes, size_t length)
{
    size_t start = length;
    for (int back = 0; back < 3 && start > 0 && is_continued(bytes[start - 1]); back++) {
        start--;
    }
    if (start == 0) return length;
    int more = bytes_after(bytes[start - 1]);
    bool is_cut = more > 0 && length - start < (size_t)more;
    return is_cut ? start - 1 : length;
}

size_t asg_utf8_cut(const char *text, size_t max)
{
    size_t length = strnlen(text, max + 1);
    if (length <= max) return length;
    return whole_length((const uint8_t *)text, max);
}

void asg_utf8_mend(char *text)
{
    size_t length = strlen(text);
    if (asg_utf8_is_valid(text, length)) return;
    size_t kept = 0;
    for (size_t i = 0; i < length;) {
        size_t step = character_length((const uint8_t *)text + i, length - i);
        memmove(text + kept, text + i, step);
        kept += step;
        i += step > 0 ? step : 1;
    }
    text[kept] = '\0';
}

static bool is_control(unsigned code, bool multi_line)
{
    if (multi_line && (code == '\t' || code == '\n' || code == '\r')) return false;
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

/* The code point that a character of `length` bytes is. */
static unsigned code_of(const uint8_t *bytes, size_t length)
{
    if (length == 1) return bytes[0];
    unsigned code = bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        code = code << 6 | (bytes[i] & 0x3fu);
    }
    return code;
}

unsigned asg_utf8_control_at(const char *text, size_t length)
{
    unsigned code = code_of((const uint8_t *)text, length);
    return is_control(code, /* multi_line */ false) ? code : 0;
}

unsigned asg_utf8_find_control(const char *text, bool multi_line)
{
    const uint8_t *at = (const uint8_t *)text;
    while (*at != 0) {
        uint8_t lead = *at++;
        int more = bytes_after(lead);
        unsigned code = more <= 0 ? lead : lead & (0x3fu >> more);
        for (; more > 0 && is_continued(*at); more--) {
            code = code << 6 | (*at++ & 0x3fu);
        }
        if (is_control(code, multi_line)) return code;
    }
    return 0;
}
