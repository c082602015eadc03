#include "ec2local/xml_out.h"

#include <inttypes.h>

#include "base/clock.h"

void asg_xml_out_begin(struct asg_bytes *out, const char *name)
{
    asg_bytes_printf(out, "<%s>", name);
}

void asg_xml_out_end(struct asg_bytes *out, const char *name)
{
    asg_bytes_printf(out, "</%s>", name);
}

static void append_escaped(struct asg_bytes *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        switch (byte) {
        case '&': asg_bytes_append_text(out, "&amp;"); break;
        case '<': asg_bytes_append_text(out, "&lt;"); break;
        case '>': asg_bytes_append_text(out, "&gt;"); break;
        case '"': asg_bytes_append_text(out, "&quot;"); break;
        case '\r': asg_bytes_append_text(out, "&#13;"); break;
        default:
            if (byte >= 0x20 || byte == '\t' || byte == '\n') {
                asg_bytes_append_byte(out, byte);
            }
        }
    }
}

void asg_xml_out_text(struct asg_bytes *out, const char *name, const char *text)
{
    if (text == NULL) return;
    if (text[0] == '\0') {
        asg_bytes_printf(out, "<%s/>", name);
        return;
    }
    asg_xml_out_begin(out, name);
    append_escaped(out, text);
    asg_xml_out_end(out, name);
}

void asg_xml_out_number(struct asg_bytes *out, const char *name, int64_t number)
{
    asg_bytes_printf(out, "<%s>%" PRId64 "</%s>", name, number, name);
}

void asg_xml_out_flag(struct asg_bytes *out, const char *name, bool flag)
{
    asg_bytes_printf(out, "<%s>%s</%s>", name, flag ? "true" : "false", name);
}

void asg_xml_out_time(struct asg_bytes *out, const char *name, int64_t wall_ms)
{
    char text[ASG_TIME_TEXT_MAX];
    asg_time_format(wall_ms, text);
    asg_xml_out_text(out, name, text);
}
