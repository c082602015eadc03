#include "text/spell.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "model/defaults.h"
#include "model/equal.h"
#include "text/parse.h"
#include "text/quantity.h"

#define LINE_MAX_BYTES 78  /* an item of a list that is longer gets a line a field */
#define PART_MAX_BYTES 512 /* of a struct within a struct */

/* ---- texts ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Words that some reader of YAML takes for a truth, nothing or a number. */
static bool is_reserved(const char *text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n",   "none"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i]) == 0) return true;
    }
    return false;
}

static bool is_plain(const char *text)
{
    if (!is_letter(text[0])) return false;
    for (const char *at = text; *at != '\0'; at++) {
        bool is_digit = *at >= '0' && *at <= '9';
        if (!is_letter(*at) && !is_digit && strchr("_-./", *at) == NULL) return false;
    }
    return !is_reserved(text);
}

static unsigned code_point(const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *)text;
    if (length == 1) return bytes[0];
    unsigned code = bytes[0] & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        code = code << 6 | (bytes[i] & 0x3fu);
    }
    return code;
}

/* What a terminal obeys, and what YAML does not let stand in a text. */
static bool is_escaped(const char *text, size_t length, unsigned code)
{
    return asg_utf8_control_at(text, length) != 0 || code == 0xfeff ||
           (code & 0xfffe) == 0xfffe;
}

static void spell_character(const char *text, size_t length, struct asg_bytes *ret)
{
    unsigned code = code_point(text, length);
    if (code == '"' || code == '\\') {
        asg_bytes_printf(ret, "\\%c", (int)code);
    } else if (code == '\n' || code == '\t' || code == '\r') {
        asg_bytes_printf(ret, "\\%c", code == '\n' ? 'n' : code == '\t' ? 't' : 'r');
    } else if (!is_escaped(text, length, code)) {
        asg_bytes_append(ret, text, length);
    } else if (code < 0x100) {
        asg_bytes_printf(ret, "\\x%02x", code);
    } else if (code < 0x10000) {
        asg_bytes_printf(ret, "\\u%04x", code);
    } else {
        asg_bytes_printf(ret, "\\U%08x", code);
    }
}

void asg_spell_text(const char *text, struct asg_bytes *ret)
{
    if (text == NULL) text = "";
    if (is_plain(text)) {
        asg_bytes_append_text(ret, text);
        return;
    }
    asg_bytes_append_byte(ret, '"');
    size_t left = strlen(text);
    while (left > 0) {
        size_t step = asg_utf8_step(text, left);
        if (step == 0) {
            asg_bytes_append_text(ret, "\xef\xbf\xbd"); /* no text: nobody let it in */
            step = 1;
        } else {
            spell_character(text, step, ret);
        }
        text += step;
        left -= step;
    }
    asg_bytes_append_byte(ret, '"');
}

/* ---- numbers ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

/* With its unit, when that reads back as the same number. */
static bool spell_quantity(const char *name, int64_t value,
                           char ret[ASG_QUANTITY_TEXT_MAX])
{
    int64_t again = 0;
    if (ends_with(name, "_milli")) {
        asg_quantity_print_milli(value, ret);
        return asg_quantity_milli(ret, &again) && again == value;
    }
    if (!ends_with(name, "_ms")) return false;
    if (!asg_parse_is_moment(name)) {
        asg_quantity_print_duration(value, ret);
        return asg_quantity_duration(ret, &again) && again == value;
    }
    static_assert(ASG_TIME_TEXT_MAX <= ASG_QUANTITY_TEXT_MAX, "a moment fits too");
    asg_time_format(value, ret);
    char *dot = strstr(ret, ".000Z");
    if (dot != NULL) memcpy(dot, "Z", sizeof "Z");
    return asg_time_parse(ret) == value;
}

/* False: it can only be said by the field's full name, as a bare number. */
static bool spell_i64(const struct asg_field *field, int64_t value,
                      char ret[ASG_QUANTITY_TEXT_MAX])
{
    if (value == field->otherwise && asg_parse_can_be_unset(field)) {
        (void)snprintf(ret, ASG_QUANTITY_TEXT_MAX, "unset");
        return true;
    }
    if (spell_quantity(field->name, value, ret)) return true;
    (void)snprintf(ret, ASG_QUANTITY_TEXT_MAX, "%" PRId64, value);
    return false;
}

const char *asg_spell_name(const struct asg_field *field, const void *object,
                           char ret[ASG_SPELL_NAME_MAX])
{
    char text[ASG_QUANTITY_TEXT_MAX];
    bool is_short = field->type == ASG_FIELD_BOOL;
    if (field->type == ASG_FIELD_I64) {
        const void *at = (const char *)object + field->offset;
        is_short = spell_i64(field, *(const int64_t *)at, text);
    }
    if (is_short && asg_parse_short_name(field, ret)) return ret;
    return field->name;
}

/* ---- values ---- */

static void spell_set(const struct asg_field *field, uint64_t bits, struct asg_bytes *ret)
{
    if (field->names == NULL || field->names->count < 64) {
        uint64_t known =
            field->names != NULL ? (UINT64_C(1) << field->names->count) - 1 : 0;
        if ((bits & ~known) != 0 || field->names == NULL) {
            asg_bytes_printf(ret, "%" PRIu64, bits);
            return;
        }
    }
    const char *between = "";
    asg_bytes_append_byte(ret, '[');
    for (size_t i = 0; i < field->names->count; i++) {
        if ((bits & UINT64_C(1) << i) == 0) continue;
        asg_bytes_printf(ret, "%s%s", between, field->names->words[i]);
        between = ", ";
    }
    asg_bytes_append_byte(ret, ']');
}

static void spell_texts(const struct asg_texts *texts, struct asg_bytes *ret)
{
    asg_bytes_append_byte(ret, '[');
    for (size_t i = 0; i < texts->count; i++) {
        if (i > 0) asg_bytes_append_text(ret, ", ");
        asg_spell_text(texts->items[i], ret);
    }
    asg_bytes_append_byte(ret, ']');
}

static void spell_map(const struct asg_schema *schema, const void *object,
                      const struct asg_spell_form *form, bool is_flow,
                      struct asg_bytes *ret);

/* What a struct is read over when a file has one in this place. */
static const void *begin_of(const struct asg_field *field, void *place)
{
    assert(field->sub->size <= PART_MAX_BYTES);
    memset(place, 0, field->sub->size);
    if (field->type != ASG_FIELD_LIST) asg_model_set_defaults(field->sub, place);
    return place;
}

/* `object`: what the field leads to. */
static void spell_flow_map(const struct asg_field *field, const void *object,
                           struct asg_bytes *ret)
{
    _Alignas(max_align_t) char place[PART_MAX_BYTES];
    const struct asg_spell_form form = {.otherwise = begin_of(field, place)};
    asg_bytes_append_byte(ret, '{');
    spell_map(field->sub, object, &form, /* is_flow */ true, ret);
    asg_bytes_append_byte(ret, '}');
}

static const char *list_items(const struct asg_field *field, const void *object,
                              size_t *ret_count)
{
    const char *at = object;
    *ret_count = *(const size_t *)(const void *)(at + field->count_offset);
    return *(const char *const *)(const void *)(at + field->offset);
}

static void spell_flow_list(const struct asg_field *field, const void *object,
                            struct asg_bytes *ret)
{
    size_t count = 0;
    const char *items = list_items(field, object, &count);
    asg_bytes_append_byte(ret, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) asg_bytes_append_text(ret, ", ");
        spell_flow_map(field, items + i * field->sub->size, ret);
    }
    asg_bytes_append_byte(ret, ']');
}

void asg_spell_value(const struct asg_field *field, const void *object,
                     struct asg_bytes *ret)
{
    const void *at = (const char *)object + field->offset;
    char text[ASG_QUANTITY_TEXT_MAX];
    switch (field->type) {
    case ASG_FIELD_BOOL:
        asg_bytes_append_text(ret, *(const bool *)at ? "true" : "false");
        break;
    case ASG_FIELD_U32: asg_bytes_printf(ret, "%" PRIu32, *(const uint32_t *)at); break;
    case ASG_FIELD_U64: spell_set(field, *(const uint64_t *)at, ret); break;
    case ASG_FIELD_I64:
        (void)spell_i64(field, *(const int64_t *)at, text);
        asg_bytes_append_text(ret, text);
        break;
    case ASG_FIELD_ENUM:
        asg_bytes_append_text(ret, asg_enum_word(field->names, *(const int *)at));
        break;
    case ASG_FIELD_TEXT: asg_spell_text(*(const char *const *)at, ret); break;
    case ASG_FIELD_TEXTS: spell_texts(at, ret); break;
    case ASG_FIELD_LIST: spell_flow_list(field, object, ret); break;
    case ASG_FIELD_STRUCT: spell_flow_map(field, at, ret); break;
    case ASG_FIELD_PART: {
        const void *part = *(const void *const *)at;
        if (part != NULL) {
            spell_flow_map(field, part, ret);
        } else {
            asg_bytes_append_text(ret, "none");
        }
        break;
    }
    case ASG_FIELD_BLOB:
    case ASG_FIELD_NUMBERS: assert(false); /* no file has such a field */
    }
}

/* ---- lines ---- */

static void append_blanks(size_t count, struct asg_bytes *ret)
{
    while (count-- > 0)
        asg_bytes_append_byte(ret, ' ');
}

/* An item with a line a field; the first has the dash in place of two blanks. */
static void spell_block_item(const struct asg_field *field, const void *item,
                             size_t indent, struct asg_bytes *ret)
{
    _Alignas(max_align_t) char place[PART_MAX_BYTES];
    const struct asg_spell_form form = {.otherwise = begin_of(field, place),
                                        .indent = indent + 2};
    size_t start = ret->length;
    spell_map(field->sub, item, &form, /* is_flow */ false, ret);
    if (ret->length == start) {
        append_blanks(indent, ret);
        asg_bytes_append_text(ret, "- {}\n");
    } else {
        ret->data[start + indent] = '-';
    }
}

static void spell_block_list(const struct asg_field *field, const void *object,
                             size_t indent, struct asg_bytes *ret)
{
    size_t count = 0;
    const char *items = list_items(field, object, &count);
    asg_bytes_append_byte(ret, '\n');
    for (size_t i = 0; i < count; i++) {
        const char *item = items + i * field->sub->size;
        size_t start = ret->length;
        append_blanks(indent, ret);
        asg_bytes_append_text(ret, "- ");
        size_t flow = ret->length;
        spell_flow_map(field, item, ret);
        bool has_several = memchr(ret->data + flow, ',', ret->length - flow) != NULL;
        if (has_several && ret->length - start <= LINE_MAX_BYTES) {
            asg_bytes_append_byte(ret, '\n');
            continue;
        }
        ret->length = start;
        spell_block_item(field, item, indent, ret);
    }
}

static void spell_block_value(const struct asg_field *field, const void *object,
                              size_t indent, struct asg_bytes *ret)
{
    size_t count = 0;
    const void *at = (const char *)object + field->offset;
    if (field->type == ASG_FIELD_LIST) (void)list_items(field, object, &count);
    if (count > 0) {
        spell_block_list(field, object, indent + 2, ret);
        return;
    }
    const void *part = field->type == ASG_FIELD_PART ? *(const void *const *)at : NULL;
    size_t start = ret->length;
    if (part != NULL) {
        _Alignas(max_align_t) char place[PART_MAX_BYTES];
        const struct asg_spell_form form = {.otherwise = begin_of(field, place),
                                            .indent = indent + 2};
        asg_bytes_append_byte(ret, '\n');
        spell_map(field->sub, part, &form, /* is_flow */ false, ret);
        if (ret->length > start + 1) return;
        ret->length = start;
    }
    asg_bytes_append_byte(ret, ' ');
    asg_spell_value(field, object, ret);
    asg_bytes_append_byte(ret, '\n');
}

/* The flag "has_lower" of lower_milli, or the other way round; NULL: it has none. */
static const struct asg_field *companion_of(const struct asg_schema *schema,
                                            const struct asg_field *field)
{
    char stem[ASG_SPELL_NAME_MAX];
    bool is_flag = field->type == ASG_FIELD_BOOL && strncmp(field->name, "has_", 4) == 0;
    if (!is_flag && (field->type != ASG_FIELD_I64 || !asg_parse_short_name(field, stem)))
        return NULL;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *other = &schema->fields[i];
        if (other->is_made) continue;
        if (is_flag && other->type == ASG_FIELD_I64 &&
            asg_parse_short_name(other, stem) && strcmp(field->name + 4, stem) == 0) {
            return other;
        }
        if (!is_flag && other->type == ASG_FIELD_BOOL &&
            strncmp(other->name, "has_", 4) == 0 && strcmp(other->name + 4, stem) == 0) {
            return other;
        }
    }
    return NULL;
}

static bool flag_at(const struct asg_field *field, const void *object)
{
    return *(const bool *)(const void *)((const char *)object + field->offset);
}

static int64_t number_at(const struct asg_field *field, const void *object)
{
    return *(const int64_t *)(const void *)((const char *)object + field->offset);
}

static bool is_always(const struct asg_field *field, const struct asg_spell_form *form)
{
    for (size_t i = 0; form->always != NULL && form->always[i] != NULL; i++) {
        if (strcmp(form->always[i], field->name) == 0) return true;
    }
    return false;
}

/* A value that was given is there: "threshold: 0" says that there is one. So the flag is
 * written only where it denies a value, and the value where the flag is set. */
static bool is_written(const struct asg_schema *schema, const struct asg_field *field,
                       const void *object, const struct asg_spell_form *form)
{
    if (field->is_made) return false;
    if (form->hidden != NULL && strcmp(form->hidden, field->name) == 0) return false;
    const struct asg_field *other = companion_of(schema, field);
    if (other != NULL && field->type == ASG_FIELD_BOOL) {
        return !flag_at(field, object) && number_at(other, object) != 0;
    }
    if (other != NULL) return flag_at(other, object) || number_at(field, object) != 0;
    if (form->otherwise == NULL || is_always(field, form)) return true;
    /* In lists: which kind it is should be read, not known. */
    if (field->type == ASG_FIELD_ENUM && schema->field_count <= 4) return true;
    return !asg_model_equal_field(field, object, form->otherwise);
}

static void spell_map(const struct asg_schema *schema, const void *object,
                      const struct asg_spell_form *form, bool is_flow,
                      struct asg_bytes *ret)
{
    const char *between = "";
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        char name[ASG_SPELL_NAME_MAX];
        if (!is_written(schema, field, object, form)) continue;
        if (is_flow) {
            asg_bytes_printf(ret, "%s%s: ", between, asg_spell_name(field, object, name));
            asg_spell_value(field, object, ret);
            between = ", ";
            continue;
        }
        append_blanks(form->indent, ret);
        asg_bytes_printf(ret, "%s:", asg_spell_name(field, object, name));
        spell_block_value(field, object, form->indent, ret);
    }
}

void asg_spell(const struct asg_schema *schema, const void *object,
               const struct asg_spell_form *form, struct asg_bytes *ret)
{
    spell_map(schema, object, form, /* is_flow */ false, ret);
}
