#include "core/plan/retry_job.h"

#include <assert.h>

#include "core/lifecycle/slots.h"
#include "core/step/narrate.h"
#include "core/world/state.h"
#include "core/plan/job_token.h"
#include "core/plan/plan_instances.h"

#define RETRY_MS     INT64_C(5000)
#define RETRY_MS_MAX INT64_C(300000)
#define AMBIGUOUS_MS INT64_C(1000)

/* Doubling, between half and the whole of it by a hash of seed, job and try: spread, and
 * alike in every replay. */
static int64_t backoff(const struct asg_core *core, const struct job *job,
                       int64_t base_ms)
{
    assert(base_ms > 1 && base_ms <= RETRY_MS_MAX);
    int64_t most_ms = base_ms;
    for (uint32_t i = 0; i < job->tries && most_ms < RETRY_MS_MAX; i++) {
        most_ms *= 2;
    }
    if (most_ms > RETRY_MS_MAX) most_ms = RETRY_MS_MAX;
    uint64_t z = (core->seed ^ job->plan.id * UINT64_C(0x9e3779b97f4a7c15)) + job->tries;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    assert(most_ms >= base_ms && most_ms <= RETRY_MS_MAX);
    return most_ms / 2 + (int64_t)(z >> 33) % (most_ms / 2 + 1);
}

void asg_plan_retry_later(struct asg_core *core, struct job *job)
{
    assert(job->plan.attempt > 0);
    assert(job->state == ASG_JOB_STATE_OPEN);
    int64_t base_ms = job->is_ambiguous ? AMBIGUOUS_MS : RETRY_MS;
    asg_job_set_retry(core, job, core->now_ms + backoff(core, job, base_ms));
    assert(job->retry_ms > core->now_ms); /* later */
    job->tries++;
}

void asg_plan_again(struct asg_core *core, struct job *job)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    assert(job->plan.attempt > 0);
    asg_job_set_retry(core, job, 0);
    int64_t limit_ms = asg_job_is_launch(job->plan.kind) ? LAUNCH_LIMIT_MS : END_LIMIT_MS;
    if (job->is_ambiguous) job->plan.deadline_ms = core->now_ms + limit_ms;
    (void)asg_emit_job(core, job);
}

void asg_plan_abandon(struct asg_core *core, struct group *group, struct job *job,
                      const char *why)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    assert(group->no == job->group_no);
    asg_slot_free(core, group, job, ASG_ACTIVITY_IN_PROGRESS, why);
    asg_narrate(core, ASG_DECISION_JOB, group, "job %s abandoned: %s", job->plan.name,
                why);
    asg_job_close(core, job, ASG_JOB_STATE_CANCELLED);
}
