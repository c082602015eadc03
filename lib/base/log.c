#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

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

void asg_log_write(enum asg_log_level level, const char *room, const char *event,
                   const char *format, ...)
{
    if (level < lowest_level) return;
    struct asg_clock clock = asg_clock_real();
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(asg_clock_wall_ms(&clock), when);
    char line[LINE_BYTES_MAX];
    int used = snprintf(line, sizeof line, "%s %s %s %s %s ", when, level_names[level],
                        program_name, room, event);
    if (used < 0) return;
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + used, sizeof line - (size_t)used, format, args);
    va_end(args);
    size_t length = (size_t)used + (more > 0 ? (size_t)more : 0);
    if (length > sizeof line - 2) length = sizeof line - 2;
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)line[i] < ' ') line[i] = ' '; /* one happening, one line */
    }
    line[length] = '\n';
    if (write(STDERR_FILENO, line, length + 1) < 0) return; /* nowhere left to say so */
}
