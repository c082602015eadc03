#include "ec2local/xml_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

void asg_xml_out_begin(struct asg_bytes *out, const char *name)
{
    asg_bytes_append_byte(out, '<');
    asg_bytes_append_text(out, name);
    asg_bytes_append_byte(out, '>');
}

static void end(struct asg_bytes *out, const char *name, size_t length)
{
    asg_bytes_append(out, "</", 2);
    asg_bytes_append(out, name, length);
    asg_bytes_append_byte(out, '>');
}

void asg_xml_out_end(struct asg_bytes *out, const char *name)
{
    end(out, name, strlen(name));
}

/* Written as it is: not the end, what has another form, and what has none in XML 1.0. */
static bool is_plain(char byte)
{
    if ((unsigned char)byte < 0x20) return byte == '\t' || byte == '\n';
    return byte != '&' && byte != '<' && byte != '>' && byte != '"';
}

static void append_escaped(struct asg_bytes *out, const char *text)
{
    for (;;) {
        const char *from = text;
        while (is_plain(*text))
            text++;
        asg_bytes_append(out, from, (size_t)(text - from));
        switch (*text++) {
        case '\0': return;
        case '&': asg_bytes_append_text(out, "&amp;"); break;
        case '<': asg_bytes_append_text(out, "&lt;"); break;
        case '>': asg_bytes_append_text(out, "&gt;"); break;
        case '"': asg_bytes_append_text(out, "&quot;"); break;
        case '\r': asg_bytes_append_text(out, "&#13;"); break;
        default: break;
        }
    }
}

void asg_xml_out_text(struct asg_bytes *out, const char *name, const char *text)
{
    if (text == NULL) return;
    size_t length = strlen(name);
    asg_bytes_append_byte(out, '<');
    asg_bytes_append(out, name, length);
    if (text[0] == '\0') {
        asg_bytes_append(out, "/>", 2);
        return;
    }
    asg_bytes_append_byte(out, '>');
    append_escaped(out, text);
    end(out, name, length);
}

void asg_xml_out_number(struct asg_bytes *out, const char *name, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    asg_xml_out_text(out, name, text);
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
