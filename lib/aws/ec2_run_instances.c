#include "aws/ec2_read.h"

#include <stdio.h>

#include "aws/query.h"

static void begin(struct asg_arena *arena, void *reply, const char *path)
{
    if (asg_ec2_is(path, "instancesSet/item")) {
        (void)asg_ec2_add_instance(arena, reply);
        return;
    }
    const char *below = asg_ec2_below(path, "instancesSet/item/");
    if (below != NULL) asg_ec2_begin_instance(arena, reply, below);
}

static void end(struct asg_arena *arena, void *reply, const char *path, const char *text)
{
    const char *below = asg_ec2_below(path, "instancesSet/item/");
    if (below != NULL) asg_ec2_end_instance(arena, reply, below, text);
}

const struct asg_ec2_action asg_ec2_run_instances_action = {
    .name = "RunInstances",
    .timeout_ms = 30000,
    .reply_size = sizeof(struct asg_ec2_instances),
    .begin = begin,
    .end = end,
};

/* EC2 refuses a subnet of the instance beside network interfaces: each gets it, but those
 * that are there already (NetworkInterfaceId) and so have one. */
static void write_interface_subnets(const struct asg_ec2_run_instances *params,
                                    struct asg_bytes *body)
{
    for (unsigned number = 1; number <= ASG_EC2_INTERFACES_MAX; number++) {
        char prefix[40];
        int length = snprintf(prefix, sizeof prefix, "NetworkInterface.%u.", number);
        bool is_there = false;
        bool has_own = false;
        for (size_t i = 0; i < params->parameter_count; i++) {
            const char *name = params->parameters[i].name;
            if (strncmp(name, prefix, (size_t)length) != 0) continue;
            is_there = true;
            if (asg_ec2_is(name + length, "NetworkInterfaceId")) has_own = true;
        }
        if (!is_there || has_own) continue;
        asg_query_item(body, "NetworkInterface", number, "SubnetId", params->subnet_id);
    }
}

static void write_place(const struct asg_ec2_run_instances *params,
                        struct asg_bytes *body)
{
    bool has_subnet = params->subnet_id != NULL && params->subnet_id[0] != '\0';
    if (!has_subnet) {
        asg_query_text(body, "Placement.AvailabilityZone", params->zone);
    } else if (params->has_interfaces) {
        write_interface_subnets(params, body);
    } else {
        asg_query_text(body, "SubnetId", params->subnet_id);
    }
}

void asg_ec2_write_run_instances(const struct asg_ec2_run_instances *params,
                                 struct asg_bytes *body)
{
    asg_query_begin(body, "RunInstances");
    bool has_id = params->template_id != NULL && params->template_id[0] != '\0';
    if (has_id) {
        asg_query_text(body, "LaunchTemplate.LaunchTemplateId", params->template_id);
    } else {
        asg_query_text(body, "LaunchTemplate.LaunchTemplateName", params->template_name);
    }
    asg_query_text(body, "LaunchTemplate.Version", params->template_version);
    asg_query_text(body, "InstanceType", params->instance_type);
    write_place(params, body);
    asg_query_number(body, "MinCount", params->min_count);
    asg_query_number(body, "MaxCount", params->max_count);
    asg_query_text(body, "ClientToken", params->client_token);
    asg_query_text(body, "UserData", params->user_data);
    if (params->tag_count > 0) {
        asg_query_text(body, "TagSpecification.1.ResourceType", "instance");
        asg_ec2_write_tags(body, "TagSpecification.1", params->tags, params->tag_count);
    }
    asg_ec2_write_parameters(body, "", params->parameters, params->parameter_count,
                             /* tag_shift */ params->tag_count > 0 ? 1 : 0);
    asg_query_flag(body, "DryRun", params->is_dry_run);
}
