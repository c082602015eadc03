/* render_csv - structs as lines of comma-separated values. */
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
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

static void write_title(const char *prefix, const char *name, bool *is_first,
                        struct asg_bytes *ret)
{
    asg_bytes_printf(ret, "%s%s%s", *is_first ? "" : ",", prefix, name);
    *is_first = false;
}

static void write_titles(const struct asg_schema *schema, const char *prefix, int depth,
                         bool *is_first, struct asg_bytes *ret)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        if (is_part(field) && depth < DEPTH_MAX) {
            char name[NAME_MAX];
            (void)snprintf(name, sizeof name, "%s%s.", prefix, field->name);
            write_titles(field->sub, name, depth + 1, is_first, ret);
            continue;
        }
        write_title(prefix, field->name, is_first, ret);
        char at_name[64];
        if (asg_render_at_name(field, at_name)) {
            write_title(prefix, at_name, is_first, ret);
        }
    }
}

/* Lists and the like as they stand in JSON: one field of a struct of its own. */
static void write_json(const struct asg_field *field, const void *object,
                       struct asg_bytes *ret)
{
    const struct asg_schema alone = {.name = "cell", .fields = field, .field_count = 1};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes json = {0};
    asg_render_shown(&alone, object, ASG_RENDER_JSON_LINE, &json);
    /* {"name":VALUE} */
    size_t before = strlen(field->name) + 4;
    const char *text = asg_bytes_text(&json);
    if (json.length <= before + 1) return;
    asg_render_csv_text(text + before, json.length - before - 1, ret);
}

static void write_value(const struct asg_field *field, const void *object,
                        struct asg_bytes *ret)
{
    if (object == NULL || asg_render_is_null(field, object)) return;
    const void *at = (const char *)object + field->offset;
    const char *text = NULL;
    bool is_set = field->type == ASG_FIELD_U64 && field->names != NULL;
    if (is_set) {
        write_json(field, object, ret);
        return;
    }
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

static void write_at(const struct asg_field *field, const void *object,
                     struct asg_bytes *ret)
{
    if (object == NULL || asg_render_is_null(field, object)) return;
    char text[ASG_TIME_TEXT_MAX];
    asg_time_format(
        *(const int64_t *)(const void *)((const char *)object + field->offset), text);
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
        char ignored_name[64];
        if (!asg_render_at_name(field, ignored_name)) continue;
        asg_bytes_append_byte(ret, ',');
        write_at(field, object, ret);
    }
}

void asg_render_csv(const struct asg_schema *schema, const struct asg_items *items,
                    bool has_titles, struct asg_bytes *ret)
{
    bool is_first = true;
    if (has_titles) {
        write_titles(schema, "", 0, &is_first, ret);
        asg_bytes_append_text(ret, "\r\n");
    }
    for (size_t i = 0; i < items->count; i++) {
        is_first = true;
        write_values(schema, items->items[i], 0, &is_first, ret);
        asg_bytes_append_text(ret, "\r\n");
    }
}

/* "ACCESS KEY ID" is "access_key_id". */
static void write_small(const char *title, struct asg_bytes *ret)
{
    for (; *title != '\0'; title++) {
        bool is_plain = isalnum((unsigned char)*title) != 0;
        char letter = (char)(is_plain ? tolower((unsigned char)*title) : '_');
        asg_bytes_append_byte(ret, (uint8_t)letter);
    }
}

static void write_column(const struct asg_schema *schema, const void *object,
                         const struct asg_render_column *column, struct asg_bytes *ret)
{
    if (column->write == NULL) {
        const struct asg_field *field =
            asg_render_resolve(schema, column->field, &object);
        assert(field != NULL);
        write_value(field, object, ret);
        return;
    }
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes cell = {0};
    column->write(object, &cell);
    bool is_null = strcmp(asg_bytes_text(&cell), "-") == 0;
    if (!is_null) asg_render_csv_text(asg_bytes_text(&cell), cell.length, ret);
}

void asg_render_csv_columns(const struct asg_schema *schema,
                            const struct asg_items *items,
                            const struct asg_render_column *columns, size_t column_count,
                            bool has_titles, struct asg_bytes *ret)
{
    for (size_t c = 0; has_titles && c < column_count; c++) {
        if (c > 0) asg_bytes_append_byte(ret, ',');
        if (columns[c].write == NULL) {
            asg_bytes_append_text(ret, columns[c].field);
        } else {
            write_small(columns[c].title, ret);
        }
    }
    if (has_titles) asg_bytes_append_text(ret, "\r\n");
    for (size_t i = 0; i < items->count; i++) {
        for (size_t c = 0; c < column_count; c++) {
            if (c > 0) asg_bytes_append_byte(ret, ',');
            write_column(schema, items->items[i], &columns[c], ret);
        }
        asg_bytes_append_text(ret, "\r\n");
    }
}
