#include "core/check/check_job.h"

#include <assert.h>

#include "core/world/standing.h"
#include "core/world/state.h"

static uint32_t count_slots(const struct group *group, const struct job *job)
{
    assert(asg_job_is_launch(job->plan.kind));
    uint32_t count = 0;
    for (size_t i = 0; group != NULL && i < group->instance_count; i++) {
        const struct instance *slot = group->instances[i];
        count += asg_instance_is_slot(slot) && slot->launch.job_id == job->plan.id;
    }
    return count;
}

/* Those that it is to end know it, unless they are over or kept. */
static const char *wrong_with_termination(const struct asg_core *core,
                                          const struct job *job)
{
    assert(job->plan.terminate != NULL && job->state == ASG_JOB_STATE_OPEN);
    const struct asg_texts *ids = &job->plan.terminate->instance_ids;
    if (ids->count == 0) return "terminates no instance";
    for (size_t i = 0; i < ids->count; i++) {
        struct group *group = NULL;
        const struct instance *instance = asg_instance_find(core, ids->items[i], &group);
        if (instance == NULL || asg_instance_is_finished(instance)) continue;
        if (group->no != job->group_no) return "terminates an instance of another group";
        if (instance->ending.job_id != job->plan.id) {
            return "terminates an instance that another job ends, or none";
        }
    }
    return NULL;
}

/* Of one instance: what comes of it is of that alone. */
static const char *wrong_with_tagging(const struct asg_core *core, const struct job *job)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    const struct asg_tagging *tagging = job->plan.tagging;
    if (tagging == NULL || tagging->instance_ids.count != 1) {
        return "tags other than one instance";
    }
    if (job->plan.kind != ASG_JOB_TAG) return NULL;
    struct group *group = NULL;
    const struct instance *instance =
        asg_instance_find(core, tagging->instance_ids.items[0], &group);
    if (instance == NULL || asg_instance_is_finished(instance)) return NULL; /* it died */
    bool is_waited_for =
        instance->launch.job_id == job->plan.id && asg_instance_is_attaching(instance);
    return is_waited_for ? NULL : "tags an instance that does not wait for it";
}

const char *asg_check_job(const struct asg_core *core, const struct job *job)
{
    if (job->plan.id > core->last_job_id) return "has a number that was not given yet";
    if (asg_job_find(core, job->plan.id) != job) return "is not found by its number";
    bool is_open = job->state == ASG_JOB_STATE_OPEN;
    if (job->retry_ms != 0 && !is_open) return "is over and to be tried again";
    bool is_waiting = job->retry_ms != 0 && job->retry_ms != INT64_MAX;
    if (is_waiting != asg_due_heap_has(&core->retries, &job->due) ||
        (is_waiting && job->due.at_ms != job->retry_ms)) {
        return "is to be tried again, and the heap does not know";
    }
    if (job->look_up_ms != 0 && job->retry_ms != INT64_MAX) {
        return "is looked up and is to be tried again";
    }
    if (!is_open) return NULL;
    if (job->plan.kind == ASG_JOB_TERMINATE) return wrong_with_termination(core, job);
    bool is_of_tags = job->plan.kind == ASG_JOB_TAG || job->plan.kind == ASG_JOB_UNTAG;
    if (is_of_tags) return wrong_with_tagging(core, job);
    if (!asg_job_is_launch(job->plan.kind)) return NULL;
    uint32_t slots = count_slots(asg_group_of_no(core, job->group_no), job);
    if (job->look_up_ms != 0 && slots == 0) return "is looked up and has no slot";
    return slots <= job->plan.launch->count ? NULL : "has more slots than it launches";
}
