#include "core/plan/job_token.h"

#include <assert.h>
#include <inttypes.h>

void asg_plan_token(struct asg_core *core, struct job *job)
{
    assert(job->plan.id > 0 && job->plan.attempt > 0);
    assert(job->state == ASG_JOB_STATE_OPEN);
    job->plan.incarnation = core->incarnation;
    job->plan.client_token = asg_arena_format(
        &job->arena, "%s-%012" PRIx64 "-%" PRIu64 "-%" PRIu32, core->cluster_id,
        job->plan.incarnation, job->plan.id, job->plan.attempt);
}
