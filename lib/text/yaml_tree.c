#include "text/yaml_tree.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <yaml.h>

struct level {
    struct asg_yaml_node *node;
    struct asg_yaml_node *last;
    const char *key; /* of the value to come */
    size_t key_line;
};

struct builder {
    const char *name;
    struct asg_arena *arena;
    struct asg_error *error;
    size_t depth_max;
    size_t depth; /* open levels */
    struct level levels[ASG_YAML_DEPTH_MAX];
    struct asg_yaml_node *root; /* of the document that is read */
    size_t documents;
    bool takes_several;
    struct asg_yaml_node *first; /* when it takes several: those that are read */
    struct asg_yaml_node *last;
};

static void close_file(FILE **file)
{
    if (*file != NULL && *file != stdin) (void)fclose(*file);
}

enum asg_status asg_yaml_read_file(const char *path, size_t limit,
                                   struct asg_arena *arena, const char **ret,
                                   size_t *ret_length, struct asg_error *error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    ASG_CLEANUP(close_file) FILE *file = is_stdin ? stdin : fopen(path, "rbe");
    if (file == NULL) {
        enum asg_status status = errno == ENOENT   ? ASG_ERR_NOT_FOUND
                                 : errno == EACCES ? ASG_ERR_DENIED
                                                   : ASG_ERR_IO;
        return asg_fail(error, status, "%s: %s", path, strerror(errno));
    }
    size_t capacity = 16384;
    size_t length = 0;
    char *data = asg_arena_take(arena, capacity + 1);
    for (;;) {
        length += fread(data + length, 1, capacity - length, file);
        if (length > limit) {
            return asg_fail(error, ASG_ERR_LIMIT, "%s: larger than %zu bytes", path,
                            limit);
        }
        if (length < capacity) break;
        char *larger = asg_arena_take(arena, capacity * 2 + 1);
        memcpy(larger, data, length);
        data = larger;
        capacity *= 2;
    }
    if (ferror(file)) {
        return asg_fail(error, ASG_ERR_IO, "%s: %s", path, strerror(errno));
    }
    data[length] = '\0';
    *ret = data;
    *ret_length = length;
    return ASG_OK;
}

bool asg_yaml_is_null(const struct asg_yaml_node *node)
{
    return node->kind == ASG_YAML_SCALAR && node->is_plain &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
            strcmp(node->text, "null") == 0);
}

static enum asg_status add_node(struct builder *builder, struct asg_yaml_node *node)
{
    if (builder->depth == 0) {
        builder->root = node;
        return ASG_OK;
    }
    struct level *level = &builder->levels[builder->depth - 1];
    node->key = level->key;
    if (level->key != NULL) node->line = level->key_line;
    level->key = NULL;
    if (level->last == NULL) {
        level->node->first = node;
    } else {
        level->last->next = node;
    }
    level->last = node;
    level->node->count++;
    if (level->node->kind == ASG_YAML_MAP && level->node->count > ASG_YAML_KEYS_MAX) {
        return asg_fail(builder->error, ASG_ERR_LIMIT, "%s:%zu: more than %d keys",
                        builder->name, node->line, ASG_YAML_KEYS_MAX);
    }
    return ASG_OK;
}

/* True when this scalar is a key of the map that is being read. */
static bool is_key(const struct builder *builder)
{
    if (builder->depth == 0) return false;
    const struct level *level = &builder->levels[builder->depth - 1];
    assert(level->node != NULL); /* open_level() put it there */
    return level->node->kind == ASG_YAML_MAP && level->key == NULL;
}

static enum asg_status take_key(struct builder *builder, const char *key, size_t line)
{
    struct level *level = &builder->levels[builder->depth - 1];
    for (const struct asg_yaml_node *child = level->node->first; child != NULL;
         child = child->next) {
        if (strcmp(child->key, key) == 0) {
            return asg_fail(builder->error, ASG_ERR_INVALID,
                            "%s:%zu: \"%.64s\" is here a second time; the first is in "
                            "line %zu",
                            builder->name, line, key, child->line);
        }
    }
    level->key = key;
    level->key_line = line;
    return ASG_OK;
}

static enum asg_status take_scalar(struct builder *builder, const yaml_event_t *event,
                                   size_t line)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(value, '\0', length) != NULL) {
        return asg_fail(builder->error, ASG_ERR_INVALID, "%s:%zu: text with a zero byte",
                        builder->name, line);
    }
    const char *text = asg_arena_text_n(builder->arena, value, length);
    if (is_key(builder)) return take_key(builder, text, line);
    struct asg_yaml_node *node = asg_arena_take(builder->arena, sizeof *node);
    node->kind = ASG_YAML_SCALAR;
    node->line = line;
    node->text = text;
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return add_node(builder, node);
}

static enum asg_status open_level(struct builder *builder, enum asg_yaml_kind kind,
                                  size_t line)
{
    if (is_key(builder)) {
        return asg_fail(builder->error, ASG_ERR_INVALID,
                        "%s:%zu: a key must be a word, not a list or map", builder->name,
                        line);
    }
    if (builder->depth == builder->depth_max) {
        return asg_fail(builder->error, ASG_ERR_LIMIT,
                        "%s:%zu: nested more than %zu levels deep", builder->name, line,
                        builder->depth_max);
    }
    struct asg_yaml_node *node = asg_arena_take(builder->arena, sizeof *node);
    node->kind = kind;
    node->line = line;
    enum asg_status status = add_node(builder, node);
    builder->levels[builder->depth++] = (struct level){.node = node};
    return status;
}

static bool has_tag_or_anchor(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT: return true;
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor != NULL ||
               event->data.sequence_start.tag != NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor != NULL ||
               event->data.mapping_start.tag != NULL;
    default: return false;
    }
}

static enum asg_status begin_document(struct builder *builder, size_t line)
{
    builder->root = NULL;
    if (builder->documents++ == 0 || builder->takes_several) return ASG_OK;
    return asg_fail(builder->error, ASG_ERR_INVALID,
                    "%s:%zu: a second document (---); one file has one", builder->name,
                    line);
}

static void end_document(struct builder *builder)
{
    struct asg_yaml_node *root = builder->root;
    if (!builder->takes_several || root == NULL || asg_yaml_is_null(root)) return;
    if (builder->last == NULL) {
        builder->first = root;
    } else {
        builder->last->next = root;
    }
    builder->last = root;
}

static enum asg_status take_event(struct builder *builder, const yaml_event_t *event)
{
    size_t line = event->start_mark.line + 1;
    if (has_tag_or_anchor(event)) {
        return asg_fail(builder->error, ASG_ERR_INVALID,
                        "%s:%zu: tags (!), anchors (&) and aliases (*) are not read; "
                        "put the value in quotes or write it out",
                        builder->name, line);
    }
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT: return begin_document(builder, line);
    case YAML_DOCUMENT_END_EVENT: end_document(builder); return ASG_OK;
    case YAML_SCALAR_EVENT: return take_scalar(builder, event, line);
    case YAML_SEQUENCE_START_EVENT: return open_level(builder, ASG_YAML_LIST, line);
    case YAML_MAPPING_START_EVENT: return open_level(builder, ASG_YAML_MAP, line);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: builder->depth--; return ASG_OK;
    default: return ASG_OK;
    }
}

/* libyaml's words for a tab, the most frequent mistake, do not name it. */
static bool is_indented_by_tab(const char *text, size_t length, size_t line)
{
    const char *end = text + length;
    for (; line > 0 && text < end; line--) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        text = stop == NULL ? end : stop + 1;
    }
    while (text < end && *text == ' ')
        text++;
    return text < end && *text == '\t';
}

static enum asg_status run(struct builder *builder, yaml_parser_t *parser,
                           const char *text, size_t length)
{
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            const char *problem = parser->problem != NULL ? parser->problem : "bad YAML";
            size_t line = parser->problem_mark.line + 1;
            if (is_indented_by_tab(text, length, line - 1))
                problem = "a tab cannot indent in YAML: use spaces";
            return asg_fail(builder->error, ASG_ERR_INVALID, "%s:%zu: %s", builder->name,
                            line, problem);
        }
        enum asg_status status = take_event(builder, &event);
        bool is_end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (status != ASG_OK || is_end) return status;
    }
}

/* What `builder` has of its own is filled in here; its result is in it. */
static enum asg_status build(struct builder *builder, const char *text, size_t length,
                             size_t bytes_max)
{
    if (length > bytes_max) {
        return asg_fail(builder->error, ASG_ERR_LIMIT, "%s: larger than %zu bytes",
                        builder->name, bytes_max);
    }
    ASG_CLEANUP(yaml_parser_delete) yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return asg_fail(builder->error, ASG_ERR_NOMEM, "%s: out of memory",
                        builder->name);
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    if (length == 0) text = ""; /* libyaml asserts that there is one */
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    return run(builder, &parser, text, length);
}

enum asg_status asg_yaml_parse(const char *name, const char *text, size_t length,
                               size_t depth_max, struct asg_arena *arena,
                               struct asg_yaml_node **ret, struct asg_error *error)
{
    struct builder builder = {
        .name = name,
        .arena = arena,
        .error = error,
        .depth_max = depth_max < ASG_YAML_DEPTH_MAX ? depth_max : ASG_YAML_DEPTH_MAX,
    };
    enum asg_status status = build(&builder, text, length, ASG_YAML_BYTES_MAX);
    if (status != ASG_OK) return status;
    if (builder.root == NULL || asg_yaml_is_null(builder.root)) {
        builder.root = asg_arena_take(arena, sizeof *builder.root);
        builder.root->kind = ASG_YAML_MAP;
        builder.root->line = 1;
    }
    *ret = builder.root;
    return ASG_OK;
}

/* Four hexadecimal digits behind "\\u"; -1: there are none. */
static int read_escape(const char *text, const char *end)
{
    int code = 0;
    if (end - text < 6 || text[0] != '\\' || text[1] != 'u') return -1;
    for (int i = 2; i < 6; i++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *digit = text[i] != '\0' ? strchr(digits, text[i]) : NULL;
        if (digit == NULL) return -1;
        code = code * 16 + (int)((digit - digits) % 16);
    }
    return code;
}

/* JSON writes a character beyond U+FFFF as two escapes, "\\ud83d\\ude00", which YAML does
 * not know: the character itself stands for them in the copy that is returned. */
static const char *join_surrogates(const char *text, size_t length,
                                   struct asg_arena *arena, size_t *ret_length)
{
    const char *end = text + length;
    char *copy = asg_arena_take(arena, length + 1);
    char *to = copy;
    while (text < end) {
        int high = read_escape(text, end);
        int low = high >= 0xd800 && high < 0xdc00 ? read_escape(text + 6, end) : -1;
        if (low >= 0xdc00 && low < 0xe000) {
            int code = 0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00);
            *to++ = (char)(0xf0 | code >> 18);
            *to++ = (char)(0x80 | (code >> 12 & 0x3f));
            *to++ = (char)(0x80 | (code >> 6 & 0x3f));
            *to++ = (char)(0x80 | (code & 0x3f));
            text += 12;
            continue;
        }
        bool is_escaped = *text == '\\' && end - text > 1;
        *to++ = *text++;
        if (is_escaped) *to++ = *text++; /* a backslash that is text begins no escape */
    }
    *ret_length = (size_t)(to - copy);
    return copy;
}

static bool is_json(const char *text, size_t length)
{
    size_t blanks = 0;
    while (blanks < length && strchr(" \t\r\n", text[blanks]) != NULL &&
           text[blanks] != '\0') {
        blanks++;
    }
    return blanks < length && (text[blanks] == '{' || text[blanks] == '[');
}

enum asg_status asg_yaml_parse_documents(const char *name, const char *text,
                                         size_t length, struct asg_arena *arena,
                                         struct asg_yaml_node **ret,
                                         struct asg_error *error)
{
    struct builder builder = {.name = name,
                              .arena = arena,
                              .error = error,
                              .depth_max = ASG_YAML_DEPTH_MAX,
                              .takes_several = true};
    if (length <= ASG_YAML_STREAM_MAX && is_json(text, length)) {
        text = join_surrogates(text, length, arena, &length);
    }
    enum asg_status status = build(&builder, text, length, ASG_YAML_STREAM_MAX);
    if (status == ASG_OK) *ret = builder.first;
    return status;
}

enum asg_status asg_yaml_load(const char *path, struct asg_arena *arena,
                              struct asg_yaml_node **ret, struct asg_error *error)
{
    const char *text = NULL;
    size_t length = 0;
    enum asg_status status =
        asg_yaml_read_file(path, ASG_YAML_BYTES_MAX, arena, &text, &length, error);
    if (status != ASG_OK) return status;
    return asg_yaml_parse(path, text, length, ASG_YAML_DEPTH_MAX, arena, ret, error);
}
