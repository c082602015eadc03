#include "aws/ec2_read.h"

#include "aws/query.h"

static void begin(struct asg_arena *arena, void *reply, const char *path)
{
    struct asg_ec2_state_changes *changes = reply;
    if (!asg_ec2_is(path, "instancesSet/item")) return;
    void *items = changes->changes;
    struct asg_ec2_state_change *change = asg_ec2_add_item(
        arena, &items, &changes->count, &changes->capacity, sizeof *change);
    changes->changes = items;
    if (change == NULL) return;
    *change = (struct asg_ec2_state_change){"", "", ""};
}

static void end(struct asg_arena *arena, void *reply, const char *path, const char *text)
{
    struct asg_ec2_state_changes *changes = reply;
    const char *below = asg_ec2_below(path, "instancesSet/item/");
    if (below == NULL || changes->count == 0) return;
    struct asg_ec2_state_change *change = &changes->changes[changes->count - 1];
    if (asg_ec2_is(below, "instanceId")) {
        change->instance_id = asg_arena_text(arena, text);
    } else if (asg_ec2_is(below, "currentState/name")) {
        change->current_state = asg_arena_text(arena, text);
    } else if (asg_ec2_is(below, "previousState/name")) {
        change->previous_state = asg_arena_text(arena, text);
    }
}

const struct asg_ec2_action asg_ec2_terminate_instances_action = {
    .name = "TerminateInstances",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_state_changes),
    .begin = begin,
    .end = end,
};

void asg_ec2_write_terminate_instances(const struct asg_ec2_terminate_instances *params,
                                       struct asg_bytes *body)
{
    asg_query_begin(body, "TerminateInstances");
    asg_query_list(body, "InstanceId", params->instance_ids, params->instance_id_count);
    asg_query_flag(body, "DryRun", params->is_dry_run);
}
