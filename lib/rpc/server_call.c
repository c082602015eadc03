#include "rpc/server_call.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Its prototypes say () where C wants (void). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <grpc/grpc_security.h>
#pragma GCC diagnostic pop
#include <grpc/support/alloc.h>

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
    const struct asg_rpc_call_owner *owner = call->owner;
    owner->remove(server, call);
    if (call->auth != NULL) grpc_auth_context_release(call->auth);
    grpc_call_unref(call->call);
    grpc_metadata_array_destroy(&call->metadata);
    if (call->request != NULL) grpc_byte_buffer_destroy(call->request);
    if (call->sending != NULL) grpc_byte_buffer_destroy(call->sending);
    if (call->newest != NULL) grpc_byte_buffer_destroy(call->newest);
    grpc_slice_unref(call->details);
    (void)pthread_mutex_destroy(&call->mutex);
    free(call);
    owner->freed(server);
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

/* "ipv4:10.0.0.7:4711" -> "10.0.0.7", "ipv6:%5B::1%5D:4711" -> "::1". */
static void read_address(grpc_call *call, char ret[ASG_RPC_PEER_BYTES])
{
    char *peer = grpc_call_get_peer(call);
    const char *at = strchr(peer, ':');
    const char *end = strrchr(peer, ':');
    size_t length = at == NULL || end == at ? 0 : (size_t)(end - at - 1);
    if (at != NULL) at++;
    if (length > 6 && strncmp(at, "%5B", 3) == 0) {
        at += 3;
        length -= 6;
    } else if (length > 2 && at[0] == '[') {
        at++;
        length -= 2;
    }
    if (length >= ASG_RPC_PEER_BYTES) length = 0;
    if (length > 0) memcpy(ret, at, length);
    ret[length] = '\0';
    gpr_free(peer);
}

/* The leaf that the handshake has checked, as PEM. */
static void read_certificate(struct asg_rpc_call *call)
{
    call->auth = grpc_call_auth_context(call->call);
    if (call->auth == NULL) return;
    grpc_auth_property_iterator it = grpc_auth_context_find_properties_by_name(
        call->auth, GRPC_X509_PEM_CERT_PROPERTY_NAME);
    const grpc_auth_property *property = grpc_auth_property_iterator_next(&it);
    if (property != NULL) call->peer_certificate = property->value;
}

struct asg_rpc_call *asg_rpc_call_new(struct asg_rpc_server *server,
                                      const struct asg_rpc_call_owner *owner,
                                      grpc_call *core_call, grpc_metadata_array metadata)
{
    struct asg_rpc_call *call = asg_alloc(1, sizeof *call);
    call->server = server;
    call->owner = owner;
    call->call = core_call;
    call->metadata = metadata;
    call->details = grpc_empty_slice();
    call->request_tag = (struct tag){TAG_REQUEST, call};
    call->sent_tag = (struct tag){TAG_SENT, call};
    call->hung_up_tag = (struct tag){TAG_HUNG_UP, call};
    (void)pthread_mutex_init(&call->mutex, NULL);
    read_address(core_call, call->peer_address);
    read_certificate(call);
    return call;
}

static void await_hang_up(struct asg_rpc_call *call)
{
    grpc_op hung_up = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    hung_up.data.recv_close_on_server.cancelled = &call->is_cancelled;
    start(call, &hung_up, 1, &call->hung_up_tag);
}

void asg_rpc_call_begin(struct asg_rpc_call *call, const struct asg_rpc_method *method)
{
    call->method = method;
    call->references = 3; /* hang-up, end, and the request */
    await_hang_up(call);
    grpc_op request = {.op = GRPC_OP_RECV_MESSAGE};
    request.data.recv_message.recv_message = &call->request;
    start(call, &request, 1, &call->request_tag);
}

void asg_rpc_call_refuse(struct asg_rpc_call *call, enum asg_rpc_code code,
                         const char *details)
{
    call->references = 1; /* hang-up */
    call->is_ended = true;
    call->has_sent_status = true; /* what cancels it tells the caller */
    await_hang_up(call);
    (void)grpc_call_cancel_with_status(call->call, (grpc_status_code)code, details, NULL);
}

bool asg_rpc_call_is_idle(struct asg_rpc_call *call)
{
    (void)pthread_mutex_lock(&call->mutex);
    bool is_idle = !call->is_handled || call->is_ended;
    (void)pthread_mutex_unlock(&call->mutex);
    return is_idle;
}

void asg_rpc_call_cut_off(struct asg_rpc_call *call)
{
    (void)grpc_call_cancel_with_status(call->call, GRPC_STATUS_RESOURCE_EXHAUSTED,
                                       "others need its place", NULL);
}

const char *asg_rpc_call_peer_certificate(const struct asg_rpc_call *call)
{
    return call->peer_certificate;
}

const char *asg_rpc_call_peer_address(const struct asg_rpc_call *call)
{
    return call->peer_address;
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
        put_end(call, ASG_RPC_UNIMPLEMENTED, "compressed messages are not accepted");
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
    /* A call that has not been handed over is not the handler's: the end of the read
     * ends it. */
    bool is_told = call->is_gone && !call->is_ended && call->is_handled &&
                   call->method->hung_up != NULL;
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
