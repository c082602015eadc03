#include "aws/ec2_read.h"

#include "aws/query.h"

static void begin(struct asg_arena *arena, void *reply, const char *path)
{
    struct asg_ec2_subnets *subnets = reply;
    if (!asg_ec2_is(path, "subnetSet/item")) return;
    void *items = subnets->subnets;
    struct asg_ec2_subnet *subnet = asg_ec2_add_item(arena, &items, &subnets->count,
                                                     &subnets->capacity, sizeof *subnet);
    subnets->subnets = items;
    if (subnet == NULL) return;
    subnet->subnet_id = "";
    subnet->zone = "";
    subnet->vpc_id = "";
    subnet->state = "";
}

static void end(struct asg_arena *arena, void *reply, const char *path, const char *text)
{
    struct asg_ec2_subnets *subnets = reply;
    if (asg_ec2_is(path, "nextToken")) subnets->next_token = asg_arena_text(arena, text);
    const char *below = asg_ec2_below(path, "subnetSet/item/");
    if (below == NULL || subnets->count == 0) return;
    struct asg_ec2_subnet *subnet = &subnets->subnets[subnets->count - 1];
    if (asg_ec2_is(below, "subnetId")) subnet->subnet_id = asg_arena_text(arena, text);
    if (asg_ec2_is(below, "availabilityZone")) subnet->zone = asg_arena_text(arena, text);
    if (asg_ec2_is(below, "vpcId")) subnet->vpc_id = asg_arena_text(arena, text);
    if (asg_ec2_is(below, "defaultForAz")) subnet->is_default = asg_ec2_is(text, "true");
    if (asg_ec2_is(below, "state")) subnet->state = asg_arena_text(arena, text);
    if (asg_ec2_is(below, "availableIpAddressCount")) {
        subnet->free_addresses = asg_ec2_read_number(text);
    }
}

const struct asg_ec2_action asg_ec2_describe_subnets_action = {
    .name = "DescribeSubnets",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_subnets),
    .begin = begin,
    .end = end,
};

void asg_ec2_write_describe_subnets(const struct asg_ec2_describe_subnets *params,
                                    struct asg_bytes *body)
{
    asg_query_begin(body, "DescribeSubnets");
    asg_query_list(body, "SubnetId", params->subnet_ids, params->subnet_id_count);
    asg_ec2_write_filters(body, params->filters, params->filter_count);
    asg_query_text(body, "NextToken", params->next_token);
}
