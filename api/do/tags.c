/* tags - CreateOrUpdateTags, DeleteTags and DescribeTags. */
#include <stdlib.h>
#include <string.h>

#include "api/do/do.h"
#include "api/do/listing.h"
#include "api/do/named.h"
#include "query/write.h"
#include "view/view.h"

#define PAGE          50
#define TAGS_MAX      1000                 /* of one request: the loop is kept short */
#define RESOURCE_TYPE "auto-scaling-group" /* there is no other */

/* ---- orders ---- */

/* What a tag must say besides its key. False: the call is ended. */
static bool check_resource(struct asg_api_call *call, const struct asg_query_value *item)
{
    const char *type = asg_value_text(item, "ResourceType", RESOURCE_TYPE);
    if (strcmp(type, RESOURCE_TYPE) != 0) {
        asg_api_invalid(call, "Invalid ResourceType '%.100s' of a tag: it must be %s",
                        type, RESOURCE_TYPE);
        return false;
    }
    const char *group = asg_value_text(item, "ResourceId", "");
    if (group[0] == '\0') {
        asg_api_invalid(call, "A tag must have a ResourceId: the name of its group");
        return false;
    }
    return asg_api_may(call, group);
}

static int compare_tags(const void *left, const void *right)
{
    const struct asg_group_tag *a = left;
    const struct asg_group_tag *b = right;
    int order = strcmp(a->group, b->group);
    return order != 0 ? order : strcmp(a->key, b->key);
}

/* By group and key: there may be thousands. */
static const struct asg_group_tag *sort_tags(struct asg_api_call *call,
                                             const struct asg_group_tag *tags,
                                             size_t count)
{
    struct asg_group_tag *sorted =
        asg_arena_take(&call->arena, (count + 1) * sizeof *sorted);
    memcpy(sorted, tags, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_tags);
    return sorted;
}

/* False: the call is ended. */
static bool check_repeated(struct asg_api_call *call, const struct asg_group_tag *sorted,
                           size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (compare_tags(&sorted[i - 1], &sorted[i]) != 0) continue;
        asg_api_invalid(call, "Duplicate tag keys are not allowed: '%s' of %s",
                        sorted[i].key, sorted[i].group);
        return false;
    }
    return true;
}

static bool has_key(const struct asg_group_config *config, const char *key)
{
    size_t i = 0;
    while (i < config->tag_count && strcmp(config->tags[i].key, key) != 0) {
        i++;
    }
    return i < config->tag_count;
}

/* Those of one group, beside what it has. False: the call is ended. */
static bool check_group(struct asg_api_call *call, const struct asg_root *root,
                        const struct asg_group_tag *tags, size_t count, bool puts)
{
    const struct asg_page *page = asg_root_find(root, tags[0].group);
    if (page == NULL) return asg_api_require_group(call, tags[0].group);
    if (!puts) return true;
    const struct asg_group_config *config = page->sheet->content.group.config;
    size_t limit = asg_api_limits_of(call)->tags;
    if (limit == 0 || limit > ASG_TAGS_MAX) limit = ASG_TAGS_MAX;
    size_t all = config->tag_count;
    for (size_t i = 0; i < count; i++) {
        all += has_key(config, tags[i].key) ? 0 : 1;
    }
    if (all <= limit) return true;
    asg_api_refuse(call, 400, "LimitExceeded",
                   "%zu tags of a group would be more than the limit of %zu", all, limit);
    return false;
}

/* What core would refuse, and had to write down first. False: the call is ended. */
static bool check_groups(struct asg_api_call *call, const struct asg_group_tag *sorted,
                         size_t count, bool puts)
{
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    bool is_fine = true;
    for (size_t first = 0, end = 0; first < count && is_fine; first = end) {
        while (end < count && strcmp(sorted[end].group, sorted[first].group) == 0) {
            end++;
        }
        is_fine = check_group(call, root, sorted + first, end - first, puts);
    }
    asg_view_drop(&root);
    return is_fine;
}

static void order(struct asg_api_call *call, enum asg_command_kind kind)
{
    size_t count = 0;
    const struct asg_query_value *items = asg_value_items(&call->input, "Tags", &count);
    if (count > TAGS_MAX) {
        asg_api_invalid(call, "A request can name at most %d tags, and %zu are given.",
                        TAGS_MAX, count);
        return;
    }
    struct asg_group_tag *tags = asg_arena_take(&call->arena, (count + 1) * sizeof *tags);
    for (size_t i = 0; i < count; i++) {
        if (!check_resource(call, &items[i])) return;
        tags[i] = (struct asg_group_tag){
            .group = asg_value_text(&items[i], "ResourceId", ""),
            .key = asg_value_text(&items[i], "Key", ""),
            .value = asg_value_text(&items[i], "Value", ""),
            .stays = !asg_value_flag(&items[i], "PropagateAtLaunch", false),
            .has_value = asg_value_find(&items[i], "Value") != NULL};
    }
    const struct asg_group_tag *sorted = sort_tags(call, tags, count);
    if (!check_repeated(call, sorted, count) ||
        !check_groups(call, sorted, count, kind == ASG_COMMAND_GROUP_TAG)) {
        return;
    }
    if (count == 0) {
        asg_api_reply_empty(call);
        return;
    }
    const struct asg_command command = {.kind = kind,
                                        .group_tags = tags,
                                        .group_tag_count = count,
                                        .limit = asg_api_limits_of(call)->tags};
    asg_api_order(call, &command, NULL);
}

void asg_do_create_or_update_tags(struct asg_api_call *call)
{
    order(call, ASG_COMMAND_GROUP_TAG);
}

void asg_do_delete_tags(struct asg_api_call *call)
{
    order(call, ASG_COMMAND_GROUP_UNTAG);
}

/* ---- DescribeTags ---- */

enum filter_kind { BY_GROUP, BY_KEY, BY_PROPAGATION, BY_VALUE, FILTER_KINDS };

static const char *const filter_words[FILTER_KINDS] = {"auto-scaling-group", "key",
                                                       "propagate-at-launch", "value"};

struct filter {
    enum filter_kind kind;
    struct asg_text_set values;
};

struct filter_list {
    struct filter *items;
    size_t count;
};

static int filter_kind(const struct asg_query_value *filter)
{
    const char *name = asg_value_text(filter, "Name", "");
    for (int kind = 0; kind < FILTER_KINDS; kind++) {
        if (strcmp(name, filter_words[kind]) == 0) return kind;
    }
    return -1;
}

static bool read_filters(struct asg_api_call *call, struct filter_list *ret)
{
    const struct asg_query_value *given =
        asg_value_items(&call->input, "Filters", &ret->count);
    ret->items = asg_arena_take(&call->arena, (ret->count + 1) * sizeof *ret->items);
    for (size_t i = 0; i < ret->count; i++) {
        int kind = filter_kind(&given[i]);
        if (kind < 0) {
            asg_api_invalid(
                call,
                "Filter type %.100s is not correct. Allowed Filter types are: "
                "auto-scaling-group key propagate-at-launch value",
                asg_value_text(&given[i], "Name", ""));
            return false;
        }
        size_t count = 0;
        const struct asg_query_value *values =
            asg_value_items(&given[i], "Values", &count);
        ret->items[i] = (struct filter){.kind = (enum filter_kind)kind,
                                        .values = asg_text_set_take(call, values, count)};
    }
    return true;
}

/* Any value of each filter; NULL: filters that look at the tag are left out. */
static bool passes(const struct filter_list *filters, const char *group,
                   const struct asg_tag *tag)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct filter *filter = &filters->items[i];
        const char *text = group;
        if (filter->kind != BY_GROUP) {
            if (tag == NULL) continue;
            text = filter->kind == BY_KEY     ? tag->key
                   : filter->kind == BY_VALUE ? tag->value
                   : tag->stays               ? "false"
                                              : "true";
        }
        if (!asg_text_set_has(&filter->values, text)) return false;
    }
    return true;
}

static void write_tag(struct asg_writer *writer, const char *group,
                      const struct asg_tag *tag)
{
    asg_write_begin_item(writer);
    asg_write_text(writer, "ResourceId", group);
    asg_write_text(writer, "ResourceType", RESOURCE_TYPE);
    asg_write_text(writer, "Key", tag->key);
    asg_write_text(writer, "Value", tag->value);
    asg_write_flag(writer, "PropagateAtLaunch", !tag->stays);
    asg_write_end(writer);
}

/* The next one by key, after `key`; a group has few. */
static const struct asg_tag *next_tag(const struct asg_group_config *config,
                                      const char *key)
{
    const struct asg_tag *next = NULL;
    for (size_t i = 0; i < config->tag_count; i++) {
        const struct asg_tag *tag = &config->tags[i];
        if (key != NULL && strcmp(tag->key, key) <= 0) continue;
        if (next == NULL || strcmp(tag->key, next->key) < 0) next = tag;
    }
    return next;
}

static void list_group(struct asg_listing *listing, const struct asg_page *page,
                       const void *context)
{
    const struct filter_list *filters = context;
    const char *group = asg_page_name(page);
    if (!passes(filters, group, NULL)) return;
    const struct asg_group_config *config = page->sheet->content.group.config;
    const struct asg_tag *tag = next_tag(config, asg_listing_after(listing, group));
    for (; tag != NULL; tag = next_tag(config, tag->key)) {
        if (!passes(filters, group, tag)) continue;
        if (!asg_listing_takes(listing, group, tag->key)) return;
        write_tag(&listing->writer, group, tag);
    }
}

void asg_do_describe_tags(struct asg_api_call *call)
{
    struct asg_listing listing;
    struct filter_list filters = {.count = 0};
    if (!read_filters(call, &filters) || !asg_listing_init(&listing, call, PAGE)) return;
    asg_listing_run(&listing, "Tags", /* group */ NULL, list_group, &filters);
}
