#include "agent/join_line.h"

#include <string.h>

#include "agent/proc_file.h"

#define WORD_BYTES_MAX 512
#define CA_DIGITS      64 /* SHA-256 in hex */

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
    if (is_named(word, name_length, "enrol")) line->enrol = value;
    if (is_named(word, name_length, "ca")) line->ca = value;
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

bool asg_join_line_next(const char **at, char ret_host[ASG_JOIN_LINE_HOST_SIZE],
                        char ret_port[ASG_JOIN_LINE_PORT_SIZE])
{
    const char *start = *at;
    size_t length = strcspn(start, ",");
    *at = start[length] == ',' ? start + length + 1 : NULL;
    size_t colon = length;
    while (colon > 0 && start[colon - 1] != ':')
        colon--;
    if (colon < 2) return false; /* no colon, or nothing before it */
    const char *host = start;
    size_t host_length = colon - 1;
    size_t port_length = length - colon;
    if (host[0] == '[' && host[host_length - 1] == ']') {
        host++;
        host_length -= 2;
    } else if (memchr(host, ':', host_length) != NULL) {
        return false; /* which of them parts the port? */
    }
    if (host_length == 0 || host_length >= ASG_JOIN_LINE_HOST_SIZE || port_length == 0 ||
        port_length >= ASG_JOIN_LINE_PORT_SIZE) {
        return false;
    }
    memcpy(ret_host, host, host_length);
    ret_host[host_length] = '\0';
    memcpy(ret_port, start + colon, port_length);
    ret_port[port_length] = '\0';
    const char *digits = ret_port;
    uint64_t port = 0;
    return asg_proc_number(&digits, &port) && *digits == '\0' && port > 0 &&
           port <= UINT16_MAX;
}

enum asg_status asg_join_line_check_enrol(const char *what, const char *enrol,
                                          struct asg_error *error)
{
    char host[ASG_JOIN_LINE_HOST_SIZE];
    char port[ASG_JOIN_LINE_PORT_SIZE];
    const char *at = enrol;
    bool is_good = enrol[0] != '\0';
    while (is_good && at != NULL)
        is_good = asg_join_line_next(&at, host, port);
    if (is_good) return ASG_OK;
    return asg_fail(error, ASG_ERR_MALFORMED,
                    "%s: enrol is \"%.200s\", not host:port (several with commas)", what,
                    enrol);
}

enum asg_status asg_join_line_check_ca(const char *what, const char *ca,
                                       struct asg_error *error)
{
    size_t digits = strspn(ca, "0123456789abcdefABCDEF");
    if (ca[digits] == '\0' && digits == CA_DIGITS) return ASG_OK;
    return asg_fail(error, ASG_ERR_MALFORMED,
                    "%s: ca is not the fingerprint of the controller's authority "
                    "(%d hex digits)",
                    what, CA_DIGITS);
}

static enum asg_status check(const struct asg_join_line *line, struct asg_error *error)
{
    enum asg_status status = asg_join_line_check_enrol("join line", line->enrol, error);
    if (status != ASG_OK) return status;
    return asg_join_line_check_ca("join line", line->ca, error);
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
    struct asg_join_line line = {.token = "", .enrol = "", .ca = ""};
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
