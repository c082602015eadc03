/* ec2_query_reply - what the handlers of all actions write: envelopes, errors, tags. */
#include "ec2local/ec2_query.h"

#include <stdio.h>
#include <string.h>

#include "query/xml_out.h"

#define STS_XMLNS "https://sts.amazonaws.com/doc/2011-06-15/"

void asg_call_write_error(struct asg_xml_out *out, const char *service,
                          const struct asg_world_refusal *refusal, const char *request_id)
{
    if (strcmp(service, "sts") == 0) {
        asg_query_write_error(out, STS_XMLNS, refusal->http_status, refusal->code,
                              refusal->message, request_id);
    } else {
        asg_query_write_ec2_error(out, refusal->code, refusal->message, request_id);
    }
}

enum asg_status asg_call_refuse(struct asg_call *call, const char *code,
                                const char *message)
{
    call->refusal.code = code;
    call->refusal.http_status = 400;
    (void)snprintf(call->refusal.message, sizeof call->refusal.message, "%s", message);
    return ASG_ERR_DENIED;
}

enum asg_status asg_call_refuse_dry_run(struct asg_call *call)
{
    (void)asg_call_refuse(call, "DryRunOperation",
                          "Request would have succeeded, but DryRun flag is set.");
    call->refusal.http_status = 412;
    return ASG_ERR_DENIED;
}

void asg_call_begin_reply(struct asg_call *call)
{
    bool is_ec2 = strncmp(call->action, "GetCallerIdentity", 17) != 0;
    call->reply = (struct asg_query_reply){.action = call->action,
                                           .xmlns = is_ec2 ? ASG_EC2_XMLNS : STS_XMLNS,
                                           .request_id = call->request_id,
                                           .is_ec2 = is_ec2,
                                           .has_result = true};
    asg_query_begin_reply(call->out, &call->reply);
}

void asg_call_end_reply(struct asg_call *call)
{
    asg_query_end_reply(call->out, &call->reply);
}

void asg_call_write_tags(struct asg_xml_out *out, const struct asg_world_tags *tags)
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

void asg_call_write_state(struct asg_xml_out *out, const char *name,
                          enum asg_world_state state)
{
    asg_xml_out_begin(out, name);
    asg_xml_out_number(out, "code", state);
    asg_xml_out_text(out, "name", asg_world_state_name(state));
    asg_xml_out_end(out, name);
}
