#include "core/lifecycle/lifecycle.h"

#include <assert.h>

#include "core/limits/churn.h"
#include "core/world/counts.h"
#include "core/limits/launch_failures.h"
#include "core/limits/recent_ends.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/values/number.h"
#include "core/world/standing.h"
#include "core/world/state.h"
#include "core/world/touched.h"

#define KEPT_MS           INT64_C(60000)
#define KEPT_MS_MAX       INT64_C(1800000)
#define LAUNCH_BATCH_FULL 100 /* nothing is held back any more */

/* docs/rules.md, "Which warm-up counts". One membership serves all policies of a group:
 * an instance counts when it is warm for each of them. */
static int64_t longest_warmup(const struct group *group)
{
    assert(group->config.warmup_ms >= -1);
    const struct asg_group_config *config = &group->config;
    bool is_said = config->warmup_ms >= 0;
    int64_t default_ms = is_said ? config->warmup_ms : config->cooldown_ms;
    int64_t longest_ms = -1;
    for (size_t i = 0; i < group->policy_count; i++) {
        const struct asg_policy_config *policy = &group->policies[i].config;
        if (policy->is_disabled || policy->kind == ASG_POLICY_SIMPLE) continue;
        bool has_otherwise = !is_said && policy->warmup_otherwise_ms > 0;
        int64_t its_ms = policy->warmup_ms >= 0 ? policy->warmup_ms
                         : has_otherwise        ? policy->warmup_otherwise_ms
                                                : default_ms;
        if (its_ms > longest_ms) longest_ms = its_ms;
    }
    return longest_ms >= 0 ? longest_ms : default_ms;
}

void asg_instance_set_warm_times(struct group *group)
{
    int64_t warmup_ms = longest_warmup(group);
    for (size_t i = 0; i < group->instance_count; i++) {
        struct instance *instance = group->instances[i];
        if (!asg_instance_is_serving(instance)) continue;
        int64_t warm_ms = instance->service.since_ms + warmup_ms;
        if (warm_ms != instance->service.warm_ms) asg_touch(instance);
        instance->service.warm_ms = warm_ms;
    }
}

/* ---- when a row holds ---- */

enum guard {
    ALWAYS,
    EC2_CHECKS,   /* its group goes by what EC2 says */
    AGENT_CHECKS, /* its group goes by its agent */
    CAN_DRAIN,    /* its agent is there to say when it is done */
    HAS_SERVED,
    HAS_NOT_SERVED
};

static const char *const guard_words[] = {"",
                                          "EC2 checks its health",
                                          "its agent checks its health",
                                          "it can drain",
                                          "it was in service",
                                          "it was not in service yet"};

static bool holds(enum guard guard, const struct group *group,
                  const struct instance *instance)
{
    assert(instance->group == group);
    switch (guard) {
    case ALWAYS: return true;
    case EC2_CHECKS:
        return group->config.health_check == ASG_HEALTH_CHECK_EC2 ||
               instance->launch.is_attached; /* it may have no agent */
    case AGENT_CHECKS:
        return group->config.health_check == ASG_HEALTH_CHECK_AGENT &&
               !instance->launch.is_attached;
    case CAN_DRAIN:
        return asg_instance_has_reported(instance) && !asg_instance_is_silent(instance);
    case HAS_SERVED: return instance->service.since_ms > 0;
    case HAS_NOT_SERVED: return instance->service.since_ms == 0;
    }
    assert(false);
    return false;
}

/* ---- what a transition does ---- */

typedef void enter_fn(struct asg_core *core, struct group *group,
                      struct instance *instance);

static void enter_service(struct asg_core *core, struct group *group,
                          struct instance *instance)
{
    assert(asg_instance_is_serving(instance));
    bool is_launch = !instance->launch.is_attached && instance->service.since_ms == 0;
    instance->service.since_ms = core->now_ms;
    instance->launch.excused_ms = 0;
    instance->service.warm_ms = core->now_ms + longest_warmup(group);
    instance->launch.is_extra = false; /* it is here: nobody takes that back */
    if (!is_launch) return;            /* it says nothing of launches */
    group->launching.failures = 0;
    group->launching.refusals = 0;
    group->launching.breaker_times = 0;
    /* Slow start: each that arrives lets one more out, which doubles every round. */
    if (group->launching.batch > 0 && ++group->launching.batch > LAUNCH_BATCH_FULL) {
        group->launching.batch = 0;
    }
}

static void begin_ending(struct asg_core *core, struct group *group,
                         struct instance *instance)
{
    (void)group;
    assert(asg_instance_is_on_its_way_out(instance));
    instance->ending.since_ms = core->now_ms;
}

static void end_wait(struct asg_core *core, struct group *group,
                     struct instance *instance)
{
    (void)core;
    (void)group;
    assert(!asg_instance_is_waiting(instance)); /* it is out of that state */
    instance->wait_until_ms = 0;
}

/* It took from the allowance of health and has not ended: it gives that back, since it
 * is asked for again rarely. A policy's scale-in would choose the next at once: that
 * stays paced. */
static void take_back_end(const struct asg_core *core, struct group *group,
                          const struct instance *instance)
{
    enum asg_end_cause cause = instance->ending.cause;
    assert(cause != ASG_END_NONE);
    bool is_early = cause == ASG_END_NOTICE && instance->notice.taken_back_ms == 0;
    bool was_noted = instance->ending.since_ms + ENDS_WINDOW_MS > core->now_ms;
    if (was_noted && (cause == ASG_END_HEALTH || is_early)) asg_ends_take_back(group);
}

static void keep(struct asg_core *core, struct group *group, struct instance *instance)
{
    assert(asg_instance_is_serving(instance) || asg_instance_is_arriving(instance));
    assert(instance->id[0] != '\0');
    take_back_end(core, group, instance);
    instance->service.is_protected = true;
    instance->ending.cause = ASG_END_NONE;
    instance->ending.was_working = false;
    instance->ending.job_id = 0;
    instance->ending.kept_times++;
    instance->ending.kept_until_ms =
        core->now_ms +
        asg_number_doubled(KEPT_MS, instance->ending.kept_times, KEPT_MS_MAX);
    asg_count_set_unhealthy(group, instance, false);
    instance->health.fault = ASG_CAUSE_NONE;
}

/* It has the time of a launch once more: it is not ended again in the same moment. */
static void keep_launching(struct asg_core *core, struct group *group,
                           struct instance *instance)
{
    assert(instance->service.since_ms == 0);
    keep(core, group, instance);
    int64_t age_ms = core->now_ms - instance->launch.launched_ms;
    if (age_ms > instance->launch.excused_ms) instance->launch.excused_ms = age_ms;
}

/* From standby it has the time of a launch. It is judged anew once it serves. */
static void begin_return(struct asg_core *core, struct group *group,
                         struct instance *instance)
{
    (void)group;
    assert(asg_instance_is_arriving(instance));
    int64_t age_ms = core->now_ms - instance->launch.launched_ms;
    instance->launch.excused_ms = age_ms > 0 ? age_ms : 0;
}

static void die_serving(struct asg_core *core, struct group *group,
                        struct instance *instance)
{
    assert(asg_instance_is_finished(instance));
    asg_churn_note_death(core, group, instance);
}

static void die_launching(struct asg_core *core, struct group *group,
                          struct instance *instance)
{
    assert(asg_instance_is_finished(instance));
    bool is_launch = !instance->launch.is_attached && instance->service.since_ms == 0;
    if (is_launch) asg_launch_note_failure(group);
    asg_churn_note_death(core, group, instance);
}

/* ---- the table ---- */

struct row {
    enum asg_instance_state from;
    enum asg_fleet_event event;
    enum guard guard;
    enum asg_instance_state to;
    enter_fn *enter;
    const char *text; /* said as a decision; "" is not worth one */
};

#define ROW(from, event, guard, to, enter, text)                                         \
    {                                                                                    \
        ASG_INSTANCE_##from, ASG_FLEET_##event, guard, ASG_INSTANCE_##to, enter, text    \
    }
#define EARLY_TEXT "terminated by EC2 before it was in service"
#define KEPT_TEXT  "EC2 refused to terminate it: kept, and protected from scale-in"

static const struct row rows[] = {
    ROW(REQUESTED, LAUNCHED, ALWAYS, PENDING, NULL, "launched"),
    ROW(REQUESTED, ADOPTED, ALWAYS, PENDING, NULL, ""),
    ROW(REQUESTED, NOT_LAUNCHED, ALWAYS, TERMINATED, NULL, ""),
    ROW(REQUESTED, OVER, ALWAYS, TERMINATED, NULL, ""),
    ROW(REQUESTED, ATTACH, ALWAYS, ATTACHING, NULL, ""),

    ROW(ATTACHING, ATTACHED, ALWAYS, PENDING, NULL, "attached"),
    ROW(ATTACHING, NOT_ATTACHED, ALWAYS, DETACHED, NULL, "is not attached"),
    ROW(ATTACHING, OVER, ALWAYS, TERMINATED, NULL, "terminated by EC2"),

    ROW(PENDING, RUNNING, EC2_CHECKS, IN_SERVICE, enter_service, "in service"),
    ROW(PENDING, REPORTED, AGENT_CHECKS, IN_SERVICE, enter_service, "in service"),
    ROW(PENDING, END, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(PENDING, OVER, ALWAYS, TERMINATED, die_launching, EARLY_TEXT),
    ROW(PENDING, HOOK, ALWAYS, PENDING_WAIT, NULL, ""),

    ROW(PENDING_WAIT, PROCEED, ALWAYS, PENDING_PROCEED, NULL, ""),
    ROW(PENDING_WAIT, ABANDON, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(PENDING_WAIT, END, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(PENDING_WAIT, OVER, ALWAYS, TERMINATED, die_launching, EARLY_TEXT),

    ROW(PENDING_PROCEED, RUNNING, EC2_CHECKS, IN_SERVICE, enter_service, "in service"),
    ROW(PENDING_PROCEED, REPORTED, AGENT_CHECKS, IN_SERVICE, enter_service, "in service"),
    ROW(PENDING_PROCEED, END, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(PENDING_PROCEED, OVER, ALWAYS, TERMINATED, die_launching, EARLY_TEXT),

    ROW(IN_SERVICE, END, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(IN_SERVICE, OVER, ALWAYS, TERMINATED, die_serving, "terminated by EC2"),
    ROW(IN_SERVICE, STANDBY, ALWAYS, ENTERING_STANDBY, NULL, "leaving service"),
    ROW(IN_SERVICE, DETACH, ALWAYS, DETACHING, NULL, "is being detached"),
    ROW(IN_SERVICE, POOL, ALWAYS, WARMED_PENDING, NULL, ""),
    ROW(IN_SERVICE, REPLACE_ROOT, ALWAYS, REPLACING_ROOT_VOLUME, NULL, ""),

    ROW(TERMINATING, DRAIN, CAN_DRAIN, TERMINATING_WAIT, NULL, ""),
    ROW(TERMINATING, HOOK, ALWAYS, TERMINATING_WAIT, NULL, ""),
    ROW(TERMINATING, KEPT, HAS_SERVED, IN_SERVICE, keep, KEPT_TEXT),
    ROW(TERMINATING, KEPT, HAS_NOT_SERVED, PENDING, keep_launching, KEPT_TEXT),
    ROW(TERMINATING, OVER, ALWAYS, TERMINATED, NULL, "terminated"),

    ROW(TERMINATING_WAIT, DRAINED, ALWAYS, TERMINATING_PROCEED, end_wait, ""),
    ROW(TERMINATING_WAIT, PROCEED, ALWAYS, TERMINATING_PROCEED, end_wait, ""),
    ROW(TERMINATING_WAIT, ABANDON, ALWAYS, TERMINATING_PROCEED, end_wait, ""),
    ROW(TERMINATING_WAIT, RETAIN, ALWAYS, TERMINATING_RETAINED, end_wait, ""),
    ROW(TERMINATING_WAIT, OVER, ALWAYS, TERMINATED, end_wait, "terminated"),

    ROW(TERMINATING_PROCEED, KEPT, HAS_SERVED, IN_SERVICE, keep, KEPT_TEXT),
    ROW(TERMINATING_PROCEED, KEPT, HAS_NOT_SERVED, PENDING, keep_launching, KEPT_TEXT),
    ROW(TERMINATING_PROCEED, OVER, ALWAYS, TERMINATED, NULL, "terminated"),

    ROW(TERMINATING_RETAINED, END, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(TERMINATING_RETAINED, OVER, ALWAYS, TERMINATED, NULL, "terminated"),

    ROW(ENTERING_STANDBY, DEREGISTERED, ALWAYS, STANDBY, NULL, "in standby"),
    ROW(ENTERING_STANDBY, END, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(ENTERING_STANDBY, OVER, ALWAYS, TERMINATED, NULL, "terminated by EC2"),

    ROW(STANDBY, RETURN, ALWAYS, PENDING, begin_return, "returning from standby"),
    ROW(STANDBY, DETACH, ALWAYS, DETACHING, NULL, "is being detached"),
    ROW(STANDBY, END, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(STANDBY, OVER, ALWAYS, TERMINATED, NULL, "terminated by EC2"),

    ROW(DETACHING, DEREGISTERED, ALWAYS, DETACHED, NULL, "detached"),
    ROW(DETACHING, OVER, ALWAYS, TERMINATED, NULL, "terminated by EC2"),

    ROW(WARMED_PENDING, HOOK, ALWAYS, WARMED_PENDING_WAIT, NULL, ""),
    ROW(WARMED_PENDING, RESTS_RUNNING, ALWAYS, WARMED_RUNNING, NULL, ""),
    ROW(WARMED_PENDING, RESTS_STOPPED, ALWAYS, WARMED_STOPPED, NULL, ""),
    ROW(WARMED_PENDING, RESTS_HIBERNATED, ALWAYS, WARMED_HIBERNATED, NULL, ""),
    ROW(WARMED_PENDING, END, ALWAYS, WARMED_TERMINATING, begin_ending, ""),
    ROW(WARMED_PENDING, OVER, ALWAYS, WARMED_TERMINATED, NULL, "terminated by EC2"),

    ROW(WARMED_PENDING_WAIT, PROCEED, ALWAYS, WARMED_PENDING_PROCEED, NULL, ""),
    ROW(WARMED_PENDING_WAIT, ABANDON, ALWAYS, WARMED_TERMINATING, begin_ending, ""),
    ROW(WARMED_PENDING_WAIT, RETAIN, ALWAYS, WARMED_PENDING_RETAINED, NULL, ""),
    ROW(WARMED_PENDING_WAIT, END, ALWAYS, WARMED_TERMINATING, begin_ending, ""),
    ROW(WARMED_PENDING_WAIT, OVER, ALWAYS, WARMED_TERMINATED, NULL, "terminated by EC2"),

    ROW(WARMED_PENDING_PROCEED, RESTS_RUNNING, ALWAYS, WARMED_RUNNING, NULL, ""),
    ROW(WARMED_PENDING_PROCEED, RESTS_STOPPED, ALWAYS, WARMED_STOPPED, NULL, ""),
    ROW(WARMED_PENDING_PROCEED, RESTS_HIBERNATED, ALWAYS, WARMED_HIBERNATED, NULL, ""),
    ROW(WARMED_PENDING_PROCEED, END, ALWAYS, WARMED_TERMINATING, begin_ending, ""),
    ROW(WARMED_PENDING_PROCEED, OVER, ALWAYS, WARMED_TERMINATED, NULL,
        "terminated by EC2"),

    ROW(WARMED_PENDING_RETAINED, END, ALWAYS, WARMED_TERMINATING, begin_ending, ""),
    ROW(WARMED_PENDING_RETAINED, OVER, ALWAYS, WARMED_TERMINATED, NULL,
        "terminated by EC2"),

    ROW(WARMED_RUNNING, RETURN, ALWAYS, PENDING, NULL, ""),
    ROW(WARMED_RUNNING, END, ALWAYS, WARMED_TERMINATING, begin_ending, ""),
    ROW(WARMED_RUNNING, OVER, ALWAYS, WARMED_TERMINATED, NULL, "terminated by EC2"),

    ROW(WARMED_STOPPED, RETURN, ALWAYS, PENDING, NULL, ""),
    ROW(WARMED_STOPPED, END, ALWAYS, WARMED_TERMINATING, begin_ending, ""),
    ROW(WARMED_STOPPED, OVER, ALWAYS, WARMED_TERMINATED, NULL, "terminated by EC2"),

    ROW(WARMED_HIBERNATED, RETURN, ALWAYS, PENDING, NULL, ""),
    ROW(WARMED_HIBERNATED, END, ALWAYS, WARMED_TERMINATING, begin_ending, ""),
    ROW(WARMED_HIBERNATED, OVER, ALWAYS, WARMED_TERMINATED, NULL, "terminated by EC2"),

    ROW(WARMED_TERMINATING, HOOK, ALWAYS, WARMED_TERMINATING_WAIT, NULL, ""),
    ROW(WARMED_TERMINATING, OVER, ALWAYS, WARMED_TERMINATED, NULL, "terminated"),

    ROW(WARMED_TERMINATING_WAIT, PROCEED, ALWAYS, WARMED_TERMINATING_PROCEED, end_wait,
        ""),
    ROW(WARMED_TERMINATING_WAIT, ABANDON, ALWAYS, WARMED_TERMINATING_PROCEED, end_wait,
        ""),
    ROW(WARMED_TERMINATING_WAIT, RETAIN, ALWAYS, WARMED_TERMINATING_RETAINED, end_wait,
        ""),
    ROW(WARMED_TERMINATING_WAIT, OVER, ALWAYS, WARMED_TERMINATED, end_wait, "terminated"),

    ROW(WARMED_TERMINATING_PROCEED, OVER, ALWAYS, WARMED_TERMINATED, NULL, "terminated"),

    ROW(WARMED_TERMINATING_RETAINED, END, ALWAYS, WARMED_TERMINATING, begin_ending, ""),
    ROW(WARMED_TERMINATING_RETAINED, OVER, ALWAYS, WARMED_TERMINATED, NULL, "terminated"),

    ROW(REPLACING_ROOT_VOLUME, HOOK, ALWAYS, REPLACING_ROOT_VOLUME_WAIT, NULL, ""),
    ROW(REPLACING_ROOT_VOLUME, ROOT_REPLACED, ALWAYS, ROOT_VOLUME_REPLACED, NULL, ""),
    ROW(REPLACING_ROOT_VOLUME, END, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(REPLACING_ROOT_VOLUME, OVER, ALWAYS, TERMINATED, NULL, "terminated by EC2"),

    ROW(REPLACING_ROOT_VOLUME_WAIT, PROCEED, ALWAYS, REPLACING_ROOT_VOLUME_PROCEED, NULL,
        ""),
    ROW(REPLACING_ROOT_VOLUME_WAIT, ABANDON, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(REPLACING_ROOT_VOLUME_WAIT, END, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(REPLACING_ROOT_VOLUME_WAIT, OVER, ALWAYS, TERMINATED, NULL, "terminated by EC2"),

    ROW(REPLACING_ROOT_VOLUME_PROCEED, ROOT_REPLACED, ALWAYS, ROOT_VOLUME_REPLACED, NULL,
        ""),
    ROW(REPLACING_ROOT_VOLUME_PROCEED, END, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(REPLACING_ROOT_VOLUME_PROCEED, OVER, ALWAYS, TERMINATED, NULL,
        "terminated by EC2"),

    ROW(ROOT_VOLUME_REPLACED, RUNNING, EC2_CHECKS, IN_SERVICE, NULL, "in service"),
    ROW(ROOT_VOLUME_REPLACED, REPORTED, AGENT_CHECKS, IN_SERVICE, NULL, "in service"),
    ROW(ROOT_VOLUME_REPLACED, END, ALWAYS, TERMINATING, begin_ending, ""),
    ROW(ROOT_VOLUME_REPLACED, OVER, ALWAYS, TERMINATED, NULL, "terminated by EC2"),
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

static const struct row *find_row(const struct group *group,
                                  const struct instance *instance,
                                  enum asg_fleet_event event)
{
    assert(event < ASG_FLEET_EVENTS);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];
        if (row->from != instance->state || row->event != event) continue;
        if (holds(row->guard, group, instance)) return row;
    }
    return NULL;
}

static void say_move(struct asg_core *core, const struct group *group,
                     const struct instance *instance, const struct row *row)
{
    assert(row->text[0] != '\0');
    assert(instance->state == row->to);
    struct asg_decision *decision = asg_narrate_instance(
        core, ASG_DECISION_STATE, group, instance, "%s %s (%s, %s)", instance->id,
        row->text, asg_enum_word(&asg_instance_state_words, (int)row->from),
        instance->zone[0] != '\0' ? instance->zone : "zone unknown");
    decision->state_from = row->from;
    bool is_ec2s =
        row->event == ASG_FLEET_KEPT ||
        (row->event == ASG_FLEET_OVER && instance->ending.cause == ASG_END_NONE);
    if (is_ec2s) decision->cause = ASG_CAUSE_EC2;
}

bool asg_lifecycle_move(struct asg_core *core, struct group *group,
                        struct instance *instance, enum asg_fleet_event event)
{
    assert(instance->group == group);
    assert(core->step != NULL); /* only an event moves an instance */
    const struct row *row = find_row(group, instance, event);
    if (row == NULL) return false;
    asg_count_set_state(core, group, instance, row->to);
    core->step->rows_used++;
    asg_group_mark_dirty(core, group);
    if (row->text[0] != '\0') say_move(core, group, instance, row);
    if (row->enter != NULL) row->enter(core, group, instance);
    asg_activity_follow(core, instance, row->from);
    return true;
}

/* ---- for those who draw or test it ---- */

bool asg_lifecycle_row(size_t i, struct asg_lifecycle_row *ret)
{
    if (i >= ROW_COUNT) return false;
    assert(rows[i].text != NULL);
    *ret = (struct asg_lifecycle_row){.from = rows[i].from,
                                      .event = rows[i].event,
                                      .to = rows[i].to,
                                      .guard = guard_words[rows[i].guard],
                                      .text = rows[i].text};
    return true;
}

const char *asg_lifecycle_event_word(enum asg_fleet_event event)
{
    static const char *const words[ASG_FLEET_EVENTS] = {"launched",
                                                        "adopted",
                                                        "not launched",
                                                        "running",
                                                        "reported",
                                                        "end",
                                                        "drain",
                                                        "drained",
                                                        "kept",
                                                        "over",
                                                        "standby",
                                                        "detach",
                                                        "deregistered",
                                                        "return",
                                                        "attach",
                                                        "attached",
                                                        "not attached",
                                                        "hook",
                                                        "proceed",
                                                        "abandon",
                                                        "retain",
                                                        "pool",
                                                        "rests running",
                                                        "rests stopped",
                                                        "rests hibernated",
                                                        "replace root",
                                                        "root replaced"};
    assert((unsigned)event < ASG_FLEET_EVENTS);
    return words[event];
}
