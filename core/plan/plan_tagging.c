#include "core/plan/plan_tagging.h"

#include <assert.h>

#include "core/step/narrate.h"
#include "core/world/state.h"
#include "model/copy.h"
#include "model/schemas.h"

static struct job *plan(struct asg_core *core, struct group *group,
                        enum asg_job_kind kind, const struct asg_tagging *tagging)
{
    assert(core->step != NULL && tagging->instance_ids.count == 1);
    struct job *job = asg_job_add(core, kind, group);
    job->plan.deadline_ms = core->now_ms + TAG_LIMIT_MS;
    struct asg_tagging *copy = asg_arena_take(&job->arena, sizeof *copy);
    asg_model_copy(&asg_tagging_schema, tagging, &job->arena, copy);
    job->plan.tagging = copy;
    (void)asg_emit_job(core, job);
    return job;
}

struct job *asg_plan_tag(struct asg_core *core, struct group *group, const char *id)
{
    const struct asg_group_config *config = &group->config;
    struct asg_tag *tags =
        asg_arena_take(&core->step->effects->arena, config->tag_count * sizeof *tags);
    size_t count = 0;
    for (size_t i = 0; i < config->tag_count; i++) {
        if (!config->tags[i].stays) tags[count++] = config->tags[i];
    }
    assert(count <= config->tag_count);
    const struct asg_tagging tagging = {
        .instance_ids = {.items = &id, .count = 1}, .tags = tags, .tag_count = count};
    return plan(core, group, ASG_JOB_TAG, &tagging);
}

void asg_plan_untag(struct asg_core *core, struct group *group, const char *id)
{
    assert(id[0] != '\0');
    const struct asg_tagging tagging = {.instance_ids = {.items = &id, .count = 1}};
    (void)plan(core, group, ASG_JOB_UNTAG, &tagging);
}
