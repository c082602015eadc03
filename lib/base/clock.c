#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_wall_ms(void *context)
{
    (void)context;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t read_monotonic_us(void *context)
{
    (void)context;
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct asg_clock asg_clock_real(void)
{
    return (struct asg_clock){.wall_ms = read_wall_ms, .monotonic_us = read_monotonic_us};
}

int64_t asg_clock_wall_ms(const struct asg_clock *clock)
{
    return clock->wall_ms(clock->context);
}

int64_t asg_clock_monotonic_us(const struct asg_clock *clock)
{
    return clock->monotonic_us(clock->context);
}

int64_t asg_clock_monotonic_ms(const struct asg_clock *clock)
{
    return clock->monotonic_us(clock->context) / 1000;
}

/* The last `digits` digits of a number; returns what follows them. */
static char *put_digits(char *at, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return at + digits;
}

void asg_pause_ms(int64_t pause_ms)
{
    const struct timespec pause = {.tv_sec = (time_t)(pause_ms / 1000),
                                   .tv_nsec = (long)(pause_ms % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
}

void asg_time_format(int64_t wall_ms, char text[ASG_TIME_TEXT_MAX])
{
    int millis = (int)((wall_ms % 1000 + 1000) % 1000); /* also before 1970 */
    time_t seconds = (time_t)((wall_ms - millis) / 1000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL || parts.tm_year < -1900 ||
        parts.tm_year > 9999 - 1900) {
        (void)snprintf(text, ASG_TIME_TEXT_MAX, "%lld", (long long)wall_ms);
        return;
    }
    const struct {
        int number;
        int digits;
        char behind;
    } fields[] = {{parts.tm_year + 1900, 4, '-'},
                  {parts.tm_mon + 1, 2, '-'},
                  {parts.tm_mday, 2, 'T'},
                  {parts.tm_hour, 2, ':'},
                  {parts.tm_min, 2, ':'},
                  {parts.tm_sec, 2, '.'},
                  {millis, 3, 'Z'}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        text = put_digits(text, fields[i].number, fields[i].digits);
        *text++ = fields[i].behind;
    }
    *text = '\0';
}

/* ".123" as milliseconds; moves *text behind it. */
static int64_t parse_fraction(const char **text)
{
    if (**text != '.') return 0;
    (*text)++;
    int64_t millis = 0;
    int64_t scale = 100;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        millis += (**text - '0') * scale;
        scale /= 10;
    }
    return millis;
}

/* "Z", "+01:00" or nothing, up to the end of the text. */
static bool parse_offset(const char *text, int64_t *ret_s)
{
    *ret_s = 0;
    if (*text == '\0' || strcmp(text, "Z") == 0) return true;
    if (*text != '+' && *text != '-') return false;
    int hours = 0;
    int minutes = 0;
    int used = 0;
    if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 ||
        text[1 + used] != '\0' || hours < 0 || minutes < 0) {
        return false;
    }
    int offset_s = (hours * 60 + minutes) * 60;
    *ret_s = *text == '-' ? -offset_s : offset_s;
    return true;
}

int64_t asg_time_parse(const char *text)
{
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL) return -1;
    int64_t millis = parse_fraction(&rest);
    int64_t offset_s;
    if (!parse_offset(rest, &offset_s)) return -1;
    int day = parts.tm_mday;
    int64_t seconds = (int64_t)timegm(&parts);
    if (parts.tm_mday != day) return -1; /* the month has no such day */
    return (seconds - offset_s) * 1000 + millis;
}
