#include "model/defaults.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static size_t size_of(const struct asg_field *field)
{
    switch (field->type) {
    case ASG_FIELD_BOOL: return sizeof(bool);
    case ASG_FIELD_U32: return sizeof(uint32_t);
    case ASG_FIELD_ENUM: return sizeof(int);
    case ASG_FIELD_U64:
    case ASG_FIELD_I64: return sizeof(int64_t);
    case ASG_FIELD_TEXT:
    case ASG_FIELD_PART:
    case ASG_FIELD_LIST: return sizeof(void *);
    case ASG_FIELD_BLOB: return sizeof(struct asg_blob);
    case ASG_FIELD_STRUCT: return field->sub->size;
    case ASG_FIELD_TEXTS: return sizeof(struct asg_texts);
    case ASG_FIELD_NUMBERS: return sizeof(struct asg_numbers);
    }
    assert(false); /* a type of field that this file does not know */
    return 0;
}

static void set_default(const struct asg_field *field, void *ret)
{
    void *place = (char *)ret + field->offset;
    memset(place, 0, size_of(field));
    if (field->type == ASG_FIELD_LIST) {
        *(size_t *)(void *)((char *)ret + field->count_offset) = 0;
    }
    switch (field->type) {
    case ASG_FIELD_BOOL: *(bool *)place = field->otherwise != 0; break;
    case ASG_FIELD_U32: *(uint32_t *)place = (uint32_t)field->otherwise; break;
    case ASG_FIELD_U64: *(uint64_t *)place = (uint64_t)field->otherwise; break;
    case ASG_FIELD_I64: *(int64_t *)place = field->otherwise; break;
    case ASG_FIELD_ENUM: *(int *)place = (int)field->otherwise; break;
    case ASG_FIELD_TEXT:
        *(const char **)place =
            field->otherwise_text != NULL ? field->otherwise_text : "";
        break;
    case ASG_FIELD_TEXTS:
        if (field->otherwise_text == NULL) break;
        *(struct asg_texts *)place = (struct asg_texts){
            .items = (const char **)(uintptr_t)&field->otherwise_text, .count = 1};
        break;
    case ASG_FIELD_STRUCT: asg_model_set_defaults(field->sub, place); break;
    case ASG_FIELD_BLOB:
    case ASG_FIELD_PART:
    case ASG_FIELD_LIST:
    case ASG_FIELD_NUMBERS: break;
    }
}

void asg_model_set_defaults(const struct asg_schema *schema, void *ret)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        set_default(&schema->fields[i], ret);
    }
}

static bool is_unset(const struct asg_field *field, const void *object)
{
    const void *place = (const char *)object + field->offset;
    if (field->type == ASG_FIELD_TEXT) {
        const char *text = *(const char *const *)place;
        return text == NULL || text[0] == '\0';
    }
    if (field->type == ASG_FIELD_U32) return *(const uint32_t *)place == 0;
    assert(field->type == ASG_FIELD_I64);
    return *(const int64_t *)place == 0;
}

void asg_model_fill_unset(const struct asg_schema *schema, void *ret)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        if (field->is_unset_by_zero && is_unset(field, ret)) set_default(field, ret);
    }
}

void asg_model_take_field(const struct asg_field *field, void *ret, const void *from)
{
    memcpy((char *)ret + field->offset, (const char *)from + field->offset,
           size_of(field));
    if (field->type == ASG_FIELD_LIST) {
        memcpy((char *)ret + field->count_offset,
               (const char *)from + field->count_offset, sizeof(size_t));
    }
}

void asg_model_update(const struct asg_schema *schema, void *ret, const void *from,
                      uint64_t bits)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        if (field->update_bit == 0) continue;
        assert(field->update_bit <= 64);
        if ((bits & UINT64_C(1) << (field->update_bit - 1)) == 0) continue;
        asg_model_take_field(field, ret, from);
    }
}

bool asg_model_names(const struct asg_schema *schema, uint64_t present, const char *name)
{
    const struct asg_field *field = asg_schema_find(schema, name);
    assert(field != NULL); /* a name that is not in the table is our own mistake */
    return (present & UINT64_C(1) << (field - schema->fields)) != 0;
}

uint64_t asg_model_update_bits(const struct asg_schema *schema, uint64_t present)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        bool is_named = field->update_bit > 0 && (present & UINT64_C(1) << i) != 0;
        if (is_named) bits |= UINT64_C(1) << (field->update_bit - 1);
    }
    return bits;
}
