/* xml - a reply read piece by piece: expat with limits.
 *
 * The reader is told of each element by its path below the root, "instancesSet/item/
 * instanceId"; at its end with its text. Anything that begins with "<!" is refused
 * (document types, entities, CDATA, comments), and so are processing instructions, a
 * depth above 32 and texts above 64 KiB (docs/rules.md, "Parsers"). What it does not want
 * is passed over with all that is in it. Threads: one owner at a time. Blocks: never.
 */
#ifndef ASG_AWS_XML_H
#define ASG_AWS_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

#define ASG_XML_DEPTH_MAX 32
#define ASG_XML_TEXT_MAX  65536
#define ASG_XML_PATH_MAX  1024

struct asg_xml_reader {
    void (*root)(void *context, const char *name); /* may be NULL, as the next three */
    /* False: neither this element nor one in it is told of. NULL: all are. */
    bool (*wants)(void *context, const char *path, size_t length);
    void (*begin)(void *context, const char *path);
    /* `text` is what stands directly in the element, blanks at its ends included; for
     * elements with children, what stood after the last child. */
    void (*end)(void *context, const char *path, const char *text, size_t length);
    void *context;
};

struct asg_xml;

void asg_xml_new(const struct asg_xml_reader *reader, struct asg_xml **ret);
void asg_xml_destroy(struct asg_xml **xml);

/* Forget everything read and begin another document. */
void asg_xml_restart(struct asg_xml *xml);

/* Read on. `is_last`: the document must be complete after this.
 * ASG_ERR_MALFORMED: no well-formed XML, or forbidden; ASG_ERR_LIMIT: too deep, too long.
 * After a failure every further call fails. */
ASG_MUST_USE enum asg_status asg_xml_feed(struct asg_xml *xml, const void *data,
                                          size_t length, bool is_last);

#endif
