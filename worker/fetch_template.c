/* fetch_template - what a launch needs of its template: the user data, which gets the
 * line by which agents join, and the parameters, which EC2 wants said once more or
 * copied. */
#include <string.h>

#include "worker/join_user_data.h"
#include "worker/launch_parameters.h"
#include "worker/task.h"

bool asg_task_is_above_max(struct asg_task *task)
{
    const struct asg_launch *launch = task->job->launch;
    /* group_max 0 is a group that may have no instance at all. */
    if ((uint64_t)launch->based_on + launch->count <= launch->group_max) return false;
    const char *message =
        asg_arena_format(&task->arena,
                         "refused by the worker's interlock: %u instances and %u more "
                         "are above the group's maximum of %u",
                         launch->based_on, launch->count, launch->group_max);
    asg_task_end(task, ASG_OUTCOME_BAD_REQUEST, "OpenasgAboveMax", message);
    return true;
}

bool asg_task_join(struct asg_task *task, const char *template_user_data,
                   const char **ret)
{
    const char *stanza = task->message.join_stanza;
    *ret = NULL;
    if (stanza == NULL || stanza[0] == '\0') return true;
    struct asg_error error = {""};
    enum asg_status status =
        asg_user_data_join(template_user_data, stanza, &task->arena, ret, &error);
    if (status == ASG_OK) return true;
    asg_task_end(task, ASG_OUTCOME_BAD_REQUEST, "OpenasgUserData", error.text);
    return false;
}

struct asg_user_data_entry asg_task_keep_template(
    struct asg_task *task, const char *template_id, const char *template_name,
    const char *version, const struct asg_ec2_template_version *shown)
{
    struct asg_error ignored = {""}; /* who needs them all asks again and says it */
    const char *parameters = NULL;
    if (asg_write_parameters(shown, &task->arena, &parameters, &ignored) != ASG_OK) {
        parameters = NULL;
    }
    /* The cache's entries own their texts; this one only shows them. */
    struct asg_user_data_entry entry = {
        .text = (char *)(uintptr_t)shown->user_data,
        .interfaces = (char *)(uintptr_t)asg_write_interfaces(shown, &task->arena),
        .parameters = (char *)(uintptr_t)parameters,
    };
    asg_user_data_put(&task->worker->user_data, template_id, template_name, version,
                      &entry, asg_worker_now_ms(task->worker));
    return entry;
}

static void fetch_again(struct asg_task *task)
{
    asg_fetch_template(task, task->with_template);
}

static void end_unknown_parameter(struct asg_task *task,
                                  const struct asg_ec2_template_version *shown)
{
    struct asg_error error = {""};
    const char *ignored = NULL;
    (void)!asg_write_parameters(shown, &task->arena, &ignored, &error);
    asg_task_end(task, ASG_OUTCOME_BAD_REQUEST, "OpenasgTemplate", error.text);
}

static void on_template(void *context, const struct asg_ec2_outcome *outcome,
                        const void *reply)
{
    struct asg_task *task = context;
    const struct asg_launch *launch = task->job->launch;
    asg_task_count(task, outcome);
    if (outcome->class == ASG_ERROR_CLASS_NOT_FOUND &&
        asg_task_wait_for_it(task, fetch_again)) {
        return;
    }
    if (outcome->class != ASG_ERROR_CLASS_NONE) {
        /* Nothing was launched, so no doubt about that. */
        struct asg_ec2_outcome definite = *outcome;
        definite.is_ambiguous = false;
        asg_task_end_with(task, &definite);
        return;
    }
    const struct asg_ec2_template_versions *versions = reply;
    if (versions->count != 1) {
        asg_task_end(task, ASG_OUTCOME_NOT_FOUND, "OpenasgNoTemplateVersion",
                     "EC2 shows no such version of the launch template");
        return;
    }
    const struct asg_ec2_template_version *shown = &versions->versions[0];
    const struct asg_user_data_entry entry =
        asg_task_keep_template(task, launch->template_id, launch->template_name,
                               launch->template_version, shown);
    if (entry.parameters == NULL && task->job->kind == ASG_JOB_FLEET) {
        end_unknown_parameter(task, shown);
        return;
    }
    task->with_template(task, &entry);
}

void asg_fetch_template(struct asg_task *task,
                        void (*next)(struct asg_task *task,
                                     const struct asg_user_data_entry *template))
{
    const struct asg_launch *launch = task->job->launch;
    task->with_template = next;
    const struct asg_user_data_entry *known = asg_user_data_find(
        &task->worker->user_data, launch->template_id, launch->template_name,
        launch->template_version, asg_worker_now_ms(task->worker));
    bool is_enough =
        known != NULL && (task->job->kind != ASG_JOB_FLEET || known->parameters != NULL);
    if (is_enough) {
        next(task, known);
        return;
    }
    asg_ec2_write_describe_launch_template_versions(
        &(struct asg_ec2_describe_launch_template_versions){
            .template_id = launch->template_id,
            .template_name = launch->template_name,
            .version = launch->template_version},
        &task->worker->body);
    asg_task_call(task, &asg_ec2_describe_launch_template_versions_action,
                  /* is_launch */ false, on_template);
}
