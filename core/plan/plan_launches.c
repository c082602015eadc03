#include "core/plan/plan_launches.h"

#include "core/plan/plan_fleets.h"
#include "core/plan/plan_instances.h"

void plan_launches(struct asg_core *core, struct group *group, uint32_t count)
{
    if (group->config.mixed != NULL) {
        plan_fleets(core, group, count);
    } else {
        plan_instances(core, group, count);
    }
}
