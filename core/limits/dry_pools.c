#include "core/limits/dry_pools.h"

#include <assert.h>
#include <string.h>

#include "core/values/number.h"
#include "core/values/text.h"
#include "core/world/touched.h"

#define POOL_DRY_MS     INT64_C(180000)
#define POOL_DRY_MS_MAX INT64_C(1800000)

static bool is_same_subnet(const struct asg_subnet *a, const struct asg_subnet *b)
{
    return strcmp(a->subnet_id, b->subnet_id) == 0 && strcmp(a->zone, b->zone) == 0;
}

/* Of the configuration as it is now: what a launch of before was for may be no more. */
static bool is_pool_of(const struct group *group, const char *type,
                       const struct asg_subnet *subnet)
{
    bool has_type = false;
    for (size_t i = 0; i < asg_group_type_count(group) && !has_type; i++) {
        has_type = strcmp(asg_group_type_at(group, i), type) == 0;
    }
    for (size_t i = 0; has_type && i < group->config.subnet_count; i++) {
        if (is_same_subnet(&group->config.subnets[i], subnet)) return true;
    }
    return false;
}

static struct asg_subnet subnet_of(const struct dry_pool *pool)
{
    return (struct asg_subnet){.subnet_id = pool->subnet_id, .zone = pool->zone};
}

static struct dry_pool *find_pool(const struct group *group, const char *type,
                                  const struct asg_subnet *subnet, bool is_spot)
{
    assert(type != NULL && subnet != NULL);
    for (size_t i = 0; i < group->launching.dry_pool_count; i++) {
        struct dry_pool *pool = &group->launching.dry_pools[i];
        const struct asg_subnet its = subnet_of(pool);
        if (pool->is_spot == is_spot && strcmp(pool->type, type) == 0 &&
            is_same_subnet(&its, subnet)) {
            return pool;
        }
    }
    return NULL;
}

bool asg_pool_is_dry(const struct asg_core *core, const struct group *group,
                     const char *type, const struct asg_subnet *subnet, bool is_spot)
{
    const struct dry_pool *pool = find_pool(group, type, subnet, is_spot);
    return pool != NULL && (pool->until_ms > core->now_ms);
}

int64_t asg_pool_next_ms(const struct asg_core *core, const struct group *group)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < group->launching.dry_pool_count; i++) {
        const struct dry_pool *pool = &group->launching.dry_pools[i];
        if (pool->is_spot || pool->until_ms <= core->now_ms) continue;
        if (pool->until_ms < next_ms) next_ms = pool->until_ms;
    }
    assert(next_ms > core->now_ms);
    return next_ms == INT64_MAX ? core->now_ms : next_ms;
}

/* Those of which nothing is left to remember: dry again now would be for the first time.
 */
static void drop_old(const struct asg_core *core, struct group *group)
{
    size_t kept = 0;
    for (size_t i = 0; i < group->launching.dry_pool_count; i++) {
        if (group->launching.dry_pools[i].until_ms + POOL_DRY_MS_MAX <= core->now_ms)
            continue;
        group->launching.dry_pools[kept++] = group->launching.dry_pools[i];
    }
    group->launching.dry_pool_count = kept;
}

void asg_pool_forget_foreign(struct group *group)
{
    size_t kept = 0;
    for (size_t i = 0; i < group->launching.dry_pool_count; i++) {
        const struct asg_subnet subnet = subnet_of(&group->launching.dry_pools[i]);
        if (!is_pool_of(group, group->launching.dry_pools[i].type, &subnet)) continue;
        group->launching.dry_pools[kept++] = group->launching.dry_pools[i];
    }
    group->launching.dry_pool_count = kept;
}

/* The pool's entry, made when there is none; NULL: the group has no such pool. */
static struct dry_pool *have_pool(struct asg_core *core, struct group *group,
                                  const char *type, const struct asg_subnet *subnet,
                                  bool is_spot)
{
    assert(type != NULL && subnet != NULL);
    if (!is_pool_of(group, type, subnet)) return NULL;
    drop_old(core, group);
    struct dry_pool *pool = find_pool(group, type, subnet, is_spot);
    if (pool != NULL) return pool;
    assert(group->launching.dry_pool_count <
           asg_group_type_count(group) * group->config.subnet_count * 2);
    group->launching.dry_pools =
        asg_realloc(group->launching.dry_pools, group->launching.dry_pool_count + 1,
                    sizeof *group->launching.dry_pools);
    pool = &group->launching.dry_pools[group->launching.dry_pool_count++];
    *pool = (struct dry_pool){.is_spot = is_spot};
    asg_text_copy(pool->type, sizeof pool->type, type);
    asg_text_copy(pool->subnet_id, sizeof pool->subnet_id, subnet->subnet_id);
    asg_text_copy(pool->zone, sizeof pool->zone, subnet->zone);
    return pool;
}

static void mark(struct asg_core *core, struct group *group, const char *type,
                 const struct asg_subnet *subnet, bool is_spot)
{
    struct dry_pool *pool = have_pool(core, group, type, subnet, is_spot);
    if (pool == NULL) return;
    /* While it is dry another answer says the same lack once more. */
    if (pool->until_ms <= core->now_ms || pool->times == 0) pool->times++;
    pool->until_ms =
        core->now_ms + asg_number_doubled(POOL_DRY_MS, pool->times, POOL_DRY_MS_MAX);
    pool->gave_nothing = false;
    asg_touch_sheet(group); /* readers see what is dry */
    assert(pool->times > 0);
}

/* No address is left there for anything. */
static void mark_subnet(struct asg_core *core, struct group *group,
                        const struct asg_subnet *subnet)
{
    for (size_t i = 0; i < asg_group_type_count(group); i++) {
        mark(core, group, asg_group_type_at(group, i), subnet, false);
        if (group->config.mixed != NULL)
            mark(core, group, asg_group_type_at(group, i), subnet, true);
    }
}

void asg_pool_mark_no_room(struct asg_core *core, struct group *group,
                           const struct asg_launch *launch, const struct no_room *what)
{
    const struct asg_subnet subnet = {.subnet_id = launch->subnet_id,
                                      .zone = launch->zone};
    if (strcmp(what->error_code, "InsufficientFreeAddressesInSubnet") == 0) {
        mark_subnet(core, group, &subnet);
        return;
    }
    mark(core, group, what->type, &subnet, what->is_spot);
    if (what->error_code[0] == '\0') return; /* it may be the subnet, or the zone */
    for (size_t i = 0; i < group->config.subnet_count; i++) {
        const struct asg_subnet *sister = &group->config.subnets[i];
        if (strcmp(sister->zone, subnet.zone) != 0) continue;
        if (is_same_subnet(sister, &subnet)) continue;
        mark(core, group, what->type, sister, what->is_spot);
    }
}

int64_t asg_pool_note_nothing(struct asg_core *core, struct group *group,
                              const struct asg_launch *launch)
{
    assert(launch->fleet == NULL); /* a fleet names the pools that lack room */
    const struct asg_subnet subnet = {.subnet_id = launch->subnet_id,
                                      .zone = launch->zone};
    struct dry_pool *pool = have_pool(core, group, launch->instance_type, &subnet, false);
    if (pool == NULL) return 0;
    if (pool->gave_nothing) {
        mark(core, group, launch->instance_type, &subnet, false);
        assert(pool->until_ms > core->now_ms);
        return pool->until_ms - core->now_ms;
    }
    pool->gave_nothing = true;
    /* Not dry, but remembered as long as one that was. */
    if (pool->until_ms < core->now_ms) pool->until_ms = core->now_ms;
    return 0;
}

void asg_pool_note_room(struct group *group, const struct asg_launch *launch,
                        const char *type, bool is_spot)
{
    assert(launch->count > 0);
    const struct asg_subnet subnet = {.subnet_id = launch->subnet_id,
                                      .zone = launch->zone};
    struct dry_pool *pool = find_pool(group, type, &subnet, is_spot);
    if (pool == NULL) return;
    pool->times = 0;
    pool->gave_nothing = false;
}
