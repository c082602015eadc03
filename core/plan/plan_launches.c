#include "core/plan/plan_launches.h"

#include "core/plan/plan_fleets.h"
#include "core/plan/plan_instances.h"

void asg_plan_launches(struct asg_core *core, struct group *group, uint32_t count)
{
    if (group->config.mixed != NULL) {
        asg_plan_fleets(core, group, count);
    } else {
        asg_plan_instances(core, group, count);
    }
}
