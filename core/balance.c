/* balance - desired against actual: what is missing is launched, what is too much goes,
 * what is broken is replaced. Runs after every event that touched a group. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/choose_victims.h"
#include "core/number.h"
#include "core/state.h"
#include "base/mutant.h"

#define TEMPLATE_FRESH_MS INT64_C(60000)

void set_desired(struct asg_core *core, struct group *group, uint32_t desired)
{
    (void)core;
    if (desired != group->config.desired) {
        memset(group->held[HOLD_POLICY], 0, sizeof group->held[HOLD_POLICY]);
    }
    group->config.desired = desired;
    group->is_dirty = true;
}

void begin_cooldown(struct asg_core *core, struct group *group,
                    const struct asg_policy_config *config)
{
    group->cooldown_ms =
        config->cooldown_ms >= 0 ? config->cooldown_ms : group->config.cooldown_ms;
    group->cooldown_until_ms = core->now_ms + group->cooldown_ms;
    group->is_cooldown_due = true;
}

bool is_cooling(const struct asg_core *core, const struct group *group)
{
    return group->is_cooldown_due || group->cooldown_until_ms > core->now_ms;
}

/* The cooldown begins when the last instance is in service or has drained (5.4). */
static void settle_cooldown(struct asg_core *core, struct group *group)
{
    if (!group->is_cooldown_due || group->resolve_job_id != 0) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        if (is_launching(instance) || instance->drain_until_ms != 0) return;
    }
    group->is_cooldown_due = false;
    group->cooldown_until_ms = core->now_ms + group->cooldown_ms;
}

void begin_end(struct asg_core *core, struct group *group, struct instance *instance,
               enum asg_end_cause cause, const char *reason)
{
    bool was_serving = instance->state == ASG_INSTANCE_IN_SERVICE;
    if (!move_instance(core, group, instance, ASG_FLEET_END)) return;
    instance->end_cause = (int)cause;
    copy_text(instance->reason, sizeof instance->reason, reason);
    bool is_held = cause == ASG_END_HEALTH || (cause == ASG_END_SCALE_IN && was_serving);
    if (is_held) note_end(core, group, cause);
    if (cause == ASG_END_HEALTH) note_death(core, group, instance);
    bool is_replaced = cause == ASG_END_HEALTH || cause == ASG_END_NOTICE;
    decide_instance(core, is_replaced ? ASG_DECISION_REPLACE : ASG_DECISION_TERMINATE,
                    group, instance, "%s goes: %s", instance->id, reason);
    int64_t limit_ms = drain_limit(core, group, instance);
    bool can_drain =
        was_serving && instance->has_reported && !instance->is_silent && limit_ms > 0;
    if (!can_drain) return;
    instance->drain_until_ms = core->now_ms + limit_ms;
    char limit[ASG_NUMBER_TEXT_MAX];
    decide_instance(core, ASG_DECISION_STATE, group, instance,
                    "%s drains first, for %s at most", instance->id,
                    asg_number_duration(limit_ms, limit));
    emit_drain(core, instance, limit_ms);
}

/* ---- what is broken ---- */

static void end_late_launches(struct asg_core *core, struct group *group)
{
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = &group->instances[i];
        if (instance->state != ASG_INSTANCE_PENDING ||
            late_ms(core, group, instance) > core->now_ms) {
            continue;
        }
        if (allowed_ends(core, group, 1, ASG_END_HEALTH) == 0) return;
        char limit[ASG_NUMBER_TEXT_MAX];
        char reason[ASG_REASON_MAX + 1];
        (void)snprintf(reason, sizeof reason, "not in service %s after its launch",
                       asg_number_duration(group->config.launch_timeout_ms, limit));
        begin_end(core, group, instance, ASG_END_HEALTH, reason);
        note_launch_failure(group);
    }
}

static void replace_unhealthy(struct asg_core *core, struct group *group)
{
    if ((group->suspended & UINT64_C(1) << ASG_PROCESS_REPLACE_UNHEALTHY) != 0) return;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = &group->instances[i];
        if (instance->state != ASG_INSTANCE_IN_SERVICE || !instance->is_unhealthy)
            continue;
        if (group->config.dry_run) {
            hold(core, group, HOLD_DRY_RUN, "dry run: would replace %s: %s", instance->id,
                 instance->reason);
            return;
        }
        if (allowed_ends(core, group, 1, ASG_END_HEALTH) == 0) return;
        char reason[ASG_REASON_MAX + 1];
        copy_text(reason, sizeof reason, instance->reason);
        begin_end(core, group, instance, ASG_END_HEALTH, reason);
    }
}

static void end_drains(struct asg_core *core, struct group *group)
{
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = &group->instances[i];
        if (instance->drain_until_ms == 0 || instance->drain_until_ms > core->now_ms) {
            continue;
        }
        instance->drain_until_ms = 0;
        decide_instance(core, ASG_DECISION_STATE, group, instance,
                        "%s: the time of its drain is over", instance->id);
    }
}

static void drop_terminated(struct asg_core *core, struct group *group)
{
    for (size_t i = group->instance_count; i > 0; i--) {
        struct instance *instance = &group->instances[i - 1];
        bool is_told = instance->told == ASG_MEMBER_GONE;
        if (instance->state == ASG_INSTANCE_TERMINATED && is_told) {
            remove_instance(core, group, instance);
        }
    }
}

/* ---- too many ---- */

static size_t parse_policies(const struct asg_group_config *config,
                             enum asg_termination_policy ret[ASG_TERMINATION_COUNT])
{
    size_t count = 0;
    for (size_t i = 0; i < config->termination_policies.count; i++) {
        int value = asg_enum_value(&asg_termination_policy_words,
                                   config->termination_policies.items[i]);
        if (value >= 0 && count < ASG_TERMINATION_COUNT) {
            ret[count++] = (enum asg_termination_policy)value;
        }
    }
    return count;
}

/* Of a type that its market buys by priority: how late it comes. What the group does not
 * name any more comes last. */
static uint32_t rank_of(const struct group *group, const struct instance *instance)
{
    const struct asg_mixed *mixed = group->config.mixed;
    if (mixed == NULL) return 0;
    bool is_by_priority =
        instance->is_spot
            ? mixed->spot_strategy == ASG_SPOT_CAPACITY_OPTIMIZED_PRIORITIZED
            : mixed->on_demand_strategy == ASG_ON_DEMAND_PRIORITIZED;
    const struct asg_texts *types = &group->config.instance_types;
    uint32_t rank = 0;
    while (is_by_priority && rank < types->count &&
           strcmp(types->items[rank], instance->type) != 0) {
        rank++;
    }
    return rank;
}

static bool may_shrink_away(const struct instance *instance)
{
    return instance->state == ASG_INSTANCE_IN_SERVICE &&
           (!instance->is_protected || ASG_MUTANT(PROTECTION_IS_FORGOTTEN)) &&
           !instance->is_unhealthy;
}

static struct asg_candidate *make_candidates(struct asg_core *core,
                                             const struct group *group)
{
    struct asg_candidate *candidates =
        asg_arena_take(&core->effects->arena, group->instance_count * sizeof *candidates);
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        candidates[i] = (struct asg_candidate){
            .no = instance->no,
            .zone = counts_as_capacity(instance) ? instance->zone : "",
            .launched_ms = instance->launched_ms,
            .template_id = instance->template_id,
            .template_version = instance->template_version,
            .rank = rank_of(group, instance),
            .is_candidate = may_shrink_away(instance),
        };
    }
    return candidates;
}

/* Choose `count` of the candidates in one market; those chosen before are gone. */
static size_t choose_in_market(const struct asg_choice *choice, const struct group *group,
                               struct asg_candidate *candidates, bool is_spot,
                               size_t count, size_t *ret_order)
{
    for (size_t i = 0; i < group->instance_count; i++) {
        const struct instance *instance = &group->instances[i];
        if (candidates[i].is_chosen) candidates[i].zone = "";
        candidates[i].is_candidate = !candidates[i].is_chosen &&
                                     instance->is_spot == is_spot &&
                                     may_shrink_away(instance);
    }
    return asg_choose_victims(choice, candidates, group->instance_count, count,
                              ret_order);
}

/* First who is over its share, on demand or Spot (asg-semantics.md 5.6, 2); when that one
 * has nobody who may go, the other. */
static size_t choose_mixed(const struct asg_choice *choice, const struct group *group,
                           struct asg_candidate *candidates, size_t count,
                           size_t *ret_order)
{
    uint32_t has = count_market(group, /* is_spot */ false);
    uint32_t share =
        on_demand_share(group->config.mixed, count_capacity(group) - (uint32_t)count);
    size_t on_demand = has > share ? has - share : 0;
    if (on_demand > count) on_demand = count;
    size_t chosen =
        choose_in_market(choice, group, candidates, false, on_demand, ret_order);
    chosen += choose_in_market(choice, group, candidates, true, count - on_demand,
                               ret_order + chosen);
    for (int market = 0; market < 2 && chosen < count; market++) {
        chosen += choose_in_market(choice, group, candidates, market == 1, count - chosen,
                                   ret_order + chosen);
    }
    return chosen;
}

static size_t choose(struct asg_core *core, struct group *group, size_t count,
                     size_t *ret_order)
{
    struct asg_candidate *candidates = make_candidates(core, group);
    enum asg_termination_policy policies[ASG_TERMINATION_COUNT];
    const struct asg_choice choice = {
        .policies = policies,
        .policy_count = parse_policies(&group->config, policies),
        .template_id = group->template_id,
        .now_ms = core->now_ms,
        .seed = core->seed,
    };
    if (group->config.mixed != NULL) {
        return choose_mixed(&choice, group, candidates, count, ret_order);
    }
    return asg_choose_victims(&choice, candidates, group->instance_count, count,
                              ret_order);
}

/* It waits for its next try, and EC2 has refused what was tried so far: no request of it
 * is on its way. */
static bool may_be_given_up(const struct asg_core *core, const struct job *job,
                            const struct group *group)
{
    if (job->group_no != group->no || !asg_job_is_launch(job->plan.kind) ||
        job->state != ASG_JOB_STATE_OPEN || job->retry_ms == 0 || job->is_ambiguous ||
        late_until_ms(core, job) > core->now_ms) {
        return false;
    }
    for (size_t i = 0; i < job->attempt_count; i++) {
        enum asg_outcome outcome = job->attempts[i].outcome;
        bool is_definite = outcome == ASG_OUTCOME_THROTTLED ||
                           outcome == ASG_OUTCOME_TRANSIENT ||
                           outcome == ASG_OUTCOME_CREDENTIALS;
        if (job->attempts[i].attempt == job->plan.attempt && !is_definite) return false;
    }
    return true;
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
                                   uint32_t excess)
{
    uint32_t ended = 0;
    for (size_t i = group->instance_count; i > 0 && ended < excess; i--) {
        struct instance *instance = &group->instances[i - 1];
        if (instance->state != ASG_INSTANCE_PENDING || instance->is_protected) continue;
        begin_end(core, group, instance, ASG_END_SCALE_IN,
                  "no longer wanted before it was in service");
        ended++;
    }
    return ended;
}

/* What is not in service yet goes before anybody who works (asg-semantics.md 5.6, 0):
 * launches nobody made, newest first; those EC2 has begun; those EC2 is being asked for,
 * which go when they arrive. How many of `excess` that takes care of. */
static uint32_t give_up_launches(struct asg_core *core, struct group *group,
                                 uint32_t excess)
{
    uint32_t done = 0;
    struct job *job = find_unmade(core, group, excess);
    for (; job != NULL; job = find_unmade(core, group, excess - done)) {
        done += job->plan.launch->count;
        free_slots(core, group, job->plan.id);
        decide(core, ASG_DECISION_JOB, group, "job %s is given up: no longer wanted",
               job->plan.name);
        close_job(core, job, ASG_JOB_STATE_CANCELLED);
    }
    for (size_t i = 0; i < group->instance_count && done < excess; i++) {
        done += group->instances[i].state == ASG_INSTANCE_REQUESTED;
    }
    if (allowed_ends(core, group, excess - done, ASG_END_USER) == 0) return done;
    return done + end_newest_pending(core, group, excess - done);
}

static void shrink(struct asg_core *core, struct group *group, uint32_t excess)
{
    if (group->config.dry_run) {
        hold(core, group, HOLD_DRY_RUN, "dry run: would terminate %" PRIu32, excess);
        return;
    }
    excess -= give_up_launches(core, group, excess);
    if (excess == 0) {
        if (count_launching(group) > 0)
            hold(core, group, HOLD_SCALE_IN, "scale-in waits for launches under way");
        return;
    }
    uint32_t exempt = group->exempt_ends < excess ? group->exempt_ends : excess;
    uint32_t allowed = allowed_ends(core, group, exempt, ASG_END_USER);
    group->exempt_ends -= allowed;
    if (allowed < excess && (exempt == 0 || allowed == exempt)) {
        allowed += allowed_ends(core, group, excess - allowed, ASG_END_SCALE_IN);
    }
    if (allowed == 0) return;
    size_t *order = asg_arena_take(&core->effects->arena, allowed * sizeof *order);
    size_t chosen = choose(core, group, allowed, order);
    for (size_t i = 0; i < chosen; i++) {
        begin_end(core, group, &group->instances[order[i]], ASG_END_SCALE_IN,
                  "selected for scale-in");
    }
    if (chosen > 0) return;
    hold(core, group, HOLD_SCALE_IN,
         "Could not scale to desired capacity because all remaining instances are "
         "protected from scale-in.");
}

/* ---- too few ---- */

static bool is_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* Is the template known as a number? When not, a job asks and the launch waits. */
static bool is_template_ready(struct asg_core *core, struct group *group)
{
    const struct asg_group_config *config = &group->config;
    if (config->template_id[0] != '\0' && is_number(config->template_version)) {
        copy_text(group->template_id, sizeof group->template_id, config->template_id);
        group->template_version = strtoull(config->template_version, NULL, 10);
        return true;
    }
    bool is_fixed = is_number(config->template_version);
    bool is_fresh = is_fixed || group->resolved_ms + TEMPLATE_FRESH_MS > core->now_ms;
    if (group->template_version != 0 && is_fresh) return true;
    plan_resolve(core, group);
    return false;
}

static void grow(struct asg_core *core, struct group *group, uint32_t missing)
{
    if (!is_launch_allowed(core, group)) return;
    if (group->config.dry_run && group->dry_desired == (int64_t)group->config.desired) {
        return; /* said for this desired already */
    }
    uint32_t alive = count_alive(group);
    uint32_t room = group->config.max > alive ? group->config.max - alive : 0;
    if (room == 0) {
        hold(core, group, HOLD_LAUNCH,
             "launch waits: %" PRIu32 " instances still live, max is %" PRIu32, alive,
             group->config.max);
        return;
    }
    if (missing > room) missing = room;
    if (group->launch_batch > 0) { /* slow start after a failure */
        uint32_t launching = count_launching(group);
        uint32_t free =
            group->launch_batch > launching ? group->launch_batch - launching : 0;
        if (free == 0) {
            hold(core, group, HOLD_LAUNCH,
                 "launch waits: %" PRIu32 " under way first, after a failure", launching);
            return;
        }
        if (missing > free) missing = free;
    }
    if (!is_template_ready(core, group)) return;
    group->dry_desired = group->config.dry_run ? (int64_t)group->config.desired : -1;
    plan_launches(core, group, missing);
}

/* ---- members ---- */

static enum asg_member_state member_of(const struct asg_core *core,
                                       const struct instance *instance)
{
    if (instance->id[0] == '\0') return ASG_MEMBER_GONE;
    if (instance->state == ASG_INSTANCE_PENDING) return ASG_MEMBER_WATCHED;
    if (instance->state != ASG_INSTANCE_IN_SERVICE) {
        /* One that drains is watched until its job is planned. */
        return instance->drain_until_ms != 0 ? ASG_MEMBER_WATCHED : ASG_MEMBER_GONE;
    }
    bool counts = is_warm(instance, core->now_ms) || ASG_MUTANT(WARM_AT_ONCE);
    return counts && !instance->is_unhealthy ? ASG_MEMBER_COUNTS : ASG_MEMBER_WATCHED;
}

static uint32_t metric_bits(const struct group *group)
{
    uint32_t bits = 1u << ASG_METRIC_NAME_CPU;
    for (size_t i = 0; i < group->policy_count; i++) {
        bits |= 1u << group->policies[i].config.metric;
    }
    return bits;
}

static void tell_members(struct asg_core *core, struct group *group)
{
    uint32_t bits = metric_bits(group);
    bool is_news = !group->is_watched || bits != group->metric_bits ||
                   group->evaluation_ms != group->config.evaluation_ms;
    bool counts_changed = false;
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = &group->instances[i];
        enum asg_member_state state = member_of(core, instance);
        if ((int)state == instance->told) continue;
        counts_changed |=
            state == ASG_MEMBER_COUNTS || instance->told == ASG_MEMBER_COUNTS;
        instance->told = (int)state;
        *emit_member(core) = (struct asg_member){
            .group_no = group->no,
            .instance_id = asg_arena_text(&core->effects->arena, instance->id),
            .private_ip = asg_arena_text(&core->effects->arena, instance->private_ip),
            .state = state,
            .job_id = instance->job_id,
            .attempt = instance->attempt,
        };
    }
    if (counts_changed) group->revision++;
    if (!is_news && !counts_changed) return;
    group->is_watched = true;
    group->metric_bits = bits;
    group->evaluation_ms = group->config.evaluation_ms;
    *emit_watch(core) = (struct asg_watch){
        .group_no = group->no,
        .name = asg_arena_text(&core->effects->arena, group->config.name),
        .evaluation_ms = group->config.evaluation_ms,
        .metrics = bits,
        .revision = group->revision,
    };
}

static void end_all(struct asg_core *core, struct group *group)
{
    for (size_t i = 0; i < group->instance_count; i++) {
        begin_end(core, group, &group->instances[i], ASG_END_DELETED,
                  "its group is being deleted");
    }
}

void balance_group(struct asg_core *core, struct group *group)
{
    judge_group(core, group);
    end_drains(core, group);
    if (group->is_deleting) {
        end_all(core, group);
    } else {
        leave_taken_back(core, group);
        end_late_launches(core, group);
        replace_unhealthy(core, group);
        end_replaced(core, group);
        uint32_t actual = count_capacity(group);
        uint32_t wanted = wanted_capacity(group);
        if (actual > wanted) shrink(core, group, actual - wanted);
        if (actual < wanted) grow(core, group, wanted - actual);
        if (actual == wanted) group->exempt_ends = 0;
    }
    settle_holds(group);
    plan_terminations(core, group);
    settle_cooldown(core, group);
    tell_members(core, group);
    drop_terminated(core, group);
}
