/* encode - structs to msgpack by their tables, with msgpack-c's packer. */
#include "wire/wire.h"

#include <assert.h>
#include <string.h>

#include <msgpack/pack_define.h>
#include <msgpack/timestamp.h>

#include "wire/columns.h"

/* Its template, made once more: numbers and heads are copied without a call. */
static inline int append(struct asg_bytes *bytes, const void *data, size_t length)
{
    memcpy(asg_bytes_reserve(bytes, length), data, length);
    bytes->length += length;
    return 0;
}

#define msgpack_pack_inline_func(name)                 static inline int msgpack_pack##name
#define msgpack_pack_inline_func_cint(name)            static inline int msgpack_pack##name
#define msgpack_pack_inline_func_fixint(name)          static inline int msgpack_pack_fix##name
#define msgpack_pack_user                              struct asg_bytes *
#define msgpack_pack_append_buffer(user, data, length) return append(user, data, length)
#include <msgpack/pack_template.h>

static const void *at(const void *object, size_t offset)
{
    return (const unsigned char *)object + offset;
}

#define READ(type, object, field) (*(type const *)at(object, (field)->offset))

static bool is_default(const struct asg_field *field, const void *object);

static bool is_default_struct(const struct asg_schema *schema, const void *object)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        if (!is_default(&schema->fields[i], object)) return false;
    }
    return true;
}

static bool is_default(const struct asg_field *field, const void *object)
{
    switch (field->type) {
    case ASG_FIELD_BOOL: return !READ(bool, object, field);
    case ASG_FIELD_U32: return READ(uint32_t, object, field) == 0;
    case ASG_FIELD_U64: return READ(uint64_t, object, field) == 0;
    case ASG_FIELD_I64: return READ(int64_t, object, field) == 0;
    case ASG_FIELD_ENUM: return READ(int, object, field) == 0;
    case ASG_FIELD_TEXT: {
        const char *text = READ(const char *, object, field);
        return text == NULL || text[0] == '\0';
    }
    case ASG_FIELD_BLOB: return READ(struct asg_blob, object, field).length == 0;
    case ASG_FIELD_STRUCT:
        return is_default_struct(field->sub, at(object, field->offset));
    case ASG_FIELD_PART: return READ(const void *, object, field) == NULL;
    case ASG_FIELD_LIST: return *(const size_t *)at(object, field->count_offset) == 0;
    case ASG_FIELD_TEXTS: return READ(struct asg_texts, object, field).count == 0;
    case ASG_FIELD_NUMBERS: return READ(struct asg_numbers, object, field).count == 0;
    }
    return false;
}

static void pack_text(struct asg_bytes *out, const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text);
    (void)msgpack_pack_str(out, length);
    if (length > 0) (void)msgpack_pack_str_body(out, text, length);
}

static void pack_struct(struct asg_bytes *out, const struct asg_schema *schema,
                        const void *object);

static void pack_list(struct asg_bytes *out, const struct asg_field *field,
                      const void *object)
{
    const unsigned char *items = READ(const unsigned char *, object, field);
    size_t count = *(const size_t *)at(object, field->count_offset);
    assert(count <= UINT32_MAX);
    (void)msgpack_pack_array(out, count);
    for (size_t i = 0; i < count; i++) {
        pack_struct(out, field->sub, items + i * field->sub->size);
    }
}

/* The columns as one binary, whose length is known once they are written. */
static void pack_columns(struct asg_bytes *out, const struct asg_field *field,
                         const void *object)
{
    static const size_t head = 5; /* of a binary with a length of four bytes */
    size_t count = *(const size_t *)at(object, field->count_offset);
    size_t start = out->length;
    (void)msgpack_pack_bin(out, UINT32_MAX);
    assert(out->length == start + head);
    if (count > 0) {
        columns_write(READ(const struct asg_group_metric *, object, field), count, out);
    }
    size_t length = out->length - start - head;
    assert(length < UINT32_MAX);
    for (size_t i = 0; i < 4; i++) {
        out->data[start + 1 + i] = (uint8_t)(length >> (24 - 8 * i));
    }
}

static void pack_texts(struct asg_bytes *out, struct asg_texts texts)
{
    (void)msgpack_pack_array(out, texts.count);
    for (size_t i = 0; i < texts.count; i++) {
        pack_text(out, texts.items[i]);
    }
}

static void pack_numbers(struct asg_bytes *out, struct asg_numbers numbers)
{
    (void)msgpack_pack_array(out, numbers.count);
    for (size_t i = 0; i < numbers.count; i++) {
        (void)msgpack_pack_uint64(out, numbers.items[i]);
    }
}

static void pack_blob(struct asg_bytes *out, struct asg_blob blob)
{
    (void)msgpack_pack_bin(out, blob.length);
    if (blob.length > 0) (void)msgpack_pack_bin_body(out, blob.data, blob.length);
}

static void pack_field(struct asg_bytes *out, const struct asg_field *field,
                       const void *object)
{
    switch (field->type) {
    case ASG_FIELD_BOOL:
        (void)(READ(bool, object, field) ? msgpack_pack_true(out)
                                         : msgpack_pack_false(out));
        break;
    case ASG_FIELD_U32:
        (void)msgpack_pack_uint32(out, READ(uint32_t, object, field));
        break;
    case ASG_FIELD_U64:
        (void)msgpack_pack_uint64(out, READ(uint64_t, object, field));
        break;
    case ASG_FIELD_I64:
        (void)msgpack_pack_int64(out, READ(int64_t, object, field));
        break;
    case ASG_FIELD_ENUM: (void)msgpack_pack_int(out, READ(int, object, field)); break;
    case ASG_FIELD_TEXT: pack_text(out, READ(const char *, object, field)); break;
    case ASG_FIELD_BLOB: pack_blob(out, READ(struct asg_blob, object, field)); break;
    case ASG_FIELD_STRUCT: pack_struct(out, field->sub, at(object, field->offset)); break;
    case ASG_FIELD_PART: {
        const void *part = READ(const void *, object, field);
        if (part == NULL) {
            (void)msgpack_pack_nil(out);
        } else {
            pack_struct(out, field->sub, part);
        }
        break;
    }
    case ASG_FIELD_LIST:
        if (field->is_columns) {
            pack_columns(out, field, object);
        } else {
            pack_list(out, field, object);
        }
        break;
    case ASG_FIELD_TEXTS: pack_texts(out, READ(struct asg_texts, object, field)); break;
    case ASG_FIELD_NUMBERS:
        pack_numbers(out, READ(struct asg_numbers, object, field));
        break;
    }
}

/* Fields at the end that are zero are left out: a reader gives them back as zero. */
static void pack_struct(struct asg_bytes *out, const struct asg_schema *schema,
                        const void *object)
{
    size_t count = schema->field_count;
    while (count > 0 && is_default(&schema->fields[count - 1], object)) {
        count--;
    }
    (void)msgpack_pack_array(out, count);
    for (size_t i = 0; i < count; i++) {
        pack_field(out, &schema->fields[i], object);
    }
}

void asg_wire_encode(const struct asg_schema *schema, const void *object,
                     struct asg_bytes *ret)
{
    pack_struct(ret, schema, object);
}

void asg_wire_encode_message(enum asg_message_type type, const void *object,
                             struct asg_bytes *ret)
{
    const struct asg_schema *schema = asg_wire_message_schema(type);
    (void)msgpack_pack_array(ret, 3);
    (void)msgpack_pack_int(ret, (int)type);
    (void)msgpack_pack_int(ret, ASG_WIRE_VERSION);
    if (schema == NULL || object == NULL) {
        (void)msgpack_pack_array(ret, 0);
    } else {
        pack_struct(ret, schema, object);
    }
}

void asg_wire_encode_report(const struct asg_report *report, struct asg_bytes *ret)
{
    asg_wire_encode_message(ASG_MESSAGE_REPORT, report, ret);
}
