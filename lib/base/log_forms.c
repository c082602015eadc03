/* log_forms - a line of the log as JSON, and as the journal wants it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log_line.h"
#include "base/utf8.h"

#define MESSAGE_ROOM (ASG_LOG_FORM_MAX / 2) /* the fields have the other half */
#define CLOSE_ROOM   64
#define ESCAPE_ROOM  8

const char *const asg_log_formats[4] = {"auto", "text", "json", "journal"};
static const char *const levels[] = {"debug", "info", "warn", "error"};

struct form {
    char *text; /* of ASG_LOG_FORM_MAX bytes */
    size_t length;
};

static void append(struct form *form, const char *text, size_t length)
{
    memcpy(form->text + form->length, text, length);
    form->length += length;
}

static void append_text(struct form *form, const char *text)
{
    append(form, text, strlen(text));
}

/* ---- JSON ---- */

/* One character at `text`; returns how many bytes of it are taken. */
static size_t append_json_character(struct form *form, const char *text, size_t left)
{
    size_t step = asg_utf8_step(text, left);
    char escaped[ESCAPE_ROOM];
    if (step == 0) { /* a byte that is no text */
        append_text(form, text[0] == '\0' ? "\\u0000" : "\\ufffd");
        return 1;
    }
    unsigned control = asg_utf8_control_at(text, step);
    if (text[0] == '"' || text[0] == '\\') {
        append(form, "\\", 1);
        append(form, text, 1);
    } else if (text[0] == '\n') {
        append_text(form, "\\n");
    } else if (control > 0 || (unsigned char)text[0] < 0x20) {
        unsigned code = control > 0 ? control : (unsigned char)text[0];
        (void)snprintf(escaped, sizeof escaped, "\\u%04x", code);
        append_text(form, escaped);
    } else {
        append(form, text, step);
    }
    return step;
}

/* In quotes, no further than `end`: cut between characters. */
static void append_json(struct form *form, const char *text, size_t length, size_t end)
{
    append(form, "\"", 1);
    for (size_t at = 0; at < length && form->length + ESCAPE_ROOM < end;) {
        at += append_json_character(form, text + at, length - at);
    }
    append(form, "\"", 1);
}

static void append_pair(struct form *form, const char *key, const char *value)
{
    append_text(form, key);
    append_json(form, value, strlen(value), MESSAGE_ROOM / 2);
}

static bool is_taken(const char *key)
{
    static const char *const taken[] = {"ts", "level", "program", "room", "event", "msg"};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (strcmp(key, taken[i]) == 0) return true;
    }
    return false;
}

static void append_json_field(struct form *form, const struct asg_log_line *line,
                              const struct asg_log_field *field)
{
    const char *value = line->values + field->at;
    size_t end = ASG_LOG_FORM_MAX - CLOSE_ROOM;
    if (form->length + sizeof field->key + CLOSE_ROOM > end) return;
    append_text(form, ",\"");
    append_text(form, field->key);
    append_text(form, is_taken(field->key) ? "_\":" : "\":");
    if (field->is_number && form->length + field->length < end) {
        append(form, value, field->length);
    } else {
        append_json(form, value, field->length, end);
    }
}

size_t asg_log_line_as_json(const struct asg_log_line *line, char *ret)
{
    struct form form = {.length = 0};
    form.text = ret;
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(line->wall_ms, when);
    append_pair(&form, "{\"ts\":", when);
    append_pair(&form, ",\"level\":", levels[line->level]);
    append_pair(&form, ",\"program\":", line->program);
    append_pair(&form, ",\"room\":", line->room);
    append_pair(&form, ",\"event\":", line->event);
    append_text(&form, ",\"msg\":");
    append_json(&form, line->text, line->length, MESSAGE_ROOM);
    for (size_t i = 0; i < line->field_count; i++) {
        append_json_field(&form, line, &line->fields[i]);
    }
    append_text(&form, "}\n");
    return form.length;
}

/* ---- the journal: "NAME=value\n"; with a line feed in the value "NAME\n", its length as
 * 64 bits with the least byte first, value, "\n" (systemd, Native Journal Protocol) ----
 */

static void append_journal(struct form *form, const char *name, const char *value,
                           size_t length)
{
    append_text(form, name);
    if (memchr(value, '\n', length) == NULL) {
        append(form, "=", 1);
    } else {
        append(form, "\n", 1);
        for (size_t i = 0; i < 8; i++) {
            form->text[form->length++] = (char)(((uint64_t)length >> (8 * i)) & 0xff);
        }
    }
    append(form, value, length);
    append(form, "\n", 1);
}

static void append_journal_text(struct form *form, const char *name, const char *value)
{
    size_t length = strlen(value);
    append_journal(form, name, value, length < 256 ? length : 256);
}

static void append_journal_field(struct form *form, const struct asg_log_line *line,
                                 const struct asg_log_field *field)
{
    char name[sizeof "OPENASG_" + ASG_LOG_KEY_MAX] = "OPENASG_";
    size_t at = strlen(name);
    for (const char *key = field->key; *key != '\0'; key++) {
        name[at++] = (char)(*key >= 'a' && *key <= 'z' ? *key - 'a' + 'A' : *key);
    }
    name[at] = '\0';
    bool is_ours =
        strcmp(name, "OPENASG_ROOM") == 0 || strcmp(name, "OPENASG_EVENT") == 0;
    if (is_ours) return; /* it is in the message */
    append_journal(form, name, line->values + field->at, field->length);
}

size_t asg_log_line_as_journal(const struct asg_log_line *line, char *ret)
{
    static const char *const priorities[] = {"7", "6", "4", "3"}; /* of syslog(3) */
    struct form form = {.length = 0};
    form.text = ret;
    append_journal_text(&form, "PRIORITY", priorities[line->level]);
    char program[64]; /* as its file is called */
    (void)snprintf(program, sizeof program, "%s%s",
                   strncmp(line->program, "openasg", 7) == 0 ? "" : "openasg-",
                   line->program);
    append_journal_text(&form, "SYSLOG_IDENTIFIER", program);
    const char *id = asg_log_message_id(line);
    if (id != NULL) append_journal_text(&form, "MESSAGE_ID", id);
    append_journal_text(&form, "OPENASG_ROOM", line->room);
    append_journal_text(&form, "OPENASG_EVENT", line->event);
    for (size_t i = 0; i < line->field_count; i++) {
        append_journal_field(&form, line, &line->fields[i]);
    }
    /* journalctl shows no more than this, and people search it for the event. */
    char message[ASG_LOG_TEXT_MAX];
    size_t length = asg_log_line_message(line, message);
    append_journal(&form, "MESSAGE", message, length);
    return form.length;
}
