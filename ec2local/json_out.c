#include "ec2local/json_out.h"

#include <string.h>

#include "base/escape.h"

void asg_json_out_text(struct asg_bytes *out, const char *text)
{
    if (text == NULL) {
        asg_bytes_append_text(out, "null");
        return;
    }
    asg_bytes_append_byte(out, '"');
    while (*text != '\0') {
        size_t plain = strcspn(text, "\"\\\t\r\n");
        asg_escape_append(text, plain, ASG_LAYOUT_KEPT, out);
        text += plain;
        if (*text == '\0') break;
        if (*text == '"' || *text == '\\') {
            asg_bytes_printf(out, "\\%c", *text);
        } else {
            asg_bytes_printf(out, "\\u%04x", *text);
        }
        text++;
    }
    asg_bytes_append_byte(out, '"');
}
