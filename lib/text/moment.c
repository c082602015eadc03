#include "text/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

static bool shows_local;

void asg_moment_set_local(bool is_local)
{
    shows_local = is_local;
    tzset();
}

static void print_utc(int64_t at_ms, bool has_ms, char text[ASG_MOMENT_TEXT_MAX])
{
    char whole[ASG_TIME_TEXT_MAX];
    asg_time_format(at_ms, whole);
    char *dot = has_ms ? NULL : strchr(whole, '.');
    if (dot != NULL) *dot = '\0';
    (void)snprintf(text, ASG_MOMENT_TEXT_MAX, "%s%s", whole, dot != NULL ? "Z" : "");
}

static void print_local(int64_t at_ms, bool has_ms, char text[ASG_MOMENT_TEXT_MAX])
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm parts;
    if (localtime_r(&seconds, &parts) == NULL) {
        print_utc(at_ms, has_ms, text);
        return;
    }
    size_t length = strftime(text, ASG_MOMENT_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &parts);
    if (has_ms) {
        length += (size_t)snprintf(text + length, ASG_MOMENT_TEXT_MAX - length, ".%03d",
                                   (int)(at_ms % 1000));
    }
    long offset_min = parts.tm_gmtoff / 60;
    (void)snprintf(text + length, ASG_MOMENT_TEXT_MAX - length, "%c%02ld:%02ld",
                   offset_min < 0 ? '-' : '+', labs(offset_min) / 60,
                   labs(offset_min) % 60);
}

static void print(int64_t at_ms, bool has_ms, char text[ASG_MOMENT_TEXT_MAX])
{
    if (at_ms <= 0) {
        (void)snprintf(text, ASG_MOMENT_TEXT_MAX, "-");
    } else if (shows_local) {
        print_local(at_ms, has_ms, text);
    } else {
        print_utc(at_ms, has_ms, text);
    }
}

void asg_moment_print(int64_t at_ms, char text[ASG_MOMENT_TEXT_MAX])
{
    print(at_ms, /* has_ms */ false, text);
}

void asg_moment_print_ms(int64_t at_ms, char text[ASG_MOMENT_TEXT_MAX])
{
    print(at_ms, /* has_ms */ true, text);
}
