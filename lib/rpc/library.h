/* library - gRPC core as a whole: started once, and what client and server share.
 * Only for the sources of lib/rpc: it shows gRPC's own types. */
#ifndef ASG_RPC_LIBRARY_H
#define ASG_RPC_LIBRARY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <grpc/grpc.h>

#include "base/status.h"

/* Counted: the library runs from the first start to the last stop. gRPC's own log lines
 * are dropped (programs log, libraries answer) unless GRPC_VERBOSITY or GRPC_TRACE is
 * set in the environment. */
void asg_rpc_library_start(void);
void asg_rpc_library_stop(void);

/* Channel arguments by their names. */
grpc_arg asg_rpc_arg_integer(const char *key, int value);
grpc_arg asg_rpc_arg_text(const char *key, const char *value);

/* A buffer that holds a copy of the bytes; ended with grpc_byte_buffer_destroy(). */
grpc_byte_buffer *asg_rpc_buffer_new(const void *data, size_t length);

/* The contents in one piece: *ret is ended with grpc_slice_unref().
 * ASG_ERR_MALFORMED: the peer compressed it: 32 kB can be 32 MB. */
ASG_MUST_USE enum asg_status asg_rpc_buffer_read(grpc_byte_buffer *buffer,
                                                 grpc_slice *ret);

#define ASG_RPC_URI_BYTES 96

/* "127.0.0.1:80" -> "ipv4:127.0.0.1:80", "[::1]:80" -> "ipv6:[::1]:80".
 * ASG_ERR_INVALID: not a numeric address with a port. */
ASG_MUST_USE enum asg_status asg_rpc_target_uri(const char *target,
                                                char ret[ASG_RPC_URI_BYTES]);

/* The same for sockets, both families in one; *ret_length is 0 when `target` is no
 * address with a port. */
struct sockaddr_storage asg_rpc_target_address(const char *target, socklen_t *ret_length);

#endif
