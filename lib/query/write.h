/* write - an answer as its action's output shape has it.
 *
 * A handler says the members' names and values, the writer knows from the shape what each
 * is: a list stands as <member>s, an empty one as an empty element, a decimal has its
 * point. A member that the shape has not, one of another kind, one that is written twice
 * and a required one that is left out are our own mistakes (asserts).
 *
 * Flow:    handler, read view -> [write] -> xml_out
 * Threads: one owner at a time. Blocks: never, unless the sink of the XML does.
 */
#ifndef ASG_QUERY_WRITE_H
#define ASG_QUERY_WRITE_H

#include "query/form.h"
#include "query/shape.h"
#include "query/xml_out.h"

#define ASG_WRITER_DEPTH_MAX 16

struct asg_writer {
    struct asg_xml_out *xml;
    struct asg_writer_level {
        const struct asg_query_shape *shape; /* NULL: a list */
        const struct asg_query_member *member;
        uint64_t written; /* bit N: the shape's member N */
        bool is_of_pairs; /* what it has is not ours to answer for */
    } levels[ASG_WRITER_DEPTH_MAX];
    size_t depth;
};

/* Begin a structure whose element is begun by the caller (an answer's Result, or a
 * <member>); end it: what must be there is there. */
void asg_write_init(struct asg_writer *writer, struct asg_xml_out *xml,
                    const struct asg_query_shape *shape);
void asg_write_finish(struct asg_writer *writer);

/* --- members of the structure that is begun --- */

/* NULL writes nothing. Of any scalar kind: it is written as it is. */
void asg_write_text(struct asg_writer *writer, const char *name, const char *text);
void asg_write_number(struct asg_writer *writer, const char *name, int64_t number);
void asg_write_flag(struct asg_writer *writer, const char *name, bool flag);
void asg_write_decimal(struct asg_writer *writer, const char *name, double number);
void asg_write_time(struct asg_writer *writer, const char *name, int64_t wall_ms);

/* A list of texts; none: an empty element. */
void asg_write_texts(struct asg_writer *writer, const char *name,
                     const char *const *texts, size_t count);
/* A list without items. */
void asg_write_no_items(struct asg_writer *writer, const char *name);

/* Begin a structure, a list of structures, the next item of that list; end the one begun
 * last. An ended list without items is an empty element. */
void asg_write_begin(struct asg_writer *writer, const char *name);
void asg_write_begin_list(struct asg_writer *writer, const char *name);
void asg_write_begin_item(struct asg_writer *writer);
void asg_write_end(struct asg_writer *writer);

/* Members as pairs (asg_value_pairs() of what a client sent, or a part of it), in the
 * shape's order. What the shape has not is passed over, and so is what is written
 * already, whole: a later value goes before an older one. */
void asg_write_part(struct asg_writer *writer, const struct asg_form_part *part);

#endif
