#include "core/plan/plan_terminations.h"

#include <assert.h>
#include <string.h>

#include "core/world/counts.h"
#include "core/world/standing.h"
#include "core/world/states.h"
#include "core/world/stops.h"
#include "core/step/narrate.h"
#include "core/world/state.h"
#include "core/world/touched.h"

#define TERMINATE_BATCH 100

static bool needs_end_job(const struct asg_core *core, const struct instance *instance)
{
    return asg_state_traits(instance->state)->needs_end && instance->ending.job_id == 0 &&
           instance->id[0] != '\0' && asg_instance_is_alive(instance) &&
           asg_stop_of_end(core, instance->group, instance) == NULL;
}

/* From the first that needs one on: nobody before it does. */
static void plan_termination(struct asg_core *core, struct group *group, size_t first)
{
    assert(first < group->instance_count && needs_end_job(core, group->instances[first]));
    struct job *job = asg_job_add(core, ASG_JOB_TERMINATE, group);
    job->plan.deadline_ms = core->now_ms + END_LIMIT_MS;
    struct asg_terminate *terminate = asg_arena_take(&job->arena, sizeof *terminate);
    terminate->zone = asg_arena_text(&job->arena, group->instances[first]->zone);
    const char **ids = asg_arena_take(&job->arena, TERMINATE_BATCH * sizeof *ids);
    size_t count = 0;
    for (size_t i = first; i < group->instance_count && count < TERMINATE_BATCH; i++) {
        struct instance *instance = group->instances[i];
        if (!needs_end_job(core, instance) ||
            strcmp(instance->zone, terminate->zone) != 0) {
            continue;
        }
        assert(asg_instance_is_on_its_way_out(instance)); /* nobody else is ended */
        instance->ending.job_id = job->plan.id;
        ids[count++] = asg_arena_text(&job->arena, instance->id);
    }
    assert(count > 0 && count <= TERMINATE_BATCH);
    terminate->instance_ids = (struct asg_texts){.items = ids, .count = count};
    job->plan.terminate = terminate;
    (void)asg_emit_job(core, job);
    asg_narrate(core, ASG_DECISION_TERMINATE, group, "plan terminate x%zu in %s, job %s",
                count, terminate->zone[0] != '\0' ? terminate->zone : "an unknown zone",
                job->plan.name);
}

void asg_plan_terminations(struct asg_core *core, struct group *group)
{
    assert(core->step != NULL);
    if (asg_count_ending(group) == 0) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        if (needs_end_job(core, group->instances[i])) {
            plan_termination(core, group, i);
        }
    }
}

struct job *asg_plan_orphan_end(struct asg_core *core, struct orphan *const *orphans,
                                size_t count)
{
    assert(count > 0 && count <= TERMINATE_BATCH);
    struct job *job = asg_job_add(core, ASG_JOB_TERMINATE, NULL);
    job->plan.deadline_ms = core->now_ms + END_LIMIT_MS;
    struct asg_terminate *terminate = asg_arena_take(&job->arena, sizeof *terminate);
    const char **ids = asg_arena_take(&job->arena, count * sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        assert(orphans[i]->id[0] != '\0' && !orphans[i]->is_ending);
        ids[i] = asg_arena_text(&job->arena, orphans[i]->id);
        orphans[i]->is_ending = true;
        asg_touch_cluster(core);
    }
    assert(job->group_no == 0);
    terminate->zone = asg_arena_text(&job->arena, orphans[0]->zone);
    terminate->instance_ids = (struct asg_texts){.items = ids, .count = count};
    job->plan.terminate = terminate;
    (void)asg_emit_job(core, job);
    return job;
}
