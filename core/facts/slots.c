#include "core/facts/slots.h"

#include "core/facts/lifecycle.h"
#include "core/facts/state.h"
#include "core/facts/text.h"

void add_slots(struct asg_core *core, struct group *group, const struct job *job)
{
    const struct asg_launch *launch = job->plan.launch;
    for (uint32_t i = 0; i < launch->count; i++) {
        struct instance *slot = add_instance(core, group);
        slot->job_id = job->plan.id;
        slot->attempt = job->plan.attempt;
        copy_text(slot->type, sizeof slot->type, launch->instance_type);
        copy_text(slot->subnet_id, sizeof slot->subnet_id, launch->subnet_id);
        copy_text(slot->zone, sizeof slot->zone, launch->zone);
        copy_text(slot->template_id, sizeof slot->template_id, group->template_id);
        slot->template_version = group->template_version;
        slot->is_protected = group->config.protect_new_instances;
        slot->is_spot = launch->fleet != NULL && i >= launch->fleet->on_demand;
    }
}

struct instance *find_slot(struct group *group, uint64_t job_id, bool is_spot)
{
    struct instance *other = NULL;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *slot = &group->instances[i];
        if (slot->job_id != job_id || slot->state != ASG_INSTANCE_REQUESTED) continue;
        if (slot->is_spot == is_spot) return slot;
        if (other == NULL) other = slot;
    }
    return other;
}

void free_slots(struct asg_core *core, struct group *group, uint64_t job_id)
{
    struct instance *slot = find_slot(group, job_id, false);
    for (; slot != NULL; slot = find_slot(group, job_id, false)) {
        (void)move_instance(core, group, slot, ASG_FLEET_NOT_LAUNCHED);
    }
}
