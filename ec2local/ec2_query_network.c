/* ec2_query_network - VPCs and subnets. */
#include <string.h>

#include "ec2local/ec2_query.h"
#include "ec2local/model_network.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

void asg_call_write_return(struct asg_call *call)
{
    asg_call_begin_reply(call);
    asg_xml_out_flag(call->out, "return", true);
    asg_call_end_reply(call);
}

/* --- VPCs --- */

static void write_vpc(struct asg_call *call, const char *element,
                      const struct asg_world_vpc *vpc)
{
    struct asg_xml_out *out = call->out;
    asg_xml_out_begin(out, element);
    asg_xml_out_text(out, "vpcId", vpc->id);
    asg_xml_out_text(out, "ownerId", asg_world_options(call->world)->account_id);
    asg_xml_out_text(out, "state", "available");
    asg_xml_out_text(out, "cidrBlock", vpc->cidr);
    asg_xml_out_begin(out, "cidrBlockAssociationSet");
    asg_xml_out_begin(out, "item");
    asg_xml_out_text(out, "cidrBlock", vpc->cidr);
    asg_xml_out_printf(out, "associationId", "vpc-cidr-assoc-%s", vpc->id + 4);
    asg_xml_out_begin(out, "cidrBlockState");
    asg_xml_out_text(out, "state", "associated");
    asg_xml_out_end(out, "cidrBlockState");
    asg_xml_out_end(out, "item");
    asg_xml_out_end(out, "cidrBlockAssociationSet");
    asg_xml_out_text(out, "dhcpOptionsId", "default");
    asg_xml_out_text(out, "instanceTenancy", vpc->tenancy);
    asg_xml_out_flag(out, "isDefault", vpc->is_default);
    asg_call_write_tags(out, &vpc->tags);
    asg_xml_out_end(out, element);
}

enum asg_status asg_call_do_create_vpc(struct asg_call *call)
{
    const struct asg_world_tags tags = asg_call_get_tag_specification(call, "", "vpc");
    const struct asg_world_vpc *vpc = NULL;
    enum asg_status status =
        asg_world_create_vpc(call->world, asg_value_text(&call->input, "CidrBlock", NULL),
                             asg_value_text(&call->input, "InstanceTenancy", NULL), &tags,
                             call->is_dry_run, &vpc, &call->refusal);
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    write_vpc(call, "vpc", vpc);
    asg_call_end_reply(call);
    return ASG_OK;
}

enum asg_status asg_call_do_delete_vpc(struct asg_call *call)
{
    enum asg_status status =
        asg_world_delete_vpc(call->world, asg_value_text(&call->input, "VpcId", ""),
                             call->is_dry_run, &call->refusal);
    if (status == ASG_OK) asg_call_write_return(call);
    return status;
}

enum asg_status asg_call_do_describe_vpcs(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status = asg_call_get_query(call, "VpcId", 5, 1000, &query);
    if (status == ASG_OK) status = asg_world_check_pages(&query, "vpcId", &call->refusal);
    for (size_t i = 0; status == ASG_OK && i < query.ids.count; i++) {
        if (asg_world_find_vpc(call->world, query.ids.items[i], &call->refusal) == NULL) {
            status = ASG_ERR_DENIED;
        }
    }
    struct asg_call_pages pages;
    if (status == ASG_OK) status = asg_call_begin_pages(call, &query, &pages);
    if (status != ASG_OK) return status;
    size_t count = 0;
    struct asg_world_vpc *const *vpcs = asg_world_vpcs(call->world, &count);
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "vpcSet");
    for (size_t i = 0; i < count; i++) {
        const struct asg_call_field fields[] = {
            {"vpc-id", vpcs[i]->id},
            {"cidr", vpcs[i]->cidr},
            {"cidr-block", vpcs[i]->cidr},
            {"state", "available"},
            {"owner-id", asg_world_options(call->world)->account_id},
            {"is-default", vpcs[i]->is_default ? "true" : "false"},
            {"isDefault", vpcs[i]->is_default ? "true" : "false"}};
        bool takes = false;
        status = asg_call_takes(call, &query, fields, COUNT_OF(fields), &vpcs[i]->tags,
                                &takes);
        if (status != ASG_OK) return status;
        if (!takes || !asg_call_is_asked(&query.ids, vpcs[i]->id) ||
            !asg_call_is_on_page(&pages)) {
            continue;
        }
        write_vpc(call, "item", vpcs[i]);
    }
    asg_xml_out_end(call->out, "vpcSet");
    asg_call_end_pages(call, &pages);
    asg_call_end_reply(call);
    return ASG_OK;
}

enum asg_status asg_call_do_modify_vpc_attribute(struct asg_call *call)
{
    struct asg_world_vpc *vpc = asg_world_find_vpc(
        call->world, asg_value_text(&call->input, "VpcId", ""), &call->refusal);
    if (vpc == NULL) return ASG_ERR_DENIED;
    const struct asg_query_value *support =
        asg_value_find(&call->input, "EnableDnsSupport");
    const struct asg_query_value *names =
        asg_value_find(&call->input, "EnableDnsHostnames");
    if (support != NULL) {
        vpc->has_dns_support = asg_value_flag(support, "Value", vpc->has_dns_support);
    }
    if (names != NULL) {
        vpc->has_dns_hostnames = asg_value_flag(names, "Value", vpc->has_dns_hostnames);
    }
    asg_call_write_return(call);
    return ASG_OK;
}

enum asg_status asg_call_do_describe_vpc_attribute(struct asg_call *call)
{
    const struct asg_world_vpc *vpc = asg_world_find_vpc(
        call->world, asg_value_text(&call->input, "VpcId", ""), &call->refusal);
    if (vpc == NULL) return ASG_ERR_DENIED;
    const char *attribute = asg_value_text(&call->input, "Attribute", "");
    bool is_on = strcmp(attribute, "enableDnsSupport") == 0     ? vpc->has_dns_support
                 : strcmp(attribute, "enableDnsHostnames") == 0 ? vpc->has_dns_hostnames
                                                                : false;
    asg_call_begin_reply(call);
    asg_xml_out_text(call->out, "vpcId", vpc->id);
    asg_xml_out_begin(call->out, attribute);
    asg_xml_out_flag(call->out, "value", is_on);
    asg_xml_out_end(call->out, attribute);
    asg_call_end_reply(call);
    return ASG_OK;
}

/* --- subnets --- */

static void write_subnet(struct asg_call *call, const char *element,
                         const struct asg_world_subnet *subnet)
{
    struct asg_xml_out *out = call->out;
    const struct asg_world_options *options = asg_world_options(call->world);
    asg_xml_out_begin(out, element);
    asg_xml_out_text(out, "subnetId", subnet->id);
    asg_xml_out_printf(out, "subnetArn", "arn:aws:ec2:%s:%s:subnet/%s", options->region,
                       options->account_id, subnet->id);
    asg_xml_out_text(out, "state", "available");
    asg_xml_out_text(out, "vpcId", subnet->vpc_id);
    asg_xml_out_text(out, "ownerId", options->account_id);
    asg_xml_out_text(out, "cidrBlock", subnet->cidr);
    asg_xml_out_number(out, "availableIpAddressCount", subnet->free_addresses);
    asg_xml_out_text(out, "availabilityZone", subnet->zone->name);
    asg_xml_out_text(out, "availabilityZoneId", subnet->zone->id);
    asg_xml_out_flag(out, "defaultForAz", subnet->is_default);
    asg_xml_out_flag(out, "mapPublicIpOnLaunch", subnet->maps_public);
    asg_call_write_tags(out, &subnet->tags);
    asg_xml_out_end(out, element);
}

enum asg_status asg_call_do_create_subnet(struct asg_call *call)
{
    const struct asg_world_tags tags = asg_call_get_tag_specification(call, "", "subnet");
    const struct asg_query_value *input = &call->input;
    const struct asg_world_subnet *subnet = NULL;
    enum asg_status status = asg_world_create_subnet(
        call->world, asg_value_text(input, "VpcId", ""),
        asg_value_text(input, "CidrBlock", NULL),
        asg_value_text(input, "AvailabilityZone",
                       asg_value_text(input, "AvailabilityZoneId", NULL)),
        &tags, call->is_dry_run, &subnet, &call->refusal);
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    write_subnet(call, "subnet", subnet);
    asg_call_end_reply(call);
    return ASG_OK;
}

enum asg_status asg_call_do_delete_subnet(struct asg_call *call)
{
    enum asg_status status =
        asg_world_delete_subnet(call->world, asg_value_text(&call->input, "SubnetId", ""),
                                call->is_dry_run, &call->refusal);
    if (status == ASG_OK) asg_call_write_return(call);
    return status;
}

enum asg_status asg_call_do_modify_subnet_attribute(struct asg_call *call)
{
    struct asg_world_subnet *subnet = asg_world_find_subnet(
        call->world, asg_value_text(&call->input, "SubnetId", ""), &call->refusal);
    if (subnet == NULL) return ASG_ERR_DENIED;
    const struct asg_query_value *maps =
        asg_value_find(&call->input, "MapPublicIpOnLaunch");
    if (maps == NULL) {
        return asg_call_refuse(
            call, "InvalidParameterCombination",
            "Only the attribute MapPublicIpOnLaunch can be changed here");
    }
    subnet->maps_public = asg_value_flag(maps, "Value", false);
    asg_call_write_return(call);
    return ASG_OK;
}

enum asg_status asg_call_do_describe_subnets(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status = asg_call_get_query(call, "SubnetId", 5, 1000, &query);
    for (size_t i = 0; status == ASG_OK && i < query.ids.count; i++) {
        if (asg_world_find_subnet(call->world, query.ids.items[i], &call->refusal) ==
            NULL) {
            status = ASG_ERR_DENIED;
        }
    }
    if (status == ASG_OK) {
        status = asg_world_check_pages(&query, "subnetIdSet", &call->refusal);
    }
    struct asg_call_pages pages;
    if (status == ASG_OK) status = asg_call_begin_pages(call, &query, &pages);
    if (status != ASG_OK) return status;
    size_t count = 0;
    struct asg_world_subnet **subnets =
        asg_world_list_subnets(call->world, call->arena, &count);
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "subnetSet");
    for (size_t i = 0; i < count; i++) {
        const struct asg_world_subnet *subnet = subnets[i];
        const struct asg_call_field fields[] = {
            {"subnet-id", subnet->id},
            {"vpc-id", subnet->vpc_id},
            {"availability-zone", subnet->zone->name},
            {"availabilityZone", subnet->zone->name},
            {"availability-zone-id", subnet->zone->id},
            {"cidr-block", subnet->cidr},
            {"cidr", subnet->cidr},
            {"state", "available"},
            {"owner-id", asg_world_options(call->world)->account_id},
            {"default-for-az", subnet->is_default ? "true" : "false"},
            {"map-public-ip-on-launch", subnet->maps_public ? "true" : "false"},
        };
        bool takes = false;
        status =
            asg_call_takes(call, &query, fields, COUNT_OF(fields), &subnet->tags, &takes);
        if (status != ASG_OK) return status;
        if (takes && asg_call_is_asked(&query.ids, subnet->id) &&
            asg_call_is_on_page(&pages)) {
            write_subnet(call, "item", subnet);
        }
    }
    asg_xml_out_end(call->out, "subnetSet");
    asg_call_end_pages(call, &pages);
    asg_call_end_reply(call);
    return ASG_OK;
}
