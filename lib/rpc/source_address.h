/* source_address - the local address that a client's connections come from.
 *
 * gRPC has no option for it, but hands each socket to a "socket mutator" before it
 * connects (GRPC_ARG_SOCKET_MUTATOR). Only for the sources of lib/rpc.
 */
#ifndef ASG_RPC_SOURCE_ADDRESS_H
#define ASG_RPC_SOURCE_ADDRESS_H

#include <grpc/grpc.h>

#include "base/status.h"

struct grpc_socket_mutator;

/* "10.0.0.9" or "fd00::9", without a port. ASG_ERR_INVALID: no address. The caller ends
 * *ret with asg_rpc_source_address_release() when its last channel is made. */
ASG_MUST_USE enum asg_status asg_rpc_source_address_new(const char *address,
                                                        struct grpc_socket_mutator **ret);
void asg_rpc_source_address_release(struct grpc_socket_mutator **source);

/* For a channel's arguments; lends `source` for the making of the channel. */
grpc_arg asg_rpc_source_address_arg(struct grpc_socket_mutator *source);

#endif
