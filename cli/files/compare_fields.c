#include "cli/files/compare_fields.h"

#include <assert.h>
#include <string.h>

#include "model/equal.h"
#include "model/schemas.h"
#include "text/spell.h"

/* Lists whose order says nothing, and by what their items are told apart. */
static const struct set {
    const struct asg_schema *schema;
    const char *key;
    const char *kind; /* items of one key but another kind are others; NULL */
} sets[] = {
    {&asg_tag_schema, "key", NULL},
    {&asg_kept_member_schema, "path", NULL},
    {&asg_launch_parameter_schema, "name", NULL},
    {&asg_source_schema, "identifier", "kind"},
};

static const struct set *set_of(const struct asg_field *field)
{
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        if (field->type == ASG_FIELD_LIST && field->sub == sets[i].schema)
            return &sets[i];
    }
    return NULL;
}

struct list {
    const char *items;
    size_t count;
};

static struct list list_of(const struct asg_field *field, const void *object)
{
    struct list list = {0};
    if (object == NULL) return list;
    const char *at = object;
    list.items = *(const char *const *)(const void *)(at + field->offset);
    list.count = *(const size_t *)(const void *)(at + field->count_offset);
    return list;
}

static bool is_same_item(const struct set *set, const void *a, const void *b)
{
    const struct asg_field *key = asg_schema_find(set->schema, set->key);
    if (!asg_model_equal_field(key, a, b)) return false;
    return set->kind == NULL ||
           asg_model_equal_field(asg_schema_find(set->schema, set->kind), a, b);
}

/* The item of `list` that is the same as `item`, whatever else it says. Lists of both
 * sides are mostly in the same order: begin where it would be. */
static const void *find_item(const struct set *set, const struct list *list,
                             const void *item, size_t begin)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t at = (begin + i) % list->count;
        const char *other = list->items + at * set->schema->size;
        if (is_same_item(set, other, item)) return other;
    }
    return NULL;
}

static bool is_same_set(const struct asg_field *field, const struct set *set,
                        const void *from, const void *to)
{
    struct list old = list_of(field, from);
    struct list new = list_of(field, to);
    if (old.count != new.count) return false;
    for (size_t i = 0; i < new.count; i++) {
        const char *item = new.items + i * set->schema->size;
        const void *other = find_item(set, &old, item, i);
        if (other == NULL || !asg_model_equal(set->schema, other, item)) return false;
    }
    return true;
}

bool asg_compare_is_same(const struct asg_field *field, const void *from, const void *to)
{
    const struct set *set = set_of(field);
    if (set != NULL) return is_same_set(field, set, from, to);
    return asg_model_equal_field(field, from, to);
}

static void add(struct asg_arena *arena, const char *field, const char *from,
                const char *to, struct asg_field_differences *ret)
{
    struct asg_field_difference *difference = asg_arena_push(
        arena, (void **)&ret->items, &ret->count, &ret->capacity, sizeof *difference);
    *difference = (struct asg_field_difference){.field = field, .from = from, .to = to};
}

static const char *say_value(const struct asg_field *field, const void *object,
                             struct asg_arena *arena)
{
    if (object == NULL) return "";
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    asg_spell_value(field, object, &text);
    return asg_arena_text_n(arena, asg_bytes_text(&text), text.length);
}

/* One item of a set as the list with it alone would be, without its brackets. */
static const char *say_item(const struct asg_field *field, const void *item,
                            struct asg_arena *arena)
{
    if (item == NULL) return "";
    const struct asg_field alone = {
        .name = field->name, .type = ASG_FIELD_STRUCT, .offset = 0, .sub = field->sub};
    return say_value(&alone, item, arena);
}

static const char *name_item(const struct asg_field *field, const struct set *set,
                             const void *item, struct asg_arena *arena)
{
    const struct asg_field *key = asg_schema_find(set->schema, set->key);
    assert(item != NULL && key != NULL);
    const char *text =
        *(const char *const *)(const void *)((const char *)item + key->offset);
    return asg_arena_format(arena, "%s[%s]", field->name, text != NULL ? text : "");
}

static void compare_set(const struct asg_field *field, const struct set *set,
                        const void *from, const void *to, struct asg_arena *arena,
                        struct asg_field_differences *ret)
{
    struct list old = list_of(field, from);
    struct list new = list_of(field, to);
    for (size_t i = 0; i < new.count; i++) {
        const char *item = new.items + i * set->schema->size;
        const void *other = find_item(set, &old, item, i);
        if (other != NULL && asg_model_equal(set->schema, other, item)) continue;
        add(arena, name_item(field, set, item, arena), say_item(field, other, arena),
            say_item(field, item, arena), ret);
    }
    for (size_t i = 0; i < old.count; i++) {
        const char *item = old.items + i * set->schema->size;
        if (find_item(set, &new, item, i) != NULL) continue;
        add(arena, name_item(field, set, item, arena), say_item(field, item, arena), "",
            ret);
    }
}

static const void *part_of(const struct asg_field *field, const void *object)
{
    if (object == NULL || field->type != ASG_FIELD_PART) return NULL;
    return *(const void *const *)(const void *)((const char *)object + field->offset);
}

/* Within a part: each field by itself. */
static void compare_parts(const struct asg_field *field, const void *from, const void *to,
                          struct asg_arena *arena, struct asg_field_differences *ret)
{
    for (size_t i = 0; i < field->sub->field_count; i++) {
        const struct asg_field *member = &field->sub->fields[i];
        char name[ASG_SPELL_NAME_MAX];
        if (member->is_made || asg_model_equal_field(member, from, to)) continue;
        add(arena,
            asg_arena_format(arena, "%s.%s", field->name,
                             asg_spell_name(member, to, name)),
            say_value(member, from, arena), say_value(member, to, arena), ret);
    }
}

void asg_compare_fields(const struct asg_schema *schema, const void *from, const void *to,
                        uint64_t bits, struct asg_arena *arena,
                        struct asg_field_differences *ret)
{
    assert(schema->field_count <= 64);
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct asg_field *field = &schema->fields[i];
        if ((bits & UINT64_C(1) << i) == 0 || field->is_made) continue;
        if (from != NULL && asg_compare_is_same(field, from, to)) continue;
        const struct set *set = set_of(field);
        if (set != NULL) {
            compare_set(field, set, from, to, arena, ret);
        } else if (part_of(field, from) != NULL && part_of(field, to) != NULL) {
            compare_parts(field, part_of(field, from), part_of(field, to), arena, ret);
        } else {
            char name[ASG_SPELL_NAME_MAX];
            add(arena, asg_arena_text(arena, asg_spell_name(field, to, name)),
                say_value(field, from, arena), say_value(field, to, arena), ret);
        }
    }
}
