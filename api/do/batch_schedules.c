/* batch_schedules - BatchPutScheduledUpdateGroupAction and BatchDeleteScheduledAction:
 * one order after the other. What is refused stands in the answer, and all else is done.
 */
#include <assert.h>
#include <string.h>

#include "api/do/schedules.h"
#include "query/write.h"
#include "view/view.h"

struct failure {
    const char *name;
    const char *code;
    const char *message;
};

struct batch {
    const struct asg_query_value *items; /* actions, or their names */
    size_t count;
    size_t next;
    const char *name; /* of the one under way */
    bool deletes;
    struct failure *failures;
    size_t failure_count;
};

static void note_failure(struct asg_api_call *call, const char *code, const char *message)
{
    struct batch *batch = call->state;
    assert(batch->failure_count < batch->count);
    batch->failures[batch->failure_count++] =
        (struct failure){.name = batch->name,
                         .code = asg_arena_text(&call->arena, code),
                         .message = asg_arena_text(&call->arena, message)};
}

static void answer(struct asg_api_call *call)
{
    const struct batch *batch = call->state;
    struct asg_writer writer;
    asg_write_init(&writer, asg_api_begin(call), call->action->output);
    asg_write_begin_list(&writer, batch->deletes ? "FailedScheduledActions"
                                                 : "FailedScheduledUpdateGroupActions");
    for (size_t i = 0; i < batch->failure_count; i++) {
        const struct failure *failure = &batch->failures[i];
        asg_write_begin_item(&writer);
        asg_write_text(&writer, "ScheduledActionName", failure->name);
        asg_write_text(&writer, "ErrorCode", failure->code);
        asg_write_text(&writer, "ErrorMessage", failure->message);
        asg_write_end(&writer);
    }
    asg_write_end(&writer);
    asg_write_finish(&writer);
    asg_api_end(call);
}

static void go_on(struct asg_api_call *call);

static void settled(struct asg_api_call *call, const struct asg_effects *effects)
{
    const struct asg_reply *reply = &effects->reply;
    if (!reply->is_ok) note_failure(call, reply->code, reply->message);
    go_on(call);
}

static void put(struct asg_api_call *call, const struct asg_query_value *item)
{
    struct batch *batch = call->state;
    struct asg_schedule_config *config = asg_arena_take(&call->arena, sizeof *config);
    struct asg_error error = {""};
    batch->name = asg_value_text(item, "ScheduledActionName", "");
    if (!schedule_take(call, item, config, &error)) {
        note_failure(call, "ValidationError", error.text);
        go_on(call);
        return;
    }
    const struct asg_command command = schedule_put_order(call, config);
    asg_api_try(call, &command, settled);
}

static void go_on(struct asg_api_call *call)
{
    struct batch *batch = call->state;
    if (batch->next == batch->count) {
        answer(call);
        return;
    }
    const struct asg_query_value *item = &batch->items[batch->next++];
    if (!batch->deletes) {
        put(call, item);
        return;
    }
    batch->name = item->text;
    const struct asg_command command = schedule_delete_order(call, item->text);
    asg_api_try(call, &command, settled);
}

static void begin(struct asg_api_call *call, const char *member, bool deletes)
{
    const char *group = asg_value_text(&call->input, "AutoScalingGroupName", "");
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    bool is_known = asg_root_find(root, group) != NULL;
    asg_view_drop(&root);
    if (!is_known) {
        asg_api_invalid(call,
                        "AutoScalingGroup name not found - AutoScalingGroup '%s' not "
                        "found",
                        group);
        return;
    }
    struct batch *batch = asg_arena_take(&call->arena, sizeof *batch);
    *batch = (struct batch){.deletes = deletes, .name = ""};
    batch->items = asg_value_items(&call->input, member, &batch->count);
    batch->failures =
        asg_arena_take(&call->arena, (batch->count + 1) * sizeof *batch->failures);
    call->state = batch;
    go_on(call);
}

void asg_do_batch_put_scheduled_update_group_action(struct asg_api_call *call)
{
    begin(call, "ScheduledUpdateGroupActions", /* deletes */ false);
}

void asg_do_batch_delete_scheduled_action(struct asg_api_call *call)
{
    begin(call, "ScheduledActionNames", /* deletes */ true);
}
