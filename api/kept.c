#include "api/kept.h"

void asg_kept_add(struct asg_kept_list *list, const char *path, const char *value)
{
    void *items = list->items;
    struct asg_kept_member *member = asg_arena_push(list->arena, &items, &list->count,
                                                    &list->capacity, sizeof *member);
    list->items = items;
    *member = (struct asg_kept_member){.path = path, .value = value};
}

bool asg_kept_take(struct asg_kept_list *list, const struct asg_query_value *input,
                   const char *name)
{
    const struct asg_query_value *found = asg_value_find(input, name);
    if (found == NULL) return false;
    struct asg_query_value member = *found;
    const struct asg_query_value alone = {.text = "", .items = &member, .count = 1};
    struct asg_form_pair *pairs = NULL;
    size_t count = asg_value_pairs(&alone, list->arena, &pairs);
    for (size_t i = 0; i < count; i++) {
        asg_kept_add(list, pairs[i].name, pairs[i].value);
    }
    return count > 0;
}

/* As pairs of a form: the two have the same in them, and neither room knows the other. */
static struct asg_form pairs_of(const struct asg_kept_member *kept, size_t count,
                                struct asg_arena *arena)
{
    struct asg_form form = {
        .pairs = asg_arena_take(arena, (count + 1) * sizeof *form.pairs), .count = count};
    for (size_t i = 0; i < count; i++) {
        form.pairs[i] =
            (struct asg_form_pair){.name = kept[i].path, .value = kept[i].value};
    }
    return form;
}

void asg_kept_sort(struct asg_kept_list *list)
{
    struct asg_form form = pairs_of(list->items, list->count, list->arena);
    asg_form_sort(&form);
    for (size_t i = 0; i < list->count; i++) {
        list->items[i] = (struct asg_kept_member){.path = form.pairs[i].name,
                                                  .value = form.pairs[i].value};
    }
}

void asg_kept_write(struct asg_writer *writer, const struct asg_kept_member *kept,
                    size_t count, struct asg_arena *arena)
{
    const struct asg_form form = pairs_of(kept, count, arena);
    const struct asg_form_part part = asg_form_all(&form);
    asg_write_part(writer, &part);
}
