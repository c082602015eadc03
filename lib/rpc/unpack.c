#include "rpc/unpack.h"

#include <stdlib.h>

/* What the largest of our messages needs at least, and for each byte on the wire: texts
 * are copied once, and a small field costs a few words beside. */
#define BYTES_ALWAYS 8192
#define BYTES_A_BYTE 4

static void *take(void *context, size_t size)
{
    size_t *left = context;
    if (size > *left) return NULL;
    *left -= size;
    return malloc(size);
}

static void give_back(void *context, void *pointer)
{
    (void)context;
    free(pointer);
}

ProtobufCMessage *asg_rpc_unpack(const ProtobufCMessageDescriptor *kind,
                                 const uint8_t *data, size_t length)
{
    size_t left = BYTES_ALWAYS + BYTES_A_BYTE * length;
    ProtobufCAllocator bounded = {take, give_back, &left};
    return protobuf_c_message_unpack(kind, &bounded, length, data);
}

void asg_rpc_unpacked_free(ProtobufCMessage *message)
{
    ProtobufCAllocator plain = {NULL, give_back, NULL};
    if (message != NULL) protobuf_c_message_free_unpacked(message, &plain);
}

void asg_rpc_pack(const ProtobufCMessage *message, struct asg_bytes *ret)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    if (length == 0) return; /* all of it is as it always is */
    uint8_t *at = asg_bytes_reserve(ret, length);
    ret->length += protobuf_c_message_pack(message, at);
}
