/* job_tags - the tags of what a job launches, or attaches. */
#include <inttypes.h>
#include <string.h>

#include "worker/task.h"

struct asg_ec2_tag *asg_task_own_tags(struct asg_task *task, size_t *ret_count)
{
    const struct asg_job *job = task->job;
    struct asg_ec2_tag *tags = asg_arena_take(&task->arena, ASG_OWN_TAGS * sizeof *tags);
    tags[0] = (struct asg_ec2_tag){"openasg:cluster", task->message.cluster_id};
    tags[1] = (struct asg_ec2_tag){"openasg:group", job->group};
    tags[2] = (struct asg_ec2_tag){"openasg:job",
                                   asg_arena_format(&task->arena, "%" PRIu64, job->id)};
    tags[3] = (struct asg_ec2_tag){
        "openasg:attempt", asg_arena_format(&task->arena, "%" PRIu32, job->attempt)};
    tags[4] = (struct asg_ec2_tag){
        "openasg:incarnation",
        asg_arena_format(&task->arena, "%" PRIu64, job->incarnation)};
    *ret_count = ASG_OWN_TAGS;
    return tags;
}

struct asg_ec2_tag *asg_task_tags(struct asg_task *task, size_t *ret_count)
{
    const struct asg_job *job = task->job;
    const struct asg_tag *of_group = job->launch != NULL ? job->launch->tags : NULL;
    size_t given = job->launch != NULL ? job->launch->tag_count : 0;
    if (job->tagging != NULL) {
        of_group = job->tagging->tags;
        given = job->tagging->tag_count;
    }
    struct asg_ec2_tag *tags =
        asg_arena_take(&task->arena, (given + ASG_OWN_TAGS) * sizeof *tags);
    size_t count = 0;
    for (size_t i = 0; i < given; i++) {
        /* Ours come below and must not be there twice. */
        if (strncmp(of_group[i].key, "openasg:", 8) == 0) continue;
        tags[count++] = (struct asg_ec2_tag){of_group[i].key, of_group[i].value};
    }
    size_t own_count = 0;
    const struct asg_ec2_tag *own = asg_task_own_tags(task, &own_count);
    memcpy(tags + count, own, own_count * sizeof *tags);
    *ret_count = count + own_count;
    return tags;
}
