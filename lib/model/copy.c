#include "model/copy.h"

#include <assert.h>
#include <string.h>

static void copy_field(const struct asg_field *field, struct asg_arena *arena, void *ret);

/* `ret` is a flat copy already: replace what it points to. */
static void deepen(const struct asg_schema *schema, struct asg_arena *arena, void *ret)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        copy_field(&schema->fields[i], arena, ret);
    }
}

static void *copy_bytes(struct asg_arena *arena, const void *from, size_t length)
{
    void *copy = asg_arena_take(arena, length);
    if (length > 0) memcpy(copy, from, length);
    return copy;
}

static void copy_list(const struct asg_field *field, struct asg_arena *arena, void *ret)
{
    void **place = (void **)(void *)((char *)ret + field->offset);
    size_t count = *(const size_t *)(const void *)((char *)ret + field->count_offset);
    char *items = copy_bytes(arena, *place, count * field->sub->size);
    for (size_t i = 0; i < count; i++) {
        deepen(field->sub, arena, items + i * field->sub->size);
    }
    *place = items;
}

static void copy_field(const struct asg_field *field, struct asg_arena *arena, void *ret)
{
    void *place = (char *)ret + field->offset;
    switch (field->type) {
    case ASG_FIELD_TEXT: {
        const char **text = place;
        *text = asg_arena_text(arena, *text);
        break;
    }
    case ASG_FIELD_BLOB: {
        struct asg_blob *blob = place;
        blob->data = copy_bytes(arena, blob->data, blob->length);
        break;
    }
    case ASG_FIELD_STRUCT: deepen(field->sub, arena, place); break;
    case ASG_FIELD_PART: {
        void **part = place;
        if (*part == NULL) break;
        *part = copy_bytes(arena, *part, field->sub->size);
        deepen(field->sub, arena, *part);
        break;
    }
    case ASG_FIELD_LIST: copy_list(field, arena, ret); break;
    case ASG_FIELD_TEXTS: {
        struct asg_texts *texts = place;
        const char **items =
            copy_bytes(arena, texts->items, texts->count * sizeof *items);
        for (size_t i = 0; i < texts->count; i++) {
            items[i] = asg_arena_text(arena, items[i]);
        }
        texts->items = items;
        break;
    }
    case ASG_FIELD_NUMBERS: {
        struct asg_numbers *numbers = place;
        numbers->items =
            copy_bytes(arena, numbers->items, numbers->count * sizeof *numbers->items);
        break;
    }
    case ASG_FIELD_BOOL:
    case ASG_FIELD_U32:
    case ASG_FIELD_U64:
    case ASG_FIELD_I64:
    case ASG_FIELD_ENUM: break;
    }
}

void asg_model_copy(const struct asg_schema *schema, const void *from,
                    struct asg_arena *arena, void *ret)
{
    memcpy(ret, from, schema->size);
    deepen(schema, arena, ret);
}

void asg_model_copy_alone(const struct asg_schema *schema, const void *from,
                          struct asg_arena *arena, void *ret)
{
    assert(from != ret);
    struct asg_arena trial = {0}; /* its only use is to know how much it takes */
    asg_model_copy(schema, from, &trial, ret);
    asg_arena_reserve(arena, asg_arena_used(&trial));
    asg_arena_clear(&trial);
    asg_model_copy(schema, from, arena, ret);
}
