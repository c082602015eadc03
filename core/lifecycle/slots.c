#include "core/lifecycle/slots.h"

#include <assert.h>

#include "core/world/kept_text.h"
#include "core/lifecycle/lifecycle.h"
#include "core/step/activities.h"
#include "core/world/standing.h"
#include "core/world/state.h"

void asg_slot_add(struct asg_core *core, struct group *group, struct job *job)
{
    const struct asg_launch *launch = job->plan.launch;
    assert(launch != NULL && launch->count > 0);
    assert(job->state == ASG_JOB_STATE_OPEN);
    assert(job->group_no == group->no);
    assert(job->first_slot_no == 0); /* it has none yet */
    const char *cause = NULL;
    for (uint32_t i = 0; i < launch->count; i++) {
        struct instance *slot = asg_instance_add(core, group);
        slot->launch.job_id = job->plan.id;
        asg_job_note_slot(job, slot);
        slot->launch.attempt = job->plan.attempt;
        slot->launch.incarnation = job->plan.incarnation;
        asg_text_keep(core, &slot->type, ASG_TYPE_MAX, launch->instance_type);
        asg_text_keep(core, &slot->subnet_id, ASG_SUBNET_MAX, launch->subnet_id);
        asg_text_keep(core, &slot->zone, ASG_ZONE_MAX, launch->zone);
        asg_text_keep(core, &slot->template_id, ASG_TEMPLATE_MAX, group->template.id);
        slot->template_version = group->template.version;
        asg_text_keep(core, &slot->configuration, ASG_GROUP_NAME_MAX,
                      group->config.launch_configuration);
        slot->service.is_protected = group->config.protect_new_instances;
        slot->is_spot = launch->fleet != NULL && i >= launch->fleet->on_demand;
        assert(asg_instance_is_slot(slot));
        asg_activity_take_slot(core, slot, &cause);
    }
    asg_group_mark_dirty(core, group);
}

struct instance *asg_slot_next(const struct group *group, const struct job *job,
                               size_t *at)
{
    assert(job->first_slot_no <= job->last_slot_no);
    if (*at == 0) *at = asg_instance_place(group, job->first_slot_no);
    while (*at < group->instance_count) {
        struct instance *slot = group->instances[(*at)++];
        if (slot->no > job->last_slot_no) return NULL;
        bool waits = slot->launch.job_id == job->plan.id && asg_instance_is_slot(slot);
        if (waits) return slot;
    }
    return NULL;
}

struct instance *asg_slot_find(const struct group *group, const struct job *job,
                               bool is_spot)
{
    size_t at = 0;
    struct instance *first = asg_slot_next(group, job, &at);
    struct instance *slot = first;
    while (slot != NULL && slot->is_spot != is_spot) {
        slot = asg_slot_next(group, job, &at);
    }
    assert(slot == NULL || slot->launch.job_id == job->plan.id);
    return slot != NULL ? slot : first;
}

void asg_slot_tell(struct asg_core *core, struct group *group, const struct job *job,
                   enum asg_activity_status status, const char *message)
{
    size_t at = 0;
    struct instance *slot = asg_slot_next(group, job, &at);
    for (; slot != NULL; slot = asg_slot_next(group, job, &at)) {
        assert(slot->activity != NULL);
        asg_activity_go_on(core, slot, status, slot->activity->progress, message);
    }
}

void asg_slot_free(struct asg_core *core, struct group *group, const struct job *job,
                   enum asg_activity_status status, const char *message)
{
    assert(asg_job_is_launch(job->plan.kind));
    assert(job->group_no == group->no);
    size_t at = 0;
    struct instance *slot = asg_slot_next(group, job, &at);
    for (; slot != NULL; slot = asg_slot_next(group, job, &at)) {
        if (status == ASG_ACTIVITY_IN_PROGRESS) {
            asg_activity_wait(core, slot, message);
        } else {
            asg_activity_close(core, slot, status, message);
        }
        (void)asg_lifecycle_move(core, group, slot, ASG_FLEET_NOT_LAUNCHED);
        assert(asg_instance_is_finished(slot));
    }
}
