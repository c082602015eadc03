/* server - answers gRPC calls: unary methods and server streams of the newest value.
 *
 * One thread (the completion queue's) does all I/O and runs every handler; a handler
 * answers at once, or keeps the call and answers from any thread later.
 * A method that is not in the table is answered with UNIMPLEMENTED; what exceeds a
 * limit with RESOURCE_EXHAUSTED, as is a call that waits for its message when another
 * needs its place. With an identity it speaks TLS (tls.h), otherwise plaintext.
 */
#ifndef ASG_RPC_SERVER_H
#define ASG_RPC_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/status.h"
#include "rpc/code.h"
#include "rpc/tls.h"

#define ASG_RPC_SERVER_MESSAGE_BYTES 16384
#define ASG_RPC_SERVER_STREAMS       16 /* on one connection */
#define ASG_RPC_SERVER_CALLS         64 /* at once in the whole server */
#define ASG_RPC_SERVER_METHODS_MAX   32

struct asg_rpc_server;
struct asg_rpc_call;

/* One call has come in with its whole request, which lives until handle() returns.
 * The call itself lives until the handler (or whoever it was given to) ends it by
 * exactly one asg_rpc_call_reply() or asg_rpc_call_end(), even when the caller has
 * hung up or the server is stopping. */
typedef void asg_rpc_handle(struct asg_rpc_call *call, const uint8_t *request,
                            size_t length, void *context);

/* The caller of a call that is still open has hung up, its deadline has passed, or the
 * server is stopping. Runs at most once a call, on the server's thread, and never
 * after the call was ended on that thread. The call must still be ended. */
typedef void asg_rpc_hung_up(struct asg_rpc_call *call, void *context);

struct asg_rpc_method {
    const char *name; /* "/grpc.health.v1.Health/Check"; static */
    asg_rpc_handle *handle;
    asg_rpc_hung_up *hung_up; /* NULL: nobody wants to know */
    void *context;
};

/* May this caller be heard? Asked once for each call, before its message is read; the
 * call can be asked for its peer's certificate and address. False ends it with
 * PERMISSION_DENIED. Runs on the server's thread and must not block. */
typedef bool asg_rpc_check_caller(void *context, const struct asg_rpc_call *call);

struct asg_rpc_server_options {
    const char *address;                  /* "127.0.0.1:0"; several with commas between */
    uint32_t max_message_bytes;           /* 0: ASG_RPC_SERVER_MESSAGE_BYTES */
    uint32_t max_streams;                 /* 0: ASG_RPC_SERVER_STREAMS */
    uint32_t max_calls;                   /* 0: ASG_RPC_SERVER_CALLS */
    uint32_t max_calls_an_address;        /* 0: as max_calls */
    const struct asg_rpc_method *methods; /* copied */
    size_t method_count;
    struct asg_rpc_identity *identity; /* NULL: plaintext; the server keeps it alive */
    /* No connection without a certificate that the identity's trusted_pem signed. Whom
     * it names is for `check` to judge. */
    bool wants_client_certificate;
    asg_rpc_check_caller *check; /* NULL: everyone who got this far */
    void *check_context;
};

/* Bind every address and start answering.
 * ASG_ERR_INVALID: an option; ASG_ERR_IO: an address cannot be bound (error says which).
 * On success the caller owns *ret and ends it with asg_rpc_server_destroy(). */
ASG_MUST_USE enum asg_status asg_rpc_server_new(
    const struct asg_rpc_server_options *options, struct asg_rpc_server **ret,
    struct asg_error *error);

/* Refuse new calls, let open ones end for up to `grace_ms`, then tell their handlers
 * that the caller has hung up, wait until each has been ended, free. Blocks; not from a
 * handler. A NULL *server is fine. */
void asg_rpc_server_stop(struct asg_rpc_server **server, int64_t grace_ms);

/* asg_rpc_server_stop() without grace. */
void asg_rpc_server_destroy(struct asg_rpc_server **server);

/* Port of the first address, as bound. */
uint16_t asg_rpc_server_port(const struct asg_rpc_server *server);

/* The caller's certificate (PEM, the leaf only), or NULL when it showed none; its
 * address, "10.0.0.7" or "::1", "" when it is not known. Both live as long as the call.
 */
const char *asg_rpc_call_peer_certificate(const struct asg_rpc_call *call);
const char *asg_rpc_call_peer_address(const struct asg_rpc_call *call);

/* Send the one message of a unary call and end it. Any thread. */
void asg_rpc_call_reply(struct asg_rpc_call *call, const void *data, size_t length);

/* Send a message of a stream. When the peer reads slower than we send, a message that
 * has not left yet is replaced by the next: the newest wins and memory is bounded.
 * Nothing happens when the peer is gone. Any thread, one at a time for one call. */
void asg_rpc_call_send(struct asg_rpc_call *call, const void *data, size_t length);

/* End a call with a status; for a unary call, a failure. `details` may be NULL. */
void asg_rpc_call_end(struct asg_rpc_call *call, enum asg_rpc_code code,
                      const char *details);

#endif
