/* instance_marks - SetInstanceProtection and SetInstanceHealth. */
#include <string.h>

#include "api/do/do.h"
#include "view/view.h"

void asg_do_set_instance_protection(struct asg_api_call *call)
{
    size_t count = 0;
    const struct asg_query_value *ids =
        asg_value_items(&call->input, "InstanceIds", &count);
    struct asg_command command = {
        .kind = ASG_COMMAND_PROTECT_INSTANCES,
        .group = asg_value_text(&call->input, "AutoScalingGroupName", ""),
        .instance_ids = {.items =
                             asg_arena_take(&call->arena, (count + 1) * sizeof(char *)),
                         .count = count},
        .is_protected = asg_value_flag(&call->input, "ProtectedFromScaleIn", false),
    };
    for (size_t i = 0; i < count; i++) {
        command.instance_ids.items[i] = ids[i].text;
    }
    asg_api_order(call, &command, NULL);
}

/* The name of the instance's group, in the call's arena; NULL: no group has it. */
static const char *find_group(struct asg_api_call *call, const char *instance_id)
{
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    const struct asg_page *page = NULL;
    const char *name = NULL;
    if (asg_root_find_instance(root, instance_id, &page, NULL) != NULL) {
        name = asg_arena_text(&call->arena, asg_page_name(page));
    }
    asg_view_drop(&root);
    return name;
}

void asg_do_set_instance_health(struct asg_api_call *call)
{
    const char *id = asg_value_text(&call->input, "InstanceId", "");
    const char *status = asg_value_text(&call->input, "HealthStatus", "");
    const char *group = find_group(call, id);
    if (group == NULL) {
        asg_api_invalid(
            call, "Instance Id not found - No managed instance found for instance ID %s",
            id);
        return;
    }
    if (!asg_api_may(call, group)) return; /* the request names no group */
    const char *items[] = {id};
    const struct asg_command command = {
        .kind = ASG_COMMAND_SET_INSTANCE_HEALTH,
        .instance_ids = {.items = items, .count = 1},
        .is_healthy = strcmp(status, "Healthy") == 0, /* the shape lets two words in */
        .respect_grace = asg_value_flag(&call->input, "ShouldRespectGracePeriod", true),
    };
    asg_api_order(call, &command, NULL);
}
