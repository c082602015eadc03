/* job_tag - put our tags, and those of the group, on instances that lack them (an
 * adopted one). */
#include "worker/task.h"

static void tag_again(struct asg_task *task)
{
    asg_run_tag(task);
}

static void on_tagged(void *context, const struct asg_ec2_outcome *outcome,
                      const void *reply)
{
    (void)reply;
    struct asg_task *task = context;
    asg_task_count(task, outcome);
    bool may_pass = outcome->class == ASG_ERROR_CLASS_NOT_FOUND ||
                    outcome->class == ASG_ERROR_CLASS_STATE_CONFLICT;
    if (may_pass && asg_task_wait_for_it(task, tag_again)) return;
    asg_task_end_with(task, outcome);
}

void asg_run_tag(struct asg_task *task)
{
    const struct asg_texts *ids = &task->job->tagging->instance_ids;
    struct asg_ec2_create_tags params = {.resource_ids = ids->items,
                                         .resource_id_count = ids->count,
                                         .is_dry_run = task->job->is_dry_run};
    params.tags = asg_task_tags(task, &params.tag_count);
    asg_ec2_write_create_tags(&params, &task->worker->body);
    asg_task_call(task, &asg_ec2_create_tags_action, /* is_launch */ false, on_tagged);
}
