/* reply - what stands around an answer: the envelopes and errors of the two kinds of
 * service.
 *
 * EC2:          <ActionResponse><requestId/> ... </ActionResponse>
 * all others:   <ActionResponse><ActionResult> ... </ActionResult>
 *               <ResponseMetadata><RequestId/></ResponseMetadata></ActionResponse>
 * Threads: no state. Blocks: never.
 */
#ifndef ASG_QUERY_REPLY_H
#define ASG_QUERY_REPLY_H

#include "query/xml_out.h"

#define ASG_QUERY_ACTION_MAX 128 /* of an action that is answered */

struct asg_query_reply {
    const char *action; /* one that is known, ASG_QUERY_ACTION_MAX at most */
    const char *xmlns;
    const char *request_id;
    bool is_ec2;
    bool has_result; /* not EC2's: false leaves ...Result out, as for DeleteTags */
    /* Set by begin for end. */
    char response[ASG_QUERY_ACTION_MAX + 16];
    char result[ASG_QUERY_ACTION_MAX + 16];
};

/* The caller writes what is inside between the two. */
void asg_query_begin_reply(struct asg_xml_out *xml, struct asg_query_reply *reply);
void asg_query_end_reply(struct asg_xml_out *xml, const struct asg_query_reply *reply);

/* A whole error. Not EC2's: `xmlns`, and Type is Sender below 500, else Receiver. */
void asg_query_write_ec2_error(struct asg_xml_out *xml, const char *code,
                               const char *message, const char *request_id);
void asg_query_write_error(struct asg_xml_out *xml, const char *xmlns, int http_status,
                           const char *code, const char *message, const char *request_id);

#endif
