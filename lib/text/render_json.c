/* render_json - structs as JSON and YAML: one walk makes a tree, two ways print it. What
 * is shown to people and scripts has more than what is read back (render.h). */
#include "text/render.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/utf8.h"
#include "text/quantity.h"

static void delete_tree(cJSON **tree)
{
    cJSON_Delete(*tree);
}

/* Out of memory ends the process, as everywhere (base/arena.h). */
static void *made(void *item)
{
    if (item == NULL) {
        (void)fprintf(stderr, "openasg: out of memory while writing JSON\n");
        abort();
    }
    return item;
}

static void add(cJSON *parent, const char *name, cJSON *item)
{
    cJSON_bool is_added = name != NULL ? cJSON_AddItemToObject(parent, name, made(item))
                                       : cJSON_AddItemToArray(parent, made(item));
    if (!is_added) (void)made(NULL);
}

/* cJSON keeps numbers as doubles; ours have 64 bits. */
static cJSON *number(bool is_negative, uint64_t size)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%s%" PRIu64, is_negative ? "-" : "", size);
    return made(cJSON_CreateRaw(text));
}

static cJSON *signed_number(int64_t value)
{
    return number(value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static cJSON *text_item(const char *text)
{
    return made(cJSON_CreateString(text != NULL ? text : ""));
}

static cJSON *texts_item(const struct asg_texts *texts)
{
    cJSON *list = made(cJSON_CreateArray());
    for (size_t i = 0; i < texts->count; i++)
        add(list, NULL, text_item(texts->items[i]));
    return list;
}

static cJSON *numbers_item(const struct asg_numbers *numbers)
{
    cJSON *list = made(cJSON_CreateArray());
    for (size_t i = 0; i < numbers->count; i++) {
        add(list, NULL, number(false, numbers->items[i]));
    }
    return list;
}

static cJSON *blob_item(const struct asg_blob *blob)
{
    static const char digits[] = "0123456789abcdef";
    struct asg_bytes hex = {0};
    for (size_t i = 0; i < blob->length; i++) {
        asg_bytes_append_byte(&hex, (uint8_t)digits[blob->data[i] >> 4]);
        asg_bytes_append_byte(&hex, (uint8_t)digits[blob->data[i] & 15]);
    }
    cJSON *item = text_item(asg_bytes_text(&hex));
    asg_bytes_clear(&hex);
    return item;
}

static cJSON *set_item(const struct asg_enum *names, uint64_t bits)
{
    cJSON *list = made(cJSON_CreateArray());
    for (size_t i = 0; i < names->count && i < 64; i++) {
        if ((bits & UINT64_C(1) << i) != 0) add(list, NULL, text_item(names->words[i]));
    }
    return list;
}

static cJSON *struct_item(const struct asg_schema *schema, const void *object,
                          bool is_shown);

static cJSON *list_item(const struct asg_schema *schema, const void *items, size_t count,
                        bool is_shown)
{
    cJSON *list = made(cJSON_CreateArray());
    for (size_t i = 0; i < count; i++) {
        const void *item = (const char *)items + i * schema->size;
        add(list, NULL, struct_item(schema, item, is_shown));
    }
    return list;
}

static cJSON *field_item(const struct asg_field *field, const char *object, bool is_shown)
{
    const void *at = object + field->offset;
    if (is_shown && asg_render_is_null(field, object)) return made(cJSON_CreateNull());
    bool is_set = is_shown && field->type == ASG_FIELD_U64 && field->names != NULL;
    if (is_set) return set_item(field->names, *(const uint64_t *)at);
    switch (field->type) {
    case ASG_FIELD_BOOL: return made(cJSON_CreateBool(*(const bool *)at));
    case ASG_FIELD_U32: return number(false, *(const uint32_t *)at);
    case ASG_FIELD_U64: return number(false, *(const uint64_t *)at);
    case ASG_FIELD_I64: return signed_number(*(const int64_t *)at);
    case ASG_FIELD_ENUM: return text_item(asg_enum_word(field->names, *(const int *)at));
    case ASG_FIELD_TEXT: return text_item(*(const char *const *)at);
    case ASG_FIELD_BLOB: return blob_item(at);
    case ASG_FIELD_STRUCT: return struct_item(field->sub, at, is_shown);
    case ASG_FIELD_TEXTS: return texts_item(at);
    case ASG_FIELD_NUMBERS: return numbers_item(at);
    case ASG_FIELD_PART: {
        const void *part = *(const void *const *)at;
        return part != NULL ? struct_item(field->sub, part, is_shown)
                            : made(cJSON_CreateNull());
    }
    case ASG_FIELD_LIST: {
        const void *count = object + field->count_offset;
        return list_item(field->sub, *(const void *const *)at, *(const size_t *)count,
                         is_shown);
    }
    }
    return made(cJSON_CreateNull());
}

/* "created_at" after "created_ms", always in UTC. */
static void add_at(cJSON *map, const struct asg_field *field, const char *object)
{
    char name[64];
    if (!asg_render_at_name(field, name)) return;
    int64_t at_ms = *(const int64_t *)(const void *)(object + field->offset);
    char text[ASG_TIME_TEXT_MAX];
    asg_time_format(at_ms, text);
    add(map, name, at_ms != 0 ? text_item(text) : cJSON_CreateNull());
}

static cJSON *struct_item(const struct asg_schema *schema, const void *object,
                          bool is_shown)
{
    cJSON *map = made(cJSON_CreateObject());
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        add(map, field->name, field_item(field, object, is_shown));
        if (is_shown) add_at(map, field, object);
    }
    return map;
}

static void print_json(const cJSON *tree, bool is_compact, struct asg_bytes *ret)
{
    char *text = made(is_compact ? cJSON_PrintUnformatted(tree) : cJSON_Print(tree));
    /* cJSON escapes C0; here the rest of what a terminal obeys, in JSON's own form. */
    asg_escape_append(text, strlen(text), ASG_LAYOUT_KEPT, ret);
    if (!is_compact) asg_bytes_append_byte(ret, '\n');
    cJSON_free(text);
}

void asg_render_json(const struct asg_schema *schema, const void *object, bool is_compact,
                     struct asg_bytes *ret)
{
    ASG_CLEANUP(delete_tree)
    cJSON *tree = struct_item(schema, object, /* is_shown */ false);
    print_json(tree, is_compact, ret);
}

void asg_render_json_list(const struct asg_schema *schema, const void *items,
                          size_t count, bool is_compact, struct asg_bytes *ret)
{
    ASG_CLEANUP(delete_tree)
    cJSON *tree = list_item(schema, items, count, /* is_shown */ false);
    print_json(tree, is_compact, ret);
}

void asg_render_json_text(const char *text, struct asg_bytes *ret)
{
    ASG_CLEANUP(delete_tree) cJSON *tree = text_item(text);
    print_json(tree, /* is_compact */ true, ret);
}

static int write_bytes(void *context, unsigned char *data, size_t length)
{
    asg_bytes_append(context, data, length);
    return 1;
}

/* Both fail for lack of memory only: the tree is well formed. */
static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int is_made)
{
    if (!is_made || !yaml_emitter_emit(emitter, event)) (void)made(NULL);
}

/* A text that would read back as a number, a truth or nothing is put in quotes. */
static bool needs_quotes(const char *text)
{
    int64_t ignored_number;
    bool ignored;
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
           strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0 ||
           strspn(text, "0123456789+-.eExX_:") == strlen(text) ||
           asg_quantity_bool(text, &ignored) || strcmp(text, "y") == 0 ||
           strcmp(text, "n") == 0 || asg_quantity_integer(text, &ignored_number);
}

static void emit_scalar(yaml_emitter_t *emitter, const char *text, bool is_text)
{
    yaml_event_t event;
    yaml_scalar_style_t style = is_text && needs_quotes(text)
                                    ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
                                    : YAML_ANY_SCALAR_STYLE;
    if (is_text && asg_utf8_find_control(text, /* multi_line */ false) != 0) {
        style = YAML_DOUBLE_QUOTED_SCALAR_STYLE; /* where it can be escaped */
    }
    emit(emitter, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                      (int)strlen(text), 1, 1, style));
}

static void emit_tree(yaml_emitter_t *emitter, const cJSON *tree)
{
    yaml_event_t event;
    const cJSON *child = NULL;
    if (cJSON_IsObject(tree)) {
        emit(emitter, &event,
             yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                 YAML_BLOCK_MAPPING_STYLE));
        cJSON_ArrayForEach(child, tree)
        {
            emit_scalar(emitter, child->string, /* is_text */ true);
            emit_tree(emitter, child);
        }
        emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
    } else if (cJSON_IsArray(tree)) {
        yaml_sequence_style_t style = tree->child != NULL && cJSON_IsObject(tree->child)
                                          ? YAML_BLOCK_SEQUENCE_STYLE
                                          : YAML_FLOW_SEQUENCE_STYLE;
        emit(emitter, &event,
             yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style));
        cJSON_ArrayForEach(child, tree) emit_tree(emitter, child);
        emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
    } else if (cJSON_IsString(tree) || cJSON_IsRaw(tree)) {
        emit_scalar(emitter, tree->valuestring, cJSON_IsString(tree));
    } else {
        emit_scalar(emitter,
                    cJSON_IsBool(tree) ? (cJSON_IsTrue(tree) ? "true" : "false") : "null",
                    /* is_text */ false);
    }
}

static void print_yaml(const cJSON *tree, struct asg_bytes *ret)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    ASG_CLEANUP(yaml_emitter_delete) yaml_emitter_t emitter;
    if (!yaml_emitter_initialize(&emitter)) (void)made(NULL);
    yaml_emitter_set_output(&emitter, write_bytes, &text);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    yaml_event_t event;
    emit(&emitter, &event,
         yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&emitter, &event,
         yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    emit_tree(&emitter, tree);
    emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
    emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
    /* libyaml lets marks of direction stand; YAML has JSON's form for them. */
    asg_escape_append(asg_bytes_text(&text), text.length, ASG_LAYOUT_KEPT, ret);
}

void asg_render_yaml(const struct asg_schema *schema, const void *object,
                     struct asg_bytes *ret)
{
    ASG_CLEANUP(delete_tree)
    cJSON *tree = struct_item(schema, object, /* is_shown */ false);
    print_yaml(tree, ret);
}

void asg_render_yaml_list(const struct asg_schema *schema, const void *items,
                          size_t count, struct asg_bytes *ret)
{
    ASG_CLEANUP(delete_tree)
    cJSON *tree = list_item(schema, items, count, /* is_shown */ false);
    print_yaml(tree, ret);
}

static void print_form(const cJSON *tree, enum asg_render_form form,
                       struct asg_bytes *ret)
{
    if (form == ASG_RENDER_YAML) {
        print_yaml(tree, ret);
    } else {
        print_json(tree, /* is_compact */ form == ASG_RENDER_JSON_LINE, ret);
    }
}

void asg_render_shown(const struct asg_schema *schema, const void *object,
                      enum asg_render_form form, struct asg_bytes *ret)
{
    ASG_CLEANUP(delete_tree)
    cJSON *tree = struct_item(schema, object, /* is_shown */ true);
    print_form(tree, form, ret);
}

void asg_render_shown_list(const struct asg_schema *schema, const struct asg_items *items,
                           enum asg_render_form form, struct asg_bytes *ret)
{
    ASG_CLEANUP(delete_tree) cJSON *tree = made(cJSON_CreateArray());
    for (size_t i = 0; i < items->count; i++) {
        add(tree, NULL, struct_item(schema, items->items[i], /* is_shown */ true));
    }
    print_form(tree, form, ret);
}
