/* tags - CreateOrUpdateTags, DeleteTags and DescribeTags. */
#include <stdlib.h>
#include <string.h>

#include "api/do/do.h"
#include "api/do/named.h"
#include "api/pages.h"
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

/* Its values in order: there may be thousands, and as many tags. */
struct filter {
    enum filter_kind kind;
    const char **values;
    size_t count;
};

struct listing {
    struct asg_writer writer;
    struct filter *filters;
    size_t filter_count;
    const char *after_group; /* of the last tag of the page before; "" */
    const char *after_key;
    size_t left;
    const char *last_group;
    const char *last_key;
    bool has_more;
};

static int filter_kind(const struct asg_query_value *filter)
{
    const char *name = asg_value_text(filter, "Name", "");
    for (int kind = 0; kind < FILTER_KINDS; kind++) {
        if (strcmp(name, filter_words[kind]) == 0) return kind;
    }
    return -1;
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void take_values(struct asg_api_call *call, const struct asg_query_value *given,
                        struct filter *ret)
{
    const struct asg_query_value *values = asg_value_items(given, "Values", &ret->count);
    ret->values = asg_arena_take(&call->arena, (ret->count + 1) * sizeof *ret->values);
    for (size_t i = 0; i < ret->count; i++) {
        ret->values[i] = values[i].text;
    }
    qsort(ret->values, ret->count, sizeof *ret->values, compare_texts);
}

static bool read_filters(struct asg_api_call *call, struct listing *listing)
{
    size_t count = 0;
    const struct asg_query_value *given =
        asg_value_items(&call->input, "Filters", &count);
    listing->filters = asg_arena_take(&call->arena, (count + 1) * sizeof(struct filter));
    listing->filter_count = count;
    for (size_t i = 0; i < count; i++) {
        int kind = filter_kind(&given[i]);
        if (kind < 0) {
            asg_api_invalid(
                call,
                "Filter type %.100s is not correct. Allowed Filter types are: "
                "auto-scaling-group key propagate-at-launch value",
                asg_value_text(&given[i], "Name", ""));
            return false;
        }
        listing->filters[i].kind = (enum filter_kind)kind;
        take_values(call, &given[i], &listing->filters[i]);
    }
    return true;
}

static bool is_among(const struct filter *filter, const char *text)
{
    return bsearch(&text, filter->values, filter->count, sizeof *filter->values,
                   compare_texts) != NULL;
}

/* Any value of each filter; NULL: filters that look at the tag are left out. */
static bool passes(const struct listing *listing, const char *group,
                   const struct asg_tag *tag)
{
    for (size_t i = 0; i < listing->filter_count; i++) {
        const struct filter *filter = &listing->filters[i];
        const char *text = group;
        if (filter->kind != BY_GROUP) {
            if (tag == NULL) continue;
            text = filter->kind == BY_KEY     ? tag->key
                   : filter->kind == BY_VALUE ? tag->value
                   : tag->stays               ? "false"
                                              : "true";
        }
        if (!is_among(filter, text)) return false;
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

static void list_group(struct listing *listing, const struct asg_page *page)
{
    const char *group = asg_page_name(page);
    if (!passes(listing, group, NULL)) return;
    const struct asg_group_config *config = page->sheet->content.group.config;
    bool is_cut = strcmp(group, listing->after_group) == 0;
    const struct asg_tag *tag = next_tag(config, is_cut ? listing->after_key : NULL);
    for (; tag != NULL; tag = next_tag(config, tag->key)) {
        if (!passes(listing, group, tag)) continue;
        if (listing->left == 0) {
            listing->has_more = true;
            return;
        }
        listing->left--;
        listing->last_group = group;
        listing->last_key = tag->key;
        write_tag(&listing->writer, group, tag);
    }
}

void asg_do_describe_tags(struct asg_api_call *call)
{
    struct listing listing = {.left = 0};
    struct asg_api_page range;
    if (!read_filters(call, &listing) || !asg_api_page_read(call, PAGE, &range)) return;
    asg_api_page_split(call, &range, &listing.after_group, &listing.after_key);
    listing.left = range.most;
    asg_write_init(&listing.writer, asg_api_begin(call), call->action->output);
    asg_write_begin_list(&listing.writer, "Tags");
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    size_t at = asg_root_place(root, listing.after_group);
    for (; at < asg_root_count(root) && !listing.has_more; at++) {
        list_group(&listing, asg_root_page(root, at));
    }
    asg_write_end(&listing.writer);
    if (listing.has_more) {
        const char *last = asg_api_page_key(call, listing.last_group, listing.last_key);
        asg_write_text(&listing.writer, "NextToken", asg_api_page_token(call, last));
    }
    asg_write_finish(&listing.writer);
    asg_view_drop(&root);
    asg_api_end(call);
}
