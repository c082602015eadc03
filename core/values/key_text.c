#include "core/values/key_text.h"

#include <assert.h>
#include <string.h>

/* ZeroMQ RFC 32: five characters of these are four bytes, highest first. */
static const char z85[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                          ".-:+=^!/*?&<>()[]{}@%$#";
static const char hex[] = "0123456789abcdef";

#define Z85_BASE 85
#define WORDS    (ASG_KEY_BYTES / 4)

static_assert(sizeof z85 - 1 == Z85_BASE, "one character a digit");
static_assert(ASG_CURVE_KEY_CHARS == WORDS * 5, "five characters a word");
static_assert(ASG_TLS_KEY_CHARS == ASG_KEY_BYTES * 2, "two digits a byte");

/* -1: the character is none of them. */
static int digit_of(const char *digits, char character)
{
    const char *at = character != '\0' ? strchr(digits, character) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

bool asg_key_read_curve(const char *text, uint8_t ret[ASG_KEY_BYTES])
{
    if (text == NULL || strlen(text) != ASG_CURVE_KEY_CHARS) return false;
    uint8_t key[ASG_KEY_BYTES];
    for (int word = 0; word < WORDS; word++) {
        uint64_t value = 0;
        for (int i = 0; i < 5; i++) {
            int digit = digit_of(z85, text[word * 5 + i]);
            if (digit < 0) return false;
            value = value * Z85_BASE + (uint64_t)digit;
        }
        if (value > UINT32_MAX) return false;
        for (int i = 0; i < 4; i++) {
            key[word * 4 + i] = (uint8_t)(value >> (24 - 8 * i));
        }
    }
    memcpy(ret, key, sizeof key);
    return true;
}

bool asg_key_read_tls(const char *text, uint8_t ret[ASG_KEY_BYTES])
{
    if (text == NULL || strlen(text) != ASG_TLS_KEY_CHARS) return false;
    uint8_t key[ASG_KEY_BYTES];
    for (size_t i = 0; i < ASG_KEY_BYTES; i++) {
        int high = digit_of(hex, text[2 * i]);
        int low = digit_of(hex, text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        key[i] = (uint8_t)(high * 16 + low);
    }
    memcpy(ret, key, sizeof key);
    return true;
}

void asg_key_write_curve(const uint8_t key[ASG_KEY_BYTES],
                         char ret[ASG_CURVE_KEY_CHARS + 1])
{
    for (int word = 0; word < WORDS; word++) {
        uint32_t value = 0;
        for (int i = 0; i < 4; i++) {
            value = value << 8 | key[word * 4 + i];
        }
        for (int i = 4; i >= 0; i--) {
            ret[word * 5 + i] = z85[value % Z85_BASE];
            value /= Z85_BASE;
        }
        assert(value == 0);
    }
    ret[ASG_CURVE_KEY_CHARS] = '\0';
}

void asg_key_write_tls(const uint8_t key[ASG_KEY_BYTES], char ret[ASG_TLS_KEY_CHARS + 1])
{
    for (size_t i = 0; i < ASG_KEY_BYTES; i++) {
        ret[2 * i] = hex[key[i] >> 4];
        ret[2 * i + 1] = hex[key[i] & 15];
    }
    ret[ASG_TLS_KEY_CHARS] = '\0';
}
