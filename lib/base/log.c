#include "base/log.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"

#define LINE_BYTES_MAX 2048

static const char *program_name = "openasg";
static enum asg_log_level lowest_level = ASG_LOG_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void asg_log_init(const char *program, enum asg_log_level lowest)
{
    program_name = program;
    lowest_level = lowest;
}

enum asg_status asg_log_parse_level(const char *text, enum asg_log_level *ret)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *ret = (enum asg_log_level)i;
            return ASG_OK;
        }
    }
    return ASG_ERR_INVALID;
}

/* ---- the message: printf's conversions, one by one, so that a value ends where it says
 * ---- */

struct line {
    char text[LINE_BYTES_MAX]; /* without a closing zero */
    size_t length;
};

static void append(struct line *line, const char *text, size_t length)
{
    size_t left = sizeof line->text - 1 - line->length; /* one for the line feed */
    if (length > left) length = left;
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void append_escaped(struct line *line, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') append(line, "\\", 1);
        append(line, text, 1);
    }
}

/* `before` is what stands before the value: in quotes, or behind a '=' and in need of
 * them, it cannot be taken for the fields that follow. */
static void append_value(struct line *line, char before, const char *text)
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

static void append_message(struct line *line, const char *format, va_list *args)
{
    char before = ' ';
    while (*format != '\0') {
        if (format[0] != '%' || format[1] == '%') {
            before = *format;
            append(line, format, 1);
            format += *format == '%' ? 2 : 1;
            continue;
        }
        char spec[SPEC_MAX];
        char value[LINE_BYTES_MAX];
        size_t length = take_spec(format, spec);
        if (spec[length - 1] != 's') {
            write_number(spec, length, args, value, sizeof value);
        } else if (strchr(spec, '*') != NULL) {
            int most = va_arg(*args, int);
            (void)snprintf(value, sizeof value, spec, most, va_arg(*args, const char *));
        } else {
            (void)snprintf(value, sizeof value, spec, va_arg(*args, const char *));
        }
        append_value(line, before, value);
        before = 's';
        format += length;
    }
}

static void write_line(enum asg_log_level level, const char *room, const char *event,
                       const char *format, va_list *args)
{
    struct asg_clock clock = asg_clock_real();
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(asg_clock_wall_ms(&clock), when);
    struct line line;
    int used = snprintf(line.text, sizeof line.text, "%s %s %s %s %s ", when,
                        level_names[level], program_name, room, event);
    if (used < 0 || (size_t)used >= sizeof line.text - 1) return;
    line.length = (size_t)used;
    append_message(&line, format, args);
    char shown[LINE_BYTES_MAX]; /* one happening, one line */
    size_t length =
        asg_escape(line.text, line.length, ASG_LAYOUT_BLANK, shown, sizeof shown);
    shown[length++] = '\n';                              /* where the zero was */
    if (write(STDERR_FILENO, shown, length) < 0) return; /* nowhere left to say so */
}

/* ---- places that are left out for a while ---- */

static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;
static struct asg_log_place *places;
static _Atomic int64_t tell_at_ms = INT64_MAX; /* when the first of them has a count */

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_count(const struct asg_log_place *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(place->level, place->room, place->event, format, &args);
    va_end(args);
}

/* Of one place, when its time is over; returns when that is to be looked at again. */
static int64_t tell_place(struct asg_log_place *place, int64_t at_ms)
{
    int64_t until_ms = atomic_load(&place->until_ms);
    if (atomic_load(&place->left_out) == 0) return INT64_MAX;
    if (at_ms < until_ms) return until_ms;
    unsigned long long count = atomic_exchange(&place->left_out, 0);
    atomic_store(&place->left, 0);
    atomic_store(&place->until_ms, at_ms + ASG_LOG_RATE_MS);
    write_count(place, "and %llu more in the last %d s", count, ASG_LOG_RATE_MS / 1000);
    return INT64_MAX;
}

void asg_log_tell_repeats(void)
{
    int64_t at_ms = now_ms();
    if (at_ms < atomic_load(&tell_at_ms)) return;
    (void)pthread_mutex_lock(&places_lock);
    atomic_store(&tell_at_ms, INT64_MAX);
    int64_t next_ms = INT64_MAX;
    for (struct asg_log_place *place = places; place != NULL; place = place->next) {
        int64_t place_ms = tell_place(place, at_ms);
        if (place_ms < next_ms) next_ms = place_ms;
    }
    if (next_ms < atomic_load(&tell_at_ms)) atomic_store(&tell_at_ms, next_ms);
    (void)pthread_mutex_unlock(&places_lock);
}

/* Of the first line that is left out. */
static void look_again_at(int64_t at_ms)
{
    (void)pthread_mutex_lock(&places_lock);
    if (at_ms < atomic_load(&tell_at_ms)) atomic_store(&tell_at_ms, at_ms);
    (void)pthread_mutex_unlock(&places_lock);
}

/* With the lock held: its time begins. */
static void begin_time(struct asg_log_place *place, int64_t at_ms)
{
    atomic_store(&place->left, place->level == ASG_LOG_INFO ? ASG_LOG_RATE_INFOS : 1);
    atomic_store(&place->until_ms, at_ms + ASG_LOG_RATE_MS);
}

static bool take_turn(struct asg_log_place *place, int64_t at_ms)
{
    (void)pthread_mutex_lock(&places_lock);
    int64_t until_ms = atomic_load(&place->until_ms);
    if (until_ms == 0) { /* its first line */
        place->next = places;
        places = place;
    }
    if (at_ms >= until_ms) begin_time(place, at_ms);
    bool is_due = atomic_load(&place->left) > 0;
    if (is_due) atomic_fetch_sub(&place->left, 1);
    (void)pthread_mutex_unlock(&places_lock);
    return is_due;
}

bool asg_log_place_is_due(struct asg_log_place *place)
{
    if (place->level < lowest_level) return false;
    int64_t at_ms = now_ms();
    asg_log_tell_repeats(); /* the count of the time before comes first */
    bool may_be_due =
        at_ms >= atomic_load(&place->until_ms) || atomic_load(&place->left) > 0;
    if (may_be_due && take_turn(place, at_ms)) return true;
    if (atomic_fetch_add(&place->left_out, 1) == 0) {
        look_again_at(atomic_load(&place->until_ms));
    }
    return false;
}

void asg_log_write(enum asg_log_level level, const char *room, const char *event,
                   const char *format, ...)
{
    if (level < lowest_level) return;
    asg_log_tell_repeats();
    va_list args;
    va_start(args, format);
    write_line(level, room, event, format, &args);
    va_end(args);
}
