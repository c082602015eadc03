/* run_job - a job begins: whether it is whole and in time, and who runs its kind. */
#include "model/launch_fields.h"
#include "worker/task.h"

static bool has(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool is_whole_fleet(const struct asg_launch *launch)
{
    return launch->fleet != NULL &&
           (uint64_t)launch->fleet->on_demand + launch->fleet->spot == launch->count;
}

/* A template, or without one at least an image. */
static bool is_from_something(const struct asg_job *job)
{
    const struct asg_launch *launch = job->launch;
    if (!asg_launch_is_plain(launch)) return true;
    return job->kind == ASG_JOB_LAUNCH &&
           has(asg_launch_parameter_find(launch->parameters, launch->parameter_count,
                                         "ImageId"));
}

/* The part that the job's kind needs is there. */
static bool is_whole(const struct asg_job *job)
{
    switch (job->kind) {
    case ASG_JOB_LAUNCH:
    case ASG_JOB_FLEET:
        return job->launch != NULL && job->launch->count > 0 && is_from_something(job) &&
               has(job->client_token) &&
               (job->kind == ASG_JOB_LAUNCH || is_whole_fleet(job->launch));
    case ASG_JOB_TERMINATE:
        return job->terminate != NULL && job->terminate->instance_ids.count > 0 &&
               job->terminate->instance_ids.count <= ASG_JOB_INSTANCES_MAX;
    case ASG_JOB_DESCRIBE: return true;
    case ASG_JOB_TAG:
    case ASG_JOB_UNTAG:
        return job->tagging != NULL && job->tagging->instance_ids.count > 0;
    case ASG_JOB_TEMPLATE:
        return job->template_config != NULL && has(job->template_config->name);
    case ASG_JOB_RESOLVE_TEMPLATE:
        return has(job->template_id) || has(job->template_name);
    default: return false;
    }
}

void asg_task_run(struct asg_task *task)
{
    const struct asg_job *job = task->job;
    if (!is_whole(job)) {
        asg_task_end(task, ASG_OUTCOME_BAD_REQUEST, "OpenasgIncompleteJob",
                     "the job lacks what its kind needs: controller and worker differ in "
                     "version, or there is a fault in openasg");
        return;
    }
    if (task->deadline_ms <= asg_worker_now_ms(task->worker)) {
        asg_task_end(task, ASG_OUTCOME_EXPIRED, "OpenasgExpired",
                     "past its deadline when the worker got it: not executed");
        return;
    }
    switch (job->kind) {
    case ASG_JOB_LAUNCH: asg_run_launch(task); return;
    case ASG_JOB_FLEET: asg_run_fleet(task); return;
    case ASG_JOB_TERMINATE: asg_run_terminate(task); return;
    case ASG_JOB_DESCRIBE: asg_run_describe(task); return;
    case ASG_JOB_TAG: asg_run_tag(task); return;
    case ASG_JOB_UNTAG: asg_run_untag(task); return;
    case ASG_JOB_TEMPLATE: asg_run_template(task); return;
    case ASG_JOB_RESOLVE_TEMPLATE: asg_run_resolve_template(task); return;
    default: return; /* refused above */
    }
}
