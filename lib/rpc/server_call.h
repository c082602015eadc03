/* server_call - one call as the server holds it. Only for server.c and server_call.c.
 *
 * A call has up to three operations under way: the request coming in, the caller's
 * hang-up (always), and one send. It is freed when none is left and it was ended.
 */
#ifndef ASG_RPC_SERVER_CALL_H
#define ASG_RPC_SERVER_CALL_H

#include <pthread.h>
#include <stdbool.h>

#include <grpc/grpc.h>

#include "rpc/server.h"

enum tag_kind { TAG_SLOT, TAG_REQUEST, TAG_SENT, TAG_HUNG_UP, TAG_STOPPED };

/* What the completion queue gives back. */
struct tag {
    enum tag_kind kind;
    void *owner;
};

#define ASG_RPC_PEER_BYTES 64

struct grpc_auth_context;

/* A call leaves: first it is on no list any more, then it was freed. */
struct asg_rpc_call_owner {
    void (*remove)(struct asg_rpc_server *server, struct asg_rpc_call *call);
    void (*freed)(struct asg_rpc_server *server);
};

struct asg_rpc_call {
    struct asg_rpc_server *server;
    const struct asg_rpc_call_owner *owner;
    /* The server's list of open calls, oldest first; its lock guards these. */
    struct asg_rpc_call *older;
    struct asg_rpc_call *newer;
    bool has_place; /* one of max_calls */
    char peer_address[ASG_RPC_PEER_BYTES];
    struct grpc_auth_context *auth;      /* NULL: plaintext */
    const char *peer_certificate;        /* in auth; NULL: none */
    const struct asg_rpc_method *method; /* NULL: refused */
    grpc_call *call;
    grpc_metadata_array metadata;
    grpc_byte_buffer *request;
    struct tag request_tag;
    struct tag sent_tag;
    struct tag hung_up_tag;
    int is_cancelled; /* written by gRPC */

    pthread_mutex_t mutex; /* guards what follows */
    bool is_handled;       /* the handler has it */
    uint32_t references;   /* operations under way, callbacks, and 1 until ended */
    bool has_sent_metadata;
    bool is_sending;
    bool is_gone;  /* the caller */
    bool is_ended; /* by the handler */
    bool has_sent_status;
    grpc_byte_buffer *sending; /* lives until the send is done */
    grpc_byte_buffer *newest;  /* waits for the send before it */
    enum asg_rpc_code code;
    grpc_slice details;
};

/* Take over a call that gRPC has just accepted; `metadata` moves. It must be begun or
 * refused next. */
struct asg_rpc_call *asg_rpc_call_new(struct asg_rpc_server *server,
                                      const struct asg_rpc_call_owner *owner,
                                      grpc_call *call, grpc_metadata_array metadata);

/* Begin to read its message for `method`. */
void asg_rpc_call_begin(struct asg_rpc_call *call, const struct asg_rpc_method *method);

/* End it at once, unread, whatever its caller still sends or does not read. */
void asg_rpc_call_refuse(struct asg_rpc_call *call, enum asg_rpc_code code,
                         const char *details);

/* Nobody of ours works on it: it waits for its message, or for its caller to read. */
bool asg_rpc_call_is_idle(struct asg_rpc_call *call);

/* Make an idle call end soon. */
void asg_rpc_call_cut_off(struct asg_rpc_call *call);

/* An operation of this call has completed; on the server's thread. */
void asg_rpc_call_event(struct asg_rpc_call *call, enum tag_kind kind, bool is_success);

#endif
