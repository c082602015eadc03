#include "model/check_texts.h"

#include <string.h>

#include "base/utf8.h"

static const void *at(const void *object, size_t offset)
{
    return (const char *)object + offset;
}

/* Which characters a text may have. */
enum rule { ANY, NO_CONTROLS };

static enum asg_status check_all(const struct asg_schema *schema, const void *object,
                                 enum rule rule, struct asg_error *error);

static enum asg_status check_text(const char *name, const char *text, size_t limit,
                                  enum rule rule, struct asg_error *error)
{
    if (text == NULL) return ASG_OK;
    size_t length = strlen(text);
    if (length > limit) {
        return asg_fail(error, ASG_ERR_LIMIT, "%s has %zu bytes; at most %zu are allowed",
                        name, length, limit);
    }
    if (!asg_utf8_is_valid(text, length)) {
        return asg_fail(error, ASG_ERR_INVALID, "%s is not valid UTF-8", name);
    }
    if (rule == ANY) return ASG_OK;
    unsigned code = asg_utf8_find_control(text, /* multi_line */ limit > ASG_TEXT_MAX);
    if (code == 0) return ASG_OK;
    return asg_fail(error, ASG_ERR_INVALID,
                    "%s contains the control character U+%04X; remove it", name, code);
}

static enum asg_status check_field(const struct asg_field *field, const void *object,
                                   enum rule rule, struct asg_error *error)
{
    const void *place = at(object, field->offset);
    switch (field->type) {
    case ASG_FIELD_TEXT:
        return check_text(field->name, *(const char *const *)place, field->limit, rule,
                          error);
    case ASG_FIELD_STRUCT: return check_all(field->sub, place, rule, error);
    case ASG_FIELD_PART: {
        const void *part = *(const void *const *)place;
        return part == NULL ? ASG_OK : check_all(field->sub, part, rule, error);
    }
    case ASG_FIELD_LIST: {
        const char *items = *(const char *const *)place;
        size_t count = *(const size_t *)at(object, field->count_offset);
        for (size_t i = 0; i < count; i++) {
            enum asg_status status =
                check_all(field->sub, items + i * field->sub->size, rule, error);
            if (status != ASG_OK) {
                return asg_fail_wrap(error, status, "%s %zu", field->name, i + 1);
            }
        }
        return ASG_OK;
    }
    case ASG_FIELD_TEXTS: {
        const struct asg_texts *texts = place;
        for (size_t i = 0; i < texts->count; i++) {
            enum asg_status status =
                check_text(field->name, texts->items[i], ASG_TEXT_MAX, rule, error);
            if (status != ASG_OK) return status;
        }
        return ASG_OK;
    }
    case ASG_FIELD_BOOL:
    case ASG_FIELD_U32:
    case ASG_FIELD_U64:
    case ASG_FIELD_I64:
    case ASG_FIELD_ENUM:
    case ASG_FIELD_BLOB:
    case ASG_FIELD_NUMBERS: break;
    }
    return ASG_OK;
}

static enum asg_status check_all(const struct asg_schema *schema, const void *object,
                                 enum rule rule, struct asg_error *error)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        enum asg_status status = check_field(&schema->fields[i], object, rule, error);
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

enum asg_status asg_model_check_texts(const struct asg_schema *schema, const void *object,
                                      struct asg_error *error)
{
    return check_all(schema, object, NO_CONTROLS, error);
}

enum asg_status asg_model_check_limits(const struct asg_schema *schema,
                                       const void *object, struct asg_error *error)
{
    return check_all(schema, object, ANY, error);
}
