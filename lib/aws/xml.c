#include "aws/xml.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "aws/wiping_memory.h"
#include "base/arena.h"
#include "base/bytes.h"

#define TEXT_KEPT 4096    /* of room for texts, from one document to the next */
#define FEED_MAX  1048576 /* 1 MiB: expat counts in int */

struct asg_xml {
    XML_Parser parser;
    struct asg_xml_reader reader;
    enum asg_status status;
    size_t depth;  /* elements that are open and told of, the root included */
    size_t passed; /* open ones that nobody wants, below those */
    char path[ASG_XML_PATH_MAX];
    size_t path_length;
    size_t lengths[ASG_XML_DEPTH_MAX]; /* of the path before each open element */
    struct asg_bytes text;
};

static void stop(struct asg_xml *xml, enum asg_status status)
{
    if (xml->status == ASG_OK) xml->status = status;
    (void)XML_StopParser(xml->parser, XML_FALSE);
}

/* A name without its namespace prefix, and its length. */
static const char *local_name(const char *name, size_t *ret_length)
{
    const char *at = name;
    for (; *at != '\0'; at++) {
        if (*at == ':') name = at + 1;
    }
    *ret_length = (size_t)(at - name);
    return name;
}

static void leave(struct asg_xml *xml)
{
    xml->path_length = xml->lengths[--xml->depth];
    xml->path[xml->path_length] = '\0';
}

static void XMLCALL on_begin(void *context, const XML_Char *name, const XML_Char **unused)
{
    (void)unused;
    struct asg_xml *xml = context;
    if (xml->status != ASG_OK) return;
    if (xml->depth + xml->passed == ASG_XML_DEPTH_MAX) {
        stop(xml, ASG_ERR_LIMIT);
        return;
    }
    if (xml->passed > 0) {
        xml->passed++;
        return;
    }
    size_t length = 0;
    name = local_name(name, &length);
    if (xml->path_length + length + 2 > sizeof xml->path) {
        stop(xml, ASG_ERR_LIMIT);
        return;
    }
    asg_bytes_reset(&xml->text);
    xml->lengths[xml->depth++] = xml->path_length;
    if (xml->depth == 1) {
        if (xml->reader.root != NULL) xml->reader.root(xml->reader.context, name);
        return;
    }
    if (xml->path_length > 0) xml->path[xml->path_length++] = '/';
    memcpy(xml->path + xml->path_length, name, length + 1);
    xml->path_length += length;
    if (xml->reader.wants != NULL &&
        !xml->reader.wants(xml->reader.context, xml->path, xml->path_length)) {
        leave(xml);
        xml->passed = 1;
        return;
    }
    if (xml->reader.begin != NULL) xml->reader.begin(xml->reader.context, xml->path);
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
    (void)name;
    struct asg_xml *xml = context;
    if (xml->status != ASG_OK) return;
    if (xml->passed > 0) {
        xml->passed--;
        return;
    }
    if (xml->depth > 1 && xml->reader.end != NULL) {
        xml->reader.end(xml->reader.context, xml->path, asg_bytes_text(&xml->text),
                        xml->text.length);
    }
    asg_bytes_reset(&xml->text);
    leave(xml);
}

static void XMLCALL on_text(void *context, const XML_Char *text, int length)
{
    struct asg_xml *xml = context;
    if (xml->passed > 0 || xml->status != ASG_OK) return;
    if (xml->text.length + (size_t)length > ASG_XML_TEXT_MAX) {
        stop(xml, ASG_ERR_LIMIT);
        return;
    }
    asg_bytes_append(&xml->text, text, (size_t)length);
}

static void XMLCALL on_doctype(void *context, const XML_Char *name,
                               const XML_Char *system_id, const XML_Char *public_id,
                               int has_internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    stop(context, ASG_ERR_MALFORMED);
}

static void XMLCALL on_comment(void *context, const XML_Char *text)
{
    (void)text;
    stop(context, ASG_ERR_MALFORMED);
}

static void XMLCALL on_instruction(void *context, const XML_Char *target,
                                   const XML_Char *data)
{
    (void)target;
    (void)data;
    stop(context, ASG_ERR_MALFORMED);
}

static void XMLCALL on_cdata(void *context)
{
    stop(context, ASG_ERR_MALFORMED);
}

static void set_handlers(struct asg_xml *xml)
{
    XML_SetUserData(xml->parser, xml);
    XML_SetElementHandler(xml->parser, on_begin, on_end);
    XML_SetCharacterDataHandler(xml->parser, on_text);
    XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
    XML_SetCommentHandler(xml->parser, on_comment);
    XML_SetProcessingInstructionHandler(xml->parser, on_instruction);
    XML_SetStartCdataSectionHandler(xml->parser, on_cdata);
}

static void make_parser(struct asg_xml *xml)
{
    static const XML_Memory_Handling_Suite memory = {malloc, asg_wiping_realloc,
                                                     asg_wiping_free};
    xml->parser = XML_ParserCreate_MM("UTF-8", &memory, NULL);
    if (xml->parser == NULL) abort(); /* out of memory, as asg_alloc */
    set_handlers(xml);
}

void asg_xml_new(const struct asg_xml_reader *reader, struct asg_xml **ret)
{
    struct asg_xml *xml = asg_alloc(1, sizeof *xml);
    xml->reader = *reader;
    make_parser(xml);
    *ret = xml;
}

void asg_xml_destroy(struct asg_xml **xml)
{
    if (*xml == NULL) return;
    XML_ParserFree((*xml)->parser);
    asg_bytes_clear(&(*xml)->text);
    free(*xml);
    *xml = NULL;
}

void asg_xml_restart(struct asg_xml *xml)
{
    if (xml->text.capacity > TEXT_KEPT) { /* expat's buffer has grown as much */
        XML_ParserFree(xml->parser);
        make_parser(xml);
        asg_bytes_clear(&xml->text);
    } else {
        (void)XML_ParserReset(xml->parser, "UTF-8");
        set_handlers(xml);
    }
    xml->status = ASG_OK;
    xml->depth = 0;
    xml->passed = 0;
    xml->path_length = 0;
    xml->path[0] = '\0';
    asg_bytes_reset(&xml->text);
}

enum asg_status asg_xml_feed(struct asg_xml *xml, const void *data, size_t length,
                             bool is_last)
{
    const char *at = data;
    while (xml->status == ASG_OK) {
        size_t part = length < FEED_MAX ? length : FEED_MAX;
        bool is_end = is_last && part == length;
        if (XML_Parse(xml->parser, at, (int)part, is_end) != XML_STATUS_OK &&
            xml->status == ASG_OK) {
            xml->status = ASG_ERR_MALFORMED;
        }
        length -= part;
        if (part > 0) at += part;
        if (length == 0) break;
    }
    return xml->status;
}
