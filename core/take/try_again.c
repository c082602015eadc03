#include "core/take/try_again.h"

#include <assert.h>
#include <inttypes.h>

#include "core/lifecycle/slots.h"
#include "core/limits/patience.h"
#include "core/plan/retry_job.h"
#include "core/step/narrate.h"
#include "core/want/wanted_launch.h"
#include "core/world/state.h"
#include "core/world/stops.h"

#define LISTINGS_IN_VAIN 3
/* EC2's lists lag: so long after the last moment at which it can have launched. */
#define LAG_MS INT64_C(300000)

void asg_try_give_up(struct asg_core *core, struct group *group, struct job *job,
                     const char *why)
{
    assert(why[0] != '\0');
    asg_plan_abandon(core, group, job, why);
    asg_group_mark_dirty(core, group);
}

void asg_try_look_up(struct asg_core *core, struct group *group, struct job *job,
                     const char *why)
{
    assert(group->no == job->group_no);
    assert(!job->plan.is_dry_run); /* that one starts nothing */
    size_t at = 0;
    if (asg_slot_next(group, job, &at) == NULL) { /* listings have shown all of it */
        asg_job_close(core, job, ASG_JOB_STATE_DONE);
        return;
    }
    int64_t from_ms = asg_patience_late_until_ms(core, job);
    if (from_ms < core->now_ms) from_ms = core->now_ms;
    if (!job->is_ambiguous)
        asg_slot_tell(core, group, job, ASG_ACTIVITY_WAITING_FOR_INSTANCE_ID, "");
    job->is_ambiguous = true;
    asg_job_look_up(core, job, from_ms);
    asg_narrate(core, ASG_DECISION_JOB, group,
                "job %s may or may not have launched, and is not requested again (%s); "
                "the next EC2 listings will show the result",
                job->plan.name, why);
}

void asg_try_end_later(struct asg_core *core, struct job *job)
{
    assert(job->plan.kind == ASG_JOB_TERMINATE);
    assert(job->state == ASG_JOB_STATE_OPEN);
    asg_job_give_up_termination(core, job);
    asg_job_close(core, job, ASG_JOB_STATE_CANCELLED);
}

/* It is not to be sent. EC2 has refused what was sent of it, or that is not known. */
static void settle_launch(struct asg_core *core, struct group *group, struct job *job,
                          const char *why)
{
    int64_t late_until_ms = asg_patience_late_until_ms(core, job);
    if (job->is_ambiguous && !job->plan.is_dry_run) {
        asg_try_look_up(core, group, job, why);
    } else if (late_until_ms > core->now_ms) {
        asg_job_set_retry(core, job, late_until_ms);
    } else {
        asg_try_give_up(core, group, job, why);
    }
    assert(job->retry_ms != 0 || job->state != ASG_JOB_STATE_OPEN); /* it is not out */
}

/* Some of those that it was to end still wait for it; orphans are no group's. */
static bool is_awaited(const struct asg_core *core, const struct job *job)
{
    assert(job->plan.kind == ASG_JOB_TERMINATE);
    const struct asg_texts *ids = &job->plan.terminate->instance_ids;
    for (size_t i = 0; i < ids->count; i++) {
        struct group *group = NULL;
        const struct instance *instance = asg_instance_find(core, ids->items[i], &group);
        if (instance != NULL && instance->ending.job_id == job->plan.id) return true;
    }
    return job->group_no == 0;
}

void asg_try_again(struct asg_core *core, struct job *job)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    struct group *group = asg_group_of_no(core, job->group_no);
    bool is_end = job->plan.kind == ASG_JOB_TERMINATE;
    if (is_end && (!is_awaited(core, job) || asg_stop_holds(core, job))) {
        asg_try_end_later(core, job);
        return;
    }
    if (!asg_job_is_launch(job->plan.kind)) {
        if (asg_stop_holds(core, job)) {
            asg_plan_retry_later(core, job);
        } else {
            asg_plan_again(core, job);
        }
        return;
    }
    if (group == NULL) { /* it went with its last slot */
        asg_job_close(core, job, ASG_JOB_STATE_CANCELLED);
        return;
    }
    const char *why = asg_want_no_launch(core, group, job);
    if (why == NULL) {
        asg_plan_again(core, job);
    } else {
        settle_launch(core, group, job, why);
    }
}

void asg_try_recall(struct asg_core *core)
{
    assert(core->step != NULL);
    struct asg_effects *effects = core->step->effects;
    for (size_t i = 0; i < core->job_count; i++) {
        const struct job *job = core->jobs[i];
        bool is_out = job->state == ASG_JOB_STATE_OPEN && job->retry_ms == 0;
        if (!is_out || !asg_stop_holds(core, job)) continue;
        uint64_t *id = asg_arena_push(
            &effects->arena, (void **)&effects->recalled_jobs.items,
            &effects->recalled_jobs.count, &core->step->recalled_capacity, sizeof *id);
        *id = job->plan.id;
    }
}

/* A worker of the leader before may have it; whoever brings its answer is no holder of a
 * lease, and EC2 is looked at instead. */
static void hold_back(struct asg_core *core, struct job *job)
{
    assert(job->sent_epoch != core->epoch);
    struct group *group = asg_group_of_no(core, job->group_no);
    if (job->plan.kind == ASG_JOB_TERMINATE && asg_stop_holds(core, job)) {
        asg_try_end_later(core, job);
    }
    if (!asg_job_is_launch(job->plan.kind) || group == NULL) return;
    const char *why = asg_want_no_launch(core, group, job);
    if (why == NULL) return;
    job->is_ambiguous = true; /* no answer of it has come */
    settle_launch(core, group, job, why);
}

void asg_try_hold_back(struct asg_core *core)
{
    assert(core->step != NULL);
    for (size_t i = 0; i < core->job_count; i++) {
        struct job *job = core->jobs[i];
        if (job->state == ASG_JOB_STATE_OPEN && job->retry_ms == 0) hold_back(core, job);
    }
}

void asg_try_end_listing(struct asg_core *core, int64_t begun_ms)
{
    assert(begun_ms <= core->now_ms);
    for (size_t i = 0; i < core->job_count; i++) {
        struct job *job = core->jobs[i];
        if (job->look_up_ms == 0 || begun_ms < job->look_up_ms) continue;
        struct group *group = asg_group_of_no(core, job->group_no);
        assert(group != NULL); /* its slots keep it */
        job->looks++;
        bool is_early = begun_ms < job->look_up_ms + LAG_MS;
        if (job->looks < LISTINGS_IN_VAIN || is_early) continue;
        asg_try_give_up(core, group, job,
                        asg_arena_format(&core->step->effects->arena,
                                         "%" PRIu32 " listings of EC2 lack it",
                                         job->looks));
    }
}
