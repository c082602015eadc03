/* connection - the DEALER end: one listener, reconnecting by itself. */
#include "bus/bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "bus/link.h"
#include "bus/socket.h"

#define RECONNECT_MS     100
#define RECONNECT_MS_MAX 5000
#define LINGER_MS        1000
#define REFUSED_MS_MAX   5000 /* between two tries of a key that is refused */
#define CONNECT_MS       5000 /* the system would wait two minutes for a black hole */

static bool set_security(void *socket, const struct asg_bus_connect_options *options)
{
    if (options->allow_plaintext) return true;
    return zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, options->server_key,
                          ASG_BUS_KEY_SIZE) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, options->keys->public_key,
                          ASG_BUS_KEY_SIZE) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, options->keys->secret_key,
                          ASG_BUS_KEY_SIZE) == 0;
}

bool set_connecting(void *socket, const struct asg_bus_connect_options *options)
{
    int64_t first_ms = options->reconnect_ms > 0 ? options->reconnect_ms : RECONNECT_MS;
    int64_t most_ms =
        options->reconnect_ms_max > 0 ? options->reconnect_ms_max : RECONNECT_MS_MAX;
    return set_int(socket, ZMQ_RECONNECT_IVL, (int)first_ms) &&
           set_int(socket, ZMQ_RECONNECT_IVL_MAX, (int)most_ms) &&
           set_int(socket, ZMQ_CONNECT_TIMEOUT, CONNECT_MS) &&
           set_security(socket, options);
}

/* "tcp://host:port", with a source "tcp://source:0;host:port". */
void write_endpoint(const struct asg_bus_connect_options *options, char *ret, size_t size)
{
    static const char scheme[] = "tcp://";
    bool has_source =
        options->source_address != NULL && options->source_address[0] != '\0';
    if (has_source && strncmp(options->endpoint, scheme, strlen(scheme)) == 0) {
        (void)snprintf(ret, size, "tcp://%s:0;%s", options->source_address,
                       options->endpoint + strlen(scheme));
    } else {
        (void)snprintf(ret, size, "%s", options->endpoint);
    }
}

static bool set_options(void *socket, const struct asg_bus_connect_options *options)
{
    return set_common_options(socket, options->high_water, options->max_message_bytes) &&
           set_heartbeats(socket) && set_int(socket, ZMQ_LINGER, LINGER_MS) &&
           set_connecting(socket, options);
}

enum asg_status asg_bus_connection_new(struct asg_bus *bus,
                                       const struct asg_bus_connect_options *options,
                                       struct asg_bus_connection **ret,
                                       struct asg_error *error)
{
    if (!options->allow_plaintext && !asg_bus_is_key(options->server_key)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "the public key of %s is missing or is not a key",
                        options->endpoint);
    }
    char endpoint[2 * ASG_BUS_ENDPOINT_MAX];
    write_endpoint(options, endpoint, sizeof endpoint);
    struct asg_bus_connection *connection = asg_alloc(1, sizeof *connection);
    struct link *link = &connection->link;
    void *socket = zmq_socket(bus->context, ZMQ_DEALER);
    bool is_up =
        socket != NULL && set_options(socket, options) &&
        link_open(link, bus, socket, endpoint, options->endpoint, REFUSED_MS_MAX) &&
        zmq_connect(socket, endpoint) == 0;
    if (!is_up) {
        int code = zmq_errno();
        link_close(link);
        if (socket != NULL) (void)zmq_close(socket);
        free(connection);
        return asg_fail(error, ASG_ERR_INVALID, "cannot connect to %s: %s", endpoint,
                        zmq_strerror(code));
    }
    connection->socket = socket;
    (void)zmq_msg_init(&connection->frame);
    *ret = connection;
    return ASG_OK;
}

void asg_bus_connection_destroy(struct asg_bus_connection **connection)
{
    if (*connection == NULL) return;
    link_close(&(*connection)->link);
    (void)zmq_msg_close(&(*connection)->frame);
    (void)zmq_close((*connection)->socket);
    free(*connection);
    *connection = NULL;
}

enum asg_status asg_bus_connection_receive(struct asg_bus_connection *connection,
                                           struct asg_bus_message *ret)
{
    zmq_msg_t *frame = &connection->frame;
    link_turn(&connection->link);
    for (;;) {
        if (zmq_msg_recv(frame, connection->socket, ZMQ_DONTWAIT) < 0) {
            return ASG_ERR_EMPTY;
        }
        if (zmq_msg_more(frame) == 0) break;
        while (zmq_msg_more(frame) != 0) { /* several frames are none of ours */
            if (zmq_msg_recv(frame, connection->socket, ZMQ_DONTWAIT) < 0) break;
        }
    }
    *ret = (struct asg_bus_message){
        .data = zmq_msg_data(frame), .length = zmq_msg_size(frame), .frame = frame};
    return ASG_OK;
}

enum asg_status asg_bus_connection_send(struct asg_bus_connection *connection,
                                        const void *data, size_t length)
{
    if (zmq_send(connection->socket, data, length, ZMQ_DONTWAIT) >= 0) return ASG_OK;
    return zmq_errno() == EAGAIN ? ASG_ERR_BUSY : ASG_ERR_CLOSED;
}

enum asg_bus_link asg_bus_connection_link(struct asg_bus_connection *connection,
                                          const char **ret_why)
{
    link_turn(&connection->link);
    if (ret_why != NULL) *ret_why = connection->link.why;
    return connection->link.state;
}

int asg_bus_connection_fd(const struct asg_bus_connection *connection)
{
    int fd = -1;
    size_t size = sizeof fd;
    (void)zmq_getsockopt(connection->socket, ZMQ_FD, &fd, &size);
    return fd;
}
