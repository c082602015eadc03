/* The XML writer: whatever the texts hold, expat reads the answer back, and reads the
 * texts that are plain as they were. Each line of the input is a text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/xml.h"
#include "base/arena.h"
#include "base/utf8.h"
#include "query/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    const char *wanted; /* NULL: not compared */
    size_t texts;
};

static void take_end(void *context, const char *path, const char *text, size_t length)
{
    struct reading *reading = context;
    if (strcmp(path, "t") != 0) return;
    reading->texts++;
    if (reading->wanted == NULL) return;
    if (length != strlen(reading->wanted) || memcmp(text, reading->wanted, length) != 0) {
        abort();
    }
}

/* UTF-8 of which XML 1.0 has every character; carriage returns too. */
static bool is_plain(const char *text)
{
    size_t length = strlen(text);
    if (!asg_utf8_is_valid(text, length) || strstr(text, "\xef\xbf") != NULL)
        return false;
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 && byte != '\t' && byte != '\r') return false;
    }
    return true;
}

static void check(const char *text)
{
    struct asg_bytes out = {0};
    struct asg_xml_out xml;
    asg_xml_out_init(&xml, &out);
    struct asg_query_reply reply = {
        .action = "A", .xmlns = "http://x/", .request_id = text, .is_ec2 = true};
    asg_query_begin_reply(&xml, &reply);
    asg_xml_out_text(&xml, "t", text);
    asg_query_end_reply(&xml, &reply);
    struct reading reading = {.wanted = is_plain(text) ? text : NULL};
    const struct asg_xml_reader reader = {.end = take_end, .context = &reading};
    struct asg_xml *parser = NULL;
    asg_xml_new(&reader, &parser);
    if (asg_xml_feed(parser, out.data, out.length, true) != ASG_OK) abort();
    if (reading.texts != 1) abort();
    asg_xml_destroy(&parser);
    asg_bytes_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > ASG_XML_TEXT_MAX / 4) return 0; /* escaped it must fit the reader */
    struct asg_arena arena = {0};
    char *rest = (char *)(uintptr_t)asg_arena_text_n(&arena, (const char *)data, size);
    while (rest != NULL) {
        check(strsep(&rest, "\n"));
    }
    asg_arena_clear(&arena);
    return 0;
}
