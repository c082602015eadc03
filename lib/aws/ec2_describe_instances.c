#include "aws/ec2_read.h"

#include "aws/query.h"

#define ITEM "reservationSet/item/instancesSet/item"

static void begin(struct asg_arena *arena, void *reply, const char *path)
{
    if (asg_ec2_is(path, ITEM)) {
        (void)asg_ec2_add_instance(arena, reply);
        return;
    }
    const char *below = asg_ec2_below(path, ITEM "/");
    if (below != NULL) asg_ec2_begin_instance(arena, reply, below);
}

static void end(struct asg_arena *arena, void *reply, const char *path, const char *text)
{
    struct asg_ec2_instances *instances = reply;
    const char *below = asg_ec2_below(path, ITEM "/");
    if (below != NULL) {
        asg_ec2_end_instance(arena, instances, below, text);
    } else if (asg_ec2_is(path, "nextToken")) {
        instances->next_token = asg_arena_text(arena, text);
    }
}

const struct asg_ec2_action asg_ec2_describe_instances_action = {
    .name = "DescribeInstances",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_instances),
    .begin = begin,
    .end = end,
};

void asg_ec2_write_describe_instances(const struct asg_ec2_describe_instances *params,
                                      struct asg_bytes *body)
{
    asg_query_begin(body, "DescribeInstances");
    asg_query_list(body, "InstanceId", params->instance_ids, params->instance_id_count);
    asg_ec2_write_filters(body, params->filters, params->filter_count);
    if (params->max_results > 0) {
        asg_query_number(body, "MaxResults", params->max_results);
    }
    asg_query_text(body, "NextToken", params->next_token);
}

static void begin_status(struct asg_arena *arena, void *reply, const char *path)
{
    struct asg_ec2_instance_statuses *statuses = reply;
    if (!asg_ec2_is(path, "instanceStatusSet/item")) return;
    void *items = statuses->statuses;
    struct asg_ec2_instance_status *status = asg_ec2_add_item(
        arena, &items, &statuses->count, &statuses->capacity, sizeof *status);
    statuses->statuses = items;
    if (status != NULL) status->instance_id = "";
}

static void end_status(struct asg_arena *arena, void *reply, const char *path,
                       const char *text)
{
    struct asg_ec2_instance_statuses *statuses = reply;
    if (asg_ec2_is(path, "nextToken")) {
        statuses->next_token = asg_arena_text(arena, text);
    }
    const char *below = asg_ec2_below(path, "instanceStatusSet/item/");
    if (below == NULL || statuses->count == 0) return;
    struct asg_ec2_instance_status *status = &statuses->statuses[statuses->count - 1];
    if (asg_ec2_is(below, "instanceId")) {
        status->instance_id = asg_arena_text(arena, text);
    } else if (asg_ec2_is(below, "systemStatus/status") ||
               asg_ec2_is(below, "instanceStatus/status")) {
        status->is_impaired = status->is_impaired || asg_ec2_is(text, "impaired");
    }
}

const struct asg_ec2_action asg_ec2_describe_instance_status_action = {
    .name = "DescribeInstanceStatus",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_instance_statuses),
    .begin = begin_status,
    .end = end_status,
};

void asg_ec2_write_describe_instance_status(
    const struct asg_ec2_describe_instance_status *params, struct asg_bytes *body)
{
    asg_query_begin(body, "DescribeInstanceStatus");
    asg_query_list(body, "InstanceId", params->instance_ids, params->instance_id_count);
    asg_ec2_write_filters(body, params->filters, params->filter_count);
    if (params->max_results > 0) {
        asg_query_number(body, "MaxResults", params->max_results);
    }
    asg_query_text(body, "NextToken", params->next_token);
}
