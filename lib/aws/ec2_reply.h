/* ec2_reply - one answer of EC2 read as it arrives: the action's own struct when it
 * worked, code and message when not.
 *
 * Both error forms are known: EC2's <Response><Errors><Error> and the plain Query
 * <ErrorResponse><Error>. Threads: one owner at a time.
 */
#ifndef ASG_AWS_EC2_REPLY_H
#define ASG_AWS_EC2_REPLY_H

#include "aws/ec2_client.h"
#include "aws/ec2_kept.h"
#include "aws/xml.h"

struct asg_ec2_reply {
    const struct asg_ec2_action *action;
    struct asg_arena *arena;
    struct asg_xml *xml;
    void *value; /* action->reply_size bytes in the arena */
    bool is_error;
    bool has_root;
    bool is_expected_root; /* <ActionResponse> */
    char root[ASG_EC2_CODE_MAX + 1];
    char code[ASG_EC2_CODE_MAX + 1];
    char message[ASG_EC2_MESSAGE_MAX + 1];
    char request_id[ASG_EC2_CODE_MAX + 1];
    struct asg_ec2_kept *kept;        /* NULL: it is read as it comes */
    const struct asg_bytes *question; /* of whose answers `kept` may know the last one */
    struct asg_bytes body; /* of the answer, gathered to be compared with that */
};

/* Begin to read an answer for `action`; `arena` keeps what it points to. Call again to
 * read another one with the same memory. */
void asg_ec2_reply_begin(struct asg_ec2_reply *reply, const struct asg_ec2_action *action,
                         struct asg_arena *arena);

/* After begin: look whether `kept` has this answer to `question` already, and keep it
 * there when not; what `arena` has then belongs to `kept`. *question must stay. An answer
 * above ASG_EC2_KEPT_MAX is read as it comes all the same. */
void asg_ec2_reply_compare(struct asg_ec2_reply *reply, struct asg_ec2_kept *kept,
                           const struct asg_bytes *question);
void asg_ec2_reply_clear(struct asg_ec2_reply *reply);

/* As asg_xml_feed(). A complete document that is neither the action's answer nor an error
 * is ASG_ERR_MALFORMED too. */
ASG_MUST_USE enum asg_status asg_ec2_reply_feed(struct asg_ec2_reply *reply,
                                                const void *data, size_t length,
                                                bool is_last);

#endif
