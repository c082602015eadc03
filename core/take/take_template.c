#include "core/take/take_template.h"

#include <assert.h>
#include <stdlib.h>

#include "core/limits/launch_failures.h"
#include "core/plan/retry_job.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/take/attempts.h"
#include "core/take/dead_letter.h"
#include "core/values/text.h"
#include "core/world/kept_text.h"
#include "core/world/state.h"
#include "core/world/touched.h"

/* ---- a group's template as a number ---- */

/* The group was given another template since, or is gone: nobody waits for this. */
static bool is_awaited(struct asg_core *core, const struct group *group, struct job *job)
{
    assert(job->plan.kind == ASG_JOB_RESOLVE_TEMPLATE);
    assert(group == NULL || group->no == job->group_no);
    if (group != NULL && group->template.job_id == job->plan.id) return true;
    asg_job_close(core, job, ASG_JOB_STATE_CANCELLED);
    return false;
}

void asg_resolve_answered(struct asg_core *core, struct group *group, struct job *job,
                          const struct asg_result *result)
{
    if (!is_awaited(core, group, job)) return;
    assert(result->outcome == ASG_OUTCOME_OK);
    group->template.job_id = 0;
    asg_group_mark_dirty(core, group);
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
    asg_text_keep(core, &group->template.id, ASG_TEMPLATE_MAX, result->template_id);
    group->template.version = strtoull(result->template_version, NULL, 10);
    group->template.resolved_ms = core->now_ms;
}

void asg_resolve_refused(struct asg_core *core, struct group *group, struct job *job,
                         const struct asg_result *result)
{
    if (!is_awaited(core, group, job)) return;
    assert(result->outcome != ASG_OUTCOME_OK);
    group->template.job_id = 0;
    asg_group_mark_dirty(core, group);
    asg_launch_again_later(core, group);
    const char *what = result->message[0] != '\0' ? result->message
                                                  : asg_attempt_say_error(core, result);
    asg_activity_end_waiting(core, group, 0, ASG_ACTIVITY_FAILED,
                             asg_activity_say_failure(core, what));
    assert(group->waiting.count == 0);
    asg_job_bury(core, group, job, result);
}

void asg_resolve_later(struct asg_core *core, struct group *group, struct job *job,
                       const struct asg_result *result)
{
    if (!is_awaited(core, group, job)) return;
    assert(result->outcome != ASG_OUTCOME_OK);
    if (job->plan.deadline_ms <= core->now_ms) { /* it only asks */
        job->plan.deadline_ms = core->now_ms + TEMPLATE_LIMIT_MS;
    }
    asg_plan_retry_later(core, job);
}

/* ---- one that is created ---- */

/* The template that waits for this job; it waits no more. */
static struct template *take_waiting(struct asg_core *core, const struct job *job)
{
    assert(job->plan.kind == ASG_JOB_TEMPLATE);
    struct template *known = asg_template_find(core, job->plan.template_name);
    if (known != NULL && known->job_id == job->plan.id) known->job_id = 0;
    asg_touch_cluster(core);
    return known;
}

void asg_template_made(struct asg_core *core, struct group *group, struct job *job,
                       const struct asg_result *result)
{
    assert(group == NULL && job->group_no == 0); /* a template is no group's */
    assert(result->outcome == ASG_OUTCOME_OK);
    struct template *known = take_waiting(core, job);
    if (known != NULL) {
        asg_text_copy(known->id, sizeof known->id, result->template_id);
        known->version = strtoull(result->template_version, NULL, 10);
        known->failure[0] = '\0';
    }
    asg_narrate(core, ASG_DECISION_JOB, NULL, "launch template %s is %s version %s",
                job->plan.template_name, result->template_id, result->template_version);
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
}

void asg_template_refused(struct asg_core *core, struct group *group, struct job *job,
                          const struct asg_result *result)
{
    assert(group == NULL && job->group_no == 0); /* a template is no group's */
    struct template *known = take_waiting(core, job);
    if (known != NULL) {
        asg_text_copy(known->failure, sizeof known->failure,
                      asg_attempt_say_error(core, result));
    }
    asg_job_bury(core, NULL, job, result);
}

void asg_template_later(struct asg_core *core, struct group *group, struct job *job,
                        const struct asg_result *result)
{
    assert(job->plan.kind == ASG_JOB_TEMPLATE);
    if (job->plan.deadline_ms <= core->now_ms) {
        asg_template_refused(core, group, job, result);
        return;
    }
    asg_plan_retry_later(core, job);
}
