#include "ec2local/ec2_query.h"

#include <stdio.h>
#include <string.h>

#include "ec2local/xml_out.h"

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

void asg_call_write_error(struct asg_bytes *out, const char *code, const char *message,
                          const char *request_id)
{
    asg_bytes_append_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                               "<Response><Errors><Error>");
    asg_xml_out_text(out, "Code", code);
    asg_xml_out_text(out, "Message", message);
    asg_bytes_append_text(out, "</Error></Errors>");
    asg_xml_out_text(out, "RequestID", request_id);
    asg_bytes_append_text(out, "</Response>");
}

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

enum asg_status asg_call_refuse(struct asg_call *call, const char *code,
                                const char *message)
{
    call->refusal.code = code;
    call->refusal.http_status = 400;
    (void)snprintf(call->refusal.message, sizeof call->refusal.message, "%s", message);
    return ASG_ERR_DENIED;
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
        status = handler(call);
    }
    if (status == ASG_OK) return 200;
    asg_bytes_reset(call->out);
    asg_call_write_error(call->out, call->refusal.code, call->refusal.message,
                         call->request_id);
    return call->refusal.http_status;
}

void asg_call_begin_reply(struct asg_call *call)
{
    asg_bytes_append_text(call->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<");
    asg_bytes_append_text(call->out, call->action);
    asg_bytes_append_text(call->out, "Response xmlns=\"" ASG_EC2_XMLNS "\">");
    asg_xml_out_text(call->out, "requestId", call->request_id);
}

void asg_call_end_reply(struct asg_call *call)
{
    asg_bytes_append_text(call->out, "</");
    asg_bytes_append_text(call->out, call->action);
    asg_bytes_append_text(call->out, "Response>");
}

void asg_call_write_tags(struct asg_bytes *out, const struct asg_world_tags *tags)
{
    asg_xml_out_begin(out, "tagSet");
    for (size_t i = 0; i < tags->count; i++) {
        asg_xml_out_begin(out, "item");
        asg_xml_out_text(out, "key", tags->items[i].key);
        asg_xml_out_text(out, "value", tags->items[i].value);
        asg_xml_out_end(out, "item");
    }
    asg_xml_out_end(out, "tagSet");
}

void asg_call_write_state(struct asg_bytes *out, const char *name,
                          enum asg_world_state state)
{
    asg_xml_out_begin(out, name);
    asg_xml_out_number(out, "code", state);
    asg_xml_out_text(out, "name", asg_world_state_name(state));
    asg_xml_out_end(out, name);
}
