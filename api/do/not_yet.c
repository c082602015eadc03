/* not_yet - what cannot exist yet is described truly: there is none.
 *
 * Nomad's autoscaler and Terraform ask for refreshes and hooks of each group. The actions
 * that would make such things answer InvalidAction (actions.c).
 */
#include "api/do/do.h"
#include "api/do/named.h"
#include "query/write.h"

/* No page has another behind it: whoever has a token did not get it here. */
static bool check_token(struct asg_api_call *call)
{
    if (asg_value_find(&call->input, "NextToken") == NULL) return true;
    asg_api_refuse(call, 400, "InvalidNextToken", "The NextToken value is not valid.");
    return false;
}

static void describe_none(struct asg_api_call *call, const char *list)
{
    const char *group = asg_value_text(&call->input, "AutoScalingGroupName", NULL);
    if (!asg_api_require_group(call, group) || !check_token(call)) return;
    struct asg_writer writer;
    asg_write_init(&writer, asg_api_begin(call), call->action->output);
    asg_write_no_items(&writer, list);
    asg_write_finish(&writer);
    asg_api_end(call);
}

void asg_do_describe_lifecycle_hooks(struct asg_api_call *call)
{
    describe_none(call, "LifecycleHooks");
}

void asg_do_describe_warm_pool(struct asg_api_call *call)
{
    describe_none(call, "Instances");
}

void asg_do_describe_instance_refreshes(struct asg_api_call *call)
{
    describe_none(call, "InstanceRefreshes");
}

void asg_do_describe_notification_configurations(struct asg_api_call *call)
{
    describe_none(call, "NotificationConfigurations");
}

void asg_do_describe_account_settings(struct asg_api_call *call)
{
    describe_none(call, "Settings");
}
