/* credentials - what a channel and a port show of themselves and how they check the other
 * side: TLS with an identity, plaintext without one. Only for the sources of lib/rpc: it
 * shows gRPC's own types. */
#ifndef ASG_RPC_CREDENTIALS_H
#define ASG_RPC_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include <grpc/grpc.h>

#include "base/error.h"
#include "rpc/tls.h"

/* One more hold; ended with asg_rpc_identity_destroy(). NULL stays NULL. */
struct asg_rpc_identity *asg_rpc_identity_hold(struct asg_rpc_identity *identity);
bool asg_rpc_identity_has_certificate(struct asg_rpc_identity *identity);
bool asg_rpc_identity_has_trusted(struct asg_rpc_identity *identity);

/* What one call makes of the server that it meets. An attempt to connect may outlive its
 * call; when the call is over, nobody is asked any more. */
struct asg_rpc_belief;

struct asg_rpc_belief *asg_rpc_belief_new(asg_rpc_check_server *check, void *context,
                                          const char *peer);
/* The call is over: from now on every server is refused without asking. */
void asg_rpc_belief_end(struct asg_rpc_belief **belief);
/* Was a server refused? *ret is the reason then. */
bool asg_rpc_belief_is_refused(struct asg_rpc_belief *belief, struct asg_error *ret);

/* Never NULL; ended with grpc_channel_credentials_release(). `identity` NULL: plaintext,
 * and `belief` is not used. */
grpc_channel_credentials *asg_rpc_credentials_for_client(
    struct asg_rpc_identity *identity, struct asg_rpc_belief *belief);

/* The certificate that one port has shown last; one for each port. */
struct asg_rpc_port_identity {
    struct asg_rpc_identity *identity; /* held; NULL: plaintext */
    uint64_t generation;
};

/* Never NULL; ended with grpc_server_credentials_release(). `port` must outlive the
 * server: it is asked at every handshake whether its identity has changed. */
grpc_server_credentials *asg_rpc_credentials_for_server(
    struct asg_rpc_port_identity *port, bool wants_client_certificate);

#endif
