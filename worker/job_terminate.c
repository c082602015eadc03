/* job_terminate - end instances, whatever EC2 thinks of some of them.
 *
 * One bad id makes EC2 refuse the whole request (docs/rules.md, "Batches and pages"). So
 * after a refusal: describe all, leave out what is ending already, then try the rest in
 * halves until each refused id stands alone. What EC2 does not know in either call is
 * told as gone; the controller decides what that means (an unknown id is no proof of
 * death: docs/rules.md, "EC2's lists lag").
 */
#include <string.h>

#include "worker/task.h"

#define BATCHES_MAX 64

/* Ids [from, from + count) of the list that is left. */
struct batch {
    size_t from;
    size_t count;
};

struct terminate_state {
    const char **ids;
    size_t id_count;
    struct batch batches[BATCHES_MAX]; /* a stack; the top is under way */
    size_t batch_count;
    bool is_described;
    bool has_doubtful;           /* an id that no call could settle */
    struct asg_ec2_outcome last; /* of it: class and status */
    const char *last_code;
    const char *last_message;
    size_t gone_capacity;
    size_t protected_capacity;
};

static void send_next(struct asg_task *task);

static void add_text(struct asg_task *task, struct asg_texts *list, size_t *capacity,
                     const char *text)
{
    void *items = list->items;
    const char **place =
        asg_arena_push(&task->arena, &items, &list->count, capacity, sizeof *place);
    list->items = items;
    *place = asg_arena_text(&task->arena, text);
}

static void push_batch(struct terminate_state *state, size_t from, size_t count)
{
    if (count == 0) return;
    /* Halving keeps the stack below log2(1000) + 1 entries. */
    if (state->batch_count == BATCHES_MAX) return;
    state->batches[state->batch_count++] = (struct batch){from, count};
}

static void push_halves(struct terminate_state *state, size_t from, size_t count)
{
    size_t half = count / 2;
    push_batch(state, from + half, count - half);
    push_batch(state, from, half);
}

static void finish(struct asg_task *task)
{
    struct terminate_state *state = task->state;
    if (state->has_doubtful) {
        asg_task_end(task, asg_outcome_of(ASG_JOB_TERMINATE, &state->last),
                     state->last_code, state->last_message);
    } else if (task->result.protected_ids.count > 0) {
        asg_task_end(task, ASG_OUTCOME_PROTECTED, state->last_code, state->last_message);
    } else {
        asg_task_end(task, ASG_OUTCOME_OK, "", "");
    }
}

static void remember(struct asg_task *task, const struct asg_ec2_outcome *outcome)
{
    struct terminate_state *state = task->state;
    state->last = *outcome;
    state->last_code = asg_arena_text(&task->arena, outcome->code);
    state->last_message = asg_arena_text(&task->arena, outcome->message);
    state->last.code = state->last_code;
    state->last.message = state->last_message;
}

/* A single id that EC2 refuses. */
static void settle_one(struct asg_task *task, const char *id,
                       const struct asg_ec2_outcome *outcome)
{
    struct terminate_state *state = task->state;
    if (strcmp(outcome->code, "InvalidInstanceID.NotFound") == 0 ||
        strcmp(outcome->code, "InvalidInstanceID.Malformed") == 0) {
        add_text(task, &task->result.gone, &state->gone_capacity, id);
        return;
    }
    remember(task, outcome);
    if (outcome->class == ASG_ERROR_CLASS_PROTECTED) {
        add_text(task, &task->result.protected_ids, &state->protected_capacity, id);
    } else {
        state->has_doubtful = true;
    }
}

static const struct asg_ec2_instance *find_instance(const struct asg_ec2_instances *list,
                                                    const char *id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->instances[i].instance_id, id) == 0) return &list->instances[i];
    }
    return NULL;
}

static void on_described(void *context, const struct asg_ec2_outcome *outcome,
                         const void *reply)
{
    struct asg_task *task = context;
    struct terminate_state *state = task->state;
    asg_task_count(task, outcome);
    if (outcome->class != ASG_ERROR_CLASS_NONE) {
        asg_task_end_with(task, outcome);
        return;
    }
    const struct asg_ec2_instances *seen = reply;
    size_t left = 0;
    for (size_t i = 0; i < state->id_count; i++) {
        const struct asg_ec2_instance *instance = find_instance(seen, state->ids[i]);
        enum asg_ec2_state now =
            instance == NULL ? ASG_EC2_UNKNOWN : asg_ec2_state_of(instance->state);
        if (now == ASG_EC2_SHUTTING_DOWN || now == ASG_EC2_TERMINATED) {
            asg_task_add_seen(task, instance);
        } else {
            state->ids[left++] = state->ids[i];
        }
    }
    state->id_count = left;
    /* One that stood alone stays alone; many are tried in halves. */
    push_halves(state, 0, left);
    send_next(task);
}

static void describe_all(struct asg_task *task)
{
    struct terminate_state *state = task->state;
    state->is_described = true;
    const struct asg_ec2_filter filter = {"instance-id", state->ids, state->id_count};
    asg_ec2_write_describe_instances(
        &(struct asg_ec2_describe_instances){.filters = &filter, .filter_count = 1},
        &task->worker->body);
    asg_task_call(task, &asg_ec2_describe_instances_action, /* is_launch */ false,
                  on_described);
}

/* The request as a whole was refused because of some id in it. */
static bool is_about_an_id(const struct asg_ec2_outcome *outcome)
{
    return outcome->class == ASG_ERROR_CLASS_NOT_FOUND ||
           outcome->class == ASG_ERROR_CLASS_PROTECTED ||
           outcome->class == ASG_ERROR_CLASS_STATE_CONFLICT ||
           strcmp(outcome->code, "InvalidInstanceID.Malformed") == 0;
}

static void on_terminated(void *context, const struct asg_ec2_outcome *outcome,
                          const void *reply)
{
    struct asg_task *task = context;
    struct terminate_state *state = task->state;
    asg_task_count(task, outcome);
    struct batch batch = state->batches[state->batch_count - 1];
    state->batch_count--;
    if (outcome->class == ASG_ERROR_CLASS_NONE) {
        const struct asg_ec2_state_changes *changes = reply;
        for (size_t i = 0; i < changes->count; i++) {
            struct asg_seen_instance *seen = asg_task_add_instance(task);
            seen->instance_id =
                asg_arena_text(&task->arena, changes->changes[i].instance_id);
            seen->state = asg_ec2_state_of(changes->changes[i].current_state);
            seen->zone = task->job->terminate->zone;
            seen->group = task->job->group;
        }
    } else if (is_about_an_id(outcome) && !state->is_described) {
        describe_all(task);
        return;
    } else if (is_about_an_id(outcome) && batch.count == 1) {
        settle_one(task, state->ids[batch.from], outcome);
    } else if (is_about_an_id(outcome) ||
               (outcome->class == ASG_ERROR_CLASS_SPLIT && batch.count > 1)) {
        push_halves(state, batch.from, batch.count);
    } else {
        asg_task_end_with(task, outcome);
        return;
    }
    send_next(task);
}

static void send_next(struct asg_task *task)
{
    struct terminate_state *state = task->state;
    if (state->batch_count == 0) {
        finish(task);
        return;
    }
    struct batch batch = state->batches[state->batch_count - 1];
    asg_ec2_write_terminate_instances(
        &(struct asg_ec2_terminate_instances){.instance_ids = state->ids + batch.from,
                                              .instance_id_count = batch.count,
                                              .is_dry_run = task->job->is_dry_run},
        &task->worker->body);
    asg_task_call(task, &asg_ec2_terminate_instances_action, /* is_launch */ false,
                  on_terminated);
}

void asg_run_terminate(struct asg_task *task)
{
    const struct asg_texts *ids = &task->job->terminate->instance_ids;
    struct terminate_state *state = asg_arena_take(&task->arena, sizeof *state);
    state->ids = asg_arena_take(&task->arena, ids->count * sizeof *state->ids);
    memcpy(state->ids, ids->items, ids->count * sizeof *state->ids);
    state->id_count = ids->count;
    state->last_code = "";
    state->last_message = "";
    task->state = state;
    push_batch(state, 0, ids->count);
    send_next(task);
}
