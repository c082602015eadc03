/* job_template - make a launch template or a version of it; turn a template's name,
 * "$Latest" or "$Default" into id and number. */
#include <inttypes.h>
#include <string.h>

#include "worker/launch_parameters.h"
#include "worker/task.h"

static void create_version(struct asg_task *task);

struct template_state {
    const char *user_data; /* base64; "": none */
};

static void keep_template(struct asg_task *task, const char *id, const char *name,
                          uint64_t version, const char *type)
{
    struct asg_result *result = &task->result;
    result->template_id = asg_arena_text(&task->arena, id);
    result->template_name = asg_arena_text(&task->arena, name);
    result->template_version = asg_arena_format(&task->arena, "%" PRIu64, version);
    result->template_type = asg_arena_text(&task->arena, type);
}

static void on_created(void *context, const struct asg_ec2_outcome *outcome,
                       const void *reply)
{
    struct asg_task *task = context;
    asg_task_count(task, outcome);
    if (strcmp(outcome->code, "InvalidLaunchTemplateName.AlreadyExistsException") == 0) {
        /* EC2 has one of that name that we did not know of: give it a new version. */
        create_version(task);
        return;
    }
    const struct asg_ec2_launch_templates *made = reply;
    if (outcome->class == ASG_ERROR_CLASS_NONE && made->count == 1) {
        keep_template(task, made->templates[0].template_id,
                      made->templates[0].template_name, made->templates[0].latest_version,
                      task->job->template_config->instance_type);
    }
    asg_task_end_with(task, outcome);
}

static void on_version(void *context, const struct asg_ec2_outcome *outcome,
                       const void *reply)
{
    struct asg_task *task = context;
    asg_task_count(task, outcome);
    const struct asg_ec2_template_versions *made = reply;
    if (outcome->class == ASG_ERROR_CLASS_NONE && made->count == 1) {
        keep_template(task, made->versions[0].template_id,
                      made->versions[0].template_name, made->versions[0].version,
                      task->job->template_config->instance_type);
    }
    asg_task_end_with(task, outcome);
}

static struct asg_ec2_create_launch_template make_params(struct asg_task *task)
{
    const struct asg_job *job = task->job;
    const struct asg_template_config *config = job->template_config;
    const struct template_state *state = task->state;
    struct asg_ec2_create_launch_template params = {
        .template_name = config->name,
        .template_id = job->template_id,
        .client_token = job->client_token,
        .data = {.image_id = config->image_id,
                 .instance_type = config->instance_type,
                 .key_name = config->key_name,
                 .instance_profile = config->instance_profile,
                 .security_group_ids = config->security_group_ids.items,
                 .security_group_id_count = config->security_group_ids.count,
                 .user_data = state->user_data},
        .is_dry_run = job->is_dry_run,
    };
    struct asg_ec2_tag *tags =
        asg_arena_take(&task->arena, (config->tag_count + 1) * sizeof *tags);
    for (size_t i = 0; i < config->tag_count; i++) {
        tags[i] = (struct asg_ec2_tag){config->tags[i].key, config->tags[i].value};
    }
    params.tags = tags; /* of the template itself; a further version leaves them */
    params.tag_count = config->tag_count;
    params.data.parameters =
        asg_ec2_parameters_of(config->parameters, config->parameter_count, &task->arena);
    params.data.parameter_count = config->parameter_count;
    return params;
}

static void create_version(struct asg_task *task)
{
    struct asg_ec2_create_launch_template params = make_params(task);
    asg_ec2_write_create_launch_template_version(&params, &task->worker->body);
    asg_task_call(task, &asg_ec2_create_launch_template_version_action,
                  /* is_launch */ false, on_version);
}

void asg_run_template(struct asg_task *task)
{
    struct template_state *state = asg_arena_take(&task->arena, sizeof *state);
    task->state = state;
    if (!asg_task_attached(task, task->job->template_config->user_data_sha256,
                           &state->user_data)) {
        return;
    }
    if (task->job->template_id != NULL && task->job->template_id[0] != '\0') {
        create_version(task);
        return;
    }
    struct asg_ec2_create_launch_template params = make_params(task);
    asg_ec2_write_create_launch_template(&params, &task->worker->body);
    asg_task_call(task, &asg_ec2_create_launch_template_action, /* is_launch */ false,
                  on_created);
}

static void resolve_again(struct asg_task *task)
{
    asg_run_resolve_template(task);
}

static void on_resolved(void *context, const struct asg_ec2_outcome *outcome,
                        const void *reply)
{
    struct asg_task *task = context;
    asg_task_count(task, outcome);
    const struct asg_ec2_template_versions *found = reply;
    if (outcome->class == ASG_ERROR_CLASS_NOT_FOUND &&
        asg_task_wait_for_it(task, resolve_again)) {
        return;
    }
    if (outcome->class != ASG_ERROR_CLASS_NONE) {
        asg_task_end_with(task, outcome);
        return;
    }
    if (found->count != 1) {
        asg_task_end(task, ASG_OUTCOME_NOT_FOUND, "OpenasgNoTemplateVersion",
                     "EC2 shows no such version of the launch template");
        return;
    }
    const struct asg_ec2_template_version *version = &found->versions[0];
    keep_template(task, version->template_id, version->template_name, version->version,
                  version->instance_type);
    /* The launches that follow will want its user data. */
    (void)asg_task_keep_template(task, version->template_id, version->template_name,
                                 task->result.template_version, version);
    asg_task_end_with(task, outcome);
}

void asg_run_resolve_template(struct asg_task *task)
{
    const struct asg_job *job = task->job;
    bool has_version = job->template_version != NULL && job->template_version[0] != '\0';
    asg_ec2_write_describe_launch_template_versions(
        &(struct asg_ec2_describe_launch_template_versions){
            .template_id = job->template_id,
            .template_name = job->template_name,
            .version = has_version ? job->template_version : "$Default"},
        &task->worker->body);
    asg_task_call(task, &asg_ec2_describe_launch_template_versions_action,
                  /* is_launch */ false, on_resolved);
}
