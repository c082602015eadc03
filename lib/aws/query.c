#include "aws/query.h"

#include <inttypes.h>
#include <string.h>

#include "base/percent.h"

static void append_value(struct asg_bytes *body, const char *value)
{
    asg_bytes_append_byte(body, '=');
    asg_percent_encode(value, strlen(value), /* keeps_slash */ false, body);
}

void asg_query_begin_version(struct asg_bytes *body, const char *action,
                             const char *version)
{
    asg_bytes_reset(body);
    asg_bytes_append_text(body, "Action");
    append_value(body, action);
    asg_bytes_append_text(body, "&Version=");
    asg_bytes_append_text(body, version);
}

void asg_query_begin(struct asg_bytes *body, const char *action)
{
    asg_query_begin_version(body, action, ASG_EC2_API_VERSION);
}

void asg_query_text(struct asg_bytes *body, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0') return;
    asg_bytes_append_byte(body, '&');
    asg_bytes_append_text(body, name);
    append_value(body, value);
}

void asg_query_number(struct asg_bytes *body, const char *name, int64_t value)
{
    asg_bytes_printf(body, "&%s=%" PRId64, name, value);
}

void asg_query_flag(struct asg_bytes *body, const char *name, bool value)
{
    if (value) asg_bytes_printf(body, "&%s=true", name);
}

void asg_query_item(struct asg_bytes *body, const char *prefix, size_t number,
                    const char *suffix, const char *value)
{
    if (value == NULL || value[0] == '\0') return;
    bool has_suffix = suffix != NULL && suffix[0] != '\0';
    asg_bytes_printf(body, "&%s.%zu%s%s", prefix, number, has_suffix ? "." : "",
                     has_suffix ? suffix : "");
    append_value(body, value);
}

void asg_query_list(struct asg_bytes *body, const char *prefix, const char *const *values,
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        asg_query_item(body, prefix, i + 1, NULL, values[i]);
    }
}
