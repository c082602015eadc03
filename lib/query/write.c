#include "query/write.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static_assert(ASG_WRITER_DEPTH_MAX < ASG_XML_OUT_DEPTH_MAX,
              "each level is one open element");

static struct asg_writer_level *top(struct asg_writer *writer)
{
    assert(writer->depth > 0);
    return &writer->levels[writer->depth - 1];
}

static void push(struct asg_writer *writer, const struct asg_query_shape *shape,
                 const struct asg_query_member *member)
{
    assert(writer->depth < ASG_WRITER_DEPTH_MAX);
    assert(shape == NULL || shape->count <= 64);
    writer->levels[writer->depth++] =
        (struct asg_writer_level){.shape = shape, .member = member};
}

/* Every member that must be there was written. */
static bool is_whole(const struct asg_writer_level *level)
{
    if (level->is_of_pairs) return true;
    for (size_t i = 0; level->shape != NULL && i < level->shape->count; i++) {
        bool is_there = (level->written >> i & 1) != 0;
        if (level->shape->members[i].is_required && !is_there) return false;
    }
    return true;
}

void asg_write_init(struct asg_writer *writer, struct asg_xml_out *xml,
                    const struct asg_query_shape *shape)
{
    writer->xml = xml;
    writer->depth = 0;
    push(writer, shape, NULL);
}

void asg_write_finish(struct asg_writer *writer)
{
    assert(writer->depth == 1);
    assert(is_whole(top(writer)));
    writer->depth = 0;
}

/* The member of that name, which is written now. */
static const struct asg_query_member *take(struct asg_writer *writer, const char *name)
{
    struct asg_writer_level *level = top(writer);
    assert(level->shape != NULL); /* items stand in a list, not members */
    for (size_t i = 0; i < level->shape->count; i++) {
        if (strcmp(level->shape->members[i].name, name) != 0) continue;
        assert((level->written >> i & 1) == 0);
        level->written |= UINT64_C(1) << i;
        return &level->shape->members[i];
    }
    assert(false && "the shape has a member of that name");
    abort();
}

static bool is_scalar(enum asg_query_kind kind)
{
    return kind < ASG_QUERY_STRUCT;
}

void asg_write_text(struct asg_writer *writer, const char *name, const char *text)
{
    if (text == NULL) return;
    const struct asg_query_member *member = take(writer, name);
    assert(is_scalar(member->kind));
    asg_xml_out_text(writer->xml, member->name, text);
}

void asg_write_number(struct asg_writer *writer, const char *name, int64_t number)
{
    const struct asg_query_member *member = take(writer, name);
    assert(member->kind == ASG_QUERY_NUMBER);
    asg_xml_out_number(writer->xml, member->name, number);
}

void asg_write_flag(struct asg_writer *writer, const char *name, bool flag)
{
    const struct asg_query_member *member = take(writer, name);
    assert(member->kind == ASG_QUERY_FLAG);
    asg_xml_out_flag(writer->xml, member->name, flag);
}

void asg_write_decimal(struct asg_writer *writer, const char *name, double number)
{
    const struct asg_query_member *member = take(writer, name);
    assert(member->kind == ASG_QUERY_DECIMAL);
    asg_xml_out_decimal(writer->xml, member->name, number);
}

void asg_write_time(struct asg_writer *writer, const char *name, int64_t wall_ms)
{
    const struct asg_query_member *member = take(writer, name);
    assert(member->kind == ASG_QUERY_TIME);
    asg_xml_out_time(writer->xml, member->name, wall_ms);
}

void asg_write_texts(struct asg_writer *writer, const char *name,
                     const char *const *texts, size_t count)
{
    const struct asg_query_member *member = take(writer, name);
    assert(member->kind == ASG_QUERY_TEXTS);
    if (count == 0) {
        asg_xml_out_text(writer->xml, member->name, "");
        return;
    }
    asg_xml_out_begin(writer->xml, member->name);
    for (size_t i = 0; i < count; i++) {
        asg_xml_out_text(writer->xml, "member", texts[i]);
    }
    asg_xml_out_end(writer->xml, member->name);
}

void asg_write_no_items(struct asg_writer *writer, const char *name)
{
    const struct asg_query_member *member = take(writer, name);
    assert(member->kind == ASG_QUERY_TEXTS || member->kind == ASG_QUERY_STRUCTS);
    asg_xml_out_text(writer->xml, member->name, "");
}

void asg_write_begin(struct asg_writer *writer, const char *name)
{
    const struct asg_query_member *member = take(writer, name);
    assert(member->kind == ASG_QUERY_STRUCT);
    asg_xml_out_begin(writer->xml, member->name);
    push(writer, member->shape, member);
}

void asg_write_begin_list(struct asg_writer *writer, const char *name)
{
    const struct asg_query_member *member = take(writer, name);
    assert(member->kind == ASG_QUERY_STRUCTS);
    asg_xml_out_begin(writer->xml, member->name);
    push(writer, NULL, member);
}

void asg_write_begin_item(struct asg_writer *writer)
{
    const struct asg_writer_level *list = top(writer);
    assert(list->shape == NULL);
    asg_xml_out_begin(writer->xml, "member");
    push(writer, list->member->shape, NULL);
}

void asg_write_end(struct asg_writer *writer)
{
    const struct asg_writer_level *level = top(writer);
    assert(writer->depth > 1);
    assert(is_whole(level));
    asg_xml_out_end(writer->xml, level->member != NULL ? level->member->name : "member");
    writer->depth--;
}

/* --- pairs --- */

/* The child of a part that has this name; false when there is none. */
static bool find_child(const struct asg_form_part *part, const char *name,
                       struct asg_form_part *ret)
{
    struct asg_form_part rest = *part;
    const char *child = NULL;
    size_t length = 0;
    while (asg_form_next(&rest, &child, &length, ret)) {
        if (strncmp(child, name, length) == 0 && name[length] == '\0') return true;
    }
    return false;
}

static void write_texts(struct asg_writer *writer, const struct asg_form_part *items)
{
    struct asg_form_part rest = *items;
    const char *number = NULL;
    size_t length = 0;
    struct asg_form_part item;
    while (asg_form_next(&rest, &number, &length, &item)) {
        asg_xml_out_text(writer->xml, "member", asg_form_value(&item));
    }
}

static void write_structs(struct asg_writer *writer, const struct asg_form_part *items)
{
    struct asg_form_part rest = *items;
    const char *number = NULL;
    size_t length = 0;
    struct asg_form_part item;
    while (asg_form_next(&rest, &number, &length, &item)) {
        asg_write_begin_item(writer);
        top(writer)->is_of_pairs = true;
        asg_write_part(writer, &item);
        asg_write_end(writer);
    }
}

/* As its kind is written, when the text can be read as such: it was checked once, when it
 * came in. */
static void write_scalar(struct asg_writer *writer, const struct asg_query_member *member,
                         const char *text)
{
    char *end = NULL;
    if (text == NULL) return;
    if (member->kind == ASG_QUERY_DECIMAL) {
        double number = strtod(text, &end);
        if (end != text && *end == '\0' && isfinite(number)) {
            asg_write_decimal(writer, member->name, number);
            return;
        }
    }
    if (member->kind == ASG_QUERY_NUMBER) {
        long long number = strtoll(text, &end, 10);
        if (end != text && *end == '\0') {
            asg_write_number(writer, member->name, number);
            return;
        }
    }
    asg_write_text(writer, member->name, text);
}

static void write_member(struct asg_writer *writer, const struct asg_query_member *member,
                         const struct asg_form_part *part)
{
    struct asg_form_part items;
    bool has_items = find_child(part, "member", &items);
    switch (member->kind) {
    case ASG_QUERY_STRUCT:
        asg_write_begin(writer, member->name);
        top(writer)->is_of_pairs = true;
        asg_write_part(writer, part);
        asg_write_end(writer);
        break;
    case ASG_QUERY_STRUCTS:
        asg_write_begin_list(writer, member->name);
        if (has_items) write_structs(writer, &items);
        asg_write_end(writer);
        break;
    case ASG_QUERY_TEXTS:
        if (!has_items) {
            asg_write_no_items(writer, member->name);
            break;
        }
        (void)take(writer, member->name);
        asg_xml_out_begin(writer->xml, member->name);
        write_texts(writer, &items);
        asg_xml_out_end(writer->xml, member->name);
        break;
    default: write_scalar(writer, member, asg_form_value(part)); break;
    }
}

void asg_write_part(struct asg_writer *writer, const struct asg_form_part *part)
{
    const struct asg_query_shape *shape = top(writer)->shape;
    assert(shape != NULL);
    for (size_t i = 0; i < shape->count; i++) {
        struct asg_form_part child;
        if ((top(writer)->written >> i & 1) != 0) continue;
        if (!find_child(part, shape->members[i].name, &child)) continue;
        write_member(writer, &shape->members[i], &child);
    }
}
