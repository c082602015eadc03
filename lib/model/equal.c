#include "model/equal.h"

#include <assert.h>
#include <string.h>

static bool equal_texts(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool equal_lists(const struct asg_field *field, const char *a, const char *b)
{
    size_t count = *(const size_t *)(const void *)(a + field->count_offset);
    if (count != *(const size_t *)(const void *)(b + field->count_offset)) return false;
    const char *x = *(const char *const *)(const void *)(a + field->offset);
    const char *y = *(const char *const *)(const void *)(b + field->offset);
    for (size_t i = 0; i < count; i++) {
        size_t at = i * field->sub->size;
        if (!asg_model_equal(field->sub, x + at, y + at)) return false;
    }
    return true;
}

static bool equal_parts(const struct asg_schema *schema, const void *a, const void *b)
{
    if (a == NULL || b == NULL) return a == b;
    return asg_model_equal(schema, a, b);
}

static bool equal_text_lists(const struct asg_texts *a, const struct asg_texts *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!equal_texts(a->items[i], b->items[i])) return false;
    }
    return true;
}

static bool equal_bytes(const void *a, size_t a_length, const void *b, size_t b_length)
{
    return a_length == b_length && (a_length == 0 || memcmp(a, b, a_length) == 0);
}

bool asg_model_equal_field(const struct asg_field *field, const void *a, const void *b)
{
    const void *x = (const char *)a + field->offset;
    const void *y = (const char *)b + field->offset;
    switch (field->type) {
    case ASG_FIELD_BOOL: return *(const bool *)x == *(const bool *)y;
    case ASG_FIELD_U32: return *(const uint32_t *)x == *(const uint32_t *)y;
    case ASG_FIELD_U64: return *(const uint64_t *)x == *(const uint64_t *)y;
    case ASG_FIELD_I64: return *(const int64_t *)x == *(const int64_t *)y;
    case ASG_FIELD_ENUM: return *(const int *)x == *(const int *)y;
    case ASG_FIELD_TEXT:
        return equal_texts(*(const char *const *)x, *(const char *const *)y);
    case ASG_FIELD_BLOB: {
        const struct asg_blob *p = x;
        const struct asg_blob *q = y;
        return equal_bytes(p->data, p->length, q->data, q->length);
    }
    case ASG_FIELD_STRUCT: return asg_model_equal(field->sub, x, y);
    case ASG_FIELD_PART:
        return equal_parts(field->sub, *(const void *const *)x, *(const void *const *)y);
    case ASG_FIELD_LIST: return equal_lists(field, a, b);
    case ASG_FIELD_TEXTS: return equal_text_lists(x, y);
    case ASG_FIELD_NUMBERS: {
        const struct asg_numbers *p = x;
        const struct asg_numbers *q = y;
        return equal_bytes(p->items, p->count * sizeof *p->items, q->items,
                           q->count * sizeof *q->items);
    }
    }
    assert(false); /* a type of field that this file does not know */
    return false;
}

bool asg_model_equal(const struct asg_schema *schema, const void *a, const void *b)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        if (!field->is_made && !asg_model_equal_field(field, a, b)) return false;
    }
    return true;
}
