#include "aws/ec2_read.h"

#include "aws/query.h"
#include "base/clock.h"

#define ITEM "reservationSet/item/instancesSet/item"

/* What leads to the instances, and of them what is read. */
static bool wants(const char *path, size_t length)
{
    const size_t above = sizeof ITEM - 1;
    if (length <= above) {
        return memcmp(path, ITEM, length) == 0 || asg_ec2_is(path, "nextToken");
    }
    return memcmp(path, ITEM "/", above + 1) == 0 &&
           asg_ec2_wants_of_instance(path + above + 1, length - above - 1);
}

static void begin(struct asg_arena *arena, void *reply, const char *path)
{
    const char *below = asg_ec2_below(path, ITEM);
    if (below == NULL) return;
    if (below[0] == '\0') {
        (void)asg_ec2_add_instance(arena, reply);
    } else if (below[0] == '/') {
        asg_ec2_begin_instance(arena, reply, below + 1);
    }
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
    .is_repeated = true,
    .wants = wants,
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

static void begin_event(struct asg_ec2_instance_status *status)
{
    status->read_code = "";
    status->read_words = "";
    status->read_ms = 0;
}

/* "[Completed] ..." and "[Canceled] ..." stay listed for a while (EC2 user guide,
 * "Scheduled events for your instances"). */
static void end_event(struct asg_ec2_instance_status *status)
{
    bool is_over = strncmp(status->read_words, "[Completed]", 11) == 0 ||
                   strncmp(status->read_words, "[Canceled]", 10) == 0;
    bool is_earlier = status->event_code[0] == '\0' || status->read_ms < status->event_ms;
    if (is_over || status->read_code[0] == '\0' || !is_earlier) return;
    status->event_code = status->read_code;
    status->event_ms = status->read_ms;
}

static void read_event(struct asg_arena *arena, struct asg_ec2_instance_status *status,
                       const char *path, const char *text)
{
    if (asg_ec2_is(path, "code")) {
        status->read_code = asg_arena_text(arena, text);
    } else if (asg_ec2_is(path, "description")) {
        status->read_words = asg_arena_text(arena, text);
    } else if (asg_ec2_is(path, "notBefore")) {
        int64_t at_ms = asg_time_parse(text);
        status->read_ms = at_ms < 0 ? 0 : at_ms;
    }
}

static void begin_status(struct asg_arena *arena, void *reply, const char *path)
{
    struct asg_ec2_instance_statuses *statuses = reply;
    if (asg_ec2_is(path, "instanceStatusSet/item/eventsSet/item")) {
        if (statuses->count > 0) begin_event(&statuses->statuses[statuses->count - 1]);
        return;
    }
    if (!asg_ec2_is(path, "instanceStatusSet/item")) return;
    void *items = statuses->statuses;
    struct asg_ec2_instance_status *status = asg_ec2_add_item(
        arena, &items, &statuses->count, &statuses->capacity, sizeof *status);
    statuses->statuses = items;
    if (status == NULL) return;
    status->instance_id = "";
    status->event_code = "";
    begin_event(status);
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
    const char *event = asg_ec2_below(below, "eventsSet/item/");
    if (event != NULL) {
        read_event(arena, status, event, text);
    } else if (asg_ec2_is(below, "eventsSet/item")) {
        end_event(status);
    } else if (asg_ec2_is(below, "instanceId")) {
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
