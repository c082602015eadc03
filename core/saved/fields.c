#include "core/saved/fields.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#define NUMBER_MAX 10 /* bytes of a number, seven bits in each */

void asg_fields_refuse(struct asg_fields *fields, const char *why)
{
    assert(asg_fields_is_loading(fields));
    if (fields->is_bad) return;
    fields->is_bad = true;
    fields->flaw = why;
    fields->flaw_at = (size_t)(fields->at - fields->begin);
}

static void put(struct asg_fields *fields, uint64_t value)
{
    assert(!asg_fields_is_loading(fields)); /* who loads writes nothing */
    uint8_t *at = asg_bytes_reserve(fields->out, NUMBER_MAX);
    for (; value >= 0x80; value >>= 7) {
        *at++ = (uint8_t)(value | 0x80);
    }
    *at++ = (uint8_t)value;
    fields->out->length = (size_t)(at - fields->out->data);
}

static uint64_t get(struct asg_fields *fields)
{
    assert(asg_fields_is_loading(fields));
    assert(fields->at >= fields->begin && fields->at <= fields->end);
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !fields->is_bad; shift += 7) {
        if (fields->at == fields->end) break;
        uint8_t byte = *fields->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    asg_fields_refuse(fields, "a number is cut off or has no end");
    return 0;
}

void asg_fields_u64(struct asg_fields *fields, uint64_t *value)
{
    if (asg_fields_is_loading(fields)) {
        *value = get(fields);
    } else {
        put(fields, *value);
    }
}

void asg_fields_i64(struct asg_fields *fields, int64_t *value)
{
    if (asg_fields_is_loading(fields)) {
        uint64_t raw = get(fields);
        *value = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
    } else {
        put(fields, ((uint64_t)*value << 1) ^ (*value < 0 ? UINT64_MAX : 0));
    }
}

void asg_fields_u32(struct asg_fields *fields, uint32_t *value)
{
    uint64_t wide = *value;
    asg_fields_u64(fields, &wide);
    if (wide > UINT32_MAX) asg_fields_refuse(fields, "a number is too large");
    *value = (uint32_t)wide;
}

void asg_fields_bool(struct asg_fields *fields, bool *value)
{
    uint64_t wide = *value ? 1 : 0;
    asg_fields_u64(fields, &wide);
    if (wide > 1) asg_fields_refuse(fields, "a boolean is neither 0 nor 1");
    *value = wide == 1;
}

void asg_fields_enum(struct asg_fields *fields, int *value, int count)
{
    assert(count > 0);
    assert(asg_fields_is_loading(fields) || (*value >= 0 && *value < count));
    uint64_t wide = (uint64_t)*value;
    asg_fields_u64(fields, &wide);
    if (wide >= (uint64_t)count) {
        asg_fields_refuse(fields, "an enum has an unknown value");
        wide = 0;
    }
    *value = (int)wide;
}

static void put_bytes(struct asg_fields *fields, const void *data, size_t length)
{
    assert(data != NULL || length == 0);
    put(fields, length);
    asg_bytes_append(fields->out, data, length);
}

/* NULL when they are not there. */
static const void *get_bytes(struct asg_fields *fields, size_t *ret_length)
{
    uint64_t length = get(fields);
    if (fields->is_bad || length > (size_t)(fields->end - fields->at)) {
        asg_fields_refuse(fields, "a text is cut off");
        *ret_length = 0;
        return NULL;
    }
    const void *data = fields->at;
    fields->at += length;
    assert(fields->at <= fields->end);
    *ret_length = (size_t)length;
    return data;
}

void asg_fields_array(struct asg_fields *fields, char *text, size_t size)
{
    assert(size > 0);
    assert(asg_fields_is_loading(fields) ||
           strnlen(text, size) < size); /* it has its end */
    if (!asg_fields_is_loading(fields)) {
        put_bytes(fields, text, strnlen(text, size - 1));
        return;
    }
    size_t length;
    const void *data = get_bytes(fields, &length);
    if (length >= size) asg_fields_refuse(fields, "a text is too long");
    memset(text, 0, size);
    if (!fields->is_bad && length > 0) memcpy(text, data, length);
}

void asg_fields_bytes(struct asg_fields *fields, uint8_t *bytes, size_t size)
{
    assert(size > 0);
    if (!asg_fields_is_loading(fields)) {
        asg_bytes_append(fields->out, bytes, size);
        return;
    }
    memset(bytes, 0, size);
    if (fields->is_bad || (size_t)(fields->end - fields->at) < size) {
        asg_fields_refuse(fields, "a key is cut short");
        return;
    }
    memcpy(bytes, fields->at, size);
    fields->at += size;
}

void asg_fields_text(struct asg_fields *fields, const char *text, char *loaded,
                     size_t size)
{
    assert(size > 0);
    if (asg_fields_is_loading(fields)) {
        asg_fields_array(fields, loaded, size);
    } else {
        put_bytes(fields, text, strnlen(text, size - 1));
    }
}

void asg_fields_count(struct asg_fields *fields, size_t *count, size_t least)
{
    assert(least > 0);
    uint64_t wide = *count;
    asg_fields_u64(fields, &wide);
    bool is_loading = asg_fields_is_loading(fields);
    if (is_loading && wide > (uint64_t)(fields->end - fields->at) / least) {
        asg_fields_refuse(fields, "a list says that it is longer than what is left");
        wide = 0;
    }
    *count = (size_t)wide;
}

static void visit_text(struct asg_fields *fields, const char **text,
                       struct asg_arena *arena)
{
    if (!asg_fields_is_loading(fields)) {
        const char *words = *text == NULL ? "" : *text;
        put_bytes(fields, words, strlen(words));
        return;
    }
    size_t length;
    const char *data = get_bytes(fields, &length);
    *text = asg_arena_text_n(arena, data, length);
}

static void visit_blob(struct asg_fields *fields, struct asg_blob *blob,
                       struct asg_arena *arena)
{
    assert(asg_fields_is_loading(fields) || blob->length == 0 || blob->data != NULL);
    if (!asg_fields_is_loading(fields)) {
        put_bytes(fields, blob->data, blob->length);
        return;
    }
    const void *data = get_bytes(fields, &blob->length);
    uint8_t *copy = asg_arena_take(arena, blob->length);
    if (blob->length > 0) memcpy(copy, data, blob->length);
    blob->data = copy;
}

static void visit_texts(struct asg_fields *fields, struct asg_texts *texts,
                        struct asg_arena *arena)
{
    assert(asg_fields_is_loading(fields) || texts->count == 0 || texts->items != NULL);
    asg_fields_count(fields, &texts->count, 1);
    if (asg_fields_is_loading(fields)) {
        texts->items = asg_arena_take(arena, texts->count * sizeof *texts->items);
    }
    for (size_t i = 0; i < texts->count && !fields->is_bad; i++) {
        visit_text(fields, &texts->items[i], arena);
    }
}

static void visit_numbers(struct asg_fields *fields, struct asg_numbers *numbers,
                          struct asg_arena *arena)
{
    assert(asg_fields_is_loading(fields) || numbers->count == 0 ||
           numbers->items != NULL);
    asg_fields_count(fields, &numbers->count, 1);
    uint64_t *items = NULL;
    if (asg_fields_is_loading(fields)) {
        items = asg_arena_take(arena, numbers->count * sizeof *items);
    }
    for (size_t i = 0; i < numbers->count; i++) {
        uint64_t value = items == NULL ? numbers->items[i] : 0;
        asg_fields_u64(fields, &value);
        if (items != NULL) items[i] = value;
    }
    if (items != NULL) numbers->items = items;
}

/* Each field takes a byte or more. */
static size_t least_bytes(const struct asg_fields *fields,
                          const struct asg_schema *schema)
{
    size_t least = 0;
    for (size_t i = 0; i < schema->field_count; i++) {
        least += asg_fields_since(fields, schema->fields[i].since);
    }
    assert(least <= schema->field_count);
    return least > 0 ? least : 1;
}

static void visit_list(struct asg_fields *fields, const struct asg_field *field,
                       void *object, struct asg_arena *arena)
{
    assert(field->sub != NULL);
    void **items = (void **)(void *)((char *)object + field->offset);
    size_t *count = (size_t *)(void *)((char *)object + field->count_offset);
    asg_fields_count(fields, count, least_bytes(fields, field->sub));
    if (asg_fields_is_loading(fields)) {
        *items = asg_arena_take(arena, *count * field->sub->size);
    }
    for (size_t i = 0; i < *count && !fields->is_bad; i++) {
        asg_fields_object(fields, field->sub, (char *)*items + i * field->sub->size,
                          arena);
    }
}

static void visit_part(struct asg_fields *fields, const struct asg_field *field,
                       void **part, struct asg_arena *arena)
{
    assert(field->sub != NULL);
    bool is_there = *part != NULL;
    asg_fields_bool(fields, &is_there);
    if (!is_there) {
        *part = NULL;
        return;
    }
    if (asg_fields_is_loading(fields)) *part = asg_arena_take(arena, field->sub->size);
    asg_fields_object(fields, field->sub, *part, arena);
}

void asg_fields_object(struct asg_fields *fields, const struct asg_schema *schema,
                       void *object, struct asg_arena *arena)
{
    assert(object != NULL);
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        assert(field->offset < schema->size); /* within the struct */
        void *place = (char *)object + field->offset;
        if (!asg_fields_since(fields, field->since)) continue; /* it stays zero */
        switch (field->type) {
        case ASG_FIELD_BOOL: asg_fields_bool(fields, place); break;
        case ASG_FIELD_U32: asg_fields_u32(fields, place); break;
        case ASG_FIELD_U64: asg_fields_u64(fields, place); break;
        case ASG_FIELD_I64: asg_fields_i64(fields, place); break;
        case ASG_FIELD_ENUM:
            asg_fields_enum(fields, place, (int)field->names->count);
            break;
        case ASG_FIELD_TEXT: visit_text(fields, place, arena); break;
        case ASG_FIELD_BLOB: visit_blob(fields, place, arena); break;
        case ASG_FIELD_STRUCT: asg_fields_object(fields, field->sub, place, arena); break;
        case ASG_FIELD_PART: visit_part(fields, field, place, arena); break;
        case ASG_FIELD_LIST: visit_list(fields, field, object, arena); break;
        case ASG_FIELD_TEXTS: visit_texts(fields, place, arena); break;
        case ASG_FIELD_NUMBERS: visit_numbers(fields, place, arena); break;
        }
    }
}
