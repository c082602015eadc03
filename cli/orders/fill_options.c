#include "cli/orders/fill_options.h"

#include <assert.h>
#include <string.h>

static void fill_field(const struct asg_arguments *arguments, const char *option,
                       const struct asg_field *field, char *object)
{
    void *at = object + field->offset;
    int64_t number = asg_option_number(arguments, option, 0);
    switch (field->type) {
    case ASG_FIELD_BOOL: *(bool *)at = number != 0; break;
    case ASG_FIELD_U32: *(uint32_t *)at = (uint32_t)number; break;
    case ASG_FIELD_U64: *(uint64_t *)at = (uint64_t)number; break;
    case ASG_FIELD_I64: *(int64_t *)at = number; break;
    case ASG_FIELD_ENUM: *(int *)at = (int)number; break;
    case ASG_FIELD_TEXT: *(const char **)at = asg_option_text(arguments, option); break;
    case ASG_FIELD_TEXTS:
        *(struct asg_texts *)at = asg_option_texts(arguments, option);
        break;
    default: assert(false); /* no option can say such a field */
    }
}

uint64_t asg_fill_options(const struct asg_arguments *arguments,
                          const struct asg_schema *schema,
                          const struct asg_option_field *fields, size_t count,
                          void *object)
{
    uint64_t present = 0;
    for (size_t i = 0; i < count; i++) {
        if (!asg_option_is_set(arguments, fields[i].option)) continue;
        const struct asg_field *field = asg_schema_find(schema, fields[i].field);
        assert(field != NULL);
        fill_field(arguments, fields[i].option, field, object);
        present |= UINT64_C(1) << (field - schema->fields);
    }
    return present;
}

enum asg_status asg_fill_tags(const struct asg_texts *texts, struct asg_arena *arena,
                              struct asg_tag **ret, size_t *ret_count,
                              struct asg_error *error)
{
    struct asg_tag *tags = asg_arena_take(arena, (texts->count + 1) * sizeof *tags);
    for (size_t i = 0; i < texts->count; i++) {
        const char *equal = strchr(texts->items[i], '=');
        if (equal == NULL || equal == texts->items[i]) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "--tag cannot be \"%.80s\": write KEY=VALUE",
                            texts->items[i]);
        }
        tags[i].key =
            asg_arena_text_n(arena, texts->items[i], (size_t)(equal - texts->items[i]));
        tags[i].value = asg_arena_text(arena, equal + 1);
    }
    *ret = tags;
    *ret_count = texts->count;
    return ASG_OK;
}
