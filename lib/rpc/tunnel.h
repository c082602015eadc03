/* tunnel - TLS for the connections of a client, beneath gRPC.
 *
 * Flow: gRPC's channel <- socket pair -> [tunnel] <- TLS -> server
 *
 * gRPC core makes an SSL context for each channel, some 3 ms of OpenSSL's time, and keeps
 * its checks of certificates to hosts. Here all connections share the context of their
 * identity, and what the server shows is given to `check` before a byte of gRPC's goes
 * out. Sessions are resumed, which saves both sides most of a handshake; `check` sees the
 * certificate of the session then (the leaf only), and one it refuses is forgotten. One
 * thread (the tunneller's) does all of it and never blocks.
 * Only for the sources of lib/rpc.
 */
#ifndef ASG_RPC_TUNNEL_H
#define ASG_RPC_TUNNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "rpc/tls.h"

struct asg_rpc_tunneller;
struct asg_rpc_tunnel;

struct asg_rpc_tunneller_options {
    struct asg_rpc_identity *identity; /* the tunneller keeps it alive */
    asg_rpc_check_server *check;
    void *check_context;
    const char *source_address; /* to come from; NULL or "": any */
    uint32_t max_answer_bytes;  /* with room for TLS; who sends more is cut off */
};

/* ASG_ERR_INVALID: the source address; ASG_ERR_LIMIT: no thread or descriptor left. */
ASG_MUST_USE enum asg_status asg_rpc_tunneller_new(
    const struct asg_rpc_tunneller_options *options, struct asg_rpc_tunneller **ret,
    struct asg_error *error);
/* Ends what is still open. Every tunnel must have been let go of. */
void asg_rpc_tunneller_destroy(struct asg_rpc_tunneller **tunneller);

/* Begin to connect to `target` ("address:port"). *ret_fd is gRPC's end, which it owns:
 * closing it ends the tunnel, and whatever ends the tunnel closes it. -1 when there is no
 * descriptor left: *ret is told as failed then. */
void asg_rpc_tunnel_open(struct asg_rpc_tunneller *tunneller, const char *target,
                         const char *peer, struct asg_rpc_tunnel **ret, int *ret_fd);

enum asg_rpc_tunnel_end {
    ASG_RPC_TUNNEL_FINE,    /* it did not end by itself */
    ASG_RPC_TUNNEL_FAILED,  /* no connection */
    ASG_RPC_TUNNEL_REFUSED, /* the server is not believed */
};

/* How it ended and why. */
enum asg_rpc_tunnel_end asg_rpc_tunnel_outcome(struct asg_rpc_tunnel *tunnel,
                                               struct asg_error *ret_reason);

/* The call is over: check() is not asked for it any more. */
void asg_rpc_tunnel_let_go(struct asg_rpc_tunnel **tunnel);

#endif
