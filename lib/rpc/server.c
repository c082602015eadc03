#include "rpc/server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "rpc/identity.h"
#include "rpc/library.h"
#include "rpc/server_call.h"

/* Calls that gRPC may hand over before we have taken the one before. */
#define SLOTS 4

/* A caller that sends nothing for so long loses its connection. */
#define IDLE_MS_MAX (60 * 1000)

/* TLS and HTTP/2's first frames must be done by then. */
#define HANDSHAKE_MS_MAX 5000

/* What all connections together may hold, for buffers and calls. */
#define MEMORY_BYTES_MAX 16777216 /* 16 MiB */

/* A place for the next call to come in. */
struct slot {
    struct tag tag;
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
};

struct asg_rpc_server {
    grpc_completion_queue *queue;
    grpc_server *server;
    struct asg_rpc_method methods[ASG_RPC_SERVER_METHODS_MAX];
    size_t method_count;
    uint32_t max_calls;
    uint32_t max_calls_an_address;
    asg_rpc_check_caller *check;
    void *check_context;
    struct asg_rpc_port_identity *ports; /* one for each address */
    size_t port_count;
    bool wants_client_certificate;
    uint16_t port;
    struct tag stopped_tag;
    struct slot slots[SLOTS];
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    struct asg_rpc_call *oldest;
    struct asg_rpc_call *newest;
    uint32_t places; /* taken by calls */
    uint32_t open_calls;
    bool is_stopped; /* gRPC has let go of the last call */
};

static void offer_slot(struct asg_rpc_server *server, struct slot *slot)
{
    grpc_call_details_init(&slot->details);
    grpc_metadata_array_init(&slot->metadata);
    slot->tag = (struct tag){TAG_SLOT, slot};
    grpc_call_error error = grpc_server_request_call(
        server->server, &slot->call, &slot->details, &slot->metadata, server->queue,
        server->queue, &slot->tag);
    assert(error == GRPC_CALL_OK);
    (void)error;
}

static const struct asg_rpc_method *find_method(const struct asg_rpc_server *server,
                                                grpc_slice name)
{
    for (size_t i = 0; i < server->method_count; i++) {
        if (grpc_slice_str_cmp(name, server->methods[i].name) == 0) {
            return &server->methods[i];
        }
    }
    return NULL;
}

/* Lock held. */
static void give_place_back(struct asg_rpc_server *server, struct asg_rpc_call *call)
{
    if (call->has_place) server->places--;
    call->has_place = false;
}

static void remove_call(struct asg_rpc_server *server, struct asg_rpc_call *call)
{
    (void)pthread_mutex_lock(&server->mutex);
    give_place_back(server, call);
    if (call->older != NULL)
        call->older->newer = call->newer;
    else
        server->oldest = call->newer;
    if (call->newer != NULL)
        call->newer->older = call->older;
    else
        server->newest = call->older;
    (void)pthread_mutex_unlock(&server->mutex);
}

static void forget_call(struct asg_rpc_server *server)
{
    (void)pthread_mutex_lock(&server->mutex);
    server->open_calls--;
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->mutex);
}

static const struct asg_rpc_call_owner owner = {remove_call, forget_call};

static void add_call(struct asg_rpc_server *server, struct asg_rpc_call *call)
{
    (void)pthread_mutex_lock(&server->mutex);
    call->older = server->newest;
    if (server->newest != NULL)
        server->newest->newer = call;
    else
        server->oldest = call;
    server->newest = call;
    server->open_calls++;
    (void)pthread_mutex_unlock(&server->mutex);
}

/* Cut off the oldest idle call (of one address, unless NULL): who has sent all of its
 * message is never among them. False: there is none. Lock held. */
static bool make_place(struct asg_rpc_server *server, const char *address)
{
    for (struct asg_rpc_call *call = server->oldest; call != NULL; call = call->newer) {
        bool is_theirs = address == NULL || strcmp(call->peer_address, address) == 0;
        if (!call->has_place || !is_theirs || !asg_rpc_call_is_idle(call)) continue;
        give_place_back(server, call);
        asg_rpc_call_cut_off(call);
        return true;
    }
    return false;
}

/* Lock held. */
static uint32_t places_of(const struct asg_rpc_server *server, const char *address)
{
    uint32_t count = 0;
    for (const struct asg_rpc_call *call = server->oldest; call != NULL;
         call = call->newer) {
        if (call->has_place && strcmp(call->peer_address, address) == 0) count++;
    }
    return count;
}

/* A place for one more call. False: too many calls are being worked on. */
static bool take_place(struct asg_rpc_server *server, struct asg_rpc_call *call)
{
    const char *address = call->peer_address;
    (void)pthread_mutex_lock(&server->mutex);
    bool is_free = true;
    if (places_of(server, address) >= server->max_calls_an_address)
        is_free = make_place(server, address);
    else if (server->places >= server->max_calls)
        is_free = make_place(server, NULL);
    call->has_place = is_free;
    if (is_free) server->places++;
    (void)pthread_mutex_unlock(&server->mutex);
    return is_free;
}

static void begin_call(struct asg_rpc_server *server, struct asg_rpc_call *call,
                       const struct asg_rpc_method *method)
{
    add_call(server, call);
    if (method == NULL) {
        asg_rpc_call_refuse(call, ASG_RPC_UNIMPLEMENTED, "no such method here");
    } else if (server->check != NULL && !server->check(server->check_context, call)) {
        asg_rpc_call_refuse(call, ASG_RPC_PERMISSION_DENIED,
                            "this caller is not admitted");
    } else if (!take_place(server, call)) {
        asg_rpc_call_refuse(call, ASG_RPC_RESOURCE_EXHAUSTED,
                            "too many calls at the same time");
    } else {
        asg_rpc_call_begin(call, method);
    }
}

static void take_slot(struct asg_rpc_server *server, struct slot *slot, bool is_success)
{
    if (!is_success) { /* the server is stopping */
        grpc_call_details_destroy(&slot->details);
        grpc_metadata_array_destroy(&slot->metadata);
        return;
    }
    const struct asg_rpc_method *method = find_method(server, slot->details.method);
    struct asg_rpc_call *call =
        asg_rpc_call_new(server, &owner, slot->call, slot->metadata);
    grpc_call_details_destroy(&slot->details);
    offer_slot(server, slot);
    begin_call(server, call, method);
}

static void take_stopped(struct asg_rpc_server *server)
{
    (void)pthread_mutex_lock(&server->mutex);
    server->is_stopped = true;
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->mutex);
}

static void *run(void *context)
{
    struct asg_rpc_server *server = context;
    for (;;) {
        grpc_event event = grpc_completion_queue_next(
            server->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN) return NULL;
        if (event.type != GRPC_OP_COMPLETE) continue;
        struct tag *tag = event.tag;
        switch (tag->kind) {
        case TAG_SLOT: take_slot(server, tag->owner, event.success != 0); break;
        case TAG_STOPPED: take_stopped(server); break;
        case TAG_REQUEST:
        case TAG_SENT:
        case TAG_HUNG_UP:
            asg_rpc_call_event(tag->owner, tag->kind, event.success != 0);
            break;
        }
    }
}

static grpc_server *make_server(const struct asg_rpc_server_options *options)
{
    grpc_resource_quota *quota = grpc_resource_quota_create("openasg");
    grpc_resource_quota_resize(quota, MEMORY_BYTES_MAX);
    grpc_arg quota_arg = asg_rpc_arg_integer(GRPC_ARG_RESOURCE_QUOTA, 0);
    quota_arg.type = GRPC_ARG_POINTER;
    quota_arg.value.pointer.p = quota;
    quota_arg.value.pointer.vtable = grpc_resource_quota_arg_vtable();
    grpc_arg args[] = {
        quota_arg,
        asg_rpc_arg_integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
                            (int)options->max_message_bytes),
        asg_rpc_arg_integer(GRPC_ARG_MAX_CONCURRENT_STREAMS, (int)options->max_streams),
        asg_rpc_arg_integer(GRPC_ARG_MAX_METADATA_SIZE, 8 * 1024),
        asg_rpc_arg_integer(GRPC_ARG_MAX_CONNECTION_IDLE_MS, IDLE_MS_MAX),
        asg_rpc_arg_integer(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, HANDSHAKE_MS_MAX),
        asg_rpc_arg_integer(GRPC_ARG_ALLOW_REUSEPORT, 0), /* a port taken is an error */
        asg_rpc_arg_integer(GRPC_ARG_ENABLE_CHANNELZ, 0),
        asg_rpc_arg_integer(GRPC_ARG_MAX_CHANNEL_TRACE_EVENT_MEMORY_PER_NODE, 0),
        asg_rpc_arg_integer(GRPC_ARG_HTTP2_BDP_PROBE, 0),
        asg_rpc_arg_integer(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0),
        asg_rpc_arg_integer(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1),
    };
    grpc_channel_args list = {sizeof args / sizeof args[0], args};
    grpc_server *server = grpc_server_create(&list, NULL);
    grpc_resource_quota_unref(quota);
    return server;
}

/* Bind one address; the first one's port is the server's. */
static enum asg_status bind_address(struct asg_rpc_server *server, const char *address,
                                    struct asg_rpc_identity *wanted,
                                    struct asg_error *error)
{
    char uri[ASG_RPC_URI_BYTES];
    if (asg_rpc_target_uri(address, uri) != ASG_OK) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "rpc server: \"%s\" is not an address and a port, as in "
                        "127.0.0.1:7070 or [::1]:7070",
                        address);
    }
    struct asg_rpc_port_identity *identity = &server->ports[server->port_count++];
    identity->identity = asg_rpc_identity_hold(wanted);
    grpc_server_credentials *credentials =
        asg_rpc_identity_server(identity, server->wants_client_certificate);
    int port = grpc_server_add_http2_port(server->server, address, credentials);
    grpc_server_credentials_release(credentials);
    if (port <= 0) {
        return asg_fail(error, ASG_ERR_IO,
                        "rpc server: cannot listen on %s: the port is taken, the "
                        "address is not of this host%s",
                        address,
                        wanted == NULL ? ""
                                       : ", or its certificate and key do not belong "
                                         "together");
    }
    if (server->port == 0) server->port = (uint16_t)port;
    return ASG_OK;
}

static size_t count_addresses(const char *addresses)
{
    size_t count = 1;
    for (const char *at = addresses; *at != '\0'; at++)
        count += *at == ',';
    return count;
}

static enum asg_status bind_all(struct asg_rpc_server *server, const char *addresses,
                                struct asg_rpc_identity *identity,
                                struct asg_error *error)
{
    const char *at = addresses == NULL ? "" : addresses;
    server->ports = asg_alloc(count_addresses(at), sizeof *server->ports);
    for (;;) {
        size_t length = strcspn(at, ",");
        char address[ASG_RPC_URI_BYTES] = {0};
        if (length < sizeof address) memcpy(address, at, length);
        enum asg_status status = bind_address(server, address, identity, error);
        if (status != ASG_OK || at[length] == '\0') return status;
        at += length + 1;
    }
}

/* Free a server whose queue has been shut down and drained. */
static void free_parts(struct asg_rpc_server *server)
{
    grpc_server_destroy(server->server);
    grpc_completion_queue_destroy(server->queue);
    (void)pthread_cond_destroy(&server->changed);
    (void)pthread_mutex_destroy(&server->mutex);
    for (size_t i = 0; i < server->port_count; i++)
        asg_rpc_identity_destroy(&server->ports[i].identity);
    free(server->ports);
    free(server);
    asg_rpc_library_stop();
}

/* The end of a server that never served: no thread, so the queue is drained here. */
static void give_up(struct asg_rpc_server *server)
{
    grpc_server_shutdown_and_notify(server->server, server->queue, &server->stopped_tag);
    grpc_completion_queue_shutdown(server->queue);
    (void)run(server);
    free_parts(server);
}

static void init_locks(struct asg_rpc_server *server)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&server->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&server->mutex, NULL);
}

static enum asg_status check_identity(const struct asg_rpc_server_options *options,
                                      struct asg_error *error)
{
    struct asg_rpc_identity *identity = options->identity;
    if (identity == NULL) {
        if (!options->wants_client_certificate) return ASG_OK;
        return asg_fail(error, ASG_ERR_INVALID,
                        "rpc server: without TLS there are no certificates");
    }
    if (!asg_rpc_identity_has_certificate(identity)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "rpc server: TLS needs a certificate and a key");
    }
    if (options->wants_client_certificate && !asg_rpc_identity_has_trusted(identity)) {
        return asg_fail(
            error, ASG_ERR_INVALID,
            "rpc server: no authority is trusted to sign clients' certificates");
    }
    return ASG_OK;
}

enum asg_status asg_rpc_server_new(const struct asg_rpc_server_options *options,
                                   struct asg_rpc_server **ret, struct asg_error *error)
{
    assert(options != NULL);
    struct asg_rpc_server_options wanted = *options;
    if (wanted.max_message_bytes == 0) {
        wanted.max_message_bytes = ASG_RPC_SERVER_MESSAGE_BYTES;
    }
    if (wanted.max_streams == 0) wanted.max_streams = ASG_RPC_SERVER_STREAMS;
    if (wanted.max_calls == 0) wanted.max_calls = ASG_RPC_SERVER_CALLS;
    if (wanted.max_calls_an_address == 0) {
        wanted.max_calls_an_address = wanted.max_calls;
    }
    if (wanted.method_count > ASG_RPC_SERVER_METHODS_MAX ||
        wanted.max_message_bytes > INT32_MAX || wanted.max_streams > INT32_MAX) {
        return asg_fail(error, ASG_ERR_INVALID, "rpc server: an option is out of range");
    }
    enum asg_status status = check_identity(&wanted, error);
    if (status != ASG_OK) return status;

    asg_rpc_library_start();
    struct asg_rpc_server *server = asg_alloc(1, sizeof *server);
    for (size_t i = 0; i < wanted.method_count; i++) {
        server->methods[i] = wanted.methods[i];
    }
    server->method_count = wanted.method_count;
    server->max_calls = wanted.max_calls;
    server->max_calls_an_address = wanted.max_calls_an_address;
    server->wants_client_certificate = wanted.wants_client_certificate;
    server->check = wanted.check;
    server->check_context = wanted.check_context;
    server->stopped_tag = (struct tag){TAG_STOPPED, server};
    init_locks(server);
    server->queue = grpc_completion_queue_create_for_next(NULL);
    server->server = make_server(&wanted);
    grpc_server_register_completion_queue(server->server, server->queue, NULL);

    status = bind_all(server, wanted.address, wanted.identity, error);
    if (status != ASG_OK) {
        give_up(server);
        return status;
    }
    grpc_server_start(server->server);
    for (size_t i = 0; i < SLOTS; i++)
        offer_slot(server, &server->slots[i]);
    if (pthread_create(&server->thread, NULL, run, server) != 0) {
        give_up(server);
        return asg_fail(error, ASG_ERR_LIMIT, "rpc server: cannot start its thread");
    }
    *ret = server;
    return ASG_OK;
}

static bool is_done(const struct asg_rpc_server *server)
{
    return server->is_stopped && server->open_calls == 0;
}

void asg_rpc_server_stop(struct asg_rpc_server **server, int64_t grace_ms)
{
    assert(server != NULL);
    struct asg_rpc_server *it = *server;
    if (it == NULL) return;
    *server = NULL;

    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + (grace_ms % 1000) * 1000000;
    until.tv_sec += grace_ms / 1000 + nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;

    grpc_server_shutdown_and_notify(it->server, it->queue, &it->stopped_tag);
    (void)pthread_mutex_lock(&it->mutex);
    while (!is_done(it) &&
           pthread_cond_timedwait(&it->changed, &it->mutex, &until) == 0) {
    }
    if (!is_done(it)) {
        (void)pthread_mutex_unlock(&it->mutex);
        grpc_server_cancel_all_calls(it->server);
        (void)pthread_mutex_lock(&it->mutex);
    }
    while (!is_done(it))
        (void)pthread_cond_wait(&it->changed, &it->mutex);
    (void)pthread_mutex_unlock(&it->mutex);

    grpc_completion_queue_shutdown(it->queue);
    (void)pthread_join(it->thread, NULL);
    free_parts(it);
}

void asg_rpc_server_destroy(struct asg_rpc_server **server)
{
    asg_rpc_server_stop(server, 0);
}

uint16_t asg_rpc_server_port(const struct asg_rpc_server *server)
{
    return server->port;
}
