#include "rpc/client.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Its prototypes say () where C wants (void). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <grpc/grpc_security.h>
#pragma GCC diagnostic pop
#include <grpc/grpc.h>
#include <grpc/grpc_posix.h>
#include <grpc/support/alloc.h>

#include "base/arena.h"
#include "rpc/identity.h"
#include "rpc/library.h"
#include "rpc/source_address.h"
#include "rpc/tunnel.h"

struct call {
    struct asg_rpc_client *client;
    struct call *next;
    struct call *previous;
    asg_rpc_done *done;
    void *context;
    struct asg_rpc_tunnel *tunnel; /* NULL: plaintext */
    grpc_channel *channel;
    grpc_call *call;
    grpc_byte_buffer *request;
    grpc_byte_buffer *reply;
    grpc_metadata_array initial_metadata;
    grpc_metadata_array trailing_metadata;
    grpc_status_code status;
    grpc_slice details;
};

struct asg_rpc_client {
    grpc_completion_queue *queue;
    grpc_channel_credentials *credentials; /* gRPC's part is always plaintext */
    struct asg_rpc_tunneller *tunneller;   /* makes it TLS; NULL: plaintext */
    struct grpc_socket_mutator *source;    /* of plaintext; NULL: from any address */
    uint32_t max_message_bytes;
    uint32_t max_calls;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t idle;   /* pending is 0 */
    struct call *first;    /* calls that gRPC knows */
    uint32_t pending;
    bool is_closing;
};

static void list_add(struct asg_rpc_client *client, struct call *call)
{
    call->next = client->first;
    if (client->first != NULL) client->first->previous = call;
    client->first = call;
}

static void list_remove(struct asg_rpc_client *client, struct call *call)
{
    if (call->previous == NULL)
        client->first = call->next;
    else
        call->previous->next = call->next;
    if (call->next != NULL) call->next->previous = call->previous;
}

/* gRPC reads a deadline on its own clocks. */
static gpr_timespec deadline_in(int64_t ms)
{
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                        gpr_time_from_millis(ms, GPR_TIMESPAN));
}

/* A channel for one call: no name look-ups, proxies, service config, retries, tracing
 * or compression, and nothing shared with other channels. An attempt to connect outlives
 * its channel (by 20 s unless told otherwise, 18 kB and a descriptor each), so it ends
 * just after the call's own deadline has told the caller. A tunnel ends with its call. */
static void open_channel(struct asg_rpc_client *client, struct call *call,
                         const char *target, const char *peer, int64_t deadline_ms)
{
    char uri[ASG_RPC_URI_BYTES];
    enum asg_status status = asg_rpc_target_uri(target, uri);
    assert(status == ASG_OK); /* it was looked at before */
    (void)status;
    grpc_arg args[] = {
        asg_rpc_arg_integer(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, (int)deadline_ms + 100),
        asg_rpc_arg_integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
                            (int)client->max_message_bytes),
        asg_rpc_arg_integer(GRPC_ARG_MAX_METADATA_SIZE, 8 * 1024),
        asg_rpc_arg_integer(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
        asg_rpc_arg_integer(GRPC_ARG_ENABLE_RETRIES, 0),
        asg_rpc_arg_integer(GRPC_ARG_ENABLE_CHANNELZ, 0),
        asg_rpc_arg_integer(GRPC_ARG_MAX_CHANNEL_TRACE_EVENT_MEMORY_PER_NODE, 0),
        asg_rpc_arg_integer(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
        asg_rpc_arg_integer(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0),
        asg_rpc_arg_integer(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0),
        asg_rpc_arg_integer(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1),
        asg_rpc_arg_integer(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
        asg_rpc_arg_integer(GRPC_ARG_HTTP2_BDP_PROBE, 0),
        asg_rpc_arg_text(GRPC_ARG_PRIMARY_USER_AGENT_STRING, "openasg/" ASG_VERSION),
        asg_rpc_arg_text(GRPC_ARG_DEFAULT_AUTHORITY, "openasg"),
        {0}, /* of plaintext the source address; of TLS its scheme */
    };
    size_t count = sizeof args / sizeof args[0] - 1;
    if (client->source != NULL) {
        args[count++] = asg_rpc_source_address_arg(client->source);
    } else if (client->tunneller != NULL) {
        args[count++] = asg_rpc_arg_text(GRPC_ARG_HTTP2_SCHEME, "https");
    }
    grpc_channel_args list = {count, args};
    if (client->tunneller == NULL) {
        call->channel = grpc_channel_create(uri, client->credentials, &list);
        return;
    }
    int fd = -1;
    asg_rpc_tunnel_open(client->tunneller, target, peer, &call->tunnel, &fd);
    call->channel =
        fd < 0 ? grpc_lame_client_channel_create(uri, GRPC_STATUS_UNAVAILABLE,
                                                 "no descriptor left")
               : grpc_channel_create_from_fd(uri, fd, client->credentials, &list);
}

static void start_batch(struct call *call)
{
    grpc_op ops[6] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},  {.op = GRPC_OP_SEND_MESSAGE},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}, {.op = GRPC_OP_RECV_INITIAL_METADATA},
        {.op = GRPC_OP_RECV_MESSAGE},           {.op = GRPC_OP_RECV_STATUS_ON_CLIENT}};
    ops[1].data.send_message.send_message = call->request;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->initial_metadata;
    ops[4].data.recv_message.recv_message = &call->reply;
    ops[5].data.recv_status_on_client.trailing_metadata = &call->trailing_metadata;
    ops[5].data.recv_status_on_client.status = &call->status;
    ops[5].data.recv_status_on_client.status_details = &call->details;
    grpc_call_error error = grpc_call_start_batch(call->call, ops, 6, call, NULL);
    assert(error == GRPC_CALL_OK); /* the ops above are fixed: only we could be wrong */
    (void)error;
}

static void call_free(struct call *call)
{
    asg_rpc_tunnel_let_go(&call->tunnel);
    grpc_call_unref(call->call);
    grpc_channel_destroy(call->channel);
    grpc_byte_buffer_destroy(call->request);
    if (call->reply != NULL) grpc_byte_buffer_destroy(call->reply);
    grpc_metadata_array_destroy(&call->initial_metadata);
    grpc_metadata_array_destroy(&call->trailing_metadata);
    grpc_slice_unref(call->details);
    free(call);
}

/* gRPC saw only its own end of the tunnel closed: what the tunnel knows is more. */
static void correct(const struct call *call, struct asg_rpc_reply *reply,
                    struct asg_error *reason)
{
    bool is_own = reply->code == ASG_RPC_OK || reply->code == ASG_RPC_CANCELLED ||
                  reply->code == ASG_RPC_DEADLINE_EXCEEDED;
    if (call->tunnel == NULL || is_own) return;
    enum asg_rpc_tunnel_end end = asg_rpc_tunnel_outcome(call->tunnel, reason);
    if (end == ASG_RPC_TUNNEL_FINE) return;
    bool is_refused = end == ASG_RPC_TUNNEL_REFUSED;
    if (!is_refused && reply->code != ASG_RPC_UNAVAILABLE) return;
    reply->code = is_refused ? ASG_RPC_UNAUTHENTICATED : ASG_RPC_UNAVAILABLE;
    reply->details = reason->text;
}

static void tell(struct call *call)
{
    struct asg_rpc_reply reply = {.code = (enum asg_rpc_code)call->status};
    char *details = grpc_slice_to_c_string(call->details);
    reply.details = details;
    grpc_slice message = grpc_empty_slice();
    if (call->status == GRPC_STATUS_OK) {
        if (call->reply == NULL) {
            reply.code = ASG_RPC_INTERNAL;
            reply.details = "the server sent no message";
        } else if (asg_rpc_buffer_read(call->reply, &message) != ASG_OK) {
            reply.code = ASG_RPC_INTERNAL;
            reply.details = "the message is compressed, which was not asked for";
        } else {
            reply.data = GRPC_SLICE_START_PTR(message);
            reply.length = GRPC_SLICE_LENGTH(message);
        }
    }
    struct asg_error reason;
    correct(call, &reply, &reason);
    call->done(&reply, call->context);
    grpc_slice_unref(message);
    gpr_free(details);
}

static void finish(struct asg_rpc_client *client, struct call *call)
{
    (void)pthread_mutex_lock(&client->mutex);
    list_remove(client, call);
    (void)pthread_mutex_unlock(&client->mutex);

    tell(call);
    call_free(call);

    (void)pthread_mutex_lock(&client->mutex);
    client->pending--;
    if (client->pending == 0) (void)pthread_cond_broadcast(&client->idle);
    (void)pthread_mutex_unlock(&client->mutex);
}

static void *run(void *context)
{
    struct asg_rpc_client *client = context;
    for (;;) {
        grpc_event event = grpc_completion_queue_next(
            client->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN) return NULL;
        if (event.type == GRPC_OP_COMPLETE) finish(client, event.tag);
    }
}

/* How its connections are made: by gRPC, or through tunnels. */
static enum asg_status make_connector(struct asg_rpc_client *client,
                                      const struct asg_rpc_client_options *wanted,
                                      struct asg_error *error)
{
    if (wanted->identity != NULL) {
        const struct asg_rpc_tunneller_options options = {
            .identity = wanted->identity,
            .check = wanted->check,
            .check_context = wanted->check_context,
            .source_address = wanted->source_address,
            .max_answer_bytes = wanted->max_message_bytes,
        };
        return asg_rpc_tunneller_new(&options, &client->tunneller, error);
    }
    if (wanted->source_address == NULL || wanted->source_address[0] == '\0' ||
        asg_rpc_source_address_new(wanted->source_address, &client->source) == ASG_OK) {
        return ASG_OK;
    }
    return asg_fail(error, ASG_ERR_INVALID, "rpc client: \"%s\" is not an address",
                    wanted->source_address);
}

enum asg_status asg_rpc_client_new(const struct asg_rpc_client_options *options,
                                   struct asg_rpc_client **ret, struct asg_error *error)
{
    struct asg_rpc_client_options wanted = {0};
    if (options != NULL) wanted = *options;
    if (wanted.max_message_bytes == 0) wanted.max_message_bytes = ASG_RPC_MESSAGE_BYTES;
    if (wanted.max_calls == 0) wanted.max_calls = ASG_RPC_CLIENT_CALLS;
    if (wanted.max_message_bytes > INT32_MAX) {
        return asg_fail(error, ASG_ERR_INVALID, "rpc client: messages of %u bytes",
                        wanted.max_message_bytes);
    }
    if (wanted.identity != NULL && wanted.check == NULL) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "rpc client: TLS without a check would trust every server");
    }

    asg_rpc_library_start();
    struct asg_rpc_client *client = asg_alloc(1, sizeof *client);
    enum asg_status status = make_connector(client, &wanted, error);
    if (status != ASG_OK) {
        free(client);
        asg_rpc_library_stop();
        return status;
    }
    client->max_message_bytes = wanted.max_message_bytes;
    client->max_calls = wanted.max_calls;
    client->credentials = grpc_insecure_credentials_create();
    client->queue = grpc_completion_queue_create_for_next(NULL);
    (void)pthread_mutex_init(&client->mutex, NULL);
    (void)pthread_cond_init(&client->idle, NULL);
    if (pthread_create(&client->thread, NULL, run, client) != 0) {
        grpc_completion_queue_shutdown(client->queue);
        (void)run(client);
        grpc_completion_queue_destroy(client->queue);
        grpc_channel_credentials_release(client->credentials);
        asg_rpc_tunneller_destroy(&client->tunneller);
        asg_rpc_source_address_release(&client->source);
        (void)pthread_cond_destroy(&client->idle);
        (void)pthread_mutex_destroy(&client->mutex);
        free(client);
        asg_rpc_library_stop();
        return asg_fail(error, ASG_ERR_LIMIT, "rpc client: cannot start its thread");
    }
    *ret = client;
    return ASG_OK;
}

void asg_rpc_client_destroy(struct asg_rpc_client **client)
{
    assert(client != NULL);
    struct asg_rpc_client *it = *client;
    if (it == NULL) return;
    *client = NULL;

    (void)pthread_mutex_lock(&it->mutex);
    it->is_closing = true;
    for (struct call *call = it->first; call != NULL; call = call->next) {
        (void)grpc_call_cancel(call->call, NULL);
    }
    while (it->pending > 0)
        (void)pthread_cond_wait(&it->idle, &it->mutex);
    (void)pthread_mutex_unlock(&it->mutex);

    grpc_completion_queue_shutdown(it->queue);
    (void)pthread_join(it->thread, NULL);
    grpc_completion_queue_destroy(it->queue);
    grpc_channel_credentials_release(it->credentials);
    asg_rpc_tunneller_destroy(&it->tunneller);
    asg_rpc_source_address_release(&it->source);
    (void)pthread_cond_destroy(&it->idle);
    (void)pthread_mutex_destroy(&it->mutex);
    free(it);
    asg_rpc_library_stop();
}

/* Take one of max_calls. */
static enum asg_status take_place(struct asg_rpc_client *client)
{
    enum asg_status status = ASG_OK;
    (void)pthread_mutex_lock(&client->mutex);
    if (client->is_closing)
        status = ASG_ERR_CLOSED;
    else if (client->pending >= client->max_calls)
        status = ASG_ERR_BUSY;
    else
        client->pending++;
    (void)pthread_mutex_unlock(&client->mutex);
    return status;
}

enum asg_status asg_rpc_client_call(struct asg_rpc_client *client, const char *target,
                                    const char *method, const void *request,
                                    size_t length, int64_t deadline_ms,
                                    asg_rpc_done *done, void *context)
{
    return asg_rpc_client_call_as(client, target, "", method, request, length,
                                  deadline_ms, done, context);
}

enum asg_status asg_rpc_client_call_as(struct asg_rpc_client *client, const char *target,
                                       const char *peer, const char *method,
                                       const void *request, size_t length,
                                       int64_t deadline_ms, asg_rpc_done *done,
                                       void *context)
{
    assert(client != NULL && method != NULL && done != NULL);
    char uri[ASG_RPC_URI_BYTES];
    enum asg_status status = asg_rpc_target_uri(target, uri);
    if (status != ASG_OK) return status;
    if (deadline_ms < 1 || deadline_ms > ASG_RPC_DEADLINE_MS_MAX) return ASG_ERR_INVALID;
    if (length > client->max_message_bytes) return ASG_ERR_INVALID;
    if (peer == NULL) peer = "";
    if (strlen(peer) > ASG_RPC_TARGET_BYTES_MAX) return ASG_ERR_INVALID;
    status = take_place(client);
    if (status != ASG_OK) return status;

    struct call *call = asg_alloc(1, sizeof *call);
    call->client = client;
    call->done = done;
    call->context = context;
    call->details = grpc_empty_slice();
    call->request = asg_rpc_buffer_new(request, length);
    grpc_metadata_array_init(&call->initial_metadata);
    grpc_metadata_array_init(&call->trailing_metadata);
    open_channel(client, call, target, peer, deadline_ms);
    grpc_slice path = grpc_slice_from_copied_string(method);
    call->call = grpc_channel_create_call(call->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
                                          client->queue, path, NULL,
                                          deadline_in(deadline_ms), NULL);
    grpc_slice_unref(path);

    (void)pthread_mutex_lock(&client->mutex);
    list_add(client, call);
    if (client->is_closing) (void)grpc_call_cancel(call->call, NULL);
    (void)pthread_mutex_unlock(&client->mutex);
    start_batch(call);
    return ASG_OK;
}

uint32_t asg_rpc_client_pending(struct asg_rpc_client *client)
{
    (void)pthread_mutex_lock(&client->mutex);
    uint32_t pending = client->pending;
    (void)pthread_mutex_unlock(&client->mutex);
    return pending;
}
