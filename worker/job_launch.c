/* job_launch - start instances: the template's user data with the join line added, then
 * RunInstances under the job's client token.
 *
 * One subnet a call, the template's version as a number, tags in the launch itself
 * (reliability.md 1.1). The same job sent twice makes the same request byte for byte.
 */
#include <inttypes.h>
#include <string.h>

#include "worker/join_user_data.h"
#include "worker/launch_parameters.h"
#include "worker/task.h"
#include "base/mutant.h"

struct asg_ec2_tag *asg_task_tags(struct asg_task *task, size_t *ret_count)
{
    const struct asg_job *job = task->job;
    size_t own = job->launch != NULL ? job->launch->tag_count : 0;
    struct asg_ec2_tag *tags = asg_arena_take(&task->arena, (own + 4) * sizeof *tags);
    size_t count = 0;
    for (size_t i = 0; i < own; i++) {
        /* Ours come below and must not be there twice. */
        if (strncmp(job->launch->tags[i].key, "openasg:", 8) == 0) continue;
        tags[count++] =
            (struct asg_ec2_tag){job->launch->tags[i].key, job->launch->tags[i].value};
    }
    tags[count++] = (struct asg_ec2_tag){"openasg:cluster", task->message.cluster_id};
    tags[count++] = (struct asg_ec2_tag){"openasg:group", job->group};
    tags[count++] = (struct asg_ec2_tag){
        "openasg:job", asg_arena_format(&task->arena, "%" PRIu64, job->id)};
    tags[count++] = (struct asg_ec2_tag){
        "openasg:attempt", asg_arena_format(&task->arena, "%" PRIu32, job->attempt)};
    *ret_count = count;
    return tags;
}

static void launch_again(struct asg_task *task)
{
    asg_run_launch(task);
}

static void on_launched(void *context, const struct asg_ec2_outcome *outcome,
                        const void *reply)
{
    struct asg_task *task = context;
    asg_task_count(task, outcome);
    if (outcome->class == ASG_ERROR_CLASS_NONE) {
        const struct asg_ec2_instances *started = reply;
        for (size_t i = 0; i < started->count; i++) {
            asg_task_add_seen(task, &started->instances[i]);
        }
        if (started->count == 0) {
            /* An answer without instances answers nothing. */
            asg_settle_launch(task, ASG_OUTCOME_AMBIGUOUS, "OpenasgEmptyAnswer",
                              "EC2 accepted the launch and named no instance");
            return;
        }
    }
    if (outcome->class == ASG_ERROR_CLASS_NOT_FOUND && !outcome->is_ambiguous &&
        asg_task_wait_for_it(task, launch_again)) {
        return;
    }
    if (asg_launch_settles(outcome)) {
        asg_task_end_with(task, outcome);
    } else {
        asg_settle_launch(task, asg_outcome_of(ASG_JOB_LAUNCH, outcome), outcome->code,
                          outcome->message);
    }
}

/* `user_data` NULL: the template's as it is. `interfaces`: the template's. */
static void run_instances(struct asg_task *task, const char *user_data,
                          const char *interfaces)
{
    const struct asg_job *job = task->job;
    const struct asg_launch *launch = job->launch;
    struct asg_ec2_run_instances params = {
        .template_id = launch->template_id,
        .template_name = launch->template_name,
        .template_version = launch->template_version,
        .instance_type = launch->instance_type,
        .subnet_id = launch->subnet_id,
        .zone = launch->zone,
        .min_count = 1, /* what there is room for; core plans the rest elsewhere */
        .max_count = launch->count,
        .client_token =
            ASG_MUTANT(TOKEN_CHANGES_ON_RETRY)
                ? asg_arena_format(&task->arena, "%s%u", job->client_token,
                                   task->result.deliveries + task->result.calls)
                : job->client_token,
        .user_data = user_data,
        .is_dry_run = job->is_dry_run,
    };
    params.tags = asg_task_tags(task, &params.tag_count);
    asg_add_launch_parameters(launch, interfaces, &task->arena, &params);
    asg_ec2_write_run_instances(&params, &task->worker->body);
    asg_task_call(task, &asg_ec2_run_instances_action, /* is_launch */ true, on_launched);
}

static void join_and_run(struct asg_task *task, const char *template_user_data,
                         const char *interfaces)
{
    const char *stanza = task->message.join_stanza;
    if (stanza == NULL || stanza[0] == '\0') {
        run_instances(task, NULL, interfaces);
        return;
    }
    struct asg_error error = {""};
    const char *user_data = NULL;
    enum asg_status status =
        asg_user_data_join(template_user_data, stanza, &task->arena, &user_data, &error);
    if (status != ASG_OK) {
        asg_task_end(task, ASG_OUTCOME_BAD_REQUEST, "OpenasgUserData", error.text);
        return;
    }
    run_instances(task, user_data, interfaces);
}

static void on_template(void *context, const struct asg_ec2_outcome *outcome,
                        const void *reply)
{
    struct asg_task *task = context;
    const struct asg_launch *launch = task->job->launch;
    asg_task_count(task, outcome);
    if (outcome->class == ASG_ERROR_CLASS_NOT_FOUND &&
        asg_task_wait_for_it(task, launch_again)) {
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
    const char *user_data = versions->versions[0].user_data;
    const char *interfaces = asg_write_interfaces(&versions->versions[0], &task->arena);
    asg_user_data_put(&task->worker->user_data, launch->template_id,
                      launch->template_name, launch->template_version, user_data,
                      interfaces, asg_worker_now_ms(task->worker));
    join_and_run(task, user_data, interfaces);
}

/* The template's user data gets the agent's line, its network interfaces the subnet. */
static void fetch_template(struct asg_task *task)
{
    const struct asg_launch *launch = task->job->launch;
    const struct asg_user_data_entry *known = asg_user_data_find(
        &task->worker->user_data, launch->template_id, launch->template_name,
        launch->template_version, asg_worker_now_ms(task->worker));
    if (known != NULL) {
        join_and_run(task, known->text, known->interfaces);
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

void asg_run_launch(struct asg_task *task)
{
    const struct asg_launch *launch = task->job->launch;
    /* The clamp of reliability.md 4.8, once more at the last door: group_max 0 is a
     * group that may have no instance at all. */
    if ((uint64_t)launch->based_on + launch->count > launch->group_max) {
        const char *message = asg_arena_format(
            &task->arena,
            "refused by the worker's interlock: %u instances and %u more "
            "are above the group's maximum of %u",
            launch->based_on, launch->count, launch->group_max);
        asg_task_end(task, ASG_OUTCOME_BAD_REQUEST, "OpenasgAboveMax", message);
        return;
    }
    fetch_template(task);
}
