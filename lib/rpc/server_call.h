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

/* A call was freed. */
typedef void asg_rpc_call_gone(struct asg_rpc_server *server);

struct asg_rpc_call {
    struct asg_rpc_server *server;
    asg_rpc_call_gone *gone;
    const struct asg_rpc_method *method; /* NULL: answered by the server itself */
    grpc_call *call;
    grpc_metadata_array metadata;
    grpc_byte_buffer *request;
    struct tag request_tag;
    struct tag sent_tag;
    struct tag hung_up_tag;
    int is_cancelled; /* written by gRPC */
    bool is_handled;  /* the handler has it; only the server's thread reads this */

    pthread_mutex_t mutex; /* guards what follows */
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

/* Take over a call that gRPC has just accepted and begin to read it. `metadata` moves;
 * `gone` hears when the call is freed. */
void asg_rpc_call_begin(struct asg_rpc_server *server, asg_rpc_call_gone *gone,
                        const struct asg_rpc_method *method, enum asg_rpc_code refusal,
                        grpc_call *call, grpc_metadata_array metadata);

/* An operation of this call has completed; on the server's thread. */
void asg_rpc_call_event(struct asg_rpc_call *call, enum tag_kind kind, bool is_success);

#endif
