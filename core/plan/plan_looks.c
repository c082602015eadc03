#include "core/plan/plan_looks.h"

#include <assert.h>

#include "core/world/standing.h"
#include "core/step/narrate.h"
#include "core/world/state.h"
#include "model/copy.h"
#include "model/schemas.h"

#define LOOK_LIMIT_MS    INT64_C(60000)
#define LISTING_MS       INT64_C(120000)
#define LISTING_START_MS INT64_C(10000)
#define LISTINGS_START   20
#define LOOK_MS_MIN      INT64_C(1000)
#define LOOK_MS_MAX      INT64_C(10000)
#define LOOK_IDS_MAX     200 /* values of one filter */

/* It takes a listing to end an orphan: one is due when its time is over, though EC2 is
 * listed more rarely. */
void asg_plan_listing_for_orphans(struct asg_core *core)
{
    assert(core->orphan_count <= ASG_ORPHANS_MAX);
    for (size_t i = 0; i < core->orphan_count; i++) {
        const struct orphan *orphan = &core->orphans[i];
        int64_t due_ms = orphan->first_ms + ORPHAN_WAIT_MS;
        bool is_sooner = due_ms > core->now_ms && due_ms < core->listing.next_ms;
        bool is_by_time = orphan->kind == ASG_ORPHAN_NO_GROUP && !orphan->is_ending;
        if (is_sooner && is_by_time) core->listing.next_ms = due_ms;
    }
}

static void plan_listing(struct asg_core *core)
{
    assert(core->listing.job_id == 0); /* one at a time */
    struct job *job = asg_job_add(core, ASG_JOB_DESCRIBE, NULL);
    job->plan.deadline_ms = core->now_ms + LOOK_LIMIT_MS;
    job->plan.describe = asg_arena_take(&job->arena, sizeof *job->plan.describe);
    core->listing.job_id = job->plan.id;
    core->listing.count++;
    int64_t pause_ms = core->listing.every_ms > 0 ? core->listing.every_ms : LISTING_MS;
    /* In its first minutes a leader looks more often. */
    if (core->listing.count < LISTINGS_START && pause_ms > LISTING_START_MS) {
        pause_ms = LISTING_START_MS;
    }
    core->listing.next_ms = core->now_ms + pause_ms;
    asg_plan_listing_for_orphans(core);
    (void)asg_emit_job(core, job);
}

static void plan_look(struct asg_core *core)
{
    assert(core->look.job_id == 0); /* one at a time */
    assert(core->changing_count <= core->group_count);
    const char *ids[LOOK_IDS_MAX];
    size_t count = 0;
    for (size_t g = 0; g < core->changing_count && count < LOOK_IDS_MAX; g++) {
        const struct group *group = core->changing[g];
        for (size_t i = 0; i < group->instance_count && count < LOOK_IDS_MAX; i++) {
            const struct instance *instance = group->instances[i];
            if (asg_instance_is_changing(instance) && instance->id[0] != '\0') {
                ids[count++] = instance->id;
            }
        }
    }
    if (count == 0) {
        core->look.next_ms = INT64_MAX;
        core->look.pause_ms = LOOK_MS_MIN;
        return;
    }
    struct job *job = asg_job_add(core, ASG_JOB_DESCRIBE, NULL);
    job->plan.deadline_ms = core->now_ms + LOOK_LIMIT_MS;
    assert(count <= LOOK_IDS_MAX);
    struct asg_describe describe = {{.items = ids, .count = count}};
    struct asg_describe *copy = asg_arena_take(&job->arena, sizeof *copy);
    asg_model_copy(&asg_describe_schema, &describe, &job->arena, copy);
    job->plan.describe = copy;
    core->look.job_id = job->plan.id;
    int64_t pause_ms =
        core->look.pause_ms < LOOK_MS_MIN ? LOOK_MS_MIN : core->look.pause_ms;
    assert(pause_ms >= LOOK_MS_MIN && pause_ms <= LOOK_MS_MAX);
    core->look.next_ms = core->now_ms + pause_ms;
    core->look.pause_ms = pause_ms * 3 / 2 > LOOK_MS_MAX ? LOOK_MS_MAX : pause_ms * 3 / 2;
    (void)asg_emit_job(core, job);
}

void asg_plan_looks(struct asg_core *core)
{
    assert(core->step != NULL);
    if (core->cluster_id[0] == '\0' || core->epoch == 0) return;
    if (core->listing.job_id == 0 && core->listing.next_ms <= core->now_ms) {
        plan_listing(core);
    }
    if (core->look.job_id == 0 && core->look.next_ms <= core->now_ms) plan_look(core);
}
