/* messages - which struct is the body of which type. */
#include "wire/wire.h"

const struct asg_schema *asg_wire_message_schema(enum asg_message_type type)
{
    switch (type) {
    case ASG_MESSAGE_REPORT: return &asg_report_schema;
    case ASG_MESSAGE_NOTICE: return &asg_notice_schema;
    case ASG_MESSAGE_REJOIN: return NULL;
    case ASG_MESSAGE_HELLO: return &asg_hello_schema;
    case ASG_MESSAGE_HEARTBEAT: return &asg_heartbeat_schema;
    case ASG_MESSAGE_RESULT: return &asg_result_message_schema;
    case ASG_MESSAGE_RESULT_PART: return &asg_result_part_schema;
    case ASG_MESSAGE_TOLD: return &asg_told_message_schema;
    case ASG_MESSAGE_HAND_BACK: return &asg_hand_back_schema;
    case ASG_MESSAGE_WELCOME: return &asg_welcome_schema;
    case ASG_MESSAGE_JOB: return &asg_job_message_schema;
    case ASG_MESSAGE_ACK: return &asg_ack_schema;
    case ASG_MESSAGE_HALT: return &asg_halt_message_schema;
    case ASG_MESSAGE_ASK: return &asg_ask_schema;
    case ASG_MESSAGE_REQUEST: return &asg_request_schema;
    case ASG_MESSAGE_ANSWER: return &asg_answer_schema;
    }
    return NULL;
}
