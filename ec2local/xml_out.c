#include "ec2local/xml_out.h"

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

/* Not written as it is: the end, what has another form, and what has none in XML 1.0. */
static const bool is_special[256] = {1, 1, 1,         1,         1,         1,        1,
                                     1, 1, 0,         0,         1,         1,        1,
                                     1, 1, /* but a tabulator and a new line */
                                     1, 1, 1,         1,         1,         1,        1,
                                     1, 1, 1,         1,         1,         1,        1,
                                     1, 1, ['&'] = 1, ['<'] = 1, ['>'] = 1, ['"'] = 1};

static void append_escaped(struct asg_bytes *out, const char *text)
{
    for (;;) {
        const char *from = text;
        while (!is_special[(unsigned char)*text])
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
    (void)asg_bytes_reserve(out, 2 * length + strlen(text) + 5); /* for most, at once */
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
    char *at = text + sizeof text - 1;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    *at = '\0';
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (number < 0) *--at = '-';
    asg_xml_out_text(out, name, at);
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
