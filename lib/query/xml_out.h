/* xml_out - writes answers: elements in order, texts escaped, in pieces when that is
 * asked.
 *
 * Element names are ours and written as they are. Texts may hold anything: what XML 1.0
 * cannot carry (control characters, U+FFFE, U+FFFF) is dropped, bytes that are no UTF-8
 * become U+FFFD, and a carriage return is written so that it survives reading. So what
 * comes out is always well formed.
 * Threads: one owner at a time. Blocks: never, unless the sink does.
 */
#ifndef ASG_QUERY_XML_OUT_H
#define ASG_QUERY_XML_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define ASG_XML_OUT_DEPTH_MAX   32
#define ASG_XML_OUT_PIECE_BYTES ((size_t)16 * 1024)

/* Takes what was written so far and leaves *out empty; called with
 * ASG_XML_OUT_PIECE_BYTES or more, between elements, and by asg_xml_out_finish(). */
typedef void asg_xml_out_sink(void *context, struct asg_bytes *out);

struct asg_xml_out {
    struct asg_bytes *out;  /* the caller's */
    asg_xml_out_sink *sink; /* NULL: all stays in *out */
    void *context;
    const char *open[ASG_XML_OUT_DEPTH_MAX]; /* elements begun and not ended */
    size_t depth;
};

/* Write to `out`; (struct asg_xml_out){.out = out} does the same. */
void asg_xml_out_init(struct asg_xml_out *xml, struct asg_bytes *out);

/* Everything is ended (our own mistake otherwise); the sink gets the rest. */
void asg_xml_out_finish(struct asg_xml_out *xml);

/* `<?xml version="1.0" encoding="UTF-8"?>`, first of all. */
void asg_xml_out_declare(struct asg_xml_out *xml);

/* Begin and end an element; the name must live until then and be the one begun last. */
void asg_xml_out_begin(struct asg_xml_out *xml, const char *name);
void asg_xml_out_begin_with_namespace(struct asg_xml_out *xml, const char *name,
                                      const char *url);
void asg_xml_out_end(struct asg_xml_out *xml, const char *name);

/* A NULL text writes nothing, an empty one an empty element. */
void asg_xml_out_text(struct asg_xml_out *xml, const char *name, const char *text);
void asg_xml_out_number(struct asg_xml_out *xml, const char *name, int64_t number);
void asg_xml_out_flag(struct asg_xml_out *xml, const char *name, bool flag);
/* "50.0", "0.25", "1.0e+300": the shortest that reads back as the same number. `number`
 * is finite. */
void asg_xml_out_decimal(struct asg_xml_out *xml, const char *name, double number);
/* "2026-01-02T03:04:05.678Z" */
void asg_xml_out_time(struct asg_xml_out *xml, const char *name, int64_t wall_ms);
void asg_xml_out_printf(struct asg_xml_out *xml, const char *name, const char *format,
                        ...) ASG_PRINTF(3, 4);

#endif
