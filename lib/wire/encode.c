/* encode - structs to msgpack by their tables, with msgpack-c's packer. */
#include "wire/wire.h"

#include <assert.h>
#include <string.h>

#include <msgpack.h>

static int write_bytes(void *bytes, const char *data, size_t length)
{
    uint8_t *to = asg_bytes_reserve(bytes, length);
    switch (length) { /* of numbers and heads: copied without a call */
    case 1: to[0] = (uint8_t)data[0]; break;
    case 2: memcpy(to, data, 2); break;
    case 3: memcpy(to, data, 3); break;
    case 5: memcpy(to, data, 5); break;
    case 9: memcpy(to, data, 9); break;
    default: memcpy(to, data, length); break;
    }
    ((struct asg_bytes *)bytes)->length += length;
    return 0;
}

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

static void pack_text(msgpack_packer *packer, const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text);
    (void)msgpack_pack_str(packer, length);
    if (length > 0) (void)msgpack_pack_str_body(packer, text, length);
}

static void pack_struct(msgpack_packer *packer, const struct asg_schema *schema,
                        const void *object);

static void pack_list(msgpack_packer *packer, const struct asg_field *field,
                      const void *object)
{
    const unsigned char *items = READ(const unsigned char *, object, field);
    size_t count = *(const size_t *)at(object, field->count_offset);
    assert(count <= UINT32_MAX);
    (void)msgpack_pack_array(packer, count);
    for (size_t i = 0; i < count; i++) {
        pack_struct(packer, field->sub, items + i * field->sub->size);
    }
}

static void pack_texts(msgpack_packer *packer, struct asg_texts texts)
{
    (void)msgpack_pack_array(packer, texts.count);
    for (size_t i = 0; i < texts.count; i++) {
        pack_text(packer, texts.items[i]);
    }
}

static void pack_numbers(msgpack_packer *packer, struct asg_numbers numbers)
{
    (void)msgpack_pack_array(packer, numbers.count);
    for (size_t i = 0; i < numbers.count; i++) {
        (void)msgpack_pack_uint64(packer, numbers.items[i]);
    }
}

static void pack_blob(msgpack_packer *packer, struct asg_blob blob)
{
    (void)msgpack_pack_bin(packer, blob.length);
    if (blob.length > 0) (void)msgpack_pack_bin_body(packer, blob.data, blob.length);
}

static void pack_field(msgpack_packer *packer, const struct asg_field *field,
                       const void *object)
{
    switch (field->type) {
    case ASG_FIELD_BOOL:
        (void)(READ(bool, object, field) ? msgpack_pack_true(packer)
                                         : msgpack_pack_false(packer));
        break;
    case ASG_FIELD_U32:
        (void)msgpack_pack_uint32(packer, READ(uint32_t, object, field));
        break;
    case ASG_FIELD_U64:
        (void)msgpack_pack_uint64(packer, READ(uint64_t, object, field));
        break;
    case ASG_FIELD_I64:
        (void)msgpack_pack_int64(packer, READ(int64_t, object, field));
        break;
    case ASG_FIELD_ENUM: (void)msgpack_pack_int(packer, READ(int, object, field)); break;
    case ASG_FIELD_TEXT: pack_text(packer, READ(const char *, object, field)); break;
    case ASG_FIELD_BLOB: pack_blob(packer, READ(struct asg_blob, object, field)); break;
    case ASG_FIELD_STRUCT:
        pack_struct(packer, field->sub, at(object, field->offset));
        break;
    case ASG_FIELD_PART: {
        const void *part = READ(const void *, object, field);
        if (part == NULL) {
            (void)msgpack_pack_nil(packer);
        } else {
            pack_struct(packer, field->sub, part);
        }
        break;
    }
    case ASG_FIELD_LIST: pack_list(packer, field, object); break;
    case ASG_FIELD_TEXTS:
        pack_texts(packer, READ(struct asg_texts, object, field));
        break;
    case ASG_FIELD_NUMBERS:
        pack_numbers(packer, READ(struct asg_numbers, object, field));
        break;
    }
}

/* Fields at the end that are zero are left out: a reader gives them back as zero. */
static void pack_struct(msgpack_packer *packer, const struct asg_schema *schema,
                        const void *object)
{
    size_t count = schema->field_count;
    while (count > 0 && is_default(&schema->fields[count - 1], object)) {
        count--;
    }
    (void)msgpack_pack_array(packer, count);
    for (size_t i = 0; i < count; i++) {
        pack_field(packer, &schema->fields[i], object);
    }
}

void asg_wire_encode(const struct asg_schema *schema, const void *object,
                     struct asg_bytes *ret)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, ret, write_bytes);
    pack_struct(&packer, schema, object);
}

void asg_wire_encode_message(enum asg_message_type type, const void *object,
                             struct asg_bytes *ret)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, ret, write_bytes);
    const struct asg_schema *schema = asg_wire_message_schema(type);
    (void)msgpack_pack_array(&packer, 3);
    (void)msgpack_pack_int(&packer, (int)type);
    (void)msgpack_pack_int(&packer, ASG_WIRE_VERSION);
    if (schema == NULL || object == NULL) {
        (void)msgpack_pack_array(&packer, 0);
    } else {
        pack_struct(&packer, schema, object);
    }
}

void asg_wire_encode_report(const struct asg_report *report, struct asg_bytes *ret)
{
    asg_wire_encode_message(ASG_MESSAGE_REPORT, report, ret);
}
