#include "aws/json_texts.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "crypto/crypto.h"

struct reader {
    const char *at;
    const char *end;
    char *text; /* of the string read last, decoded; as long as the whole input */
    size_t text_length;
    int depth;
    bool is_too_deep;
};

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL &&
           *reader->at != '\0') {
        reader->at++;
    }
}

static bool take(struct reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c) return false;
    reader->at++;
    return true;
}

static void put_code_point(struct reader *reader, uint32_t code)
{
    char *out = reader->text + reader->text_length;
    size_t length = 0;
    if (code < 0x80) {
        out[length++] = (char)code;
    } else if (code < 0x800) {
        out[length++] = (char)(0xc0 | code >> 6);
        out[length++] = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        out[length++] = (char)(0xe0 | code >> 12);
        out[length++] = (char)(0x80 | (code >> 6 & 0x3f));
        out[length++] = (char)(0x80 | (code & 0x3f));
    } else {
        out[length++] = (char)(0xf0 | code >> 18);
        out[length++] = (char)(0x80 | (code >> 12 & 0x3f));
        out[length++] = (char)(0x80 | (code >> 6 & 0x3f));
        out[length++] = (char)(0x80 | (code & 0x3f));
    }
    reader->text_length += length;
}

/* Four hex digits. */
static bool take_unit(struct reader *reader, uint32_t *ret)
{
    uint8_t bytes[2];
    char digits[5] = "";
    if (reader->end - reader->at < 4) return false;
    memcpy(digits, reader->at, 4);
    if (asg_hex_decode(digits, bytes, 2) != ASG_OK) return false;
    reader->at += 4;
    *ret = (uint32_t)(bytes[0] << 8 | bytes[1]);
    return true;
}

static bool take_unicode(struct reader *reader)
{
    uint32_t code = 0;
    uint32_t low = 0;
    if (!take_unit(reader, &code)) return false;
    if (code >= 0xd800 && code <= 0xdbff) {
        if (!take(reader, '\\') || !take(reader, 'u') || !take_unit(reader, &low) ||
            low < 0xdc00 || low > 0xdfff) {
            return false;
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
        return false;
    }
    put_code_point(reader, code);
    return true;
}

static bool take_string(struct reader *reader)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    reader->text_length = 0;
    if (!take(reader, '"')) return false;
    while (reader->at < reader->end) {
        char c = *reader->at++;
        if (c == '"') return true;
        if ((unsigned char)c < 0x20) return false;
        if (c != '\\') {
            reader->text[reader->text_length++] = c;
            continue;
        }
        if (reader->at == reader->end || *reader->at == '\0') return false;
        c = *reader->at++;
        const char *escape = strchr(escapes, c);
        if (c == 'u' && !take_unicode(reader)) return false;
        if (c != 'u' && escape == NULL) return false;
        if (c != 'u') reader->text[reader->text_length++] = meant[escape - escapes];
    }
    return false;
}

static size_t take_digits(struct reader *reader)
{
    size_t count = 0;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') {
        reader->at++;
        count++;
    }
    return count;
}

static bool take_number(struct reader *reader)
{
    const char *start = reader->at;
    (void)take(reader, '-');
    bool is_zero = reader->at < reader->end && *reader->at == '0';
    size_t whole = take_digits(reader);
    if (whole == 0 || (is_zero && whole > 1)) return false;
    if (take(reader, '.') && take_digits(reader) == 0) return false;
    if (take(reader, 'e') || take(reader, 'E')) {
        if (!take(reader, '+')) (void)take(reader, '-');
        if (take_digits(reader) == 0) return false;
    }
    reader->text_length = (size_t)(reader->at - start);
    memcpy(reader->text, start, reader->text_length);
    return true;
}

static bool take_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length ||
        memcmp(reader->at, word, length) != 0) {
        return false;
    }
    reader->at += length;
    return true;
}

enum kind { KIND_WRONG, KIND_TEXT, KIND_NULL, KIND_OTHER };

static enum kind take_value(struct reader *reader);

/* What stands between the brackets of a list or an object we do not want. */
static bool take_inner(struct reader *reader, char close, bool has_names)
{
    skip_blanks(reader);
    if (take(reader, close)) return true;
    do {
        skip_blanks(reader);
        if (has_names) {
            if (!take_string(reader)) return false;
            skip_blanks(reader);
            if (!take(reader, ':')) return false;
        }
        if (take_value(reader) == KIND_WRONG) return false;
        skip_blanks(reader);
    } while (take(reader, ','));
    return take(reader, close);
}

static enum kind take_nested(struct reader *reader, char close, bool has_names)
{
    if (++reader->depth >= ASG_JSON_DEPTH_MAX) {
        reader->is_too_deep = true;
        return KIND_WRONG;
    }
    bool is_fine = take_inner(reader, close, has_names);
    reader->depth--;
    return is_fine ? KIND_OTHER : KIND_WRONG;
}

static enum kind take_value(struct reader *reader)
{
    skip_blanks(reader);
    if (reader->at == reader->end) return KIND_WRONG;
    switch (*reader->at) {
    case '"': return take_string(reader) ? KIND_TEXT : KIND_WRONG;
    case '{': reader->at++; return take_nested(reader, '}', /* has_names */ true);
    case '[': reader->at++; return take_nested(reader, ']', /* has_names */ false);
    case 'n': return take_word(reader, "null") ? KIND_NULL : KIND_WRONG;
    case 't': return take_word(reader, "true") ? KIND_OTHER : KIND_WRONG;
    case 'f': return take_word(reader, "false") ? KIND_OTHER : KIND_WRONG;
    default: return take_number(reader) ? KIND_TEXT : KIND_WRONG;
    }
}

static bool take_member(struct reader *reader, struct asg_json_member *members,
                        size_t count)
{
    skip_blanks(reader);
    if (!take_string(reader)) return false;
    struct asg_json_member *wanted = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(members[i].name) == reader->text_length &&
            memcmp(members[i].name, reader->text, reader->text_length) == 0) {
            wanted = &members[i];
        }
    }
    skip_blanks(reader);
    if (!take(reader, ':')) return false;
    enum kind kind = take_value(reader);
    if (kind == KIND_WRONG) return false;
    if (wanted == NULL) return true;
    asg_secret_clear(&wanted->value);
    if (kind == KIND_OTHER) return false;
    if (kind == KIND_NULL) return true;
    if (memchr(reader->text, '\0', reader->text_length) != NULL) return false;
    asg_secret_set(&wanted->value, reader->text, reader->text_length);
    return true;
}

static bool read_object(struct reader *reader, struct asg_json_member *members,
                        size_t count)
{
    skip_blanks(reader);
    if (!take(reader, '{')) return false;
    skip_blanks(reader);
    if (!take(reader, '}')) {
        do {
            if (!take_member(reader, members, count)) return false;
            skip_blanks(reader);
        } while (take(reader, ','));
        if (!take(reader, '}')) return false;
    }
    skip_blanks(reader);
    return reader->at == reader->end;
}

enum asg_status asg_json_read_texts(const void *json, size_t length,
                                    struct asg_json_member *members, size_t count)
{
    if (length == 0) return ASG_ERR_MALFORMED;
    /* No escape is shorter than what it means. */
    struct reader reader = {
        .at = json, .end = (const char *)json + length, .text = asg_alloc(length, 1)};
    bool is_fine = read_object(&reader, members, count);
    asg_secret_wipe(reader.text, length);
    free(reader.text);
    if (is_fine) return ASG_OK;
    for (size_t i = 0; i < count; i++) {
        asg_secret_clear(&members[i].value);
    }
    return reader.is_too_deep ? ASG_ERR_LIMIT : ASG_ERR_MALFORMED;
}
