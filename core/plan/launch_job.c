#include "core/plan/launch_job.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/step/look_again.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/plan/job_token.h"
#include "core/world/configurations.h"
#include "model/copy.h"
#include "model/launch_fields.h"
#include "model/schemas.h"

#define NO_POOL_MS INT64_C(30000)

/* Of the group over those of its launch configuration, whose type is the launch's own. */
static void add_parameters(struct asg_core *core, const struct asg_group_config *config,
                           const struct asg_launch_configuration *from,
                           struct asg_launch *launch)
{
    size_t most = from->parameter_count + config->launch_parameter_count;
    struct asg_launch_parameter *all =
        asg_arena_take(&core->step->effects->arena, (most + 1) * sizeof *all);
    size_t count = 0;
    for (size_t i = 0; i < from->parameter_count; i++) {
        const char *name = from->parameters[i].name;
        bool is_over =
            asg_launch_parameter_find(config->launch_parameters,
                                      config->launch_parameter_count, name) != NULL;
        if (is_over || strcmp(name, "InstanceType") == 0) continue;
        all[count++] = from->parameters[i];
    }
    for (size_t i = 0; i < config->launch_parameter_count; i++) {
        all[count++] = config->launch_parameters[i];
    }
    assert(count <= most);
    launch->parameters = all;
    launch->parameter_count = count;
}

/* All that a template would say. */
static void fill_from_configuration(struct asg_core *core,
                                    const struct asg_group_config *config,
                                    struct asg_launch *launch)
{
    const struct asg_launch_configuration *from =
        asg_configuration_find(core, config->launch_configuration);
    assert(from != NULL); /* none that a group launches from is deleted */
    assert(launch->fleet == NULL);
    launch->template_id = "";
    launch->template_version = "";
    if (launch->instance_type[0] == '\0') {
        launch->instance_type = asg_launch_parameter_find(
            from->parameters, from->parameter_count, "InstanceType");
    }
    launch->user_data_sha256 = from->user_data_sha256;
    add_parameters(core, config, from, launch);
}

/* Those of the group that go with its instances. */
static void add_tags(struct asg_core *core, const struct asg_group_config *config,
                     struct asg_launch *launch)
{
    struct asg_tag *tags = asg_arena_take(&core->step->effects->arena,
                                          (config->tag_count + 1) * sizeof *tags);
    size_t count = 0;
    for (size_t i = 0; i < config->tag_count; i++) {
        if (!config->tags[i].stays) tags[count++] = config->tags[i];
    }
    assert(count <= config->tag_count);
    launch->tags = tags;
    launch->tag_count = count;
}

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
    whole.parameters = group->config.launch_parameters;
    whole.parameter_count = group->config.launch_parameter_count;
    add_tags(core, &group->config, &whole);
    if (group->config.launch_configuration[0] != '\0') {
        fill_from_configuration(core, &group->config, &whole);
    }
    struct asg_launch *copy = asg_arena_take(&job->arena, sizeof *copy);
    asg_model_copy(&asg_launch_schema, &whole, &job->arena, copy);
    job->plan.launch = copy;
    asg_plan_token(core, job);
}

void asg_plan_wait_for_pools(struct asg_core *core, struct group *group, const char *what)
{
    assert(core->step != NULL);
    group->launching.after_ms = core->now_ms + NO_POOL_MS;
    asg_hold(core, group, HOLD_LAUNCH,
             WHY_OF(NO_CAPACITY, .until_ms = group->launching.after_ms),
             "%s waits: no pool has capacity, trying again", what);
    asg_activity_end_waiting(core, group, 0, ASG_ACTIVITY_FAILED, "");
    asg_look_again(core, group->launching.after_ms);
}
