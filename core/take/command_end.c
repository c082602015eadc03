#include "core/take/command_end.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/plan/end_instance.h"
#include "core/step/activities.h"
#include "core/step/narrate.h"
#include "core/take/moved.h"
#include "core/take/require.h"
#include "core/world/counts.h"
#include "core/world/standing.h"
#include "core/world/state.h"

/* It is being terminated already. */
static bool is_on_its_way(const struct instance *instance)
{
    return !asg_instance_counts(instance) && !asg_instance_is_aside(instance);
}

/* Selected before, and perhaps held by a suspended Terminate, which an order about one
 * instance is not (docs/rules.md, "Suspended processes"). Its place is settled: the order
 * leaves desired as it is. */
static void hurry_selected(struct asg_core *core, const struct asg_command *command,
                           struct group *group, struct instance *instance)
{
    assert(is_on_its_way(instance));
    bool is_held = asg_instance_is_ending(instance) && instance->id[0] != '\0' &&
                   asg_group_is_suspended(group, ASG_PROCESS_TERMINATE) &&
                   instance->ending.cause != ASG_END_NAMED &&
                   instance->ending.cause != ASG_END_DELETED;
    if (!is_held || command->decrement || group->config.dry_run) {
        asg_reply_refuse(core, "ValidationError", "%s is already being terminated%s",
                         instance->id,
                         is_held && command->decrement
                             ? ", and desired was settled then: repeat this without "
                               "lowering desired to terminate it while the process "
                               "terminate is suspended"
                             : "");
        return;
    }
    asg_count_set_end(group, instance, ASG_END_NAMED, instance->ending.was_working);
    asg_group_mark_dirty(core, group);
    asg_narrate_instance(core, ASG_DECISION_COMMAND, group, instance,
                         "%s no longer waits for the process terminate: ordered by %s",
                         instance->id, command->actor);
    asg_reply_accept(core, 0, "%s is being terminated, desired is left as it is",
                     instance->id);
}

/* The order names the group, or leaves it to its instances. */
static bool is_about(const struct asg_command *command, const struct group *group)
{
    return command->group[0] == '\0' || strcmp(command->group, group->config.name) == 0;
}

/* True: this order cannot end it, and is refused. */
static bool is_refused(struct asg_core *core, const struct asg_command *command,
                       const struct group *group, const struct instance *instance)
{
    bool is_of_group = is_about(command, group);
    if (!is_of_group || instance->group != group) {
        asg_take_refuse_foreign(core, instance->id,
                                is_of_group ? group->config.name : command->group);
        return true;
    }
    if (asg_instance_is_untagged(instance)) {
        asg_reply_refuse(core, "ScalingActivityInProgress",
                         "%s is being %s; wait until that is done", instance->id,
                         asg_instance_is_attaching(instance) ? "attached" : "detached");
        return true;
    }
    if (is_on_its_way(instance)) {
        asg_reply_refuse(core, "ValidationError", "%s is already being terminated",
                         instance->id);
        return true;
    }
    if (!group->config.dry_run) return false;
    asg_reply_refuse(
        core, "DryRunOperation",
        "group %s is in a dry run: %s would be terminated, and keeps running; "
        "end the dry run first if that is intended",
        group->config.name, instance->id);
    return true;
}

/* True: the order is refused, as desired would be below min. */
static bool is_too_few(struct asg_core *core, const struct group *group, size_t places)
{
    assert(group->config.desired >= group->config.min);
    if (places == 0 || group->config.desired > group->config.min) {
        return asg_moved_is_below_min(core, group, places, "terminate");
    }
    asg_reply_refuse(core, "ValidationError",
                     "Currently, desiredSize equals minSize (%" PRIu32
                     "). Terminating instance without replacement will violate group's "
                     "min size constraint. Either set shouldDecrementDesiredCapacity "
                     "flag to false or lower group's min size.",
                     group->config.min);
    return true;
}

static void end_named(struct asg_core *core, const struct asg_command *command,
                      struct group *group, struct instance *const *named)
{
    size_t count = command->instance_ids.count;
    assert(count > 0 && count <= ASG_MOVED_INSTANCES_MAX);
    size_t places = 0; /* one in standby has none */
    for (size_t i = 0; i < count; i++) {
        places += asg_instance_counts(named[i]) ? 1 : 0;
    }
    if (command->decrement && is_too_few(core, group, places)) return;
    if (command->decrement) asg_moved_lower(core, group, places);
    for (size_t i = 0; i < count; i++) {
        bool is_fewer = command->decrement && asg_instance_counts(named[i]);
        asg_activity_note_span(core, is_fewer ? 1 : 0, 0); /* the order shrinks it */
        asg_plan_end(core, group, named[i], ASG_END_NAMED, "a user request");
    }
    const char *what = places == 0          ? ", desired is unchanged"
                       : command->decrement ? ", desired is lowered by one"
                                            : " and will be replaced";
    if (count == 1) {
        asg_reply_accept(core, 0, "%s is being terminated%s", named[0]->id, what);
    } else {
        asg_reply_accept(core, 0, "%zu instances are being terminated%s", count,
                         command->decrement ? ", desired is lowered" : "");
    }
}

void asg_order_end_instances(struct asg_core *core, const struct asg_command *command)
{
    if (!asg_moved_are_named(core, command)) return;
    const struct asg_texts *ids = &command->instance_ids;
    struct instance *named[ASG_MOVED_INSTANCES_MAX];
    struct group *group = NULL;
    for (size_t i = 0; i < ids->count; i++) {
        struct group *its = NULL;
        named[i] = asg_take_require_instance(core, ids->items[i], &its);
        if (named[i] == NULL) return;
        if (i == 0) group = its;
    }
    assert(group != NULL); /* one is named at least */
    bool is_hurried = ids->count == 1 && is_on_its_way(named[0]);
    if (is_hurried && is_about(command, group)) {
        hurry_selected(core, command, group, named[0]);
        return;
    }
    for (size_t i = 0; i < ids->count; i++) {
        if (is_refused(core, command, group, named[i])) return;
    }
    end_named(core, command, group, named);
}
