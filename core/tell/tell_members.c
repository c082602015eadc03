#include "core/tell/tell_members.h"

#include <assert.h>

#include "core/step/look_again.h"
#include "core/world/state.h"
#include "core/world/identity.h"
#include "core/world/member.h"
#include "core/world/standing.h"
#include "core/world/states.h"
#include "core/step/narrate.h"

static enum asg_member_state member_of(const struct asg_core *core,
                                       const struct instance *instance)
{
    assert(instance->service.told <= ASG_MEMBER_COUNT);
    if (instance->id[0] == '\0') return ASG_MEMBER_GONE;
    bool is_enrolled = instance->identity != NULL;
    bool is_over = asg_instance_is_finished(instance);
    switch (asg_state_traits(instance->state)->metered) {
    case ASG_METERED_NO:
        return is_enrolled && !is_over ? ASG_MEMBER_LEAVING : ASG_MEMBER_GONE;
    case ASG_METERED_WATCHED: return ASG_MEMBER_WATCHED;
    case ASG_METERED_COUNTS: break;
    }
    /* It may have an agent, which may enrol. */
    if (instance->launch.is_attached && !is_enrolled) return ASG_MEMBER_LEAVING;
    bool counts = asg_instance_is_warm(instance, core->now_ms);
    return counts && !instance->health.is_unhealthy ? ASG_MEMBER_COUNTS
                                                    : ASG_MEMBER_WATCHED;
}

static uint32_t metric_bits(const struct group *group)
{
    uint32_t bits = 1u << ASG_METRIC_NAME_CPU;
    for (size_t i = 0; i < group->policy_count; i++) {
        assert(group->policies[i].config.metric < ASG_METRIC_NAME_COUNT); /* has a bit */
        bits |= 1u << group->policies[i].config.metric;
    }
    return bits;
}

static void tell_watch(struct asg_core *core, struct group *group, uint32_t bits)
{
    group->windows.is_watched = true;
    group->windows.metric_bits = bits;
    group->windows.evaluation_ms = group->config.evaluation_ms;
    *asg_emit_watch(core) = (struct asg_watch){
        .group_no = group->no,
        .name = asg_arena_text(&core->step->effects->arena, group->config.name),
        .evaluation_ms = group->config.evaluation_ms,
        .metrics = bits,
        .revision = group->windows.revision,
    };
}

void asg_tell_members(struct asg_core *core, struct group *group)
{
    assert(core->step != NULL);
    uint32_t bits = metric_bits(group);
    bool is_news = !group->windows.is_watched || bits != group->windows.metric_bits ||
                   group->windows.evaluation_ms != group->config.evaluation_ms;
    bool counts_changed = false;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        enum asg_member_state state = member_of(core, instance);
        if (asg_instance_is_serving(instance) &&
            instance->service.warm_ms > core->now_ms) {
            asg_look_again(core, instance->service.warm_ms);
        }
        if (state == instance->service.told) continue;
        counts_changed |=
            state == ASG_MEMBER_COUNTS || instance->service.told == ASG_MEMBER_COUNTS;
        assert(instance->id[0] != '\0');
        instance->service.told = state;
        *asg_emit_member(core) =
            asg_member_of(instance, state, &core->step->effects->arena);
    }
    if (counts_changed) group->windows.revision++;
    if (is_news || counts_changed) tell_watch(core, group, bits);
}

void asg_tell_member_again(struct asg_core *core, struct instance *instance)
{
    struct group *group = instance->group;
    enum asg_member_state state = member_of(core, instance);
    if (state != instance->service.told || !group->windows.is_watched) {
        instance->service.told = ASG_MEMBER_COUNT;
        asg_group_mark_dirty(core, group);
        return;
    }
    *asg_emit_member(core) = asg_member_of(instance, state, &core->step->effects->arena);
    if (state != ASG_MEMBER_COUNTS) return;
    group->windows.revision++;
    tell_watch(core, group, metric_bits(group));
}
