/* bus - frames between processes over ZeroMQ: CURVE, ZAP, and nobody else sees a socket.
 *
 * A listener (ROUTER) hears many peers, a connection (DEALER) one listener. A message is
 * one data frame. Encryption and keys are on unless allow_plaintext is said.
 * Identity is the peer's CURVE key, never its number: a peer can choose a routing id that
 * looks like ROUTER's own, and so the number of one that left (docs/wire.md,
 * "Transport"). Threads: a bus may be used from any; each listener and connection has one
 * owner.
 */
#ifndef ASG_BUS_BUS_H
#define ASG_BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bus/allow_list.h"
#include "bus/keys.h"

#define ASG_BUS_ENDPOINT_MAX 256
#define ASG_BUS_ADDRESS_MAX  64

struct asg_bus;
struct asg_bus_listener;
struct asg_bus_connection;
struct asg_bus_inlet;  /* inlet.h */
struct asg_bus_outlet; /* outlet.h */

/* How a connection stands. */
enum asg_bus_link {
    ASG_BUS_LINK_DOWN,    /* nobody there, or the wrong server key: it hangs up on us */
    ASG_BUS_LINK_REFUSED, /* our key is not admitted */
    ASG_BUS_LINK_UP
};

/* One per process: the ZeroMQ context with so many threads, and the ZAP handler, which is
 * up before any bind.
 * ASG_ERR_IO: no sockets or threads to be had. */
ASG_MUST_USE enum asg_status asg_bus_new(int io_threads, struct asg_bus **ret,
                                         struct asg_error *error);
/* After all its listeners and connections. */
void asg_bus_destroy(struct asg_bus **bus);

/* Connections refused because their key is not on the list, since the start. */
uint64_t asg_bus_refused_count(struct asg_bus *bus);

/* libzmq's threads do the handshakes and the ciphers. Each lane has its own as far as
 * there are enough of them: with three or more, orders one, jobs one, and reports the
 * rest; with two, orders and jobs share one. */
enum asg_bus_lane { ASG_BUS_LANE_REPORTS, ASG_BUS_LANE_JOBS, ASG_BUS_LANE_ORDERS };

struct asg_bus_listen_options {
    const char *endpoint; /* "tcp://127.0.0.1:7701"; port * picks a free one */
    const char *domain;   /* of this trust level: "agents", "workers", "admin" */
    const struct asg_bus_keys *keys;   /* lent for the call */
    struct asg_allow_list *allow_list; /* lent for good; NULL: nobody may connect */
    size_t max_message_bytes;          /* 0: 1 MiB */
    int high_water;                    /* messages queued a peer each way; 0: 1000 */
    int received_max;     /* of these, its own that nobody has read yet; 0: high_water */
    int64_t handshake_ms; /* 0: 5 s */
    bool allow_plaintext; /* no encryption, no keys: for measurements only */
    enum asg_bus_lane lane;
    uint32_t connections_key;     /* live ones of one key at most; 0: any number */
    uint32_t handshakes_key_hour; /* of one key in an hour; 0: any number */
    int64_t silent_ms; /* a connection that says nothing at first is ended; 0: 30 s */
    uint32_t handshakes_key_burst; /* at once, when it has long made none; 0: 1 */
};

/* Bind. ASG_ERR_IO: the address is taken or not ours; the text says which. */
ASG_MUST_USE enum asg_status asg_bus_listener_new(
    struct asg_bus *bus, const struct asg_bus_listen_options *options,
    struct asg_bus_listener **ret, struct asg_error *error);
/* Its address is free again a moment later, when ZeroMQ's thread has closed it; for
 * certain after asg_bus_destroy(). */
void asg_bus_listener_destroy(struct asg_bus_listener **listener);

/* Where it is really bound. Lives as long as the listener. */
const char *asg_bus_listener_endpoint(const struct asg_bus_listener *listener);

struct asg_bus_message {
    /* A live connection. Not used again while it lives, but perhaps afterwards, by a peer
     * with another key. */
    uint32_t peer;
    const uint8_t *data;
    size_t length;
    void *frame;   /* the bus's own ... */
    uint16_t port; /* ... and of its listener */
};

/* The next message, without waiting; its data lives until the next receive.
 * ASG_ERR_EMPTY: none now, or so many were dropped that others have their turn. Frames
 * that are none of ours are counted and dropped. */
ASG_MUST_USE enum asg_status asg_bus_listener_receive(struct asg_bus_listener *listener,
                                                      struct asg_bus_message *ret);

/* Public key (z85) and address of the peer of a message just received; NULL in plaintext
 * or when ZeroMQ does not say. 16 ns when in the cache, some 100 when not: cheap enough
 * to compare the key of every message with that of the peer's first. */
const char *asg_bus_message_user_key(const struct asg_bus_message *message);
const char *asg_bus_message_peer_address(const struct asg_bus_message *message);
/* The descriptor it came by, which may be closed by now, and its number another's; -1:
 * ZeroMQ does not say. */
int asg_bus_message_fd(const struct asg_bus_message *message);

/* Queue one message, without waiting.
 * ASG_ERR_CLOSED: that peer is gone. ASG_ERR_BUSY: its queue is full. */
enum asg_status asg_bus_listener_send(struct asg_bus_listener *listener, uint32_t peer,
                                      const void *data, size_t length);

/* End the connection that a message just came by: its key counts no more. What came by it
 * before may still be received. */
void asg_bus_message_shut(const struct asg_bus_message *message);

/* Connections that were ended: their key is on the list no more, or has too many, or they
 * said nothing. */
uint64_t asg_bus_listener_shut_count(const struct asg_bus_listener *listener);

uint64_t asg_bus_listener_dropped(const struct asg_bus_listener *listener);

struct asg_bus_connect_options {
    const char *endpoint;       /* "tcp://10.0.0.5:7702" */
    const char *source_address; /* local address to come from; NULL or "": any */
    const char *server_key;     /* z85 public key of the listener */
    const struct asg_bus_keys *keys;
    size_t max_message_bytes; /* 0: 1 MiB */
    int high_water;           /* 0: 1000 */
    int64_t reconnect_ms;     /* first pause, 0: 100 ms; doubles up to ... */
    int64_t reconnect_ms_max; /* 0: 5 s */
    bool allow_plaintext;
};

/* Connect in the background; messages wait up to the high-water mark until the listener
 * is there. Reconnects by itself. ASG_ERR_INVALID: not an endpoint, or not a key. */
ASG_MUST_USE enum asg_status asg_bus_connection_new(
    struct asg_bus *bus, const struct asg_bus_connect_options *options,
    struct asg_bus_connection **ret, struct asg_error *error);
/* Waits at most a second for what is queued to leave. */
void asg_bus_connection_destroy(struct asg_bus_connection **connection);

ASG_MUST_USE enum asg_status asg_bus_connection_receive(
    struct asg_bus_connection *connection, struct asg_bus_message *ret);
/* ASG_ERR_BUSY: the queue is full (the listener is away). */
enum asg_status asg_bus_connection_send(struct asg_bus_connection *connection,
                                        const void *data, size_t length);

/* How it stands, from ZeroMQ's own events, which this reads; ret_why (may be NULL) says
 * it in words that live until the next call. A refused connection tries again by itself,
 * with what was queued forgotten. */
enum asg_bus_link asg_bus_connection_link(struct asg_bus_connection *connection,
                                          const char **ret_why);

/* A thing another thread can wake a poll with. */
struct asg_bus_waker;
ASG_MUST_USE enum asg_status asg_bus_waker_new(struct asg_bus_waker **ret);
void asg_bus_waker_destroy(struct asg_bus_waker **waker);
void asg_bus_waker_wake(struct asg_bus_waker *waker); /* any thread, async-signal-safe */
void asg_bus_waker_clear(struct asg_bus_waker *waker);
int asg_bus_waker_fd(const struct asg_bus_waker *waker);

/* One of listener, connection, inlet, outlet (readable: its link changed), waker, or else
 * fd. */
struct asg_bus_poll_item {
    struct asg_bus_listener *listener;
    struct asg_bus_connection *connection;
    struct asg_bus_inlet *inlet;
    struct asg_bus_outlet *outlet;
    struct asg_bus_waker *waker;
    int fd;
    bool is_readable; /* out */
};

#define ASG_BUS_POLL_MAX 16

/* Wait until one is readable or timeout_ms is over (-1: for ever). A signal ends the wait
 * early, and so does what becomes of a connection. Returns how many are. */
int asg_bus_poll(struct asg_bus_poll_item *items, size_t count, int64_t timeout_ms);

/* A file descriptor that becomes readable when the connection may have something: for
 * loops that are not ours. Edge-triggered: receive until EMPTY each time, also once
 * after sending. */
int asg_bus_connection_fd(const struct asg_bus_connection *connection);

#endif
