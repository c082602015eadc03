/* decode - msgpack to structs by their tables; every size checked before it is used. */
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

#include "wire/columns.h"
#include "wire/read.h"

static void *at(void *object, size_t offset)
{
    return (unsigned char *)object + offset;
}

static bool take_struct(struct cursor *cursor, const struct asg_schema *schema,
                        struct asg_arena *arena, unsigned depth, void *ret);

/* Zeroed room for structs, as far as the message may still have some; NULL: it may not.
 * An empty struct is one byte, and takes hundreds here. */
static void *take_room(struct cursor *cursor, struct asg_arena *arena, size_t count,
                       size_t size)
{
    if (count > 0 && size > cursor->room / count) return NULL;
    cursor->room -= count * size;
    return asg_arena_take(arena, count * size);
}

static bool take_text(struct cursor *cursor, size_t limit, struct asg_arena *arena,
                      const char **ret)
{
    const char *text;
    size_t length;
    if (!read_text(cursor, limit, &text, &length)) return false;
    *ret = asg_arena_text_n(arena, text, length);
    return true;
}

static bool take_blob(struct cursor *cursor, size_t limit, struct asg_arena *arena,
                      struct asg_blob *ret)
{
    const uint8_t *data;
    size_t length;
    if (!read_blob(cursor, limit, &data, &length)) return false;
    uint8_t *copy = asg_arena_take(arena, length);
    if (length > 0) memcpy(copy, data, length);
    *ret = (struct asg_blob){.data = copy, .length = length};
    return true;
}

static bool take_list(struct cursor *cursor, const struct asg_field *field,
                      struct asg_arena *arena, unsigned depth, void *object)
{
    size_t count;
    if (!read_array(cursor, &count) || count > field->limit) return false;
    unsigned char *items = take_room(cursor, arena, count, field->sub->size);
    if (items == NULL) return false;
    for (size_t i = 0; i < count; i++) {
        if (!take_struct(cursor, field->sub, arena, depth,
                         items + i * field->sub->size)) {
            return false;
        }
    }
    *(void **)at(object, field->offset) = items;
    *(size_t *)at(object, field->count_offset) = count;
    return true;
}

static bool take_columns(struct cursor *cursor, const struct asg_field *field,
                         struct asg_arena *arena, void *object)
{
    const uint8_t *data;
    size_t length;
    struct asg_group_metric *rows = NULL;
    size_t count = 0;
    if (!read_blob(cursor, SIZE_MAX, &data, &length)) return false;
    if (length > 0 && !columns_read(data, length, field->limit, arena, &rows, &count)) {
        return false;
    }
    *(void **)at(object, field->offset) = rows;
    *(size_t *)at(object, field->count_offset) = count;
    return true;
}

static bool take_texts(struct cursor *cursor, size_t limit, struct asg_arena *arena,
                       struct asg_texts *ret)
{
    size_t count;
    if (!read_array(cursor, &count) || count > limit) return false;
    const char **items = take_room(cursor, arena, count, sizeof *items);
    if (items == NULL) return false;
    for (size_t i = 0; i < count; i++) {
        if (!take_text(cursor, ASG_TEXT_MAX, arena, &items[i])) return false;
    }
    *ret = (struct asg_texts){.items = items, .count = count};
    return true;
}

static bool take_numbers(struct cursor *cursor, size_t limit, struct asg_arena *arena,
                         struct asg_numbers *ret)
{
    size_t count;
    if (!read_array(cursor, &count) || count > limit) return false;
    uint64_t *items = take_room(cursor, arena, count, sizeof *items);
    if (items == NULL) return false;
    for (size_t i = 0; i < count; i++) {
        if (!read_unsigned(cursor, &items[i])) return false;
    }
    *ret = (struct asg_numbers){.items = items, .count = count};
    return true;
}

static bool take_part(struct cursor *cursor, const struct asg_field *field,
                      struct asg_arena *arena, unsigned depth, void *object)
{
    if (read_nil(cursor)) return true;
    void *part = take_room(cursor, arena, 1, field->sub->size);
    if (part == NULL || !take_struct(cursor, field->sub, arena, depth, part))
        return false;
    *(void **)at(object, field->offset) = part;
    return true;
}

static bool take_u32(struct cursor *cursor, uint32_t *ret)
{
    uint64_t value;
    if (!read_unsigned(cursor, &value) || value > UINT32_MAX) return false;
    *ret = (uint32_t)value;
    return true;
}

static bool take_enum(struct cursor *cursor, const struct asg_enum *names, int *ret)
{
    uint64_t value;
    if (!read_unsigned(cursor, &value) || value >= names->count) return false;
    *ret = (int)value;
    return true;
}

static bool take_field(struct cursor *cursor, const struct asg_field *field,
                       struct asg_arena *arena, unsigned depth, void *object)
{
    void *place = at(object, field->offset);
    switch (field->type) {
    case ASG_FIELD_BOOL: return read_bool(cursor, place);
    case ASG_FIELD_U32: return take_u32(cursor, place);
    case ASG_FIELD_U64: return read_unsigned(cursor, place);
    case ASG_FIELD_I64: return read_signed(cursor, place);
    case ASG_FIELD_ENUM: return take_enum(cursor, field->names, place);
    case ASG_FIELD_TEXT: return take_text(cursor, field->limit, arena, place);
    case ASG_FIELD_BLOB: return take_blob(cursor, field->limit, arena, place);
    case ASG_FIELD_STRUCT: return take_struct(cursor, field->sub, arena, depth, place);
    case ASG_FIELD_PART: return take_part(cursor, field, arena, depth, object);
    case ASG_FIELD_LIST:
        return field->is_columns ? take_columns(cursor, field, arena, object)
                                 : take_list(cursor, field, arena, depth, object);
    case ASG_FIELD_TEXTS: return take_texts(cursor, field->limit, arena, place);
    case ASG_FIELD_NUMBERS: return take_numbers(cursor, field->limit, arena, place);
    }
    return false;
}

/* Text that was not sent is "", as the contract says. */
static void fill_text(const struct asg_schema *schema, size_t from, void *object)
{
    for (size_t i = from; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        if (field->type == ASG_FIELD_TEXT) {
            *(const char **)at(object, field->offset) = "";
        } else if (field->type == ASG_FIELD_STRUCT) {
            fill_text(field->sub, 0, at(object, field->offset));
        }
    }
}

static bool take_struct(struct cursor *cursor, const struct asg_schema *schema,
                        struct asg_arena *arena, unsigned depth, void *ret)
{
    if (depth == 0) return false;
    size_t count;
    if (!read_array(cursor, &count)) return false;
    size_t known = count < schema->field_count ? count : schema->field_count;
    for (size_t i = 0; i < known; i++) {
        if (take_field(cursor, &schema->fields[i], arena, depth - 1, ret)) continue;
        if (cursor->bad == NULL) {
            cursor->bad = &schema->fields[i];
            cursor->bad_struct = schema->name;
        }
        return false;
    }
    for (size_t i = known; i < count; i++) {
        if (!skip_item(cursor, depth)) return false;
    }
    fill_text(schema, known, ret);
    return true;
}

static enum asg_status decode(const struct asg_schema *schema, struct cursor cursor,
                              struct asg_arena *arena, void *ret)
{
    memset(ret, 0, schema->size);
    if (cursor.at == cursor.end) return ASG_ERR_MALFORMED; /* they may be NULL then */
    if (!take_struct(&cursor, schema, arena, ASG_WIRE_DEPTH_MAX, ret)) {
        return ASG_ERR_MALFORMED;
    }
    return cursor.at == cursor.end ? ASG_OK : ASG_ERR_MALFORMED;
}

enum asg_status asg_wire_decode(const struct asg_schema *schema, const void *data,
                                size_t length, struct asg_arena *arena, void *ret)
{
    if (length == 0) data = "";
    const struct cursor cursor = {
        .at = data, .end = (const uint8_t *)data + length, .room = SIZE_MAX};
    return decode(schema, cursor, arena, ret);
}

/* [type, version, ...]: reads the first two, leaves the cursor at the body. */
static enum asg_status take_header(struct cursor *cursor, enum asg_message_type *ret)
{
    size_t count;
    uint64_t type;
    uint64_t version;
    if (!read_array(cursor, &count) || count != 3 || !read_unsigned(cursor, &type) ||
        !read_unsigned(cursor, &version) || type > UINT8_MAX) {
        return ASG_ERR_MALFORMED;
    }
    if (version != ASG_WIRE_VERSION) return ASG_ERR_VERSION;
    *ret = (enum asg_message_type)type;
    return ASG_OK;
}

enum asg_status asg_wire_message_type(const void *data, size_t length,
                                      enum asg_message_type *ret)
{
    struct cursor cursor = {.at = data, .end = (const uint8_t *)data + length};
    return take_header(&cursor, ret);
}

enum asg_status asg_wire_decode_message(const void *data, size_t length,
                                        enum asg_message_type type,
                                        struct asg_arena *arena, void *ret)
{
    struct cursor cursor = {
        .at = data, .end = (const uint8_t *)data + length, .room = ASG_WIRE_DECODED_MAX};
    enum asg_message_type found;
    enum asg_status status = take_header(&cursor, &found);
    if (status != ASG_OK) return status;
    const struct asg_schema *schema = asg_wire_message_schema(type);
    if (found != type || schema == NULL) return ASG_ERR_MALFORMED;
    return decode(schema, cursor, arena, ret);
}

static const char *rule_of(const struct asg_field *field, char ret[80])
{
    switch (field->type) {
    case ASG_FIELD_TEXT:
        (void)snprintf(ret, 80, "must be UTF-8 text of at most %zu bytes", field->limit);
        return ret;
    case ASG_FIELD_BLOB:
        (void)snprintf(ret, 80, "must be at most %zu bytes", field->limit);
        return ret;
    case ASG_FIELD_TEXTS:
        (void)snprintf(ret, 80, "must be a list of UTF-8 texts of at most %d bytes each",
                       ASG_TEXT_MAX);
        return ret;
    default: return "has a value that this program does not know";
    }
}

void asg_wire_explain_message(const void *data, size_t length, enum asg_message_type type,
                              struct asg_error *error)
{
    struct cursor cursor = {
        .at = data, .end = (const uint8_t *)data + length, .room = ASG_WIRE_DECODED_MAX};
    enum asg_message_type found;
    enum asg_status status = take_header(&cursor, &found);
    const struct asg_schema *schema = asg_wire_message_schema(type);
    if (status != ASG_OK || found != type || schema == NULL) {
        (void)asg_fail(error, ASG_ERR_MALFORMED, "it is not a message of that type");
        return;
    }
    struct asg_arena arena = {0};
    void *body = asg_arena_take(&arena, schema->size);
    bool is_read = take_struct(&cursor, schema, &arena, ASG_WIRE_DEPTH_MAX, body);
    asg_arena_clear(&arena);
    if (cursor.bad != NULL) {
        char rule[80];
        (void)asg_fail(error, ASG_ERR_MALFORMED, "%s.%s %s", cursor.bad_struct,
                       cursor.bad->name, rule_of(cursor.bad, rule));
        return;
    }
    (void)asg_fail(error, ASG_ERR_MALFORMED, "%s",
                   is_read ? "there are bytes after its end" : "it is not well-formed");
}

enum asg_status asg_wire_decode_report(const void *data, size_t length,
                                       struct asg_report *ret)
{
    struct cursor cursor = {.at = data, .end = (const uint8_t *)data + length};
    enum asg_message_type found;
    enum asg_status status = take_header(&cursor, &found);
    if (status != ASG_OK) return status;
    size_t count;
    if (found != ASG_MESSAGE_REPORT || !read_array(&cursor, &count)) {
        return ASG_ERR_MALFORMED;
    }
    const struct asg_schema *schema = &asg_report_schema;
    struct asg_report report = {0};
    size_t known = count < schema->field_count ? count : schema->field_count;
    for (size_t i = 0; i < known; i++) {
        /* A report has numbers only, so no arena is needed. */
        if (!take_field(&cursor, &schema->fields[i], NULL, 1, &report)) {
            return ASG_ERR_MALFORMED;
        }
    }
    for (size_t i = known; i < count; i++) {
        if (!skip_item(&cursor, 1)) return ASG_ERR_MALFORMED;
    }
    if (cursor.at != cursor.end) return ASG_ERR_MALFORMED;
    *ret = report;
    return ASG_OK;
}
