/* ec2_transport - how a signed request gets to EC2 and its answer comes back. Private to
 * ec2_client and to those who put another transport under it.
 *
 * The client knows calls, repeats, limits and what an answer means; a transport knows
 * connections. ec2_transport_curl.c is the real one; a simulator brings its own table
 * (asg_ec2_client_options.transport), so that the client itself runs unchanged on a
 * network and a clock that are not real.
 *
 * Flow:    exchange_new -> start -> take_body* -> ended -> start -> ...
 * Threads: the client's owner; `wake` may be called by any.
 * Blocks:  only `poll`.
 */
#ifndef ASG_AWS_EC2_TRANSPORT_H
#define ASG_AWS_EC2_TRANSPORT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/endpoint.h"
#include "aws/sigv4.h"
#include "base/error.h"
#include "base/status.h"

#define ASG_EC2_CONTENT_TYPE_MAX 63
#define ASG_EC2_LOCATION_MAX     255

/* One request: POST to the endpoint's path. Everything must stay until it ended. */
struct asg_ec2_request {
    const struct asg_sigv4_header *headers; /* all that are signed, Host included */
    size_t header_count;
    const void *body;
    size_t body_length;
    int64_t timeout_ms; /* for connecting, sending and the whole answer */
    /* Not over a connection that is there already: the one before may be dead without a
     * word, and with HTTP/2 it is kept for the others on it. */
    bool wants_new_connection;
};

/* How a request ended. */
struct asg_ec2_answer {
    bool is_whole;         /* a whole answer came */
    bool may_have_arrived; /* not whole: some of the request had left */
    uint32_t http_status;  /* 0: none came */
    const char *failure; /* why it is not whole, and what to do; until `ended` returns */
    int64_t date_ms;     /* of the Date header; -1 */
    int64_t retry_after_ms;                          /* x-amz-retry-after; -1 */
    char content_type[ASG_EC2_CONTENT_TYPE_MAX + 1]; /* cut; "" */
    char location[ASG_EC2_LOCATION_MAX + 1];         /* of a redirect; cut; "" */
};

/* What a transport tells the owner of an exchange, from within `poll` only. */
struct asg_ec2_hooks {
    /* A piece of the body, decoded. False: stop, the exchange ends as not whole. */
    bool (*take_body)(void *owner, const void *data, size_t length);
    /* It is over; the exchange may be started again or destroyed later on. */
    void (*ended)(void *owner, const struct asg_ec2_answer *answer);
};

struct asg_ec2_transport_options {
    struct asg_endpoint endpoint;
    uint32_t in_flight_max;
    int64_t connect_ms;
    const char *ca_file; /* NULL: the system's; lent until close */
    struct asg_ec2_hooks hooks;
    void *context; /* of the kind: asg_ec2_client_options.transport_context */
};

struct asg_ec2_transport; /* what a kind makes of it */
struct asg_ec2_exchange;  /* one request at a time, used again and again */

struct asg_ec2_transport_kind {
    enum asg_status (*open)(const struct asg_ec2_transport_options *options,
                            struct asg_ec2_transport **ret, struct asg_error *error);
    /* After all its exchanges are destroyed. */
    void (*close)(struct asg_ec2_transport *transport);

    /* NULL: no more to be had. */
    struct asg_ec2_exchange *(*exchange_new)(struct asg_ec2_transport *transport,
                                             void *owner);
    /* Cancels what is under way without a word. */
    void (*exchange_destroy)(struct asg_ec2_exchange *exchange);
    /* Begin; the rest happens in `poll`. Anything but ASG_OK: nothing was begun. */
    enum asg_status (*start)(struct asg_ec2_exchange *exchange,
                             const struct asg_ec2_request *request);

    /* Wait until an exchange, one of `extra` or `wake` has something, or for `timeout_ms`
     * (the client's own next moment is in it), then work and call the hooks. revents of
     * `extra` is set as poll(2) does for POLLIN and POLLOUT. */
    enum asg_status (*poll)(struct asg_ec2_transport *transport, struct pollfd *extra,
                            size_t extra_count, int64_t timeout_ms);
    void (*wake)(struct asg_ec2_transport *transport);
};

/* Over the network, by libcurl. */
extern const struct asg_ec2_transport_kind asg_ec2_transport_curl;

#endif
