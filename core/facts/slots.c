#include "core/facts/slots.h"

#include "core/facts/kept_text.h"
#include "core/facts/lifecycle.h"
#include "core/facts/standing.h"
#include "core/facts/state.h"
#include "core/facts/text.h"

void add_slots(struct asg_core *core, struct group *group, struct job *job)
{
    const struct asg_launch *launch = job->plan.launch;
    for (uint32_t i = 0; i < launch->count; i++) {
        struct instance *slot = add_instance(core, group);
        slot->job_id = job->plan.id;
        note_slot(job, slot);
        slot->attempt = job->plan.attempt;
        slot->incarnation = job->plan.incarnation;
        keep_text(core, &slot->type, ASG_TYPE_MAX, launch->instance_type);
        keep_text(core, &slot->subnet_id, ASG_SUBNET_MAX, launch->subnet_id);
        keep_text(core, &slot->zone, ASG_ZONE_MAX, launch->zone);
        keep_text(core, &slot->template_id, ASG_TEMPLATE_MAX, group->template_id);
        slot->template_version = group->template_version;
        slot->is_protected = group->config.protect_new_instances;
        slot->is_spot = launch->fleet != NULL && i >= launch->fleet->on_demand;
    }
}

struct instance *next_slot(const struct group *group, const struct job *job, size_t *at)
{
    if (*at == 0) *at = instance_place(group, job->first_slot_no);
    while (*at < group->instance_count) {
        struct instance *slot = group->instances[(*at)++];
        if (slot->no > job->last_slot_no) return NULL;
        bool waits = slot->job_id == job->plan.id && is_slot(slot);
        if (waits) return slot;
    }
    return NULL;
}

struct instance *find_slot(const struct group *group, const struct job *job, bool is_spot)
{
    size_t at = 0;
    struct instance *first = next_slot(group, job, &at);
    struct instance *slot = first;
    while (slot != NULL && slot->is_spot != is_spot) {
        slot = next_slot(group, job, &at);
    }
    return slot != NULL ? slot : first;
}

void free_slots(struct asg_core *core, struct group *group, const struct job *job)
{
    size_t at = 0;
    struct instance *slot = next_slot(group, job, &at);
    for (; slot != NULL; slot = next_slot(group, job, &at)) {
        (void)move_instance(core, group, slot, ASG_FLEET_NOT_LAUNCHED);
    }
}
