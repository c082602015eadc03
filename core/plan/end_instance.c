#include "core/plan/end_instance.h"

#include <assert.h>
#include <inttypes.h>

#include "core/limits/churn.h"
#include "core/world/counts.h"
#include "core/world/kept_text.h"
#include "core/lifecycle/lifecycle.h"
#include "core/world/standing.h"
#include "core/world/states.h"
#include "core/step/activities.h"
#include "core/step/look_again.h"
#include "core/step/narrate.h"
#include "core/values/number.h"
#include "core/limits/recent_ends.h"

#define MARGIN_MS INT64_C(5000) /* of a drain, for the call that ends it */

static int64_t drain_limit(const struct asg_core *core, const struct group *group,
                           const struct instance *instance)
{
    assert(group->config.drain_ms >= 0);
    if (instance->notice.taken_back_ms == 0) return group->config.drain_ms;
    int64_t left_ms = instance->notice.taken_back_ms - core->now_ms - MARGIN_MS;
    if (left_ms < 0) return 0;
    return left_ms < group->config.drain_ms ? left_ms : group->config.drain_ms;
}

/* It is broken, whoever says so. */
static bool is_of_health(enum asg_end_cause cause)
{
    assert(cause < ASG_END_CAUSES);
    return cause == ASG_END_HEALTH || cause == ASG_END_MARKED;
}

static enum asg_cause cause_of_end(const struct instance *instance)
{
    assert(instance->ending.cause != ASG_END_NONE);
    switch (instance->ending.cause) {
    case ASG_END_SCALE_IN: return ASG_CAUSE_SCALE_IN;
    case ASG_END_HEALTH: return instance->health.fault;
    case ASG_END_USER:
    case ASG_END_NAMED: return ASG_CAUSE_ORDER;
    case ASG_END_MARKED: return ASG_CAUSE_MARKED;
    case ASG_END_DELETED: return ASG_CAUSE_GROUP_DELETED;
    case ASG_END_NOTICE:
        return instance->notice.taken_back_ms != 0 ? ASG_CAUSE_INTERRUPTION
                                                   : ASG_CAUSE_REBALANCE;
    case ASG_END_NONE:
    case ASG_END_CAUSES: break;
    }
    return ASG_CAUSE_NONE;
}

bool asg_plan_end_is_dry(struct asg_core *core, struct group *group,
                         const struct instance *instance, const char *reason)
{
    if (!group->config.dry_run) return false;
    bool would_end = asg_instance_counts(instance) && instance->id[0] != '\0';
    if (would_end && !asg_hold_is_on(core, HOLD_DRY_RUN)) {
        asg_hold(core, group, HOLD_DRY_RUN, WHY_OF(DRY_RUN, .count = 1),
                 "dry run: would terminate %s: %s", instance->id, reason);
    }
    return true;
}

bool asg_plan_end_is_kept(struct asg_core *core, struct group *group,
                          const struct instance *instance, enum asg_end_cause cause)
{
    assert(instance->group == group);
    int64_t until_ms = instance->ending.kept_until_ms;
    if (until_ms <= core->now_ms || cause == ASG_END_NAMED) return false;
    bool counts = asg_instance_counts(instance);
    bool stands_by = asg_state_traits(instance->state)->stands_by; /* its group goes */
    if (counts || stands_by) asg_look_again(core, until_ms);
    if (!counts) return true;
    enum hold_topic topic = is_of_health(cause) ? HOLD_REPLACE : HOLD_SCALE_IN;
    if (asg_hold_is_on(core, topic)) return true;
    asg_hold(
        core, group, topic, WHY_OF(PROTECTED, .until_ms = until_ms, .count = 1),
        "termination waits: %s has termination protection in EC2; turn that off, then "
        "run `openasg instance terminate %s` to retry immediately",
        instance->id, instance->id);
    return true;
}

/* ---- its activity ---- */

/* After "in response to". */
static const char *say_fault(enum asg_cause fault)
{
    switch (fault) {
    case ASG_CAUSE_STOPPED:
        return "an EC2 health check indicating it has been terminated or stopped";
    case ASG_CAUSE_IMPAIRED: return "an EC2 instance status check failure";
    case ASG_CAUSE_SCHEDULED_EVENT:
        return "an EC2 health check indicating a scheduled event";
    case ASG_CAUSE_MARKED: return "a user health-check";
    case ASG_CAUSE_LATE_LAUNCH:
        return "an EC2 health check indicating it did not come into service in time";
    default: return "an agent health check failure";
    }
}

static const char *say_named(struct asg_core *core, const struct instance *instance,
                             uint32_t capacity)
{
    const char *format = "instance %s was taken out of service in response to a user "
                         "request, shrinking the capacity from %" PRIu32 " to %" PRIu32;
    assert(instance->ending.cause == ASG_END_NAMED);
    if (core->step->span_from != core->step->span_to) {
        assert(capacity > 0); /* it counted */
        return asg_activity_say(core, instance->group, /* with_wish */ false, "", format,
                                instance->id, capacity, capacity - 1);
    }
    return asg_activity_say(
        core, instance->group, /* with_wish */ false, "",
        "instance %s was taken out of service in response to a user request",
        instance->id);
}

static const char *say_surplus(struct asg_core *core, const struct instance *instance)
{
    assert(instance->id[0] != '\0');
    /* It has no place that goes with it: it stands by in a group that is deleted, or one
     * that is at risk is replaced already. */
    if (core->step->span_to >= core->step->span_from) {
        return asg_activity_say(core, instance->group, /* with_wish */ true,
                                instance->reason,
                                "instance %s was taken out of service in response to a "
                                "user request",
                                instance->id);
    }
    return asg_activity_say(
        core, instance->group, /* with_wish */ true, instance->reason,
        "an instance was taken out of service in response to a difference between "
        "desired and actual capacity, shrinking the capacity from %" PRIu32 " to %" PRIu32
        ".  At %s instance %s was selected for termination",
        core->step->span_from, core->step->span_to, asg_activity_say_now(core),
        instance->id);
}

static const char *say_end(struct asg_core *core, const struct instance *instance,
                           uint32_t capacity)
{
    bool is_taken_back = instance->notice.taken_back_ms != 0;
    const char *what = say_fault(instance->health.fault);
    switch (instance->ending.cause) {
    case ASG_END_NAMED: return say_named(core, instance, capacity);
    case ASG_END_NOTICE:
        what = is_taken_back ? "a Spot interruption notice"
                             : "an EC2 instance rebalance recommendation";
        break;
    case ASG_END_MARKED:
    case ASG_END_HEALTH: break;
    default: return say_surplus(core, instance);
    }
    return asg_activity_say(
        core, instance->group, /* with_wish */ false, instance->reason,
        "an instance was taken out of service in response to %s", what);
}

/* A launch that is not in service yet ends here, and the termination begins. */
static void begin_activity(struct asg_core *core, struct instance *instance,
                           uint32_t capacity)
{
    assert(instance->ending.cause != ASG_END_NONE);
    bool is_broken = is_of_health(instance->ending.cause);
    asg_activity_close(
        core, instance, is_broken ? ASG_ACTIVITY_FAILED : ASG_ACTIVITY_CANCELLED,
        is_broken ? asg_activity_say_failure(core, instance->reason) : instance->reason);
    asg_activity_open(core, instance, ASG_ACT_TERMINATE,
                      say_end(core, instance, capacity));
    assert(instance->activity != NULL);
    if (is_broken) instance->group->replacing++;
}

void asg_plan_end(struct asg_core *core, struct group *group, struct instance *instance,
                  enum asg_end_cause cause, const char *reason)
{
    assert(instance->group == group);
    assert(cause > ASG_END_NONE && cause < ASG_END_CAUSES);
    assert(reason != NULL && reason[0] != '\0');
    if (asg_plan_end_is_dry(core, group, instance, reason)) return;
    if (asg_plan_end_is_kept(core, group, instance, cause)) return;
    enum asg_instance_state from = instance->state;
    uint32_t capacity = asg_count_capacity(group);
    bool was_serving = asg_instance_is_serving(instance);
    bool was_working = was_serving || asg_instance_may_be_working(instance);
    if (cause == ASG_END_USER && was_working) asg_ends_note_order(core, group);
    if (!asg_lifecycle_move(core, group, instance, ASG_FLEET_END)) return;
    asg_count_set_end(group, instance, cause, was_working);
    asg_text_keep(core, &instance->reason, ASG_REASON_MAX, reason);
    begin_activity(core, instance, capacity);
    bool is_paced = cause == ASG_END_HEALTH || (cause == ASG_END_SCALE_IN && was_working);
    if (is_paced) asg_ends_note(core, group, cause);
    if (is_of_health(cause)) asg_churn_note_death(core, group, instance);
    bool is_replaced = is_of_health(cause) || cause == ASG_END_NOTICE;
    struct asg_decision *decision = asg_narrate_instance(
        core, is_replaced ? ASG_DECISION_REPLACE : ASG_DECISION_TERMINATE, group,
        instance, "terminating %s: %s", instance->id, reason);
    decision->cause = cause_of_end(instance);
    decision->state_from = from;
    if (asg_ec2_is_over(instance->ec2_state)) {
        if (instance->ec2_state != ASG_EC2_SHUTTING_DOWN) {
            (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_OVER);
        }
        return;
    }
    int64_t limit_ms = drain_limit(core, group, instance);
    if (!was_serving || limit_ms == 0) return;
    if (!asg_lifecycle_move(core, group, instance, ASG_FLEET_DRAIN)) return;
    instance->wait_until_ms = core->now_ms + limit_ms;
    char limit[ASG_NUMBER_TEXT_MAX];
    asg_narrate_instance(core, ASG_DECISION_STATE, group, instance,
                         "%s: draining first, for up to %s", instance->id,
                         asg_number_duration(limit_ms, limit));
    asg_emit_drain(core, instance, limit_ms);
}
