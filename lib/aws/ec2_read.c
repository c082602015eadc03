#include "aws/ec2_read.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "aws/percent.h"
#include "aws/query.h"
#include "base/clock.h"

uint64_t asg_ec2_read_number(const char *text)
{
    uint64_t number = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') return 0;
        uint64_t digit = (uint64_t)(*text - '0');
        if (number > (UINT64_MAX - digit) / 10) return 0;
        number = number * 10 + digit;
    }
    return number;
}

void *asg_ec2_add_item(struct asg_arena *arena, void **items, size_t *count,
                       size_t *capacity, size_t size)
{
    if (*count >= ASG_EC2_ITEMS_MAX) return NULL;
    return asg_arena_push(arena, items, count, capacity, size);
}

void asg_ec2_write_filters(struct asg_bytes *body, const struct asg_ec2_filter *filters,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        asg_query_item(body, "Filter", i + 1, "Name", filters[i].name);
        for (size_t j = 0; j < filters[i].value_count; j++) {
            char suffix[40];
            (void)snprintf(suffix, sizeof suffix, "Value.%zu", j + 1);
            asg_query_item(body, "Filter", i + 1, suffix, filters[i].values[j]);
        }
    }
}

void asg_ec2_write_tags(struct asg_bytes *body, const char *prefix,
                        const struct asg_ec2_tag *tags, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s%sTag", prefix,
                       prefix[0] != '\0' ? "." : "");
        asg_query_item(body, name, i + 1, "Key", tags[i].key);
        if (tags[i].value[0] != '\0') {
            asg_query_item(body, name, i + 1, "Value", tags[i].value);
        } else {
            asg_bytes_printf(body, "&%s.%zu.Value=", name, i + 1);
        }
    }
}

/* Also when it is empty: an empty text is a value here (NoDevice, a tag's value). */
static void write_value(struct asg_bytes *body, const char *value)
{
    asg_bytes_append_byte(body, '=');
    asg_percent_encode(value, strlen(value), /* keeps_slash */ false, body);
}

void asg_ec2_write_parameters(struct asg_bytes *body, const char *prefix,
                              const struct asg_ec2_parameter *parameters, size_t count,
                              size_t tag_shift)
{
    for (size_t i = 0; i < count; i++) {
        const char *rest = asg_ec2_below(parameters[i].name, "TagSpecification.");
        asg_bytes_printf(body, "&%s", prefix);
        if (rest == NULL) {
            asg_bytes_append_text(body, parameters[i].name);
        } else {
            size_t digits = strspn(rest, "0123456789");
            unsigned long number = strtoul(rest, NULL, 10);
            asg_bytes_printf(body, "TagSpecification.%lu%s", number + tag_shift,
                             rest + digits);
        }
        write_value(body, parameters[i].value);
    }
}

struct asg_ec2_instance *asg_ec2_add_instance(struct asg_arena *arena,
                                              struct asg_ec2_instances *reply)
{
    void *items = reply->instances;
    struct asg_ec2_instance *instance = asg_ec2_add_item(
        arena, &items, &reply->count, &reply->capacity, sizeof *instance);
    reply->instances = items;
    if (instance == NULL) return NULL;
    instance->instance_id = "";
    instance->state = "";
    instance->instance_type = "";
    instance->subnet_id = "";
    instance->zone = "";
    instance->private_ip = "";
    instance->client_token = "";
    instance->state_reason = "";
    return instance;
}

/* The item being read, of a list that has one: the last. */
static struct asg_ec2_instance *last_instance(struct asg_ec2_instances *reply)
{
    return reply->count > 0 ? &reply->instances[reply->count - 1] : NULL;
}

struct asg_ec2_tag *asg_ec2_add_tag(struct asg_arena *arena, struct asg_ec2_tag *tags,
                                    size_t *count, size_t *capacity)
{
    if (*count >= ASG_EC2_TAGS_MAX) return tags;
    void *items = tags;
    struct asg_ec2_tag *tag = asg_arena_push(arena, &items, count, capacity, sizeof *tag);
    *tag = (struct asg_ec2_tag){.key = "", .value = ""};
    return items;
}

const char *asg_ec2_find_tag(const struct asg_ec2_tag *tags, size_t count,
                             const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tags[i].key, key) == 0) return tags[i].value;
    }
    return "";
}

void asg_ec2_begin_instance(struct asg_arena *arena, struct asg_ec2_instances *reply,
                            const char *path)
{
    struct asg_ec2_instance *instance = last_instance(reply);
    if (instance == NULL || !asg_ec2_is(path, "tagSet/item")) return;
    instance->tags = asg_ec2_add_tag(arena, instance->tags, &instance->tag_count,
                                     &instance->tag_capacity);
}

void asg_ec2_end_instance(struct asg_arena *arena, struct asg_ec2_instances *reply,
                          const char *path, const char *text)
{
    struct asg_ec2_instance *instance = last_instance(reply);
    if (instance == NULL) return;
    static const struct {
        const char *path;
        size_t offset;
    } fields[] = {
        {"instanceId", offsetof(struct asg_ec2_instance, instance_id)},
        {"instanceState/name", offsetof(struct asg_ec2_instance, state)},
        {"instanceType", offsetof(struct asg_ec2_instance, instance_type)},
        {"subnetId", offsetof(struct asg_ec2_instance, subnet_id)},
        {"placement/availabilityZone", offsetof(struct asg_ec2_instance, zone)},
        {"privateIpAddress", offsetof(struct asg_ec2_instance, private_ip)},
        {"clientToken", offsetof(struct asg_ec2_instance, client_token)},
        {"stateReason/code", offsetof(struct asg_ec2_instance, state_reason)},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!asg_ec2_is(path, fields[i].path)) continue;
        text = asg_arena_text(arena, text);
        memcpy((char *)instance + fields[i].offset, &text, sizeof text);
        return;
    }
    if (asg_ec2_is(path, "launchTime")) {
        int64_t launched_ms = asg_time_parse(text);
        instance->launched_ms = launched_ms < 0 ? 0 : launched_ms;
    } else if (asg_ec2_is(path, "instanceLifecycle")) {
        instance->is_spot = asg_ec2_is(text, "spot");
    } else if (instance->tag_count > 0) {
        struct asg_ec2_tag *tag = &instance->tags[instance->tag_count - 1];
        if (asg_ec2_is(path, "tagSet/item/key")) tag->key = asg_arena_text(arena, text);
        if (asg_ec2_is(path, "tagSet/item/value")) {
            tag->value = asg_arena_text(arena, text);
        }
    }
}

const char *asg_ec2_instance_tag(const struct asg_ec2_instance *instance, const char *key)
{
    return asg_ec2_find_tag(instance->tags, instance->tag_count, key);
}

const struct asg_ec2_action *const asg_ec2_actions[] = {
    &asg_ec2_run_instances_action,
    &asg_ec2_describe_instances_action,
    &asg_ec2_describe_instance_status_action,
    &asg_ec2_terminate_instances_action,
    &asg_ec2_create_tags_action,
    &asg_ec2_create_launch_template_action,
    &asg_ec2_create_launch_template_version_action,
    &asg_ec2_describe_launch_templates_action,
    &asg_ec2_describe_launch_template_versions_action,
    &asg_ec2_describe_subnets_action,
    &asg_ec2_create_fleet_action, /* the fuzzer's corpus counts from the top */
    &asg_ec2_delete_launch_template_action,
    NULL,
};
