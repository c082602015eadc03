/* batch_schedules - BatchPutScheduledUpdateGroupAction and BatchDeleteScheduledAction:
 * one order after the other. What is refused stands in the answer, and all else is done.
 */
#include <assert.h>

#include "api/do/named.h"
#include "api/do/schedules.h"
#include "query/write.h"
#include "view/view.h"

struct failure {
    const char *name;
    const char *code;
    const char *message;
};

struct batch {
    bool deletes;
    struct asg_command *orders; /* those that make sense */
    const char **names;         /* of their actions */
    size_t count;
    size_t next;
    struct failure *failures;
    size_t failure_count;
};

static void note_failure(struct asg_api_call *call, const char *name, const char *code,
                         const char *message)
{
    struct batch *batch = call->state;
    batch->failures[batch->failure_count++] =
        (struct failure){.name = name,
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
    const struct batch *batch = call->state;
    const struct asg_reply *reply = &effects->reply;
    assert(batch->next > 0);
    if (!reply->is_ok) {
        note_failure(call, batch->names[batch->next - 1], reply->code, reply->message);
    }
    go_on(call);
}

/* On the thread of the loop, but for the first: nothing is read or reckoned any more. */
static void go_on(struct asg_api_call *call)
{
    struct batch *batch = call->state;
    assert(batch->next <= batch->count);
    if (batch->next == batch->count) {
        answer(call);
    } else {
        asg_api_try(call, &batch->orders[batch->next++], settled);
    }
}

static void add_order(struct batch *batch, const char *name,
                      const struct asg_command *order)
{
    batch->names[batch->count] = name;
    batch->orders[batch->count++] = *order;
}

static void add_put(struct asg_api_call *call, const struct asg_query_value *item)
{
    struct asg_schedule_config *config = asg_arena_take(&call->arena, sizeof *config);
    struct asg_error error = {""};
    const char *name = asg_value_text(item, "ScheduledActionName", "");
    if (!schedule_take(call, item, config, &error)) {
        note_failure(call, name, "ValidationError", error.text);
        return;
    }
    const struct asg_command order = schedule_put_order(call, config);
    add_order(call->state, name, &order);
}

static void add_delete(struct asg_api_call *call, const char *name)
{
    struct asg_command order;
    struct asg_error error = {""};
    if (!schedule_delete_order(call, name, &order, &error)) {
        note_failure(call, name, "ValidationError", error.text);
        return;
    }
    add_order(call->state, name, &order);
}

static void begin(struct asg_api_call *call, const char *member, bool deletes)
{
    const char *group = asg_value_text(&call->input, "AutoScalingGroupName", "");
    if (!asg_api_require_group(call, group)) return;
    size_t count = 0;
    const struct asg_query_value *items = asg_value_items(&call->input, member, &count);
    struct batch *batch = asg_arena_take(&call->arena, sizeof *batch);
    *batch = (struct batch){.deletes = deletes};
    batch->orders = asg_arena_take(&call->arena, (count + 1) * sizeof *batch->orders);
    batch->names = asg_arena_take(&call->arena, (count + 1) * sizeof *batch->names);
    batch->failures = asg_arena_take(&call->arena, (count + 1) * sizeof *batch->failures);
    call->state = batch;
    for (size_t i = 0; i < count; i++) {
        if (deletes) {
            add_delete(call, items[i].text);
        } else {
            add_put(call, &items[i]);
        }
    }
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
