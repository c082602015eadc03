#include "query/read.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

struct reader {
    const struct asg_query_style *style;
    struct asg_arena *arena;
    struct asg_query_fault *fault;
};

/* A member is missing or breaks a limit. ASG_OK: it is noted, read on. */
static enum asg_status blame(const struct reader *reader, enum asg_query_trouble trouble,
                             const char *path, const char *value, const char *constraint)
{
    if (!reader->style->names_all) {
        return asg_query_blame(reader->fault, trouble, path, value, constraint);
    }
    asg_query_blame_also(reader->fault, trouble, path, value, constraint);
    return ASG_OK;
}

static const char *join_items(const struct reader *reader,
                              const struct asg_query_value *list)
{
    char text[sizeof reader->fault->value] = "[";
    size_t used = 1;
    for (size_t i = 0; i < list->count && used < sizeof text; i++) {
        int wrote = snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? ", " : "",
                             list->items[i].text);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    return asg_arena_format(reader->arena, "%s]", text);
}

static enum asg_status blame_value(const struct reader *reader,
                                   const struct asg_query_value *value,
                                   const char *constraint)
{
    const char *text = value->text;
    /* A list as AWS's validation shows it; of EC2's the items are named one by one. */
    if (reader->style->names_all && value->items != NULL) {
        text = join_items(reader, value);
    }
    return blame(reader, ASG_QUERY_BAD_VALUE, value->path, text, constraint);
}

/* --- scalars --- */

/* Characters, not bytes: the text is UTF-8. */
static int64_t character_count(const char *text)
{
    int64_t count = 0;
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text & 0xc0) != 0x80) count++;
    }
    return count;
}

static enum asg_status check_range(const struct reader *reader,
                                   const struct asg_query_value *value, int64_t measure,
                                   const char *what)
{
    const struct asg_query_member *member = value->member;
    bool is_small = measure < member->min;
    if (!is_small && (member->max == 0 || measure <= member->max)) return ASG_OK;
    char constraint[120];
    (void)snprintf(constraint, sizeof constraint,
                   "Member must have %s %s than or equal to %lld", what,
                   is_small ? "greater" : "less",
                   (long long)(is_small ? member->min : member->max));
    return blame_value(reader, value, constraint);
}

static bool is_word(const char *words, const char *text)
{
    size_t length = strlen(text);
    for (const char *at = words;;) {
        size_t word = strcspn(at, "|");
        if (word == length && memcmp(at, text, length) == 0) return true;
        at += word;
        if (*at == '\0') return false;
        at++;
    }
}

#define CONSTRAINT_MAX 236

static void say_words(const char *words, char constraint[CONSTRAINT_MAX])
{
    size_t used = (size_t)snprintf(constraint, CONSTRAINT_MAX,
                                   "Member must satisfy enum value set: [");
    for (; *words != '\0' && used + 4 < CONSTRAINT_MAX; words++) {
        constraint[used++] = *words == '|' ? ',' : *words;
        if (*words == '|') constraint[used++] = ' ';
    }
    constraint[used++] = ']';
    constraint[used] = '\0';
}

static enum asg_status check_words(const struct reader *reader,
                                   const struct asg_query_value *value)
{
    const char *words = value->member->words;
    if (words == NULL || is_word(words, value->text)) return ASG_OK;
    char constraint[CONSTRAINT_MAX];
    say_words(words, constraint);
    return blame_value(reader, value, constraint);
}

static enum asg_status read_number(const struct reader *reader,
                                   struct asg_query_value *value)
{
    const char *digits = value->text + (value->text[0] == '-' ? 1 : 0);
    size_t length = strlen(digits);
    if (length == 0 || length > 18 || strspn(digits, "0123456789") != length) {
        return blame_value(reader, value, "Member must be an integer");
    }
    value->number = strtoll(value->text, NULL, 10);
    return check_range(reader, value, value->number, "value");
}

static enum asg_status read_decimal(const struct reader *reader,
                                    struct asg_query_value *value)
{
    char *end = NULL;
    bool begins = isdigit((unsigned char)value->text[0]) || value->text[0] == '-' ||
                  value->text[0] == '.';
    bool is_plain = strspn(value->text, "0123456789+-.eE") == strlen(value->text);
    if (begins && is_plain) value->decimal = strtod(value->text, &end);
    if (end == NULL || *end != '\0' || !isfinite(value->decimal)) {
        return blame_value(reader, value, "Member must be a number");
    }
    if (value->member->is_share && value->decimal < 0) {
        return blame_value(reader, value,
                           "Member must have value greater than or equal to 0");
    }
    return ASG_OK;
}

static enum asg_status read_flag(const struct reader *reader,
                                 struct asg_query_value *value)
{
    const char *text = value->text;
    bool is_true = strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0;
    if (!is_true && strcasecmp(text, "false") != 0 && strcmp(text, "0") != 0) {
        return blame_value(reader, value, "Member must be true or false");
    }
    value->number = is_true ? 1 : 0;
    return ASG_OK;
}

static enum asg_status read_time(const struct reader *reader,
                                 struct asg_query_value *value)
{
    value->number = asg_time_parse(value->text);
    if (value->number >= 0) return ASG_OK;
    return blame_value(reader, value,
                       "Member must be a time such as 2026-01-02T03:04:05Z");
}

/* The pattern of AWS's texts: what XML can carry, so that a name comes back as it came.
 */
#define XML_TEXT "[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*"

static bool is_xml_text(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r') return false;
        /* U+FFFE, U+FFFF: the text is UTF-8, so that two bytes follow. */
        if (byte == 0xef && (unsigned char)text[1] == 0xbf &&
            (unsigned char)text[2] >= 0xbe) {
            return false;
        }
    }
    return true;
}

static enum asg_status check_characters(const struct reader *reader,
                                        const struct asg_query_value *value)
{
    if (!reader->style->names_all || is_xml_text(value->text)) return ASG_OK;
    return blame_value(reader, value,
                       "Member must satisfy regular expression pattern: " XML_TEXT);
}

static enum asg_status read_text(const struct reader *reader,
                                 const struct asg_query_value *value)
{
    enum asg_status status = value->member->words != NULL
                                 ? check_words(reader, value)
                                 : check_characters(reader, value);
    if (status != ASG_OK) return status;
    return check_range(reader, value, character_count(value->text), "length");
}

static enum asg_status read_scalar(const struct reader *reader,
                                   const struct asg_form_part *part,
                                   struct asg_query_value *value)
{
    const char *text = asg_form_value(part);
    if (text == NULL || part->count > 1) {
        return asg_query_blame(reader->fault, ASG_QUERY_BAD_KIND, value->path, "",
                               "one value");
    }
    value->text = text;
    switch (value->member->kind) {
    case ASG_QUERY_NUMBER: return read_number(reader, value);
    case ASG_QUERY_DECIMAL: return read_decimal(reader, value);
    case ASG_QUERY_FLAG: return read_flag(reader, value);
    case ASG_QUERY_TIME: return read_time(reader, value);
    default: return read_text(reader, value);
    }
}

/* --- structures and lists; the depth is bounded by that of the names --- */

static enum asg_status read_value(const struct reader *reader,
                                  const struct asg_form_part *part,
                                  struct asg_query_value *value);

static const struct asg_query_member *find_member(const struct asg_query_shape *shape,
                                                  const char *name, size_t length)
{
    for (size_t i = 0; i < shape->count; i++) {
        const char *wanted = shape->members[i].name;
        if (strncmp(wanted, name, length) == 0 && wanted[length] == '\0') {
            return &shape->members[i];
        }
    }
    return NULL;
}

static bool is_passed_over(const char *const *names, const char *name, size_t length)
{
    for (; names != NULL && *names != NULL; names++) {
        if (strncmp(*names, name, length) == 0 && (*names)[length] == '\0') return true;
    }
    return false;
}

static const char *path_of(const struct reader *reader, const struct asg_form_part *part)
{
    return asg_arena_text_n(reader->arena, part->pairs[0].name, part->skip);
}

static enum asg_status check_required(const struct reader *reader,
                                      const struct asg_query_shape *shape,
                                      const struct asg_query_value *value)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct asg_query_member *member = &shape->members[i];
        if (!member->is_required || asg_value_find(value, member->name) != NULL) continue;
        const char *path =
            asg_arena_format(reader->arena, "%s%s%s", value->path,
                             value->path[0] != '\0' ? "." : "", member->name);
        enum asg_status status = blame(reader, ASG_QUERY_MISSING, path, "", "");
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

static enum asg_status read_struct(const struct reader *reader,
                                   const struct asg_query_shape *shape,
                                   const struct asg_form_part *part,
                                   const char *const *passed_over,
                                   struct asg_query_value *value)
{
    struct asg_form_part rest = *part;
    value->items = asg_arena_take(reader->arena, shape->count * sizeof *value->items);
    const char *name = NULL;
    size_t length = 0;
    struct asg_form_part child;
    while (asg_form_next(&rest, &name, &length, &child)) {
        const struct asg_query_member *member = find_member(shape, name, length);
        if (member == NULL) {
            if (!reader->style->refuses_unknown || shape->is_open ||
                is_passed_over(passed_over, name, length)) {
                continue;
            }
            return asg_query_blame(reader->fault, ASG_QUERY_UNKNOWN, child.pairs[0].name,
                                   "", "");
        }
        assert(value->count < shape->count); /* names come once: they are in order */
        struct asg_query_value *item = &value->items[value->count++];
        *item = (struct asg_query_value){
            .member = member, .path = path_of(reader, &child), .text = ""};
        enum asg_status status = read_value(reader, &child, item);
        if (status != ASG_OK) return status;
    }
    return check_required(reader, shape, value);
}

/* What stands below "member" of a list, or below its name in EC2's way. */
static enum asg_status enter_list(const struct reader *reader,
                                  const struct asg_form_part *part,
                                  const struct asg_query_value *value,
                                  struct asg_form_part *ret)
{
    *ret = *part;
    const char *own = asg_form_value(part);
    bool is_empty = own != NULL && own[0] == '\0' && part->count == 1;
    if (is_empty) {
        ret->count = 0;
        return ASG_OK;
    }
    const char *name = NULL;
    size_t length = 0;
    struct asg_form_part rest = *part;
    bool has_child = own == NULL && asg_form_next(&rest, &name, &length, ret);
    if (reader->style->is_flat && has_child) {
        *ret = *part;
        return ASG_OK;
    }
    if (has_child && rest.count == 0 && length == 6 && memcmp(name, "member", 6) == 0 &&
        asg_form_value(ret) == NULL) {
        return ASG_OK;
    }
    return asg_query_blame(reader->fault, ASG_QUERY_BAD_KIND, value->path, "",
                           reader->style->is_flat ? "a list, its items numbered from 1"
                                                  : "a list: member.1, member.2, ...");
}

/* An item is checked as a member of its own, with the list's words and shape. */
static enum asg_status read_item(const struct reader *reader,
                                 const struct asg_form_part *part,
                                 struct asg_query_value *item)
{
    if (item->member->kind == ASG_QUERY_STRUCTS) {
        if (asg_form_value(part) != NULL) {
            return asg_query_blame(reader->fault, ASG_QUERY_BAD_KIND, item->path, "",
                                   "a structure");
        }
        return read_struct(reader, item->member->shape, part, NULL, item);
    }
    const char *text = asg_form_value(part);
    if (text == NULL || part->count > 1) {
        return asg_query_blame(reader->fault, ASG_QUERY_BAD_KIND, item->path, "",
                               "one value");
    }
    item->text = text;
    return reader->style->names_all ? ASG_OK : check_words(reader, item);
}

/* The items of a list of texts together, in AWS's words for the list as a whole. */
static enum asg_status check_items(const struct reader *reader,
                                   const struct asg_query_value *list)
{
    const struct asg_query_member *member = list->member;
    bool is_fine = true;
    bool is_text = true;
    for (size_t i = 0; i < list->count; i++) {
        int64_t length = character_count(list->items[i].text);
        is_text = is_text && is_xml_text(list->items[i].text);
        is_fine = is_fine && length >= member->item_min &&
                  (member->item_max == 0 || length <= member->item_max) &&
                  (member->words == NULL || is_word(member->words, list->items[i].text));
    }
    if (is_fine && (is_text || member->words != NULL)) return ASG_OK;
    char inner[CONSTRAINT_MAX];
    if (member->words != NULL) {
        say_words(member->words, inner);
    } else if (!is_text) {
        (void)snprintf(inner, sizeof inner, "%s",
                       "Member must satisfy regular expression pattern: " XML_TEXT);
    } else {
        (void)snprintf(inner, sizeof inner,
                       "Member must have length less than or equal to %lld, Member must "
                       "have length greater than or equal to %lld",
                       (long long)member->item_max, (long long)member->item_min);
    }
    return blame_value(
        reader, list,
        asg_arena_format(reader->arena, "Member must satisfy constraint: [%s]", inner));
}

static enum asg_status read_list(const struct reader *reader,
                                 const struct asg_form_part *part,
                                 struct asg_query_value *value)
{
    struct asg_form_part rest;
    enum asg_status status = enter_list(reader, part, value, &rest);
    if (status != ASG_OK) return status;
    value->items = asg_arena_take(reader->arena, (rest.count + 1) * sizeof *value->items);
    const char *name = NULL;
    size_t length = 0;
    struct asg_form_part child;
    while (rest.count > 0 && asg_form_next(&rest, &name, &length, &child)) {
        struct asg_query_value *item = &value->items[value->count];
        *item = (struct asg_query_value){
            .member = value->member, .path = path_of(reader, &child), .text = ""};
        if (asg_form_index(name, length) < 1) {
            char most[12];
            (void)snprintf(most, sizeof most, "%d", ASG_FORM_INDEX_MAX);
            return asg_query_blame(reader->fault, ASG_QUERY_BAD_INDEX, item->path, "",
                                   most);
        }
        status = read_item(reader, &child, item);
        if (status != ASG_OK) return status;
        value->count++;
    }
    if (reader->style->names_all && value->member->kind == ASG_QUERY_TEXTS) {
        status = check_items(reader, value);
        if (status != ASG_OK) return status;
    }
    return check_range(reader, value, (int64_t)value->count, "length");
}

static enum asg_status read_value(const struct reader *reader,
                                  const struct asg_form_part *part,
                                  struct asg_query_value *value)
{
    const struct asg_query_member *member = value->member;
    switch (member->kind) {
    case ASG_QUERY_TEXTS:
    case ASG_QUERY_STRUCTS: return read_list(reader, part, value);
    case ASG_QUERY_STRUCT: break;
    default: return read_scalar(reader, part, value);
    }
    const char *own = asg_form_value(part);
    if (own != NULL && (own[0] != '\0' || part->count > 1)) {
        return asg_query_blame(reader->fault, ASG_QUERY_BAD_KIND, value->path, "",
                               "a structure");
    }
    return read_struct(reader, member->shape, part, NULL, value);
}

enum asg_status asg_query_read(const struct asg_form *form,
                               const struct asg_query_shape *shape,
                               const struct asg_query_style *style,
                               const char *const *passed_over, struct asg_arena *arena,
                               struct asg_query_value *ret, struct asg_query_fault *fault)
{
    const struct reader reader = {.style = style, .arena = arena, .fault = fault};
    struct asg_query_value value = {.path = "", .text = ""};
    const struct asg_form_part all = asg_form_all(form);
    fault->trouble = ASG_QUERY_FINE;
    enum asg_status status = read_struct(&reader, shape, &all, passed_over, &value);
    if (status == ASG_OK && fault->trouble != ASG_QUERY_FINE) status = ASG_ERR_DENIED;
    if (status == ASG_OK) *ret = value;
    return status;
}

/* --- asking --- */

const struct asg_query_value *asg_value_find(const struct asg_query_value *value,
                                             const char *name)
{
    for (size_t i = 0; i < value->count; i++) {
        if (strcmp(value->items[i].member->name, name) == 0) return &value->items[i];
    }
    return NULL;
}

const char *asg_value_text(const struct asg_query_value *value, const char *name,
                           const char *otherwise)
{
    const struct asg_query_value *found = asg_value_find(value, name);
    return found != NULL ? found->text : otherwise;
}

int64_t asg_value_number(const struct asg_query_value *value, const char *name,
                         int64_t otherwise)
{
    const struct asg_query_value *found = asg_value_find(value, name);
    return found != NULL ? found->number : otherwise;
}

bool asg_value_flag(const struct asg_query_value *value, const char *name, bool otherwise)
{
    const struct asg_query_value *found = asg_value_find(value, name);
    return found != NULL ? found->number != 0 : otherwise;
}

const struct asg_query_value *asg_value_items(const struct asg_query_value *value,
                                              const char *name, size_t *ret_count)
{
    const struct asg_query_value *found = asg_value_find(value, name);
    *ret_count = found != NULL ? found->count : 0;
    return found != NULL ? found->items : NULL;
}

/* --- as pairs --- */

struct pairs {
    struct asg_arena *arena;
    void *items;
    size_t count;
    size_t capacity;
};

static void put_pair(struct pairs *pairs, const char *name, const char *text)
{
    struct asg_form_pair *pair = asg_arena_push(
        pairs->arena, &pairs->items, &pairs->count, &pairs->capacity, sizeof *pair);
    *pair = (struct asg_form_pair){.name = name, .value = text};
}

static const char *name_below(const struct pairs *pairs, const char *above,
                              const char *name)
{
    if (above[0] == '\0') return name;
    return asg_arena_format(pairs->arena, "%s.%s", above, name);
}

static void put_members(struct pairs *pairs, const struct asg_query_value *value,
                        const char *above);

static void put_list(struct pairs *pairs, const struct asg_query_value *list,
                     const char *name)
{
    if (list->count == 0) put_pair(pairs, name, "");
    for (size_t i = 0; i < list->count; i++) {
        const char *item = asg_arena_format(pairs->arena, "%s.member.%zu", name, i + 1);
        if (list->member->kind == ASG_QUERY_TEXTS) {
            put_pair(pairs, item, list->items[i].text);
        } else {
            put_members(pairs, &list->items[i], item);
        }
    }
}

/* The members of a structure; the depth is bounded by that of the names read. */
static void put_members(struct pairs *pairs, const struct asg_query_value *value,
                        const char *above)
{
    for (size_t i = 0; i < value->count; i++) {
        const struct asg_query_value *item = &value->items[i];
        const char *name = name_below(pairs, above, item->member->name);
        switch (item->member->kind) {
        case ASG_QUERY_STRUCT: put_members(pairs, item, name); break;
        case ASG_QUERY_TEXTS:
        case ASG_QUERY_STRUCTS: put_list(pairs, item, name); break;
        case ASG_QUERY_FLAG:
            put_pair(pairs, name, item->number != 0 ? "true" : "false");
            break;
        default: put_pair(pairs, name, item->text); break;
        }
    }
}

size_t asg_value_pairs(const struct asg_query_value *value, struct asg_arena *arena,
                       struct asg_form_pair **ret)
{
    struct pairs pairs = {.arena = arena};
    put_members(&pairs, value, "");
    *ret = pairs.items;
    return pairs.count;
}
