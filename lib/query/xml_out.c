#include "query/xml_out.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

void asg_xml_out_init(struct asg_xml_out *xml, struct asg_bytes *out)
{
    *xml = (struct asg_xml_out){.out = out};
}

static void drain(struct asg_xml_out *xml, size_t least)
{
    if (xml->sink == NULL || xml->out->length < least) return;
    xml->sink(xml->context, xml->out);
    assert(xml->out->length == 0); /* the sink took all */
}

void asg_xml_out_finish(struct asg_xml_out *xml)
{
    assert(xml->depth == 0);
    drain(xml, 1);
}

void asg_xml_out_declare(struct asg_xml_out *xml)
{
    assert(xml->depth == 0);
    asg_bytes_append_text(xml->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

static void push(struct asg_xml_out *xml, const char *name)
{
    assert(xml->depth < ASG_XML_OUT_DEPTH_MAX);
    xml->open[xml->depth++] = name;
}

void asg_xml_out_begin(struct asg_xml_out *xml, const char *name)
{
    push(xml, name);
    asg_bytes_append_byte(xml->out, '<');
    asg_bytes_append_text(xml->out, name);
    asg_bytes_append_byte(xml->out, '>');
}

void asg_xml_out_begin_with_namespace(struct asg_xml_out *xml, const char *name,
                                      const char *url)
{
    push(xml, name);
    asg_bytes_append_byte(xml->out, '<');
    asg_bytes_append_text(xml->out, name);
    asg_bytes_append_text(xml->out, " xmlns=\"");
    asg_bytes_append_text(xml->out, url); /* ours */
    asg_bytes_append_text(xml->out, "\">");
}

static void close(struct asg_bytes *out, const char *name, size_t length)
{
    asg_bytes_append(out, "</", 2);
    asg_bytes_append(out, name, length);
    asg_bytes_append_byte(out, '>');
}

void asg_xml_out_end(struct asg_xml_out *xml, const char *name)
{
    assert(xml->depth > 0 && strcmp(xml->open[xml->depth - 1], name) == 0);
    xml->depth--;
    close(xml->out, name, strlen(name));
    drain(xml, ASG_XML_OUT_PIECE_BYTES);
}

/* Not written as it is: the end, what has another form, and what is more than ASCII. */
static bool is_plain(unsigned char byte)
{
    if (byte < 0x20) return byte == '\t' || byte == '\n';
    return byte < 0x7f && byte != '&' && byte != '<' && byte != '>' && byte != '"';
}

/* U+FFFE and U+FFFF are characters, but none of XML's. */
static bool is_no_character(const char *text, size_t length)
{
    return length == 3 && (unsigned char)text[0] == 0xef &&
           (unsigned char)text[1] == 0xbf && (unsigned char)text[2] >= 0xbe;
}

static size_t append_wide(struct asg_bytes *out, const char *text, size_t left)
{
    size_t length = asg_utf8_step(text, left);
    if (length == 0) {
        asg_bytes_append_text(out, "\xef\xbf\xbd");
        return 1;
    }
    unsigned control = asg_utf8_control_at(text, length);
    if (control > 0) {
        asg_bytes_printf(out, "&#%u;", control); /* a client reads it, a terminal not */
    } else if (!is_no_character(text, length)) {
        asg_bytes_append(out, text, length);
    }
    return length;
}

static void append_special(struct asg_bytes *out, char byte)
{
    switch (byte) {
    case '&': asg_bytes_append_text(out, "&amp;"); break;
    case '<': asg_bytes_append_text(out, "&lt;"); break;
    case '>': asg_bytes_append_text(out, "&gt;"); break;
    case '"': asg_bytes_append_text(out, "&quot;"); break;
    case '\r': asg_bytes_append_text(out, "&#13;"); break;
    case 0x7f: asg_bytes_append_text(out, "&#127;"); break;
    default: break; /* a control character */
    }
}

static void append_escaped(struct asg_bytes *out, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t from = at;
        while (at < length && is_plain((unsigned char)text[at])) {
            at++;
        }
        asg_bytes_append(out, text + from, at - from);
        if (at == length) return;
        if ((unsigned char)text[at] >= 0x80) {
            at += append_wide(out, text + at, length - at);
        } else {
            append_special(out, text[at++]);
        }
    }
}

void asg_xml_out_text(struct asg_xml_out *xml, const char *name, const char *text)
{
    if (text == NULL) return;
    struct asg_bytes *out = xml->out;
    size_t length = strlen(name);
    size_t text_length = strlen(text);
    (void)asg_bytes_reserve(out, 2 * length + text_length + 5); /* for most, at once */
    asg_bytes_append_byte(out, '<');
    asg_bytes_append(out, name, length);
    if (text_length == 0) {
        asg_bytes_append(out, "/>", 2);
    } else {
        asg_bytes_append_byte(out, '>');
        append_escaped(out, text, text_length);
        close(out, name, length);
    }
    drain(xml, ASG_XML_OUT_PIECE_BYTES);
}

void asg_xml_out_number(struct asg_xml_out *xml, const char *name, int64_t number)
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
    asg_xml_out_text(xml, name, at);
}

void asg_xml_out_flag(struct asg_xml_out *xml, const char *name, bool flag)
{
    asg_xml_out_text(xml, name, flag ? "true" : "false");
}

void asg_xml_out_decimal(struct asg_xml_out *xml, const char *name, double number)
{
    assert(isfinite(number));
    double size = fabs(number);
    bool is_handy = size == 0 || (size >= 1e-4 && size < 1e15);
    char text[48];
    for (int precision = 1; precision <= 20; precision++) {
        (void)snprintf(text, sizeof text, is_handy ? "%.*f" : "%.*e", precision, number);
        if (strtod(text, NULL) == number) break;
    }
    asg_xml_out_text(xml, name, text);
}

void asg_xml_out_time(struct asg_xml_out *xml, const char *name, int64_t wall_ms)
{
    char text[ASG_TIME_TEXT_MAX];
    asg_time_format(wall_ms, text);
    asg_xml_out_text(xml, name, text);
}

void asg_xml_out_printf(struct asg_xml_out *xml, const char *name, const char *format,
                        ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < sizeof text);
    (void)length;
    asg_xml_out_text(xml, name, text);
}
