/* boot_script - user data to files that can be run: a script, or MIME parts with some. */
#include "ec2local/boot_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "crypto/crypto.h"

#define QUOTE 0x22 /* the character itself */

/* A piece of text that somebody else owns. */
struct span {
    const char *text;
    size_t length;
};

static enum asg_status write_whole(const char *path, struct span span, mode_t mode,
                                   struct asg_error *error)
{
    (void)unlink(path); /* a start after a stop writes anew */
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool is_written =
        file >= 0 && write(file, span.text, span.length) == (ssize_t)span.length;
    int reason = errno;
    if (file >= 0) (void)close(file);
    if (is_written) return ASG_OK;
    return asg_fail(error, ASG_ERR_IO, "cannot write %s: %s", path, strerror(reason));
}

static bool begins(struct span span, const char *text)
{
    size_t length = strlen(text);
    return span.length >= length && strncasecmp(span.text, text, length) == 0;
}

static enum asg_status add_script(const char *folder, struct span span,
                                  struct boot_scripts *scripts, struct asg_error *error)
{
    if (scripts->count == BOOT_SCRIPTS_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT, "more than %d scripts in the user data",
                        BOOT_SCRIPTS_MAX);
    }
    char *path = scripts->paths[scripts->count];
    int length =
        snprintf(path, BOOT_PATH_BYTES, "%s/part-%03zu", folder, scripts->count + 1);
    if (length >= BOOT_PATH_BYTES) {
        return asg_fail(error, ASG_ERR_LIMIT, "the path %s/part-001 is too long", folder);
    }
    enum asg_status status = write_whole(path, span, 0700, error);
    if (status == ASG_OK) scripts->count++;
    return status;
}

/* --- MIME --- */

/* The next line with its end; the rest of the span is moved on. */
static struct span take_line(struct span *rest)
{
    const char *end = memchr(rest->text, '\n', rest->length);
    size_t length = end == NULL ? rest->length : (size_t)(end - rest->text) + 1;
    struct span line = {rest->text, length};
    rest->text += length;
    rest->length -= length;
    return line;
}

static bool is_blank(struct span line)
{
    for (size_t i = 0; i < line.length; i++) {
        if (line.text[i] != '\r' && line.text[i] != '\n') return false;
    }
    return true;
}

struct part_headers {
    bool is_script;
    bool is_base64;
    char boundary[80];
};

static void read_boundary(struct span line, char ret[80])
{
    for (size_t i = 0; i + 9 < line.length; i++) {
        if (strncasecmp(line.text + i, "boundary=", 9) != 0) continue;
        const char *at = line.text + i + 9;
        const char *end = line.text + line.length;
        const char *stops = at < end && *at == QUOTE ? "\"" : " ;\r\n";
        if (at < end && *at == QUOTE) at++;
        size_t length = 0;
        while (at < end && strchr(stops, *at) == NULL && length < 79) {
            ret[length++] = *at++;
        }
        ret[length] = '\0';
        return;
    }
}

/* Read up to and with the blank line. */
static void read_headers(struct span *rest, struct part_headers *ret)
{
    while (rest->length > 0) {
        struct span line = take_line(rest);
        if (is_blank(line)) return;
        if (begins(line, "content-type: text/x-shellscript")) ret->is_script = true;
        if (begins(line, "content-transfer-encoding: base64")) ret->is_base64 = true;
        read_boundary(line, ret->boundary);
    }
}

static enum asg_status add_part(const char *folder, struct span part,
                                struct boot_scripts *scripts, struct asg_error *error)
{
    struct part_headers headers = {0};
    read_headers(&part, &headers);
    if (!headers.is_script) return ASG_OK;
    if (!headers.is_base64) return add_script(folder, part, scripts, error);
    char *text = strndup(part.text, part.length);
    char *decoded = asg_alloc(part.length + 3, 1);
    size_t length = 0;
    enum asg_status status = asg_base64_decode(text, decoded, &length);
    if (status == ASG_OK) {
        status = add_script(folder, (struct span){decoded, length}, scripts, error);
    } else {
        (void)asg_fail(error, status, "a part of the user data is not base64");
    }
    free(text);
    free(decoded);
    return status;
}

static enum asg_status add_parts(const char *folder, struct span whole,
                                 struct boot_scripts *scripts, struct asg_error *error)
{
    struct part_headers headers = {0};
    read_headers(&whole, &headers);
    size_t length = strlen(headers.boundary);
    struct span part = {0};
    while (length > 0 && whole.length > 0) {
        struct span line = take_line(&whole);
        bool is_border = line.length >= length + 2 && memcmp(line.text, "--", 2) == 0 &&
                         memcmp(line.text + 2, headers.boundary, length) == 0;
        if (!is_border) {
            if (part.text != NULL) part.length += line.length;
            continue;
        }
        if (part.text != NULL) {
            enum asg_status status = add_part(folder, part, scripts, error);
            if (status != ASG_OK) return status;
        }
        part = (struct span){whole.text, 0};
    }
    if (scripts->count == 0) scripts->why = "its MIME parts hold no shell script";
    return ASG_OK;
}

/* --- all of it --- */

static enum asg_status write_scripts(const char *folder, struct span span,
                                     struct boot_scripts *ret, struct asg_error *error)
{
    char path[BOOT_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/user-data", folder);
    enum asg_status status = write_whole(path, span, 0600, error);
    if (status != ASG_OK) return status;
    if (begins(span, "#!")) return add_script(folder, span, ret, error);
    if (begins(span, "content-type: multipart") || begins(span, "mime-version:")) {
        return add_parts(folder, span, ret, error);
    }
    ret->why =
        begins(span, "\x1f\x8b") ? "it is compressed" : "it does not begin with #!";
    return ASG_OK;
}

enum asg_status asg_boot_write_scripts(const char *folder, const char *user_data,
                                       struct boot_scripts *ret, struct asg_error *error)
{
    ret->count = 0;
    ret->why = "there is none";
    if (user_data == NULL || user_data[0] == '\0') return ASG_OK;
    char *decoded = asg_alloc(3 * (strlen(user_data) / 4) + 3, 1);
    size_t length = 0;
    enum asg_status status = asg_base64_decode(user_data, decoded, &length);
    if (status == ASG_OK) {
        status = write_scripts(folder, (struct span){decoded, length}, ret, error);
    } else {
        (void)asg_fail(error, status, "the user data is not base64");
    }
    free(decoded);
    return status;
}
