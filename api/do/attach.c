/* attach - AttachInstances: EC2 is asked what the instances are and whether their images
 * are still there, and the order says what it said. */
#include <string.h>

#include "api/do/do.h"
#include "api/do/named.h"

/* What the call knows until the order is given. */
struct attach {
    struct asg_texts ids;
    struct asg_seen_instance *seen; /* one for each id */
    const char **images;            /* each once */
    size_t image_count;
};

static const char *tag_of(const struct asg_told_instance *row, const char *key)
{
    for (size_t i = 0; i < row->tag_count; i++) {
        if (strcmp(row->tags[i].key, key) == 0) return row->tags[i].value;
    }
    return "";
}

/* Another cluster of openasg has it, or AWS's own Auto Scaling. True: the call is ended.
 */
static bool is_anothers(struct asg_api_call *call, const struct asg_told_instance *row)
{
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    const char *cluster = tag_of(row, "openasg:cluster");
    bool is_foreign = cluster[0] != '\0' &&
                      strcmp(cluster, asg_root_cluster(root)->status.cluster_id) != 0;
    asg_view_drop(&root);
    const char *aws_group = tag_of(row, "aws:autoscaling:groupName");
    if (is_foreign) {
        asg_api_invalid(call,
                        "The instance %s has the tag openasg:cluster of another cluster "
                        "of openasg: detach it there first.",
                        row->instance_id);
    } else if (aws_group[0] != '\0') {
        asg_api_invalid(call,
                        "The instance %s is already part of AutoScalingGroup %s of AWS: "
                        "detach it there first.",
                        row->instance_id, aws_group);
    }
    return is_foreign || aws_group[0] != '\0';
}

static void add_image(struct attach *attach, struct asg_arena *arena, const char *image)
{
    for (size_t i = 0; i < attach->image_count; i++) {
        if (strcmp(attach->images[i], image) == 0) return;
    }
    attach->images[attach->image_count++] = asg_arena_text(arena, image);
}

/* What is said of an instance that nobody launched here: no job of ours, no attempt. */
static struct asg_seen_instance row_of(struct asg_arena *arena,
                                       const struct asg_told_instance *row)
{
    return (struct asg_seen_instance){
        .instance_id = asg_arena_text(arena, row->instance_id),
        .state = row->state,
        .instance_type = asg_arena_text(arena, row->instance_type),
        .subnet_id = asg_arena_text(arena, row->subnet_id),
        .zone = asg_arena_text(arena, row->zone),
        .private_ip = asg_arena_text(arena, row->private_ip),
        .launched_ms = row->launched_ms,
        .state_reason = "",
        .group = "",
        .client_token = "",
        .event_code = "",
        .is_spot = row->is_spot};
}

static void give_order(struct asg_api_call *call)
{
    const struct attach *attach = call->state;
    const struct asg_command command = {
        .kind = ASG_COMMAND_ATTACH_INSTANCES,
        .group = asg_value_text(&call->input, "AutoScalingGroupName", ""),
        .instance_ids = attach->ids,
        .seen = attach->seen,
        .seen_count = attach->ids.count};
    asg_api_order(call, &command, NULL);
}

static void on_images(struct asg_api_call *call, const struct asg_told *told)
{
    const struct attach *attach = call->state;
    size_t there = 0;
    for (size_t i = 0; i < told->image_count; i++) {
        there += strcmp(told->images[i].state, "available") == 0;
    }
    if (told->outcome == ASG_TOLD_FOUND && there == attach->image_count) {
        give_order(call);
        return;
    }
    asg_api_invalid(call,
                    "The image of an instance that is attached must still be there%s%s",
                    told->message[0] != '\0' ? ": " : "", told->message);
}

static void on_instances(struct asg_api_call *call, const struct asg_told *told)
{
    struct attach *attach = call->state;
    const struct asg_texts *ids = &attach->ids;
    if (told->outcome != ASG_TOLD_FOUND) {
        asg_api_invalid(call, "%s", told->message);
        return;
    }
    for (size_t i = 0; i < ids->count; i++) {
        const struct asg_told_instance *row = NULL;
        for (size_t j = 0; j < told->instance_count && row == NULL; j++) {
            bool is_it = strcmp(told->instances[j].instance_id, ids->items[i]) == 0;
            if (is_it) row = &told->instances[j];
        }
        if (row == NULL) {
            asg_api_invalid(call, "Invalid Instance ID(s): [%s]", ids->items[i]);
            return;
        }
        if (is_anothers(call, row)) return;
        attach->seen[i] = row_of(&call->arena, row);
        add_image(attach, &call->arena, row->image_id);
    }
    const struct asg_question question = {
        .kind = ASG_QUESTION_IMAGES,
        .ids = {.items = attach->images, .count = attach->image_count},
        .template_id = "",
        .template_name = "",
        .template_version = ""};
    asg_api_look_up(call, &question, on_images);
}

void asg_do_attach_instances(struct asg_api_call *call)
{
    struct attach *attach = asg_arena_take(&call->arena, sizeof *attach);
    *attach = (struct attach){.ids = asg_api_texts(call, "InstanceIds")};
    size_t count = attach->ids.count;
    if (count == 0) {
        asg_api_invalid(call, "At least one instance must be named in InstanceIds");
        return;
    }
    attach->seen = asg_arena_take(&call->arena, count * sizeof *attach->seen);
    attach->images = asg_arena_take(&call->arena, count * sizeof *attach->images);
    call->state = attach;
    const struct asg_question question = {.kind = ASG_QUESTION_INSTANCES,
                                          .ids = attach->ids,
                                          .template_id = "",
                                          .template_name = "",
                                          .template_version = ""};
    asg_api_look_up(call, &question, on_instances);
}
