/* model_tags - CreateTags, DeleteTags, DescribeTags. */
#include "ec2local/model_network.h"
#include "ec2local/model_private.h"

#include <stdlib.h>
#include <string.h>

/* Of a VPC, a subnet, a security group or a key pair; NULL: there is none. */
static struct asg_world_tags *network_tags_of(const struct asg_world *world,
                                              const char *id)
{
    for (size_t i = 0; i < world->vpc_count; i++) {
        if (strcmp(world->vpcs[i]->id, id) == 0) return &world->vpcs[i]->tags;
    }
    for (size_t i = 0; i < world->subnet_count; i++) {
        struct asg_world_subnet *subnet = world->subnets[i];
        if (!subnet->is_deleted && strcmp(subnet->id, id) == 0) return &subnet->tags;
    }
    for (size_t i = 0; i < world->security_count; i++) {
        if (strcmp(world->securities[i]->id, id) == 0) return &world->securities[i]->tags;
    }
    for (size_t i = 0; i < world->key_count; i++) {
        if (strcmp(world->keys[i]->id, id) == 0) return &world->keys[i]->tags;
    }
    return NULL;
}

/* The tags of a resource by its id, NULL after a refusal. */
static struct asg_world_tags *tags_of(const struct asg_world *world, const char *id,
                                      const struct asg_world_tag_request *request,
                                      struct asg_world_refusal *refusal)
{
    if (strncmp(id, "i-", 2) == 0) {
        struct asg_world_instance *instance = NULL;
        const struct asg_world_ids ids = {.items = &id, .count = 1};
        enum asg_status status = asg_world_look_up(world, &ids, request->now_ms,
                                                   request->lag_ms, &instance, refusal);
        return status == ASG_OK ? &instance->tags : NULL;
    }
    struct asg_world_template *template = asg_world_template_of_id(world, id);
    if (template != NULL) return &template->tags;
    struct asg_world_tags *found = network_tags_of(world, id);
    if (found != NULL) return found;
    if (strncmp(id, "lt-", 3) == 0) {
        (void)asg_world_refuse(refusal, 400, "InvalidLaunchTemplateId.NotFound",
                               "The launch template ID '%.64s' does not exist", id);
    } else {
        (void)asg_world_refuse(refusal, 400, "InvalidID", "The ID '%.64s' is not valid",
                               id);
    }
    return NULL;
}

/* Set by EC2 itself: they do not count, and nobody removes them. */
static bool is_ec2s(const char *key)
{
    return strncmp(key, "aws:", 4) == 0;
}

static void remove_all(struct asg_world_tags *tags)
{
    for (size_t i = tags->count; i-- > 0;) {
        if (is_ec2s(tags->items[i].key)) continue;
        asg_world_tags_remove(tags, tags->items[i].key, NULL);
    }
}

/* Would they all fit? */
static enum asg_status check_room(const struct asg_world_tags *tags,
                                  const struct asg_world_tags *more,
                                  struct asg_world_refusal *refusal)
{
    size_t count = 0;
    for (size_t i = 0; i < tags->count; i++) {
        if (!is_ec2s(tags->items[i].key)) count++;
    }
    for (size_t i = 0; i < more->count; i++) {
        if (asg_world_tags_find(tags, more->items[i].key) == NULL) count++;
    }
    if (count <= ASG_WORLD_TAGS_MAX) return ASG_OK;
    return asg_world_refuse(refusal, 400, "TagLimitExceeded",
                            "You have reached the maximum number of tags on a resource "
                            "(%d).",
                            ASG_WORLD_TAGS_MAX);
}

static enum asg_status check_tag_request(const struct asg_world *world,
                                         const struct asg_world_tag_request *request,
                                         struct asg_world_refusal *refusal)
{
    if (request->ids.count == 0 || (request->tags.count == 0 && !request->is_removal)) {
        return asg_world_refuse(refusal, 400, "MissingParameter",
                                "The request must contain the parameter %s",
                                request->ids.count == 0 ? "resourceIdSet" : "tagSet");
    }
    if (request->ids.count > ASG_WORLD_BATCH_MAX) {
        return asg_world_refuse(refusal, 400, "RequestResourceCountExceeded",
                                "At most %d resources may be named in one request",
                                ASG_WORLD_BATCH_MAX);
    }
    enum asg_status status = asg_world_tags_check(&request->tags, refusal);
    for (size_t i = 0; status == ASG_OK && i < request->ids.count; i++) {
        struct asg_world_tags *tags =
            tags_of(world, request->ids.items[i], request, refusal);
        if (tags == NULL) return ASG_ERR_DENIED;
        if (!request->is_removal) status = check_room(tags, &request->tags, refusal);
    }
    if (status == ASG_OK && request->is_dry_run) {
        status = asg_world_refuse_dry_run(refusal);
    }
    return status;
}

enum asg_status asg_world_tag(struct asg_world *world,
                              const struct asg_world_tag_request *request,
                              struct asg_world_refusal *refusal)
{
    enum asg_status status = check_tag_request(world, request, refusal);
    if (status != ASG_OK) return status;
    for (size_t i = 0; i < request->ids.count; i++) {
        struct asg_world_tags *tags =
            tags_of(world, request->ids.items[i], request, refusal);
        if (request->is_removal && request->tags.count == 0) remove_all(tags);
        for (size_t t = 0; t < request->tags.count; t++) {
            const struct asg_world_tag *tag = &request->tags.items[t];
            if (request->is_removal) {
                asg_world_tags_remove(tags, tag->key, tag->value);
            } else {
                asg_world_tags_set(tags, tag->key, tag->value);
            }
        }
    }
    return ASG_OK;
}

/* --- DescribeTags --- */

struct listing {
    const struct asg_world_query *query;
    struct asg_arena *arena;
    struct asg_world_tag_rows *rows;
    size_t capacity;
};

static bool takes_row(const struct asg_world_filter *filter,
                      const struct asg_world_tag_row *row)
{
    const char *name = filter->name;
    if (strcmp(name, "resource-id") == 0) return asg_world_filter_takes(filter, row->id);
    if (strcmp(name, "resource-type") == 0) {
        return asg_world_filter_takes(filter, row->kind);
    }
    if (strcmp(name, "key") == 0) return asg_world_filter_takes(filter, row->key);
    if (strcmp(name, "value") == 0) return asg_world_filter_takes(filter, row->value);
    return strcmp(row->key, name + 4) == 0 && asg_world_filter_takes(filter, row->value);
}

static void list_tags(struct listing *listing, const char *id, const char *kind,
                      const struct asg_world_tags *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        const struct asg_world_tag_row row = {.id = id,
                                              .kind = kind,
                                              .key = tags->items[i].key,
                                              .value = tags->items[i].value};
        bool is_wanted = true;
        for (size_t f = 0; f < listing->query->filter_count; f++) {
            is_wanted = is_wanted && takes_row(&listing->query->filters[f], &row);
        }
        if (!is_wanted) continue;
        void *items = listing->rows->items;
        struct asg_world_tag_row *added =
            asg_arena_push(listing->arena, &items, &listing->rows->count,
                           &listing->capacity, sizeof *added);
        listing->rows->items = items;
        *added = row;
    }
}

static void list_network_tags(struct listing *listing, const struct asg_world *world)
{
    for (size_t i = 0; i < world->vpc_count; i++) {
        list_tags(listing, world->vpcs[i]->id, "vpc", &world->vpcs[i]->tags);
    }
    for (size_t i = 0; i < world->subnet_count; i++) {
        const struct asg_world_subnet *subnet = world->subnets[i];
        if (!subnet->is_deleted) list_tags(listing, subnet->id, "subnet", &subnet->tags);
    }
    for (size_t i = 0; i < world->security_count; i++) {
        list_tags(listing, world->securities[i]->id, "security-group",
                  &world->securities[i]->tags);
    }
    for (size_t i = 0; i < world->key_count; i++) {
        list_tags(listing, world->keys[i]->id, "key-pair", &world->keys[i]->tags);
    }
}

static enum asg_status check_tag_filters(const struct asg_world_query *query,
                                         struct asg_world_refusal *refusal)
{
    static const char *const names[] = {"resource-id", "resource-type", "key", "value"};
    for (size_t i = 0; i < query->filter_count; i++) {
        const char *name = query->filters[i].name;
        bool is_known = strncmp(name, "tag:", 4) == 0;
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
            is_known = is_known || strcmp(names[n], name) == 0;
        }
        if (is_known) continue;
        return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                "The filter '%.100s' is invalid", name);
    }
    return ASG_OK;
}

enum asg_status asg_world_list_tags(const struct asg_world *world,
                                    const struct asg_world_query *query,
                                    struct asg_arena *arena,
                                    struct asg_world_tag_rows *ret,
                                    struct asg_world_refusal *refusal)
{
    enum asg_status status = check_tag_filters(query, refusal);
    if (status == ASG_OK) status = asg_world_check_pages(query, NULL, refusal);
    uint64_t scope = asg_world_query_scope(query);
    uint64_t last = 0;
    if (status == ASG_OK && query->next_token != NULL) {
        status =
            asg_world_read_page_token(world, query->next_token, scope, &last, refusal);
    }
    if (status != ASG_OK) return status;
    struct asg_world_tag_rows rows = {0};
    struct listing listing = {.query = query, .arena = arena, .rows = &rows};
    for (size_t i = 0; i < world->instance_count; i++) {
        list_tags(&listing, world->instances[i]->id, "instance",
                  &world->instances[i]->tags);
    }
    for (size_t i = 0; i < world->template_count; i++) {
        if (world->templates[i]->is_deleted) continue;
        list_tags(&listing, world->templates[i]->id, "launch-template",
                  &world->templates[i]->tags);
    }
    list_network_tags(&listing, world);
    if (last > rows.count) last = rows.count;
    size_t most = query->max_results > 0 ? (size_t)query->max_results : SIZE_MAX;
    if (last > 0) rows.items += last;
    rows.count -= (size_t)last;
    if (rows.count > most) {
        rows.count = most;
        rows.next_token = asg_world_page_token(world, last + most, scope, arena);
    }
    *ret = rows;
    return ASG_OK;
}
