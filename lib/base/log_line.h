/* log_line - one line of the log with the keys that it names, and the forms it takes.
 *
 * Keys are those of the format, never of a value: "group=%s", "status=\"%s\"". Their
 * values are kept as they came, for the forms that have fields of their own.
 * Threads: no state; any.
 */
#ifndef ASG_BASE_LOG_LINE_H
#define ASG_BASE_LOG_LINE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

#define ASG_LOG_TEXT_MAX   2048 /* a line of text, with its line feed */
#define ASG_LOG_FIELDS_MAX 16   /* further ones are in the message only */
#define ASG_LOG_FORM_MAX   8192 /* a line in JSON, or a datagram of the journal */
#define ASG_LOG_KEY_MAX    40

struct asg_log_field {
    char key[ASG_LOG_KEY_MAX];
    size_t at; /* its value in `values` */
    size_t length;
    bool is_number; /* of the whole value, as JSON writes numbers */
};

struct asg_log_line {
    int64_t wall_ms;
    enum asg_log_level level;
    const char *program;
    const char *room;
    const char *event;
    char text[ASG_LOG_TEXT_MAX]; /* the message as the text form has it; no zero */
    size_t length;
    char values[ASG_LOG_TEXT_MAX]; /* of the fields, one after the other */
    size_t values_length;
    struct asg_log_field fields[ASG_LOG_FIELDS_MAX];
    size_t field_count;
};

/* The message and its fields; the other members are the caller's. */
void asg_log_line_fill(struct asg_log_line *line, const char *format, va_list *args);

/* Each returns the length of what is in `ret`, a line feed at its end. `ret` has
 * ASG_LOG_TEXT_MAX bytes for the first one, ASG_LOG_FORM_MAX for the others. */
size_t asg_log_line_as_text(const struct asg_log_line *line, char *ret);

/* Its second half, from the room on, without a line feed; of the first one's size. */
size_t asg_log_line_message(const struct asg_log_line *line, char *ret);

/* {"ts":..,"level":..,"program":..,"room":..,"event":..,"msg":.., and the fields}: valid
 * JSON whatever the values are. A field named as one of these six has a '_' behind. */
size_t asg_log_line_as_json(const struct asg_log_line *line, char *ret);

/* A datagram of the journal's native protocol: PRIORITY, SYSLOG_IDENTIFIER, MESSAGE_ID,
 * OPENASG_ROOM, OPENASG_EVENT, the fields as OPENASG_GROUP etc. and MESSAGE
 * (room, event, message). */
size_t asg_log_line_as_journal(const struct asg_log_line *line, char *ret);

/* What the journal's catalog explains (deploy/journal). */
struct asg_log_message_id {
    const char *room;
    const char *event;
    enum asg_log_level lowest; /* an alarm that is over has the event, and no entry */
    const char *id;            /* 32 hexadecimal digits */
};

/* NULL: the line is none of them. */
const char *asg_log_message_id(const struct asg_log_line *line);

#endif
