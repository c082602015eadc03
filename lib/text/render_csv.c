/* render_csv - structs as lines of comma-separated values. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "text/render.h"

#define DEPTH_MAX 8
#define NAME_MAX  256

void asg_render_csv_text(const char *text, size_t length, struct asg_bytes *ret)
{
    asg_bytes_append_byte(ret, '"');
    if (length > 0 && strchr("=+-@\t\r", text[0]) != NULL) {
        asg_bytes_append_byte(ret, '\'');
    }
    for (size_t at = 0; at < length;) {
        const char *quote = memchr(text + at, '"', length - at);
        size_t plain = quote != NULL ? (size_t)(quote - text) - at : length - at;
        asg_escape_append(text + at, plain, ASG_LAYOUT_KEPT, ret);
        at += plain;
        if (quote == NULL) break;
        asg_bytes_append(ret, "\"\"", 2);
        at++;
    }
    asg_bytes_append_byte(ret, '"');
}

/* Where an embedded or pointed-to struct is; NULL: absent. */
static const void *part_of(const struct asg_field *field, const void *object)
{
    if (object == NULL) return NULL;
    const char *at = (const char *)object + field->offset;
    if (field->type == ASG_FIELD_STRUCT) return at;
    return *(const void *const *)(const void *)at;
}

static bool is_part(const struct asg_field *field)
{
    return field->type == ASG_FIELD_STRUCT || field->type == ASG_FIELD_PART;
}

static void write_titles(const struct asg_schema *schema, const char *prefix, int depth,
                         bool *is_first, struct asg_bytes *ret)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        char name[NAME_MAX];
        (void)snprintf(name, sizeof name, "%s%s", prefix, field->name);
        if (is_part(field) && depth < DEPTH_MAX) {
            (void)strncat(name, ".", sizeof name - strlen(name) - 1);
            write_titles(field->sub, name, depth + 1, is_first, ret);
            continue;
        }
        asg_bytes_printf(ret, "%s%s", *is_first ? "" : ",", name);
        *is_first = false;
    }
}

/* Lists and the like as they stand in JSON: one field of a struct of its own. */
static void write_json(const struct asg_field *field, const void *object,
                       struct asg_bytes *ret)
{
    const struct asg_schema alone = {.name = "cell", .fields = field, .field_count = 1};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes json = {0};
    asg_render_json(&alone, object, /* is_compact */ true, &json);
    /* {"name":VALUE} */
    size_t before = strlen(field->name) + 4;
    const char *text = asg_bytes_text(&json);
    if (json.length <= before + 1) return;
    asg_render_csv_text(text + before, json.length - before - 1, ret);
}

static void write_value(const struct asg_field *field, const void *object,
                        struct asg_bytes *ret)
{
    if (object == NULL) return;
    const void *at = (const char *)object + field->offset;
    const char *text = NULL;
    switch (field->type) {
    case ASG_FIELD_BOOL: text = *(const bool *)at ? "true" : "false"; break;
    case ASG_FIELD_ENUM: text = asg_enum_word(field->names, *(const int *)at); break;
    case ASG_FIELD_U32: asg_bytes_printf(ret, "%" PRIu32, *(const uint32_t *)at); return;
    case ASG_FIELD_U64: asg_bytes_printf(ret, "%" PRIu64, *(const uint64_t *)at); return;
    case ASG_FIELD_I64: asg_bytes_printf(ret, "%" PRId64, *(const int64_t *)at); return;
    case ASG_FIELD_TEXT:
        text = *(const char *const *)at;
        asg_render_csv_text(text != NULL ? text : "", text != NULL ? strlen(text) : 0,
                            ret);
        return;
    default: write_json(field, object, ret); return;
    }
    asg_bytes_append_text(ret, text);
}

static void write_values(const struct asg_schema *schema, const void *object, int depth,
                         bool *is_first, struct asg_bytes *ret)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        if (is_part(field) && depth < DEPTH_MAX) {
            write_values(field->sub, part_of(field, object), depth + 1, is_first, ret);
            continue;
        }
        if (!*is_first) asg_bytes_append_byte(ret, ',');
        *is_first = false;
        write_value(field, object, ret);
    }
}

void asg_render_csv(const struct asg_schema *schema, const void *items, size_t count,
                    struct asg_bytes *ret)
{
    bool is_first = true;
    write_titles(schema, "", 0, &is_first, ret);
    asg_bytes_append_text(ret, "\r\n");
    for (size_t i = 0; i < count; i++) {
        is_first = true;
        write_values(schema, (const char *)items + i * schema->size, 0, &is_first, ret);
        asg_bytes_append_text(ret, "\r\n");
    }
}
