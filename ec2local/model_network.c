/* model_network - VPCs and their subnets. */
#include "ec2local/model_network.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ec2local/model_private.h"

/* --- CIDR blocks --- */

/* "10.0.0.0/16", the bits behind the mask zero. */
static bool read_cidr(const char *text, uint32_t *ret_base, uint32_t *ret_bits)
{
    char address[20];
    unsigned bits = 0;
    char rest = '\0';
    struct in_addr base;
    if (sscanf(text, "%19[0-9.]/%2u%c", address, &bits, &rest) != 2 || bits > 32 ||
        inet_pton(AF_INET, address, &base) != 1) {
        return false;
    }
    *ret_base = ntohl(base.s_addr);
    *ret_bits = bits;
    uint32_t mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
    return (*ret_base & ~mask) == 0;
}

static bool overlaps(uint32_t a, uint32_t a_bits, uint32_t b, uint32_t b_bits)
{
    uint32_t bits = a_bits < b_bits ? a_bits : b_bits;
    uint32_t mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
    return ((a ^ b) & mask) == 0;
}

/* EC2 takes blocks of /16 to /28. */
static enum asg_status check_cidr(const char *cidr, const char *what, uint32_t *ret_base,
                                  uint32_t *ret_bits, struct asg_world_refusal *refusal)
{
    if (cidr == NULL || !read_cidr(cidr, ret_base, ret_bits)) {
        return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                "Value (%.40s) for parameter cidrBlock is invalid. This "
                                "is not a valid CIDR block.",
                                cidr != NULL ? cidr : "");
    }
    if (*ret_bits < 16 || *ret_bits > 28) {
        return asg_world_refuse(refusal, 400, what, "The CIDR '%.40s' is invalid.", cidr);
    }
    return ASG_OK;
}

/* --- VPCs --- */

struct asg_world_vpc *const *asg_world_vpcs(const struct asg_world *world,
                                            size_t *ret_count)
{
    *ret_count = world->vpc_count;
    return world->vpcs;
}

static struct asg_world_vpc *add_vpc(struct asg_world *world)
{
    struct asg_world_vpc *vpc = asg_alloc(1, sizeof *vpc);
    (void)snprintf(vpc->tenancy, sizeof vpc->tenancy, "default");
    vpc->has_dns_support = true;
    world->vpcs =
        asg_realloc(world->vpcs, world->vpc_count + 1, sizeof(struct asg_world_vpc *));
    world->vpcs[world->vpc_count++] = vpc;
    return vpc;
}

void asg_world_found_network(struct asg_world *world)
{
    struct asg_world_vpc *vpc = add_vpc(world);
    (void)snprintf(vpc->id, sizeof vpc->id, "%s", asg_world_vpc_id());
    vpc->base = world->options.cidr_base;
    vpc->bits = world->options.cidr_bits;
    (void)snprintf(vpc->cidr, sizeof vpc->cidr, "%u.%u.%u.%u/%u", vpc->base >> 24,
                   vpc->base >> 16 & 255, vpc->base >> 8 & 255, vpc->base & 255,
                   vpc->bits);
    vpc->is_default = true;
    vpc->has_dns_hostnames = true;
    asg_world_add_default_security(world, vpc->id, "sg-0a000000000000000");
}

enum asg_status asg_world_create_vpc(struct asg_world *world, const char *cidr,
                                     const char *tenancy,
                                     const struct asg_world_tags *tags, bool is_dry_run,
                                     const struct asg_world_vpc **ret,
                                     struct asg_world_refusal *refusal)
{
    uint32_t base = 0;
    uint32_t bits = 0;
    enum asg_status status = check_cidr(cidr, "InvalidVpc.Range", &base, &bits, refusal);
    if (status == ASG_OK) status = asg_world_tags_check(tags, refusal);
    if (status == ASG_OK && world->vpc_count == ASG_WORLD_VPCS_MAX) {
        status = asg_world_refuse(refusal, 400, "VpcLimitExceeded",
                                  "The maximum number of VPCs has been reached.");
    }
    if (status == ASG_OK && is_dry_run) status = asg_world_refuse_dry_run(refusal);
    if (status != ASG_OK) return status;
    struct asg_world_vpc *vpc = add_vpc(world);
    asg_world_make_id(world, "vpc-", vpc->id);
    vpc->base = base;
    vpc->bits = bits;
    (void)snprintf(vpc->cidr, sizeof vpc->cidr, "%s", cidr);
    if (tenancy != NULL) (void)snprintf(vpc->tenancy, sizeof vpc->tenancy, "%s", tenancy);
    asg_world_tags_add(&vpc->tags, tags);
    char group[ASG_WORLD_ID_SIZE];
    asg_world_make_id(world, "sg-", group);
    asg_world_add_default_security(world, vpc->id, group);
    *ret = vpc;
    return ASG_OK;
}

static bool has_subnets(const struct asg_world *world, const char *vpc_id)
{
    for (size_t i = 0; i < world->subnet_count; i++) {
        const struct asg_world_subnet *subnet = world->subnets[i];
        if (!subnet->is_deleted && strcmp(subnet->vpc_id, vpc_id) == 0) return true;
    }
    return false;
}

enum asg_status asg_world_delete_vpc(struct asg_world *world, const char *id,
                                     bool is_dry_run, struct asg_world_refusal *refusal)
{
    struct asg_world_vpc *vpc = asg_world_find_vpc(world, id, refusal);
    if (vpc == NULL) return ASG_ERR_DENIED;
    if (has_subnets(world, id) || asg_world_has_securities(world, id)) {
        return asg_world_refuse(refusal, 400, "DependencyViolation",
                                "The vpc '%s' has dependencies and cannot be deleted.",
                                vpc->id);
    }
    if (is_dry_run) return asg_world_refuse_dry_run(refusal);
    asg_world_drop_securities(world, id);
    size_t kept = 0;
    for (size_t i = 0; i < world->vpc_count; i++) {
        if (world->vpcs[i] != vpc) world->vpcs[kept++] = world->vpcs[i];
    }
    world->vpc_count = kept;
    asg_world_tags_clear(&vpc->tags);
    free(vpc);
    return ASG_OK;
}

/* --- subnets --- */

struct asg_world_subnet **asg_world_list_subnets(const struct asg_world *world,
                                                 struct asg_arena *arena,
                                                 size_t *ret_count)
{
    struct asg_world_subnet **list =
        asg_arena_take(arena, (world->subnet_count + 1) * sizeof(void *));
    size_t count = 0;
    for (size_t i = 0; i < world->subnet_count; i++) {
        if (!world->subnets[i]->is_deleted) list[count++] = world->subnets[i];
    }
    *ret_count = count;
    return list;
}

struct asg_world_subnet *asg_world_find_subnet(const struct asg_world *world,
                                               const char *id,
                                               struct asg_world_refusal *refusal)
{
    for (size_t i = 0; i < world->subnet_count; i++) {
        struct asg_world_subnet *subnet = world->subnets[i];
        if (!subnet->is_deleted && strcmp(subnet->id, id) == 0) return subnet;
    }
    (void)asg_world_refuse(refusal, 400, "InvalidSubnetID.NotFound",
                           "The subnet ID '%.100s' does not exist", id);
    return NULL;
}

struct asg_world_subnet *asg_world_add_subnet(struct asg_world *world, size_t zone)
{
    assert(zone < ASG_WORLD_ZONES);
    struct asg_world_subnet *subnet = asg_alloc(1, sizeof *subnet);
    subnet->zone = &world->zones[zone];
    world->subnets = asg_realloc(world->subnets, world->subnet_count + 1,
                                 sizeof(struct asg_world_subnet *));
    world->subnets[world->subnet_count++] = subnet;
    return subnet;
}

static bool find_zone(const struct asg_world *world, const char *zone, size_t *ret)
{
    for (size_t i = 0; i < ASG_WORLD_ZONES; i++) {
        if (strcmp(world->zones[i].name, zone) != 0 &&
            strcmp(world->zones[i].id, zone) != 0) {
            continue;
        }
        *ret = i;
        return true;
    }
    return false;
}

static enum asg_status check_block(const struct asg_world *world,
                                   const struct asg_world_vpc *vpc, const char *cidr,
                                   struct asg_world_refusal *refusal)
{
    uint32_t base = 0;
    uint32_t bits = 0;
    enum asg_status status =
        check_cidr(cidr, "InvalidSubnet.Range", &base, &bits, refusal);
    if (status != ASG_OK) return status;
    if (bits < vpc->bits || !overlaps(base, bits, vpc->base, vpc->bits)) {
        return asg_world_refuse(refusal, 400, "InvalidSubnet.Range",
                                "The CIDR '%.40s' is invalid.", cidr);
    }
    for (size_t i = 0; i < world->subnet_count; i++) {
        const struct asg_world_subnet *other = world->subnets[i];
        uint32_t other_base = 0;
        uint32_t other_bits = 0;
        if (other->is_deleted || strcmp(other->vpc_id, vpc->id) != 0 ||
            !read_cidr(other->cidr, &other_base, &other_bits) ||
            !overlaps(base, bits, other_base, other_bits)) {
            continue;
        }
        return asg_world_refuse(refusal, 400, "InvalidSubnet.Conflict",
                                "The CIDR '%.40s' conflicts with another subnet", cidr);
    }
    return ASG_OK;
}

enum asg_status asg_world_create_subnet(struct asg_world *world, const char *vpc_id,
                                        const char *cidr, const char *zone,
                                        const struct asg_world_tags *tags,
                                        bool is_dry_run,
                                        const struct asg_world_subnet **ret,
                                        struct asg_world_refusal *refusal)
{
    const struct asg_world_vpc *vpc = asg_world_find_vpc(world, vpc_id, refusal);
    if (vpc == NULL) return ASG_ERR_DENIED;
    size_t place = world->subnet_count % ASG_WORLD_ZONES; /* they take turns */
    if (zone != NULL && !find_zone(world, zone, &place)) {
        return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                "Value (%.40s) for parameter availabilityZone is "
                                "invalid.",
                                zone);
    }
    enum asg_status status = check_block(world, vpc, cidr, refusal);
    if (status == ASG_OK) status = asg_world_tags_check(tags, refusal);
    if (status == ASG_OK && world->subnet_count >= ASG_WORLD_SUBNETS_MAX) {
        status = asg_world_refuse(refusal, 400, "SubnetLimitExceeded",
                                  "The maximum number of subnets has been reached.");
    }
    if (status == ASG_OK && is_dry_run) status = asg_world_refuse_dry_run(refusal);
    if (status != ASG_OK) return status;
    uint32_t base = 0;
    uint32_t bits = 0;
    bool is_read = read_cidr(cidr, &base, &bits);
    assert(is_read && bits > 0 && bits <= 32); /* check_block() */
    (void)is_read;
    struct asg_world_subnet *subnet = asg_world_add_subnet(world, place);
    asg_world_make_id(world, "subnet-", subnet->id);
    (void)snprintf(subnet->vpc_id, sizeof subnet->vpc_id, "%s", vpc->id);
    (void)snprintf(subnet->cidr, sizeof subnet->cidr, "%s", cidr);
    subnet->size = (UINT32_C(1) << (32 - bits)) - ASG_WORLD_RESERVED;
    asg_world_tags_add(&subnet->tags, tags);
    asg_world_show_free_addresses(world);
    *ret = subnet;
    return ASG_OK;
}

enum asg_status asg_world_delete_subnet(struct asg_world *world, const char *id,
                                        bool is_dry_run,
                                        struct asg_world_refusal *refusal)
{
    struct asg_world_subnet *subnet = asg_world_find_subnet(world, id, refusal);
    if (subnet == NULL) return ASG_ERR_DENIED;
    if (subnet->used > 0) {
        return asg_world_refuse(refusal, 400, "DependencyViolation",
                                "The subnet '%s' has dependencies and cannot be deleted.",
                                subnet->id);
    }
    if (is_dry_run) return asg_world_refuse_dry_run(refusal);
    subnet->is_deleted = true; /* terminated instances still name it */
    return ASG_OK;
}

void asg_world_clear_network(struct asg_world *world)
{
    for (size_t i = 0; i < world->vpc_count; i++) {
        asg_world_tags_clear(&world->vpcs[i]->tags);
        free(world->vpcs[i]);
    }
    free(world->vpcs);
    for (size_t i = 0; i < world->subnet_count; i++) {
        asg_world_tags_clear(&world->subnets[i]->tags);
        free(world->subnets[i]);
    }
    free(world->subnets);
}
