#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/utf8.h"

enum asg_status asg_fail(struct asg_error *error, enum asg_status status,
                         const char *format, ...)
{
    if (error == NULL) return status;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    asg_utf8_mend(error->text);
    asg_escape_in_place(error->text, sizeof error->text);
    return status;
}

enum asg_status asg_fail_wrap(struct asg_error *error, enum asg_status status,
                              const char *format, ...)
{
    if (error == NULL) return status;
    char inner[ASG_ERROR_TEXT_MAX];
    memcpy(inner, error->text, sizeof inner);
    va_list args;
    va_start(args, format);
    int used = vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof error->text) {
        (void)snprintf(error->text + used, sizeof error->text - (size_t)used, ": %s",
                       inner);
    }
    asg_utf8_mend(error->text);
    asg_escape_in_place(error->text, sizeof error->text);
    return status;
}
