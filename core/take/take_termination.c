#include "core/take/take_termination.h"

#include <assert.h>

#include "core/lifecycle/lifecycle.h"
#include "core/plan/retry_job.h"
#include "core/step/narrate.h"
#include "core/take/attempts.h"
#include "core/take/dead_letter.h"
#include "core/take/try_again.h"
#include "core/world/counts.h"
#include "core/world/orphans.h"
#include "core/world/standing.h"
#include "core/world/state.h"
#include "core/world/stops.h"
#include "core/world/touched.h"

/* An id that EC2 does not know may be one it does not know yet (docs/rules.md, "EC2's
 * lists lag"). */
#define UNKNOWN_FOR_MS INT64_C(300000)

static struct instance *find_ending(struct asg_core *core, const char *id,
                                    uint64_t job_id, struct group **ret_group)
{
    struct instance *instance = asg_instance_find(core, id, ret_group);
    assert(instance == NULL || instance->group == *ret_group);
    bool is_of_job = instance != NULL && instance->ending.job_id == job_id &&
                     asg_instance_is_on_its_way_out(instance);
    return is_of_job ? instance : NULL;
}

/* Of a termination that is over: those that EC2 kept may be ended once more. */
static void settle_orphans(struct asg_core *core, const struct job *job,
                           const struct asg_result *result)
{
    assert(job->group_no == 0 && job->plan.terminate != NULL);
    for (size_t i = 0; i < result->protected_ids.count; i++) {
        struct orphan *orphan = asg_orphan_find(core, result->protected_ids.items[i]);
        if (orphan != NULL) orphan->is_ending = false;
    }
    asg_touch_cluster(core);
    const struct asg_texts *ids = &job->plan.terminate->instance_ids;
    for (size_t i = 0; i < ids->count; i++) {
        struct orphan *orphan = asg_orphan_find(core, ids->items[i]);
        if (orphan != NULL) orphan->is_gone = orphan->is_ending;
    }
    asg_orphan_drop_gone(core);
}

void asg_end_settled(struct asg_core *core, struct group *group, struct job *job,
                     const struct asg_result *result)
{
    assert(job->plan.terminate != NULL);
    assert(group == NULL || group->no == job->group_no);
    for (size_t i = 0; i < result->instance_count; i++) {
        const struct asg_seen_instance *seen = &result->instances[i];
        struct instance *instance =
            find_ending(core, seen->instance_id, job->plan.id, &group);
        if (instance == NULL) continue;
        asg_group_mark_dirty(core, group);
        asg_count_set_ec2_state(group, instance, seen->state);
        if (seen->state == ASG_EC2_TERMINATED) {
            (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_OVER);
        }
    }
    bool is_settled = true;
    for (size_t i = 0; i < result->gone.count; i++) {
        struct instance *instance =
            find_ending(core, result->gone.items[i], job->plan.id, &group);
        if (instance == NULL) continue;
        if (core->now_ms - instance->launch.launched_ms < UNKNOWN_FOR_MS) {
            is_settled = false;
            continue;
        }
        asg_count_set_ec2_state(group, instance, ASG_EC2_ABSENT);
        (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_OVER);
    }
    for (size_t i = 0; i < result->protected_ids.count; i++) {
        struct instance *instance =
            find_ending(core, result->protected_ids.items[i], job->plan.id, &group);
        if (instance != NULL) {
            (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_KEPT);
        }
    }
    if (!is_settled && job->plan.deadline_ms > core->now_ms) {
        asg_plan_retry_later(core, job);
        return;
    }
    if (job->group_no == 0) settle_orphans(core, job, result);
    core->look.next_ms = core->now_ms;
    core->look.pause_ms = 0;
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
}

void asg_end_later(struct asg_core *core, struct group *group, struct job *job,
                   const struct asg_result *result)
{
    assert(group == NULL || group->no == job->group_no);
    if (asg_stop_holds(core, job)) {
        asg_try_end_later(core, job);
        return;
    }
    if (job->plan.deadline_ms <= core->now_ms) {
        job->plan.deadline_ms = core->now_ms + END_LIMIT_MS;
        asg_narrate(core, ASG_DECISION_JOB, group,
                    "job %s has been failing for an hour: %s; still retrying",
                    job->plan.name, asg_attempt_say_error(core, result));
    }
    asg_plan_retry_later(core, job);
}

void asg_end_refused(struct asg_core *core, struct group *group, struct job *job,
                     const struct asg_result *result)
{
    assert(group == NULL || group->no == job->group_no);
    asg_job_bury(core, group, job, result);
}
