#include "worker/join_user_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/ec2_actions.h"
#include "base/bytes.h"
#include "crypto/crypto.h"

#define USER_DATA_MAX  ((size_t)ASG_EC2_USER_DATA_MAX)
#define BASE64_MAX     (2 * USER_DATA_MAX) /* line breaks included, with room */
#define MIME_LOOK      4096 /* how far cloud-init looks for "mime-version:" */
#define BOUNDARY_BYTES 72   /* RFC 2046: at most 70 characters */
#define BASE64_LINE    76
#define BASE64_PART    ((size_t)57) /* bytes that make such a line */

struct text {
    const char *data;
    size_t length;
};

static bool begins(struct text text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length >= length && strncasecmp(text.data, prefix, length) == 0;
}

static struct text skip(struct text text, size_t length)
{
    return (struct text){text.data + length, text.length - length};
}

/* The first line without its end; the text is moved behind it. */
static struct text take_line(struct text *rest)
{
    const char *end = memchr(rest->data, '\n', rest->length);
    size_t length = end == NULL ? rest->length : (size_t)(end - rest->data);
    struct text line = {rest->data, length};
    *rest = skip(*rest, end == NULL ? length : length + 1);
    if (line.length > 0 && line.data[line.length - 1] == '\r') line.length--;
    return line;
}

static bool has(struct text text, const char *part)
{
    size_t length = strlen(part);
    for (size_t i = 0; i + length <= text.length; i++) {
        if (strncasecmp(text.data + i, part, length) == 0) return true;
    }
    return false;
}

static void append_line(struct asg_bytes *out, const char *line)
{
    if (out->length > 0 && out->data[out->length - 1] != '\n') {
        asg_bytes_append_byte(out, '\n');
    }
    asg_bytes_append_text(out, line);
    if (out->data[out->length - 1] != '\n') asg_bytes_append_byte(out, '\n');
}

/* ---- gzip: a second member, stored without compression (RFC 1951, 1952) ---- */

static uint32_t crc32_of(const uint8_t *data, size_t length)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? UINT32_C(0xedb88320) : 0);
        }
    }
    return ~crc;
}

static void append_little_endian(struct asg_bytes *out, uint32_t number, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        asg_bytes_append_byte(out, (uint8_t)(number >> 8 * i));
    }
}

static void join_gzip(struct text data, const char *stanza, struct asg_bytes *out)
{
    static const uint8_t header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
    struct asg_bytes line = {0};
    asg_bytes_append_byte(&line, '\n'); /* what is before may not end in one */
    append_line(&line, stanza);
    asg_bytes_append(out, data.data, data.length);
    asg_bytes_append(out, header, sizeof header);
    asg_bytes_append_byte(out, 1); /* the last block, stored */
    append_little_endian(out, (uint32_t)line.length, 2);
    append_little_endian(out, ~(uint32_t)line.length, 2);
    asg_bytes_append(out, line.data, line.length);
    append_little_endian(out, crc32_of(line.data, line.length), 4);
    append_little_endian(out, (uint32_t)line.length, 4);
    asg_secret_wipe(line.data, line.length);
    asg_bytes_clear(&line);
}

/* ---- MIME ---- */

static bool is_mime(struct text data)
{
    if (begins(data, "content-type:") || begins(data, "mime-version:")) return true;
    struct text start = data;
    if (start.length > MIME_LOOK) start.length = MIME_LOOK;
    struct text rest = data;
    struct text line = take_line(&rest);
    return line.length > 0 && line.data[0] != '#' &&
           memchr(line.data, ':', line.length) && has(start, "\nmime-version:");
}

/* The boundary of a multipart message, out of its headers; "" when it is none. */
static void read_boundary(struct text rest, char ret[BOUNDARY_BYTES])
{
    bool is_type = false;
    ret[0] = '\0';
    while (rest.length > 0) {
        struct text line = take_line(&rest);
        if (line.length == 0) return;
        bool is_folded = line.data[0] == ' ' || line.data[0] == '\t';
        if (!is_folded) is_type = begins(line, "content-type:");
        if (!is_type) continue;
        for (; line.length > 9; line = skip(line, 1)) {
            if (begins(line, "boundary=")) break;
        }
        if (line.length <= 9) continue;
        line = skip(line, 9);
        const char *stops = line.data[0] == '"' ? "\"" : " \t;";
        if (line.data[0] == '"') line = skip(line, 1);
        size_t length = 0;
        while (length < line.length && length < BOUNDARY_BYTES - 1 &&
               strchr(stops, line.data[length]) == NULL) {
            ret[length] = line.data[length];
            length++;
        }
        ret[length] = '\0';
        return;
    }
}

static bool is_closed(struct text rest, const char *boundary)
{
    size_t length = strlen(boundary);
    while (rest.length > 0) {
        struct text line = take_line(&rest);
        if (line.length >= length + 4 && memcmp(line.data, "--", 2) == 0 &&
            memcmp(line.data + 2, boundary, length) == 0 &&
            memcmp(line.data + 2 + length, "--", 2) == 0) {
            return true;
        }
    }
    return false;
}

/* Behind its end a message has no meaning: readers skip what stands there. */
static void join_multipart(struct text data, const char *boundary, const char *stanza,
                           struct asg_bytes *out)
{
    asg_bytes_append(out, data.data, data.length);
    if (!is_closed(data, boundary)) {
        char end[BOUNDARY_BYTES + 8];
        (void)snprintf(end, sizeof end, "--%s--", boundary);
        append_line(out, end);
    }
    append_line(out, stanza);
}

/* Bytes that a reader of MIME may change on the way. */
static bool needs_base64(struct text data)
{
    for (size_t i = 0; i < data.length; i++) {
        unsigned char byte = (unsigned char)data.data[i];
        bool is_plain = (byte >= 0x20 && byte < 0x7f) || byte == '\n' || byte == '\t';
        if (!is_plain) return true;
    }
    return false;
}

static void append_base64(struct asg_bytes *out, struct text data)
{
    while (data.length > 0) {
        size_t part = data.length < BASE64_PART ? data.length : BASE64_PART;
        char line[BASE64_LINE + 1];
        asg_base64_encode(data.data, part, line);
        asg_bytes_append_text(out, line);
        data = skip(data, part);
        if (data.length > 0) asg_bytes_append_byte(out, '\n');
    }
}

/* One message around the data. `type` NULL: the data has headers of its own. */
static void join_wrapped(struct text data, const char *type, const char *stanza,
                         struct asg_bytes *out)
{
    uint8_t hash[ASG_SHA256_BYTES];
    char boundary[33];
    asg_sha256(data.data, data.length, hash); /* so that it stands in no line of it */
    asg_hex_encode(hash, 16, boundary);
    asg_bytes_printf(out,
                     "MIME-Version: 1.0\nContent-Type: multipart/mixed; "
                     "boundary=\"openasg-%s\"\n\n--openasg-%s\n",
                     boundary, boundary);
    if (type == NULL) {
        asg_bytes_append(out, data.data, data.length);
    } else if (needs_base64(data)) {
        asg_bytes_printf(out, "Content-Type: %s\nContent-Transfer-Encoding: base64\n\n",
                         type);
        append_base64(out, data);
    } else {
        asg_bytes_printf(out, "Content-Type: %s\n\n", type);
        asg_bytes_append(out, data.data, data.length);
    }
    asg_bytes_printf(out, "\n--openasg-%s--\n", boundary);
    append_line(out, stanza);
}

/* ---- which form ---- */

/* The name of the program behind "#!", env looked through. */
static struct text interpreter(struct text line)
{
    struct text word = {line.data, 0};
    line = skip(line, 2);
    while (line.length > 0) {
        while (line.length > 0 && (line.data[0] == ' ' || line.data[0] == '\t')) {
            line = skip(line, 1);
        }
        size_t length = 0;
        while (length < line.length && line.data[length] != ' ' &&
               line.data[length] != '\t') {
            length++;
        }
        word = (struct text){line.data, length};
        line = skip(line, length);
        const char *slash = memrchr(word.data, '/', word.length);
        if (slash != NULL) word = skip(word, (size_t)(slash - word.data) + 1);
        bool is_env = word.length == 3 && memcmp(word.data, "env", 3) == 0;
        bool is_option = word.length > 0 && word.data[0] == '-';
        if (!is_env && !is_option) break;
    }
    return word;
}

/* Scripts that take a line with "#" at their end for a comment. */
static bool takes_comment(struct text data)
{
    static const char *const names[] = {"sh",  "bash", "dash", "ash",
                                        "ksh", "mksh", "zsh",  "ruby"};
    struct text rest = data;
    struct text name = interpreter(take_line(&rest));
    bool is_known = begins(name, "python");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        is_known =
            is_known || (name.length == strlen(names[i]) && begins(name, names[i]));
    }
    /* Data behind the program: read by itself, it must stay what it is. */
    return is_known && memchr(data.data, 0, data.length) == NULL &&
           !has(data, "\n__END__") && !has(data, "\n__DATA__");
}

static struct text skip_blanks(struct text data)
{
    size_t blanks = 0;
    while (blanks < data.length && data.data[blanks] != 0 &&
           strchr(" \t\r\n\v\f", data.data[blanks]) != NULL) {
        blanks++;
    }
    return skip(data, blanks);
}

/* The type of a part for what takes no line itself; NULL: it takes one. Cloud-init looks
 * for its marks behind blanks too. */
static const char *part_type(struct text data)
{
    data = skip_blanks(data);
    if (begins(data, "## template:")) return "text/jinja2";
    if (begins(data, "#cloud-config-jsonp")) return "text/cloud-config-jsonp";
    if (begins(data, "#!")) return takes_comment(data) ? NULL : "text/x-shellscript";
    if (begins(data, "#cloud-boothook")) {
        struct text rest = data;
        (void)take_line(&rest);
        return begins(rest, "#!") && !takes_comment(rest) ? "text/cloud-boothook" : NULL;
    }
    return NULL;
}

static bool is_json(struct text data)
{
    data = skip_blanks(data);
    return data.length > 0 && data.data[0] == '{';
}

static enum asg_status join_plain(struct text data, const char *stanza,
                                  struct asg_bytes *out, struct asg_error *error)
{
    char boundary[BOUNDARY_BYTES] = "";
    const char *type = part_type(data);
    if (data.length == 0) {
        asg_bytes_append_text(out, "#!/bin/sh\n");
        append_line(out, stanza);
    } else if (data.length >= 2 && memcmp(data.data, "\x1f\x8b", 2) == 0) {
        join_gzip(data, stanza, out);
    } else if (is_mime(data)) {
        read_boundary(data, boundary);
        if (boundary[0] != '\0') {
            join_multipart(data, boundary, stanza, out);
        } else {
            join_wrapped(data, NULL, stanza, out);
        }
    } else if (type != NULL) {
        join_wrapped(data, type, stanza, out);
    } else if (is_json(data)) {
        return asg_fail(
            error, ASG_ERR_UNSUPPORTED,
            "the template's user data is JSON, which cannot carry the agent's "
            "join line: use another form (docs/launch.md)");
    } else {
        asg_bytes_append(out, data.data, data.length);
        append_line(out, stanza);
    }
    return ASG_OK;
}

enum asg_status asg_user_data_join(const char *base64, const char *stanza,
                                   struct asg_arena *arena, const char **ret,
                                   struct asg_error *error)
{
    if (strlen(base64) > BASE64_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT,
                        "the template's user data is larger than EC2 allows");
    }
    uint8_t *plain = asg_alloc(strlen(base64) / 4 * 3 + 3, 1);
    size_t length = 0;
    enum asg_status status = asg_base64_decode(base64, plain, &length);
    if (status != ASG_OK) {
        free(plain);
        return asg_fail(error, status, "the template's user data is not base64");
    }
    struct asg_bytes joined = {0};
    status =
        join_plain((struct text){(const char *)plain, length}, stanza, &joined, error);
    free(plain);
    if (status == ASG_OK && joined.length > USER_DATA_MAX) {
        status =
            asg_fail(error, ASG_ERR_LIMIT,
                     "user data is %zu bytes with the line for the agent, EC2 takes "
                     "%d: shorten it by %zu",
                     joined.length, ASG_EC2_USER_DATA_MAX, joined.length - USER_DATA_MAX);
    }
    if (status == ASG_OK) {
        char *text = asg_arena_take(arena, 4 * ((joined.length + 2) / 3) + 1);
        asg_base64_encode(joined.data, joined.length, text);
        *ret = text;
    }
    asg_secret_wipe(joined.data, joined.length);
    asg_bytes_clear(&joined);
    return status;
}
