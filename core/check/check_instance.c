#include "core/check/check_instance.h"

#include <assert.h>
#include <string.h>

#include "core/check/check_activities.h"
#include "core/world/identity.h"
#include "core/world/standing.h"
#include "core/world/state.h"

static const char *wrong_with_slot(const struct asg_core *core, const struct group *group,
                                   const struct instance *slot)
{
    assert(asg_instance_is_slot(slot));
    if (slot->id[0] != '\0') return "is a slot and has an id";
    const struct job *job = asg_job_find(core, slot->launch.job_id);
    if (job == NULL || job->state != ASG_JOB_STATE_OPEN) {
        return "is a slot of a job that is not open";
    }
    if (!asg_job_is_launch(job->plan.kind) || job->group_no != group->no) {
        return "is a slot of a job that does not launch for its group";
    }
    if (slot->no < job->first_slot_no || slot->no > job->last_slot_no) {
        return "is a slot that its job does not know";
    }
    return slot->launch.attempt == job->plan.attempt ? NULL
                                                     : "is a slot of an earlier attempt";
}

static const char *wrong_with_attaching(const struct asg_core *core,
                                        const struct group *group,
                                        const struct instance *instance)
{
    assert(asg_instance_is_attaching(instance));
    if (!instance->launch.is_attached) return "is being attached and was launched";
    const struct job *job = asg_job_find(core, instance->launch.job_id);
    bool is_right = job != NULL && job->state == ASG_JOB_STATE_OPEN &&
                    job->plan.kind == ASG_JOB_TAG && job->group_no == group->no;
    return is_right ? NULL : "is being attached, and no open job tags it";
}

static bool has_text(const struct asg_texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (strcmp(texts->items[i], text) == 0) return true;
    }
    return false;
}

static const char *wrong_with_end(const struct asg_core *core, const struct group *group,
                                  const struct instance *instance)
{
    if (instance->ending.job_id == 0) return NULL;
    if (!asg_instance_is_on_its_way_out(instance) &&
        !asg_instance_is_finished(instance)) {
        return "is ended by a job and not on its way out";
    }
    const struct job *job = asg_job_find(core, instance->ending.job_id);
    if (job == NULL) return NULL; /* closed, and forgotten since */
    if (job->plan.kind != ASG_JOB_TERMINATE || job->group_no != group->no) {
        return "is ended by a job that terminates nothing of its group";
    }
    return has_text(&job->plan.terminate->instance_ids, instance->id)
               ? NULL
               : "is ended by a job that terminates others";
}

static const char *wrong_with_identity(const struct asg_core *core,
                                       const struct instance *instance)
{
    const struct identity *identity = instance->identity;
    if (identity == NULL) return NULL;
    assert(core->step == NULL);
    if (identity->instance != instance) return "has the keys of another instance";
    if (instance->id[0] == '\0') return "is enrolled and has no id";
    const char *curve_key = (const char *)identity->curve_key;
    const char *tls_key = (const char *)identity->tls_key;
    bool is_known =
        asg_text_index_find(&core->curve_keys, curve_key) == (const void *)identity &&
        asg_text_index_find(&core->tls_keys, tls_key) == (const void *)identity;
    return is_known ? NULL : "is not found by its keys, or shares one";
}

const char *asg_check_instance(const struct asg_core *core, const struct group *group,
                               const struct instance *instance)
{
    if (instance->group != group) return "is of another group";
    if (instance->no == 0 || instance->no > core->last_instance_no) {
        return "has a number that was not given yet";
    }
    const char *wrong = asg_check_activity(core, instance);
    if (wrong != NULL) return wrong;
    if (asg_instance_is_slot(instance)) return wrong_with_slot(core, group, instance);
    if (instance->id[0] == '\0' && !asg_instance_is_finished(instance))
        return "has no id";
    struct group *owner = NULL;
    if (instance->id[0] != '\0' &&
        asg_instance_find(core, instance->id, &owner) != instance) {
        return "is not found by its id";
    }
    if ((instance->wait_until_ms != 0) != asg_instance_is_waiting(instance)) {
        return "waits without a limit, or has one and does not wait";
    }
    wrong = wrong_with_identity(core, instance);
    if (wrong != NULL) return wrong;
    if (instance->health.is_unhealthy && instance->reason[0] == '\0') {
        return "is unhealthy without a reason";
    }
    if (asg_instance_is_on_its_way_out(instance) !=
            (instance->ending.cause != ASG_END_NONE) &&
        !asg_instance_is_finished(instance)) {
        return "is on its way out without a cause, or has one and is not";
    }
    if (instance->service.since_ms > core->now_ms ||
        instance->ending.since_ms > core->now_ms) {
        return "did in the future what it has done";
    }
    return asg_instance_is_attaching(instance)
               ? wrong_with_attaching(core, group, instance)
               : wrong_with_end(core, group, instance);
}
