#include "core/settle/balance_group.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lifecycle/lifecycle.h"
#include "core/world/standing.h"
#include "core/world/states.h"
#include "core/world/configurations.h"
#include "core/world/kept_text.h"
#include "core/choose/choose_ends.h"
#include "core/world/counts.h"
#include "core/limits/launch_failures.h"
#include "core/step/activities.h"
#include "core/step/look_again.h"
#include "core/step/narrate.h"
#include "core/values/number.h"
#include "core/limits/patience.h"
#include "core/world/state.h"
#include "core/values/text.h"
#include "core/guard/interlocks.h"
#include "core/judge/judge_health.h"
#include "core/plan/end_instance.h"
#include "core/plan/plan_launches.h"
#include "core/plan/plan_templates.h"
#include "core/plan/plan_terminations.h"
#include "core/plan/retry_job.h"
#include "core/settle/answer_notices.h"
#include "core/settle/settle_sources.h"
#include "core/tell/tell_alarms.h"
#include "core/tell/tell_members.h"
#include "core/want/desired.h"
#include "core/want/run_schedules.h"
#include "core/want/wanted_capacity.h"
#include "core/want/wanted_launch.h"
#include "core/world/stops.h"

#define TEMPLATE_FRESH_MS INT64_C(60000)

static void end_late_launches(struct asg_core *core, struct group *group)
{
    if (asg_count_launching(group) == 0) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        if (asg_state_traits(instance->state)->timeout != ASG_TIMEOUT_LAUNCH) continue;
        int64_t late_ms = asg_patience_late_ms(core, group, instance);
        if (late_ms > core->now_ms) {
            asg_look_again(core, late_ms);
            continue;
        }
        assert(asg_instance_is_arriving(instance));
        if (asg_guard_health_rests(core, group, "a launch is late")) return;
        if (asg_guard_allowed_ends(core, group, 1, ASG_END_HEALTH) == 0) return;
        char limit[ASG_NUMBER_TEXT_MAX];
        char reason[ASG_REASON_MAX + 1];
        (void)snprintf(reason, sizeof reason, "not in service %s after its launch",
                       asg_number_duration(group->config.launch_timeout_ms, limit));
        if (asg_plan_end_is_dry(core, group, instance, reason)) return;
        enum asg_cause fault = instance->health.fault;
        instance->health.fault = ASG_CAUSE_LATE_LAUNCH;
        asg_plan_end(core, group, instance, ASG_END_HEALTH, reason);
        if (asg_instance_is_arriving(instance)) { /* EC2 keeps it: no look fails anew */
            instance->health.fault = fault;
            continue;
        }
        asg_launch_note_failure(group);
    }
}

/* What EC2 ended while that was to change nothing, once it may. */
static void settle_ended(struct asg_core *core, struct group *group)
{
    if (asg_count_lost(group) == 0 || asg_group_keeps_what_ended(group)) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        if (!asg_instance_is_serving(instance) || !asg_ec2_is_over(instance->ec2_state))
            continue;
        (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_OVER);
    }
}

static bool is_replaced(const struct instance *instance, bool is_marked)
{
    return asg_instance_is_judged(instance) && instance->health.is_unhealthy &&
           instance->health.is_marked == is_marked;
}

static uint32_t count_unhealthy(const struct group *group, bool is_marked)
{
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        count += is_replaced(group->instances[i], is_marked) ? 1 : 0;
    }
    assert(count <= asg_count_unhealthy(group));
    return count;
}

/* An order's word, or what we found ourselves, which is paced. */
static void replace_all(struct asg_core *core, struct group *group,
                        enum asg_end_cause cause)
{
    uint32_t waiting = count_unhealthy(group, cause == ASG_END_MARKED);
    assert(cause == ASG_END_MARKED || cause == ASG_END_HEALTH);
    for (size_t i = 0; i < group->instance_count && waiting > 0; i++) {
        struct instance *instance = group->instances[i];
        if (!is_replaced(instance, cause == ASG_END_MARKED)) continue;
        if (asg_plan_end_is_dry(core, group, instance, instance->reason)) return;
        /* Said at every look, whatever room the others leave: or the reasons of two looks
         * at the same group would take turns. */
        bool is_kept = asg_plan_end_is_kept(core, group, instance, cause);
        if (!is_kept && asg_guard_allowed_ends(core, group, waiting, cause) == 0) return;
        waiting--;
        if (is_kept) continue;
        char reason[ASG_REASON_MAX + 1];
        asg_text_copy(reason, sizeof reason, instance->reason);
        asg_plan_end(core, group, instance, cause, reason);
    }
}

static void replace_unhealthy(struct asg_core *core, struct group *group)
{
    if (asg_group_is_suspended(group, ASG_PROCESS_REPLACE_UNHEALTHY)) return;
    if (asg_count_unhealthy(group) == 0) return;
    replace_all(core, group, ASG_END_MARKED);
    replace_all(core, group, ASG_END_HEALTH);
}

static void end_drains(struct asg_core *core, struct group *group)
{
    if (asg_count_waiting(group) == 0) return;
    struct why why = WHY_OF(DRAINING, .is_quiet = true);
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        if (!asg_instance_is_waiting(instance)) continue;
        if (instance->wait_until_ms > core->now_ms) {
            asg_look_again(core, instance->wait_until_ms);
            why.count++;
            if (instance->wait_until_ms > why.until_ms)
                why.until_ms = instance->wait_until_ms;
            continue;
        }
        (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_DRAINED);
        assert(!asg_instance_is_waiting(instance)); /* it waits no more */
        asg_narrate_instance(core, ASG_DECISION_STATE, group, instance,
                             "%s: its drain timed out", instance->id);
    }
    if (why.count == 0) return;
    asg_hold(core, group, HOLD_DRAIN, why, "termination waits for drains: %" PRIu32,
             why.count);
}

/* The open job whose answer the instance waits for; NULL: none that is tried again. */
static const struct job *retried_job(const struct asg_core *core,
                                     const struct instance *instance)
{
    uint64_t id = 0;
    if (asg_instance_is_slot(instance)) id = instance->launch.job_id;
    if (asg_instance_is_ending(instance)) id = instance->ending.job_id;
    const struct job *job = id != 0 ? asg_job_find(core, id) : NULL;
    bool is_waiting =
        job != NULL && job->state == ASG_JOB_STATE_OPEN && job->retry_ms != 0;
    return is_waiting ? job : NULL;
}

static void hold_for_retries(struct asg_core *core, struct group *group)
{
    if (asg_count_launching(group) == 0 && asg_count_ending(group) == 0) return;
    const struct job *first = NULL;
    uint32_t count = 0;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct job *job = retried_job(core, group->instances[i]);
        if (job == NULL) continue;
        count++;
        if (first == NULL || job->retry_ms < first->retry_ms) first = job;
    }
    if (count == 0) return;
    const char *what = asg_job_is_launch(first->plan.kind) ? "launch" : "termination";
    const struct why why =
        WHY_OF(RETRYING, .until_ms = first->retry_ms, .count = count, .is_quiet = true);
    if (first->look_up_ms != 0 || first->attempt_count == 0) {
        asg_hold(
            core, group, HOLD_RETRY, why,
            "%s waits: EC2's answer was lost; the next EC2 listings will show the result",
            what);
        return;
    }
    const struct asg_attempt_view *last = &first->attempts[first->attempt_count - 1];
    bool has_code = last->error_code != NULL && last->error_code[0] != '\0';
    asg_hold(core, group, HOLD_RETRY, why,
             "%s waits: the last request ended in \"%s\", trying again", what,
             has_code ? last->error_code
                      : asg_enum_word(&asg_outcome_words, (int)last->outcome));
}

/* Policies go by those alone that are warm: who is not counts for nothing yet. */
static void hold_for_warming(struct asg_core *core, struct group *group)
{
    if (group->policy_count == 0 || group->is_deleting) return;
    struct why why = WHY_OF(WARMING, .is_quiet = true);
    assert(asg_count_serving(group) <= group->instance_count);
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        if (!asg_instance_is_serving(instance) ||
            asg_instance_is_warm(instance, core->now_ms)) {
            continue;
        }
        why.count++;
        if (instance->service.warm_ms > why.until_ms)
            why.until_ms = instance->service.warm_ms;
    }
    if (why.count == 0) return;
    asg_hold(core, group, HOLD_WARMING, why,
             "policies ignore the metrics of %" PRIu32 " warming instance%s", why.count,
             why.count == 1 ? "" : "s");
}

static bool is_over(const struct instance *instance)
{
    return asg_instance_is_finished(instance) &&
           instance->service.told == ASG_MEMBER_GONE;
}

/* It waits for its next try, and EC2 has refused what was tried so far: no request of it
 * is on its way. */
static bool may_be_given_up(struct asg_core *core, const struct job *job,
                            const struct group *group)
{
    assert(job->attempt_count <= ASG_JOB_ATTEMPTS_KEPT);
    if (job->group_no != group->no || !asg_job_is_launch(job->plan.kind) ||
        job->state != ASG_JOB_STATE_OPEN || job->retry_ms == 0 || job->is_ambiguous) {
        return false;
    }
    for (size_t i = 0; i < job->attempt_count; i++) {
        enum asg_outcome outcome = job->attempts[i].outcome;
        bool is_definite = outcome == ASG_OUTCOME_THROTTLED ||
                           outcome == ASG_OUTCOME_TRANSIENT ||
                           outcome == ASG_OUTCOME_CREDENTIALS ||
                           outcome == ASG_OUTCOME_UNDELIVERED; /* or it is in doubt */
        if (job->attempts[i].attempt == job->plan.attempt && !is_definite) return false;
    }
    int64_t late_until_ms = asg_patience_late_until_ms(core, job);
    if (late_until_ms <= core->now_ms) return true;
    if (late_until_ms < job->retry_ms) asg_look_again(core, late_until_ms);
    return false;
}

/* The newest launch job that is not in EC2 and not larger than what is too much. */
static struct job *find_unmade(struct asg_core *core, const struct group *group,
                               uint32_t excess)
{
    for (size_t i = core->job_count; i > 0; i--) {
        struct job *job = core->jobs[i - 1];
        if (may_be_given_up(core, job, group) && job->plan.launch->count <= excess)
            return job;
    }
    return NULL;
}

static uint32_t end_newest_pending(struct asg_core *core, struct group *group,
                                   uint32_t excess, bool is_working,
                                   enum asg_end_cause cause)
{
    uint32_t ended = 0;
    for (size_t i = group->instance_count; i > 0 && ended < excess; i--) {
        struct instance *instance = group->instances[i - 1];
        if (!asg_instance_is_arriving(instance) || instance->service.is_protected ||
            asg_instance_is_attaching(instance) ||
            asg_instance_may_be_working(instance) != is_working) {
            continue;
        }
        asg_plan_end(core, group, instance, cause,
                     "no longer wanted before it was in service");
        ended++;
    }
    assert(ended <= excess);
    return ended;
}

/* How many instances the launches were of that are given up. */
static uint32_t give_up_unmade(struct asg_core *core, struct group *group,
                               uint32_t excess, const char *why)
{
    uint32_t done = 0;
    struct job *job = find_unmade(core, group, excess);
    for (; job != NULL; job = find_unmade(core, group, excess - done)) {
        assert(done + job->plan.launch->count <= excess);
        done += job->plan.launch->count;
        asg_plan_abandon(core, group, job, why);
    }
    return done;
}

/* What is not in service yet goes before anybody who works (docs/rules.md, "Choosing whom
 * to terminate"): launches nobody made, newest first; those EC2 has begun; those EC2
 * is being asked for, which go when they arrive. How many of `excess` that takes care of.
 */
static uint32_t give_up_launches(struct asg_core *core, struct group *group,
                                 uint32_t excess)
{
    uint32_t done = give_up_unmade(core, group, excess, "no longer wanted");
    for (size_t i = 0; i < group->instance_count && done < excess; i++) {
        const struct instance *instance = group->instances[i];
        done += asg_instance_is_slot(instance) || asg_instance_is_attaching(instance);
    }
    assert(done <= excess);
    if (done == excess || !asg_guard_allows_choice(core, group, ASG_END_SCALE_IN))
        return done;
    return done + end_newest_pending(core, group, excess - done, /* is_working */ false,
                                     ASG_END_SCALE_IN);
}

/* How many of those above desired go because an order said so. */
static uint32_t count_ordered(const struct group *group, uint32_t excess)
{
    uint32_t actual = asg_count_capacity(group);
    uint32_t ordered =
        actual > group->scaling.order_floor ? actual - group->scaling.order_floor : 0;
    return ordered < excess ? ordered : excess;
}

/* Whoever serves nobody any more, and waits for its replacement. */
static bool is_of_no_use(const struct instance *instance)
{
    if (!asg_state_traits(instance->state)->is_candidate) return false;
    if (asg_ec2_is_over(instance->ec2_state)) return true;
    return instance->health.is_unhealthy && !instance->service.is_protected;
}

static uint32_t end_useless(struct asg_core *core, struct group *group, uint32_t count,
                            enum asg_end_cause cause)
{
    uint32_t ended = 0;
    if (asg_count_unhealthy(group) == 0 && asg_count_lost(group) == 0) return ended;
    for (size_t i = 0; i < group->instance_count && ended < count; i++) {
        struct instance *instance = group->instances[i];
        if (!is_of_no_use(instance)) continue;
        asg_plan_end(core, group, instance, cause, "selected for scale-in: unhealthy");
        ended += asg_instance_is_serving(instance) ? 0 : 1; /* EC2 may keep it */
    }
    assert(ended <= count);
    return ended;
}

/* How many of `count` could be chosen and end. */
static size_t end_surplus(struct asg_core *core, struct group *group, uint32_t count,
                          enum asg_end_cause cause)
{
    /* Those that are not in service for us still go first, but within the limits. */
    uint32_t ended = end_newest_pending(core, group, count, /* is_working */ true, cause);
    ended += end_useless(core, group, count - ended, cause);
    count -= ended;
    if (count == 0) return ended;
    size_t *order = asg_arena_take(&core->step->effects->arena, count * sizeof *order);
    size_t chosen = asg_choose_ends(core, group, count, order);
    for (size_t i = 0; i < chosen; i++) {
        asg_plan_end(core, group, group->instances[order[i]], cause,
                     "selected for scale-in");
    }
    return ended + chosen;
}

static const char all_protected_text[] = /* AWS's */
    "Could not scale to desired capacity because all remaining instances are protected "
    "from scale-in.";

static void shrink(struct asg_core *core, struct group *group, uint32_t excess)
{
    assert(excess > 0 && excess <= asg_count_capacity(group));
    if (group->config.dry_run) {
        if (!asg_hold_is_on(core, HOLD_DRY_RUN)) {
            asg_hold(core, group, HOLD_DRY_RUN, WHY_OF(DRY_RUN, .count = excess),
                     "dry run: would terminate %" PRIu32, excess);
        }
        return;
    }
    uint32_t ordered = count_ordered(group, excess);
    uint32_t given_up = give_up_launches(core, group, excess);
    excess -= given_up;
    ordered -= ordered < given_up ? ordered : given_up;
    if (excess == 0) {
        if (asg_count_launching(group) > 0)
            asg_hold(core, group, HOLD_SCALE_IN, WHY(UNDER_WAY),
                     "scale-in waits for launches under way");
        return;
    }
    uint32_t allowed = asg_guard_allowed_ends(core, group, ordered, ASG_END_USER);
    size_t ended = end_surplus(core, group, allowed, ASG_END_USER);
    if (allowed == ordered) {
        uint32_t paced =
            asg_guard_allowed_ends(core, group, excess - ordered, ASG_END_SCALE_IN);
        allowed += paced;
        ended += end_surplus(core, group, paced, ASG_END_SCALE_IN);
    }
    if (allowed == 0 || ended > 0 || asg_hold_is_on(core, HOLD_SCALE_IN)) return;
    asg_hold(core, group, HOLD_SCALE_IN, WHY(PROTECTED), "%s", all_protected_text);
    if (group->scaling.has_told_protected) return;
    group->scaling.has_told_protected = true;
    asg_activity_tell_no_end(core, group, all_protected_text);
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* Is the template known as a number? When not, a job asks and the launch waits. */
static bool is_template_ready(struct asg_core *core, struct group *group)
{
    assert(!group->is_deleting); /* it grows no more */
    const struct asg_group_config *config = &group->config;
    if (config->launch_configuration[0] != '\0') {
        const struct asg_launch_configuration *configuration =
            asg_configuration_find(core, config->launch_configuration);
        assert(configuration != NULL); /* none that a group launches from is deleted */
        group->template.version = (uint64_t)configuration->created_ms;
        return true;
    }
    if (config->template_id[0] != '\0' && is_number(config->template_version)) {
        asg_text_keep(core, &group->template.id, ASG_TEMPLATE_MAX, config->template_id);
        group->template.version = strtoull(config->template_version, NULL, 10);
        return true;
    }
    bool is_fixed = is_number(config->template_version);
    bool is_fresh =
        is_fixed || group->template.resolved_ms + TEMPLATE_FRESH_MS > core->now_ms;
    if (group->template.version != 0 && is_fresh) return true;
    asg_plan_resolve(core, group);
    return false;
}

static void grow(struct asg_core *core, struct group *group, uint32_t missing)
{
    assert(missing > 0);
    assert(!group->is_deleting); /* it grows no more */
    if (!asg_guard_allows_launch(core, group)) return;
    if (group->config.dry_run &&
        group->scaling.dry_run_desired == (int64_t)group->config.desired) {
        return; /* said for this desired already */
    }
    /* What is unknown is there: nothing is launched in its place. */
    if (missing <= group->unknown_count) {
        asg_hold(core, group, HOLD_LAUNCH,
                 WHY_OF(LOG_BEHIND, .count = group->unknown_count),
                 "launch waits: this log does not know %" PRIu32
                 " of the group's instances; see `openasg orphan list`",
                 group->unknown_count);
        return;
    }
    missing -= group->unknown_count;
    uint32_t alive = asg_count_against_max(group) + group->unknown_count;
    uint32_t room = group->config.max > alive ? group->config.max - alive : 0;
    if (room == 0) {
        asg_hold(core, group, HOLD_LAUNCH, WHY_OF(UNDER_WAY, .count = missing),
                 "launch waits: %" PRIu32 " instances still live, max is %" PRIu32, alive,
                 group->config.max);
        return;
    }
    if (missing > room) missing = room;
    if (group->launching.batch > 0) { /* slow start after a failure */
        uint32_t launching = asg_count_launching(group);
        uint32_t free =
            group->launching.batch > launching ? group->launching.batch - launching : 0;
        if (free == 0) {
            asg_hold(core, group, HOLD_LAUNCH, WHY_OF(LAUNCH_BACKOFF, .count = missing),
                     "launch waits: %" PRIu32 " under way first, after a failure",
                     launching);
            return;
        }
        if (missing > free) missing = free;
    }
    assert(missing > 0 && missing <= room);
    if (!is_template_ready(core, group)) {
        asg_hold(core, group, HOLD_LAUNCH, WHY_OF(TEMPLATE_UNKNOWN, .count = missing),
                 "launch waits: looking up version %s of launch template %s in EC2",
                 group->config.template_version,
                 group->config.template_id[0] != '\0' ? group->config.template_id
                                                      : group->config.template_name);
        if (!group->config.dry_run) asg_activity_expect(core, group, missing);
        return;
    }
    group->scaling.dry_run_desired =
        group->config.dry_run ? (int64_t)group->config.desired : -1;
    assert(missing > 0 && missing <= room);
    asg_plan_launches(core, group, missing);
}

/* Looked up while it might not be asked for: it may be again, and its token is the
 * stronger question. */
static void ask_again(struct asg_core *core, struct group *group)
{
    for (size_t i = 0; i < core->job_count && group->look_ups > 0; i++) {
        struct job *job = core->jobs[i];
        if (job->group_no != group->no || job->look_up_ms == 0) continue;
        if (asg_want_no_launch(core, group, job) != NULL) continue;
        asg_narrate(core, ASG_DECISION_JOB, group,
                    "job %s is needed again: retrying with its client token",
                    job->plan.name);
        asg_plan_again(core, job);
        assert(job->look_up_ms == 0);
    }
}

/* What was stopped and not made is given up, and planned anew when it may be. */
static void give_up_stopped(struct asg_core *core, struct group *group)
{
    const char *stop = asg_stop_of_launch(core, group, /* is_dry */ false);
    bool are_some = group->is_deleting || asg_count_launching(group) > 0;
    if (stop == NULL || !are_some) return;
    (void)give_up_unmade(core, group, UINT32_MAX, stop);
}

static void end_all(struct asg_core *core, struct group *group)
{
    assert(group->is_deleting);
    asg_activity_note_span(core, asg_count_capacity(group), 0);
    for (size_t i = 0; i < group->instance_count; i++) {
        asg_plan_end(core, group, group->instances[i], ASG_END_DELETED,
                     "its group is being deleted");
    }
}

/* They were selected before it was stopped, and go when it may. */
static void hold_selected(struct asg_core *core, struct group *group)
{
    if (asg_count_ending(group) == 0) return;
    uint32_t waiting = 0;
    const char *stop = NULL;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = group->instances[i];
        if (!asg_instance_is_ending(instance) || instance->ending.job_id != 0) continue;
        const char *why = asg_stop_of_end(core, group, instance);
        if (why == NULL) continue;
        stop = why;
        waiting++;
    }
    enum hold_topic topic = group->config.dry_run ? HOLD_DRY_RUN : HOLD_SCALE_IN;
    if (waiting == 0 || asg_hold_is_on(core, topic)) return;
    struct why why = {.reason = asg_stop_reason(stop), .count = waiting};
    asg_hold(core, group, topic, why,
             "termination waits: %" PRIu32 " were already selected, %s", waiting, stop);
}

/* It is carried out: what is too much from here on no order and no policy asked for. */
static void forget_scale_in(struct group *group)
{
    assert(group->scaling.at_once_percent <= 100);
    group->scaling.order_floor = UINT32_MAX;
    group->scaling.at_once_percent = 0;
    group->scaling.ten_minutes_percent = 0;
    group->scaling.has_told_protected = false;
}

/* Launches that wait for another try are over when nobody misses them or they may not be
 * made; what a wish or a lost instance asked for is done when nothing is missing. */
static void settle_activities(struct asg_core *core, struct group *group)
{
    uint32_t actual = asg_count_capacity(group);
    uint32_t wanted = group->is_deleting ? 0 : asg_want_capacity(group);
    uint32_t missing = wanted > actual ? wanted - actual : 0;
    const char *stop = asg_stop_of_launch(core, group, /* is_dry */ false);
    asg_activity_end_waiting(core, group, stop != NULL ? 0 : missing,
                             ASG_ACTIVITY_CANCELLED,
                             stop != NULL ? stop : "no longer wanted");
    if (missing < group->replacing) group->replacing = missing;
    if (actual == wanted) asg_activity_forget_wish(core, group);
    assert(group->waiting.count <= missing && group->replacing <= missing);
    assert(stop == NULL || group->waiting.count == 0);
}

void asg_settle_group(struct asg_core *core, struct group *group)
{
    assert(core->step != NULL);
    settle_ended(core, group);
    asg_judge_group(core, group);
    asg_settle_sources(core, group);
    end_drains(core, group);
    give_up_stopped(core, group);
    if (group->is_deleting) {
        end_all(core, group);
    } else {
        asg_activity_note_span(core, asg_count_capacity(group), asg_want_capacity(group));
        asg_settle_taken_back(core, group);
        end_late_launches(core, group);
        replace_unhealthy(core, group);
        asg_settle_replaced(core, group);
        uint32_t actual = asg_count_capacity(group);
        uint32_t wanted = asg_want_capacity(group);
        assert(wanted >= group->config.desired && wanted <= group->config.max);
        asg_activity_note_span(core, actual, wanted);
        if (actual > wanted) shrink(core, group, actual - wanted);
        if (actual < wanted) grow(core, group, wanted - actual);
        bool is_ordered = asg_count_serving(group) > group->scaling.order_floor;
        if (actual <= wanted && !is_ordered) forget_scale_in(group);
    }
    if (group->look_ups > 0) ask_again(core, group);
    settle_activities(core, group);
    hold_selected(core, group);
    hold_for_warming(core, group);
    hold_for_retries(core, group);
    asg_hold_settle(core, group);
    asg_plan_terminations(core, group);
    asg_cooldown_settle(core, group);
    asg_want_await_schedules(core, group);
    asg_tell_members(core, group);
    asg_tell_alarms_over(core, group);
    if (!asg_count_is_all_alive(group)) asg_instance_drop(core, group, is_over);
}
