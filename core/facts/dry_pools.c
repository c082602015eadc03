#include "core/facts/dry_pools.h"

#include <string.h>

#include "base/mutant.h"
#include "core/facts/number.h"
#include "core/facts/text.h"

#define POOL_DRY_MS     INT64_C(180000)
#define POOL_DRY_MS_MAX INT64_C(1800000)

bool asg_pool_is_dry(const struct asg_core *core, const struct group *group,
                     const char *type, const char *zone, bool is_spot)
{
    for (size_t i = 0; i < group->pool_count; i++) {
        const struct dry_pool *pool = &group->pools[i];
        bool is_dry_now = pool->until_ms > core->now_ms || ASG_MUTANT(DRY_FOR_EVER);
        if (is_dry_now && pool->is_spot == is_spot && strcmp(pool->type, type) == 0 &&
            strcmp(pool->zone, zone) == 0) {
            return true;
        }
    }
    return false;
}

void asg_pool_mark_dry(struct asg_core *core, struct group *group, const char *type,
                       const char *zone, bool is_spot)
{
    struct dry_pool *pool = NULL;
    for (size_t i = 0; i < group->pool_count && pool == NULL; i++) {
        if (group->pools[i].is_spot == is_spot &&
            strcmp(group->pools[i].type, type) == 0 &&
            strcmp(group->pools[i].zone, zone) == 0) {
            pool = &group->pools[i];
        }
    }
    if (pool == NULL) {
        if (group->pool_count == ASG_POOLS_MAX) group->pool_count--;
        pool = &group->pools[group->pool_count++];
        *pool = (struct dry_pool){.is_spot = is_spot};
        asg_text_copy(pool->type, sizeof pool->type, type);
        asg_text_copy(pool->zone, sizeof pool->zone, zone);
    }
    bool is_again = pool->until_ms + POOL_DRY_MS_MAX > core->now_ms;
    pool->times = is_again ? pool->times + 1 : 1;
    pool->until_ms =
        core->now_ms + asg_number_doubled(POOL_DRY_MS, pool->times, POOL_DRY_MS_MAX);
}
