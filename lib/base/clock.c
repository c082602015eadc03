#include "base/clock.h"

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

void asg_time_format(int64_t wall_ms, char text[ASG_TIME_TEXT_MAX])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    int millis = (int)(wall_ms % 1000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL) {
        (void)snprintf(text, ASG_TIME_TEXT_MAX, "%lld", (long long)wall_ms);
        return;
    }
    size_t used = strftime(text, ASG_TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(text + used, ASG_TIME_TEXT_MAX - used, ".%03dZ", millis);
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

int64_t asg_time_parse(const char *text)
{
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL) return -1;
    int64_t millis = parse_fraction(&rest);
    int64_t offset_s = 0;
    if (*rest == '+' || *rest == '-') {
        int hours = 0;
        int minutes = 0;
        if (sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2) return -1;
        offset_s = (hours * 60 + minutes) * 60 * (*rest == '-' ? -1 : 1);
    } else if (strcmp(rest, "Z") != 0 && *rest != '\0') {
        return -1;
    }
    return ((int64_t)timegm(&parts) - offset_s) * 1000 + millis;
}
