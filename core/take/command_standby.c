#include "core/take/command_standby.h"

#include <assert.h>
#include <inttypes.h>

#include "core/lifecycle/lifecycle.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/take/moved.h"
#include "core/take/require.h"
#include "core/world/counts.h"
#include "core/world/standing.h"
#include "core/world/state.h"
#include "core/world/states.h"

/* No balancer has any of them yet, so they stand by at once. */
static void put_aside(struct asg_core *core, struct group *group,
                      struct instance *instance, bool is_fewer)
{
    assert(asg_instance_is_serving(instance));
    uint32_t capacity = asg_count_capacity(group);
    const char *act = is_fewer ? "instance %s was moved to standby in response to a user "
                                 "request, shrinking the capacity from %" PRIu32
                                 " to %" PRIu32
                               : "instance %s was moved to standby in response to a user "
                                 "request";
    asg_activity_open(core, instance, ASG_ACT_TO_STANDBY,
                      asg_activity_say(core, group, /* with_wish */ false, "", act,
                                       instance->id, capacity, capacity - 1));
    (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_STANDBY);
    (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_DEREGISTERED);
    assert(asg_instance_is_aside(instance) && !asg_instance_is_untagged(instance));
}

void asg_order_enter_standby(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL || !asg_moved_are_named(core, command)) return;
    struct instance **named = asg_moved_find(core, group, command);
    if (named == NULL) return;
    size_t count = command->instance_ids.count;
    for (size_t i = 0; i < count; i++) {
        if (asg_instance_is_serving(named[i])) continue;
        asg_reply_refuse(core, "ValidationError", "The instance %s is not in InService.",
                         named[i]->id);
        return;
    }
    if (command->decrement &&
        asg_moved_is_below_min(core, group, count, "place into standby")) {
        return;
    }
    uint32_t from = group->config.desired;
    if (command->decrement) asg_moved_lower(core, group, count);
    for (size_t i = 0; i < count; i++) {
        put_aside(core, group, named[i], command->decrement);
    }
    asg_narrate_capacity(core, ASG_DECISION_COMMAND, group, "", from,
                         "%zu put into standby by %s, desired %" PRIu32 " (was %" PRIu32
                         ")",
                         count, command->actor, group->config.desired, from)
        ->cause = ASG_CAUSE_ORDER;
    asg_reply_accept(core, 0, "%zu instance%s of group %s in standby%s", count,
                     count == 1 ? "" : "s", group->config.name,
                     command->decrement ? ", desired is lowered"
                                        : ", and will be replaced");
}

/* It comes into service as a launch does: when EC2 says it runs, or its agent reports. */
static void take_back(struct asg_core *core, struct group *group,
                      struct instance *instance)
{
    assert(asg_instance_is_aside(instance));
    uint32_t capacity = asg_count_capacity(group);
    asg_activity_open(
        core, instance, ASG_ACT_OUT_OF_STANDBY,
        asg_activity_say(core, group, /* with_wish */ false, "",
                         "instance %s was moved out of standby in response to a user "
                         "request, increasing the capacity from %" PRIu32 " to %" PRIu32,
                         instance->id, capacity, capacity + 1));
    (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_RETURN);
    if (instance->ec2_state == ASG_EC2_RUNNING) {
        (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_RUNNING);
    }
    if (asg_instance_is_heard(instance)) {
        (void)asg_lifecycle_move(core, group, instance, ASG_FLEET_REPORTED);
    }
    assert(asg_instance_counts(instance));
}

void asg_order_exit_standby(struct asg_core *core, const struct asg_command *command)
{
    struct group *group = asg_take_require_group(core, command->group);
    if (group == NULL || !asg_moved_are_named(core, command)) return;
    struct instance **named = asg_moved_find(core, group, command);
    if (named == NULL) return;
    size_t count = command->instance_ids.count;
    for (size_t i = 0; i < count; i++) {
        if (asg_state_traits(named[i]->state)->stands_by) continue;
        asg_reply_refuse(core, "ValidationError", "The instance %s is not in Standby.",
                         named[i]->id);
        return;
    }
    if (asg_moved_is_barred(core, group, "take back") ||
        asg_moved_is_above_max(core, group, count, "move out of standby")) {
        return;
    }
    uint32_t from = group->config.desired;
    assert(!group->is_deleting);
    asg_moved_raise(core, group, count);
    for (size_t i = 0; i < count; i++) {
        take_back(core, group, named[i]);
    }
    core->look.next_ms = core->now_ms; /* some may have been stopped or started there */
    core->look.pause_ms = 0;
    asg_narrate_capacity(core, ASG_DECISION_COMMAND, group, "", from,
                         "%zu taken out of standby by %s, desired %" PRIu32
                         " (was %" PRIu32 ")",
                         count, command->actor, group->config.desired, from)
        ->cause = ASG_CAUSE_ORDER;
    asg_reply_accept(core, 0, "%zu instance%s of group %s taken out of standby", count,
                     count == 1 ? "" : "s", group->config.name);
}
