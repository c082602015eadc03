/* job_launch - start instances: the template's user data with the join line added, then
 * RunInstances under the job's client token. Without a template (a launch configuration)
 * all stands in the job's parameters, and the user data comes along with it.
 *
 * One subnet a call, the template's version as a number, tags in the launch itself
 * (docs/rules.md, "Client tokens"). The same job sent twice makes the same request byte
 * for byte.
 */
#include <inttypes.h>
#include <string.h>

#include "worker/launch_parameters.h"
#include "worker/task.h"

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
            asg_settle_launch(task, asg_task_end, ASG_OUTCOME_AMBIGUOUS,
                              "OpenasgEmptyAnswer",
                              "EC2 accepted the launch and returned no instance");
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
        asg_settle_launch(task, asg_task_end, asg_outcome_of(ASG_JOB_LAUNCH, outcome),
                          outcome->code, outcome->message);
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
        .client_token = job->client_token,
        .user_data = user_data,
        .is_dry_run = job->is_dry_run,
    };
    params.tags = asg_task_tags(task, &params.tag_count);
    asg_add_launch_parameters(launch, interfaces, &task->arena, &params);
    asg_ec2_write_run_instances(&params, &task->worker->body);
    asg_task_call(task, &asg_ec2_run_instances_action, /* is_launch */ true, on_launched);
}

static void on_template(struct asg_task *task, const struct asg_user_data_entry *template)
{
    const char *user_data = NULL;
    if (!asg_task_join(task, template->text, &user_data)) return;
    run_instances(task, user_data, template->interfaces);
}

static void launch_plain(struct asg_task *task)
{
    const char *attached = NULL;
    const char *user_data = NULL;
    if (!asg_task_attached(task, task->job->launch->user_data_sha256, &attached)) return;
    if (!asg_task_join(task, attached, &user_data)) return;
    /* Without the line to join: as it is. */
    run_instances(task, user_data != NULL ? user_data : attached, "");
}

void asg_run_launch(struct asg_task *task)
{
    if (asg_task_is_above_max(task)) return;
    if (asg_launch_is_plain(task->job->launch)) {
        launch_plain(task);
    } else {
        asg_fetch_template(task, on_template);
    }
}
