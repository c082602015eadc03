#include "ec2local/xml_out.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"

void asg_xml_out_begin(struct asg_bytes *out, const char *name)
{
    asg_bytes_append_byte(out, '<');
    asg_bytes_append_text(out, name);
    asg_bytes_append_byte(out, '>');
}

void asg_xml_out_end(struct asg_bytes *out, const char *name)
{
    asg_bytes_append(out, "</", 2);
    asg_bytes_append_text(out, name);
    asg_bytes_append_byte(out, '>');
}

/* Written otherwise, or not at all. */
static const char special[] =
    "&<>\"\r\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10"
    "\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";

static void append_escaped(struct asg_bytes *out, const char *text)
{
    for (;;) {
        size_t plain = strcspn(text, special);
        asg_bytes_append(out, text, plain);
        text += plain;
        unsigned char byte = (unsigned char)*text++;
        if (byte == '\0') return;
        switch (byte) {
        case '&': asg_bytes_append_text(out, "&amp;"); break;
        case '<': asg_bytes_append_text(out, "&lt;"); break;
        case '>': asg_bytes_append_text(out, "&gt;"); break;
        case '"': asg_bytes_append_text(out, "&quot;"); break;
        case '\r': asg_bytes_append_text(out, "&#13;"); break;
        default: break; /* XML 1.0 has no way to write it */
        }
    }
}

void asg_xml_out_text(struct asg_bytes *out, const char *name, const char *text)
{
    if (text == NULL) return;
    if (text[0] == '\0') {
        asg_bytes_append_byte(out, '<');
        asg_bytes_append_text(out, name);
        asg_bytes_append(out, "/>", 2);
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
    asg_xml_out_begin(out, name);
    asg_bytes_append_text(out, flag ? "true" : "false");
    asg_xml_out_end(out, name);
}

void asg_xml_out_time(struct asg_bytes *out, const char *name, int64_t wall_ms)
{
    char text[ASG_TIME_TEXT_MAX];
    asg_time_format(wall_ms, text);
    asg_xml_out_text(out, name, text);
}
