#include "core/plan/plan_templates.h"

#include <assert.h>
#include <string.h>

#include "core/step/narrate.h"
#include "core/world/state.h"
#include "core/plan/job_token.h"
#include "model/copy.h"
#include "model/schemas.h"

void asg_plan_resolve(struct asg_core *core, struct group *group)
{
    if (group->template.job_id != 0) return;
    assert(group->config.template_id[0] != '\0' ||
           group->config.template_name[0] != '\0'); /* one of them */
    struct job *job = asg_job_add(core, ASG_JOB_RESOLVE_TEMPLATE, group);
    job->plan.deadline_ms = core->now_ms + TEMPLATE_LIMIT_MS;
    job->plan.template_id = asg_arena_text(&job->arena, group->config.template_id);
    job->plan.template_name = asg_arena_text(&job->arena, group->config.template_name);
    job->plan.template_version =
        asg_arena_text(&job->arena, group->config.template_version);
    group->template.job_id = job->plan.id;
    (void)asg_emit_job(core, job);
}

struct job *asg_plan_template(struct asg_core *core,
                              const struct asg_template_config *config,
                              const struct template *known)
{
    assert(config->name[0] != '\0');
    assert(known == NULL || strcmp(known->name, config->name) == 0); /* it is that one */
    struct job *job = asg_job_add(core, ASG_JOB_TEMPLATE, NULL);
    job->plan.deadline_ms = core->now_ms + TEMPLATE_LIMIT_MS;
    struct asg_template_config *copy = asg_arena_take(&job->arena, sizeof *copy);
    asg_model_copy(&asg_template_config_schema, config, &job->arena, copy);
    job->plan.template_config = copy;
    job->plan.template_name = copy->name;
    job->plan.template_id = known != NULL ? asg_arena_text(&job->arena, known->id) : "";
    asg_plan_token(core, job);
    (void)asg_emit_job(core, job);
    return job;
}
