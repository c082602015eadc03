/* model_world - a region as it is founded, and its end. */
#include "ec2local/model_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* EC2 keeps five addresses of each subnet for itself: the first four and the last. */
#define RESERVED_FIRST 4
#define RESERVED       ASG_WORLD_RESERVED

static const char *const subnet_ids[ASG_WORLD_ZONES] = {
    "subnet-0a000000000000001",
    "subnet-0b000000000000002",
    "subnet-0c000000000000003",
};

static void make_range(struct address_pool *pool, uint32_t base, uint32_t size)
{
    *pool = (struct address_pool){
        .base = base + RESERVED_FIRST,
        .size = size - RESERVED,
        .used = asg_alloc(size - RESERVED, sizeof(bool)),
        .free = size - RESERVED,
    };
}

static void make_list(struct address_pool *pool, const uint32_t *list, size_t count)
{
    *pool = (struct address_pool){
        .size = (uint32_t)count,
        .list = asg_alloc(count, sizeof *list),
        .used = asg_alloc(count, sizeof(bool)),
        .free = (uint32_t)count,
    };
    memcpy(pool->list, list, count * sizeof *list);
}

/* "us-east-1" gives "use1": the first word whole, one letter of the others. */
static void shorten_region(const char *region, char ret[12])
{
    size_t length = 0;
    bool is_first_word = true;
    bool is_word_begun = false;
    for (const char *at = region; *at != '\0' && length < 10; at++) {
        if (*at == '-') {
            is_first_word = false;
            is_word_begun = false;
        } else if (is_first_word || !is_word_begun) {
            ret[length++] = *at;
            is_word_begun = true;
        }
    }
    ret[length] = '\0';
}

static void make_zones(struct asg_world *world)
{
    char shortened[12];
    shorten_region(world->region, shortened);
    uint32_t quarter = UINT32_C(1) << (32 - world->options.cidr_bits - 2);
    for (uint32_t i = 0; i < ASG_WORLD_ZONES; i++) {
        struct asg_world_zone *zone = &world->zones[i];
        (void)snprintf(zone->name, sizeof zone->name, "%.24s%c", world->region,
                       (char)('a' + i));
        (void)snprintf(zone->id, sizeof zone->id, "%s-az%u", shortened, i + 1);
        struct asg_world_subnet *subnet = asg_world_add_subnet(world, i);
        (void)snprintf(subnet->vpc_id, sizeof subnet->vpc_id, "%s", asg_world_vpc_id());
        subnet->is_default = true;
        (void)snprintf(subnet->id, sizeof subnet->id, "%s", subnet_ids[i]);
        uint32_t base = world->options.cidr_base + i * quarter;
        (void)snprintf(subnet->cidr, sizeof subnet->cidr, "%u.%u.%u.%u/%u", base >> 24,
                       base >> 16 & 255, base >> 8 & 255, base & 255,
                       world->options.cidr_bits + 2);
        if (world->options.address_count == 0) {
            make_range(&world->pools[i], base, quarter);
        }
    }
    if (world->options.address_count > 0) {
        make_list(&world->pools[0], world->options.addresses,
                  world->options.address_count);
    }
    asg_world_show_free_addresses(world);
}

enum asg_status asg_world_new(const struct asg_world_options *options,
                              struct asg_world **ret)
{
    if (options->boot_min_ms < 0 || options->boot_max_ms < options->boot_min_ms ||
        options->stop_ms < 0 || options->keep_ms < 0 || options->cidr_bits < 8 ||
        options->cidr_bits > 26) {
        return ASG_ERR_INVALID;
    }
    struct asg_world *world = asg_alloc(1, sizeof *world);
    world->options = *options;
    (void)snprintf(world->region, sizeof world->region, "%s", options->region);
    (void)snprintf(world->account_id, sizeof world->account_id, "%s",
                   options->account_id);
    world->options.region = world->region;
    world->options.account_id = world->account_id;
    world->options.cidr_base &= ~((UINT32_C(1) << (32 - options->cidr_bits)) - 1);
    world->random = options->seed;
    world->next_ms = NEVER_MS;
    make_zones(world);
    asg_world_found_network(world);
    world->options.addresses = NULL; /* the caller's; the pool has a copy */
    *ret = world;
    return ASG_OK;
}

static void destroy_templates(struct asg_world *world)
{
    for (size_t i = 0; i < world->template_count; i++) {
        struct asg_world_template *template = world->templates[i];
        for (size_t v = 0; v < template->version_count; v++) {
            asg_world_data_clear(&template->versions[v]->data);
            free(template->versions[v]->description);
            free(template->versions[v]);
        }
        free(template->versions);
        asg_world_tags_clear(&template->tags);
        free(template->name);
        free(template);
    }
    free(world->templates);
}

void asg_world_destroy(struct asg_world **world_at)
{
    struct asg_world *world = *world_at;
    if (world == NULL) return;
    for (size_t i = 0; i < world->instance_count; i++) {
        asg_world_release_launch(&world->instances[i]->launch);
        asg_world_tags_clear(&world->instances[i]->tags);
        free(world->instances[i]);
    }
    free(world->instances);
    for (size_t i = 0; i < world->token_count; i++) {
        free(world->tokens[i].ids);
    }
    free(world->tokens);
    asg_world_fleets_clear(world);
    destroy_templates(world);
    asg_world_clear_securities(world);
    asg_world_clear_network(world);
    for (size_t i = 0; i < ASG_WORLD_ZONES; i++) {
        free(world->pools[i].used);
        free(world->pools[i].list);
    }
    asg_id_map_clear(&world->by_id);
    asg_id_map_clear(&world->by_token);
    asg_id_map_clear(&world->by_fleet_token);
    asg_id_map_clear(&world->by_template_id);
    asg_id_map_clear(&world->by_template_name);
    asg_id_map_clear(&world->by_template_token);
    free(world);
    *world_at = NULL;
}

const struct asg_world_options *asg_world_options(const struct asg_world *world)
{
    return &world->options;
}

void asg_world_leave_room(struct asg_world *world, int64_t instances)
{
    int64_t limit = instances < 0 ? 0 : (int64_t)world->live_count + instances;
    world->options.instance_limit = (uint32_t)(instances == 0 && limit == 0 ? 1 : limit);
}

const struct asg_world_zone *asg_world_zones(const struct asg_world *world)
{
    return world->zones;
}

struct asg_world_subnet *const *asg_world_subnets(const struct asg_world *world)
{
    return world->subnets;
}
