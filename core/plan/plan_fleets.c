#include "core/plan/plan_fleets.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/choose/choose_pool.h"
#include "core/choose/markets.h"
#include "core/world/counts.h"
#include "core/limits/dry_pools.h"
#include "core/step/narrate.h"
#include "core/lifecycle/slots.h"
#include "core/world/state.h"
#include "core/plan/launch_job.h"

#define SPOT_POOLS 2 /* of lowest-price; EC2's default */

struct split {
    uint32_t on_demand;
    uint32_t spot;
};

/* What `count` more should be, so that the whole has its share. */
static struct split split_launch(const struct group *group, uint32_t count)
{
    assert(group->config.mixed != NULL);
    assert(count > 0);
    const struct asg_mixed *mixed = group->config.mixed;
    uint32_t capacity = asg_count_capacity(group) + count;
    uint32_t wanted = asg_choose_on_demand_share(mixed, capacity);
    uint32_t has = asg_choose_count_market(group, /* is_spot */ false);
    assert(has <= asg_count_capacity(group)); /* a market is a part of it */
    uint32_t on_demand = wanted > has ? wanted - has : 0;
    if (on_demand > count) on_demand = count;
    return (struct split){on_demand, count - on_demand};
}

static void say_split(struct asg_core *core, const struct group *group,
                      struct split split)
{
    assert(split.on_demand + split.spot > 0);
    const struct asg_mixed *mixed = group->config.mixed;
    uint32_t capacity = asg_count_capacity(group) + split.on_demand + split.spot;
    uint32_t base = mixed->on_demand_base < capacity ? mixed->on_demand_base : capacity;
    asg_narrate(core, ASG_DECISION_LAUNCH, group,
                "mixed: of %" PRIu32 " instances %" PRIu32 " on demand (base %" PRIu32
                " and %" PRIu32 " %% of %" PRIu32 ", rounded up), has %" PRIu32
                ": launch %" PRIu32 " on demand and %" PRIu32 " Spot",
                capacity, asg_choose_on_demand_share(mixed, capacity), base,
                mixed->on_demand_percent, capacity - base,
                asg_choose_count_market(group, /* is_spot */ false), split.on_demand,
                split.spot);
}

/* ---- the pools of a subnet ---- */

static bool has_pool(const struct asg_core *core, const struct group *group,
                     const struct asg_subnet *subnet, bool is_spot)
{
    for (size_t i = 0; i < asg_group_type_count(group); i++) {
        if (!asg_pool_is_dry(core, group, asg_group_type_at(group, i), subnet, is_spot))
            return true;
    }
    return false;
}

/* The types that are worth asking for there, in the order of their priority. A type that
 * has room in one market only is asked for in both: EC2 says so and takes the next. */
static struct asg_texts choose_types(struct asg_core *core, const struct group *group,
                                     const struct asg_subnet *subnet, struct split split)
{
    struct asg_texts types = {0};
    if (group->config.instance_types.count == 0) return types;
    types.items = asg_arena_take(&core->step->effects->arena,
                                 asg_group_type_count(group) * sizeof *types.items);
    for (size_t i = 0; i < asg_group_type_count(group); i++) {
        const char *type = asg_group_type_at(group, i);
        bool is_wanted =
            (split.on_demand > 0 && !asg_pool_is_dry(core, group, type, subnet, false)) ||
            (split.spot > 0 && !asg_pool_is_dry(core, group, type, subnet, true));
        if (is_wanted) types.items[types.count++] = type;
    }
    assert(types.count <= group->config.instance_types.count);
    return types;
}

/* ---- planning ---- */

static struct job *plan_fleet(struct asg_core *core, struct group *group,
                              const struct asg_subnet *subnet, struct split split)
{
    assert(split.on_demand + split.spot > 0);
    assert(asg_count_against_max(group) + split.on_demand + split.spot <=
           group->config.max); /* never above max */
    const struct asg_mixed *mixed = group->config.mixed;
    struct job *job = asg_job_add(core, ASG_JOB_FLEET, group);
    job->plan.deadline_ms = core->now_ms + LAUNCH_LIMIT_MS;
    const struct asg_fleet fleet = {
        .instance_types = choose_types(core, group, subnet, split),
        .on_demand = split.on_demand,
        .spot = split.spot,
        .on_demand_strategy = mixed->on_demand_strategy,
        .spot_strategy = mixed->spot_strategy,
        .spot_pools = mixed->spot_pools > 0 ? mixed->spot_pools : SPOT_POOLS,
        .spot_max_price = mixed->spot_max_price,
    };
    asg_plan_fill_launch(core, group, job,
                         &(struct asg_launch){.instance_type = "",
                                              .subnet_id = subnet->subnet_id,
                                              .zone = subnet->zone,
                                              .count = split.on_demand + split.spot,
                                              .based_on = asg_count_against_max(group),
                                              .fleet = &fleet});
    (void)asg_emit_job(core, job);
    char types[96];
    (void)snprintf(types, sizeof types, "%zu types", fleet.instance_types.count);
    if (fleet.instance_types.count < 2) {
        (void)snprintf(types, sizeof types, "%s",
                       fleet.instance_types.count == 1 ? fleet.instance_types.items[0]
                                                       : "the template's type");
    }
    asg_narrate(core, ASG_DECISION_LAUNCH, group,
                "plan fleet x%" PRIu32 " in %s (%" PRIu32 " on demand, %" PRIu32
                " Spot) of %s, job %s%s",
                job->plan.launch->count, subnet->zone, split.on_demand, split.spot, types,
                job->plan.name,
                job->plan.is_dry_run ? " (dry run: EC2 is only asked whether it would)"
                                     : "");
    return job;
}

/* Spread one market over the subnets that have a pool for it. False: none has. */
static bool spread_market(struct asg_core *core, struct group *group, bool is_spot,
                          uint32_t count, uint32_t *weights, struct split *planned)
{
    assert(group->config.subnet_count > 0);
    size_t subnets = group->config.subnet_count;
    uint32_t *open = asg_arena_take(&core->step->effects->arena, subnets * sizeof *open);
    bool has_any = false;
    for (size_t i = 0; i < subnets; i++) {
        bool is_open = has_pool(core, group, &group->config.subnets[i], is_spot);
        has_any = has_any || is_open;
        open[i] = is_open ? 0 : UINT32_MAX;
    }
    for (; has_any && count > 0; count--) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < subnets; i++) {
            if (open[i] == UINT32_MAX) continue;
            if (best == SIZE_MAX || weights[i] < weights[best]) best = i;
        }
        assert(best < subnets);
        *(is_spot ? &planned[best].spot : &planned[best].on_demand) += 1;
        asg_choose_add_weight(group, best, weights);
    }
    return has_any || count == 0;
}

static void plan_in_subnet(struct asg_core *core, struct group *group, size_t subnet,
                           struct split left)
{
    assert(subnet < group->config.subnet_count);
    while (left.on_demand + left.spot > 0) {
        struct split batch = left;
        if (batch.on_demand > LAUNCH_BATCH) batch.on_demand = LAUNCH_BATCH;
        if (batch.spot > LAUNCH_BATCH - batch.on_demand) {
            batch.spot = LAUNCH_BATCH - batch.on_demand;
        }
        assert(batch.on_demand + batch.spot > 0 &&
               batch.on_demand + batch.spot <= LAUNCH_BATCH);
        asg_slot_add(core, group,
                     plan_fleet(core, group, &group->config.subnets[subnet], batch));
        left.on_demand -= batch.on_demand;
        left.spot -= batch.spot;
    }
}

/* Weights of the subnets as they are filled now. */
static uint32_t *weigh(struct asg_core *core, const struct group *group)
{
    assert(group->config.subnet_count > 0);
    size_t subnets = group->config.subnet_count;
    uint32_t *weights =
        asg_arena_take(&core->step->effects->arena, subnets * sizeof *weights);
    for (size_t i = 0; i < subnets; i++) {
        const struct asg_subnet *subnet = &group->config.subnets[i];
        weights[i] = asg_choose_weight(group, subnet->subnet_id, subnet->zone);
    }
    return weights;
}

void asg_plan_fleets(struct asg_core *core, struct group *group, uint32_t count)
{
    assert(count > 0);
    assert(!group->is_deleting); /* it grows no more */
    size_t subnets = group->config.subnet_count;
    struct split split = split_launch(group, count);
    struct split *planned =
        asg_arena_take(&core->step->effects->arena, subnets * sizeof *planned);
    assert(split.on_demand + split.spot == count);
    uint32_t *weights = weigh(core, group);
    bool has_on_demand =
        spread_market(core, group, false, split.on_demand, weights, planned);
    bool has_spot = spread_market(core, group, true, split.spot, weights, planned);
    bool plans_any =
        (has_on_demand && split.on_demand > 0) || (has_spot && split.spot > 0);
    if (plans_any) say_split(core, group, split);
    for (size_t i = 0; i < subnets; i++) {
        bool is_first = planned[i].on_demand + planned[i].spot > 0;
        if (group->config.dry_run && is_first) { /* one question is enough */
            (void)plan_fleet(core, group, &group->config.subnets[i], split);
            break;
        }
        plan_in_subnet(core, group, i, planned[i]);
    }
    if (!has_on_demand && !has_spot) {
        asg_plan_wait_for_pools(core, group, "launch");
    } else if (!has_on_demand) {
        asg_plan_wait_for_pools(core, group, "launch on demand");
    } else if (!has_spot) {
        asg_plan_wait_for_pools(core, group, "launch of Spot instances");
    }
}
