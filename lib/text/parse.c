#include "text/parse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "model/defaults.h"
#include "text/nearest.h"
#include "text/quantity.h"

#define PATH_MAX_BYTES 200
#define NAME_MAX_BYTES ASG_PARSE_NAME_MAX

struct parser {
    const char *name; /* of the file */
    struct asg_arena *arena;
    struct asg_error *error;
    char path[PATH_MAX_BYTES];
    size_t path_length;
};

/* How a key was written: by the table's name, or without its unit or "is_". */
enum form { FORM_NONE, FORM_FULL, FORM_SHORT };

static enum asg_status parse_map(struct parser *parser, const struct asg_schema *schema,
                                 const struct asg_yaml_node *node, void *object,
                                 uint64_t *ret_present);

bool asg_parse_is_moment(const char *field_name)
{
    static const char *const moments[] = {
        "time_ms",     "at_ms",       "created_ms",  "started_ms",
        "ended_ms",    "launched_ms", "deadline_ms", "in_service_ms",
        "start_ms",    "end_ms",      "expires_ms",  "next_deadline_ms",
        "first_ms",    "last_ms",     "since_ms",    "ends_ms",
        "until_ms",    "warm_ms",     "from_ms",     "to_ms",
        "worst_at_ms", "next_ms",
    };
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        if (strcmp(field_name, moments[i]) == 0) return true;
    }
    return false;
}

bool asg_parse_can_be_unset(const struct asg_field *field)
{
    return field->type == ASG_FIELD_I64 &&
           (field->otherwise == -1 || asg_parse_is_moment(field->name));
}

bool asg_parse_says_none(const struct asg_yaml_node *node)
{
    return node->kind == ASG_YAML_SCALAR && node->is_plain &&
           strcmp(node->text, "none") == 0;
}

struct asg_texts asg_parse_commas(const char *text, struct asg_arena *arena)
{
    size_t count = 1;
    for (const char *at = text; *at != '\0'; at++)
        count += *at == ',';
    struct asg_texts texts = {0};
    texts.items = asg_arena_take(arena, count * sizeof *texts.items);
    for (const char *at = text; *at != '\0';) {
        at += strspn(at, " ,");
        size_t length = strcspn(at, ",");
        size_t used = length;
        while (used > 0 && at[used - 1] == ' ')
            used--;
        if (used > 0) texts.items[texts.count++] = asg_arena_text_n(arena, at, used);
        at += length;
    }
    return texts;
}

static bool ends_with(const char *text, const char *end, size_t *ret_stem)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    if (length <= end_length || strcmp(text + length - end_length, end) != 0) {
        return false;
    }
    *ret_stem = length - end_length;
    return true;
}

bool asg_parse_short_name(const struct asg_field *field, char ret[NAME_MAX_BYTES])
{
    size_t stem = 0;
    const char *start = field->name;
    bool is_number = field->type == ASG_FIELD_I64;
    if (is_number &&
        (ends_with(start, "_ms", &stem) || ends_with(start, "_milli", &stem))) {
        (void)snprintf(ret, NAME_MAX_BYTES, "%.*s", (int)stem, start);
        return true;
    }
    if (field->type == ASG_FIELD_BOOL && strncmp(start, "is_", 3) == 0) {
        (void)snprintf(ret, NAME_MAX_BYTES, "%s", start + 3);
        return true;
    }
    return false;
}

static enum form match_name(const struct asg_field *field, const char *key)
{
    char spelled[NAME_MAX_BYTES];
    size_t length = strlen(key);
    if (length >= sizeof spelled) return FORM_NONE;
    for (size_t i = 0; i <= length; i++)
        spelled[i] = key[i] == '-' ? '_' : key[i];
    if (strcmp(spelled, field->name) == 0) return FORM_FULL;
    char brief[NAME_MAX_BYTES];
    if (asg_parse_short_name(field, brief) && strcmp(spelled, brief) == 0)
        return FORM_SHORT;
    return FORM_NONE;
}

static const struct asg_field *find_field(const struct asg_schema *schema,
                                          const char *key, enum form *ret)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        *ret = match_name(&schema->fields[i], key);
        if (*ret != FORM_NONE) return &schema->fields[i];
    }
    return NULL;
}

static enum asg_status refuse(const struct parser *parser,
                              const struct asg_yaml_node *node, const char *wanted)
{
    if (node->kind != ASG_YAML_SCALAR) {
        return asg_fail(parser->error, ASG_ERR_INVALID, "%s:%zu: %s: write %s, not a %s",
                        parser->name, node->line, parser->path, wanted,
                        node->kind == ASG_YAML_LIST ? "list" : "map");
    }
    return asg_fail(parser->error, ASG_ERR_INVALID,
                    "%s:%zu: %s cannot be \"%.80s\": write %s", parser->name, node->line,
                    parser->path, node->text, wanted);
}

static enum asg_status too_deep(const struct parser *parser,
                                const struct asg_yaml_node *node)
{
    return asg_fail(parser->error, ASG_ERR_LIMIT, "%s:%zu: nested too deep", parser->name,
                    node->line);
}

static enum asg_status unknown_field(const struct parser *parser,
                                     const struct asg_schema *schema,
                                     const struct asg_yaml_node *node)
{
    struct asg_nearest nearest = {0};
    char brief[ASG_PARSE_FIELDS_MAX][NAME_MAX_BYTES];
    for (size_t i = 0; i < schema->field_count; i++) {
        asg_nearest_offer(&nearest, node->key, schema->fields[i].name);
        if (asg_parse_short_name(&schema->fields[i], brief[i])) {
            asg_nearest_offer(&nearest, node->key, brief[i]);
        }
    }
    const char *dot = parser->path[0] != '\0' ? "." : "";
    if (nearest.word != NULL) {
        return asg_fail(parser->error, ASG_ERR_INVALID,
                        "%s:%zu: unknown field \"%s%s%.64s\"; did you mean \"%s\"?",
                        parser->name, node->line, parser->path, dot, node->key,
                        nearest.word);
    }
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes known = {0};
    for (size_t i = 0; i < schema->field_count; i++) {
        asg_bytes_printf(&known, "%s%s", i > 0 ? ", " : "", schema->fields[i].name);
    }
    return asg_fail(parser->error, ASG_ERR_INVALID,
                    "%s:%zu: unknown field \"%s%s%.64s\"; there are: %s", parser->name,
                    node->line, parser->path, dot, node->key, asg_bytes_text(&known));
}

static enum asg_status parse_enum(const struct parser *parser,
                                  const struct asg_field *field,
                                  const struct asg_yaml_node *node, int *ret)
{
    int value = asg_enum_value(field->names, node->text);
    if (value >= 0) {
        *ret = value;
        return ASG_OK;
    }
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes words = {0};
    asg_words_write(field->names, &words);
    return refuse(parser, node, asg_bytes_text(&words));
}

/* *_ms: a whole number by the full name, a length with its unit by either; moments also
 * as ISO 8601. */
static enum asg_status parse_time(const struct parser *parser,
                                  const struct asg_field *field, enum form form,
                                  const struct asg_yaml_node *node, int64_t *ret)
{
    bool is_moment = asg_parse_is_moment(field->name);
    if (form == FORM_FULL && asg_quantity_integer(node->text, ret)) return ASG_OK;
    if (!is_moment && asg_quantity_duration(node->text, ret)) return ASG_OK;
    if (is_moment) {
        int64_t at_ms = asg_time_parse(node->text);
        if (at_ms >= 0) {
            *ret = at_ms;
            return ASG_OK;
        }
        return refuse(parser, node, "a time like 2026-11-23T14:36:49Z");
    }
    return refuse(parser, node,
                  form == FORM_FULL ? "milliseconds, or a number with its unit (5s, 10m)"
                                    : "a number with its unit: 200ms, 5s, 10m, 1h");
}

static enum asg_status parse_i64(const struct parser *parser,
                                 const struct asg_field *field, enum form form,
                                 const struct asg_yaml_node *node, int64_t *ret)
{
    size_t stem;
    if (strcmp(node->text, "unset") == 0 && asg_parse_can_be_unset(field)) {
        *ret = field->otherwise;
        return ASG_OK;
    }
    if (ends_with(field->name, "_ms", &stem)) {
        return parse_time(parser, field, form, node, ret);
    }
    if (form == FORM_SHORT) {
        if (asg_quantity_milli(node->text, ret)) return ASG_OK;
        return refuse(parser, node, "a number with at most three decimals: 82.5");
    }
    if (asg_quantity_integer(node->text, ret)) return ASG_OK;
    return refuse(parser, node, "a whole number");
}

static enum asg_status parse_plain_text(const struct parser *parser,
                                        const struct asg_field *field,
                                        const struct asg_yaml_node *node,
                                        const char **ret)
{
    if (strlen(node->text) > field->limit) {
        return asg_fail(parser->error, ASG_ERR_LIMIT,
                        "%s:%zu: %s is longer than %zu bytes", parser->name, node->line,
                        parser->path, field->limit);
    }
    *ret = node->text;
    return ASG_OK;
}

static enum asg_status parse_scalar(const struct parser *parser,
                                    const struct asg_field *field, enum form form,
                                    const struct asg_yaml_node *node, void *at)
{
    uint64_t number;
    switch (field->type) {
    case ASG_FIELD_BOOL:
        if (asg_quantity_bool(node->text, at)) return ASG_OK;
        return refuse(parser, node, "true or false");
    case ASG_FIELD_U32:
        if (!asg_quantity_unsigned(node->text, &number) || number > UINT32_MAX) {
            return refuse(parser, node, "a whole number of at least 0");
        }
        *(uint32_t *)at = (uint32_t)number;
        return ASG_OK;
    case ASG_FIELD_U64:
        if (asg_quantity_unsigned(node->text, at)) return ASG_OK;
        return refuse(parser, node, "a whole number of at least 0");
    case ASG_FIELD_I64: return parse_i64(parser, field, form, node, at);
    case ASG_FIELD_ENUM: return parse_enum(parser, field, node, at);
    case ASG_FIELD_TEXT: return parse_plain_text(parser, field, node, at);
    default: return refuse(parser, node, "something else: it is not read from a file");
    }
}

static enum asg_status parse_texts(const struct parser *parser,
                                   const struct asg_yaml_node *node,
                                   struct asg_texts *ret)
{
    if (node->kind == ASG_YAML_SCALAR) {
        *ret = asg_parse_commas(node->text, parser->arena);
        return ASG_OK;
    }
    if (node->kind != ASG_YAML_LIST) return refuse(parser, node, "a list");
    ret->count = 0;
    ret->items = asg_arena_take(parser->arena, node->count * sizeof *ret->items);
    for (const struct asg_yaml_node *item = node->first; item != NULL;
         item = item->next) {
        if (item->kind != ASG_YAML_SCALAR) return refuse(parser, item, "plain values");
        ret->items[ret->count++] = item->text;
    }
    return ASG_OK;
}

/* "[GroupMinSize, GroupMaxSize]", or its number. */
static enum asg_status parse_set(const struct parser *parser,
                                 const struct asg_field *field,
                                 const struct asg_yaml_node *node, uint64_t *ret)
{
    uint64_t bits = 0;
    for (const struct asg_yaml_node *item = node->first; item != NULL;
         item = item->next) {
        int value = -1;
        if (item->kind != ASG_YAML_SCALAR) return refuse(parser, item, "plain words");
        enum asg_status status = parse_enum(parser, field, item, &value);
        if (status != ASG_OK) return status;
        bits |= UINT64_C(1) << value;
    }
    *ret = bits;
    return ASG_OK;
}

static enum asg_status parse_list(struct parser *parser, const struct asg_field *field,
                                  const struct asg_yaml_node *node, char *object)
{
    if (node->kind != ASG_YAML_LIST) return refuse(parser, node, "a list of maps");
    if (node->count > field->limit) {
        return asg_fail(parser->error, ASG_ERR_LIMIT,
                        "%s:%zu: %s has more than %zu entries", parser->name, node->line,
                        parser->path, field->limit);
    }
    char *items = asg_arena_take(parser->arena, node->count * field->sub->size);
    size_t index = 0;
    size_t path_length = parser->path_length;
    for (const struct asg_yaml_node *item = node->first; item != NULL;
         item = item->next) {
        int used = snprintf(parser->path + path_length, PATH_MAX_BYTES - path_length,
                            "[%zu]", index);
        parser->path_length = path_length + (size_t)used;
        if (parser->path_length >= PATH_MAX_BYTES) return too_deep(parser, item);
        char *place = items + index * field->sub->size;
        asg_model_set_defaults(field->sub, place);
        enum asg_status status = parse_map(parser, field->sub, item, place, NULL);
        if (status != ASG_OK) return status;
        index++;
    }
    parser->path_length = path_length;
    parser->path[path_length] = '\0';
    *(void **)(void *)(object + field->offset) = items;
    *(size_t *)(void *)(object + field->count_offset) = index;
    return ASG_OK;
}

static enum asg_status parse_field(struct parser *parser, const struct asg_field *field,
                                   enum form form, const struct asg_yaml_node *node,
                                   char *object)
{
    void *at = object + field->offset;
    switch (field->type) {
    case ASG_FIELD_STRUCT: return parse_map(parser, field->sub, node, at, NULL);
    case ASG_FIELD_PART: {
        if (asg_parse_says_none(node)) {
            *(void **)at = NULL;
            return ASG_OK;
        }
        void *part = asg_arena_take(parser->arena, field->sub->size);
        asg_model_set_defaults(field->sub, part);
        *(void **)at = part;
        return parse_map(parser, field->sub, node, part, NULL);
    }
    case ASG_FIELD_LIST: return parse_list(parser, field, node, object);
    case ASG_FIELD_TEXTS: return parse_texts(parser, node, at);
    case ASG_FIELD_U64:
        if (field->names != NULL && node->kind == ASG_YAML_LIST) {
            return parse_set(parser, field, node, at);
        }
        break;
    default: break;
    }
    if (node->kind != ASG_YAML_SCALAR) return refuse(parser, node, "one value");
    return parse_scalar(parser, field, form, node, at);
}

/* A value that was given is there: lower_milli sets has_lower, unless the text says
 * has_lower itself. */
static void set_has(const struct asg_schema *schema, uint64_t present, char *object)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        char stem[NAME_MAX_BYTES];
        bool is_given = (present & UINT64_C(1) << i) != 0;
        if (!is_given || field->type != ASG_FIELD_I64 ||
            !asg_parse_short_name(field, stem))
            continue;
        char name[NAME_MAX_BYTES + 4];
        (void)snprintf(name, sizeof name, "has_%s", stem);
        const struct asg_field *has = asg_schema_find(schema, name);
        if (has == NULL || has->type != ASG_FIELD_BOOL) continue;
        if ((present & UINT64_C(1) << (has - schema->fields)) != 0) continue;
        *(bool *)(object + has->offset) = true;
    }
}

/* 0 would silently stand for the default. */
static bool is_zero(const struct asg_field *field, const char *object)
{
    const void *at = object + field->offset;
    if (field->type == ASG_FIELD_U32) return *(const uint32_t *)at == 0;
    return field->type == ASG_FIELD_I64 && *(const int64_t *)at == 0;
}

static enum asg_status parse_member(struct parser *parser,
                                    const struct asg_schema *schema,
                                    const struct asg_yaml_node *node, char *object,
                                    uint64_t *present)
{
    enum form form = FORM_NONE;
    const struct asg_field *field = find_field(schema, node->key, &form);
    if (field == NULL) return unknown_field(parser, schema, node);
    uint64_t bit = UINT64_C(1) << (field - schema->fields);
    if ((*present & bit) != 0) {
        return asg_fail(parser->error, ASG_ERR_INVALID,
                        "%s:%zu: \"%.64s\" says %s a second time", parser->name,
                        node->line, node->key, field->name);
    }
    if (asg_yaml_is_null(node)) return ASG_OK; /* the same as left out */
    size_t before = parser->path_length;
    int used = snprintf(parser->path + before, PATH_MAX_BYTES - before, "%s%s",
                        before > 0 ? "." : "", node->key);
    parser->path_length = before + (size_t)used;
    if (parser->path_length >= PATH_MAX_BYTES) return too_deep(parser, node);
    enum asg_status status = parse_field(parser, field, form, node, object);
    if (status != ASG_OK) return status;
    if (field->is_unset_by_zero && is_zero(field, object)) {
        return refuse(parser, node, "a value above 0, or leave it out");
    }
    parser->path_length = before;
    parser->path[before] = '\0';
    *present |= bit;
    return ASG_OK;
}

static enum asg_status parse_map(struct parser *parser, const struct asg_schema *schema,
                                 const struct asg_yaml_node *node, void *object,
                                 uint64_t *ret_present)
{
    assert(schema->field_count <= ASG_PARSE_FIELDS_MAX);
    if (node->kind != ASG_YAML_MAP) {
        return asg_fail(parser->error, ASG_ERR_INVALID,
                        "%s:%zu: %s: write \"field: value\" lines", parser->name,
                        node->line, parser->path[0] != '\0' ? parser->path : "here");
    }
    uint64_t present = 0;
    for (const struct asg_yaml_node *child = node->first; child != NULL;
         child = child->next) {
        enum asg_status status = parse_member(parser, schema, child, object, &present);
        if (status != ASG_OK) return status;
    }
    set_has(schema, present, object);
    if (ret_present != NULL) *ret_present = present;
    return ASG_OK;
}

enum asg_status asg_parse_node(const struct asg_schema *schema, const char *name,
                               const struct asg_yaml_node *node, struct asg_arena *arena,
                               void *object, uint64_t *ret_present,
                               struct asg_error *error)
{
    struct parser parser = {.name = name, .arena = arena, .error = error};
    return parse_map(&parser, schema, node, object, ret_present);
}

enum asg_status asg_parse_text(const struct asg_schema *schema, const char *name,
                               const char *text, size_t length, struct asg_arena *arena,
                               void *object, uint64_t *ret_present,
                               struct asg_error *error)
{
    struct asg_yaml_node *root = NULL;
    enum asg_status status =
        asg_yaml_parse(name, text, length, ASG_YAML_DEPTH_MAX, arena, &root, error);
    if (status != ASG_OK) return status;
    return asg_parse_node(schema, name, root, arena, object, ret_present, error);
}
