/* EC2's answers: the first byte chooses the action, the second how the rest is cut. */
#include <stdint.h>
#include <stdlib.h>

#include "aws/ec2_actions.h"
#include "aws/ec2_reply.h"
#include "aws/error_class.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    size_t count = 0;
    while (asg_ec2_actions[count] != NULL) {
        count++;
    }
    struct asg_arena arena = {0};
    struct asg_ec2_reply reply = {0};
    asg_ec2_reply_begin(&reply, asg_ec2_actions[data[0] % count], &arena);
    size_t step = (size_t)data[1] + 1;
    enum asg_status status = ASG_OK;
    for (size_t at = 2; at < size && status == ASG_OK; at += step) {
        size_t part = size - at < step ? size - at : step;
        status = asg_ec2_reply_feed(&reply, data + at, part, at + part == size);
    }
    enum asg_error_class class =
        asg_error_classify(reply.code, reply.message, (uint32_t)data[0] + 300);
    if ((size_t) class >= ASG_ERROR_CLASS_COUNT) abort();
    asg_ec2_reply_clear(&reply);
    asg_arena_clear(&arena);
    return 0;
}
