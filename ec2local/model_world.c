#include "ec2local/model_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/crypto.h"

/* EC2 keeps five addresses of each subnet for itself: the first four and the last. */
#define RESERVED_FIRST 4
#define RESERVED       5

static const struct asg_world_type types[] = {
    {"t3.nano", 2, 512, false, 5200},       {"t3.micro", 2, 1024, false, 10400},
    {"t3.small", 2, 2048, false, 20800},    {"t3.medium", 2, 4096, false, 41600},
    {"t3.large", 2, 8192, false, 83200},    {"t4g.micro", 2, 1024, true, 8400},
    {"t4g.small", 2, 2048, true, 16800},    {"m5.large", 2, 8192, false, 96000},
    {"m5.xlarge", 4, 16384, false, 192000}, {"m5.2xlarge", 8, 32768, false, 384000},
    {"m6g.large", 2, 8192, true, 77000},    {"c5.large", 2, 4096, false, 85000},
    {"c5.xlarge", 4, 8192, false, 170000},  {"c5.2xlarge", 8, 16384, false, 340000},
    {"r5.large", 2, 16384, false, 126000},  {"r5.xlarge", 4, 32768, false, 252000},
    {"m1.small", 1, 1740, false, 44000},
};

static const struct asg_world_image images[] = {
    {"ami-00000000000000001", "openasg-local-debian-12", "runs user data", false},
    {"ami-00000000000000002", "openasg-local-debian-12-b", "the same again", false},
    {"ami-00000000000000003", "openasg-local-debian-12-arm64", "for arm types", true},
    {"ami-0123456789abcdef0", "openasg-local-example", "as examples write it", false},
};

static const char *const subnet_ids[ASG_WORLD_ZONES] = {
    "subnet-0a000000000000001",
    "subnet-0b000000000000002",
    "subnet-0c000000000000003",
};

enum asg_status asg_world_refuse(struct asg_world_refusal *refusal, int http_status,
                                 const char *code, const char *format, ...)
{
    refusal->code = code;
    refusal->http_status = http_status;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(refusal->message, sizeof refusal->message, format, arguments);
    va_end(arguments);
    return ASG_ERR_DENIED;
}

enum asg_status asg_world_refuse_dry_run(struct asg_world_refusal *refusal)
{
    return asg_world_refuse(refusal, 412, "DryRunOperation",
                            "Request would have succeeded, but DryRun flag is set.");
}

/* splitmix64 (public domain, Vigna): every seed is a good one. */
uint64_t asg_world_random(struct asg_world *world)
{
    uint64_t z = world->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void asg_world_make_key(const char *scope, const char *text, char ret[KEY_SIZE])
{
    struct asg_bytes both = {0};
    asg_bytes_append_text(&both, scope);
    asg_bytes_append_byte(&both, '\n');
    asg_bytes_append_text(&both, text);
    uint8_t hash[ASG_SHA256_BYTES];
    asg_sha256(both.data, both.length, hash);
    asg_bytes_clear(&both);
    asg_hex_encode(hash, KEY_SIZE / 2, ret);
}

void asg_world_make_id(struct asg_world *world, const char *prefix,
                       char ret[ASG_WORLD_ID_SIZE])
{
    (void)snprintf(ret, ASG_WORLD_ID_SIZE, "%s0%016" PRIx64, prefix,
                   asg_world_random(world));
}

/* --- addresses --- */

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

static struct address_pool *pool_of(struct asg_world *world, size_t zone)
{
    return &world->pools[world->pools[0].list != NULL ? 0 : zone];
}

uint32_t asg_world_free_addresses(const struct asg_world *world, size_t zone)
{
    return world->pools[world->pools[0].list != NULL ? 0 : zone].free;
}

static void show_free_addresses(struct asg_world *world)
{
    for (size_t i = 0; i < ASG_WORLD_ZONES; i++) {
        world->subnets[i].free_addresses = asg_world_free_addresses(world, i);
    }
}

uint32_t asg_world_take_address(struct asg_world *world, size_t zone)
{
    struct address_pool *pool = pool_of(world, zone);
    if (pool->free == 0) return 0;
    while (pool->used[pool->next]) {
        pool->next = (pool->next + 1) % pool->size;
    }
    uint32_t at = pool->next;
    pool->used[at] = true;
    pool->free--;
    /* Go on from here, so that an address rests before it is used again. */
    pool->next = (at + 1) % pool->size;
    show_free_addresses(world);
    return pool->list != NULL ? pool->list[at] : pool->base + at;
}

void asg_world_give_address(struct asg_world *world, struct asg_world_instance *instance)
{
    if (!instance->counts) return;
    instance->counts = false;
    struct address_pool *pool =
        pool_of(world, (size_t)(instance->subnet - world->subnets));
    for (uint32_t at = 0; at < pool->size; at++) {
        uint32_t address = pool->list != NULL ? pool->list[at] : instance->address;
        if (pool->list == NULL) at = instance->address - pool->base;
        if (address != instance->address) continue;
        pool->used[at] = false;
        pool->free++;
        break;
    }
    show_free_addresses(world);
}

/* --- the region --- */

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
        struct asg_world_subnet *subnet = &world->subnets[i];
        (void)snprintf(subnet->id, sizeof subnet->id, "%s", subnet_ids[i]);
        subnet->zone = zone;
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
    show_free_addresses(world);
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

const struct asg_world_zone *asg_world_zones(const struct asg_world *world)
{
    return world->zones;
}

const struct asg_world_subnet *asg_world_subnets(const struct asg_world *world)
{
    return world->subnets;
}

const struct asg_world_type *asg_world_types(size_t *ret_count)
{
    *ret_count = sizeof types / sizeof types[0];
    return types;
}

const struct asg_world_image *asg_world_images(size_t *ret_count)
{
    *ret_count = sizeof images / sizeof images[0];
    return images;
}

const char *asg_world_vpc_id(void)
{
    return "vpc-0a000000000000000";
}
