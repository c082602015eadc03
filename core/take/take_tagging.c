#include "core/take/take_tagging.h"

#include <assert.h>
#include <inttypes.h>

#include "core/lifecycle/lifecycle.h"
#include "core/plan/plan_tagging.h"
#include "core/plan/retry_job.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/take/attempts.h"
#include "core/take/dead_letter.h"
#include "core/want/desired.h"
#include "core/world/detached.h"
#include "core/world/standing.h"
#include "core/world/state.h"

/* The instance that waits for this job, or NULL: it is over meanwhile. */
static struct instance *find_waiting(struct asg_core *core, const struct job *job)
{
    assert(job->plan.tagging != NULL && job->plan.tagging->instance_ids.count == 1);
    struct group *group = NULL;
    struct instance *instance =
        asg_instance_find(core, job->plan.tagging->instance_ids.items[0], &group);
    if (instance == NULL || !asg_instance_is_untagged(instance)) return NULL;
    bool is_attached = job->plan.kind == ASG_JOB_TAG;
    bool is_of_job = is_attached ? instance->launch.job_id == job->plan.id
                                 : group->no == job->group_no;
    return is_of_job && asg_instance_is_attaching(instance) == is_attached ? instance
                                                                           : NULL;
}

static bool is_too_late(const struct asg_core *core, const struct job *job)
{
    assert(job->plan.created_ms <= core->now_ms);
    return job->plan.created_ms + TAG_LIMIT_MS <= core->now_ms;
}

/* Its deadline is of one delivery, and TAG_LIMIT_MS of them all. */
static void try_later(struct asg_core *core, struct job *job,
                      const struct asg_result *result)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    if (result->outcome == ASG_OUTCOME_AMBIGUOUS) job->is_ambiguous = true;
    if (job->plan.deadline_ms <= core->now_ms) {
        job->plan.deadline_ms = core->now_ms + TAG_LIMIT_MS;
    }
    asg_plan_retry_later(core, job);
}

/* ---- attach ---- */

void asg_tag_done(struct asg_core *core, struct group *group, struct job *job,
                  const struct asg_result *result)
{
    assert(result->outcome == ASG_OUTCOME_OK);
    struct instance *instance = find_waiting(core, job);
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
    if (instance == NULL) return;
    assert(instance->group == group);
    (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_ATTACHED);
    assert(!asg_instance_is_untagged(instance)); /* from here on listings have it */
    (void)asg_lifecycle_move(core, group, instance,
                             asg_ec2_is_over(instance->ec2_state) ? ASG_FLEET_OVER
                                                                  : ASG_FLEET_RUNNING);
    core->look.next_ms = core->now_ms; /* the look-up before the order may be old */
    core->look.pause_ms = 0;
}

/* What was raised for it is lowered again, unless somebody has set desired since. */
static void undo(struct asg_core *core, struct group *group, struct instance *instance,
                 const char *why)
{
    assert(asg_instance_is_attaching(instance));
    bool is_extra = instance->launch.is_extra;
    asg_activity_close(core, instance, ASG_ACTIVITY_FAILED, why);
    (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_NOT_ATTACHED);
    asg_detached_remember(core, instance->id); /* some of its tags may be there */
    uint32_t from = group->config.desired;
    if (!is_extra || from == group->config.min) return;
    asg_desired_change(core, group, from - 1, DESIRED_BY_INSTANCE);
    asg_narrate_capacity(core, ASG_DECISION_COMMAND, group, "", from,
                         "desired %" PRIu32 " (was %" PRIu32
                         "): %s could not be attached: %s",
                         from - 1, from, instance->id, why);
}

/* A worker may have done it, and nobody heard: a job that expired may have been handed
 * out by a controller before this one. */
static void note_doubt(struct job *job, const struct asg_result *result)
{
    assert(result->outcome != ASG_OUTCOME_OK);
    job->is_ambiguous = job->is_ambiguous || result->outcome == ASG_OUTCOME_AMBIGUOUS ||
                        result->outcome == ASG_OUTCOME_EXPIRED ||
                        result->outcome == ASG_OUTCOME_UNDELIVERED;
}

void asg_tag_refused(struct asg_core *core, struct group *group, struct job *job,
                     const struct asg_result *result)
{
    assert(result->outcome != ASG_OUTCOME_OK);
    struct instance *instance = find_waiting(core, job);
    if (instance == NULL) { /* EC2 ended it */
        asg_job_close(core, job, ASG_JOB_STATE_CANCELLED);
        return;
    }
    assert(instance->group == group);
    note_doubt(job, result);
    asg_job_bury(core, NULL, job, result); /* the group is as it was before */
    undo(core, group, instance, asg_attempt_say_error(core, result));
    if (job->is_ambiguous) asg_plan_untag(core, group, instance->id);
}

/* EC2 does not know it. */
void asg_tag_gone(struct asg_core *core, struct group *group, struct job *job,
                  const struct asg_result *result)
{
    assert(job->plan.kind == ASG_JOB_TAG);
    asg_tag_refused(core, group, job, result);
}

void asg_tag_later(struct asg_core *core, struct group *group, struct job *job,
                   const struct asg_result *result)
{
    assert(result->outcome != ASG_OUTCOME_OK);
    struct instance *instance = find_waiting(core, job);
    note_doubt(job, result);
    if (instance == NULL || is_too_late(core, job)) {
        asg_tag_refused(core, group, job, result);
        return;
    }
    asg_activity_go_on(core, instance, ASG_ACTIVITY_IN_PROGRESS, 0,
                       asg_attempt_say_error(core, result));
    try_later(core, job, result);
}

/* ---- detach ---- */

static void let_go(struct asg_core *core, const struct job *job)
{
    struct instance *instance = find_waiting(core, job);
    if (instance == NULL) return;
    (void)asg_lifecycle_move(core, instance->group, instance, ASG_FLEET_DEREGISTERED);
    assert(asg_instance_is_finished(instance));
}

void asg_untag_done(struct asg_core *core, struct group *group, struct job *job,
                    const struct asg_result *result)
{
    assert(group == NULL || group->no == job->group_no);
    assert(result->job_id == job->plan.id);
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
    let_go(core, job);
}

void asg_untag_gone(struct asg_core *core, struct group *group, struct job *job,
                    const struct asg_result *result)
{
    assert(job->plan.kind == ASG_JOB_UNTAG);
    asg_untag_done(core, group, job, result);
}

/* Its tags stay, and it is remembered as long as EC2 shows them. */
void asg_untag_refused(struct asg_core *core, struct group *group, struct job *job,
                       const struct asg_result *result)
{
    assert(result->job_id == job->plan.id);
    assert(group == NULL || group->no == job->group_no);
    asg_job_bury(core, NULL, job, result);
    let_go(core, job);
}

void asg_untag_later(struct asg_core *core, struct group *group, struct job *job,
                     const struct asg_result *result)
{
    assert(result->outcome != ASG_OUTCOME_OK);
    if (is_too_late(core, job)) {
        asg_untag_refused(core, group, job, result);
        return;
    }
    try_later(core, job, result);
}
