/* describe_groups - DescribeAutoScalingGroups.
 *
 * The answer is a list of fragments that the pages of the view keep, rendered once; it is
 * sent from them, while the root is held: whatever a group has, a client costs the bytes
 * under way and no copy of the whole. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/do/do.h"
#include "api/do/group_xml.h"
#include "api/pages.h"

#define PAGE      50
#define NAMES_MAX 50 /* unless MaxRecords is more */
/* An answer of no more parts is sent from where they lie, if most are rendered: else it
 * is a stream, whose first byte goes out before the last leaf is rendered. */
#define PARTS_MAX 900
#define COLD_MAX  100 /* leaves */

/* ---- which groups ---- */

/* Its values in order: there may be thousands, and a hundred thousand tags. */
struct filter {
    const char *name; /* tag-key, tag-value or tag:<key> */
    const char **values;
    size_t count;
};

struct filters {
    struct filter *items;
    size_t count;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_among(const struct filter *filter, const char *text)
{
    return bsearch(&text, filter->values, filter->count, sizeof *filter->values,
                   by_text) != NULL;
}

static bool has_tag(const struct asg_group_config *config, const struct filter *filter)
{
    const char *key = strncmp(filter->name, "tag:", 4) == 0 ? filter->name + 4 : NULL;
    bool is_by_key = key == NULL && strcmp(filter->name, "tag-key") == 0;
    for (size_t i = 0; i < config->tag_count; i++) {
        const struct asg_tag *tag = &config->tags[i];
        if (key != NULL && strcmp(tag->key, key) != 0) continue;
        if (is_among(filter, is_by_key ? tag->key : tag->value)) return true;
    }
    return false;
}

/* Each filter holds, by one of its values. */
static bool passes(const struct filters *filters, const struct asg_page *page)
{
    const struct asg_group_config *config = page->sheet->content.group.config;
    for (size_t i = 0; i < filters->count; i++) {
        if (!has_tag(config, &filters->items[i])) return false;
    }
    return true;
}

static void take_values(struct asg_api_call *call, const struct asg_query_value *given,
                        struct filter *ret)
{
    const struct asg_query_value *values = asg_value_items(given, "Values", &ret->count);
    ret->values = asg_arena_take(&call->arena, (ret->count + 1) * sizeof *ret->values);
    for (size_t i = 0; i < ret->count; i++) {
        ret->values[i] = values[i].text;
    }
    qsort(ret->values, ret->count, sizeof *ret->values, by_text);
}

/* False: the call is ended. */
static bool take_filters(struct asg_api_call *call, struct filters *ret)
{
    const struct asg_query_value *given =
        asg_value_items(&call->input, "Filters", &ret->count);
    ret->items = asg_arena_take(&call->arena, (ret->count + 1) * sizeof *ret->items);
    for (size_t i = 0; i < ret->count; i++) {
        const char *name = asg_value_text(&given[i], "Name", "");
        bool is_known = strcmp(name, "tag-key") == 0 || strcmp(name, "tag-value") == 0 ||
                        (strncmp(name, "tag:", 4) == 0 && name[4] != '\0');
        if (!is_known) {
            asg_api_invalid(call,
                            "Filters: '%s' is not a filter of this action; there are "
                            "tag-key, tag-value and tag:<key>",
                            name);
            return false;
        }
        ret->items[i].name = name;
        take_values(call, &given[i], &ret->items[i]);
    }
    return true;
}

/* The names that were asked for, each once and in order; NULL: all. */
static bool take_names(struct asg_api_call *call, const char ***ret, size_t *ret_count)
{
    size_t count = 0;
    const struct asg_query_value *items =
        asg_value_items(&call->input, "AutoScalingGroupNames", &count);
    int64_t most = asg_value_number(&call->input, "MaxRecords", 0);
    if (most < NAMES_MAX) most = NAMES_MAX;
    if (count > (size_t)most) {
        asg_api_invalid(
            call, "The number of group names that may be passed in is limited to %d",
            (int)most);
        return false;
    }
    const char **names = asg_arena_take(&call->arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++) {
        names[i] = items[i].text;
    }
    if (count > 1) qsort(names, count, sizeof *names, by_text);
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_again = i > 0 && strcmp(names[i], names[i - 1]) == 0;
        if (!is_again) names[(*ret_count)++] = names[i];
    }
    *ret = count > 0 ? names : NULL;
    return true;
}

/* ---- the answer ---- */

struct text {
    const char *data;
    size_t length;
};

struct reply {
    const struct asg_root *root;
    bool has_instances;
    size_t count;
    size_t at;        /* the page under way; count: what stands behind all */
    size_t part;      /* of it */
    struct text left; /* of the part that is being sent */
    char *end;        /* behind the last group */
    const struct asg_page *pages[];
};

static struct text text_of(const char *text)
{
    return (struct text){text, strlen(text)};
}

/* The parts of a group: head, <Instances>, its leaves, </Instances>, tail. */
static bool next_of_group(struct reply *reply, struct text *ret)
{
    const struct asg_page *page = reply->pages[reply->at];
    const struct asg_rendered *sheet = asg_slot_read(page->sheet->slot);
    size_t leaves = reply->has_instances ? page->leaf_count : 0;
    size_t part = reply->part++;
    if (part == 0) {
        *ret = (struct text){sheet->data, sheet->split};
    } else if (part == 1) {
        *ret = text_of(reply->has_instances ? "<Instances>" : "");
    } else if (part < 2 + leaves) {
        const struct asg_rendered *leaf =
            asg_group_xml_leaf(page, page->leaves[part - 2]);
        *ret = (struct text){leaf->data, leaf->length};
    } else if (part == 2 + leaves) {
        *ret = text_of(reply->has_instances ? "</Instances>" : "");
    } else {
        *ret = (struct text){sheet->data + sheet->split, sheet->length - sheet->split};
        return false;
    }
    return true;
}

/* False: nothing is left. */
static bool next_part(struct reply *reply, struct text *ret)
{
    if (reply->at < reply->count) {
        if (next_of_group(reply, ret)) return true;
        reply->at++;
        reply->part = 0;
        return true;
    }
    if (reply->at > reply->count) return false;
    reply->at++;
    *ret = text_of(reply->end);
    return true;
}

static ssize_t read_reply(void *context, char *buffer, size_t most)
{
    struct reply *reply = context;
    size_t done = 0;
    while (done < most) {
        if (reply->left.length == 0) {
            if (!next_part(reply, &reply->left)) break;
            continue;
        }
        size_t take = most - done < reply->left.length ? most - done : reply->left.length;
        memcpy(buffer + done, reply->left.data, take);
        reply->left.data += take;
        reply->left.length -= take;
        done += take;
    }
    return (ssize_t)done;
}

static void end_reply(void *context)
{
    struct reply *reply = context;
    asg_view_drop(&reply->root);
    free(reply->end);
    free(reply);
}

/* No fewer than next_part() gives, with what `left` has at first. */
static size_t count_parts(const struct reply *reply)
{
    size_t count = 2;
    for (size_t i = 0; i < reply->count; i++) {
        count += 4 + (reply->has_instances ? reply->pages[i]->leaf_count : 0);
    }
    return count;
}

/* Leaves that nobody has rendered yet; no more than `most` are counted. */
static size_t count_cold(const struct reply *reply, size_t most)
{
    size_t cold = 0;
    for (size_t i = 0; reply->has_instances && i < reply->count; i++) {
        const struct asg_page *page = reply->pages[i];
        for (size_t k = 0; k < page->leaf_count && cold < most; k++) {
            if (asg_slot_read(page->leaves[k]->slot) == NULL) cold++;
        }
    }
    return cold;
}

static void send_reply(struct asg_api_call *call, struct reply *reply, bool has_more)
{
    struct asg_bytes end = {0};
    struct asg_xml_out xml = {.out = &end};
    asg_bytes_append_text(&end, "</AutoScalingGroups>");
    if (has_more) {
        const char *last = asg_page_name(reply->pages[reply->count - 1]);
        asg_xml_out_text(&xml, "NextToken", asg_api_page_token(call, last));
    }
    asg_bytes_append(&end, "", 1);
    reply->end = (char *)end.data;
    reply->left = text_of("<AutoScalingGroups>");
    for (size_t i = 0; i < reply->count; i++) {
        (void)asg_group_xml_sheet(call, reply->pages[i]);
    }
    size_t most = count_parts(reply);
    if (most > PARTS_MAX || count_cold(reply, COLD_MAX + 1) > COLD_MAX) {
        asg_api_stream(call, (struct asg_http_stream){
                                 .read = read_reply, .end = end_reply, .context = reply});
        return;
    }
    struct asg_http_piece *parts = asg_arena_take(&call->arena, most * sizeof *parts);
    size_t count = 0;
    for (bool is_there = true; is_there; is_there = next_part(reply, &reply->left)) {
        if (reply->left.length == 0) continue;
        assert(count < most);
        parts[count++] = (struct asg_http_piece){reply->left.data, reply->left.length};
    }
    asg_api_pieces(
        call, (struct asg_http_pieces){
                  .items = parts, .count = count, .end = end_reply, .context = reply});
}

/* ---- the action ---- */

/* Add the page; false: the answer is full, and this one is of the next. */
static bool add(struct reply *reply, size_t most, const struct asg_page *page)
{
    if (reply->count == most) return false;
    reply->pages[reply->count++] = page;
    return true;
}

void asg_do_describe_auto_scaling_groups(struct asg_api_call *call)
{
    struct asg_api_page range;
    const char **names = NULL;
    size_t name_count = 0;
    struct filters filters;
    if (!take_names(call, &names, &name_count) || !take_filters(call, &filters) ||
        !asg_api_page_read(call, PAGE, &range)) {
        return;
    }
    struct reply *reply =
        asg_alloc(1, sizeof *reply + range.most * sizeof reply->pages[0]);
    reply->root = asg_view_hold(asg_api_ports_of(call)->view);
    reply->has_instances = asg_value_flag(&call->input, "IncludeInstances", true);
    bool has_room = true;
    for (size_t i = 0; has_room && i < name_count; i++) {
        const struct asg_page *page = asg_root_find(reply->root, names[i]);
        bool is_meant =
            page != NULL && strcmp(names[i], range.after) > 0 && passes(&filters, page);
        if (is_meant) has_room = add(reply, range.most, page);
    }
    size_t count = names == NULL ? asg_root_count(reply->root) : 0;
    size_t at = asg_root_place(reply->root, range.after);
    for (; has_room && at < count; at++) {
        const struct asg_page *page = asg_root_page(reply->root, at);
        bool is_meant =
            strcmp(asg_page_name(page), range.after) > 0 && passes(&filters, page);
        if (is_meant) has_room = add(reply, range.most, page);
    }
    send_reply(call, reply, !has_room);
}
