/* ec2_describe_whole - an instance with all that one made like it needs. */
#include "aws/ec2_read.h"

#include <stddef.h>

#include "base/clock.h"

#define ITEM "reservationSet/item/instancesSet/item"

#define TEXT(path, field)                                                                \
    {                                                                                    \
        path, offsetof(struct asg_ec2_whole_instance, field)                             \
    }

static const struct {
    const char *path;
    size_t offset;
} texts[] = {
    TEXT("instanceId", instance_id),
    TEXT("instanceState/name", state),
    TEXT("instanceType", instance_type),
    TEXT("placement/availabilityZone", zone),
    TEXT("placement/tenancy", tenancy),
    TEXT("subnetId", subnet_id),
    TEXT("vpcId", vpc_id),
    TEXT("privateIpAddress", private_ip),
    TEXT("ipAddress", public_ip),
    TEXT("imageId", image_id),
    TEXT("keyName", key_name),
    TEXT("iamInstanceProfile/arn", instance_profile),
    TEXT("kernelId", kernel_id),
    TEXT("ramdiskId", ramdisk_id),
    TEXT("monitoring/state", monitoring),
};

static const char **text_at(struct asg_ec2_whole_instance *instance, size_t i)
{
    return (const char **)(void *)((char *)instance + texts[i].offset);
}

static struct asg_ec2_whole_instance *last_of(struct asg_ec2_whole_instances *reply)
{
    return reply->count > 0 ? &reply->instances[reply->count - 1] : NULL;
}

static void begin_instance(struct asg_arena *arena, struct asg_ec2_whole_instances *reply)
{
    void *items = reply->instances;
    struct asg_ec2_whole_instance *instance = asg_ec2_add_item(
        arena, &items, &reply->count, &reply->capacity, sizeof *instance);
    reply->instances = items;
    if (instance == NULL) return;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        *text_at(instance, i) = "";
    }
}

static void begin(struct asg_arena *arena, void *reply, const char *path)
{
    const char *below = asg_ec2_below(path, ITEM);
    if (below == NULL) return;
    if (below[0] == '\0') begin_instance(arena, reply);
    struct asg_ec2_whole_instance *instance = last_of(reply);
    if (instance == NULL || !asg_ec2_is(below, "/tagSet/item")) return;
    instance->tags = asg_ec2_add_tag(arena, instance->tags, &instance->tag_count,
                                     &instance->tag_capacity);
}

static void add_security_group(struct asg_arena *arena,
                               struct asg_ec2_whole_instance *instance, const char *id)
{
    void *items = (void *)instance->security_group_ids;
    const char **added =
        asg_ec2_add_item(arena, &items, &instance->security_group_id_count,
                         &instance->security_group_id_capacity, sizeof *added);
    instance->security_group_ids = items;
    if (added != NULL) *added = asg_arena_text(arena, id);
}

static void end_tag(struct asg_arena *arena, struct asg_ec2_whole_instance *instance,
                    const char *path, const char *text)
{
    if (instance->tag_count == 0) return;
    struct asg_ec2_tag *tag = &instance->tags[instance->tag_count - 1];
    if (asg_ec2_is(path, "key")) tag->key = asg_arena_text(arena, text);
    if (asg_ec2_is(path, "value")) tag->value = asg_arena_text(arena, text);
}

static void end_part(struct asg_arena *arena, struct asg_ec2_whole_instance *instance,
                     const char *path, const char *text)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!asg_ec2_is(path, texts[i].path)) continue;
        *text_at(instance, i) = asg_arena_text(arena, text);
    }
    const char *tag = asg_ec2_below(path, "tagSet/item/");
    if (tag != NULL) end_tag(arena, instance, tag, text);
    if (asg_ec2_is(path, "groupSet/item/groupId")) {
        add_security_group(arena, instance, text);
    } else if (asg_ec2_is(path, "ebsOptimized")) {
        instance->is_ebs_optimized = asg_ec2_is(text, "true");
    } else if (asg_ec2_is(path, "instanceLifecycle")) {
        instance->is_spot = asg_ec2_is(text, "spot");
    } else if (asg_ec2_is(path, "launchTime")) {
        int64_t launched_ms = asg_time_parse(text);
        instance->launched_ms = launched_ms < 0 ? 0 : launched_ms;
    }
}

static void end(struct asg_arena *arena, void *reply, const char *path, const char *text)
{
    struct asg_ec2_whole_instances *instances = reply;
    const char *below = asg_ec2_below(path, ITEM "/");
    struct asg_ec2_whole_instance *instance = last_of(instances);
    if (below != NULL && instance != NULL) end_part(arena, instance, below, text);
    if (asg_ec2_is(path, "nextToken")) {
        instances->next_token = asg_arena_text(arena, text);
    }
}

const struct asg_ec2_action asg_ec2_describe_whole_instances_action = {
    .name = "DescribeInstances",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_whole_instances),
    .begin = begin,
    .end = end,
};
