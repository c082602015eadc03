/* model_ground - what every part of the model stands on: refusals, chance, ids,
 * addresses, instance types and images. */
#include "ec2local/model_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "crypto/crypto.h"

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

uint32_t asg_world_free_addresses(const struct asg_world *world, size_t zone)
{
    return world->pools[world->pools[0].list != NULL ? 0 : zone].free;
}

void asg_world_show_free_addresses(struct asg_world *world)
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
    asg_world_show_free_addresses(world);
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
    asg_world_show_free_addresses(world);
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
