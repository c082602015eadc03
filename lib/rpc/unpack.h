/* unpack - protobuf of strangers, decoded within bounds. A few bytes on the wire can ask
 * protobuf-c for very many small structs; what a message may take in memory is bounded by
 * its own length here. Only for the sources of lib/rpc. */
#ifndef ASG_RPC_UNPACK_H
#define ASG_RPC_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"

/* NULL: not such a message, or one that would take too much. */
ProtobufCMessage *asg_rpc_unpack(const ProtobufCMessageDescriptor *kind,
                                 const uint8_t *data, size_t length);
/* NULL is fine. */
void asg_rpc_unpacked_free(ProtobufCMessage *message);

/* Append a message. */
void asg_rpc_pack(const ProtobufCMessage *message, struct asg_bytes *ret);

#endif
