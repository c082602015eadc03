#include "aws/ec2_read.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/percent.h"
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

/* What is read of an instance, and what leads there. */
enum part {
    PART_ABOVE,
    PART_TEXT,
    PART_LAUNCHED,
    PART_LIFECYCLE,
    PART_TAG,
    PART_KEY,
    PART_VALUE
};

struct instance_part {
    char path[30];
    uint8_t length;
    enum part part;
    size_t offset; /* of PART_TEXT in the struct */
};

#define PART(path, part)                                                                 \
    {                                                                                    \
        path, sizeof(path) - 1, part, 0                                                  \
    }
#define TEXT(path, field)                                                                \
    {                                                                                    \
        path, sizeof(path) - 1, PART_TEXT, offsetof(struct asg_ec2_instance, field)      \
    }

static const struct instance_part instance_parts[] = {
    TEXT("instanceId", instance_id),
    PART("instanceState", PART_ABOVE),
    TEXT("instanceState/name", state),
    TEXT("instanceType", instance_type),
    TEXT("subnetId", subnet_id),
    PART("placement", PART_ABOVE),
    TEXT("placement/availabilityZone", zone),
    TEXT("privateIpAddress", private_ip),
    TEXT("clientToken", client_token),
    PART("stateReason", PART_ABOVE),
    TEXT("stateReason/code", state_reason),
    PART("launchTime", PART_LAUNCHED),
    PART("instanceLifecycle", PART_LIFECYCLE),
    PART("tagSet", PART_ABOVE),
    PART("tagSet/item", PART_TAG),
    PART("tagSet/item/key", PART_KEY),
    PART("tagSet/item/value", PART_VALUE),
};

static const struct instance_part *find_part(const char *path, size_t length)
{
    for (size_t i = 0; i < sizeof instance_parts / sizeof instance_parts[0]; i++) {
        const struct instance_part *part = &instance_parts[i];
        if (part->length == length && memcmp(part->path, path, length) == 0) return part;
    }
    return NULL;
}

bool asg_ec2_wants_of_instance(const char *path, size_t length)
{
    return find_part(path, length) != NULL;
}

void asg_ec2_begin_instance(struct asg_arena *arena, struct asg_ec2_instances *reply,
                            const char *path)
{
    struct asg_ec2_instance *instance = last_instance(reply);
    if (instance == NULL || !asg_ec2_is(path, "tagSet/item")) return;
    instance->tags = asg_ec2_add_tag(arena, instance->tags, &instance->tag_count,
                                     &instance->tag_capacity);
}

static void end_part(struct asg_arena *arena, struct asg_ec2_instance *instance,
                     const struct instance_part *part, const char *text)
{
    struct asg_ec2_tag *tag =
        instance->tag_count > 0 ? &instance->tags[instance->tag_count - 1] : NULL;
    switch (part->part) {
    case PART_TEXT:
        text = asg_arena_text(arena, text);
        memcpy((char *)instance + part->offset, &text, sizeof text);
        break;
    case PART_LAUNCHED: {
        int64_t launched_ms = asg_time_parse(text);
        instance->launched_ms = launched_ms < 0 ? 0 : launched_ms;
        break;
    }
    case PART_LIFECYCLE: instance->is_spot = asg_ec2_is(text, "spot"); break;
    case PART_KEY:
        if (tag != NULL) tag->key = asg_arena_text(arena, text);
        break;
    case PART_VALUE:
        if (tag != NULL) tag->value = asg_arena_text(arena, text);
        break;
    case PART_ABOVE:
    case PART_TAG: break;
    }
}

void asg_ec2_end_instance(struct asg_arena *arena, struct asg_ec2_instances *reply,
                          const char *path, const char *text)
{
    struct asg_ec2_instance *instance = last_instance(reply);
    const struct instance_part *part = find_part(path, strlen(path));
    if (instance != NULL && part != NULL) end_part(arena, instance, part, text);
}

const char *asg_ec2_instance_tag(const struct asg_ec2_instance *instance, const char *key)
{
    return asg_ec2_find_tag(instance->tags, instance->tag_count, key);
}
