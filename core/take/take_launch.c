#include "core/take/take_launch.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/choose/choose_pool.h"
#include "core/lifecycle/slots.h"
#include "core/limits/dry_pools.h"
#include "core/limits/launch_failures.h"
#include "core/limits/patience.h"
#include "core/plan/plan_instances.h"
#include "core/plan/retry_job.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/take/attempts.h"
#include "core/take/dead_letter.h"
#include "core/take/fill_slot.h"
#include "core/take/take_fleet.h"
#include "core/take/try_again.h"
#include "core/values/number.h"
#include "core/want/wanted_launch.h"
#include "core/world/kept_text.h"
#include "core/world/state.h"

#define QUOTA_MS         INT64_C(300000)
#define BREAKER_FAILURES 3
#define BREAKER_MS       INT64_C(180000)
#define BREAKER_MS_MAX   INT64_C(1800000)

/* MinCount is 1: fewer than asked for is no error, and EC2 names no lack with it. EC2
 * itself has no more there then and says so when it is asked again; others that speak its
 * API may start as few as they like. So the rest is planned at once like any other
 * launch, and a pool is left alone only when nothing came twice. */
static void take_fewer(struct asg_core *core, struct group *group, const struct job *job,
                       size_t count)
{
    assert(count < job->plan.launch->count);
    const struct asg_launch *launch = job->plan.launch;
    if (count > 0) {
        asg_narrate(core, ASG_DECISION_JOB, group,
                    "EC2 started %zu of %" PRIu32
                    " in %s (job %s) without giving a reason: requesting the rest again",
                    count, launch->count, launch->zone, job->plan.name);
        return;
    }
    int64_t pause_ms = asg_pool_note_nothing(core, group, launch);
    char wait[ASG_NUMBER_TEXT_MAX];
    asg_narrate(core, ASG_DECISION_JOB, group,
                "EC2 accepted a launch of %" PRIu32
                " in %s (job %s) but started none%s%s",
                launch->count, launch->zone, job->plan.name,
                pause_ms > 0 ? ", for the second time: avoiding that pool for "
                             : ": requesting it once more",
                pause_ms > 0 ? asg_number_duration(pause_ms, wait) : "");
}

static bool is_fit(const char *id)
{
    return id[0] != '\0' && strlen(id) <= ASG_INSTANCE_ID_MAX;
}

/* The pools that gave something. A launch that is no fleet has one, whatever its type is
 * called in EC2's answer. */
static void note_room(struct group *group, const struct job *job,
                      const struct asg_result *result)
{
    const struct asg_launch *launch = job->plan.launch;
    assert(group->no == job->group_no);
    for (size_t i = 0; i < result->instance_count; i++) {
        const struct asg_seen_instance *seen = &result->instances[i];
        bool is_fleet = launch->fleet != NULL;
        const char *type = !is_fleet ? launch->instance_type
                           : launch->fleet->instance_types.count == 0
                               ? ""
                               : seen->instance_type;
        asg_pool_note_room(group, launch, type, is_fleet && seen->is_spot);
    }
}

/* EC2 launches for the group again: nobody needs to look at what failed before. */
static void note_recovery(struct asg_core *core, struct group *group)
{
    assert(group->no != 0);
    group->is_degraded = false;
    asg_text_keep(core, &group->degraded, ASG_REASON_MAX, "");
    size_t count = asg_job_cancel_dead(core, group->no, /* is_of_launches */ true);
    if (count == 0) return;
    asg_narrate(core, ASG_DECISION_JOB, group,
                "launches succeed again: %zu dead job%s of earlier launches %s cancelled",
                count, count == 1 ? "" : "s", count == 1 ? "is" : "are");
}

void asg_launch_happened(struct asg_core *core, struct group *group, struct job *job,
                         const struct asg_result *result)
{
    assert(job->plan.launch != NULL);
    assert(job->state == ASG_JOB_STATE_OPEN);
    if (job->plan.is_dry_run) {
        asg_narrate(core, ASG_DECISION_JOB, group,
                    "dry run: EC2 would launch %" PRIu32 " (job %s)",
                    job->plan.launch->count, job->plan.name);
    }
    for (size_t i = 0; i < result->instance_count; i++) {
        struct group *owner = NULL;
        const char *id = result->instances[i].instance_id;
        if (!is_fit(id) || asg_instance_find(core, id, &owner) != NULL) continue;
        struct instance *slot = asg_slot_find(group, job, result->instances[i].is_spot);
        if (slot == NULL) break; /* more than asked for: the listing finds them */
        asg_take_launch_slot(core, group, slot, &result->instances[i]);
    }
    note_room(group, job, result);
    bool is_short = result->instance_count < job->plan.launch->count;
    if (job->plan.launch->fleet != NULL) {
        if (!job->plan.is_dry_run) asg_take_part_of_fleet(core, group, job, result);
    } else if (is_short && !job->plan.is_dry_run) {
        take_fewer(core, group, job, result->instance_count);
    }
    asg_slot_free(core, group, job, ASG_ACTIVITY_IN_PROGRESS,
                  asg_attempt_say_want(core, job, result));
    note_recovery(core, group);
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
}

/* EC2 has said no, and no other pool is asked: these launches have failed. */
static void free_failed(struct asg_core *core, struct group *group, const struct job *job,
                        const struct asg_result *result)
{
    assert(result->outcome != ASG_OUTCOME_OK);
    const char *what = asg_attempt_say_want(core, job, result);
    asg_slot_free(core, group, job, ASG_ACTIVITY_FAILED,
                  asg_activity_say_failure(core, what));
}

/* A further attempt is a new launch: before the first listing of a leader there is none,
 * and what is still wanted is planned after it. */
static const char *why_not_elsewhere(const struct asg_core *core,
                                     const struct group *group, const struct job *job)
{
    const char *why = asg_want_no_launch(core, group, job);
    if (why != NULL || job->plan.is_dry_run || !core->is_unlisted) return why;
    return "this controller has not seen a complete EC2 listing yet";
}

static void take_no_capacity(struct asg_core *core, struct group *group, struct job *job,
                             const struct asg_result *result)
{
    assert(job->plan.launch->fleet == NULL); /* a fleet has take_fleet.c */
    asg_pool_mark_no_room(core, group, job->plan.launch,
                          &(struct no_room){.type = job->plan.launch->instance_type,
                                            .error_code = result->error_code});
    const char *why = why_not_elsewhere(core, group, job);
    if (why != NULL) {
        asg_try_give_up(core, group, job,
                        asg_arena_format(&core->step->effects->arena,
                                         "no capacity there, and %s", why));
        return;
    }
    const char *type = "";
    const struct asg_subnet *subnet = NULL;
    if (asg_choose_pool(core, group, &type, &subnet)) {
        asg_plan_next_attempt(core, job);
        return;
    }
    free_failed(core, group, job, result);
    asg_job_close(core, job, ASG_JOB_STATE_REFUSED);
    asg_launch_again_later(core, group);
    int64_t next_ms = asg_pool_next_ms(core, group);
    if (next_ms < group->launching.after_ms) next_ms = group->launching.after_ms;
    char wait[ASG_NUMBER_TEXT_MAX];
    asg_narrate(core, ASG_DECISION_JOB, group,
                "Launching EC2 instance failed: %s; all pools were tried, job %s is "
                "over, next try in %s",
                asg_attempt_say_error(core, result), job->plan.name,
                asg_number_duration(next_ms - core->now_ms, wait));
}

static void open_breaker(struct asg_core *core, struct group *group)
{
    if (group->launching.refusals < BREAKER_FAILURES) return;
    group->launching.breaker_times++;
    int64_t pause_ms =
        asg_number_doubled(BREAKER_MS, group->launching.breaker_times, BREAKER_MS_MAX);
    assert(pause_ms >= BREAKER_MS && pause_ms <= BREAKER_MS_MAX);
    group->launching.breaker_until_ms = core->now_ms + pause_ms;
    group->launching.failures = 0;
    group->launching.refusals = 0;
    char wait[ASG_NUMBER_TEXT_MAX];
    asg_alarm_raise(core, ASG_ALARM_LAUNCH_BREAKER, group, true,
                    "%d launches failed in a row: pausing launches for %s",
                    BREAKER_FAILURES, asg_number_duration(pause_ms, wait));
}

/* It may have happened: the slots stay, the same token asks again. */
void asg_launch_in_doubt(struct asg_core *core, struct group *group, struct job *job,
                         const struct asg_result *result)
{
    assert(group->no == job->group_no);
    assert(job->state == ASG_JOB_STATE_OPEN);
    const char *why = asg_want_no_launch(core, group, job);
    if (why != NULL && !job->plan.is_dry_run) {
        asg_try_look_up(core, group, job, why);
        return;
    }
    if (!job->is_ambiguous) {
        asg_narrate(
            core, ASG_DECISION_JOB, group,
            "job %s may or may not have launched: %s; retrying with its client token",
            job->plan.name, asg_attempt_say_error(core, result));
        asg_slot_tell(core, group, job, ASG_ACTIVITY_WAITING_FOR_INSTANCE_ID, "");
    }
    job->is_ambiguous = true;
    asg_plan_retry_later(core, job);
}

/* EC2 refuses (no room, a quota, a right that was taken away), and yet the launch may
 * happen or have happened: its slots stay, the listing may fill them, and the same token
 * asks again when nothing can come any more. */
static bool waits_for_late(struct asg_core *core, struct group *group, struct job *job,
                           const struct asg_result *result)
{
    assert(group->no == job->group_no);
    assert(job->state == ASG_JOB_STATE_OPEN);
    int64_t until_ms = asg_patience_late_until_ms(core, job);
    if (until_ms <= core->now_ms) return false;
    char wait[ASG_NUMBER_TEXT_MAX];
    if (!job->is_ambiguous) {
        asg_narrate(core, ASG_DECISION_JOB, group,
                    "job %s: %s, but an earlier request of it may still launch; retrying "
                    "with its client token in %s",
                    job->plan.name, asg_attempt_say_error(core, result),
                    asg_number_duration(until_ms - core->now_ms, wait));
        asg_slot_tell(core, group, job, ASG_ACTIVITY_WAITING_FOR_INSTANCE_ID,
                      asg_attempt_say_want(core, job, result));
    }
    job->is_ambiguous = true;
    asg_job_set_retry(core, job, until_ms);
    job->tries++;
    return true;
}

/* ---- what take_result.c calls ---- */

void asg_launch_without_room(struct asg_core *core, struct group *group, struct job *job,
                             const struct asg_result *result)
{
    assert(job->plan.launch != NULL);
    if (waits_for_late(core, group, job, result)) return;
    if (job->plan.launch->fleet != NULL) {
        asg_take_empty_fleet(core, group, job, result);
    } else {
        take_no_capacity(core, group, job, result);
    }
}

void asg_launch_gone(struct asg_core *core, struct group *group, struct job *job,
                     const struct asg_result *result)
{
    assert(result->outcome == ASG_OUTCOME_GONE);
    asg_slot_free(
        core, group, job, ASG_ACTIVITY_FAILED,
        asg_activity_say_failure(core, "The instance was terminated before its id was "
                                       "known"));
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
    asg_narrate(core, ASG_DECISION_JOB, group,
                "job %s: what it launched has been terminated since", job->plan.name);
}

void asg_launch_later(struct asg_core *core, struct group *group, struct job *job,
                      const struct asg_result *result)
{
    assert(group->no == job->group_no);
    assert(job->state == ASG_JOB_STATE_OPEN);
    /* No dispatcher knows what those of earlier leaders gave to their workers. */
    bool is_inherited = core->epoch != job->sent_epoch;
    if (result->outcome == ASG_OUTCOME_UNDELIVERED && is_inherited) {
        asg_launch_in_doubt(core, group, job, result);
        return;
    }
    asg_plan_retry_later(core, job);
}

void asg_launch_expired(struct asg_core *core, struct group *group, struct job *job,
                        const struct asg_result *result)
{
    /* It was asked before, or may have been: no dispatcher knows of older ones. */
    if (job->is_ambiguous || core->epoch != job->sent_epoch) {
        asg_launch_in_doubt(core, group, job, result);
        return;
    }
    asg_slot_free(core, group, job, ASG_ACTIVITY_IN_PROGRESS,
                  "No worker took the launch in time.");
    asg_job_close(core, job, ASG_JOB_STATE_REFUSED);
    asg_launch_again_later(core, group);
    asg_narrate(core, ASG_DECISION_JOB, group, "job %s expired before a worker took it",
                job->plan.name);
}

void asg_launch_refused(struct asg_core *core, struct group *group, struct job *job,
                        const struct asg_result *result)
{
    if (waits_for_late(core, group, job, result)) return;
    free_failed(core, group, job, result);
    /* Its back-off is its own: what found no room before says nothing about it. */
    if (group->launching.refusals == 0) group->launching.failures = 0;
    group->launching.refusals++;
    asg_launch_again_later(core, group);
    asg_job_bury(core, group, job, result);
    open_breaker(core, group);
    assert(group->launching.refusals < BREAKER_FAILURES);
}

void asg_launch_over_quota(struct asg_core *core, struct group *group, struct job *job,
                           const struct asg_result *result)
{
    if (waits_for_late(core, group, job, result)) return;
    free_failed(core, group, job, result);
    asg_job_close(core, job, ASG_JOB_STATE_REFUSED);
    asg_launch_note_failure(group); /* one at a time, when it is tried again */
    group->launching.breaker_until_ms = core->now_ms + QUOTA_MS;
    const char *error = asg_attempt_say_error(core, result);
    char wait[ASG_NUMBER_TEXT_MAX];
    const char *pause = asg_number_duration(QUOTA_MS, wait);
    if (group->is_degraded && strcmp(group->degraded, error) == 0) {
        asg_narrate(core, ASG_DECISION_JOB, group, "job %s: %s; next try in %s",
                    job->plan.name, error, pause);
        return;
    }
    group->is_degraded = true;
    asg_text_keep(core, &group->degraded, ASG_REASON_MAX, error);
    asg_alarm_raise(core, ASG_ALARM_LAUNCH_BREAKER, group, true,
                    "%s: the account has reached a limit, which AWS raises on request; "
                    "a launch is tried every %s",
                    error, pause);
}
