/* settle_launch - a launch whose answer does not say what happened is looked up by its
 * client token before it is told as unknown (docs/rules.md, "A launch whose answer was
 * lost"); a fleet by its tags, for EC2 gives its instances tokens of their own.
 *
 * What is found so was launched by this attempt, so that is its answer when
 * it is all that was asked for. Less, or nothing, proves nothing: EC2's lists lag behind
 * its deeds.
 */
#include <string.h>

#include "worker/task.h"

/* What the launch itself came to, and how its job ends; texts in the task's arena. */
struct doubt {
    asg_task_end_fn *end;
    enum asg_outcome outcome;
    const char *code;
    const char *message;
};

static bool is_fleet(const struct asg_task *task)
{
    return task->job->kind == ASG_JOB_FLEET;
}

/* An EC2 that does not know the filter shows others as well. */
static bool is_of_attempt(struct asg_task *task, const struct asg_ec2_instance *instance)
{
    if (!is_fleet(task)) {
        return strcmp(instance->client_token, task->job->client_token) == 0;
    }
    size_t count = 0;
    const struct asg_ec2_tag *tags = asg_task_own_tags(task, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(asg_ec2_instance_tag(instance, tags[i].key), tags[i].value) != 0) {
            return false;
        }
    }
    return true;
}

static void on_found(void *context, const struct asg_ec2_outcome *outcome,
                     const void *reply)
{
    struct asg_task *task = context;
    const struct doubt *doubt = task->doubt;
    asg_task_count(task, outcome);
    const struct asg_ec2_instances *found = reply;
    for (size_t i = 0; outcome->class == ASG_ERROR_CLASS_NONE && i < found->count; i++) {
        if (!is_of_attempt(task, &found->instances[i])) continue;
        asg_task_add_seen(task, &found->instances[i]);
    }
    /* Some of a launch may be seen before the rest of it: to take those for all would
     * free the others' places. The token's own answer settles it. */
    size_t wanted =
        doubt->outcome == ASG_OUTCOME_AMBIGUOUS ? task->job->launch->count : 1;
    if (task->result.instance_count >= wanted) {
        doubt->end(task, ASG_OUTCOME_OK, doubt->code,
                   "found by its client token or tags: the launch had happened");
        return;
    }
    task->result.instance_count = 0;
    doubt->end(task, doubt->outcome, doubt->code, doubt->message);
}

bool asg_launch_settles(const struct asg_ec2_outcome *outcome)
{
    return !outcome->is_ambiguous &&
           strcmp(outcome->code, "IdempotentParameterMismatch") != 0;
}

void asg_settle_launch(struct asg_task *task, asg_task_end_fn *end,
                       enum asg_outcome outcome, const char *code, const char *message)
{
    struct doubt *doubt = asg_arena_take(&task->arena, sizeof *doubt);
    *doubt = (struct doubt){.end = end,
                            .outcome = outcome,
                            .code = asg_arena_text(&task->arena, code),
                            .message = asg_arena_text(&task->arena, message)};
    task->doubt = doubt;
    const char *const token[] = {task->job->client_token};
    const struct asg_ec2_filter by_token = {"client-token", token, 1};
    struct asg_ec2_filter by_tags[ASG_OWN_TAGS];
    size_t count = 0;
    const struct asg_ec2_tag *tags = asg_task_own_tags(task, &count);
    for (size_t i = 0; i < count; i++) {
        by_tags[i] = (struct asg_ec2_filter){
            asg_arena_format(&task->arena, "tag:%s", tags[i].key), &tags[i].value, 1};
    }
    asg_ec2_write_describe_instances(
        &(struct asg_ec2_describe_instances){.filters =
                                                 is_fleet(task) ? by_tags : &by_token,
                                             .filter_count = is_fleet(task) ? count : 1,
                                             .max_results = ASG_EC2_PAGE_INSTANCES},
        &task->worker->body);
    asg_task_call(task, &asg_ec2_describe_instances_action, /* is_launch */ false,
                  on_found);
}
