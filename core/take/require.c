#include "core/take/require.h"

#include <assert.h>

#include "core/step/narrate.h"
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
