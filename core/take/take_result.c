#include "core/take/take_result.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/lifecycle/lifecycle.h"
#include "core/world/standing.h"
#include "core/world/kept_text.h"
#include "core/choose/choose_pool.h"
#include "core/world/counts.h"
#include "core/limits/dry_pools.h"
#include "core/limits/launch_failures.h"
#include "core/step/narrate.h"
#include "core/world/orphans.h"
#include "core/values/number.h"
#include "core/limits/patience.h"
#include "core/lifecycle/slots.h"
#include "core/world/state.h"
#include "core/values/text.h"
#include "core/plan/plan_instances.h"
#include "core/plan/retry_job.h"
#include "core/take/attempts.h"
#include "core/take/fill_slot.h"
#include "core/take/take_fleet.h"

#define BREAKER_FAILURES 3
#define BREAKER_MS       INT64_C(180000)
#define BREAKER_MS_MAX   INT64_C(1800000)
/* An id that EC2 does not know may be one it does not know yet (docs/rules.md, "EC2's
 * lists lag"). */
#define UNKNOWN_FOR_MS INT64_C(300000)
#define AMBIGUOUS_FOR_MS                                                                 \
    INT64_C(43200000) /* docs/rules.md, "A launch whose answer was lost" */

/* ---- launches ---- */

/* MinCount is 1: fewer than asked for is no error of EC2, but there is no more there. */
static void take_fewer(struct asg_core *core, struct group *group, const struct job *job,
                       size_t count)
{
    assert(count < job->plan.launch->count);
    const struct asg_launch *launch = job->plan.launch;
    asg_pool_mark_no_room(
        core, group, launch,
        &(struct no_room){.type = launch->instance_type, .error_code = ""});
    asg_narrate(core, ASG_DECISION_JOB, group,
                "EC2 had room for %zu of %" PRIu32
                " in %s (job %s): the others go elsewhere",
                count, launch->count, launch->zone, job->plan.name);
}

static bool is_fit(const char *id)
{
    return id[0] != '\0' && strlen(id) <= ASG_INSTANCE_ID_MAX;
}

static void take_launched(struct asg_core *core, struct group *group, struct job *job,
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
    bool is_short = result->instance_count < job->plan.launch->count;
    if (job->plan.launch->fleet != NULL) {
        if (!job->plan.is_dry_run) asg_take_part_of_fleet(core, group, job, result);
    } else if (is_short && !job->plan.is_dry_run) {
        take_fewer(core, group, job, result->instance_count);
    }
    asg_slot_free(core, group, job);
    group->is_degraded = false;
    asg_text_keep(core, &group->degraded, ASG_REASON_MAX, "");
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
}

static void take_no_capacity(struct asg_core *core, struct group *group, struct job *job,
                             const struct asg_result *result)
{
    assert(job->plan.launch->fleet == NULL); /* a fleet has take_fleet.c */
    asg_pool_mark_no_room(core, group, job->plan.launch,
                          &(struct no_room){.type = job->plan.launch->instance_type,
                                            .error_code = result->error_code});
    const char *type = "";
    const struct asg_subnet *subnet = NULL;
    if (!group->is_deleting && asg_choose_pool(core, group, job, &type, &subnet)) {
        asg_plan_next_attempt(core, job);
        return;
    }
    asg_slot_free(core, group, job);
    asg_job_close(core, job, ASG_JOB_STATE_REFUSED);
    if (group->is_deleting) return;
    asg_launch_again_later(core, group);
    char wait[ASG_NUMBER_TEXT_MAX];
    asg_narrate(
        core, ASG_DECISION_JOB, group,
        "Launching EC2 instance failed: %s; every pool is tried, job %s ends, next try "
        "in %s",
        asg_attempt_say_error(core, result), job->plan.name,
        asg_number_duration(group->launch_after_ms - core->now_ms, wait));
}

/* A dead letter keeps its history and marks its group. */
static void bury(struct asg_core *core, struct group *group, struct job *job,
                 const struct asg_result *result)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    assert(group == NULL || group->no == job->group_no);
    asg_job_close(core, job, ASG_JOB_STATE_DEAD);
    const char *error = asg_attempt_say_error(core, result);
    if (group != NULL) {
        group->is_degraded = true;
        asg_text_keep(core, &group->degraded, ASG_REASON_MAX, error);
    }
    asg_alarm_raise(core, ASG_ALARM_DEAD_LETTER, group, true,
                    "job %s is a dead letter: %s; see `openasg jobs show %" PRIu64
                    "`, mend the cause, then `openasg jobs retry %" PRIu64 "`",
                    job->plan.name, error, job->plan.id, job->plan.id);
}

static void open_breaker(struct asg_core *core, struct group *group)
{
    if (group->launch_failures < BREAKER_FAILURES) return;
    group->breaker_times++;
    int64_t pause_ms =
        asg_number_doubled(BREAKER_MS, group->breaker_times, BREAKER_MS_MAX);
    assert(pause_ms >= BREAKER_MS && pause_ms <= BREAKER_MS_MAX);
    group->breaker_until_ms = core->now_ms + pause_ms;
    group->launch_failures = 0;
    char wait[ASG_NUMBER_TEXT_MAX];
    asg_alarm_raise(core, ASG_ALARM_LAUNCH_BREAKER, group, true,
                    "%d launches failed in a row: no more for %s", BREAKER_FAILURES,
                    asg_number_duration(pause_ms, wait));
}

/* It may have happened: the slots stay, the same token asks again. */
static void take_doubt(struct asg_core *core, struct group *group, struct job *job,
                       const struct asg_result *result)
{
    assert(group->no == job->group_no);
    assert(job->state == ASG_JOB_STATE_OPEN);
    if (!job->is_ambiguous) {
        asg_narrate(core, ASG_DECISION_JOB, group,
                    "job %s may have launched or not: %s; asking again with its token",
                    job->plan.name, asg_attempt_say_error(core, result));
    }
    job->is_ambiguous = true;
    if (core->now_ms - job->sent_ms < AMBIGUOUS_FOR_MS) {
        asg_plan_retry_later(core, job);
    } else {
        asg_slot_free(core, group, job);
        bury(core, group, job, result);
    }
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
        asg_narrate(
            core, ASG_DECISION_JOB, group,
            "job %s: %s, but an earlier request of it may still launch; asking again "
            "with its token in %s",
            job->plan.name, asg_attempt_say_error(core, result),
            asg_number_duration(until_ms - core->now_ms, wait));
    }
    job->is_ambiguous = true;
    asg_job_set_retry(core, job, until_ms);
    job->tries++;
    return true;
}

static void take_launch(struct asg_core *core, struct group *group, struct job *job,
                        const struct asg_result *result)
{
    assert(group->no == job->group_no);
    assert(job->plan.launch != NULL);
    asg_group_mark_dirty(core, group);
    switch (result->outcome) {
    case ASG_OUTCOME_OK: take_launched(core, group, job, result); break;
    case ASG_OUTCOME_CAPACITY:
        if (waits_for_late(core, group, job, result)) break;
        if (job->plan.launch->fleet != NULL) {
            asg_take_empty_fleet(core, group, job, result);
        } else {
            take_no_capacity(core, group, job, result);
        }
        break;
    case ASG_OUTCOME_AMBIGUOUS: take_doubt(core, group, job, result); break;
    case ASG_OUTCOME_GONE:
        asg_slot_free(core, group, job);
        asg_job_close(core, job, ASG_JOB_STATE_DONE);
        asg_narrate(core, ASG_DECISION_JOB, group,
                    "job %s: what it launched has been terminated since", job->plan.name);
        break;
    case ASG_OUTCOME_THROTTLED:
    case ASG_OUTCOME_TRANSIENT:
    case ASG_OUTCOME_UNDELIVERED:
    case ASG_OUTCOME_CREDENTIALS: asg_plan_retry_later(core, job); break;
    case ASG_OUTCOME_EXPIRED:
        /* It was asked before, or may have been: no dispatcher knows of older ones. */
        if (job->is_ambiguous || core->epoch != job->sent_epoch) {
            take_doubt(core, group, job, result);
            break;
        }
        asg_slot_free(core, group, job);
        asg_job_close(core, job, ASG_JOB_STATE_REFUSED);
        asg_launch_again_later(core, group);
        asg_narrate(core, ASG_DECISION_JOB, group,
                    "job %s expired before a worker took it", job->plan.name);
        break;
    default:
        if (waits_for_late(core, group, job, result)) break;
        asg_slot_free(core, group, job);
        asg_launch_again_later(core, group);
        bury(core, group, job, result);
        open_breaker(core, group);
        break;
    }
}

/* ---- terminations ---- */

static struct instance *find_ending(struct asg_core *core, const char *id,
                                    uint64_t job_id, struct group **ret_group)
{
    struct instance *instance = asg_instance_find(core, id, ret_group);
    assert(instance == NULL || instance->group == *ret_group);
    bool is_of_job = instance != NULL && instance->end_job_id == job_id &&
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
    const struct asg_texts *ids = &job->plan.terminate->instance_ids;
    for (size_t i = 0; i < ids->count; i++) {
        struct orphan *orphan = asg_orphan_find(core, ids->items[i]);
        if (orphan != NULL) orphan->is_gone = orphan->is_ending;
    }
    asg_orphan_drop_gone(core);
}

static void take_terminated(struct asg_core *core, struct job *job,
                            const struct asg_result *result)
{
    assert(job->plan.terminate != NULL);
    struct group *group = NULL;
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
        if (core->now_ms - instance->launched_ms < UNKNOWN_FOR_MS) {
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
    core->look_next_ms = core->now_ms;
    core->look_pause_ms = 0;
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
}

static void take_terminate(struct asg_core *core, struct group *group, struct job *job,
                           const struct asg_result *result)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    assert(group == NULL || group->no == job->group_no);
    switch (result->outcome) {
    case ASG_OUTCOME_OK:
    case ASG_OUTCOME_PROTECTED:
    case ASG_OUTCOME_NOT_FOUND: take_terminated(core, job, result); break;
    case ASG_OUTCOME_AMBIGUOUS: /* ending twice harms nobody */
    case ASG_OUTCOME_THROTTLED:
    case ASG_OUTCOME_TRANSIENT:
    case ASG_OUTCOME_CONFLICT:
    case ASG_OUTCOME_CREDENTIALS:
    case ASG_OUTCOME_UNDELIVERED:
        if (job->plan.deadline_ms > core->now_ms) {
            asg_plan_retry_later(core, job);
            break;
        }
        bury(core, group, job, result);
        break;
    default: bury(core, group, job, result); break;
    }
}

/* ---- templates ---- */

static bool is_worth_again(const struct asg_core *core, const struct job *job,
                           const struct asg_result *result)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    bool is_passing = result->outcome == ASG_OUTCOME_THROTTLED ||
                      result->outcome == ASG_OUTCOME_TRANSIENT ||
                      result->outcome == ASG_OUTCOME_AMBIGUOUS ||
                      result->outcome == ASG_OUTCOME_CREDENTIALS ||
                      result->outcome == ASG_OUTCOME_UNDELIVERED;
    return is_passing && job->plan.deadline_ms > core->now_ms;
}

static void take_resolved(struct asg_core *core, struct group *group, struct job *job,
                          const struct asg_result *result)
{
    assert(job->plan.kind == ASG_JOB_RESOLVE_TEMPLATE);
    assert(group == NULL || group->no == job->group_no);
    /* The group was given another template since, or is gone: nobody waits for this. */
    if (group == NULL || group->resolve_job_id != job->plan.id) {
        asg_job_close(core, job, ASG_JOB_STATE_CANCELLED);
        return;
    }
    if (is_worth_again(core, job, result)) {
        asg_plan_retry_later(core, job);
        return;
    }
    group->resolve_job_id = 0;
    asg_group_mark_dirty(core, group);
    if (result->outcome != ASG_OUTCOME_OK) {
        asg_launch_again_later(core, group);
        bury(core, group, job, result);
        return;
    }
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
    asg_text_keep(core, &group->template_id, ASG_TEMPLATE_MAX, result->template_id);
    group->template_version = strtoull(result->template_version, NULL, 10);
    group->resolved_ms = core->now_ms;
}

static void take_template(struct asg_core *core, struct job *job,
                          const struct asg_result *result)
{
    assert(job->plan.kind == ASG_JOB_TEMPLATE);
    assert(job->group_no == 0); /* a template is no group's */
    struct template *known = asg_template_find(core, job->plan.template_name);
    if (is_worth_again(core, job, result)) {
        asg_plan_retry_later(core, job);
        return;
    }
    if (known != NULL && known->job_id == job->plan.id) known->job_id = 0;
    if (result->outcome != ASG_OUTCOME_OK) {
        if (known != NULL) {
            asg_text_copy(known->failure, sizeof known->failure,
                          asg_attempt_say_error(core, result));
        }
        bury(core, NULL, job, result);
        return;
    }
    if (known != NULL) {
        asg_text_copy(known->id, sizeof known->id, result->template_id);
        known->version = strtoull(result->template_version, NULL, 10);
        known->failure[0] = '\0';
    }
    asg_narrate(core, ASG_DECISION_JOB, NULL, "launch template %s is %s version %s",
                job->plan.template_name, result->template_id, result->template_version);
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
}

void asg_take_result(struct asg_core *core, const struct asg_result *result)
{
    assert(core->step != NULL);
    struct job *job = asg_job_find(core, result->job_id);
    if (job == NULL || job->state != ASG_JOB_STATE_OPEN ||
        job->plan.attempt != result->attempt ||
        job->plan.incarnation != result->incarnation) {
        return; /* late, or of a job that had this id in a log that is lost */
    }
    asg_attempt_note(core, job, result);
    struct group *group = asg_group_of_no(core, job->group_no);
    switch (job->plan.kind) {
    case ASG_JOB_LAUNCH:
    case ASG_JOB_FLEET:
        if (group != NULL)
            take_launch(core, group, job, result);
        else
            asg_job_close(core, job, ASG_JOB_STATE_DONE);
        break;
    case ASG_JOB_TERMINATE: take_terminate(core, group, job, result); break;
    case ASG_JOB_TEMPLATE: take_template(core, job, result); break;
    case ASG_JOB_RESOLVE_TEMPLATE: take_resolved(core, group, job, result); break;
    case ASG_JOB_DESCRIBE: /* comes as an observation */
    case ASG_JOB_TAG:
    case ASG_JOB_COUNT: asg_job_close(core, job, ASG_JOB_STATE_DONE); break;
    }
}
