/* ec2_query - which handler answers an action, and what an unknown one is told. */
#include "ec2local/ec2_query.h"

#include <assert.h>
#include <string.h>

#include "ec2local/ec2_shapes.h"

static const struct action {
    const char *action;
    const char *service;
    asg_call_handler *handler;
    const struct asg_query_shape *shape;
} actions[] = {
    {"RunInstances", "ec2", asg_call_do_run_instances, &asg_ec2_shape_run_instances},
    {"CreateFleet", "ec2", asg_call_do_create_fleet, &asg_ec2_shape_create_fleet},
    {"DescribeInstances", "ec2", asg_call_do_describe_instances,
     &asg_ec2_shape_describe_instances},
    {"DescribeInstanceStatus", "ec2", asg_call_do_describe_instance_status,
     &asg_ec2_shape_describe_instance_status},
    {"TerminateInstances", "ec2", asg_call_do_terminate_instances,
     &asg_ec2_shape_name_instances},
    {"StopInstances", "ec2", asg_call_do_stop_instances, &asg_ec2_shape_name_instances},
    {"StartInstances", "ec2", asg_call_do_start_instances, &asg_ec2_shape_name_instances},
    {"ModifyInstanceAttribute", "ec2", asg_call_do_modify_instance_attribute,
     &asg_ec2_shape_modify_instance_attribute},
    {"DescribeInstanceAttribute", "ec2", asg_call_do_describe_instance_attribute,
     &asg_ec2_shape_describe_instance_attribute},
    {"CreateTags", "ec2", asg_call_do_create_tags, &asg_ec2_shape_change_tags},
    {"DeleteTags", "ec2", asg_call_do_delete_tags, &asg_ec2_shape_change_tags},
    {"DescribeTags", "ec2", asg_call_do_describe_tags, &asg_ec2_shape_describe_tags},
    {"CreateLaunchTemplate", "ec2", asg_call_do_create_launch_template,
     &asg_ec2_shape_create_launch_template},
    {"CreateLaunchTemplateVersion", "ec2", asg_call_do_create_launch_template_version,
     &asg_ec2_shape_create_launch_template_version},
    {"DescribeLaunchTemplates", "ec2", asg_call_do_describe_launch_templates,
     &asg_ec2_shape_describe_launch_templates},
    {"DescribeLaunchTemplateVersions", "ec2",
     asg_call_do_describe_launch_template_versions,
     &asg_ec2_shape_describe_launch_template_versions},
    {"ModifyLaunchTemplate", "ec2", asg_call_do_modify_launch_template,
     &asg_ec2_shape_modify_launch_template},
    {"DeleteLaunchTemplate", "ec2", asg_call_do_delete_launch_template,
     &asg_ec2_shape_delete_launch_template},
    {"DescribeSubnets", "ec2", asg_call_do_describe_subnets,
     &asg_ec2_shape_describe_subnets},
    {"DescribeVpcs", "ec2", asg_call_do_describe_vpcs, &asg_ec2_shape_describe_vpcs},
    {"DescribeAvailabilityZones", "ec2", asg_call_do_describe_availability_zones,
     &asg_ec2_shape_describe_availability_zones},
    {"DescribeImages", "ec2", asg_call_do_describe_images,
     &asg_ec2_shape_describe_images},
    {"DescribeInstanceTypes", "ec2", asg_call_do_describe_instance_types,
     &asg_ec2_shape_describe_instance_types},
    {"DescribeRegions", "ec2", asg_call_do_describe_regions,
     &asg_ec2_shape_describe_regions},
    {"RebootInstances", "ec2", asg_call_do_reboot_instances,
     &asg_ec2_shape_name_instances},
    {"CreateVpc", "ec2", asg_call_do_create_vpc, &asg_ec2_shape_create_vpc},
    {"DeleteVpc", "ec2", asg_call_do_delete_vpc, &asg_ec2_shape_name_vpc},
    {"ModifyVpcAttribute", "ec2", asg_call_do_modify_vpc_attribute,
     &asg_ec2_shape_modify_vpc_attribute},
    {"DescribeVpcAttribute", "ec2", asg_call_do_describe_vpc_attribute,
     &asg_ec2_shape_describe_vpc_attribute},
    {"CreateSubnet", "ec2", asg_call_do_create_subnet, &asg_ec2_shape_create_subnet},
    {"DeleteSubnet", "ec2", asg_call_do_delete_subnet, &asg_ec2_shape_name_subnet},
    {"ModifySubnetAttribute", "ec2", asg_call_do_modify_subnet_attribute,
     &asg_ec2_shape_modify_subnet_attribute},
    {"CreateSecurityGroup", "ec2", asg_call_do_create_security_group,
     &asg_ec2_shape_create_security_group},
    {"DeleteSecurityGroup", "ec2", asg_call_do_delete_security_group,
     &asg_ec2_shape_name_group},
    {"DescribeSecurityGroups", "ec2", asg_call_do_describe_security_groups,
     &asg_ec2_shape_describe_security_groups},
    {"DescribeSecurityGroupRules", "ec2", asg_call_do_describe_security_group_rules,
     &asg_ec2_shape_describe_security_group_rules},
    {"AuthorizeSecurityGroupIngress", "ec2", asg_call_do_authorize_ingress,
     &asg_ec2_shape_change_rules},
    {"AuthorizeSecurityGroupEgress", "ec2", asg_call_do_authorize_egress,
     &asg_ec2_shape_change_rules},
    {"RevokeSecurityGroupIngress", "ec2", asg_call_do_revoke_ingress,
     &asg_ec2_shape_change_rules},
    {"RevokeSecurityGroupEgress", "ec2", asg_call_do_revoke_egress,
     &asg_ec2_shape_change_rules},
    {"CreateKeyPair", "ec2", asg_call_do_create_key_pair, &asg_ec2_shape_create_key_pair},
    {"ImportKeyPair", "ec2", asg_call_do_import_key_pair, &asg_ec2_shape_import_key_pair},
    {"DeleteKeyPair", "ec2", asg_call_do_delete_key_pair, &asg_ec2_shape_delete_key_pair},
    {"DescribeKeyPairs", "ec2", asg_call_do_describe_key_pairs,
     &asg_ec2_shape_describe_key_pairs},
    {"DescribeAddresses", "ec2", asg_call_do_describe_addresses,
     &asg_ec2_shape_describe_addresses},
    {"GetCallerIdentity", "sts", asg_call_do_get_caller_identity,
     &asg_ec2_shape_get_caller_identity},
};

static const struct action *find_action(const char *name, const char *service)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].action, name) == 0 &&
            strcmp(actions[i].service, service) == 0) {
            return &actions[i];
        }
    }
    return NULL;
}

static enum asg_status read_input(struct asg_call *call,
                                  const struct asg_query_shape *shape)
{
    static const struct asg_query_style style = {.is_flat = true,
                                                 .refuses_unknown = true};
    struct asg_query_fault fault;
    if (asg_query_read(call->params, shape, &style, asg_ec2_unused_of(call->action),
                       call->arena, &call->input, &fault) == ASG_OK) {
        return ASG_OK;
    }
    call->refusal.code = asg_query_fault_code(&fault, ASG_QUERY_WORDS_EC2);
    call->refusal.http_status = 400;
    asg_query_fault_message(&fault, ASG_QUERY_WORDS_EC2, call->refusal.message,
                            sizeof call->refusal.message);
    return ASG_ERR_DENIED;
}

/* What changes nothing would have succeeded when it did; the others look at the flag
 * themselves, behind their last check. */
static enum asg_status answer(struct asg_call *call, const struct action *action)
{
    enum asg_status status = read_input(call, action->shape);
    if (status != ASG_OK) return status;
    call->is_dry_run = asg_value_flag(&call->input, "DryRun", false);
    status = action->handler(call);
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
    const struct action *action = find_action(call->action, service);
    enum asg_status status = ASG_ERR_DENIED;
    if (call->action[0] == '\0') {
        status = asg_call_refuse(call, "MissingAction",
                                 "The request must contain the parameter Action");
    } else if (action == NULL) {
        status = asg_call_refuse(
            call, "InvalidAction",
            "The action is not valid for this web service. openasg-ec2local knows a "
            "part of EC2: docs/ec2local.md lists it.");
    } else {
        status = answer(call, action);
    }
    if (status == ASG_OK) return 200;
    asg_bytes_reset(call->out->out); /* what the handler had begun */
    asg_xml_out_init(call->out, call->out->out);
    asg_call_write_error(call->out, service, &call->refusal, call->request_id);
    return call->refusal.http_status;
}
