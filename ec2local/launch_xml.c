#include "ec2local/launch_xml.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "query/xml_out.h"
#include "model/launch_fields.h"

#define DEPTH_MAX 12

/* An element's path, cut into its steps; numbers stand for <item>. */
struct leaf {
    const char *steps[DEPTH_MAX];
    size_t count;
    const char *value;
};

static bool is_item(const char *step)
{
    return step[0] >= '0' && step[0] <= '9';
}

static int compare_steps(const char *a, const char *b)
{
    if (is_item(a) && is_item(b)) {
        long left = strtol(a, NULL, 10);
        long right = strtol(b, NULL, 10);
        return (left > right) - (left < right);
    }
    return strcmp(a, b);
}

static int compare_leaves(const void *a, const void *b)
{
    const struct leaf *left = a;
    const struct leaf *right = b;
    for (size_t i = 0; i < left->count && i < right->count; i++) {
        int order = compare_steps(left->steps[i], right->steps[i]);
        if (order != 0) return order;
    }
    return (left->count > right->count) - (left->count < right->count);
}

/* A parameter and its element begin alike but for the case (test_launch_fields). */
static bool may_be_below(const struct asg_world_tag *parameter, const char *part)
{
    return part[0] == '\0' || (parameter->key[0] | 0x20) == part[0];
}

static bool read_leaf(const struct asg_world_tag *parameter, const char *part,
                      struct asg_arena *arena, struct leaf *ret)
{
    unsigned numbers[ASG_LAUNCH_LISTS_MAX] = {0};
    if (!may_be_below(parameter, part)) return false;
    const struct asg_launch_field *field =
        asg_launch_field_of_query(parameter->key, numbers);
    if (field == NULL || strncmp(field->xml, part, strlen(part)) != 0) return false;
    char *path = asg_arena_take(arena, ASG_LAUNCH_NAME_MAX);
    if (!asg_launch_fill(field->xml, numbers, path, ASG_LAUNCH_NAME_MAX)) return false;
    *ret = (struct leaf){.value = parameter->value};
    char *rest = NULL;
    for (char *step = strtok_r(path, "/", &rest); step != NULL && ret->count < DEPTH_MAX;
         step = strtok_r(NULL, "/", &rest)) {
        ret->steps[ret->count++] = step;
    }
    assert(ret->count > 0); /* no name in the table is empty */
    return true;
}

static const char *element_of(const char *step)
{
    return is_item(step) ? "item" : step;
}

/* How many steps stay open from one leaf to the next; its own element never does. */
static size_t count_shared(const struct leaf *before, const struct leaf *leaf)
{
    size_t shared = 0;
    while (shared + 1 < before->count && shared + 1 < leaf->count &&
           strcmp(before->steps[shared], leaf->steps[shared]) == 0) {
        shared++;
    }
    return shared;
}

static void close_to(struct asg_xml_out *out, const struct leaf *leaf, size_t depth)
{
    for (size_t i = leaf->count - 1; i-- > depth;) {
        asg_xml_out_end(out, element_of(leaf->steps[i]));
    }
}

void asg_launch_xml_write(const struct asg_world_tags *parameters, const char *part,
                          struct asg_arena *arena, struct asg_xml_out *out)
{
    size_t most = 0;
    for (size_t i = 0; i < parameters->count; i++) {
        most += may_be_below(&parameters->items[i], part) ? 1 : 0;
    }
    if (most == 0) return;
    struct leaf *leaves = asg_arena_take(arena, (most + 1) * sizeof *leaves);
    size_t count = 0;
    for (size_t i = 0; i < parameters->count; i++) {
        if (read_leaf(&parameters->items[i], part, arena, &leaves[count])) count++;
    }
    if (count > 1) qsort(leaves, count, sizeof *leaves, compare_leaves);
    for (size_t i = 0; i < count; i++) {
        const struct leaf *leaf = &leaves[i];
        size_t shared = i > 0 ? count_shared(&leaves[i - 1], leaf) : 0;
        if (i > 0) close_to(out, &leaves[i - 1], shared);
        for (size_t s = shared; s + 1 < leaf->count; s++) {
            asg_xml_out_begin(out, element_of(leaf->steps[s]));
        }
        asg_xml_out_text(out, element_of(leaf->steps[leaf->count - 1]), leaf->value);
    }
    if (count > 0) close_to(out, &leaves[count - 1], 0);
}

const char *asg_launch_xml_find(const struct asg_world_tags *parameters, const char *name,
                                const char *otherwise)
{
    const char *value = asg_world_tags_find(parameters, name);
    return value != NULL ? value : otherwise;
}
