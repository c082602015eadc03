#include "core/take/command_attach.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/lifecycle/lifecycle.h"
#include "core/plan/plan_tagging.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/take/behind.h"
#include "core/take/fill_slot.h"
#include "core/take/moved.h"
#include "core/take/require.h"
#include "core/world/counts.h"
#include "core/world/detached.h"
#include "core/world/kept_text.h"
#include "core/world/orphans.h"
#include "core/world/standing.h"
#include "core/world/state.h"
#include "core/world/states.h"
#include "core/world/stops.h"

/* Both send requests to EC2, which a dry run and the kill switch forbid. */
static bool is_stopped(struct asg_core *core, const struct group *group, const char *what)
{
    assert(!group->is_deleting);
    if (group->config.dry_run) {
        asg_reply_refuse(core, "DryRunOperation",
                         "group %s is in a dry run: nothing is %s; end the dry run first "
                         "if that is intended",
                         group->config.name, what);
        return true;
    }
    if (!asg_stop_is_halt(core, group)) return false;
    asg_reply_refuse(core, "ValidationError",
                     "group %s is halted by an operator: nothing is %s before `openasg "
                     "unhalt`",
                     group->config.name, what);
    return true;
}

/* ---- attach ---- */

static bool is_zone_of(const struct group *group, const char *zone)
{
    assert(group->config.subnet_count > 0);
    for (size_t i = 0; i < group->config.subnet_count; i++) {
        if (strcmp(group->config.subnets[i].zone, zone) == 0) return true;
    }
    return false;
}

/* Its tags are being taken off: that could take the new ones. */
static bool is_being_untagged(const struct asg_core *core, const char *id)
{
    if (asg_detached_find(core, id) == NULL) return false; /* nobody let it go */
    for (size_t i = 0; i < core->job_count; i++) {
        const struct job *job = core->jobs[i];
        if (job->state != ASG_JOB_STATE_OPEN || job->plan.kind != ASG_JOB_UNTAG) continue;
        assert(job->plan.tagging->instance_ids.count == 1);
        if (strcmp(job->plan.tagging->instance_ids.items[0], id) == 0) return true;
    }
    return false;
}

/* True: it cannot be attached, and the order is refused. */
static bool is_refused(struct asg_core *core, const struct group *group, const char *id,
                       const struct asg_seen_instance *seen)
{
    assert(id != NULL && seen->zone != NULL); /* texts are never NULL */
    struct group *owner = NULL;
    if (asg_instance_find(core, id, &owner) != NULL) {
        asg_reply_refuse(core, "ValidationError",
                         "The instance %s is already part of Auto Scaling group %s.", id,
                         owner->config.name);
        return true;
    }
    if (strcmp(seen->instance_id, id) != 0 || strlen(id) > ASG_INSTANCE_ID_MAX ||
        id[0] == '\0') {
        asg_reply_refuse(core, "ValidationError", "Invalid Instance ID(s): [%s]", id);
        return true;
    }
    if (seen->state != ASG_EC2_RUNNING) {
        asg_reply_refuse(core, "ValidationError",
                         "Instance %s is not in correct state. Instance(s) must be in "
                         "'running' state.",
                         id);
        return true;
    }
    if (!is_zone_of(group, seen->zone)) {
        asg_reply_refuse(core, "ValidationError",
                         "The availability zone %s of instance %s is not one of "
                         "AutoScalingGroup %s.",
                         seen->zone, id, group->config.name);
        return true;
    }
    const struct orphan *orphan = asg_orphan_find(core, id);
    assert(orphan == NULL || !orphan->is_gone);
    if (orphan != NULL && orphan->is_ending) {
        asg_reply_refuse(
            core, "ValidationError",
            "The instance %s is being terminated; see `openasg orphan list`.", id);
        return true;
    }
    if (!is_being_untagged(core, id)) return false;
    asg_reply_refuse(core, "ScalingActivityInProgress",
                     "The instance %s is still being detached; wait until its tags are "
                     "off.",
                     id);
    return true;
}

/* It keeps its place from here on, as a launch that was asked for does. */
static void take_in(struct asg_core *core, struct group *group,
                    const struct asg_seen_instance *seen)
{
    assert(seen->state == ASG_EC2_RUNNING);
    uint32_t capacity = asg_count_capacity(group);
    const struct job *job = asg_plan_tag(core, group, seen->instance_id);
    struct instance *instance = asg_instance_add(core, group);
    instance->launch.job_id = job->plan.id;
    instance->launch.attempt = job->plan.attempt;
    instance->launch.incarnation = job->plan.incarnation;
    instance->launch.is_attached = true;
    instance->launch.is_extra = true;
    bool is_past = seen->launched_ms > 0 && seen->launched_ms < core->now_ms;
    instance->launch.launched_ms = is_past ? seen->launched_ms : core->now_ms;
    /* As long as a launch has: nobody waited for it before. */
    instance->launch.excused_ms = core->now_ms - instance->launch.launched_ms;
    instance->service.is_protected = group->config.protect_new_instances;
    asg_take_fill_instance(core, group, instance, seen);
    asg_orphan_drop(core, instance->id);
    asg_detached_lift(core, instance->id);
    asg_activity_open(
        core, instance, ASG_ACT_ATTACH,
        asg_activity_say(core, group, /* with_wish */ false, "",
                         "instance %s was attached in response to a user request, "
                         "increasing the capacity from %" PRIu32 " to %" PRIu32,
                         instance->id, capacity, capacity + 1));
    (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_ATTACH);
    assert(asg_instance_is_attaching(instance));
}

void asg_order_attach(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL || !asg_moved_are_named(core, command)) return;
    size_t count = command->instance_ids.count;
    if (command->seen_count != count) {
        asg_reply_refuse(core, "ValidationError",
                         "the request has no EC2 data about its instances");
        return;
    }
    if (is_stopped(core, group, "attached") ||
        asg_moved_is_barred(core, group, "attach")) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *id = command->instance_ids.items[i];
        if (is_refused(core, group, id, &command->seen[i])) return;
    }
    if (asg_moved_is_above_max(core, group, count, "attach")) return;
    uint32_t from = group->config.desired;
    asg_moved_raise(core, group, count);
    for (size_t i = 0; i < count; i++) {
        take_in(core, group, &command->seen[i]);
    }
    asg_orphan_count_unknown(core); /* some may be of a log that is lost */
    asg_behind_settle(core);
    asg_narrate_capacity(core, ASG_DECISION_COMMAND, group, "", from,
                         "%zu attached by %s, desired %" PRIu32 " (was %" PRIu32
                         "): they are tagged first",
                         count, command->actor, group->config.desired, from)
        ->cause = ASG_CAUSE_ORDER;
    asg_reply_accept(core, 0, "%zu instance%s being attached to group %s", count,
                     count == 1 ? " is" : "s are", group->config.name);
}

/* ---- detach ---- */

static bool may_leave(const struct instance *instance)
{
    assert(instance->group != NULL);
    return asg_instance_is_serving(instance) ||
           asg_state_traits(instance->state)->stands_by;
}

static void let_go(struct asg_core *core, struct group *group, struct instance *instance,
                   bool is_fewer)
{
    assert(may_leave(instance));
    uint32_t capacity = asg_count_capacity(group);
    const char *act =
        is_fewer
            ? "instance %s was detached in response to a user request, shrinking the "
              "capacity from %" PRIu32 " to %" PRIu32
            : "instance %s was detached in response to a user request";
    asg_activity_close(core, instance, ASG_ACTIVITY_CANCELLED,
                       "The instance was detached meanwhile.");
    asg_activity_open(core, instance, ASG_ACT_DETACH,
                      asg_activity_say(core, group, /* with_wish */ false, "", act,
                                       instance->id, capacity, capacity - 1));
    instance->service.is_protected = false;
    (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_DETACH);
    asg_detached_remember(core, instance->id);
    asg_plan_untag(core, group, instance->id);
    assert(asg_instance_is_untagged(instance));
}

void asg_order_detach(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL || !asg_moved_are_named(core, command)) return;
    struct instance **named = asg_moved_find(core, group, command);
    if (named == NULL || is_stopped(core, group, "detached")) return;
    size_t count = command->instance_ids.count;
    size_t places = 0; /* those in standby have none */
    for (size_t i = 0; i < count; i++) {
        places += asg_instance_is_serving(named[i]);
        if (may_leave(named[i])) continue;
        asg_reply_refuse(core, "ValidationError",
                         "The instance %s is not in InService or Standby.", named[i]->id);
        return;
    }
    if (command->decrement && asg_moved_is_below_min(core, group, places, "detach"))
        return;
    if (!asg_detached_has_room(core, count)) {
        asg_reply_refuse(core, "LimitExceeded",
                         "%d detached instances still have openasg:* tags; wait until "
                         "workers have removed them",
                         ASG_DETACHED_MAX);
        return;
    }
    uint32_t from = group->config.desired;
    if (command->decrement) asg_moved_lower(core, group, places);
    for (size_t i = 0; i < count; i++) {
        let_go(core, group, named[i],
               command->decrement && asg_instance_is_serving(named[i]));
    }
    asg_narrate_capacity(core, ASG_DECISION_COMMAND, group, "", from,
                         "%zu detached by %s, desired %" PRIu32 " (was %" PRIu32 ")",
                         count, command->actor, group->config.desired, from)
        ->cause = ASG_CAUSE_ORDER;
    asg_reply_accept(core, 0, "%zu instance%s being detached from group %s%s", count,
                     count == 1 ? " is" : "s are", group->config.name,
                     command->decrement ? ", desired is lowered"
                     : places > 0       ? ", and will be replaced"
                                        : "");
}

void asg_order_untag_again(struct asg_core *core, const struct job *job)
{
    assert(job->plan.kind == ASG_JOB_UNTAG);
    assert(job->plan.tagging->instance_ids.count == 1);
    const char *id = job->plan.tagging->instance_ids.items[0];
    if (asg_detached_find(core, id) == NULL) return; /* attached again, or long gone */
    asg_plan_untag(core, asg_group_of_no(core, job->group_no), id);
}
