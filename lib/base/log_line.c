#include "base/log_line.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"

/* ---- the message: printf's conversions, one by one, so that a value ends where it says,
 * and a value is known as one ---- */

/* Where the format is: outside of values, or in one. */
struct reader {
    struct asg_log_line *line;
    const char *key; /* where a word of the format begins that may become one; or NULL */
    size_t key_length;
    struct asg_log_field *field; /* NULL: in no value */
    bool is_quoted;
    bool is_plain; /* nothing of the value but one number */
    bool is_at_word;
    size_t own_letters; /* of the format, at the end of the value */
};

static void append(struct asg_log_line *line, const char *text, size_t length)
{
    size_t left = sizeof line->text - 1 - line->length; /* one for the line feed */
    if (length > left) length = left;
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void append_escaped(struct asg_log_line *line, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') append(line, "\\", 1);
        append(line, text, 1);
    }
}

/* `before` is what stands before the value: in quotes, or behind a '=' and in need of
 * them, it cannot be taken for the fields that follow. */
static void append_value(struct asg_log_line *line, char before, const char *text)
{
    bool needs_quotes = before == '=' && strpbrk(text, " \t\r\n\"\\") != NULL;
    if (needs_quotes) append(line, "\"", 1);
    if (needs_quotes || before == '"') {
        append_escaped(line, text);
    } else {
        append(line, text, strlen(text));
    }
    if (needs_quotes) append(line, "\"", 1);
}

static void add_to_field(struct reader *reader, const char *text, size_t length)
{
    struct asg_log_line *line = reader->line;
    size_t left = sizeof line->values - line->values_length;
    if (length > left) length = left;
    memcpy(line->values + line->values_length, text, length);
    line->values_length += length;
    reader->field->length += length;
}

static void begin_field(struct reader *reader)
{
    struct asg_log_line *line = reader->line;
    if (line->field_count == ASG_LOG_FIELDS_MAX) return;
    struct asg_log_field *field = &line->fields[line->field_count];
    *field = (struct asg_log_field){.at = line->values_length};
    memcpy(field->key, reader->key, reader->key_length);
    for (size_t i = 0; i < line->field_count; i++) {
        if (strcmp(line->fields[i].key, field->key) == 0) return; /* the first counts */
    }
    line->field_count++;
    reader->field = field;
    reader->is_quoted = false;
    reader->is_plain = false;
    reader->own_letters = 0;
}

/* JSON's numbers: a digit first, no zero before another one. */
static bool is_number(const char *text, size_t length)
{
    size_t sign = length > 0 && text[0] == '-' ? 1 : 0;
    size_t whole = 0;
    while (sign + whole < length && text[sign + whole] >= '0' &&
           text[sign + whole] <= '9') {
        whole++;
    }
    if (whole == 0 || (whole > 1 && text[sign] == '0')) return false;
    size_t at = sign + whole;
    if (at == length) return true;
    if (text[at++] != '.' || at == length) return false;
    while (at < length && text[at] >= '0' && text[at] <= '9') {
        at++;
    }
    return at == length;
}

/* "by 3 s, trying again": the comma of a sentence is not of the value. */
static void end_field(struct reader *reader)
{
    struct asg_log_field *field = reader->field;
    struct asg_log_line *line = reader->line;
    if (reader->is_quoted) reader->own_letters = 0;
    while (reader->own_letters > 0 && field->length > 0 &&
           strchr(",;:)", line->values[line->values_length - 1]) != NULL) {
        reader->own_letters--;
        field->length--;
        line->values_length--;
    }
    const char *value = line->values + field->at;
    field->is_number =
        reader->is_plain && !reader->is_quoted && is_number(value, field->length);
    reader->field = NULL;
}

static bool is_of_key(char letter)
{
    return (letter >= 'a' && letter <= 'z') || letter == '_' ||
           (letter >= '0' && letter <= '9');
}

/* A letter of the format inside a value. */
static void take_value_letter(struct reader *reader, char letter)
{
    struct asg_log_field *field = reader->field;
    bool is_end = letter == (reader->is_quoted ? '"' : ' ');
    if (letter == '"' && !reader->is_quoted && field->length == 0) {
        reader->is_quoted = true;
    } else if (is_end) {
        end_field(reader);
        reader->key = NULL;
        reader->is_at_word = letter == ' ';
    } else {
        add_to_field(reader, &letter, 1);
        reader->own_letters++;
    }
}

static void take_letter(struct reader *reader, const char *at)
{
    if (reader->field != NULL) {
        take_value_letter(reader, *at);
    } else if (is_of_key(*at) && (reader->is_at_word || reader->key != NULL)) {
        if (reader->is_at_word) {
            reader->key = at;
            reader->key_length = 0;
        }
        reader->key_length++;
        reader->is_at_word = false;
    } else if (*at == '=' && reader->key != NULL &&
               reader->key_length < ASG_LOG_KEY_MAX) {
        reader->is_at_word = false;
        begin_field(reader);
        reader->key = NULL;
    } else {
        reader->key = NULL;
        reader->is_at_word = *at == ' ' || *at == '(';
    }
}

static void take_value(struct reader *reader, char before, const char *value,
                       bool is_number_of_format)
{
    append_value(reader->line, before, value);
    if (reader->field != NULL) {
        reader->is_plain = is_number_of_format && reader->field->length == 0;
        add_to_field(reader, value, strlen(value));
    }
    reader->key = NULL;
    reader->is_at_word = false;
    reader->own_letters = 0;
}

#define SPEC_MAX 24

/* "%-12s" in `ret`, of a literal in this program; returns how long it is. */
static size_t take_spec(const char *format, char ret[SPEC_MAX])
{
    size_t length = 1 + strspn(format + 1, "-+ #0123456789.*");
    length += strspn(format + length, "hlzjt") + 1;
    assert(length < SPEC_MAX && format[length - 1] != '\0');
    memcpy(ret, format, length);
    ret[length] = '\0';
    return length;
}

/* One number as `spec` has it; the types are those that the house logs. */
static void write_number(const char *spec, size_t length, va_list *args, char *ret,
                         size_t size)
{
    const char *kind = spec + length - 2;
    if (strchr("feg", kind[1]) != NULL) {
        (void)snprintf(ret, size, spec, va_arg(*args, double));
    } else if (*kind == 'z') {
        (void)snprintf(ret, size, spec, va_arg(*args, size_t));
    } else if (*kind == 'l' && length > 3 && kind[-1] == 'l') {
        (void)snprintf(ret, size, spec, va_arg(*args, long long));
    } else if (*kind == 'l') {
        (void)snprintf(ret, size, spec, va_arg(*args, long));
    } else {
        assert(strchr("duxXoc", kind[1]) != NULL);
        (void)snprintf(ret, size, spec, va_arg(*args, int));
    }
}

void asg_log_line_fill(struct asg_log_line *line, const char *format, va_list *args)
{
    struct reader reader = {.line = line, .is_at_word = true};
    line->length = line->values_length = line->field_count = 0;
    char before = ' ';
    while (*format != '\0') {
        if (format[0] != '%' || format[1] == '%') {
            before = *format;
            append(line, format, 1);
            take_letter(&reader, format);
            format += *format == '%' ? 2 : 1;
            continue;
        }
        char spec[SPEC_MAX];
        char value[ASG_LOG_TEXT_MAX];
        size_t length = take_spec(format, spec);
        bool is_text = spec[length - 1] == 's';
        if (!is_text) {
            write_number(spec, length, args, value, sizeof value);
        } else if (strchr(spec, '*') != NULL) {
            int most = va_arg(*args, int);
            (void)snprintf(value, sizeof value, spec, most, va_arg(*args, const char *));
        } else {
            (void)snprintf(value, sizeof value, spec, va_arg(*args, const char *));
        }
        take_value(&reader, before, value,
                   !is_text && strchr("duf", spec[length - 1]) != NULL);
        before = 's';
        format += length;
    }
    if (reader.field != NULL) end_field(&reader);
}

/* `head` and the message on one line in `ret`, of ASG_LOG_TEXT_MAX bytes, with a zero;
 * there is one byte more of room. */
static size_t escape_whole(const struct asg_log_line *line, const char *head, char *ret)
{
    char whole[ASG_LOG_TEXT_MAX];
    size_t used = (size_t)snprintf(whole, sizeof whole, "%s", head);
    size_t left = sizeof whole - 1 - used;
    size_t message = line->length < left ? line->length : left;
    memcpy(whole + used, line->text, message);
    return asg_escape(whole, used + message, ASG_LAYOUT_BLANK, ret, ASG_LOG_TEXT_MAX);
}

size_t asg_log_line_as_text(const struct asg_log_line *line, char *ret)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(line->wall_ms, when);
    char head[ASG_LOG_TEXT_MAX / 2];
    (void)snprintf(head, sizeof head, "%s %s %s %s %s ", when, levels[line->level],
                   line->program, line->room, line->event);
    size_t length = escape_whole(line, head, ret);
    ret[length++] = '\n'; /* where the zero was */
    return length;
}

size_t asg_log_line_message(const struct asg_log_line *line, char *ret)
{
    char head[ASG_LOG_TEXT_MAX / 2];
    (void)snprintf(head, sizeof head, "%s %s ", line->room, line->event);
    return escape_whole(line, head, ret);
}
