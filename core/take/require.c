#include "core/take/require.h"

#include "core/facts/narrate.h"
#include "core/facts/state.h"
#include "core/facts/text.h"

struct group *require_group(struct asg_core *core, const char *name)
{
    struct group *group = find_group(core, name);
    if (group == NULL) {
        refuse(core, "ValidationError",
               "AutoScalingGroup name not found - AutoScalingGroup '%s' not found",
               text_of(name));
        return NULL;
    }
    if (group->is_deleting) {
        refuse(core, "ScalingActivityInProgress",
               "group %s is being deleted; wait until it is gone", name);
        return NULL;
    }
    return group;
}
