#include "base/status.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *text;
    bool retry;
} statuses[] = {
#define X(name, text, retry) {#name, text, retry},
    ASG_STATUS_LIST(X)
#undef X
};

#define STATUS_COUNT (sizeof statuses / sizeof statuses[0])

const char *asg_status_text(enum asg_status status)
{
    return (size_t)status < STATUS_COUNT ? statuses[status].text : "unknown status";
}

const char *asg_status_name(enum asg_status status)
{
    static const char *const names[] = {
        "ok",    "invalid",   "nomem",   "late",   "empty",       "not_found", "exists",
        "limit", "malformed", "version", "denied", "conflict",    "corrupt",   "full",
        "busy",  "timeout",   "closed",  "fenced", "unsupported", "io",
    };
    _Static_assert(sizeof names / sizeof names[0] == STATUS_COUNT, "one name a status");
    return (size_t)status < STATUS_COUNT ? names[status] : "unknown";
}

bool asg_status_is_retryable(enum asg_status status)
{
    return (size_t)status < STATUS_COUNT && statuses[status].retry;
}
