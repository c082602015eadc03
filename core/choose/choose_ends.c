#include "core/choose/choose_ends.h"

#include <assert.h>
#include <string.h>

#include "core/world/standing.h"
#include "core/world/states.h"
#include "core/choose/choose_victims.h"
#include "core/choose/markets.h"
#include "core/world/counts.h"

static size_t parse_policies(const struct asg_group_config *config,
                             enum asg_termination_policy ret[ASG_TERMINATION_COUNT])
{
    size_t count = 0;
    for (size_t i = 0; i < config->termination_policies.count; i++) {
        int value = asg_enum_value(&asg_termination_policy_words,
                                   config->termination_policies.items[i]);
        if (value >= 0 && count < ASG_TERMINATION_COUNT) {
            ret[count++] = (enum asg_termination_policy)value;
        }
    }
    assert(count <= config->termination_policies.count);
    return count;
}

/* Of a type that its market buys by priority: how late it comes. What the group does not
 * name any more comes last. */
static uint32_t rank_of(const struct group *group, const struct instance *instance)
{
    const struct asg_mixed *mixed = group->config.mixed;
    if (mixed == NULL) return 0;
    bool is_by_priority =
        instance->is_spot
            ? mixed->spot_strategy == ASG_SPOT_CAPACITY_OPTIMIZED_PRIORITIZED
            : mixed->on_demand_strategy == ASG_ON_DEMAND_PRIORITIZED;
    const struct asg_texts *types = &group->config.instance_types;
    uint32_t rank = 0;
    while (is_by_priority && rank < types->count &&
           strcmp(types->items[rank], instance->type) != 0) {
        rank++;
    }
    assert(rank <= types->count);
    return rank;
}

static bool may_shrink_away(const struct instance *instance)
{
    return asg_state_traits(instance->state)->is_candidate &&
           !instance->service.is_protected && !instance->health.is_unhealthy;
}

static struct asg_candidate *make_candidates(struct asg_core *core,
                                             const struct group *group)
{
    assert(core->step != NULL);
    struct asg_candidate *candidates = asg_arena_take(
        &core->step->effects->arena, group->instance_count * sizeof *candidates);
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        bool is_configured = instance->configuration[0] != '\0';
        candidates[i] = (struct asg_candidate){
            .no = instance->no,
            .zone = asg_instance_counts(instance) ? instance->zone : "",
            .launched_ms = instance->launch.launched_ms,
            .template_id =
                is_configured ? instance->configuration : instance->template_id,
            .template_version = instance->template_version,
            .has_configuration = is_configured,
            .rank = rank_of(group, instance),
            .is_candidate = may_shrink_away(instance),
        };
    }
    return candidates;
}

/* Choose `count` of the candidates in one market; those chosen before are gone. */
static size_t choose_in_market(const struct asg_choice *choice, const struct group *group,
                               struct asg_candidate *candidates, bool is_spot,
                               size_t count, size_t *ret_order)
{
    assert(count <= group->instance_count);
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        if (candidates[i].is_chosen) candidates[i].zone = "";
        candidates[i].is_candidate = !candidates[i].is_chosen &&
                                     instance->is_spot == is_spot &&
                                     may_shrink_away(instance);
    }
    return asg_choose_victims(choice, candidates, group->instance_count, count,
                              ret_order);
}

/* First who is over its share, on demand or Spot (docs/rules.md, "Choosing whom to
 * terminate"); when that one has nobody who may go, the other. */
static size_t choose_mixed(const struct asg_choice *choice, const struct group *group,
                           struct asg_candidate *candidates, size_t count,
                           size_t *ret_order)
{
    assert(group->config.mixed != NULL);
    assert(count <= asg_count_capacity(group));
    uint32_t has = asg_choose_count_market(group, /* is_spot */ false);
    uint32_t share = asg_choose_on_demand_share(
        group->config.mixed, asg_count_capacity(group) - (uint32_t)count);
    size_t on_demand = has > share ? has - share : 0;
    if (on_demand > count) on_demand = count;
    size_t chosen =
        choose_in_market(choice, group, candidates, false, on_demand, ret_order);
    chosen += choose_in_market(choice, group, candidates, true, count - on_demand,
                               ret_order + chosen);
    for (int market = 0; market < 2 && chosen < count; market++) {
        chosen += choose_in_market(choice, group, candidates, market == 1, count - chosen,
                                   ret_order + chosen);
    }
    assert(chosen <= count);
    return chosen;
}

size_t asg_choose_ends(struct asg_core *core, struct group *group, size_t count,
                       size_t *ret_order)
{
    assert(count > 0 && count <= group->instance_count);
    struct asg_candidate *candidates = make_candidates(core, group);
    enum asg_termination_policy policies[ASG_TERMINATION_COUNT];
    const char *configuration = group->config.launch_configuration;
    const struct asg_choice choice = {
        .policies = policies,
        .policy_count = parse_policies(&group->config, policies),
        .template_id = configuration[0] != '\0' ? configuration : group->template.id,
        .has_configuration = configuration[0] != '\0',
        .now_ms = core->now_ms,
        .seed = core->seed,
    };
    if (group->config.mixed != NULL) {
        return choose_mixed(&choice, group, candidates, count, ret_order);
    }
    return asg_choose_victims(&choice, candidates, group->instance_count, count,
                              ret_order);
}
