/* ec2_query_change - Terminate, Stop, Start, attributes and tags. */
#include "ec2local/ec2_query.h"

#include <string.h>

#include "query/xml_out.h"

static enum asg_status apply(struct asg_call *call, enum asg_world_verb verb,
                             struct asg_world_moves *ret)
{
    struct asg_world_move_request request = {
        .verb = verb,
        .ids = asg_call_get_list(call, "InstanceId"),
        .is_dry_run = call->is_dry_run,
        .lag_ms = call->lag_ms,
    };
    call->ids = request.ids;
    return asg_world_move(call->world, &request, call->now_ms, call->arena, ret,
                          call->effects, &call->refusal);
}

static enum asg_status move(struct asg_call *call, enum asg_world_verb verb)
{
    struct asg_world_moves moves = {0};
    enum asg_status status = apply(call, verb, &moves);
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "instancesSet");
    for (size_t i = 0; i < moves.count; i++) {
        asg_xml_out_begin(call->out, "item");
        asg_xml_out_text(call->out, "instanceId", moves.items[i].instance->id);
        asg_call_write_state(call->out, "currentState", moves.items[i].after);
        asg_call_write_state(call->out, "previousState", moves.items[i].before);
        asg_xml_out_end(call->out, "item");
    }
    asg_xml_out_end(call->out, "instancesSet");
    asg_call_end_reply(call);
    return ASG_OK;
}

enum asg_status asg_call_do_terminate_instances(struct asg_call *call)
{
    return move(call, ASG_WORLD_TERMINATE);
}

enum asg_status asg_call_do_stop_instances(struct asg_call *call)
{
    return move(call, ASG_WORLD_STOP);
}

enum asg_status asg_call_do_start_instances(struct asg_call *call)
{
    return move(call, ASG_WORLD_START);
}

enum asg_status asg_call_do_reboot_instances(struct asg_call *call)
{
    struct asg_world_moves moves = {0};
    enum asg_status status = apply(call, ASG_WORLD_REBOOT, &moves);
    if (status == ASG_OK) asg_call_write_return(call);
    return status;
}

/* --- attributes --- */

enum asg_status asg_call_do_modify_instance_attribute(struct asg_call *call)
{
    const char *id = asg_call_get(call, "InstanceId");
    if (id == NULL) {
        return asg_call_refuse(call, "MissingParameter",
                               "The request must contain the parameter InstanceId");
    }
    const char *name = "DisableApiTermination.Value";
    const char *attribute = asg_call_get(call, "Attribute");
    if (attribute != NULL && strcmp(attribute, "disableApiTermination") == 0) {
        name = "Value";
    }
    if (asg_call_get(call, name) == NULL) {
        return asg_call_refuse(
            call, "InvalidParameterCombination",
            "Only the attribute disableApiTermination can be changed here");
    }
    bool is_protected = false;
    enum asg_status status = asg_call_get_flag(call, name, &is_protected);
    if (status == ASG_OK && call->is_dry_run && asg_world_find(call->world, id) != NULL) {
        status = asg_call_refuse_dry_run(call);
    }
    if (status == ASG_OK) {
        status = asg_world_protect(call->world, id, is_protected, &call->refusal);
    }
    if (status == ASG_OK) asg_call_write_return(call);
    return status;
}

enum asg_status asg_call_do_describe_instance_attribute(struct asg_call *call)
{
    const char *id = asg_call_get(call, "InstanceId");
    const char *attribute = asg_call_get(call, "Attribute");
    if (id == NULL || attribute == NULL) {
        return asg_call_refuse(
            call, "MissingParameter",
            "The request must contain the parameters InstanceId and Attribute");
    }
    const struct asg_world_instance *instance = asg_world_find(call->world, id);
    if (instance == NULL) {
        return asg_call_refuse(call, "InvalidInstanceID.NotFound",
                               "The instance ID does not exist");
    }
    const char *user_data = instance->launch->data.user_data;
    bool is_protection = strcmp(attribute, "disableApiTermination") == 0;
    if (!is_protection && strcmp(attribute, "userData") != 0) {
        return asg_call_refuse(
            call, "InvalidParameterValue",
            "Only disableApiTermination and userData can be read here");
    }
    asg_call_begin_reply(call);
    asg_xml_out_text(call->out, "instanceId", id);
    asg_xml_out_begin(call->out, attribute);
    if (is_protection) asg_xml_out_flag(call->out, "value", instance->is_protected);
    if (!is_protection) asg_xml_out_text(call->out, "value", user_data);
    asg_xml_out_end(call->out, attribute);
    asg_call_end_reply(call);
    return ASG_OK;
}

/* --- tags --- */

static enum asg_status change_tags(struct asg_call *call, bool is_removal)
{
    struct asg_world_tag_request request = {
        .ids = asg_call_get_list(call, "ResourceId"),
        .tags = asg_call_get_tags(call, "Tag"),
        .is_removal = is_removal,
        .is_dry_run = call->is_dry_run,
        .now_ms = call->now_ms,
        .lag_ms = call->lag_ms,
    };
    call->ids = request.ids;
    enum asg_status status = asg_world_tag(call->world, &request, &call->refusal);
    if (status == ASG_OK) asg_call_write_return(call);
    return status;
}

enum asg_status asg_call_do_create_tags(struct asg_call *call)
{
    return change_tags(call, /* is_removal */ false);
}

enum asg_status asg_call_do_delete_tags(struct asg_call *call)
{
    return change_tags(call, /* is_removal */ true);
}

enum asg_status asg_call_do_describe_tags(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status = asg_call_get_query(call, NULL, 5, 1000, &query);
    if (status != ASG_OK) return status;
    struct asg_world_tag_rows rows = {0};
    status = asg_world_list_tags(call->world, &query, call->arena, &rows, &call->refusal);
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "tagSet");
    for (size_t i = 0; i < rows.count; i++) {
        asg_xml_out_begin(call->out, "item");
        asg_xml_out_text(call->out, "resourceId", rows.items[i].id);
        asg_xml_out_text(call->out, "resourceType", rows.items[i].kind);
        asg_xml_out_text(call->out, "key", rows.items[i].key);
        asg_xml_out_text(call->out, "value", rows.items[i].value);
        asg_xml_out_end(call->out, "item");
    }
    asg_xml_out_end(call->out, "tagSet");
    asg_xml_out_text(call->out, "nextToken", rows.next_token);
    asg_call_end_reply(call);
    return ASG_OK;
}
