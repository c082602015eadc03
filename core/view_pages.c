/* view_pages - what has changed, and it alone: for a view that is kept up to date. */
#include <assert.h>
#include <stdlib.h>

#include "core/core.h"
#include "core/view_rows.h"
#include "core/world/state.h"
#include "core/world/touched.h"
#include "model/copy.h"
#include "model/schemas.h"

static int by_group_no(const void *a, const void *b)
{
    uint32_t x = ((const struct asg_touched_group *)a)->group_no;
    uint32_t y = ((const struct asg_touched_group *)b)->group_no;
    return (x > y) - (x < y);
}

static int by_instance_no(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void list_all(const struct asg_core *core, struct asg_arena *arena,
                     struct asg_changes *ret)
{
    ret->group_count = core->group_count;
    ret->groups = asg_arena_take(arena, core->group_count * sizeof *ret->groups);
    for (size_t i = 0; i < core->group_count; i++) {
        assert(i == 0 || core->groups[i]->no > core->groups[i - 1]->no);
        ret->groups[i].group_no = core->groups[i]->no;
        ret->groups[i].has_sheet = true;
    }
}

static void list_touched(const struct touched *touched, struct asg_arena *arena,
                         struct asg_changes *ret)
{
    ret->group_count = touched->group_count;
    ret->groups = asg_arena_take(arena, touched->group_count * sizeof *ret->groups);
    for (size_t i = 0; i < touched->group_count; i++) {
        const struct group *group = touched->groups[i];
        const struct group_touch *touch = &group->touch;
        uint64_t *nos = asg_arena_take(arena, touch->count * sizeof *nos);
        for (size_t k = 0; k < touch->count; k++) {
            nos[k] = touch->instance_nos[k];
        }
        qsort(nos, touch->count, sizeof *nos, by_instance_no);
        assert(touch->has_sheet || touch->count > 0);
        ret->groups[i] = (struct asg_touched_group){.group_no = group->no,
                                                    .has_sheet = touch->has_sheet,
                                                    .instance_nos = nos,
                                                    .instance_count = touch->count};
    }
    if (ret->group_count > 1) {
        qsort(ret->groups, ret->group_count, sizeof *ret->groups, by_group_no);
    }
}

void asg_core_changes(struct asg_core *core, struct asg_arena *arena,
                      struct asg_changes *ret)
{
    assert(core->step == NULL);
    const struct touched *touched = &core->touched;
    *ret = (struct asg_changes){.is_all = touched->is_all,
                                .is_cluster = touched->is_all || touched->is_cluster};
    if (touched->is_all) {
        list_all(core, arena, ret);
    } else {
        list_touched(touched, arena, ret);
    }
    ret->gone_count = touched->gone_count;
    ret->gone = asg_arena_take(arena, touched->gone_count * sizeof *ret->gone);
    for (size_t i = 0; i < touched->gone_count; i++) {
        ret->gone[i].group_no = touched->gone[i].group_no;
        ret->gone[i].name = asg_arena_text(arena, touched->gone[i].name);
    }
    asg_touch_forget(core);
}

static void copy_policies(const struct group *group, struct asg_arena *arena,
                          struct asg_group_sheet *ret)
{
    ret->policy_count = group->policy_count;
    ret->policies = asg_arena_take(arena, group->policy_count * sizeof *ret->policies);
    for (size_t i = 0; i < group->policy_count; i++) {
        asg_model_copy(&asg_policy_config_schema, &group->policies[i].config, arena,
                       &ret->policies[i]);
    }
    ret->schedule_count = group->schedule_count;
    ret->schedules =
        asg_arena_take(arena, group->schedule_count * sizeof *ret->schedules);
    for (size_t i = 0; i < group->schedule_count; i++) {
        asg_model_copy(&asg_schedule_config_schema, &group->schedules[i].config, arena,
                       &ret->schedules[i]);
        ret->schedules[i].next_ms = group->schedules[i].next_ms;
    }
    assert(ret->policy_count <= ASG_POLICIES_PER_GROUP);
}

static void copy_dry_pools(const struct group *group, struct asg_arena *arena,
                           struct asg_group_sheet *ret)
{
    assert(group->launching.dry_pools != NULL || group->launching.dry_pool_count == 0);
    ret->dry_count = group->launching.dry_pool_count;
    ret->dry = asg_arena_take(arena, ret->dry_count * sizeof *ret->dry);
    for (size_t i = 0; i < ret->dry_count; i++) {
        const struct dry_pool *pool = &group->launching.dry_pools[i];
        assert(pool->zone[0] != '\0' || pool->subnet_id[0] != '\0');
        ret->dry[i] = (struct asg_dry_offering){
            .type = asg_arena_text(arena, pool->type),
            .zone = asg_arena_text(arena, pool->zone),
            .is_spot = pool->is_spot,
            .until_ms = pool->until_ms,
        };
    }
}

const char *asg_core_group_name(const struct asg_core *core, uint32_t group_no)
{
    const struct group *group = asg_group_of_no(core, group_no);
    assert(group == NULL || group->no == group_no);
    return group != NULL ? group->config.name : NULL;
}

bool asg_core_view_sheet(const struct asg_core *core, uint32_t group_no,
                         struct asg_arena *arena, struct asg_group_sheet *ret)
{
    assert(core->step == NULL);
    const struct group *group = asg_group_of_no(core, group_no);
    if (group == NULL) return false;
    *ret =
        (struct asg_group_sheet){.breaker_until_ms = group->launching.breaker_until_ms};
    asg_view_fill_group(group, arena, &ret->group);
    copy_policies(group, arena, ret);
    copy_dry_pools(group, arena, ret);
    struct asg_alarm_texts alarms = {.arena = arena};
    asg_view_group_alarms(group, &alarms);
    ret->alarms = (struct asg_texts){.items = alarms.items, .count = alarms.count};
    ret->alarm_list = alarms.rows;
    ret->alarm_count = alarms.row_count;
    ret->alarm_counts = alarms.counts;
    return true;
}

void asg_core_view_rows(const struct asg_core *core, uint32_t group_no, uint64_t from_no,
                        uint64_t to_no, size_t most, struct asg_arena *arena,
                        struct asg_instance_rows *ret)
{
    assert(core->step == NULL);
    assert(from_no <= to_no && most > 0);
    *ret = (struct asg_instance_rows){0};
    const struct group *group = asg_group_of_no(core, group_no);
    if (group == NULL) return;
    size_t from = asg_instance_place(group, from_no);
    size_t to = from;
    while (to < group->instance_count && to - from < most &&
           group->instances[to]->no <= to_no) {
        to++;
    }
    ret->items = asg_arena_take(arena, (to - from) * sizeof *ret->items);
    for (size_t i = from; i < to; i++) {
        const struct instance *before = i > from ? group->instances[i - 1] : NULL;
        asg_view_fill_instance(group->instances[i], before,
                               before != NULL ? &ret->items[ret->count - 1] : NULL, arena,
                               &ret->items[ret->count]);
        asg_view_count(group->instances[i], &ret->counts);
        ret->count++;
    }
}
