#include "agent/join_line.h"

#include <stdbool.h>
#include <string.h>

#include "agent/proc_file.h"

#define WORD_BYTES_MAX 512
#define KEY_BYTES      40 /* a CURVE key in Z85 */

/* The last line that begins with the mark, after blanks. */
static const char *find_line(const char *data, size_t length, size_t *ret_length)
{
    static const size_t mark_length = sizeof ASG_JOIN_LINE_MARK - 1;
    const char *found = NULL;
    size_t at = 0;
    while (at < length) {
        const char *end = memchr(data + at, '\n', length - at);
        size_t stop = end == NULL ? length : (size_t)(end - data);
        size_t start = at;
        while (start < stop && (data[start] == ' ' || data[start] == '\t'))
            start++;
        if (stop - start >= mark_length &&
            memcmp(data + start, ASG_JOIN_LINE_MARK, mark_length) == 0) {
            found = data + start + mark_length;
            *ret_length = stop - start - mark_length;
        }
        at = stop + 1;
    }
    return found;
}

static bool is_named(const char *word, size_t length, const char *name)
{
    size_t name_length = strlen(name);
    return length == name_length && memcmp(word, name, length) == 0;
}

static enum asg_status read_number(const char *text, const char *name, uint64_t max,
                                   uint64_t *ret, struct asg_error *error)
{
    const char *at = text;
    uint64_t value = 0;
    if (!asg_proc_number(&at, &value) || at == text || *at != '\0' || value > max) {
        return asg_fail(error, ASG_ERR_MALFORMED, "join line: %s is not a number", name);
    }
    *ret = value;
    return ASG_OK;
}

/* One "name=value". */
static enum asg_status take_word(const char *word, size_t length, struct asg_arena *arena,
                                 struct asg_join_line *line, struct asg_error *error)
{
    const char *equals = memchr(word, '=', length);
    if (equals == NULL || length > WORD_BYTES_MAX) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "join line: a word is not name=value or is too long");
    }
    size_t name_length = (size_t)(equals - word);
    const char *value = asg_arena_text_n(arena, equals + 1, length - name_length - 1);
    if (is_named(word, name_length, "token")) line->token = value;
    if (is_named(word, name_length, "controller")) line->controller = value;
    if (is_named(word, name_length, "key")) line->key = value;
    if (is_named(word, name_length, "job")) {
        return read_number(value, "job", UINT64_MAX, &line->job_id, error);
    }
    if (is_named(word, name_length, "incarnation")) {
        return read_number(value, "incarnation", UINT64_MAX, &line->incarnation, error);
    }
    if (is_named(word, name_length, "attempt")) {
        uint64_t attempt = 0;
        enum asg_status status =
            read_number(value, "attempt", UINT32_MAX, &attempt, error);
        line->attempt = (uint32_t)attempt;
        return status;
    }
    return ASG_OK;
}

static enum asg_status check(const struct asg_join_line *line, struct asg_error *error)
{
    if (line->token[0] == '\0') {
        return asg_fail(error, ASG_ERR_MALFORMED, "join line: it has no token");
    }
    if (strncmp(line->controller, "tcp://", 6) != 0) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "join line: controller is \"%s\", not tcp://host:port",
                        line->controller);
    }
    size_t key_length = strlen(line->key);
    if (key_length != 0 && key_length != KEY_BYTES) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "join line: key has %zu letters, a public key has %d", key_length,
                        KEY_BYTES);
    }
    return ASG_OK;
}

enum asg_status asg_join_line_find(const void *data, size_t length,
                                   struct asg_arena *arena, struct asg_join_line *ret,
                                   struct asg_error *error)
{
    size_t line_length = 0;
    const char *at = length == 0 ? NULL : find_line(data, length, &line_length);
    if (at == NULL) {
        return asg_fail(error, ASG_ERR_NOT_FOUND, "no line \"" ASG_JOIN_LINE_MARK "\"");
    }
    struct asg_join_line line = {.token = "", .controller = "", .key = ""};
    const char *end = at + line_length;
    while (at < end) {
        const char *stop = at;
        while (stop < end && *stop != ' ' && *stop != '\t' && *stop != '\r')
            stop++;
        if (stop > at) {
            enum asg_status status =
                take_word(at, (size_t)(stop - at), arena, &line, error);
            if (status != ASG_OK) return status;
        }
        at = stop + 1;
    }
    enum asg_status status = check(&line, error);
    if (status == ASG_OK) *ret = line;
    return status;
}
