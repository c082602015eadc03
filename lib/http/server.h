/* server - a small HTTP/1.1 server over libmicrohttpd: one handler for all requests.
 *
 * For the controller's probes and metrics, ec2local's API, and the AWS Query API:
 * the handler sees the target and the body byte for byte as they came, because a
 * signature covers them. Both Content-Length and Transfer-Encoding, or not one Host
 * (HTTP/1.1): 400. Too large a body: 413. More than 100 headers: 431. A client that is
 * slow, or one of too many, loses its connection; the others do not notice: who sends or
 * reads slowly costs memory and no thread, so that max_connections may be many thousands.
 *
 * An answer is a body, or a stream that the server reads as fast as the client takes it.
 * It may be given at once, by the handler, or later by any thread (asg_http_wait()),
 * while the request costs no thread either.
 * Threads: handlers run on the server's threads, several at once; so do the streams'
 * reads.
 */
#ifndef ASG_HTTP_SERVER_H
#define ASG_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"

struct asg_http_server;

struct asg_http_header {
    const char *name;
    const char *value;
};

/* Lent to the handler for the call. */
struct asg_http_request {
    const char *method;                    /* "POST" */
    const char *target;                    /* path and query, not decoded: "/a%20b?x=1" */
    const struct asg_http_header *headers; /* in the order they came */
    size_t header_count;
    const void *body;
    size_t body_length;
    bool is_too_large;                  /* there was a body, and it is left out */
    const char *client;                 /* address of the peer, "127.0.0.1" */
    struct asg_http_exchange *exchange; /* the server's own, for asg_http_wait() */
};

/* A body in pieces. `read` writes at most `most` bytes (up to 32 KiB are asked for) and
 * says how many: 0 ends the body, below 0 drops the connection, because it cannot be
 * finished. It may not block. `end` (may be NULL) is called once, when the last byte was
 * taken, the client is gone or the answer is never sent. */
struct asg_http_stream {
    ssize_t (*read)(void *context, char *buffer, size_t most);
    void (*end)(void *context);
    void *context;
};

/* A body that lies about in pieces, sent from where they are: up to a thousand are not
 * copied, and its length is known. They stay as they are until `end` (may be NULL), which
 * is called once, as that of a stream. The list itself is copied. */
struct asg_http_piece {
    const void *data;
    size_t length;
};

struct asg_http_pieces {
    const struct asg_http_piece *items;
    size_t count;
    void (*end)(void *context);
    void *context;
};

#define ASG_HTTP_HEADERS_MAX 16

/* What the handler fills; status 0 counts as 500. Header texts are copied. */
struct asg_http_response {
    int status;
    const char *content_type;      /* static; NULL: text/plain; charset=utf-8 */
    struct asg_bytes body;         /* taken over by the server */
    struct asg_http_stream stream; /* instead of the body when it has a `read` */
    struct asg_http_pieces pieces; /* instead of both when it has some */
    char names[ASG_HTTP_HEADERS_MAX][64];
    char values[ASG_HTTP_HEADERS_MAX][512];
    size_t header_count;
    /* For a server that plays a bad one (ec2local's faults): */
    int64_t delay_ms; /* wait before answering; holds a thread of the server */
    bool
        close_without_reply; /* drop the connection after the handler has done its work */
    int64_t send_only;       /* > 0: announce the whole body, send so many bytes, drop */
};

/* In place of an answer: it comes later. Called by the handler, which then returns and
 * leaves its response as it was; the request's memory ends with the handler. The caller
 * owns the answer that is owed and gives it with asg_http_answer(), from any thread,
 * before the handler has returned too. No clock of the server runs meanwhile: the owner
 * decides how long. */
struct asg_http_later;
struct asg_http_later *asg_http_wait(const struct asg_http_request *request);

/* Give it; *later is NULL afterwards. Takes over the response's body and stream. The
 * client may be gone, or the server destroyed: then it goes nowhere. Blocks: never. */
void asg_http_answer(struct asg_http_later **later, struct asg_http_response *response);

typedef void asg_http_handler(void *context, const struct asg_http_request *request,
                              struct asg_http_response *response);

struct asg_http_options {
    const char *address;   /* "127.0.0.1" */
    uint16_t port;         /* 0: a free one */
    uint32_t threads;      /* 0: 4 */
    size_t max_body_bytes; /* 0: 1 MiB */
    /* Of all requests under way: one that would be over it is answered with 503, and its
     * body is let go as it comes; 0: no bound. */
    size_t max_bytes_of_bodies;
    /* Asked when the headers are in: false, and the body is let go as it comes, so that
     * the handler sees none. NULL: all are kept. */
    bool (*wants_body)(void *context, const struct asg_http_request *request);
    uint32_t max_connections; /* 0: 256 */
    /* Of one client address: one more, and the oldest of them that has not sent a request
     * yet is closed. The same when seven eighths of all are taken, and then of the
     * address that has most. 0: three quarters of all. */
    uint32_t max_connections_per_address;
    uint32_t timeout_s; /* of a silent connection; 0: 10 */
    /* From the start of a connection, or the end of its last answer, until a request is
     * here whole, however busily its bytes trickle; 0: 60. */
    uint32_t request_s;
    /* And until its answer is taken; 0: 600. What an answer reads from is held so long.
     */
    uint32_t answer_s;
    /* PEM texts, lent for the call: TLS (1.2 or newer). NULL: plain. */
    const char *certificate; /* the server's, then those that lead to its root */
    const char *private_key;
    /* The handler is asked for too large bodies too, with `is_too_large` and no body, and
     * answers 413 in its own words. */
    bool handles_too_large;
    asg_http_handler *handler;
    void *context;
};

/* ASG_ERR_IO: cannot listen there; the text says why. */
ASG_MUST_USE enum asg_status asg_http_server_new(const struct asg_http_options *options,
                                                 struct asg_http_server **ret,
                                                 struct asg_error *error);
/* Waits for handlers that run. Answers that are still owed are given up: their clients
 * get a 503 or a closed connection. */
void asg_http_server_destroy(struct asg_http_server **server);

/* Connections from now on get this certificate (PEM texts as in the options); those that
 * are open keep theirs. Only for a server that began with one. ASG_ERR_INVALID: not a
 * certificate and its key; the old one stays. */
ASG_MUST_USE enum asg_status asg_http_server_set_certificate(
    struct asg_http_server *server, const char *certificate, const char *private_key,
    struct asg_error *error);

struct asg_http_connections {
    size_t open;   /* now */
    uint64_t full; /* how many idle ones were closed to make room for who came */
};
struct asg_http_connections asg_http_server_connections(struct asg_http_server *server);

uint16_t asg_http_server_port(const struct asg_http_server *server);

/* Value of a header by its name without regard to case; NULL when it is not there.
 * *ret_count (may be NULL) is how often it came. */
const char *asg_http_header(const struct asg_http_request *request, const char *name,
                            size_t *ret_count);

/* Add a header to the answer; more than ASG_HTTP_HEADERS_MAX are left out. */
void asg_http_add_header(struct asg_http_response *response, const char *name,
                         const char *value);

#endif
