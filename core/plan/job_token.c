#include "core/plan/job_token.h"

#include <inttypes.h>

void asg_plan_token(struct asg_core *core, struct job *job)
{
    job->plan.incarnation = core->incarnation;
    job->plan.client_token = asg_arena_format(
        &job->arena, "%s-%012" PRIx64 "-%" PRIu64 "-%" PRIu32, core->cluster_id,
        job->plan.incarnation, job->plan.id, job->plan.attempt);
}
