/* fuzz_enrolment - any bytes as the two messages of an enrolment: strangers send the
 * first one before anybody knows who they are. What is read is within its bounds, and
 * comes back the same when it is written and read again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "rpc/enrolment_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_enroll(const uint8_t *data, size_t size)
{
    struct asg_rpc_enroll it;
    struct asg_rpc_message *message = NULL;
    if (asg_rpc_enroll_read(data, size, &it, &message) != ASG_OK) return;
    assert(it.sts.header_count <= ASG_RPC_STS_HEADERS_MAX && it.grpc_port <= 65535);
    struct asg_bytes first = {0};
    struct asg_bytes again = {0};
    asg_rpc_enroll_write(&it, &first);
    struct asg_rpc_enroll back;
    struct asg_rpc_message *back_message = NULL;
    enum asg_status status =
        asg_rpc_enroll_read(first.data, first.length, &back, &back_message);
    assert(status == ASG_OK && back.proof == it.proof);
    assert(strcmp(back.instance_id, it.instance_id) == 0);
    asg_rpc_enroll_write(&back, &again);
    assert(first.length == again.length &&
           (first.length == 0 || memcmp(first.data, again.data, first.length) == 0));
    asg_bytes_clear(&first);
    asg_bytes_clear(&again);
    asg_rpc_message_free(&back_message);
    asg_rpc_message_free(&message);
}

static void try_enrolled(const uint8_t *data, size_t size)
{
    struct asg_rpc_enrolled it;
    struct asg_rpc_message *message = NULL;
    if (asg_rpc_enrolled_read(data, size, &it, &message) != ASG_OK) return;
    assert(it.report_count <= ASG_RPC_REPORTS_MAX);
    struct asg_bytes first = {0};
    struct asg_bytes again = {0};
    asg_rpc_enrolled_write(&it, &first);
    struct asg_rpc_enrolled back;
    struct asg_rpc_message *back_message = NULL;
    enum asg_status status =
        asg_rpc_enrolled_read(first.data, first.length, &back, &back_message);
    assert(status == ASG_OK && back.report_count == it.report_count);
    asg_rpc_enrolled_write(&back, &again);
    assert(first.length == again.length &&
           (first.length == 0 || memcmp(first.data, again.data, first.length) == 0));
    asg_bytes_clear(&first);
    asg_bytes_clear(&again);
    asg_rpc_message_free(&back_message);
    asg_rpc_message_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_enroll(data, size);
    try_enrolled(data, size);
    return 0;
}
