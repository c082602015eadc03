/* moved - EnterStandby, ExitStandby, DetachInstances and
 * TerminateInstanceInAutoScalingGroup: orders whose answers show what they have begun. */
#include <assert.h>
#include <string.h>

#include "api/activities.h"
#include "api/do/do.h"
#include "api/do/named.h"
#include "api/shapes/shapes.h"

/* Those of this kind, of instances of the order: a launch that follows from it has its
 * own. */
static void write_activities(struct asg_api_call *call, struct asg_writer *writer,
                             const struct asg_effects *effects,
                             enum asg_activity_kind kind)
{
    asg_write_begin_list(writer, "Activities");
    for (size_t i = 0; i < effects->activity_count; i++) {
        if (effects->activities[i].kind != kind) continue;
        asg_write_begin_item(writer);
        asg_api_write_activity(writer, call, &effects->activities[i],
                               /* is_group_deleted */ false);
        asg_write_end(writer);
    }
    asg_write_end(writer);
}

static void answer(struct asg_api_call *call, const struct asg_effects *effects,
                   enum asg_activity_kind kind)
{
    assert(effects->reply.is_ok);
    struct asg_writer writer;
    asg_write_init(&writer, asg_api_begin(call), call->action->output);
    write_activities(call, &writer, effects, kind);
    asg_write_finish(&writer);
    asg_api_end(call);
}

static void on_entered(struct asg_api_call *call, const struct asg_effects *effects)
{
    answer(call, effects, ASG_ACT_TO_STANDBY);
}

static void on_exited(struct asg_api_call *call, const struct asg_effects *effects)
{
    answer(call, effects, ASG_ACT_OUT_OF_STANDBY);
}

static void on_detached(struct asg_api_call *call, const struct asg_effects *effects)
{
    answer(call, effects, ASG_ACT_DETACH);
}

static void order(struct asg_api_call *call, enum asg_command_kind kind,
                  asg_api_done *done)
{
    const struct asg_command command = {
        .kind = kind,
        .group = asg_value_text(&call->input, "AutoScalingGroupName", ""),
        .instance_ids = asg_api_texts(call, "InstanceIds"),
        .decrement =
            asg_value_flag(&call->input, "ShouldDecrementDesiredCapacity", false)};
    asg_api_order(call, &command, done);
}

void asg_do_enter_standby(struct asg_api_call *call)
{
    order(call, ASG_COMMAND_ENTER_STANDBY, on_entered);
}

void asg_do_exit_standby(struct asg_api_call *call)
{
    order(call, ASG_COMMAND_EXIT_STANDBY, on_exited);
}

void asg_do_detach_instances(struct asg_api_call *call)
{
    order(call, ASG_COMMAND_DETACH_INSTANCES, on_detached);
}

/* ---- terminate ---- */

/* What it began, by the member that the client named the instances with. Those that were
 * being terminated already, and are only hurried, have nothing new to show. */
static void on_terminated(struct asg_api_call *call, const struct asg_effects *effects)
{
    struct asg_writer writer;
    asg_write_init(&writer, asg_api_begin(call), call->action->output);
    const char *id = asg_value_text(&call->input, "InstanceId", "");
    bool is_written = false;
    for (size_t i = 0; i < effects->activity_count && id[0] != '\0'; i++) {
        const struct asg_activity *activity = &effects->activities[i];
        bool is_its =
            activity->kind == ASG_ACT_TERMINATE && strcmp(activity->instance_id, id) == 0;
        if (!is_its || is_written) continue;
        asg_write_begin(&writer, "Activity");
        asg_api_write_activity(&writer, call, activity, /* is_group_deleted */ false);
        asg_write_end(&writer);
        is_written = true;
    }
    if (id[0] == '\0') write_activities(call, &writer, effects, ASG_ACT_TERMINATE);
    asg_write_finish(&writer);
    asg_api_end(call);
}

/* By the old member or by the new one; false: the call is ended. */
static bool read_ids(struct asg_api_call *call, struct asg_texts *ret)
{
    const struct asg_query_value *one = asg_value_find(&call->input, "InstanceId");
    *ret = asg_api_texts(call, "InstanceIds");
    if ((one != NULL) == (ret->count > 0)) {
        asg_api_invalid(call,
                        "Name instances either with InstanceId or with InstanceIds");
        return false;
    }
    if (one == NULL) return true;
    const char **id = asg_arena_take(&call->arena, sizeof *id);
    *id = one->text;
    *ret = (struct asg_texts){.items = id, .count = 1};
    return true;
}

void asg_do_terminate_instance_in_auto_scaling_group(struct asg_api_call *call)
{
    struct asg_texts ids;
    if (!read_ids(call, &ids)) return;
    const char *named = asg_value_text(&call->input, "AutoScalingGroupName", "");
    for (size_t i = 0; i < ids.count; i++) {
        const char *group = asg_api_require_group_of(call, ids.items[i]);
        if (group == NULL) return;
        if (named[0] == '\0') named = group;
        if (strcmp(named, group) == 0) continue;
        asg_api_invalid(call, "The instance %s is not part of Auto Scaling group %s.",
                        ids.items[i], named);
        return;
    }
    const struct asg_command command = {
        .kind = ASG_COMMAND_TERMINATE_INSTANCE,
        .group = named,
        .instance_ids = ids,
        .decrement =
            asg_value_flag(&call->input, "ShouldDecrementDesiredCapacity", false)};
    asg_api_order(call, &command, on_terminated);
}
