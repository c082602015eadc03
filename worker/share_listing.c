/* share_listing - whole listings asked for at the same time are one chain of calls.
 *
 * A listing that comes while another is under way waits, as what that one has read may
 * be older than the question; when it is over, one listing answers all that waited. So
 * there are never more than one under way, and nobody gets an answer from before his
 * question.
 */
#include "model/copy.h"
#include "model/schemas.h"
#include "worker/task.h"

bool asg_listing_begin(struct asg_task *task, void (*begin)(struct asg_task *task))
{
    struct asg_listing *listing = &task->worker->listing;
    listing->begin = begin;
    if (listing->leader == NULL) {
        listing->leader = task;
        return true;
    }
    task->is_begun = true; /* it is not handed back: its calls are being made */
    task->listing_next = NULL;
    struct asg_task **end = &listing->waiting;
    while (*end != NULL) {
        end = &(*end)->listing_next;
    }
    *end = task;
    return false;
}

/* The leader's result as the follower's. */
static void answer_follower(struct asg_task *task, const struct asg_task *leader)
{
    const struct asg_result *known = &leader->result;
    struct asg_result copy;
    asg_model_copy(&asg_result_schema, known, &task->arena, &copy);
    task->result.instances = copy.instances;
    task->result.instance_count = copy.instance_count;
    task->result.request_id = copy.request_id;
    task->result.http_status = copy.http_status;
    asg_task_end(task, copy.outcome, copy.error_code, copy.message);
}

void asg_listing_end(struct asg_task *task)
{
    struct asg_listing *listing = &task->worker->listing;
    if (listing->leader != task) return;
    struct asg_task *follower = listing->followers;
    while (follower != NULL) {
        struct asg_task *next = follower->listing_next;
        answer_follower(follower, task);
        follower = next;
    }
    listing->leader = listing->waiting;
    listing->followers = NULL;
    listing->waiting = NULL;
    if (listing->leader == NULL) return;
    listing->followers = listing->leader->listing_next;
    listing->begin(listing->leader);
}
