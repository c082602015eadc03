/* door - who stands at a ROUTER: its live connections by descriptor, whose key each is,
 * and how many a key has. Inside lib/bus only.
 *
 * libzmq says which descriptors open and close (the socket's monitor) and, with each
 * message, its descriptor and key, but never which key is behind one that is silent. So a
 * connection counts for its key from its first message on, and one that says nothing for
 * silent_ms is ended. An event of a connection is there before its first message.
 * Threads: that of the socket.
 */
#ifndef ASG_BUS_DOOR_H
#define ASG_BUS_DOOR_H

#include "bus/socket.h"

struct door;

struct door_options {
    const char *domain;
    struct asg_allow_list *list; /* NULL: nobody */
    uint32_t connections_key;    /* live ones of a key at most; 0: any number */
    int64_t silent_ms;           /* 0: 30 s */
    uint16_t port;
};

/* Watch a socket from before it is bound. ASG_ERR_IO: no monitor to be had. */
ASG_MUST_USE enum asg_status door_new(struct asg_bus *bus, void *socket,
                                      struct door **ret, struct asg_error *error);
void door_destroy(struct door **door);
void door_open(struct door *door, const struct door_options *options);

/* Once a turn: events, connections that are silent, keys that are allowed no more. */
void door_look(struct door *door);

/* May this message come in? False: its connection is ended, forget it. */
bool door_admits(struct door *door, zmq_msg_t *frame);

/* What a poll is to wake for besides messages, so that the address of one who is gone at
 * once is still seen; NULL: not now, it was just looked at. */
void *door_monitor(const struct door *door);

uint64_t door_shut_count(const struct door *door);

#endif
