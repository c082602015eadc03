/* client - asynchronous unary calls to many targets, each soon forgotten.
 *
 * Flow:     prober -> [client] -> agents
 * One thread (the completion queue's) does all I/O and runs every callback; a
 * callback hands its answer on (an inbox, a mutex) and returns at once.
 * Each call has a channel of its own that ends with it: a fleet's worth of idle
 * connections would cost more memory than a handshake costs time.
 * Threads: asg_rpc_client_call from any, also from a callback.
 */
#ifndef ASG_RPC_CLIENT_H
#define ASG_RPC_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/status.h"
#include "rpc/code.h"
#include "rpc/tls.h"

#define ASG_RPC_MESSAGE_BYTES    16384 /* largest message unless set */
#define ASG_RPC_CLIENT_CALLS     256   /* calls at once unless set */
#define ASG_RPC_DEADLINE_MS_MAX  600000
#define ASG_RPC_TARGET_BYTES_MAX 256

struct asg_rpc_client;

struct asg_rpc_client_options {
    uint32_t max_message_bytes;        /* 0: ASG_RPC_MESSAGE_BYTES */
    uint32_t max_calls;                /* 0: ASG_RPC_CLIENT_CALLS */
    struct asg_rpc_identity *identity; /* NULL: plaintext; the client keeps it alive */
    asg_rpc_check_server *check;       /* with an identity: needed */
    void *check_context;
    const char *source_address; /* local, to come from: "10.0.0.9"; NULL or "": any */
};

/* What a call came to. Everything in it lives only during the callback. */
struct asg_rpc_reply {
    enum asg_rpc_code code;
    const char *details; /* the server's or gRPC's words; never NULL */
    const uint8_t *data; /* the message; NULL unless code is OK */
    size_t length;
};

/* Runs exactly once for each call that was begun, on the client's thread. */
typedef void asg_rpc_done(const struct asg_rpc_reply *reply, void *context);

/* Start the thread. `options` may be NULL.
 * On success the caller owns *ret and ends it with asg_rpc_client_destroy(). */
ASG_MUST_USE enum asg_status asg_rpc_client_new(
    const struct asg_rpc_client_options *options, struct asg_rpc_client **ret,
    struct asg_error *error);

/* Cancel what is under way (its callbacks run with CANCELLED), wait for the thread,
 * free *client and set it to NULL. Not from a callback. A NULL *client is fine. */
void asg_rpc_client_destroy(struct asg_rpc_client **client);

/* Begin one call; never blocks. `target` is "address:port" (IPv4, or IPv6 in
 * brackets; no names: a probe must not wait for DNS), `method` is
 * "/package.Service/Method". The request is copied. A target that refuses comes back
 * as UNAVAILABLE, one that hangs as DEADLINE_EXCEEDED after `deadline_ms`.
 * When this fails, `done` is not called:
 * ASG_ERR_INVALID: target, deadline (1..ASG_RPC_DEADLINE_MS_MAX) or request too big;
 * ASG_ERR_BUSY:    max_calls are under way. */
ASG_MUST_USE enum asg_status asg_rpc_client_call(struct asg_rpc_client *client,
                                                 const char *target, const char *method,
                                                 const void *request, size_t length,
                                                 int64_t deadline_ms, asg_rpc_done *done,
                                                 void *context);

/* The same, and whom we mean: `peer` (at most ASG_RPC_TARGET_BYTES_MAX, copied, NULL:
 * "") is handed to `check` together with what the server shows. A server that is not
 * believed never sees the request; the call comes back as UNAUTHENTICATED with the
 * reason of `check` as its details. */
ASG_MUST_USE enum asg_status asg_rpc_client_call_as(struct asg_rpc_client *client,
                                                    const char *target, const char *peer,
                                                    const char *method,
                                                    const void *request, size_t length,
                                                    int64_t deadline_ms,
                                                    asg_rpc_done *done, void *context);

/* Calls that have begun and whose callback has not returned. */
uint32_t asg_rpc_client_pending(struct asg_rpc_client *client);

#endif
