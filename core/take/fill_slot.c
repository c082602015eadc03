#include "core/take/fill_slot.h"

#include <assert.h>

#include "core/world/kept_text.h"
#include "core/world/counts.h"
#include "core/limits/launch_failures.h"
#include "core/lifecycle/lifecycle.h"
#include "core/world/orphans.h"
#include "core/world/standing.h"
#include "core/world/state.h"
#include "core/values/text.h"

void asg_take_fill_instance(struct asg_core *core, struct group *group,
                            struct instance *instance,
                            const struct asg_seen_instance *seen)
{
    assert(instance->group == group);
    assert(instance->id[0] == '\0'); /* it gets one, once */
    assert(seen->instance_id[0] != '\0');
    asg_instance_set_id(core, instance, seen->instance_id);
    if (seen->instance_type[0] != '\0') {
        asg_text_keep(core, &instance->type, ASG_TYPE_MAX, seen->instance_type);
    }
    if (seen->subnet_id[0] != '\0') {
        asg_text_keep(core, &instance->subnet_id, ASG_SUBNET_MAX, seen->subnet_id);
    }
    if (seen->zone[0] != '\0')
        asg_text_keep(core, &instance->zone, ASG_ZONE_MAX, seen->zone);
    if (seen->private_ip[0] != '\0') {
        asg_text_copy(instance->private_ip, sizeof instance->private_ip,
                      seen->private_ip);
    }
    asg_count_set_ec2_state(group, instance, seen->state);
    instance->is_spot = seen->is_spot;
}

void asg_take_launch_slot(struct asg_core *core, struct group *group,
                          struct instance *slot, const struct asg_seen_instance *seen)
{
    assert(asg_instance_is_slot(slot));
    asg_take_fill_instance(core, group, slot, seen);
    asg_orphan_drop(core, slot->id);
    slot->launch.launched_ms = core->now_ms;
    (void)asg_lifecycle_move(core, group, slot, ASG_FLEET_LAUNCHED);
    assert(!asg_instance_is_slot(slot)); /* whoever has an id has left that state */
    if (seen->state == ASG_EC2_RUNNING) {
        (void)asg_lifecycle_move(core, group, slot, ASG_FLEET_RUNNING);
    }
    core->look.next_ms = core->now_ms; /* soon something changes: look closely */
    core->look.pause_ms = 0;
    /* Found by its token some time after its launch, and it is over already: nothing more
     * will be seen of it. */
    if (asg_ec2_is_over(seen->state)) {
        (void)asg_lifecycle_move(core, group, slot, ASG_FLEET_OVER);
    }
}

struct instance *asg_take_adopt(struct asg_core *core, struct group *group,
                                const struct asg_seen_instance *seen)
{
    struct instance *instance = asg_instance_add(core, group);
    const struct job *job = asg_job_find(core, seen->job_id);
    instance->launch.is_attached = job != NULL && job->plan.kind == ASG_JOB_TAG;
    instance->launch.job_id = seen->job_id;
    instance->launch.attempt = seen->attempt;
    instance->launch.incarnation = seen->incarnation;
    instance->launch.launched_ms = seen->launched_ms;
    if (seen->launched_ms < core->now_ms) {
        instance->launch.excused_ms =
            core->now_ms - seen->launched_ms; /* nobody waited for it */
    }
    asg_take_fill_instance(core, group, instance, seen);
    asg_text_keep(core, &instance->template_id, ASG_TEMPLATE_MAX, group->template.id);
    (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_ADOPTED);
    assert(!asg_instance_is_slot(instance)); /* whoever is found has left that state */
    if (seen->state == ASG_EC2_RUNNING) {
        (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_RUNNING);
    }
    return instance;
}
