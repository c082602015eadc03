/* fuzz_probe_messages - any bytes as what agents are asked and what they answer: the
 * messages of grpc.health.v1 and openasg.agent.v1. What is read comes back the same when
 * it is written and read again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "gen/agent.pb-c.h"
#include "gen/health.pb-c.h"
#include "rpc/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_kind(const ProtobufCMessageDescriptor *kind, const uint8_t *data,
                     size_t size)
{
    ProtobufCMessage *message = asg_rpc_unpack(kind, data, size);
    if (message == NULL) return;
    struct asg_bytes first = {0};
    struct asg_bytes again = {0};
    asg_rpc_pack(message, &first);
    ProtobufCMessage *back = asg_rpc_unpack(kind, first.data, first.length);
    /* What was sent in pieces may come back in one and take more memory at once. */
    if (back != NULL) {
        asg_rpc_pack(back, &again);
        assert(first.length == again.length &&
               (first.length == 0 || memcmp(first.data, again.data, first.length) == 0));
    }
    asg_bytes_clear(&first);
    asg_bytes_clear(&again);
    asg_rpc_unpacked_free(back);
    asg_rpc_unpacked_free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ProtobufCMessageDescriptor *const kinds[] = {
        &grpc__health__v1__health_check_request__descriptor,
        &grpc__health__v1__health_check_response__descriptor,
        &openasg__agent__v1__get_metrics_request__descriptor,
        &openasg__agent__v1__get_metrics_response__descriptor,
        &openasg__agent__v1__drain_request__descriptor,
        &openasg__agent__v1__drain_response__descriptor,
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        try_kind(kinds[i], data, size);
    return 0;
}
