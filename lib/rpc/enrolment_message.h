/* enrolment_message - the two messages of an enrolment, bytes <-> struct. What is too
 * long, too many or not plain text is refused here, before anybody looks at what it says.
 * Threads: each message has one owner at a time. */
#ifndef ASG_RPC_ENROLMENT_MESSAGE_H
#define ASG_RPC_ENROLMENT_MESSAGE_H

#include "base/bytes.h"
#include "rpc/enrolment_service.h"

/* What a struct that was read points into; freed by asg_rpc_message_free(). */
struct asg_rpc_message;
void asg_rpc_message_free(struct asg_rpc_message **message);

/* ASG_ERR_MALFORMED: no such message, or not within its bounds. */
ASG_MUST_USE enum asg_status asg_rpc_enroll_read(const uint8_t *data, size_t length,
                                                 struct asg_rpc_enroll *ret,
                                                 struct asg_rpc_message **ret_message);
ASG_MUST_USE enum asg_status asg_rpc_enrolled_read(const uint8_t *data, size_t length,
                                                   struct asg_rpc_enrolled *ret,
                                                   struct asg_rpc_message **ret_message);

/* Append the message. Texts that are NULL are sent as empty. */
void asg_rpc_enroll_write(const struct asg_rpc_enroll *enroll, struct asg_bytes *ret);
void asg_rpc_enrolled_write(const struct asg_rpc_enrolled *enrolled,
                            struct asg_bytes *ret);

#endif
