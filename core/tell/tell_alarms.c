#include "core/tell/tell_alarms.h"

#include <assert.h>

#include "core/step/narrate.h"
#include "core/world/identity.h"
#include "core/world/standing.h"

void asg_tell_alarms_over(struct asg_core *core, struct group *group)
{
    assert(core->step != NULL);
    if (group->disputed == 0 && group->misled == 0) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        if (!asg_instance_is_finished(instance)) continue;
        if (instance->identity != NULL && instance->identity->is_disputed) {
            asg_identity_set_disputed(instance->identity, false);
            asg_alarm_raise(core, ASG_ALARM_ENROLMENT, group, false, "%s is gone",
                            instance->id);
        }
        if (instance->notice.is_false) {
            asg_instance_set_misled(instance, false);
            asg_alarm_raise(core, ASG_ALARM_NOTICE, group, false, "%s is gone",
                            instance->id);
        }
    }
}
