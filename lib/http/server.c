#include "http/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/arena.h"
#include "http/certificate.h"
#include "http/slow_clients.h"

#define THREADS         4
#define BODY_BYTES_MAX  ((size_t)1024 * 1024)
#define CONNECTIONS_MAX 256
#define TIMEOUT_S       10
#define REQUEST_S       60
#define ANSWER_S        600
#define HEADERS_MAX     100
#define HEADER_MEMORY   ((size_t)64 * 1024)
#define DELAY_MS_MAX    60000
#define STREAM_PIECE    ((size_t)32 * 1024)
#define PIECES_MAX      1000
#define SPARE_SHARE     8 /* of the connections, kept free by ending idle ones */
#define TLS_PRIORITIES                                                                   \
    "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-DTLS-ALL:%SERVER_PRECEDENCE"

/* What the server and the answers that it is owed share; it outlives the server. */
struct shared {
    pthread_mutex_t lock;
    size_t references; /* the server, and each answer that is owed */
    bool is_over;      /* the server ends: nothing waits any more */
    struct asg_http_later *waiting;
};

struct asg_http_server {
    struct asg_http_options options;
    struct MHD_Daemon *daemon;
    struct shared *shared;
    struct asg_slow_clients *clients;
    struct asg_http_certificate *certificate; /* NULL: plain */
    atomic_size_t connections;
    atomic_size_t bytes_of_bodies; /* of the exchanges under way */
};

/* One request from its first byte to the last of its answer. */
struct asg_http_exchange {
    char *target;
    struct asg_bytes body;
    bool is_begun;
    bool needs_host; /* HTTP/1.1 */
    bool is_too_large;
    bool is_unwanted; /* its body is let go */
    bool is_one_too_many;
    struct asg_http_server *server;
    struct asg_http_later *later; /* its answer is owed */
    int64_t send_only;            /* of the answer that is on its way */
    struct asg_bytes sending;
};

/* An answer that is owed: the exchange's and its owner's. All but `shared` under its
 * lock. */
struct asg_http_later {
    struct shared *shared;
    struct asg_http_later *next; /* in shared->waiting, while the exchange is there */
    struct asg_http_later *previous;
    struct MHD_Connection *connection; /* while it is suspended */
    bool has_exchange;
    bool has_owner;
    bool is_answered;
    struct asg_http_response response;
};

static void release_shared(struct shared *shared)
{
    (void)pthread_mutex_lock(&shared->lock);
    bool is_last = --shared->references == 0;
    (void)pthread_mutex_unlock(&shared->lock);
    if (!is_last) return;
    (void)pthread_mutex_destroy(&shared->lock);
    free(shared);
}

/* What an answer owns, when it is not sent. */
static void clear_response(struct asg_http_response *response)
{
    asg_bytes_clear(&response->body);
    if (response->stream.read != NULL && response->stream.end != NULL) {
        response->stream.end(response->stream.context);
    }
    response->stream = (struct asg_http_stream){.read = NULL};
    if (response->pieces.count > 0 && response->pieces.end != NULL) {
        response->pieces.end(response->pieces.context);
    }
    response->pieces = (struct asg_http_pieces){.count = 0};
}

/* --- answers that come later --- */

struct asg_http_later *asg_http_wait(const struct asg_http_request *request)
{
    struct asg_http_exchange *exchange = request->exchange;
    assert(exchange->later == NULL); /* one answer a request */
    struct asg_http_later *later = asg_alloc(1, sizeof *later);
    struct shared *shared = exchange->server->shared;
    later->shared = shared;
    later->has_exchange = true;
    later->has_owner = true;
    (void)pthread_mutex_lock(&shared->lock);
    shared->references++;
    later->next = shared->waiting;
    if (later->next != NULL) later->next->previous = later;
    shared->waiting = later;
    (void)pthread_mutex_unlock(&shared->lock);
    exchange->later = later;
    return later;
}

/* With the lock held: nobody has it any more. */
static bool is_over(const struct asg_http_later *later)
{
    return !later->has_exchange && !later->has_owner;
}

static void free_later(struct asg_http_later *later)
{
    clear_response(&later->response);
    release_shared(later->shared);
    free(later);
}

/* With the lock held. libmicrohttpd calls take_part() once more. */
static void resume(struct asg_http_later *later)
{
    if (later->connection != NULL) MHD_resume_connection(later->connection);
    later->connection = NULL;
}

void asg_http_answer(struct asg_http_later **later_at, struct asg_http_response *response)
{
    struct asg_http_later *later = *later_at;
    struct shared *shared = later->shared;
    *later_at = NULL;
    (void)pthread_mutex_lock(&shared->lock);
    bool is_wanted = later->has_exchange && !later->is_answered;
    if (is_wanted) {
        later->response = *response;
        later->is_answered = true;
        resume(later);
    }
    later->has_owner = false;
    bool is_gone = is_over(later);
    (void)pthread_mutex_unlock(&shared->lock);
    if (!is_wanted) clear_response(response);
    if (is_gone) free_later(later);
}

/* The exchange is through with it: it has taken the answer, or ends without. */
static void leave_later(struct asg_http_exchange *exchange)
{
    struct asg_http_later *later = exchange->later;
    if (later == NULL) return;
    exchange->later = NULL;
    struct shared *shared = later->shared;
    (void)pthread_mutex_lock(&shared->lock);
    later->has_exchange = false;
    later->connection = NULL;
    if (later->next != NULL) later->next->previous = later->previous;
    if (later->previous != NULL) later->previous->next = later->next;
    if (shared->waiting == later) shared->waiting = later->next;
    bool is_gone = is_over(later);
    (void)pthread_mutex_unlock(&shared->lock);
    if (is_gone) free_later(later);
}

/* With the lock held: what a client is told when the server ends before its answer came.
 */
static void give_up(struct asg_http_later *later)
{
    if (!later->is_answered) {
        later->response = (struct asg_http_response){.status = 503};
        asg_bytes_append_text(&later->response.body, "the server is stopping\n");
        later->is_answered = true;
    }
    resume(later);
}

static void give_up_all(struct shared *shared)
{
    (void)pthread_mutex_lock(&shared->lock);
    shared->is_over = true;
    for (struct asg_http_later *at = shared->waiting; at != NULL; at = at->next) {
        give_up(at);
    }
    (void)pthread_mutex_unlock(&shared->lock);
}

/* --- connections --- */

static struct asg_slow_client *client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

static uint32_t address_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL) return 0;
    const struct sockaddr_in *in =
        (const struct sockaddr_in *)(const void *)info->client_addr;
    return in->sin_family == AF_INET ? ntohl(in->sin_addr.s_addr) : 0;
}

static void *begin_client(struct asg_http_server *server,
                          struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = NULL;
    if (server->certificate != NULL) {
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        gnutls_session_set_ptr(info->tls_session, server->certificate);
    }
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return asg_slow_client_add(server->clients, info->connect_fd, address_of(connection));
}

/* Called when a connection is there and before its socket is closed. */
static void notice_connection(void *context, struct MHD_Connection *connection,
                              void **slot, enum MHD_ConnectionNotificationCode code)
{
    struct asg_http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *slot = begin_client(server, connection);
        atomic_fetch_add(&server->connections, 1);
    } else {
        struct asg_slow_client *client = *slot;
        atomic_fetch_sub(&server->connections, 1);
        asg_slow_client_remove(server->clients, &client);
        *slot = NULL;
    }
}

/* libmicrohttpd calls this first, with the target as it came. */
static void *begin_exchange(void *context, const char *uri,
                            struct MHD_Connection *connection)
{
    struct asg_http_exchange *exchange = asg_alloc(1, sizeof *exchange);
    exchange->target = strdup(uri);
    exchange->server = context;
    (void)connection;
    return exchange;
}

static void drop_body(struct asg_http_exchange *exchange)
{
    atomic_fetch_sub(&exchange->server->bytes_of_bodies, exchange->body.length);
    asg_bytes_clear(&exchange->body);
}

static void end_exchange(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    (void)code;
    struct asg_http_server *server = context;
    struct asg_http_exchange *exchange = *slot;
    asg_slow_client_start(server->clients, client_of(connection), ASG_SLOW_REQUEST);
    if (exchange == NULL) return;
    leave_later(exchange);
    free(exchange->target);
    drop_body(exchange);
    asg_bytes_clear(&exchange->sending);
    free(exchange);
    *slot = NULL;
}

/* What came percent-encoded stays so: a signature covers the raw bytes. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

struct header_list {
    struct asg_http_header items[HEADERS_MAX];
    size_t count;
    bool is_cut; /* there are more */
};

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind,
                                   const char *name, const char *value)
{
    (void)kind;
    struct header_list *list = context;
    if (list->count == HEADERS_MAX) {
        list->is_cut = true;
        return MHD_NO;
    }
    list->items[list->count++] =
        (struct asg_http_header){.name = name, .value = value != NULL ? value : ""};
    return MHD_YES;
}

static void write_client(struct MHD_Connection *connection, char *ret, size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    ret[0] = '\0';
    if (info == NULL || info->client_addr == NULL) return;
    const struct sockaddr *address = info->client_addr;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        (void)inet_ntop(AF_INET, &in->sin_addr, ret, (socklen_t)size);
    }
}

static void wait_ms(int64_t delay_ms)
{
    if (delay_ms > DELAY_MS_MAX) delay_ms = DELAY_MS_MAX;
    struct timespec left = {.tv_sec = delay_ms / 1000,
                            .tv_nsec = delay_ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static ssize_t send_some(void *context, uint64_t position, char *buffer, size_t most)
{
    const struct asg_http_exchange *exchange = context;
    uint64_t end = (uint64_t)exchange->send_only;
    if (position >= end || position >= exchange->sending.length) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    uint64_t left = exchange->sending.length - position;
    if (left > end - position) left = end - position;
    if (left > most) left = most;
    memcpy(buffer, exchange->sending.data + position, (size_t)left);
    return (ssize_t)left;
}

static ssize_t read_stream(void *context, uint64_t position, char *buffer, size_t most)
{
    (void)position;
    const struct asg_http_stream *stream = context;
    ssize_t got = stream->read(stream->context, buffer, most);
    if (got == 0) return MHD_CONTENT_READER_END_OF_STREAM;
    return got < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : got;
}

static void end_stream(void *context)
{
    struct asg_http_stream *stream = context;
    if (stream->end != NULL) stream->end(stream->context);
    free(stream);
}

static struct MHD_Response *make_stream(struct asg_http_response *response)
{
    struct asg_http_stream *stream = asg_alloc(1, sizeof *stream);
    *stream = response->stream;
    response->stream = (struct asg_http_stream){.read = NULL};
    asg_bytes_clear(&response->body);
    struct MHD_Response *made = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_PIECE, read_stream, stream, end_stream);
    if (made == NULL) end_stream(stream);
    return made;
}

struct sent_pieces {
    struct asg_http_pieces pieces;
    size_t at; /* when they are read: the piece, and how much of it is done */
    size_t done;
    struct MHD_IoVec list[];
};

static void end_pieces(void *context)
{
    struct sent_pieces *sent = context;
    if (sent->pieces.end != NULL) sent->pieces.end(sent->pieces.context);
    free(sent);
}

static ssize_t read_pieces(void *context, uint64_t position, char *buffer, size_t most)
{
    (void)position;
    struct sent_pieces *sent = context;
    size_t filled = 0;
    while (filled < most && sent->at < sent->pieces.count) {
        const struct MHD_IoVec *piece = &sent->list[sent->at];
        size_t take = piece->iov_len - sent->done;
        if (take > most - filled) take = most - filled;
        if (take > 0) {
            memcpy(buffer + filled, (const char *)piece->iov_base + sent->done, take);
        }
        filled += take;
        sent->done += take;
        if (sent->done < piece->iov_len) break;
        sent->at++;
        sent->done = 0;
    }
    return (ssize_t)filled;
}

/* The system takes 1024 at a time, and libmicrohttpd 0.9.75 then waits for a socket that
 * is ready already: what has more is copied through. */
static struct MHD_Response *make_pieces(struct asg_http_response *response)
{
    size_t count = response->pieces.count;
    struct sent_pieces *sent = asg_alloc(1, sizeof *sent + count * sizeof sent->list[0]);
    sent->pieces = response->pieces;
    response->pieces = (struct asg_http_pieces){.count = 0};
    asg_bytes_clear(&response->body);
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        const struct asg_http_piece *piece = &sent->pieces.items[i];
        sent->list[i] =
            (struct MHD_IoVec){.iov_base = piece->data, .iov_len = piece->length};
        total += piece->length;
    }
    struct MHD_Response *made =
        count <= PIECES_MAX ? MHD_create_response_from_iovec(sent->list, (unsigned)count,
                                                             end_pieces, sent)
                            : MHD_create_response_from_callback(
                                  total, STREAM_PIECE, read_pieces, sent, end_pieces);
    if (made == NULL) end_pieces(sent);
    return made;
}

static struct MHD_Response *make_response(struct asg_http_exchange *exchange,
                                          struct asg_http_response *response)
{
    if (response->pieces.count > 0) return make_pieces(response);
    if (response->stream.read != NULL) return make_stream(response);
    if (response->send_only > 0) {
        exchange->send_only = response->send_only;
        exchange->sending = response->body;
        response->body = (struct asg_bytes){0};
        return MHD_create_response_from_callback(exchange->sending.length, 4096,
                                                 send_some, exchange, NULL);
    }
    struct MHD_Response *made = MHD_create_response_from_buffer(
        response->body.length, response->body.data,
        response->body.length > 0 ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
    asg_bytes_clear(&response->body);
    return made;
}

static enum MHD_Result send_response(struct MHD_Connection *connection,
                                     struct asg_http_exchange *exchange,
                                     struct asg_http_response *response)
{
    if (response->delay_ms > 0) wait_ms(response->delay_ms);
    if (response->close_without_reply) {
        clear_response(response);
        return MHD_NO; /* libmicrohttpd closes the connection */
    }
    struct MHD_Response *made = make_response(exchange, response);
    if (made == NULL) return MHD_NO;
    (void)MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE,
                                  response->content_type != NULL
                                      ? response->content_type
                                      : "text/plain; charset=utf-8");
    for (size_t i = 0; i < response->header_count; i++) {
        (void)MHD_add_response_header(made, response->names[i], response->values[i]);
    }
    asg_slow_client_start(exchange->server->clients, client_of(connection),
                          ASG_SLOW_ANSWER);
    unsigned status = response->status == 0 ? 500 : (unsigned)response->status;
    enum MHD_Result result = MHD_queue_response(connection, status, made);
    MHD_destroy_response(made);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection,
                              struct asg_http_exchange *exchange, int status,
                              const char *text)
{
    struct asg_http_response response = {.status = status};
    asg_bytes_append_text(&response.body, text);
    asg_http_add_header(&response, MHD_HTTP_HEADER_CONNECTION, "close");
    return send_response(connection, exchange, &response);
}

/* Sleep until the answer is there, if it is not; called again then. */
static enum MHD_Result send_later(struct MHD_Connection *connection,
                                  struct asg_http_exchange *exchange)
{
    struct asg_http_later *later = exchange->later;
    (void)pthread_mutex_lock(&later->shared->lock);
    if (later->shared->is_over) give_up(later);
    bool is_answered = later->is_answered;
    struct asg_http_response response = {0};
    if (is_answered) {
        response = later->response;
        later->response = (struct asg_http_response){0};
    } else if (later->connection == NULL) {
        later->connection = connection;
        MHD_suspend_connection(connection);
    }
    (void)pthread_mutex_unlock(&later->shared->lock);
    if (!is_answered) return MHD_YES;
    leave_later(exchange);
    return send_response(connection, exchange, &response);
}

static enum MHD_Result handle(struct asg_http_server *server,
                              struct MHD_Connection *connection, const char *method,
                              struct asg_http_exchange *exchange)
{
    asg_slow_client_stop(server->clients, client_of(connection));
    struct header_list headers = {.count = 0};
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, &headers);
    if (headers.is_cut) { /* what is not seen is not checked: a second length, say */
        return refuse(connection, exchange, 431, "too many headers\n");
    }
    char client[INET6_ADDRSTRLEN];
    write_client(connection, client, sizeof client);
    const struct asg_http_request request = {
        .method = method,
        .target = exchange->target,
        .headers = headers.items,
        .header_count = headers.count,
        .body = exchange->body.data,
        .body_length = exchange->body.length,
        .is_too_large = exchange->is_too_large,
        .client = client,
        .exchange = exchange,
    };
    size_t hosts = 0;
    (void)asg_http_header(&request, MHD_HTTP_HEADER_HOST, &hosts);
    if (hosts > 1 || (hosts == 0 && exchange->needs_host)) {
        return refuse(connection, exchange, 400, "one Host header, please\n");
    }
    size_t lengths = 0;
    size_t encodings = 0;
    (void)asg_http_header(&request, MHD_HTTP_HEADER_CONTENT_LENGTH, &lengths);
    (void)asg_http_header(&request, MHD_HTTP_HEADER_TRANSFER_ENCODING, &encodings);
    if (lengths > 1 || (lengths > 0 && encodings > 0)) {
        return refuse(connection, exchange, 400, "give one Content-Length\n");
    }
    struct asg_http_response response = {0};
    server->options.handler(server->options.context, &request, &response);
    if (exchange->later != NULL) {
        clear_response(&response);
        return send_later(connection, exchange);
    }
    return send_response(connection, exchange, &response);
}

static void keep_piece(struct asg_http_exchange *exchange, const char *piece,
                       size_t length)
{
    struct asg_http_server *server = exchange->server;
    const struct asg_http_options *options = &server->options;
    if (exchange->is_unwanted || exchange->is_too_large || exchange->is_one_too_many) {
        return;
    }
    if (exchange->body.length + length > options->max_body_bytes) {
        exchange->is_too_large = true;
        drop_body(exchange);
        return;
    }
    size_t before = atomic_fetch_add(&server->bytes_of_bodies, length);
    size_t most = options->max_bytes_of_bodies;
    if (most > 0 && before + length > most) {
        atomic_fetch_sub(&server->bytes_of_bodies, length);
        exchange->is_one_too_many = true;
        drop_body(exchange);
        return;
    }
    asg_bytes_append(&exchange->body, piece, length);
}

/* The headers are in. */
static void begin(struct asg_http_exchange *exchange, struct MHD_Connection *connection,
                  const char *method)
{
    const struct asg_http_options *options = &exchange->server->options;
    exchange->is_begun = true;
    if (options->wants_body == NULL) return;
    struct header_list headers = {.count = 0};
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, &headers);
    const struct asg_http_request request = {.method = method,
                                             .target = exchange->target,
                                             .headers = headers.items,
                                             .header_count = headers.count,
                                             .client = "",
                                             .exchange = exchange};
    exchange->is_unwanted = !options->wants_body(options->context, &request);
}

/* Called when the headers are in, for each piece of the body, and at its end. */
static enum MHD_Result take_part(void *context, struct MHD_Connection *connection,
                                 const char *url, const char *method, const char *version,
                                 const char *upload, size_t *upload_size, void **slot)
{
    (void)url;
    struct asg_http_server *server = context;
    struct asg_http_exchange *exchange = *slot;
    if (!exchange->is_begun) {
        exchange->needs_host = strcmp(version, MHD_HTTP_VERSION_1_0) != 0;
        begin(exchange, connection, method);
        return MHD_YES;
    }
    if (exchange->later != NULL) return send_later(connection, exchange);
    if (*upload_size > 0) {
        keep_piece(exchange, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    if (exchange->is_too_large && !server->options.handles_too_large) {
        return refuse(connection, exchange, 413, "the body is too large\n");
    }
    if (exchange->is_one_too_many) {
        return refuse(connection, exchange, 503, "too many requests are under way\n");
    }
    return handle(server, connection, method, exchange);
}

static void fill_defaults(struct asg_http_options *options)
{
    if (options->threads == 0) options->threads = THREADS;
    if (options->max_body_bytes == 0) options->max_body_bytes = BODY_BYTES_MAX;
    if (options->max_connections == 0) options->max_connections = CONNECTIONS_MAX;
    if (options->max_connections_per_address == 0) {
        options->max_connections_per_address = options->max_connections / 4 * 3;
    }
    if (options->timeout_s == 0) options->timeout_s = TIMEOUT_S;
    if (options->request_s == 0) options->request_s = REQUEST_S;
    if (options->answer_s == 0) options->answer_s = ANSWER_S;
}

static struct MHD_Daemon *start_daemon(struct asg_http_server *server,
                                       struct sockaddr *address)
{
    const struct asg_http_options *options = &server->options;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0,
         (void *)(uintptr_t)asg_http_certificate_show},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };
    if (server->certificate != NULL) {
        flags |= MHD_USE_TLS;
    } else {
        tls[0] = tls[2];
    }
    return MHD_start_daemon(
        flags, 0, NULL, NULL, take_part, server, MHD_OPTION_SOCK_ADDR, address,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)options->threads,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->max_connections,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)options->timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADER_MEMORY, MHD_OPTION_URI_LOG_CALLBACK,
        begin_exchange, server, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, end_exchange, server, MHD_OPTION_NOTIFY_CONNECTION,
        notice_connection, server, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
        MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static enum asg_status start(struct asg_http_server *server, struct sockaddr *address,
                             struct asg_error *error)
{
    struct asg_http_options *options = &server->options;
    /* libmicrohttpd accepts none beyond max_connections: some places are free before. */
    const struct asg_slow_options slow = {
        .limits_ms = {[ASG_SLOW_REQUEST] = (int64_t)options->request_s * 1000,
                      [ASG_SLOW_ANSWER] = (int64_t)options->answer_s * 1000},
        .most = options->max_connections - options->max_connections / SPARE_SHARE,
        .most_address = options->max_connections_per_address};
    enum asg_status status = asg_slow_clients_new(&slow, &server->clients, error);
    if (status == ASG_OK && options->certificate != NULL) {
        status = asg_http_certificate_new(options->certificate, options->private_key,
                                          &server->certificate, error);
    }
    if (status != ASG_OK) return status;
    options->certificate = NULL; /* they were lent */
    options->private_key = NULL;
    errno = 0;
    server->daemon = start_daemon(server, address);
    if (server->daemon != NULL) return ASG_OK;
    return asg_fail(error, ASG_ERR_IO, "cannot listen on %s:%u: %s", options->address,
                    options->port, errno != 0 ? strerror(errno) : "no daemon");
}

static void free_server(struct asg_http_server *server)
{
    asg_slow_clients_destroy(&server->clients);
    asg_http_certificate_destroy(&server->certificate);
    release_shared(server->shared);
    free(server);
}

enum asg_status asg_http_server_new(const struct asg_http_options *options,
                                    struct asg_http_server **ret, struct asg_error *error)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(options->port)};
    if (inet_pton(AF_INET, options->address, &address.sin_addr) != 1) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "'%s' is not an IPv4 address to listen on", options->address);
    }
    struct asg_http_server *server = asg_alloc(1, sizeof *server);
    server->options = *options;
    fill_defaults(&server->options);
    server->shared = asg_alloc(1, sizeof *server->shared);
    server->shared->references = 1;
    (void)pthread_mutex_init(&server->shared->lock, NULL);
    enum asg_status status = start(server, (struct sockaddr *)&address, error);
    if (status != ASG_OK) {
        free_server(server);
        return status;
    }
    *ret = server;
    return ASG_OK;
}

void asg_http_server_destroy(struct asg_http_server **server)
{
    if (*server == NULL) return;
    give_up_all((*server)->shared);
    MHD_stop_daemon((*server)->daemon);
    free_server(*server);
    *server = NULL;
}

enum asg_status asg_http_server_set_certificate(struct asg_http_server *server,
                                                const char *certificate,
                                                const char *private_key,
                                                struct asg_error *error)
{
    assert(server->certificate != NULL);
    return asg_http_certificate_set(server->certificate, certificate, private_key, error);
}

struct asg_http_connections asg_http_server_connections(struct asg_http_server *server)
{
    return (struct asg_http_connections){.open = atomic_load(&server->connections),
                                         .full = asg_slow_clients_ended(server->clients)};
}

uint16_t asg_http_server_port(const struct asg_http_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info != NULL ? info->port : 0;
}

const char *asg_http_header(const struct asg_http_request *request, const char *name,
                            size_t *ret_count)
{
    const char *value = NULL;
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) != 0) continue;
        if (value == NULL) value = request->headers[i].value;
        count++;
    }
    if (ret_count != NULL) *ret_count = count;
    return value;
}

void asg_http_add_header(struct asg_http_response *response, const char *name,
                         const char *value)
{
    if (response->header_count == ASG_HTTP_HEADERS_MAX) return;
    size_t i = response->header_count++;
    (void)snprintf(response->names[i], sizeof response->names[i], "%s", name);
    (void)snprintf(response->values[i], sizeof response->values[i], "%s", value);
}
