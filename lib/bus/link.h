/* link - how a connecting socket stands, from its monitor (zmq_socket_monitor), and the
 * reconnect that libzmq leaves to us: after "refused" it never tries again by itself.
 * Inside lib/bus only. Threads: that of the socket. */
#ifndef ASG_BUS_LINK_H
#define ASG_BUS_LINK_H

#include "bus/socket.h"

/* Watch the socket, before it connects. False: zmq_errno() says why. */
bool link_open(struct link *link, struct asg_bus *bus, void *socket, const char *endpoint,
               const char *shown, int64_t pause_ms_max);
void link_close(struct link *link);

/* Read the events; connect again when it is time. */
void link_turn(struct link *link);
/* How long until a turn has something to do; -1: nothing by itself. */
int64_t link_wait_ms(const struct link *link);

#endif
