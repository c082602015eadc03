/* ec2_query_reply - what the handlers of all actions write: envelopes, errors, tags. */
#include "ec2local/ec2_query.h"

#include <stdio.h>

#include "ec2local/xml_out.h"

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
