#include "api/do/named.h"

#include <assert.h>

struct asg_texts asg_api_texts(struct asg_api_call *call, const char *member)
{
    size_t count = 0;
    const struct asg_query_value *items = asg_value_items(&call->input, member, &count);
    const char **texts = asg_arena_take(&call->arena, count * sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        assert(items[i].text != NULL); /* the shape says that they are texts */
        texts[i] = items[i].text;
    }
    return (struct asg_texts){.items = texts, .count = count};
}

const struct asg_root *asg_api_hold_with_group(struct asg_api_call *call,
                                               const char *group)
{
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    if (group == NULL || asg_root_find(root, group) != NULL) return root;
    asg_view_drop(&root);
    asg_api_invalid(
        call, "AutoScalingGroup name not found - AutoScalingGroup '%s' not found", group);
    return NULL;
}

bool asg_api_has_group(struct asg_api_call *call, const char *group)
{
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    bool is_there = asg_root_find(root, group) != NULL;
    asg_view_drop(&root);
    return is_there;
}

bool asg_api_require_group(struct asg_api_call *call, const char *group)
{
    const struct asg_root *root = asg_api_hold_with_group(call, group);
    if (root == NULL) return false;
    asg_view_drop(&root);
    return true;
}

const char *asg_api_require_group_of(struct asg_api_call *call, const char *instance_id)
{
    const char *group = asg_api_group_of(call, instance_id);
    if (group == NULL) {
        asg_api_invalid(
            call, "Instance Id not found - No managed instance found for instance ID %s",
            instance_id);
    }
    return group;
}
