#include "core/plan/launch_job.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/step/look_again.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/plan/job_token.h"
#include "model/copy.h"
#include "model/schemas.h"

#define NO_POOL_MS INT64_C(30000)

void asg_plan_fill_launch(struct asg_core *core, struct group *group, struct job *job,
                          const struct asg_launch *launch)
{
    assert(job->group_no == group->no);
    assert(asg_job_is_launch(job->plan.kind));
    assert(launch->count > 0);
    assert(launch->subnet_id != NULL && launch->zone != NULL);
    char version[24];
    (void)snprintf(version, sizeof version, "%" PRIu64, group->template.version);
    struct asg_launch whole = *launch;
    whole.template_id = group->template.id;
    whole.template_name = "";
    whole.template_version = version;
    whole.group_max = group->config.max;
    whole.tags = group->config.tags;
    whole.tag_count = group->config.tag_count;
    whole.parameters = group->config.launch_parameters;
    whole.parameter_count = group->config.launch_parameter_count;
    struct asg_launch *copy = asg_arena_take(&job->arena, sizeof *copy);
    asg_model_copy(&asg_launch_schema, &whole, &job->arena, copy);
    job->plan.launch = copy;
    asg_plan_token(core, job);
}

void asg_plan_wait_for_pools(struct asg_core *core, struct group *group, const char *what)
{
    asg_hold(core, group, HOLD_LAUNCH, "%s waits: no pool has capacity, trying again",
             what);
    assert(core->step != NULL);
    asg_activity_end_waiting(core, group, 0, ASG_ACTIVITY_FAILED, "");
    group->launching.after_ms = core->now_ms + NO_POOL_MS;
    asg_look_again(core, group->launching.after_ms);
}
