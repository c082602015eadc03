/* outlet - the agent's end of inlet.h: a PUSH that knows whether it is heard.
 * Threads: one owner.
 */
#ifndef ASG_BUS_OUTLET_H
#define ASG_BUS_OUTLET_H

#include "base/error.h"
#include "bus/bus.h"

struct asg_bus_outlet;

/* Options as of a connection; high_water 0: 1. */
ASG_MUST_USE enum asg_status asg_bus_outlet_new(
    struct asg_bus *bus, const struct asg_bus_connect_options *options,
    struct asg_bus_outlet **ret, struct asg_error *error);
void asg_bus_outlet_destroy(struct asg_bus_outlet **outlet);

/* Queue one message, without waiting. ASG_ERR_BUSY: the last one has not left yet, or
 * there is no connection. */
enum asg_status asg_bus_outlet_send(struct asg_bus_outlet *outlet, const void *data,
                                    size_t length);

/* How the connection stands, from ZeroMQ's own events (zmq_socket_monitor), which this
 * reads. ret_why (may be NULL) says it in words that live until the next call. */
enum asg_bus_link asg_bus_outlet_link(struct asg_bus_outlet *outlet,
                                      const char **ret_why);

#endif
