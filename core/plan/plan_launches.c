#include "core/plan/plan_launches.h"

#include <assert.h>

#include "core/plan/plan_fleets.h"
#include "core/plan/plan_instances.h"

void asg_plan_launches(struct asg_core *core, struct group *group, uint32_t count)
{
    assert(count > 0);
    assert(group->config.desired > 0);
    if (group->config.mixed != NULL) {
        asg_plan_fleets(core, group, count);
    } else {
        asg_plan_instances(core, group, count);
    }
}
