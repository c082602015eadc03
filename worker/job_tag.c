/* job_tag - our tags, and those of the group, on instances that join it (adopted or
 * attached), and ours taken from instances that a group lets go.
 *
 * One id that EC2 does not know has the whole call refused. A new instance may not be
 * known yet, so a tag waits for it; of those let go one may have ended meanwhile, so each
 * is then untagged by itself.
 */
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

/* ---- untag ---- */

struct untag_state {
    bool is_one_by_one;
    size_t next; /* of the ids */
};

static void untag(struct asg_task *task);

static void on_untagged(void *context, const struct asg_ec2_outcome *outcome,
                        const void *reply)
{
    (void)reply;
    struct asg_task *task = context;
    struct untag_state *state = task->state;
    size_t count = task->job->tagging->instance_ids.count;
    bool is_unknown = outcome->class == ASG_ERROR_CLASS_NOT_FOUND;
    asg_task_count(task, outcome);
    if (outcome->class != ASG_ERROR_CLASS_NONE && !is_unknown) {
        asg_task_end_with(task, outcome);
    } else if (is_unknown && !state->is_one_by_one && count > 1) {
        state->is_one_by_one = true;
        untag(task);
    } else if (state->is_one_by_one && ++state->next < count) {
        untag(task);
    } else {
        asg_task_end(task, ASG_OUTCOME_OK, "", ""); /* what is gone has no tags */
    }
}

/* All of them, or the next one. */
static void untag(struct asg_task *task)
{
    const struct untag_state *state = task->state;
    const struct asg_texts *ids = &task->job->tagging->instance_ids;
    struct asg_ec2_create_tags params = {.resource_ids = ids->items + state->next,
                                         .resource_id_count =
                                             state->is_one_by_one ? 1 : ids->count,
                                         .is_dry_run = task->job->is_dry_run};
    params.tags = asg_task_own_tags(task, &params.tag_count);
    asg_ec2_write_delete_tags(&params, &task->worker->body);
    asg_task_call(task, &asg_ec2_delete_tags_action, /* is_launch */ false, on_untagged);
}

void asg_run_untag(struct asg_task *task)
{
    task->state = asg_arena_take(&task->arena, sizeof(struct untag_state));
    untag(task);
}
