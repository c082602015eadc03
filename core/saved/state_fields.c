#include "core/saved/state_fields.h"

#include <assert.h>

#include "core/saved/fields.h"
#include "core/saved/policy_fields.h"
#include "core/world/identity.h"
#include "core/world/kept_text.h"
#include "core/values/schedule.h"
#include "core/world/state.h"
#include "model/copy.h"
#include "model/schemas.h"

#define TEXT(f, place)        asg_fields_array(f, place, sizeof(place))
#define ENUM(f, place, count) asg_fields_enum(f, (int *)(place), count)

/* Bytes that one of them takes at the least, in any form: each field takes one. What
 * claims to hold more of them than the bytes that are left is refused before room is
 * made for it. */
#define INSTANCE_LEAST      31
#define POLICY_LEAST        20
#define SCHEDULE_LEAST      10
#define POOL_LEAST          6
#define ACTIVITY_LEAST      8
#define GROUP_LEAST         65
#define JOB_LEAST           20
#define TEMPLATE_LEAST      5
#define CONFIGURATION_LEAST 6
#define ORPHAN_LEAST        16
#define DETACHED_LEAST      3

/* A text that is kept once for all who have it. */
static void kept(struct asg_fields *f, struct asg_core *core, const char **held,
                 size_t most)
{
    assert(most <= ASG_GROUP_NAME_MAX);
    assert(*held != NULL);
    char loaded[ASG_GROUP_NAME_MAX + 1];
    asg_fields_text(f, *held, loaded, most + 1);
    if (asg_fields_is_loading(f)) asg_text_keep(core, held, most, loaded);
}

/* A text of an activity, or of what will be in one. */
static void activity_text(struct asg_fields *f, struct asg_core *core, const char **held,
                          size_t most)
{
    assert(most <= ASG_ACTIVITY_CAUSE_MAX);
    char loaded[ASG_ACTIVITY_CAUSE_MAX + 1];
    asg_fields_text(f, *held, loaded, most + 1);
    if (asg_fields_is_loading(f)) asg_activity_keep(core, held, most, loaded);
}

static void activity_fields(struct asg_fields *f, struct asg_core *core,
                            struct activity *a)
{
    assert(a != NULL && a->group != NULL);
    asg_fields_u64(f, &a->no);
    ENUM(f, &a->kind, ASG_ACT_COUNT);
    ENUM(f, &a->status, ASG_ACTIVITY_COUNT);
    asg_fields_u32(f, &a->progress);
    asg_fields_i64(f, &a->start_ms);
    activity_text(f, core, &a->cause, ASG_ACTIVITY_CAUSE_MAX);
    activity_text(f, core, &a->message, ASG_ACTIVITY_MESSAGE_MAX);
    activity_text(f, core, &a->subnet_id, ASG_SUBNET_MAX);
    activity_text(f, core, &a->zone, ASG_ZONE_MAX);
}

static void identity_fields(struct asg_fields *f, struct instance *i)
{
    bool is_enrolled = i->identity != NULL;
    asg_fields_bool(f, &is_enrolled);
    if (!is_enrolled) return;
    if (asg_fields_is_loading(f)) (void)asg_identity_push(i);
    assert(i->identity != NULL);
    asg_fields_bytes(f, i->identity->curve_key, ASG_KEY_BYTES);
    asg_fields_bytes(f, i->identity->tls_key, ASG_KEY_BYTES);
    asg_fields_bool(f, &i->identity->is_disputed);
}

void asg_state_instance_fields(struct asg_fields *f, struct asg_core *core,
                               struct instance *i)
{
    assert(i->group != NULL);
    asg_fields_u64(f, &i->no);
    TEXT(f, i->id);
    ENUM(f, &i->state, ASG_INSTANCE_COUNT); /* const for everybody else */
    ENUM(f, &i->ec2_state, ASG_EC2_COUNT);
    asg_fields_u64(f, &i->launch.job_id);
    asg_fields_u32(f, &i->launch.attempt);
    asg_fields_u64(f, &i->launch.incarnation);
    kept(f, core, &i->type, ASG_TYPE_MAX);
    kept(f, core, &i->subnet_id, ASG_SUBNET_MAX);
    kept(f, core, &i->zone, ASG_ZONE_MAX);
    TEXT(f, i->private_ip);
    kept(f, core, &i->template_id, ASG_TEMPLATE_MAX);
    asg_fields_u64(f, &i->template_version);
    asg_fields_i64(f, &i->launch.requested_ms);
    asg_fields_i64(f, &i->launch.launched_ms);
    asg_fields_i64(f, &i->service.since_ms);
    asg_fields_i64(f, &i->service.warm_ms);
    asg_fields_bool(f, &i->service.is_protected);
    asg_fields_bool(f, &i->health.is_impaired);
    ENUM(f, &i->health.agent, ASG_AGENT_LINKS);
    ENUM(f, &i->health.probe, ASG_PROBES);
    asg_fields_i64(f, &i->launch.excused_ms);
    asg_fields_bool(f, &i->health.is_marked);
    asg_fields_i64(f, &i->health.silent_ms);
    asg_fields_bool(f, &i->health.is_unhealthy);
    kept(f, core, &i->reason, ASG_REASON_MAX);
    ENUM(f, &i->ending.cause, ASG_END_CAUSES);
    asg_fields_bool(f, &i->ending.was_working);
    asg_fields_i64(f, &i->ending.since_ms);
    asg_fields_i64(f, &i->wait_until_ms);
    asg_fields_u64(f, &i->ending.job_id);
    asg_fields_u32(f, &i->ending.kept_times);
    asg_fields_i64(f, &i->ending.kept_until_ms);
    ENUM(f, &i->service.told, ASG_MEMBER_COUNT + 1);
    asg_fields_i64(f, &i->notice.taken_back_ms);
    asg_fields_bool(f, &i->notice.is_at_risk);
    asg_fields_bool(f, &i->notice.is_false);
    kept(f, core, &i->notice.event_code, ASG_EVENT_CODE_MAX);
    asg_fields_i64(f, &i->notice.event_ms);
    asg_fields_bool(f, &i->is_spot);
    asg_fields_bool(f, &i->launch.is_attached);
    asg_fields_bool(f, &i->launch.is_extra);
    kept(f, core, &i->configuration, ASG_GROUP_NAME_MAX);
    identity_fields(f, i);
    bool has_activity = i->activity != NULL;
    asg_fields_bool(f, &has_activity);
    if (!has_activity) return;
    if (asg_fields_is_loading(f)) {
        i->activity = asg_activity_new(i->group);
        i->activity->instance = i;
    }
    activity_fields(f, core, i->activity);
}

/* A count of items that each take at least `least` bytes, and while loading zeroed room
 * for them. */
static void *room(struct asg_fields *f, void *items, size_t *count, size_t least,
                  size_t size)
{
    assert(least > 0 && size > 0);
    asg_fields_count(f, count, least);
    return asg_fields_is_loading(f) ? asg_alloc(*count, size) : items;
}

/* A count of items in a fixed array. */
static void small_count(struct asg_fields *f, size_t *count, size_t most)
{
    assert(asg_fields_is_loading(f) || *count <= most); /* what is kept fits */
    asg_fields_count(f, count, 1);
    if (*count <= most) return;
    asg_fields_refuse(f, "a list is longer than this openasg allows");
    *count = 0;
}

/* The launches that wait for a slot, oldest first. */
static void waiting_fields(struct asg_fields *f, struct asg_core *core, struct group *g)
{
    size_t count = g->waiting.count;
    asg_fields_count(f, &count, ACTIVITY_LEAST);
    struct activity *activity = g->waiting.first;
    for (size_t i = 0; i < count; i++) {
        if (asg_fields_is_loading(f)) {
            activity = asg_activity_new(g);
            asg_activity_push_waiting(g, activity);
        }
        assert(activity != NULL);
        activity_fields(f, core, activity);
        activity = activity->next;
    }
}

/* A configuration, and while loading the arena that has it alone. */
static void config_fields(struct asg_fields *f, const struct asg_schema *schema,
                          void *config, struct asg_arena *arena)
{
    assert(schema->size > 0);
    if (!asg_fields_is_loading(f)) {
        asg_fields_object(f, schema, config, arena);
        return;
    }
    struct asg_arena loading = {0};
    void *loaded = asg_arena_take(&loading, schema->size);
    asg_fields_object(f, schema, loaded, &loading);
    asg_model_copy_alone(schema, loaded, arena, config);
    asg_arena_clear(&loading);
}

static void policy_fields(struct asg_fields *f, struct policy *policy)
{
    config_fields(f, &asg_policy_config_schema, &policy->config, &policy->arena);
    asg_policy_state_fields(f, &policy->state);
}

static void schedule_fields(struct asg_fields *f, struct schedule *schedule)
{
    config_fields(f, &asg_schedule_config_schema, &schedule->config, &schedule->arena);
    asg_fields_i64(f, &schedule->next_ms);
}

static void pool_fields(struct asg_fields *f, struct dry_pool *pool)
{
    TEXT(f, pool->type);
    TEXT(f, pool->subnet_id);
    TEXT(f, pool->zone);
    asg_fields_bool(f, &pool->is_spot);
    asg_fields_i64(f, &pool->until_ms);
    asg_fields_u32(f, &pool->times);
    asg_fields_bool(f, &pool->gave_nothing);
}

static void end_fields(struct asg_fields *f, struct group *g)
{
    assert(g->ends.count <= ASG_RECENT_ENDS);
    small_count(f, &g->ends.count, ASG_RECENT_ENDS);
    for (size_t i = 0; i < g->ends.count; i++) {
        asg_fields_i64(f, &g->ends.recent[i].at_ms);
        asg_fields_u32(f, &g->ends.recent[i].size);
        asg_fields_u32(f, &g->ends.recent[i].count);
        asg_fields_u32(f, &g->ends.recent[i].shrinks);
    }
}

static void group_lists(struct asg_fields *f, struct group *g)
{
    g->policies =
        room(f, g->policies, &g->policy_count, POLICY_LEAST, sizeof *g->policies);
    for (size_t i = 0; i < g->policy_count; i++) {
        policy_fields(f, &g->policies[i]);
    }
    g->schedules =
        room(f, g->schedules, &g->schedule_count, SCHEDULE_LEAST, sizeof *g->schedules);
    for (size_t i = 0; i < g->schedule_count; i++) {
        schedule_fields(f, &g->schedules[i]);
    }
    g->launching.dry_pools = room(f, g->launching.dry_pools, &g->launching.dry_pool_count,
                                  POOL_LEAST, sizeof *g->launching.dry_pools);
    for (size_t i = 0; i < g->launching.dry_pool_count; i++) {
        pool_fields(f, &g->launching.dry_pools[i]);
    }
    end_fields(f, g);
}

static void hold_fields(struct asg_fields *f, struct hold *hold)
{
    assert(asg_fields_is_loading(f) || hold->reason < ASG_HOLD_COUNT);
    asg_fields_bool(f, &hold->is_on);
    ENUM(f, &hold->reason, ASG_HOLD_COUNT);
    if (!hold->is_on) return;
    asg_fields_i64(f, &hold->until_ms);
    asg_fields_u32(f, &hold->count);
}

static void scaling_fields(struct asg_fields *f, struct asg_core *core, struct group *g)
{
    asg_fields_u64(f, &g->windows.revision);
    asg_fields_i64(f, &g->scaling.measured_ms);
    asg_fields_i64(f, &g->scaling.cooldown_until_ms);
    asg_fields_i64(f, &g->scaling.cooldown_ms);
    asg_fields_bool(f, &g->scaling.is_cooldown_due);
    asg_fields_u32(f, &g->windows.metric_bits);
    asg_fields_i64(f, &g->windows.evaluation_ms);
    asg_fields_bool(f, &g->windows.is_watched);
    asg_fields_u32(f, &g->scaling.order_floor);
    asg_fields_u32(f, &g->scaling.at_once_percent);
    asg_fields_u32(f, &g->scaling.ten_minutes_percent);
    for (int topic = 0; topic < HOLD_TOPICS; topic++) {
        kept(f, core, &g->held[topic], ASG_REASON_MAX);
        hold_fields(f, &g->holds[topic]);
    }
    asg_fields_i64(f, &g->scaling.wanted);
    hold_fields(f, &g->display.hold);
    asg_fields_i64(f, &g->display.off_ms);
    asg_fields_i64(f, &g->display.wanted);
    asg_fields_i64(f, &g->display.moved_ms);
}

static void launching_fields(struct asg_fields *f, struct group *g)
{
    asg_fields_i64(f, &g->launching.after_ms);
    asg_fields_u32(f, &g->launching.failures);
    asg_fields_u32(f, &g->launching.refusals);
    asg_fields_u32(f, &g->launching.batch);
    asg_fields_i64(f, &g->launching.breaker_until_ms);
    asg_fields_u32(f, &g->launching.breaker_times);
    asg_fields_i64(f, &g->scaling.dry_run_desired);
    asg_fields_bool(f, &g->scaling.has_told_protected);
}

static void interlock_fields(struct asg_fields *f, struct group *g)
{
    ENUM(f, &g->silence.kind, ASG_SILENCES);
    asg_fields_i64(f, &g->silence.over_ms);
    asg_fields_bool(f, &g->is_frozen);
    asg_fields_bool(f, &g->churn.is_frozen);
    asg_fields_u32(f, &g->churn.generations);
    asg_fields_u32(f, &g->churn.deaths);
    asg_fields_i64(f, &g->churn.since_ms);
    asg_fields_i64(f, &g->silence.calm_ms);
}

static void suspended_fields(struct asg_fields *f, struct group *g)
{
    asg_fields_u64(f, &g->suspended);
    for (int process = 0; process < ASG_PROCESS_COUNT; process++) {
        if (!asg_group_is_suspended(g, (enum asg_process)process)) continue;
        asg_fields_i64(f, &g->suspended_ms[process]);
    }
}

static void before_fields(struct asg_fields *f, struct group *g)
{
    bool is_there = g->before.name != NULL;
    asg_fields_bool(f, &is_there);
    if (!is_there) return;
    config_fields(f, &asg_group_config_schema, &g->before, &g->before_arena);
}

void asg_state_group_fields(struct asg_fields *f, struct asg_core *core, struct group *g)
{
    asg_fields_u32(f, &g->no);
    config_fields(f, &asg_group_config_schema, &g->config, &g->arena);
    before_fields(f, g);
    asg_fields_i64(f, &g->created_ms);
    asg_fields_u64(f, &g->revision);
    group_lists(f, g);
    suspended_fields(f, g);
    asg_fields_bool(f, &g->is_halted);
    asg_fields_bool(f, &g->is_deleting);
    asg_fields_bool(f, &g->is_degraded);
    kept(f, core, &g->degraded, ASG_REASON_MAX);
    kept(f, core, &g->template.id, ASG_TEMPLATE_MAX);
    asg_fields_u64(f, &g->template.version);
    asg_fields_i64(f, &g->template.resolved_ms);
    asg_fields_u64(f, &g->template.job_id);
    scaling_fields(f, core, g);
    launching_fields(f, g);
    interlock_fields(f, g);
    activity_text(f, core, &g->wish.said, ASG_ACTIVITY_CAUSE_MAX);
    activity_text(f, core, &g->wish.reason, ASG_ACTIVITY_CAUSE_MAX);
    asg_fields_u64(f, &g->last_activity_no);
    asg_fields_u32(f, &g->replacing);
    waiting_fields(f, core, g);
    /* Found anew it could differ, and then a replay from a snapshot would wake other
     * groups than the controller did. */
    asg_fields_i64(f, &g->due.at_ms);
}

static void instances_fields(struct asg_fields *f, struct asg_core *core, struct group *g)
{
    size_t instance_count = g->instance_count;
    asg_fields_count(f, &instance_count, INSTANCE_LEAST);
    for (size_t i = 0; i < instance_count; i++) {
        if (asg_fields_is_loading(f)) (void)asg_instance_push(g);
        assert(i < g->instance_count);
        asg_state_instance_fields(f, core, g->instances[i]);
    }
}

void asg_state_job_fields(struct asg_fields *f, struct job *job)
{
    asg_fields_object(f, &asg_job_schema, &job->plan, &job->arena);
    asg_fields_u32(f, &job->group_no);
    ENUM(f, &job->state, ASG_JOB_STATE_COUNT);
    asg_fields_bool(f, &job->is_ambiguous);
    asg_fields_i64(f, &job->sent_ms);
    asg_fields_u64(f, &job->sent_epoch);
    asg_fields_i64(f, &job->retry_ms);
    asg_fields_i64(f, &job->look_up_ms);
    asg_fields_u32(f, &job->looks);
    asg_fields_u32(f, &job->tries);
    asg_fields_i64(f, &job->ended_ms);
    small_count(f, &job->attempt_count, ASG_JOB_ATTEMPTS_KEPT);
    for (size_t i = 0; i < job->attempt_count; i++) {
        asg_fields_object(f, &asg_attempt_view_schema, &job->attempts[i], &job->arena);
    }
}

static void template_fields(struct asg_fields *f, struct template *t)
{
    TEXT(f, t->name);
    TEXT(f, t->id);
    asg_fields_u64(f, &t->version);
    asg_fields_u64(f, &t->job_id);
    TEXT(f, t->failure);
}

static void orphan_fields(struct asg_fields *f, struct orphan *o)
{
    TEXT(f, o->id);
    ENUM(f, &o->kind, ASG_ORPHAN_COUNT);
    TEXT(f, o->group);
    TEXT(f, o->type);
    TEXT(f, o->subnet_id);
    TEXT(f, o->zone);
    TEXT(f, o->private_ip);
    ENUM(f, &o->ec2_state, ASG_EC2_COUNT);
    asg_fields_i64(f, &o->launched_ms);
    asg_fields_u64(f, &o->job_id);
    asg_fields_u32(f, &o->attempt);
    asg_fields_u64(f, &o->incarnation);
    asg_fields_bool(f, &o->is_spot);
    asg_fields_i64(f, &o->first_ms);
    asg_fields_u64(f, &o->look_job_id);
    asg_fields_bool(f, &o->is_ending);
}

static void detached_fields(struct asg_fields *f, struct detached *d)
{
    TEXT(f, d->id);
    asg_fields_i64(f, &d->seen_ms);
    asg_fields_u64(f, &d->look_job_id);
}

static void lead_fields(struct asg_fields *f, struct lead *lead)
{
    asg_fields_u64(f, &lead->epoch);
    asg_fields_u64(f, &lead->incarnation);
    asg_fields_u64(f, &lead->last_job_id);
}

static void behind_fields(struct asg_fields *f, struct asg_core *core)
{
    small_count(f, &core->lead_count, ASG_LEADS_KEPT);
    for (size_t i = 0; i < core->lead_count; i++) {
        lead_fields(f, &core->leads[i]);
    }
    small_count(f, &core->heard_count, ASG_HEARD_KEPT);
    for (size_t i = 0; i < core->heard_count; i++) {
        lead_fields(f, &core->heard[i]);
    }
    asg_fields_bool(f, &core->is_unlisted);
    asg_fields_bool(f, &core->is_behind);
    asg_fields_bool(f, &core->has_more_orphans);
    asg_fields_u64(f, &core->behind_job_id);
}

void asg_state_head_fields(struct asg_fields *f, struct asg_core *core)
{
    assert(core->step == NULL); /* never in the middle of one */
    TEXT(f, core->cluster_id);
    asg_fields_u64(f, &core->seed);
    asg_fields_u64(f, &core->epoch);
    asg_fields_u32(f, &core->rules);
    asg_fields_u64(f, &core->incarnation);
    asg_fields_i64(f, &core->led_ms);
    asg_fields_i64(f, &core->now_ms);
    asg_fields_bool(f, &core->is_halted);
    asg_fields_u32(f, &core->last_group_no);
    asg_fields_u64(f, &core->last_instance_no);
    asg_fields_u64(f, &core->last_job_id);
    asg_fields_u64(f, &core->revision);
    asg_fields_u64(f, &core->listing.job_id);
    asg_fields_i64(f, &core->listing.next_ms);
    asg_fields_u32(f, &core->listing.count);
    asg_fields_i64(f, &core->listing.every_ms);
    asg_fields_i64(f, &core->schedule_late_ms);
    asg_fields_u64(f, &core->look.job_id);
    asg_fields_i64(f, &core->look.next_ms);
    asg_fields_i64(f, &core->look.pause_ms);
    core->templates = room(f, core->templates, &core->template_count, TEMPLATE_LEAST,
                           sizeof *core->templates);
    for (size_t i = 0; i < core->template_count; i++) {
        template_fields(f, &core->templates[i]);
    }
    core->configurations = room(f, core->configurations, &core->configuration_count,
                                CONFIGURATION_LEAST, sizeof *core->configurations);
    for (size_t i = 0; i < core->configuration_count; i++) {
        config_fields(f, &asg_launch_configuration_schema,
                      &core->configurations[i].config, &core->configurations[i].arena);
    }
    core->orphans =
        room(f, core->orphans, &core->orphan_count, ORPHAN_LEAST, sizeof *core->orphans);
    if (asg_fields_is_loading(f)) core->orphan_capacity = core->orphan_count;
    for (size_t i = 0; i < core->orphan_count; i++) {
        orphan_fields(f, &core->orphans[i]);
    }
    small_count(f, &core->orphan_end_count, ASG_ORPHAN_ENDS);
    for (size_t i = 0; i < core->orphan_end_count; i++) {
        asg_fields_i64(f, &core->orphan_ends[i]);
    }
    behind_fields(f, core);
    core->detached = room(f, core->detached, &core->detached_count, DETACHED_LEAST,
                          sizeof *core->detached);
    if (core->detached_count > ASG_DETACHED_MAX) {
        asg_fields_refuse(f, "more instances were let go than are remembered");
        core->detached_count = 0;
    }
    if (asg_fields_is_loading(f)) core->detached_capacity = core->detached_count;
    for (size_t i = 0; i < core->detached_count; i++) {
        detached_fields(f, &core->detached[i]);
    }
}

void asg_state_fields(struct asg_fields *f, struct asg_core *core)
{
    asg_state_head_fields(f, core);
    size_t group_count = core->group_count;
    asg_fields_count(f, &group_count, GROUP_LEAST);
    for (size_t i = 0; i < group_count; i++) {
        if (asg_fields_is_loading(f)) (void)asg_group_push(core);
        asg_state_group_fields(f, core, core->groups[i]);
        instances_fields(f, core, core->groups[i]);
    }
    size_t job_count = core->job_count;
    asg_fields_count(f, &job_count, JOB_LEAST);
    for (size_t i = 0; i < job_count; i++) {
        if (asg_fields_is_loading(f)) (void)asg_job_push(core);
        assert(i < core->job_count);
        asg_state_job_fields(f, core->jobs[i]);
    }
}
