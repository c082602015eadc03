#include "core/take/require.h"

#include <assert.h>
#include <inttypes.h>

#include "core/step/narrate.h"
#include "core/take/refusal.h"
#include "core/want/desired.h"
#include "core/world/state.h"

struct group *asg_take_require_group(struct asg_core *core, const char *name)
{
    assert(core->step != NULL);
    struct group *group = asg_group_find(core, name);
    if (group == NULL) {
        asg_reply_refuse(
            core, "ValidationError",
            "AutoScalingGroup name not found - AutoScalingGroup '%s' not found", name);
        return NULL;
    }
    if (group->is_deleting) {
        asg_reply_refuse(core, "ScalingActivityInProgress",
                         "group %s is being deleted; wait until it is gone", name);
        return NULL;
    }
    return group;
}

bool asg_take_is_within(struct asg_core *core, const struct asg_command *command,
                        size_t count, uint32_t bound, const char *what)
{
    assert(core->step != NULL);
    struct asg_reply why = {0};
    if (asg_take_may_be_so_many(&core->step->effects->arena, &why, count, command->limit,
                                bound, what)) {
        return true;
    }
    asg_take_refuse(core, &why);
    return false;
}

bool asg_take_honors_cooldown(struct asg_core *core, const struct group *group,
                              const struct asg_command *command)
{
    assert(core->step != NULL);
    if (!command->honor_cooldown || !asg_cooldown_is_on(core, group)) return true;
    asg_reply_refuse(core, "ScalingActivityInProgress",
                     asg_scaling_is_under_way(group)
                         ? "group %s has instances that launch or terminate; wait, or do "
                           "not honor the cooldown"
                         : "group %s is in its cooldown; wait, or do not honor it",
                     group->config.name);
    return false;
}

struct instance *asg_take_require_instance(struct asg_core *core, const char *id,
                                           struct group **ret_group)
{
    struct instance *instance = asg_instance_find(core, id, ret_group);
    assert(instance == NULL || instance->group == *ret_group);
    if (instance == NULL) {
        asg_reply_refuse(
            core, "ValidationError",
            "Instance Id not found - No managed instance found for instance ID %s", id);
    }
    return instance;
}

void asg_take_refuse_foreign(struct asg_core *core, const char *id, const char *group)
{
    assert(id != NULL && group != NULL);
    asg_reply_refuse(core, "ValidationError",
                     "The instance %s is not part of Auto Scaling group %s.", id, group);
}
