#include "core/world/orphans.h"

#include <assert.h>
#include <string.h>

#include "core/world/state.h"
#include "core/values/text.h"
#include "core/world/touched.h"

struct orphan *asg_orphan_find(const struct asg_core *core, const char *id)
{
    uint32_t at = asg_id_map_find(&core->orphan_ids, id);
    assert(at == ASG_ID_MAP_NONE || at < core->orphan_count);
    return at == ASG_ID_MAP_NONE ? NULL : &core->orphans[at];
}

void asg_orphan_index(struct asg_core *core)
{
    asg_id_map_clear(&core->orphan_ids);
    for (size_t i = 0; i < core->orphan_count; i++) {
        asg_id_map_put(&core->orphan_ids, core->orphans[i].id, (uint32_t)i);
    }
}

bool asg_orphan_is_unsettled(const struct orphan *orphan)
{
    return orphan->kind == ASG_ORPHAN_UNKNOWN_JOB && !orphan->is_ending;
}

size_t asg_orphan_count_unsettled(const struct asg_core *core)
{
    size_t count = 0;
    for (size_t i = 0; i < core->orphan_count; i++) {
        count += asg_orphan_is_unsettled(&core->orphans[i]);
    }
    return count;
}

void asg_orphan_count_unknown(struct asg_core *core)
{
    for (size_t g = 0; g < core->group_count; g++) {
        core->groups[g]->unknown_count = 0;
    }
    for (size_t i = 0; i < core->orphan_count; i++) {
        if (!asg_orphan_is_unsettled(&core->orphans[i])) continue;
        struct group *group = asg_group_find(core, core->orphans[i].group);
        if (group != NULL) group->unknown_count++;
    }
    for (size_t g = 0; g < core->group_count; g++) {
        struct group *group = core->groups[g];
        if (group->unknown_count == group->touch.shown.unknown) continue;
        group->touch.shown.unknown = group->unknown_count;
        asg_touch_sheet(group);
    }
}

/* Room in powers of two, so that a fleet that is unknown is not copied each time. */
static void make_room(struct asg_core *core, size_t count)
{
    assert(core->orphan_count <= core->orphan_capacity);
    assert(count <= ASG_ORPHANS_MAX);
    if (count <= core->orphan_capacity) return;
    if (core->orphan_capacity == 0) core->orphan_capacity = 8;
    while (core->orphan_capacity < count) {
        core->orphan_capacity *= 2;
    }
    core->orphans =
        asg_realloc(core->orphans, core->orphan_capacity, sizeof *core->orphans);
}

static void fill_orphan(struct orphan *orphan, const struct asg_seen_instance *seen)
{
    assert(strlen(seen->instance_id) <= ASG_INSTANCE_ID_MAX);
    asg_text_copy(orphan->id, sizeof orphan->id, seen->instance_id);
    asg_text_copy(orphan->group, sizeof orphan->group, seen->group);
    asg_text_copy(orphan->type, sizeof orphan->type, seen->instance_type);
    asg_text_copy(orphan->subnet_id, sizeof orphan->subnet_id, seen->subnet_id);
    asg_text_copy(orphan->zone, sizeof orphan->zone, seen->zone);
    asg_text_copy(orphan->private_ip, sizeof orphan->private_ip, seen->private_ip);
    orphan->ec2_state = seen->state;
    orphan->launched_ms = seen->launched_ms;
    orphan->job_id = seen->job_id;
    orphan->attempt = seen->attempt;
    orphan->incarnation = seen->incarnation;
    orphan->is_spot = seen->is_spot;
}

bool asg_orphan_note(struct asg_core *core, const struct asg_seen_instance *seen,
                     enum asg_orphan_kind kind, uint64_t look_job_id)
{
    assert(seen->instance_id[0] != '\0');
    assert(core->orphan_count <= ASG_ORPHANS_MAX);
    struct orphan *known = asg_orphan_find(core, seen->instance_id);
    asg_touch_cluster(core);
    if (known != NULL) {
        fill_orphan(known, seen);
        known->look_job_id = look_job_id;
        return false;
    }
    if (core->orphan_count == ASG_ORPHANS_MAX) {
        core->has_more_orphans = true;
        return false;
    }
    make_room(core, core->orphan_count + 1);
    asg_id_map_put(&core->orphan_ids, seen->instance_id, (uint32_t)core->orphan_count);
    struct orphan *orphan = &core->orphans[core->orphan_count++];
    *orphan = (struct orphan){
        .first_ms = core->now_ms, .kind = kind, .look_job_id = look_job_id};
    fill_orphan(orphan, seen);
    return true;
}

void asg_orphan_drop_gone(struct asg_core *core)
{
    size_t kept = 0;
    for (size_t i = 0; i < core->orphan_count; i++) {
        if (!core->orphans[i].is_gone) core->orphans[kept++] = core->orphans[i];
    }
    if (kept == core->orphan_count) return;
    core->orphan_count = kept;
    asg_touch_cluster(core);
    asg_orphan_index(core);
    struct orphan *last = kept > 0 ? &core->orphans[kept - 1] : NULL;
    assert(last == NULL || asg_orphan_find(core, last->id) == last); /* where it is now */
}

void asg_orphan_drop(struct asg_core *core, const char *id)
{
    struct orphan *orphan = asg_orphan_find(core, id);
    if (orphan == NULL) return;
    assert(!orphan->is_gone);
    orphan->is_gone = true;
    asg_orphan_drop_gone(core);
}
