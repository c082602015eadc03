/* traffic - what sends traffic to a group: load balancers by name, target groups by ARN,
 * and traffic sources of any type. Three ways to say one list: attach, detach, describe.
 */
#include <string.h>

#include "api/do/do.h"
#include "api/do/named.h"
#include "api/pages.h"
#include "query/write.h"
#include "view/view.h"

#define PAGE         100
#define SOURCES_PAGE 50

static enum asg_source_kind kind_of(const char *identifier)
{
    if (strncmp(identifier, "arn:", 4) != 0) return ASG_SOURCE_LOAD_BALANCER;
    return strstr(identifier, ":vpc-lattice:") != NULL ? ASG_SOURCE_LATTICE
                                                       : ASG_SOURCE_TARGET_GROUP;
}

bool asg_api_take_source(struct asg_api_call *call, const struct asg_query_value *value,
                         struct asg_source *ret)
{
    const char *type = asg_value_text(value, "Type", NULL);
    ret->identifier = asg_value_text(value, "Identifier", "");
    ret->kind = kind_of(ret->identifier);
    if (type == NULL) return true;
    int kind = asg_enum_value(&asg_source_kind_words, type);
    if (kind < 0) {
        asg_api_invalid(call,
                        "TrafficSources: '%s' is not a valid Type; use elb, elbv2 or "
                        "vpc-lattice",
                        type);
        return false;
    }
    ret->kind = (enum asg_source_kind)kind;
    return true;
}

/* ---- orders ---- */

/* The order without sources: nothing to do, and no error. */
static void order(struct asg_api_call *call, enum asg_command_kind kind,
                  struct asg_source *sources, size_t count)
{
    const struct asg_command command = {
        .kind = kind,
        .group = asg_value_text(&call->input, "AutoScalingGroupName", ""),
        .sources = sources,
        .source_count = count};
    asg_api_order(call, &command, NULL);
}

/* Of one kind, by their names. */
static void order_names(struct asg_api_call *call, enum asg_command_kind kind,
                        const char *member, enum asg_source_kind source_kind)
{
    size_t count = 0;
    const struct asg_query_value *names = asg_value_items(&call->input, member, &count);
    struct asg_source *sources =
        asg_arena_take(&call->arena, (count + 1) * sizeof *sources);
    for (size_t i = 0; i < count; i++) {
        sources[i] =
            (struct asg_source){.kind = source_kind, .identifier = names[i].text};
    }
    order(call, kind, sources, count);
}

static void order_sources(struct asg_api_call *call, enum asg_command_kind kind)
{
    size_t count = 0;
    const struct asg_query_value *items =
        asg_value_items(&call->input, "TrafficSources", &count);
    struct asg_source *sources =
        asg_arena_take(&call->arena, (count + 1) * sizeof *sources);
    for (size_t i = 0; i < count; i++) {
        if (!asg_api_take_source(call, &items[i], &sources[i])) return;
    }
    order(call, kind, sources, count);
}

void asg_do_attach_load_balancers(struct asg_api_call *call)
{
    order_names(call, ASG_COMMAND_SOURCES_ATTACH, "LoadBalancerNames",
                ASG_SOURCE_LOAD_BALANCER);
}

void asg_do_detach_load_balancers(struct asg_api_call *call)
{
    order_names(call, ASG_COMMAND_SOURCES_DETACH, "LoadBalancerNames",
                ASG_SOURCE_LOAD_BALANCER);
}

void asg_do_attach_load_balancer_target_groups(struct asg_api_call *call)
{
    order_names(call, ASG_COMMAND_SOURCES_ATTACH, "TargetGroupARNs",
                ASG_SOURCE_TARGET_GROUP);
}

void asg_do_detach_load_balancer_target_groups(struct asg_api_call *call)
{
    order_names(call, ASG_COMMAND_SOURCES_DETACH, "TargetGroupARNs",
                ASG_SOURCE_TARGET_GROUP);
}

void asg_do_attach_traffic_sources(struct asg_api_call *call)
{
    order_sources(call, ASG_COMMAND_SOURCES_ATTACH);
}

void asg_do_detach_traffic_sources(struct asg_api_call *call)
{
    order_sources(call, ASG_COMMAND_SOURCES_DETACH);
}

/* ---- what there is ---- */

static const char *const state_words[] = {
    [ASG_SOURCE_STATE_ADDING] = "Adding",
    [ASG_SOURCE_STATE_ADDED] = "Added",
    [ASG_SOURCE_STATE_REMOVING] = "Removing",
};
_Static_assert(sizeof state_words / sizeof state_words[0] == ASG_SOURCE_STATE_COUNT,
               "every state has a word");

/* One way to list them. */
struct manner {
    const char *list;
    const char *name; /* of the identifier; NULL: with its type, and by two names */
    size_t page;
};

struct listing {
    struct asg_writer writer;
    const struct manner *manner;
    const struct asg_group_config *config;
    bool is_wanted[ASG_SOURCE_COUNT];
};

/* They are listed by type, and those of one type by identifier. */
static int compare(const struct asg_source *a, const struct asg_source *b)
{
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    return strcmp(a->identifier, b->identifier);
}

/* The next one that is wanted; NULL: there are no more. `after`: NULL: the first. A group
 * has few. */
static const struct asg_source *next_source(const struct listing *listing,
                                            const struct asg_source *after)
{
    const struct asg_source *next = NULL;
    for (size_t i = 0; i < listing->config->source_count; i++) {
        const struct asg_source *source = &listing->config->sources[i];
        if (!listing->is_wanted[source->kind]) continue;
        if (after != NULL && compare(source, after) <= 0) continue;
        if (next == NULL || compare(source, next) < 0) next = source;
    }
    return next;
}

static void write_source(struct asg_writer *writer, const struct manner *manner,
                         const struct asg_source *source)
{
    asg_write_begin_item(writer);
    if (manner->name != NULL) {
        asg_write_text(writer, manner->name, source->identifier);
    } else {
        asg_write_text(writer, "TrafficSource", source->identifier);
        asg_write_text(writer, "Identifier", source->identifier);
        asg_write_text(writer, "Type",
                       asg_enum_word(&asg_source_kind_words, (int)source->kind));
    }
    asg_write_text(writer, "State", state_words[source->state]);
    asg_write_end(writer);
}

/* A key of paging: "0:name". */
static const char *key_of(struct asg_api_call *call, const struct asg_source *source)
{
    return asg_arena_format(&call->arena, "%d:%s", (int)source->kind, source->identifier);
}

static bool read_key(const char *key, struct asg_source *ret)
{
    bool is_one = key[0] >= '0' && key[0] < '0' + (int)ASG_SOURCE_COUNT && key[1] == ':';
    if (!is_one) return false;
    *ret = (struct asg_source){.kind = (enum asg_source_kind)(key[0] - '0'),
                               .identifier = key + 2};
    return true;
}

static void list_sources(struct asg_api_call *call, struct listing *listing,
                         const struct asg_api_page *range)
{
    struct asg_source last;
    bool is_first = !read_key(range->after, &last);
    const struct asg_source *source = next_source(listing, is_first ? NULL : &last);
    asg_write_init(&listing->writer, asg_api_begin(call), call->action->output);
    asg_write_begin_list(&listing->writer, listing->manner->list);
    const struct asg_source *written = NULL;
    for (size_t left = range->most; source != NULL && left > 0; left--) {
        write_source(&listing->writer, listing->manner, source);
        written = source;
        source = next_source(listing, written);
    }
    asg_write_end(&listing->writer);
    if (source != NULL) {
        asg_write_text(&listing->writer, "NextToken",
                       asg_api_page_token(call, key_of(call, written)));
    }
    asg_write_finish(&listing->writer);
    asg_api_end(call);
}

static void describe(struct asg_api_call *call, struct listing *listing)
{
    struct asg_api_page range;
    if (!asg_api_page_read(call, listing->manner->page, &range)) return;
    const char *name = asg_value_text(&call->input, "AutoScalingGroupName", "");
    const struct asg_root *root = asg_api_hold_with_group(call, name);
    if (root == NULL) return;
    listing->config = asg_root_find(root, name)->sheet->content.group.config;
    list_sources(call, listing, &range);
    asg_view_drop(&root);
}

void asg_do_describe_load_balancers(struct asg_api_call *call)
{
    static const struct manner manner = {"LoadBalancers", "LoadBalancerName", PAGE};
    struct listing listing = {.manner = &manner,
                              .is_wanted = {[ASG_SOURCE_LOAD_BALANCER] = true}};
    describe(call, &listing);
}

void asg_do_describe_load_balancer_target_groups(struct asg_api_call *call)
{
    static const struct manner manner = {"LoadBalancerTargetGroups",
                                         "LoadBalancerTargetGroupARN", PAGE};
    struct listing listing = {.manner = &manner,
                              .is_wanted = {[ASG_SOURCE_TARGET_GROUP] = true}};
    describe(call, &listing);
}

void asg_do_describe_traffic_sources(struct asg_api_call *call)
{
    static const struct manner manner = {"TrafficSources", NULL, SOURCES_PAGE};
    struct listing listing = {.manner = &manner};
    const char *type = asg_value_text(&call->input, "TrafficSourceType", NULL);
    int only = type != NULL ? asg_enum_value(&asg_source_kind_words, type) : -1;
    if (type != NULL && only < 0) {
        asg_api_invalid(call,
                        "TrafficSourceType: '%.100s' is not valid; use elb, elbv2 or "
                        "vpc-lattice",
                        type);
        return;
    }
    for (int kind = 0; kind < ASG_SOURCE_COUNT; kind++) {
        listing.is_wanted[kind] = only < 0 || only == kind;
    }
    describe(call, &listing);
}
