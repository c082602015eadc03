#include "core/plan/job_token.h"

#include <inttypes.h>

#include "base/mutant.h"

void asg_plan_token(struct asg_core *core, struct job *job)
{
    job->plan.incarnation = core->incarnation;
    job->plan.client_token =
        asg_arena_format(&job->arena, "%s-%012" PRIx64 "-%" PRIu64 "-%" PRIu32,
                         ASG_MUTANT(TOKEN_LACKS_CLUSTER) ? "" : core->cluster_id,
                         job->plan.incarnation, job->plan.id, job->plan.attempt);
}
