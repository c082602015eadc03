/* model_ground - what every part of the model stands on: refusals, chance, ids,
 * addresses, instance types, images and VPCs. */
#include "ec2local/model_network.h"
#include "ec2local/model_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/crypto.h"

static const struct asg_world_type types[] = {
#include "ec2local/instance_types.def"
};

static const struct asg_world_image images[] = {
    {"ami-00000000000000001", "openasg-local-debian-12", "runs user data", false},
    {"ami-00000000000000002", "openasg-local-debian-12-b", "the same again", false},
    {"ami-00000000000000003", "openasg-local-debian-12-arm64", "for arm types", true},
    {"ami-0123456789abcdef0", "openasg-local-example", "as examples write it", false},
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

static struct address_pool *pool_of(struct asg_world *world, size_t zone)
{
    return &world->pools[world->pools[0].list != NULL ? 0 : zone];
}

size_t asg_world_zone_of(const struct asg_world *world,
                         const struct asg_world_subnet *subnet)
{
    return (size_t)(subnet->zone - world->zones);
}

void asg_world_show_free_addresses(struct asg_world *world)
{
    for (size_t i = 0; i < world->subnet_count; i++) {
        struct asg_world_subnet *subnet = world->subnets[i];
        uint32_t left = pool_of(world, asg_world_zone_of(world, subnet))->free;
        uint32_t own = subnet->size - subnet->used;
        subnet->free_addresses = subnet->size > 0 && own < left ? own : left;
    }
}

uint32_t asg_world_take_address(struct asg_world *world, struct asg_world_subnet *subnet)
{
    struct address_pool *pool = pool_of(world, asg_world_zone_of(world, subnet));
    if (pool->free == 0) return 0;
    while (pool->used[pool->next]) {
        pool->next = (pool->next + 1) % pool->size;
    }
    uint32_t at = pool->next;
    pool->used[at] = true;
    pool->free--;
    subnet->used++;
    /* Go on from here, so that an address rests before it is used again. */
    pool->next = (at + 1) % pool->size;
    asg_world_show_free_addresses(world);
    return pool->list != NULL ? pool->list[at] : pool->base + at;
}

void asg_world_give_address(struct asg_world *world, struct asg_world_instance *instance)
{
    if (!instance->counts) return;
    instance->counts = false;
    struct address_pool *pool =
        pool_of(world, asg_world_zone_of(world, instance->subnet));
    instance->subnet->used--;
    for (uint32_t at = 0; at < pool->size; at++) {
        uint32_t address = pool->list != NULL ? pool->list[at] : instance->address;
        if (pool->list == NULL) at = instance->address - pool->base;
        if (address != instance->address) continue;
        pool->used[at] = false;
        pool->free++;
        break;
    }
    asg_world_show_free_addresses(world);
}

const struct asg_world_type *asg_world_types(size_t *ret_count)
{
    *ret_count = sizeof types / sizeof types[0];
    return types;
}

static int compare_type(const void *name, const void *type)
{
    return strcmp(name, ((const struct asg_world_type *)type)->name);
}

const struct asg_world_type *asg_world_find_type(const char *name)
{
    return bsearch(name, types, sizeof types / sizeof types[0], sizeof types[0],
                   compare_type);
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

struct asg_world_vpc *asg_world_find_vpc(const struct asg_world *world, const char *id,
                                         struct asg_world_refusal *refusal)
{
    for (size_t i = 0; i < world->vpc_count; i++) {
        if (strcmp(world->vpcs[i]->id, id) == 0) return world->vpcs[i];
    }
    (void)asg_world_refuse(refusal, 400, "InvalidVpcID.NotFound",
                           "The vpc ID '%.64s' does not exist", id);
    return NULL;
}
