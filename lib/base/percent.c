#include "base/percent.h"

#include <stdint.h>

static bool is_unreserved(unsigned char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' ||
           byte == '~';
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

void asg_percent_encode(const char *text, size_t length, bool keeps_slash,
                        struct asg_bytes *ret)
{
    if (length == 0) return;
    static const char digits[] = "0123456789ABCDEF";
    uint8_t *out = asg_bytes_reserve(ret, 3 * length);
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (is_unreserved(byte) || (keeps_slash && byte == '/')) {
            out[used++] = byte;
        } else {
            out[used++] = '%';
            out[used++] = (uint8_t)digits[byte >> 4];
            out[used++] = (uint8_t)digits[byte & 15];
        }
    }
    ret->length += used;
}

void asg_percent_decode(const char *text, size_t length, bool plus_is_space,
                        struct asg_bytes *ret)
{
    if (length == 0) return;
    uint8_t *out = asg_bytes_reserve(ret, length);
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        int high = -1;
        int low = -1;
        if (text[i] == '%' && length - i > 2) {
            high = hex_value(text[i + 1]);
            low = hex_value(text[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            out[used++] = (uint8_t)(high * 16 + low);
            i += 2;
        } else if (plus_is_space && text[i] == '+') {
            out[used++] = ' ';
        } else {
            out[used++] = (uint8_t)text[i];
        }
    }
    ret->length += used;
}
