#include "core/plan/end_instance.h"

#include <assert.h>

#include "core/limits/churn.h"
#include "core/world/counts.h"
#include "core/world/kept_text.h"
#include "core/lifecycle/lifecycle.h"
#include "core/world/standing.h"
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

static enum asg_cause cause_of_end(const struct instance *instance)
{
    assert(instance->ending.cause != ASG_END_NONE);
    switch (instance->ending.cause) {
    case ASG_END_SCALE_IN: return ASG_CAUSE_SCALE_IN;
    case ASG_END_HEALTH: return instance->health.fault;
    case ASG_END_USER:
    case ASG_END_NAMED: return ASG_CAUSE_ORDER;
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
        asg_hold(core, group, HOLD_DRY_RUN, "dry run: would terminate %s: %s",
                 instance->id, reason);
    }
    return true;
}

/* EC2 has refused it lately, since somebody protects it there. */
static bool is_kept(struct asg_core *core, struct group *group,
                    const struct instance *instance, enum asg_end_cause cause)
{
    assert(instance->group == group);
    int64_t until_ms = instance->ending.kept_until_ms;
    if (until_ms <= core->now_ms || cause == ASG_END_NAMED) return false;
    if (!asg_instance_counts(instance)) return true;
    asg_look_again(core, until_ms);
    enum hold_topic topic = cause == ASG_END_HEALTH ? HOLD_REPLACE : HOLD_SCALE_IN;
    if (asg_hold_is_on(core, topic)) return true;
    asg_hold(core, group, topic,
             "termination waits: EC2 refuses to terminate %s, which is protected there; "
             "take that protection back, then `openasg instance terminate %s` hurries it",
             instance->id, instance->id);
    return true;
}

void asg_plan_end(struct asg_core *core, struct group *group, struct instance *instance,
                  enum asg_end_cause cause, const char *reason)
{
    assert(instance->group == group);
    assert(cause > ASG_END_NONE && cause < ASG_END_CAUSES);
    assert(reason != NULL && reason[0] != '\0');
    if (asg_plan_end_is_dry(core, group, instance, reason)) return;
    if (is_kept(core, group, instance, cause)) return;
    enum asg_instance_state from = instance->state;
    bool was_serving = asg_instance_is_serving(instance);
    bool was_working = was_serving || asg_instance_may_be_working(instance);
    if (!asg_lifecycle_move(core, group, instance, ASG_FLEET_END)) return;
    asg_count_set_end(group, instance, cause, was_working);
    asg_text_keep(core, &instance->reason, ASG_REASON_MAX, reason);
    bool is_paced = cause == ASG_END_HEALTH || (cause == ASG_END_SCALE_IN && was_working);
    if (is_paced) asg_ends_note(core, group, cause);
    if (cause == ASG_END_HEALTH) asg_churn_note_death(core, group, instance);
    bool is_replaced = cause == ASG_END_HEALTH || cause == ASG_END_NOTICE;
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
                         "%s drains first, for %s at most", instance->id,
                         asg_number_duration(limit_ms, limit));
    asg_emit_drain(core, instance, limit_ms);
}
