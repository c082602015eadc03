#include "bus/outlet.h"

#include <stdlib.h>

#include "base/arena.h"
#include "bus/link.h"
#include "bus/socket.h"

#define RECONNECT_MS_MAX 5000
#define LINGER_MS        1000

/* IMMEDIATE: a report goes to a connection that stands or nowhere; the next is as good.
 */
static bool set_options(void *socket, const struct asg_bus_connect_options *options)
{
    int high_water = options->high_water > 0 ? options->high_water : 1;
    return set_common_options(socket, high_water, options->max_message_bytes) &&
           set_heartbeats(socket) && set_int(socket, ZMQ_LINGER, LINGER_MS) &&
           set_int(socket, ZMQ_IMMEDIATE, 1) && set_connecting(socket, options);
}

enum asg_status asg_bus_outlet_new(struct asg_bus *bus,
                                   const struct asg_bus_connect_options *options,
                                   struct asg_bus_outlet **ret, struct asg_error *error)
{
    if (!options->allow_plaintext && !asg_bus_is_key(options->server_key)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "the public key of %s is missing or is not a key",
                        options->endpoint);
    }
    char endpoint[2 * ASG_BUS_ENDPOINT_MAX];
    write_endpoint(options, endpoint, sizeof endpoint);
    int64_t pause_ms_max =
        options->reconnect_ms_max > 0 ? options->reconnect_ms_max : RECONNECT_MS_MAX;
    struct asg_bus_outlet *outlet = asg_alloc(1, sizeof *outlet);
    struct link *link = &outlet->link;
    outlet->socket = zmq_socket(bus->context, ZMQ_PUSH);
    bool is_up =
        outlet->socket != NULL && set_options(outlet->socket, options) &&
        link_open(link, bus, outlet->socket, endpoint, options->endpoint, pause_ms_max) &&
        zmq_connect(outlet->socket, endpoint) == 0;
    if (!is_up) {
        enum asg_status status =
            asg_fail(error, ASG_ERR_INVALID, "cannot connect to %s: %s", endpoint,
                     zmq_strerror(zmq_errno()));
        asg_bus_outlet_destroy(&outlet);
        return status;
    }
    link->is_patient = true;
    *ret = outlet;
    return ASG_OK;
}

void asg_bus_outlet_destroy(struct asg_bus_outlet **outlet)
{
    if (*outlet == NULL) return;
    link_close(&(*outlet)->link);
    if ((*outlet)->socket != NULL) (void)zmq_close((*outlet)->socket);
    free(*outlet);
    *outlet = NULL;
}

enum asg_status asg_bus_outlet_send(struct asg_bus_outlet *outlet, const void *data,
                                    size_t length)
{
    link_turn(&outlet->link);
    if (zmq_send(outlet->socket, data, length, ZMQ_DONTWAIT) >= 0) return ASG_OK;
    return ASG_ERR_BUSY;
}

enum asg_bus_link asg_bus_outlet_link(struct asg_bus_outlet *outlet, const char **ret_why)
{
    link_turn(&outlet->link);
    outlet->link.is_changed = false;
    if (ret_why != NULL) *ret_why = outlet->link.why;
    return outlet->link.state;
}
