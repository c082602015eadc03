/* credentials - how a channel and a port prove who they are: plaintext for now.
 *
 * The one place to change for TLS 1.3 with client certificates: both sides ask here and
 * nowhere else. Only for the sources of lib/rpc. */
#ifndef ASG_RPC_CREDENTIALS_H
#define ASG_RPC_CREDENTIALS_H

#include <grpc/grpc.h>

/* Never NULL; ended with grpc_channel_credentials_release(). */
grpc_channel_credentials *asg_rpc_credentials_for_client(void);

/* Never NULL; ended with grpc_server_credentials_release(). */
grpc_server_credentials *asg_rpc_credentials_for_server(void);

#endif
