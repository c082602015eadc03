/* settle_launch - a launch whose answer does not say what happened is looked up by its
 * client token before it is told as unknown (reliability.md 1.6).
 *
 * What is found under the token was launched by this attempt, so that is its answer when
 * it is all that was asked for. Less, or nothing, proves nothing: EC2's lists lag behind
 * its deeds.
 */
#include <string.h>

#include "worker/task.h"

/* What the launch itself came to; texts in the task's arena. */
struct doubt {
    enum asg_outcome outcome;
    const char *code;
    const char *message;
};

static void on_found(void *context, const struct asg_ec2_outcome *outcome,
                     const void *reply)
{
    struct asg_task *task = context;
    const struct doubt *doubt = task->doubt;
    asg_task_count(task, outcome);
    const struct asg_ec2_instances *found = reply;
    for (size_t i = 0; outcome->class == ASG_ERROR_CLASS_NONE && i < found->count; i++) {
        /* An EC2 that does not know the filter shows others as well. */
        if (strcmp(found->instances[i].client_token, task->job->client_token) != 0) {
            continue;
        }
        asg_task_add_seen(task, &found->instances[i]);
    }
    /* Some of a launch may be seen before the rest of it: to take those for all would
     * free the others' places. The token's own answer settles it. */
    size_t wanted =
        doubt->outcome == ASG_OUTCOME_AMBIGUOUS ? task->job->launch->count : 1;
    if (task->result.instance_count >= wanted) {
        asg_task_end(task, ASG_OUTCOME_OK, doubt->code,
                     "found by its client token: the launch had happened");
        return;
    }
    task->result.instance_count = 0;
    asg_task_end(task, doubt->outcome, doubt->code, doubt->message);
}

bool asg_launch_settles(const struct asg_ec2_outcome *outcome)
{
    return !outcome->is_ambiguous &&
           strcmp(outcome->code, "IdempotentParameterMismatch") != 0;
}

void asg_settle_launch(struct asg_task *task, enum asg_outcome outcome, const char *code,
                       const char *message)
{
    struct doubt *doubt = asg_arena_take(&task->arena, sizeof *doubt);
    *doubt = (struct doubt){.outcome = outcome,
                            .code = asg_arena_text(&task->arena, code),
                            .message = asg_arena_text(&task->arena, message)};
    task->doubt = doubt;
    const char *const token[] = {task->job->client_token};
    const struct asg_ec2_filter filter = {"client-token", token, 1};
    asg_ec2_write_describe_instances(
        &(struct asg_ec2_describe_instances){
            .filters = &filter, .filter_count = 1, .max_results = ASG_EC2_PAGE_INSTANCES},
        &task->worker->body);
    asg_task_call(task, &asg_ec2_describe_instances_action, /* is_launch */ false,
                  on_found);
}
