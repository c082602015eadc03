/* take_result - how an attempt ended, and what that means for its job and its group. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/state.h"
#include "base/mutant.h"

#define POOL_DRY_MS      INT64_C(180000)
#define POOL_DRY_MS_MAX  INT64_C(1800000)
#define BREAKER_FAILURES 3
#define BREAKER_MS       INT64_C(180000)
#define BREAKER_MS_MAX   INT64_C(1800000)
#define LAUNCH_AGAIN_MS  INT64_C(9000)
#define LAUNCH_AGAIN_MAX INT64_C(900000)
/* An id that EC2 does not know may be one it does not know yet (1.2, 1.5). */
#define UNKNOWN_FOR_MS   INT64_C(300000)
#define AMBIGUOUS_FOR_MS INT64_C(43200000) /* 12 h: half a token's life (1.6) */
/* What was given up and not answered reaches EC2 within this or never: Linux sends what a
 * closed connection still had for some 100 s (tcp(7), tcp_orphan_retries). */
#define LATE_MS INT64_C(300000)

const char *say_error(struct asg_core *core, const struct asg_result *result)
{
    return asg_arena_format(&core->effects->arena, "%s%s%s%s%s",
                            asg_enum_word(&asg_outcome_words, (int)result->outcome),
                            result->error_code[0] != '\0' ? ", " : "", result->error_code,
                            result->message[0] != '\0' ? ": " : "", result->message);
}

static void note_attempt(struct asg_core *core, struct job *job,
                         const struct asg_result *result)
{
    if (job->attempt_count == ASG_JOB_ATTEMPTS_KEPT) {
        memmove(job->attempts, job->attempts + 1,
                (ASG_JOB_ATTEMPTS_KEPT - 1) * sizeof job->attempts[0]);
        job->attempt_count--;
    }
    struct asg_arena *arena = &job->arena;
    job->attempts[job->attempt_count++] = (struct asg_attempt_view){
        .attempt = result->attempt,
        .outcome = result->outcome,
        .error_code = asg_arena_text(arena, result->error_code),
        .message = asg_arena_text(arena, result->message),
        .worker = asg_arena_text(arena, result->worker),
        .request_id = asg_arena_text(arena, result->request_id),
        .ended_ms = core->now_ms,
        .calls = result->calls,
        .deliveries = result->deliveries,
    };
}

static int64_t doubled(int64_t base_ms, uint32_t times, int64_t most_ms)
{
    int64_t ms = base_ms;
    for (uint32_t i = 1; i < times && ms < most_ms; i++) {
        ms *= 2;
    }
    return ms < most_ms ? ms : most_ms;
}

/* ---- launches ---- */

struct instance *find_slot(struct group *group, uint64_t job_id, bool is_spot)
{
    struct instance *other = NULL;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *slot = &group->instances[i];
        if (slot->job_id != job_id || slot->state != ASG_INSTANCE_REQUESTED) continue;
        if (slot->is_spot == is_spot) return slot;
        if (other == NULL) other = slot;
    }
    return other;
}

void free_slots(struct asg_core *core, struct group *group, uint64_t job_id)
{
    struct instance *slot = find_slot(group, job_id, false);
    for (; slot != NULL; slot = find_slot(group, job_id, false)) {
        (void)move_instance(core, group, slot, ASG_FLEET_NOT_LAUNCHED);
    }
}

void fill_instance(struct asg_core *core, struct group *group, struct instance *instance,
                   const struct asg_seen_instance *seen)
{
    copy_text(instance->id, sizeof instance->id, seen->instance_id);
    asg_id_map_put(&core->ids, instance->id, group->no);
    if (seen->instance_type[0] != '\0') {
        copy_text(instance->type, sizeof instance->type, seen->instance_type);
    }
    if (seen->subnet_id[0] != '\0') {
        copy_text(instance->subnet_id, sizeof instance->subnet_id, seen->subnet_id);
    }
    if (seen->zone[0] != '\0')
        copy_text(instance->zone, sizeof instance->zone, seen->zone);
    if (seen->private_ip[0] != '\0') {
        copy_text(instance->private_ip, sizeof instance->private_ip, seen->private_ip);
    }
    instance->ec2_state = (int)seen->state;
    instance->is_spot = seen->is_spot;
}

void launch_slot(struct asg_core *core, struct group *group, struct instance *slot,
                 const struct asg_seen_instance *seen)
{
    fill_instance(core, group, slot, seen);
    slot->launched_ms = core->now_ms;
    (void)move_instance(core, group, slot, ASG_FLEET_LAUNCHED);
    if (seen->state == ASG_EC2_RUNNING &&
        group->config.health_check == ASG_HEALTH_CHECK_EC2) {
        (void)move_instance(core, group, slot, ASG_FLEET_RUNNING);
    }
    core->look_next_ms = core->now_ms; /* soon something changes: look closely */
    core->look_pause_ms = 0;
    /* Found by its token some time after its launch, and it is over already: nothing more
     * will be seen of it. */
    if (is_over_in_ec2((int)seen->state)) {
        note_launch_failure(group);
        (void)move_instance(core, group, slot, ASG_FLEET_OVER);
    }
}

void mark_pool_dry(struct asg_core *core, struct group *group, const char *type,
                   const char *zone, bool is_spot)
{
    struct dry_pool *pool = NULL;
    for (size_t i = 0; i < group->pool_count && pool == NULL; i++) {
        if (group->pools[i].is_spot == is_spot &&
            strcmp(group->pools[i].type, type) == 0 &&
            strcmp(group->pools[i].zone, zone) == 0) {
            pool = &group->pools[i];
        }
    }
    if (pool == NULL) {
        if (group->pool_count == ASG_POOLS_MAX) group->pool_count--;
        pool = &group->pools[group->pool_count++];
        *pool = (struct dry_pool){.is_spot = is_spot};
        copy_text(pool->type, sizeof pool->type, type);
        copy_text(pool->zone, sizeof pool->zone, zone);
    }
    bool is_again = pool->until_ms + POOL_DRY_MS_MAX > core->now_ms;
    pool->times = is_again ? pool->times + 1 : 1;
    pool->until_ms = core->now_ms + doubled(POOL_DRY_MS, pool->times, POOL_DRY_MS_MAX);
}

/* MinCount is 1: fewer than asked for is no error of EC2, but there is no more there. */
static void take_fewer(struct asg_core *core, struct group *group, const struct job *job,
                       size_t count)
{
    const struct asg_launch *launch = job->plan.launch;
    mark_pool_dry(core, group, launch->instance_type, launch->zone, false);
    decide(core, ASG_DECISION_JOB, group,
           "EC2 had room for %zu of %" PRIu32 " in %s (job %s): the others go elsewhere",
           count, launch->count, launch->zone, job->plan.name);
}

static void take_launched(struct asg_core *core, struct group *group, struct job *job,
                          const struct asg_result *result)
{
    if (job->plan.is_dry_run) {
        decide(core, ASG_DECISION_JOB, group,
               "dry run: EC2 would launch %" PRIu32 " (job %s)", job->plan.launch->count,
               job->plan.name);
    }
    for (size_t i = 0; i < result->instance_count; i++) {
        struct group *owner = NULL;
        if (find_instance(core, result->instances[i].instance_id, &owner) != NULL)
            continue;
        struct instance *slot =
            find_slot(group, job->plan.id, result->instances[i].is_spot);
        if (slot == NULL) break; /* more than asked for: the listing finds them */
        launch_slot(core, group, slot, &result->instances[i]);
    }
    bool is_short = result->instance_count < job->plan.launch->count;
    if (job->plan.launch->fleet != NULL) {
        if (!job->plan.is_dry_run) take_part_of_fleet(core, group, job, result);
    } else if (is_short && !job->plan.is_dry_run) {
        take_fewer(core, group, job, result->instance_count);
    }
    free_slots(core, group, job->plan.id);
    group->is_degraded = false;
    group->degraded[0] = '\0';
    close_job(core, job, ASG_JOB_STATE_DONE);
}

void note_launch_failure(struct group *group)
{
    group->launch_failures++;
    group->launch_batch = 1;
}

void launch_again_later(struct asg_core *core, struct group *group)
{
    note_launch_failure(group);
    group->launch_after_ms =
        core->now_ms + doubled(LAUNCH_AGAIN_MS, group->launch_failures, LAUNCH_AGAIN_MAX);
}

static void take_no_capacity(struct asg_core *core, struct group *group, struct job *job,
                             const struct asg_result *result)
{
    mark_pool_dry(core, group, job->plan.launch->instance_type, job->plan.launch->zone,
                  false);
    const char *type = "";
    const struct asg_subnet *subnet = NULL;
    if (choose_pool(core, group, job, &type, &subnet)) {
        next_attempt(core, job);
        return;
    }
    free_slots(core, group, job->plan.id);
    close_job(core, job, ASG_JOB_STATE_REFUSED);
    launch_again_later(core, group);
    char wait[ASG_NUMBER_TEXT_MAX];
    decide(
        core, ASG_DECISION_JOB, group,
        "Launching EC2 instance failed: %s; every pool is tried, job %s ends, next try "
        "in %s",
        say_error(core, result), job->plan.name,
        asg_number_duration(group->launch_after_ms - core->now_ms, wait));
}

/* A dead letter keeps its history and marks its group. */
static void bury(struct asg_core *core, struct group *group, struct job *job,
                 const struct asg_result *result)
{
    close_job(core, job, ASG_JOB_STATE_DEAD);
    const char *error = say_error(core, result);
    if (group != NULL) {
        group->is_degraded = true;
        copy_text(group->degraded, sizeof group->degraded, error);
    }
    raise_alarm(core, ASG_ALARM_DEAD_LETTER, group, true,
                "job %s is a dead letter: %s; see `openasg jobs show %" PRIu64
                "`, mend the cause, then `openasg jobs retry %" PRIu64 "`",
                job->plan.name, error, job->plan.id, job->plan.id);
}

static void open_breaker(struct asg_core *core, struct group *group)
{
    if (group->launch_failures < BREAKER_FAILURES) return;
    group->breaker_times++;
    int64_t pause_ms = doubled(BREAKER_MS, group->breaker_times, BREAKER_MS_MAX);
    group->breaker_until_ms = core->now_ms + pause_ms;
    group->launch_failures = 0;
    char wait[ASG_NUMBER_TEXT_MAX];
    raise_alarm(core, ASG_ALARM_LAUNCH_BREAKER, group, true,
                "%d launches failed in a row: no more for %s", BREAKER_FAILURES,
                asg_number_duration(pause_ms, wait));
}

/* It may have happened: the slots stay, the same token asks again. */
static void take_doubt(struct asg_core *core, struct group *group, struct job *job,
                       const struct asg_result *result)
{
    if (!job->is_ambiguous) {
        decide(core, ASG_DECISION_JOB, group,
               "job %s may have launched or not: %s; asking again with its token",
               job->plan.name, say_error(core, result));
    }
    job->is_ambiguous = true;
    if (core->now_ms - job->sent_ms < AMBIGUOUS_FOR_MS) {
        retry_later(core, job);
    } else {
        free_slots(core, group, job->plan.id);
        bury(core, group, job, result);
    }
}

int64_t late_until_ms(const struct asg_core *core, const struct job *job)
{
    /* By its epoch, not by its time: while a clock that was set back is not yet where the
     * log is, orders to lead come at the time of the last event. */
    int64_t from_ms = core->epoch != job->sent_epoch ? core->led_ms : 0;
    for (size_t i = 0; i < job->attempt_count; i++) {
        const struct asg_attempt_view *one = &job->attempts[i];
        bool is_doubtful = one->outcome == ASG_OUTCOME_AMBIGUOUS || one->deliveries > 1;
        if (one->attempt == job->plan.attempt && is_doubtful && one->ended_ms > from_ms) {
            from_ms = one->ended_ms;
        }
    }
    return from_ms == 0 ? 0 : from_ms + LATE_MS;
}

/* EC2 refuses (no room, a quota, a right that was taken away), and yet the launch may
 * happen or have happened: its slots stay, the listing may fill them, and the same token
 * asks again when nothing can come any more. */
static bool waits_for_late(struct asg_core *core, struct group *group, struct job *job,
                           const struct asg_result *result)
{
    int64_t until_ms = late_until_ms(core, job);
    if (until_ms <= core->now_ms) return false;
    char wait[ASG_NUMBER_TEXT_MAX];
    if (!job->is_ambiguous) {
        decide(core, ASG_DECISION_JOB, group,
               "job %s: %s, but an earlier request of it may still launch; asking again "
               "with its token in %s",
               job->plan.name, say_error(core, result),
               asg_number_duration(until_ms - core->now_ms, wait));
    }
    job->is_ambiguous = true;
    set_retry(core, job, until_ms);
    job->tries++;
    return true;
}

static void take_launch(struct asg_core *core, struct group *group, struct job *job,
                        const struct asg_result *result)
{
    group->is_dirty = true;
    switch (result->outcome) {
    case ASG_OUTCOME_OK: take_launched(core, group, job, result); break;
    case ASG_OUTCOME_CAPACITY:
        if (waits_for_late(core, group, job, result)) break;
        if (job->plan.launch->fleet != NULL) {
            take_empty_fleet(core, group, job, result);
        } else {
            take_no_capacity(core, group, job, result);
        }
        break;
    case ASG_OUTCOME_AMBIGUOUS: take_doubt(core, group, job, result); break;
    case ASG_OUTCOME_GONE:
        free_slots(core, group, job->plan.id);
        close_job(core, job, ASG_JOB_STATE_DONE);
        decide(core, ASG_DECISION_JOB, group,
               "job %s: what it launched has been terminated since", job->plan.name);
        break;
    case ASG_OUTCOME_THROTTLED:
    case ASG_OUTCOME_TRANSIENT:
    case ASG_OUTCOME_UNDELIVERED:
    case ASG_OUTCOME_CREDENTIALS: retry_later(core, job); break;
    case ASG_OUTCOME_EXPIRED:
        /* It was asked before, or may have been: no dispatcher knows of older ones. */
        if (job->is_ambiguous || core->epoch != job->sent_epoch) {
            take_doubt(core, group, job, result);
            break;
        }
        free_slots(core, group, job->plan.id);
        close_job(core, job, ASG_JOB_STATE_REFUSED);
        launch_again_later(core, group);
        decide(core, ASG_DECISION_JOB, group, "job %s expired before a worker took it",
               job->plan.name);
        break;
    default:
        if (waits_for_late(core, group, job, result)) break;
        free_slots(core, group, job->plan.id);
        launch_again_later(core, group);
        bury(core, group, job, result);
        open_breaker(core, group);
        break;
    }
}

/* ---- terminations ---- */

static struct instance *find_ending(struct asg_core *core, const char *id,
                                    uint64_t job_id, struct group **ret_group)
{
    struct instance *instance = find_instance(core, id, ret_group);
    bool is_of_job = instance != NULL && instance->end_job_id == job_id &&
                     instance->state == ASG_INSTANCE_TERMINATING;
    return is_of_job ? instance : NULL;
}

static void drop_orphan(struct asg_core *core, const char *id)
{
    for (size_t i = 0; i < core->orphan_count; i++) {
        if (strcmp(core->orphans[i].id, id) != 0) continue;
        memmove(&core->orphans[i], &core->orphans[i + 1],
                (core->orphan_count - i - 1) * sizeof core->orphans[0]);
        core->orphan_count--;
        return;
    }
}

static void take_terminated(struct asg_core *core, struct job *job,
                            const struct asg_result *result)
{
    struct group *group = NULL;
    for (size_t i = 0; i < result->instance_count; i++) {
        const struct asg_seen_instance *seen = &result->instances[i];
        struct instance *instance =
            find_ending(core, seen->instance_id, job->plan.id, &group);
        if (instance == NULL) continue;
        group->is_dirty = true;
        instance->ec2_state = (int)seen->state;
        if (seen->state == ASG_EC2_TERMINATED) {
            (void)move_instance(core, group, instance, ASG_FLEET_OVER);
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
        instance->ec2_state = ASG_EC2_ABSENT;
        (void)move_instance(core, group, instance, ASG_FLEET_OVER);
    }
    for (size_t i = 0; i < result->protected_ids.count; i++) {
        struct instance *instance =
            find_ending(core, result->protected_ids.items[i], job->plan.id, &group);
        if (instance != NULL) {
            (void)move_instance(core, group, instance, ASG_FLEET_KEPT);
        }
    }
    if (!is_settled && job->plan.deadline_ms > core->now_ms) {
        retry_later(core, job);
        return;
    }
    if (job->group_no == 0 && job->plan.terminate->instance_ids.count == 1) {
        drop_orphan(core, job->plan.terminate->instance_ids.items[0]);
    }
    core->look_next_ms = core->now_ms;
    core->look_pause_ms = 0;
    close_job(core, job, ASG_JOB_STATE_DONE);
}

static void take_terminate(struct asg_core *core, struct group *group, struct job *job,
                           const struct asg_result *result)
{
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
            retry_later(core, job);
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
    if (is_worth_again(core, job, result)) {
        retry_later(core, job);
        return;
    }
    if (group != NULL && group->resolve_job_id == job->plan.id) {
        group->resolve_job_id = 0;
        group->is_dirty = true;
    }
    if (result->outcome != ASG_OUTCOME_OK) {
        if (group != NULL) launch_again_later(core, group);
        bury(core, group, job, result);
        return;
    }
    close_job(core, job, ASG_JOB_STATE_DONE);
    if (group == NULL) return;
    copy_text(group->template_id, sizeof group->template_id, result->template_id);
    group->template_version = strtoull(result->template_version, NULL, 10);
    group->resolved_ms = core->now_ms;
}

static void take_template(struct asg_core *core, struct job *job,
                          const struct asg_result *result)
{
    struct template *known = find_template(core, job->plan.template_name);
    if (is_worth_again(core, job, result)) {
        retry_later(core, job);
        return;
    }
    if (known != NULL && known->job_id == job->plan.id) known->job_id = 0;
    if (result->outcome != ASG_OUTCOME_OK) {
        if (known != NULL) {
            copy_text(known->failure, sizeof known->failure, say_error(core, result));
        }
        bury(core, NULL, job, result);
        return;
    }
    if (known != NULL) {
        copy_text(known->id, sizeof known->id, result->template_id);
        known->version = strtoull(result->template_version, NULL, 10);
        known->failure[0] = '\0';
    }
    decide(core, ASG_DECISION_JOB, NULL, "launch template %s is %s version %s",
           job->plan.template_name, result->template_id, result->template_version);
    close_job(core, job, ASG_JOB_STATE_DONE);
}

void take_result(struct asg_core *core, const struct asg_result *result)
{
    struct job *job = find_job(core, result->job_id);
    if (job == NULL || job->state != ASG_JOB_STATE_OPEN ||
        job->plan.attempt != result->attempt) {
        return; /* late: counted once already */
    }
    if (!ASG_MUTANT(HISTORY_IS_LOST)) note_attempt(core, job, result);
    struct group *group = group_of_no(core, job->group_no);
    switch (job->plan.kind) {
    case ASG_JOB_LAUNCH:
    case ASG_JOB_FLEET:
        if (group != NULL)
            take_launch(core, group, job, result);
        else
            close_job(core, job, ASG_JOB_STATE_DONE);
        break;
    case ASG_JOB_TERMINATE: take_terminate(core, group, job, result); break;
    case ASG_JOB_TEMPLATE: take_template(core, job, result); break;
    case ASG_JOB_RESOLVE_TEMPLATE: take_resolved(core, group, job, result); break;
    case ASG_JOB_DESCRIBE: /* comes as an observation */
    case ASG_JOB_TAG:
    case ASG_JOB_COUNT: close_job(core, job, ASG_JOB_STATE_DONE); break;
    }
}
