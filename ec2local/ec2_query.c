/* ec2_query - which handler answers an action, and what an unknown one is told. */
#include "ec2local/ec2_query.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *action;
    const char *service;
    asg_call_handler *handler;
} actions[] = {
    {"RunInstances", "ec2", asg_call_do_run_instances},
    {"CreateFleet", "ec2", asg_call_do_create_fleet},
    {"DescribeInstances", "ec2", asg_call_do_describe_instances},
    {"DescribeInstanceStatus", "ec2", asg_call_do_describe_instance_status},
    {"TerminateInstances", "ec2", asg_call_do_terminate_instances},
    {"StopInstances", "ec2", asg_call_do_stop_instances},
    {"StartInstances", "ec2", asg_call_do_start_instances},
    {"ModifyInstanceAttribute", "ec2", asg_call_do_modify_instance_attribute},
    {"DescribeInstanceAttribute", "ec2", asg_call_do_describe_instance_attribute},
    {"CreateTags", "ec2", asg_call_do_create_tags},
    {"DeleteTags", "ec2", asg_call_do_delete_tags},
    {"DescribeTags", "ec2", asg_call_do_describe_tags},
    {"CreateLaunchTemplate", "ec2", asg_call_do_create_launch_template},
    {"CreateLaunchTemplateVersion", "ec2", asg_call_do_create_launch_template_version},
    {"DescribeLaunchTemplates", "ec2", asg_call_do_describe_launch_templates},
    {"DescribeLaunchTemplateVersions", "ec2",
     asg_call_do_describe_launch_template_versions},
    {"ModifyLaunchTemplate", "ec2", asg_call_do_modify_launch_template},
    {"DeleteLaunchTemplate", "ec2", asg_call_do_delete_launch_template},
    {"DescribeSubnets", "ec2", asg_call_do_describe_subnets},
    {"DescribeVpcs", "ec2", asg_call_do_describe_vpcs},
    {"DescribeAvailabilityZones", "ec2", asg_call_do_describe_availability_zones},
    {"DescribeImages", "ec2", asg_call_do_describe_images},
    {"DescribeInstanceTypes", "ec2", asg_call_do_describe_instance_types},
    {"DescribeRegions", "ec2", asg_call_do_describe_regions},
    {"GetCallerIdentity", "sts", asg_call_do_get_caller_identity},
};

static asg_call_handler *find_handler(const char *action, const char *service)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].action, action) == 0 &&
            strcmp(actions[i].service, service) == 0) {
            return actions[i].handler;
        }
    }
    return NULL;
}

/* What changes nothing would have succeeded when it did; the others look at the flag
 * themselves, behind their last check. */
static enum asg_status answer(struct asg_call *call, asg_call_handler *handler)
{
    enum asg_status status = asg_call_get_flag(call, "DryRun", &call->is_dry_run);
    if (status == ASG_OK) status = handler(call);
    bool is_read =
        strncmp(call->action, "Describe", 8) == 0 || strncmp(call->action, "Get", 3) == 0;
    if (status == ASG_OK && call->is_dry_run && is_read) {
        return asg_call_refuse_dry_run(call);
    }
    assert(status != ASG_OK || !call->is_dry_run);
    return status;
}

int asg_call_answer(struct asg_call *call, const char *service)
{
    call->refusal = (struct asg_world_refusal){.code = "", .http_status = 200};
    asg_call_handler *handler = find_handler(call->action, service);
    enum asg_status status = ASG_ERR_DENIED;
    if (call->action[0] == '\0') {
        status = asg_call_refuse(call, "MissingAction",
                                 "The request must contain the parameter Action");
    } else if (handler == NULL) {
        status = asg_call_refuse(
            call, "InvalidAction",
            "The action is not valid for this web service. openasg-ec2local knows a "
            "part of EC2: docs/ec2local.md lists it.");
    } else {
        status = answer(call, handler);
    }
    if (status == ASG_OK) return 200;
    asg_bytes_reset(call->out);
    asg_call_write_error(call->out, call->refusal.code, call->refusal.message,
                         call->request_id);
    return call->refusal.http_status;
}
