#include "core/take/moved.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/limits/recent_ends.h"
#include "core/step/narrate.h"
#include "core/take/require.h"
#include "core/want/desired.h"
#include "core/want/run_schedules.h"
#include "core/world/state.h"

bool asg_moved_are_named(struct asg_core *core, const struct asg_command *command)
{
    assert(core->step != NULL);
    const struct asg_texts *ids = &command->instance_ids;
    if (ids->count == 0 || ids->count > ASG_MOVED_INSTANCES_MAX) {
        asg_reply_refuse(core, "ValidationError", "name 1 to %d instances, not %zu",
                         ASG_MOVED_INSTANCES_MAX, ids->count);
        return false;
    }
    for (size_t i = 0; i < ids->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(ids->items[i], ids->items[j]) != 0) continue;
            asg_reply_refuse(core, "ValidationError", "instance %s is listed twice",
                             ids->items[i]);
            return false;
        }
    }
    return true;
}

struct instance **asg_moved_find(struct asg_core *core, const struct group *group,
                                 const struct asg_command *command)
{
    assert(core->step != NULL);
    const struct asg_texts *ids = &command->instance_ids;
    assert(ids->count <= ASG_MOVED_INSTANCES_MAX);
    struct instance **found = asg_arena_take(&core->step->effects->arena,
                                             ids->count * sizeof(struct instance *));
    for (size_t i = 0; i < ids->count; i++) {
        struct group *owner = NULL;
        found[i] = asg_instance_find(core, ids->items[i], &owner);
        if (found[i] != NULL && owner == group) continue;
        asg_take_refuse_foreign(core, ids->items[i], group->config.name);
        return NULL;
    }
    return found;
}

static void refuse_size(struct asg_core *core, const struct group *group, size_t count,
                        const char *what)
{
    const struct asg_group_config *config = &group->config;
    assert(count > 0);
    asg_reply_refuse(core, "ValidationError",
                     "AutoScalingGroup %s has min-size=%" PRIu32 ", max-size=%" PRIu32
                     ", and desired-size=%" PRIu32
                     ". To %s %zu instance%s, please update the AutoScalingGroup sizes "
                     "appropriately.",
                     config->name, config->min, config->max, config->desired, what, count,
                     count == 1 ? "" : "s");
}

bool asg_moved_is_below_min(struct asg_core *core, const struct group *group,
                            size_t count, const char *what)
{
    assert(group->config.desired >= group->config.min);
    if (count <= group->config.desired - group->config.min) return false;
    refuse_size(core, group, count, what);
    return true;
}

bool asg_moved_is_above_max(struct asg_core *core, const struct group *group,
                            size_t count, const char *what)
{
    assert(group->config.desired <= group->config.max);
    if (count <= group->config.max - group->config.desired) return false;
    refuse_size(core, group, count, what);
    return true;
}

void asg_moved_lower(struct asg_core *core, struct group *group, size_t count)
{
    if (count == 0) return;
    assert(count <= group->config.desired - group->config.min);
    asg_ends_note_order(core, group);
    asg_want_skip_waiting(core, group, NULL);
    asg_desired_change(core, group, group->config.desired - (uint32_t)count,
                       DESIRED_BY_INSTANCE);
}

void asg_moved_raise(struct asg_core *core, struct group *group, size_t count)
{
    assert(count > 0 && count <= group->config.max - group->config.desired);
    asg_want_skip_waiting(core, group, NULL);
    asg_desired_change(core, group, group->config.desired + (uint32_t)count,
                       DESIRED_BY_ARRIVAL);
}

bool asg_moved_is_barred(struct asg_core *core, const struct group *group,
                         const char *what)
{
    if (!asg_group_is_suspended(group, ASG_PROCESS_LAUNCH)) return false;
    asg_reply_refuse(
        core, "ValidationError",
        "The process Launch of AutoScalingGroup %s is suspended: resume it to "
        "%s instances.",
        group->config.name, what);
    return true;
}
