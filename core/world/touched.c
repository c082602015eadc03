#include "core/world/touched.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"

static void list_group(struct group *group)
{
    struct touched *touched = group->touch.touched;
    if (group->touch.is_listed) return;
    group->touch.is_listed = true;
    assert(touched->group_count <= touched->group_capacity);
    if (touched->group_count == touched->group_capacity) {
        touched->group_capacity =
            touched->group_capacity == 0 ? 16 : touched->group_capacity * 2;
        touched->groups =
            asg_realloc(touched->groups, touched->group_capacity, sizeof(struct group *));
    }
    touched->groups[touched->group_count++] = group;
}

void asg_touch(struct instance *instance)
{
    struct group_touch *touch = &instance->group->touch;
    const struct touched *touched = touch->touched;
    if (instance->touched_round == touched->round || touched->is_all) return;
    instance->touched_round = touched->round;
    list_group(instance->group);
    assert(touch->count <= touch->capacity);
    if (touch->count == touch->capacity) {
        touch->capacity = touch->capacity == 0 ? 8 : touch->capacity * 2;
        touch->instance_nos =
            asg_realloc(touch->instance_nos, touch->capacity, sizeof(uint64_t));
    }
    touch->instance_nos[touch->count++] = instance->no;
}

void asg_touch_sheet(struct group *group)
{
    assert(group->touch.touched != NULL);
    if (group->touch.touched->is_all) return;
    list_group(group);
    group->touch.has_sheet = true;
}

/* FNV-1a, text by text: other texts may come to lie where these were. */
static uint64_t number_of(uint64_t before, const char *text)
{
    assert(text != NULL);
    uint64_t number = (before ^ UINT64_C(0xcbf29ce484222325)) * UINT64_C(0x100000001b3);
    for (; *text != '\0'; text++) {
        number = (number ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    }
    return number;
}

static bool is_same(const struct group_shown *a, const struct group_shown *b)
{
    return a->holds == b->holds && a->min == b->min && a->max == b->max &&
           a->desired == b->desired && a->suspended == b->suspended &&
           a->is_halted == b->is_halted && a->is_deleting == b->is_deleting &&
           a->is_degraded == b->is_degraded && a->texts == b->texts &&
           a->is_frozen == b->is_frozen && a->is_churning == b->is_churning &&
           a->silence == b->silence && a->breaker_until_ms == b->breaker_until_ms &&
           a->template_version == b->template_version && a->unknown == b->unknown &&
           a->policies == b->policies && a->schedules == b->schedules;
}

void asg_touch_settled(struct group *group)
{
    const struct group_shown now = {
        .holds = group->hold_changes,
        .min = group->config.min,
        .max = group->config.max,
        .desired = group->config.desired,
        .suspended = group->suspended,
        .is_halted = group->is_halted,
        .is_deleting = group->is_deleting,
        .is_degraded = group->is_degraded,
        .texts = number_of(number_of(0, group->degraded), group->template.id),
        .is_frozen = group->is_frozen,
        .is_churning = group->churn.is_frozen,
        .silence = group->silence.kind,
        .breaker_until_ms = group->launching.breaker_until_ms,
        .template_version = group->template.version,
        .unknown = group->unknown_count,
        .policies = group->policy_count,
        .schedules = group->schedule_count,
    };
    assert(group->no > 0);
    if (is_same(&now, &group->touch.shown)) return;
    group->touch.shown = now;
    asg_touch_sheet(group);
}

void asg_touch_cluster(struct asg_core *core)
{
    assert(core->touched.is_all || core->step != NULL);
    core->touched.is_cluster = true;
}

void asg_touch_forget(struct asg_core *core)
{
    struct touched *touched = &core->touched;
    for (size_t i = 0; i < touched->group_count; i++) {
        struct group_touch *touch = &touched->groups[i]->touch;
        assert(touch->is_listed);
        touch->is_listed = false;
        touch->has_sheet = false;
        touch->count = 0;
    }
    touched->group_count = 0;
    touched->gone_count = 0;
    touched->gone_capacity = 0;
    touched->gone = NULL;
    asg_arena_reset(&touched->arena);
    assert(touched->group_count <= touched->group_capacity);
    touched->is_cluster = false;
    touched->is_all = false;
    touched->round++; /* nobody is marked any more */
}

void asg_touch_all(struct asg_core *core)
{
    asg_touch_forget(core);
    core->touched.is_all = true;
    assert(core->touched.group_count == 0);
}

void asg_touch_gone(struct asg_core *core, struct group *group)
{
    struct touched *touched = &core->touched;
    assert(group->touch.touched == touched);
    for (size_t i = 0; group->touch.is_listed && i < touched->group_count; i++) {
        if (touched->groups[i] != group) continue;
        touched->groups[i] = touched->groups[--touched->group_count];
        group->touch.is_listed = false;
    }
    assert(!group->touch.is_listed);
    if (touched->is_all) return;
    struct asg_gone_group *gone =
        asg_arena_push(&touched->arena, (void **)&touched->gone, &touched->gone_count,
                       &touched->gone_capacity, sizeof *touched->gone);
    gone->group_no = group->no;
    gone->name = asg_arena_text(&touched->arena, group->config.name);
}

void asg_touch_clear(struct asg_core *core)
{
    free(core->touched.groups);
    asg_arena_clear(&core->touched.arena);
    core->touched = (struct touched){.is_all = true, .round = 1};
    assert(core->touched.groups == NULL);
}
