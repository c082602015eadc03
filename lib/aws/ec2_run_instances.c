#include "aws/ec2_read.h"

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
    asg_query_text(body, "SubnetId", params->subnet_id);
    if (params->subnet_id == NULL || params->subnet_id[0] == '\0') {
        asg_query_text(body, "Placement.AvailabilityZone", params->zone);
    }
    asg_query_number(body, "MinCount", params->min_count);
    asg_query_number(body, "MaxCount", params->max_count);
    asg_query_text(body, "ClientToken", params->client_token);
    asg_query_text(body, "UserData", params->user_data);
    if (params->tag_count > 0) {
        asg_query_text(body, "TagSpecification.1.ResourceType", "instance");
        asg_ec2_write_tags(body, "TagSpecification.1", params->tags, params->tag_count);
    }
    asg_query_flag(body, "DryRun", params->is_dry_run);
}
