#include "text/choose.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text/nearest.h"

#define NAME_MAX 64

/* Letters in small, all else a dash: titles and names are compared so. */
static void plain(const char *text, char ret[NAME_MAX])
{
    size_t length = 0;
    for (; *text != '\0' && length + 1 < NAME_MAX; text++) {
        bool is_kept = isalnum((unsigned char)*text) != 0 || *text == '.' || *text == '%';
        ret[length++] = (char)(is_kept ? tolower((unsigned char)*text) : '-');
    }
    ret[length] = '\0';
}

static enum asg_status unknown(const struct asg_choices *choices, const char *given,
                               struct asg_error *error)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes all = {0};
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    struct asg_nearest nearest = {0};
    char name[NAME_MAX];
    for (size_t i = 0; i < choices->column_count; i++) {
        plain(choices->columns[i].title, name);
        asg_nearest_offer(&nearest, given, asg_arena_text(&arena, name));
        asg_bytes_printf(&all, "%s%s", i > 0 ? ", " : "", name);
    }
    for (size_t i = 0; i < choices->schema->field_count; i++) {
        asg_nearest_offer(&nearest, given, choices->schema->fields[i].name);
    }
    if (nearest.word != NULL) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "no column \"%.60s\"; did you mean \"%s\"? There are %s", given,
                        nearest.word, asg_bytes_text(&all));
    }
    return asg_fail(error, ASG_ERR_INVALID, "no column \"%.60s\"; there are %s", given,
                    asg_bytes_text(&all));
}

/* Its title: "config.min" is CONFIG.MIN, as the table's own are. */
static const char *title_of(const char *path, struct asg_arena *arena)
{
    const char *text = asg_arena_text(arena, path);
    char *title = asg_arena_take(arena, strlen(text) + 1);
    for (size_t i = 0; text[i] != '\0'; i++)
        title[i] = (char)toupper((unsigned char)text[i]);
    return title;
}

static enum asg_status find(const struct asg_choices *choices, const char *given,
                            struct asg_arena *arena, struct asg_render_column *ret,
                            struct asg_error *error)
{
    char wanted[NAME_MAX];
    char title[NAME_MAX];
    plain(given, wanted);
    for (size_t i = 0; i < choices->column_count; i++) {
        plain(choices->columns[i].title, title);
        if (strcmp(title, wanted) != 0) continue;
        *ret = choices->columns[i];
        return ASG_OK;
    }
    const void *nothing = NULL;
    const struct asg_field *field = asg_render_resolve(choices->schema, given, &nothing);
    bool is_shown =
        field != NULL && field->type != ASG_FIELD_PART && field->type != ASG_FIELD_STRUCT;
    if (!is_shown) return unknown(choices, given, error);
    *ret = (struct asg_render_column){.title = title_of(given, arena),
                                      .field = asg_arena_text(arena, given)};
    return ASG_OK;
}

enum asg_status asg_choose_columns(const struct asg_choices *choices,
                                   const struct asg_texts *names, struct asg_arena *arena,
                                   struct asg_render_column ret[ASG_RENDER_COLUMNS_MAX],
                                   size_t *ret_count, struct asg_error *error)
{
    if (names->count == 0 || names->count > ASG_RENDER_COLUMNS_MAX) {
        return asg_fail(error, ASG_ERR_INVALID, "name 1 to %d columns",
                        ASG_RENDER_COLUMNS_MAX);
    }
    for (size_t i = 0; i < names->count; i++) {
        enum asg_status status = find(choices, names->items[i], arena, &ret[i], error);
        if (status != ASG_OK) return status;
        ret[i].traits &= ~(unsigned)ASG_COLUMN_WIDE; /* somebody wants it */
    }
    *ret_count = names->count;
    return ASG_OK;
}

/* "a,b" has "b". */
static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words;;) {
        size_t here = strcspn(at, ",");
        if (here == length && strncmp(at, word, length) == 0) return true;
        if (at[here] == '\0') return false;
        at += here + 1;
    }
}

static bool is_equal(const struct asg_choices *choices, const void *item,
                     const struct asg_render_column *column, const char *wanted)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes cell = {0};
    asg_render_cell(choices->schema, item, column, &cell);
    const char *text = asg_bytes_text(&cell);
    if (strcmp(text, wanted) == 0 || has_word(text, wanted)) return true;
    bool is_none = strcmp(text, "-") == 0;
    if (is_none && (wanted[0] == '\0' || strcmp(wanted, "null") == 0)) return true;
    if (column->write != NULL) return false;
    /* As JSON has it: true for yes, milliseconds for 5m. */
    struct asg_items one = {.items = &item, .count = 1};
    asg_bytes_reset(&cell);
    asg_render_csv_columns(choices->schema, &one, column, 1, /* has_titles */ false,
                           &cell);
    cell.length -= 2; /* the line's end */
    return strcmp(asg_bytes_text(&cell), wanted) == 0;
}

enum asg_status asg_choose_items(const struct asg_choices *choices,
                                 const struct asg_texts *filters, struct asg_items *items,
                                 struct asg_error *error)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    for (size_t f = 0; f < filters->count; f++) {
        const char *filter = filters->items[f];
        size_t length = strcspn(filter, "=");
        if (filter[length] == '\0' || length == 0) {
            return asg_fail(error, ASG_ERR_INVALID,
                            "--filter cannot be \"%.60s\": write KEY=VALUE or KEY!=VALUE",
                            filter);
        }
        bool is_not = filter[length - 1] == '!';
        const char *key = asg_arena_text_n(&arena, filter, length - is_not);
        struct asg_render_column column;
        enum asg_status status = find(choices, key, &arena, &column, error);
        if (status != ASG_OK) return status;
        size_t kept = 0;
        for (size_t i = 0; i < items->count; i++) {
            const void *item = items->items[i];
            if (is_equal(choices, item, &column, filter + length + 1) != is_not) {
                items->items[kept++] = item;
            }
        }
        items->count = kept;
    }
    return ASG_OK;
}

struct keyed {
    const void *item;
    const char *text;
    double number;
    size_t place;
    bool is_number;
    bool is_none;
};

/* What is there first, then by size or letters, then as it was. */
static int compare(const void *a, const void *b)
{
    const struct keyed *one = a;
    const struct keyed *two = b;
    if (one->is_none != two->is_none) return one->is_none ? 1 : -1;
    if (one->is_number && two->is_number && one->number != two->number) {
        return one->number < two->number ? -1 : 1;
    }
    int order = one->is_number && two->is_number ? 0 : strcmp(one->text, two->text);
    if (order != 0) return order;
    return one->place < two->place ? -1 : 1;
}

static int compare_down(const void *a, const void *b)
{
    const struct keyed *one = a;
    const struct keyed *two = b;
    if (one->is_none != two->is_none) return one->is_none ? 1 : -1;
    struct keyed first = *one;
    struct keyed second = *two;
    first.place = two->place; /* what is equal keeps its order */
    second.place = one->place;
    return compare(&second, &first);
}

/* The number that a field holds; a written cell's words, if they are one. */
static bool number_of(const struct asg_choices *choices,
                      const struct asg_render_column *column, const struct keyed *keyed,
                      double *ret)
{
    const void *object = keyed->item;
    const char *text = keyed->text;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes raw = {0};
    if (column->write == NULL) {
        const struct asg_field *field =
            asg_render_resolve(choices->schema, column->field, &object);
        bool is_counted = field->type == ASG_FIELD_U32 || field->type == ASG_FIELD_I64 ||
                          (field->type == ASG_FIELD_U64 && field->names == NULL);
        if (is_counted) {
            struct asg_items one = {.items = (const void **)&keyed->item, .count = 1};
            asg_render_csv_columns(choices->schema, &one, column, 1,
                                   /* has_titles */ false, &raw);
            raw.length -= 2;
            text = asg_bytes_text(&raw);
        } else if (field->type != ASG_FIELD_LIST) {
            return false;
        }
    }
    char *end = NULL;
    *ret = strtod(text, &end);
    return end != text && *end == '\0';
}

enum asg_status asg_choose_order(const struct asg_choices *choices, const char *name,
                                 struct asg_items *items, struct asg_error *error)
{
    ASG_CLEANUP(asg_arena_clear) struct asg_arena arena = {0};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes cell = {0};
    bool is_down = name[0] == '-';
    struct asg_render_column column;
    enum asg_status status = find(choices, name + is_down, &arena, &column, error);
    if (status != ASG_OK) return status;
    struct keyed *keys = asg_arena_take(&arena, (items->count + 1) * sizeof *keys);
    for (size_t i = 0; i < items->count; i++) {
        asg_bytes_reset(&cell);
        asg_render_cell(choices->schema, items->items[i], &column, &cell);
        keys[i].item = items->items[i];
        keys[i].text = asg_arena_text(&arena, asg_bytes_text(&cell));
        keys[i].is_none = strcmp(keys[i].text, "-") == 0;
        keys[i].place = i;
        keys[i].is_number = number_of(choices, &column, &keys[i], &keys[i].number);
    }
    qsort(keys, items->count, sizeof *keys, is_down ? compare_down : compare);
    for (size_t i = 0; i < items->count; i++)
        items->items[i] = keys[i].item;
    return ASG_OK;
}
