/* model_data - launch data and tags: copy, merge, check. */
#include "ec2local/model_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TAG_KEY_MAX   128
#define TAG_VALUE_MAX 256

char *asg_world_copy(const char *text)
{
    if (text == NULL) return NULL;
    size_t size = strlen(text) + 1;
    char *copy = asg_alloc(size, 1);
    memcpy(copy, text, size);
    return copy;
}

/* --- tags --- */

static struct asg_world_tag *find_tag(const struct asg_world_tags *tags, const char *key)
{
    for (size_t i = 0; i < tags->count; i++) {
        /* Most differ at once. */
        const char *other = tags->items[i].key;
        if (other[0] == key[0] && strcmp(other, key) == 0) return &tags->items[i];
    }
    return NULL;
}

const char *asg_world_tags_find(const struct asg_world_tags *tags, const char *key)
{
    const struct asg_world_tag *tag = find_tag(tags, key);
    return tag != NULL ? tag->value : NULL;
}

void asg_world_tags_set(struct asg_world_tags *tags, const char *key, const char *value)
{
    assert(key != NULL);
    char *copy = asg_world_copy(value != NULL ? value : "");
    struct asg_world_tag *tag = find_tag(tags, key);
    if (tag != NULL) {
        free(tag->value);
        tag->value = copy;
        return;
    }
    tags->items = asg_realloc(tags->items, tags->count + 1, sizeof *tags->items);
    tags->items[tags->count++] =
        (struct asg_world_tag){.key = asg_world_copy(key), .value = copy};
}

void asg_world_tags_add(struct asg_world_tags *tags, const struct asg_world_tags *more)
{
    for (size_t i = 0; i < more->count; i++) {
        asg_world_tags_set(tags, more->items[i].key, more->items[i].value);
    }
}

void asg_world_tags_remove(struct asg_world_tags *tags, const char *key,
                           const char *value)
{
    struct asg_world_tag *tag = find_tag(tags, key);
    if (tag == NULL || (value != NULL && strcmp(tag->value, value) != 0)) return;
    free(tag->key);
    free(tag->value);
    size_t after = tags->count - (size_t)(tag - tags->items) - 1;
    memmove(tag, tag + 1, after * sizeof *tag);
    tags->count--;
}

void asg_world_tags_clear(struct asg_world_tags *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        free(tags->items[i].key);
        free(tags->items[i].value);
    }
    free(tags->items);
    *tags = (struct asg_world_tags){0};
}

/* Characters, not bytes: continuation bytes of UTF-8 do not count. */
static size_t character_count(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text & 0xc0) != 0x80) count++;
    }
    return count;
}

enum asg_status asg_world_tags_check(const struct asg_world_tags *tags,
                                     struct asg_world_refusal *refusal)
{
    for (size_t i = 0; i < tags->count; i++) {
        const char *key = tags->items[i].key;
        const char *value = tags->items[i].value;
        if (key[0] == '\0') {
            return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                    "Tag keys may not be empty.");
        }
        if (strncasecmp(key, "aws:", 4) == 0) {
            return asg_world_refuse(
                refusal, 400, "InvalidParameterValue",
                "Value ( %.100s ) for parameter key is invalid. Tag keys starting with "
                "'aws:' are reserved for internal use.",
                key);
        }
        if (character_count(key) >= TAG_KEY_MAX) {
            return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                    "Tag key exceeds the maximum length of %d characters",
                                    TAG_KEY_MAX - 1);
        }
        if (value != NULL && character_count(value) > TAG_VALUE_MAX) {
            return asg_world_refuse(
                refusal, 400, "InvalidParameterValue",
                "Tag value exceeds the maximum length of %d characters", TAG_VALUE_MAX);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(tags->items[j].key, key) != 0) continue;
            return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                    "Duplicate tag key '%.100s' specified.", key);
        }
    }
    if (tags->count > ASG_WORLD_TAGS_MAX) {
        return asg_world_refuse(refusal, 400, "TagLimitExceeded",
                                "More than %d tags specified for resource",
                                ASG_WORLD_TAGS_MAX);
    }
    return ASG_OK;
}

/* --- launch data --- */

static void copy_parameters(const struct asg_world_tags *from, struct asg_world_tags *to)
{
    if (from->count == 0) return;
    to->items = asg_realloc(to->items, to->count + from->count, sizeof *to->items);
    for (size_t i = 0; i < from->count; i++) {
        to->items[to->count++] =
            (struct asg_world_tag){.key = asg_world_copy(from->items[i].key),
                                   .value = asg_world_copy(from->items[i].value)};
    }
}

/* Length of what a parameter stands or falls with: a list as a whole
 * ("BlockDeviceMapping." of "BlockDeviceMapping.1.Ebs.."), else its whole name. */
static size_t unit_length(const char *name)
{
    size_t first = strcspn(name, ".");
    bool is_list = name[first] == '.' && name[first + 1] >= '0' && name[first + 1] <= '9';
    return is_list ? first + 1 : strlen(name) + 1; /* the zero byte counts */
}

static bool is_replaced(const char *name, const struct asg_world_tags *over)
{
    for (size_t i = 0; i < over->count; i++) {
        const char *other = over->items[i].key;
        if (strncmp(name, other, unit_length(other)) == 0) return true;
    }
    return false;
}

/* What `over` says wins: lists as a whole, all else name by name. */
static void merge_parameters(const struct asg_world_tags *over,
                             struct asg_world_tags *ret)
{
    size_t kept = 0;
    for (size_t i = 0; i < ret->count; i++) {
        if (is_replaced(ret->items[i].key, over)) {
            free(ret->items[i].key);
            free(ret->items[i].value);
        } else {
            ret->items[kept++] = ret->items[i];
        }
    }
    ret->count = kept;
    copy_parameters(over, ret);
}

void asg_world_data_copy(const struct asg_world_data *from, struct asg_world_data *to)
{
    *to = (struct asg_world_data){
        .image_id = asg_world_copy(from->image_id),
        .instance_type = asg_world_copy(from->instance_type),
        .subnet_id = asg_world_copy(from->subnet_id),
        .zone = asg_world_copy(from->zone),
        .user_data = asg_world_copy(from->user_data),
        .key_name = asg_world_copy(from->key_name),
        .is_spot = from->is_spot,
        .is_protected = from->is_protected,
    };
    for (size_t i = 0; i < from->tags.count; i++) {
        asg_world_tags_set(&to->tags, from->tags.items[i].key, from->tags.items[i].value);
    }
    copy_parameters(&from->parameters, &to->parameters);
}

void asg_world_data_clear(struct asg_world_data *data)
{
    free(data->image_id);
    free(data->instance_type);
    free(data->subnet_id);
    free(data->zone);
    free(data->user_data);
    free(data->key_name);
    asg_world_tags_clear(&data->tags);
    asg_world_tags_clear(&data->parameters);
    *data = (struct asg_world_data){0};
}

static void replace(char **field, const char *text)
{
    if (text == NULL) return;
    free(*field);
    *field = asg_world_copy(text);
}

void asg_world_data_merge(const struct asg_world_data *under,
                          const struct asg_world_data *over, struct asg_world_data *ret)
{
    asg_world_data_copy(under, ret);
    replace(&ret->image_id, over->image_id);
    replace(&ret->instance_type, over->instance_type);
    replace(&ret->user_data, over->user_data);
    replace(&ret->key_name, over->key_name);
    if (over->subnet_id != NULL || over->zone != NULL) {
        /* A place in the request stands for itself: half of one is no place. */
        free(ret->subnet_id);
        free(ret->zone);
        ret->subnet_id = asg_world_copy(over->subnet_id);
        ret->zone = asg_world_copy(over->zone);
    }
    merge_parameters(&over->parameters, &ret->parameters);
    ret->is_spot = ret->is_spot || over->is_spot;
    ret->is_protected = ret->is_protected || over->is_protected;
    for (size_t i = 0; i < over->tags.count; i++) {
        asg_world_tags_set(&ret->tags, over->tags.items[i].key,
                           over->tags.items[i].value);
    }
}

void asg_world_release_launch(struct asg_world_launch **launch)
{
    if (*launch != NULL && --(*launch)->references == 0) {
        asg_world_data_clear(&(*launch)->data);
        free(*launch);
    }
    *launch = NULL;
}
