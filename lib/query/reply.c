#include "query/reply.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void asg_query_begin_reply(struct asg_xml_out *xml, struct asg_query_reply *reply)
{
    assert(strlen(reply->action) <= ASG_QUERY_ACTION_MAX);
    (void)snprintf(reply->response, sizeof reply->response, "%sResponse", reply->action);
    (void)snprintf(reply->result, sizeof reply->result, "%sResult", reply->action);
    if (reply->is_ec2) asg_xml_out_declare(xml);
    asg_xml_out_begin_with_namespace(xml, reply->response, reply->xmlns);
    if (reply->is_ec2) {
        asg_xml_out_text(xml, "requestId", reply->request_id);
    } else if (reply->has_result) {
        asg_xml_out_begin(xml, reply->result);
    }
}

void asg_query_end_reply(struct asg_xml_out *xml, const struct asg_query_reply *reply)
{
    if (!reply->is_ec2) {
        if (reply->has_result) asg_xml_out_end(xml, reply->result);
        asg_xml_out_begin(xml, "ResponseMetadata");
        asg_xml_out_text(xml, "RequestId", reply->request_id);
        asg_xml_out_end(xml, "ResponseMetadata");
    }
    asg_xml_out_end(xml, reply->response);
    asg_xml_out_finish(xml);
}

void asg_query_write_ec2_error(struct asg_xml_out *xml, const char *code,
                               const char *message, const char *request_id)
{
    asg_xml_out_declare(xml);
    asg_xml_out_begin(xml, "Response");
    asg_xml_out_begin(xml, "Errors");
    asg_xml_out_begin(xml, "Error");
    asg_xml_out_text(xml, "Code", code);
    asg_xml_out_text(xml, "Message", message);
    asg_xml_out_end(xml, "Error");
    asg_xml_out_end(xml, "Errors");
    asg_xml_out_text(xml, "RequestID", request_id);
    asg_xml_out_end(xml, "Response");
    asg_xml_out_finish(xml);
}

void asg_query_write_error(struct asg_xml_out *xml, const char *xmlns, int http_status,
                           const char *code, const char *message, const char *request_id)
{
    asg_xml_out_begin_with_namespace(xml, "ErrorResponse", xmlns);
    asg_xml_out_begin(xml, "Error");
    asg_xml_out_text(xml, "Type", http_status < 500 ? "Sender" : "Receiver");
    asg_xml_out_text(xml, "Code", code);
    asg_xml_out_text(xml, "Message", message);
    asg_xml_out_end(xml, "Error");
    asg_xml_out_text(xml, "RequestId", request_id);
    asg_xml_out_end(xml, "ErrorResponse");
    asg_xml_out_finish(xml);
}
