#include "api/do/listing.h"

#include <stdlib.h>
#include <string.h>

#include "api/do/named.h"
#include "api/pages.h"

/* ---- what is asked for ---- */

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

struct asg_text_set asg_text_set_take(struct asg_api_call *call,
                                      const struct asg_query_value *values, size_t count)
{
    struct asg_text_set set = {.count = count};
    set.items = asg_arena_take(&call->arena, (count + 1) * sizeof *set.items);
    for (size_t i = 0; i < count; i++) {
        set.items[i] = values[i].text;
    }
    qsort(set.items, count, sizeof *set.items, compare_texts);
    return set;
}

bool asg_text_set_has(const struct asg_text_set *set, const char *text)
{
    return bsearch(&text, set->items, set->count, sizeof *set->items, compare_texts) !=
           NULL;
}

static int compare_names(const void *left, const void *right)
{
    const struct asg_arn_name *a = left;
    const struct asg_arn_name *b = right;
    int order = strcmp(a->uuid, b->uuid);
    if (order == 0) order = strcmp(a->group, b->group);
    return order != 0 ? order : strcmp(a->name, b->name);
}

struct asg_wanted asg_wanted_take(struct asg_api_call *call, const char *member,
                                  enum asg_arn_kind kind)
{
    size_t count = 0;
    const struct asg_query_value *values = asg_value_items(&call->input, member, &count);
    struct asg_wanted wanted = {.names = asg_text_set_take(call, values, count)};
    wanted.arns = asg_arena_take(&call->arena, (count + 1) * sizeof *wanted.arns);
    for (size_t i = 0; i < count; i++) {
        if (asg_api_read_arn(call, kind, values[i].text,
                             &wanted.arns[wanted.arn_count])) {
            wanted.arn_count++;
        }
    }
    qsort(wanted.arns, wanted.arn_count, sizeof *wanted.arns, compare_names);
    return wanted;
}

bool asg_wanted_is_empty(const struct asg_wanted *wanted)
{
    return wanted->names.count == 0;
}

bool asg_wanted_has(const struct asg_wanted *wanted, const struct asg_arn_name *thing)
{
    return asg_text_set_has(&wanted->names, thing->name) ||
           bsearch(thing, wanted->arns, wanted->arn_count, sizeof *wanted->arns,
                   compare_names) != NULL;
}

/* ---- the pages ---- */

bool asg_listing_init(struct asg_listing *listing, struct asg_api_call *call, size_t most)
{
    struct asg_api_page range;
    *listing = (struct asg_listing){.call = call};
    if (!asg_api_page_read(call, most, &range)) return false;
    asg_api_page_split(call, &range, &listing->after_group, &listing->after_name);
    listing->left = range.most;
    return true;
}

const char *asg_listing_after(const struct asg_listing *listing, const char *group)
{
    return strcmp(group, listing->after_group) == 0 ? listing->after_name : NULL;
}

bool asg_listing_takes(struct asg_listing *listing, const char *group, const char *name)
{
    if (listing->left == 0) {
        listing->has_more = true;
        return false;
    }
    listing->left--;
    listing->last_group = group;
    listing->last_name = name;
    return true;
}

static void list_all(struct asg_listing *listing, const struct asg_root *root,
                     const char *group, asg_list_group *list_group, const void *context)
{
    size_t count = asg_root_count(root);
    size_t at = asg_root_place(root, group != NULL ? group : listing->after_group);
    for (; at < count && !listing->has_more; at++) {
        const struct asg_page *page = asg_root_page(root, at);
        if (group != NULL && strcmp(asg_page_name(page), group) != 0) return;
        list_group(listing, page, context);
    }
}

void asg_listing_run(struct asg_listing *listing, const char *member, const char *group,
                     asg_list_group *list_group, const void *context)
{
    struct asg_api_call *call = listing->call;
    struct asg_writer *writer = &listing->writer;
    const struct asg_root *root = asg_api_hold_with_group(call, group);
    if (root == NULL) return;
    asg_write_init(writer, asg_api_begin(call), call->action->output);
    asg_write_begin_list(writer, member);
    list_all(listing, root, group, list_group, context);
    asg_write_end(writer);
    if (listing->has_more) {
        const char *last =
            asg_api_page_key(call, listing->last_group, listing->last_name);
        asg_write_text(writer, "NextToken", asg_api_page_token(call, last));
    }
    asg_write_finish(writer);
    asg_view_drop(&root);
    asg_api_end(call);
}
