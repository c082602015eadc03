#include "rpc/server_call.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "rpc/library.h"

static void start(struct asg_rpc_call *call, const grpc_op *ops, size_t count,
                  struct tag *tag)
{
    grpc_call_error error = grpc_call_start_batch(call->call, ops, count, tag, NULL);
    assert(error == GRPC_CALL_OK); /* our own state decides what is sent when */
    (void)error;
}

/* Give up references; the last one frees the call. The mutex is held, and let go. */
static void release(struct asg_rpc_call *call, unsigned count)
{
    assert(call->references >= count);
    call->references -= count;
    bool is_last = call->references == 0;
    (void)pthread_mutex_unlock(&call->mutex);
    if (!is_last) return;

    struct asg_rpc_server *server = call->server;
    asg_rpc_call_gone *gone = call->gone;
    grpc_call_unref(call->call);
    grpc_metadata_array_destroy(&call->metadata);
    if (call->request != NULL) grpc_byte_buffer_destroy(call->request);
    if (call->sending != NULL) grpc_byte_buffer_destroy(call->sending);
    if (call->newest != NULL) grpc_byte_buffer_destroy(call->newest);
    grpc_slice_unref(call->details);
    (void)pthread_mutex_destroy(&call->mutex);
    free(call);
    gone(server);
}

/* Send what is due, in one batch: headers first, then the newest message, then the
 * status when the handler has ended the call. One batch at a time; the mutex is held. */
static void send_due(struct asg_rpc_call *call)
{
    if (call->is_sending || call->has_sent_status) return;
    if (call->newest == NULL && !call->is_ended) return;
    grpc_op ops[3] = {0};
    size_t count = 0;
    if (!call->has_sent_metadata) {
        ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
        call->has_sent_metadata = true;
    }
    if (call->newest != NULL && !call->is_gone) {
        call->sending = call->newest;
        call->newest = NULL;
        ops[count].op = GRPC_OP_SEND_MESSAGE;
        ops[count++].data.send_message.send_message = call->sending;
    }
    if (call->is_ended) {
        ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
        ops[count].data.send_status_from_server.status = (grpc_status_code)call->code;
        ops[count++].data.send_status_from_server.status_details = &call->details;
        call->has_sent_status = true;
    }
    if (count == 0) return;
    call->is_sending = true;
    call->references++;
    start(call, ops, count, &call->sent_tag);
}

void asg_rpc_call_begin(struct asg_rpc_server *server, asg_rpc_call_gone *gone,
                        const struct asg_rpc_method *method, enum asg_rpc_code refusal,
                        grpc_call *core_call, grpc_metadata_array metadata)
{
    struct asg_rpc_call *call = asg_alloc(1, sizeof *call);
    call->server = server;
    call->gone = gone;
    call->method = method;
    call->call = core_call;
    call->metadata = metadata;
    call->details = grpc_empty_slice();
    call->request_tag = (struct tag){TAG_REQUEST, call};
    call->sent_tag = (struct tag){TAG_SENT, call};
    call->hung_up_tag = (struct tag){TAG_HUNG_UP, call};
    (void)pthread_mutex_init(&call->mutex, NULL);

    bool is_read = method != NULL;
    call->references = is_read ? 3 : 2; /* hang-up, end, and the request if wanted */
    grpc_op hung_up = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    hung_up.data.recv_close_on_server.cancelled = &call->is_cancelled;
    start(call, &hung_up, 1, &call->hung_up_tag);
    if (is_read) {
        grpc_op request = {.op = GRPC_OP_RECV_MESSAGE};
        request.data.recv_message.recv_message = &call->request;
        start(call, &request, 1, &call->request_tag);
    } else {
        asg_rpc_call_end(call, refusal,
                         refusal == ASG_RPC_UNIMPLEMENTED ? "no such method here"
                                                          : "too many calls at once");
    }
}

/* Its last word; the mutex is held. */
static void put_end(struct asg_rpc_call *call, enum asg_rpc_code code,
                    const char *details)
{
    assert(!call->is_ended);
    call->is_ended = true;
    call->code = code;
    if (details != NULL) call->details = grpc_slice_from_copied_string(details);
    send_due(call);
}

/* The whole request is in, or never will be. */
static void take_request(struct asg_rpc_call *call, bool is_success)
{
    grpc_slice message = grpc_empty_slice();
    (void)pthread_mutex_lock(&call->mutex);
    if (call->is_gone) {
        put_end(call, ASG_RPC_CANCELLED, NULL);
    } else if (!is_success || call->request == NULL) {
        put_end(call, ASG_RPC_INVALID_ARGUMENT, "the call carries no message");
    } else if (asg_rpc_buffer_read(call->request, &message) != ASG_OK) {
        put_end(call, ASG_RPC_INTERNAL, "the message cannot be decompressed");
    }
    if (call->is_ended) {
        release(call, 2); /* the handler's, which never saw it, and the request's */
    } else {
        call->is_handled = true;
        (void)pthread_mutex_unlock(&call->mutex);
        call->method->handle(call, GRPC_SLICE_START_PTR(message),
                             GRPC_SLICE_LENGTH(message), call->method->context);
        (void)pthread_mutex_lock(&call->mutex);
        release(call, 1);
    }
    grpc_slice_unref(message);
}

static void take_hang_up(struct asg_rpc_call *call)
{
    (void)pthread_mutex_lock(&call->mutex);
    call->is_gone = call->is_cancelled != 0;
    /* A call whose request has not been handed over is not the handler's: the end of
     * the read ends it. */
    bool is_theirs =
        call->method != NULL && call->method->hung_up != NULL && call->request != NULL;
    bool is_told = call->is_gone && !call->is_ended && is_theirs;
    (void)pthread_mutex_unlock(&call->mutex);
    if (is_told) call->method->hung_up(call, call->method->context);
    (void)pthread_mutex_lock(&call->mutex);
    release(call, 1);
}

static void take_sent(struct asg_rpc_call *call)
{
    (void)pthread_mutex_lock(&call->mutex);
    call->is_sending = false;
    if (call->sending != NULL) grpc_byte_buffer_destroy(call->sending);
    call->sending = NULL;
    send_due(call);
    release(call, 1);
}

void asg_rpc_call_event(struct asg_rpc_call *call, enum tag_kind kind, bool is_success)
{
    switch (kind) {
    case TAG_REQUEST: take_request(call, is_success); return;
    case TAG_HUNG_UP: take_hang_up(call); return;
    case TAG_SENT: take_sent(call); return;
    case TAG_SLOT:
    case TAG_STOPPED: break;
    }
    assert(false && "not a call's tag");
}

static void put_message(struct asg_rpc_call *call, const void *data, size_t length)
{
    if (call->newest != NULL) grpc_byte_buffer_destroy(call->newest);
    call->newest = asg_rpc_buffer_new(data, length);
}

void asg_rpc_call_send(struct asg_rpc_call *call, const void *data, size_t length)
{
    (void)pthread_mutex_lock(&call->mutex);
    assert(!call->is_ended);
    if (!call->is_gone) {
        put_message(call, data, length);
        send_due(call);
    }
    (void)pthread_mutex_unlock(&call->mutex);
}

void asg_rpc_call_reply(struct asg_rpc_call *call, const void *data, size_t length)
{
    (void)pthread_mutex_lock(&call->mutex);
    put_message(call, data, length);
    put_end(call, ASG_RPC_OK, NULL);
    release(call, 1); /* the handler's */
}

void asg_rpc_call_end(struct asg_rpc_call *call, enum asg_rpc_code code,
                      const char *details)
{
    (void)pthread_mutex_lock(&call->mutex);
    put_end(call, code, details);
    release(call, 1); /* the handler's */
}
