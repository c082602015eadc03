/* listener - the ROUTER end: many peers, one data frame a message. */
#include "bus/bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "bus/door.h"
#include "bus/socket.h"

#define HANDSHAKE_MS   5000
#define DROPPED_MAX    512 /* in a row, before whoever receives has other things to do */
#define IDENTITY_BYTES 5   /* of those ROUTER makes itself: a zero byte and a number */

static bool set_options(const struct asg_bus *bus, void *socket,
                        const struct asg_bus_listen_options *options)
{
    uint64_t threads = lane_mask(bus, options->lane);
    const struct asg_bus_keys *keys = options->allow_plaintext ? NULL : options->keys;
    int handshake_ms =
        options->handshake_ms > 0 ? (int)options->handshake_ms : HANDSHAKE_MS;
    int received_max =
        options->received_max > 0 ? options->received_max : options->high_water;
    return set_common_options(socket, options->high_water, options->max_message_bytes) &&
           (received_max == 0 || set_int(socket, ZMQ_RCVHWM, received_max)) &&
           set_heartbeats(socket) &&
           zmq_setsockopt(socket, ZMQ_AFFINITY, &threads, sizeof threads) == 0 &&
           set_int(socket, ZMQ_LINGER, 0) && set_int(socket, ZMQ_ROUTER_MANDATORY, 1) &&
           set_int(socket, ZMQ_HANDSHAKE_IVL, handshake_ms) &&
           set_int(socket, ZMQ_BACKLOG, 4096) &&
           set_curve_server(socket, keys, options->domain);
}

static void give_rule(struct asg_bus *bus, const struct asg_bus_listen_options *options)
{
    const struct zap_rule rule = {.list = options->allow_list,
                                  .handshakes_key_hour = options->handshakes_key_hour,
                                  .handshakes_key_burst = options->handshakes_key_burst};
    zap_set_domain(bus->zap, options->domain, &rule);
}

static enum asg_status bind_socket(struct asg_bus *bus,
                                   const struct asg_bus_listen_options *options,
                                   struct asg_bus_listener *listener,
                                   struct asg_error *error)
{
    void *socket = zmq_socket(bus->context, ZMQ_ROUTER);
    listener->socket = socket;
    enum asg_status status = ASG_OK;
    bool is_set = socket != NULL && set_options(bus, socket, options);
    if (is_set && options->allow_list != NULL) {
        status = door_new(bus, socket, &listener->door, error);
    }
    if (status != ASG_OK) return status;
    if (!is_set || zmq_bind(socket, options->endpoint) != 0) {
        return asg_fail(error, ASG_ERR_IO, "cannot listen on %s: %s", options->endpoint,
                        zmq_strerror(zmq_errno()));
    }
    find_bound(socket, listener->endpoint, &listener->port);
    if (listener->door == NULL) return ASG_OK;
    const struct door_options door = {.domain = options->domain,
                                      .list = options->allow_list,
                                      .connections_key = options->connections_key,
                                      .silent_ms = options->silent_ms,
                                      .port = listener->port};
    door_open(listener->door, &door);
    return ASG_OK;
}

enum asg_status asg_bus_listener_new(struct asg_bus *bus,
                                     const struct asg_bus_listen_options *options,
                                     struct asg_bus_listener **ret,
                                     struct asg_error *error)
{
    enum asg_status status = options->allow_plaintext ? ASG_OK : start_zap(bus, error);
    if (status != ASG_OK) return status;
    if (!options->allow_plaintext) give_rule(bus, options);
    struct asg_bus_listener *listener = asg_alloc(1, sizeof *listener);
    (void)zmq_msg_init(&listener->identity);
    (void)zmq_msg_init(&listener->frame);
    status = bind_socket(bus, options, listener, error);
    if (status != ASG_OK) {
        asg_bus_listener_destroy(&listener);
        return status;
    }
    *ret = listener;
    return ASG_OK;
}

void asg_bus_listener_destroy(struct asg_bus_listener **listener)
{
    if (*listener == NULL) return;
    door_destroy(&(*listener)->door);
    (void)zmq_msg_close(&(*listener)->identity);
    (void)zmq_msg_close(&(*listener)->frame);
    if ((*listener)->socket != NULL) (void)zmq_close((*listener)->socket);
    free(*listener);
    *listener = NULL;
}

const char *asg_bus_listener_endpoint(const struct asg_bus_listener *listener)
{
    return listener->endpoint;
}

uint64_t asg_bus_listener_shut_count(const struct asg_bus_listener *listener)
{
    return listener->door == NULL ? 0 : door_shut_count(listener->door);
}

uint64_t asg_bus_listener_dropped(const struct asg_bus_listener *listener)
{
    return listener->dropped;
}

/* Read and forget the rest of a message that is not ours. */
static void skip_rest(struct asg_bus_listener *listener)
{
    while (zmq_msg_more(&listener->frame) != 0) {
        if (zmq_msg_recv(&listener->frame, listener->socket, ZMQ_DONTWAIT) < 0) return;
    }
}

static bool is_own_identity(zmq_msg_t *identity)
{
    const uint8_t *bytes = zmq_msg_data(identity);
    return zmq_msg_size(identity) == IDENTITY_BYTES && bytes[0] == 0;
}

enum asg_status asg_bus_listener_receive(struct asg_bus_listener *listener,
                                         struct asg_bus_message *ret)
{
    for (int i = 0; i < DROPPED_MAX; i++) {
        if (zmq_msg_recv(&listener->identity, listener->socket, ZMQ_DONTWAIT) < 0) {
            if (listener->door != NULL) door_look(listener->door);
            return ASG_ERR_EMPTY;
        }
        /* The parts of a message arrive together: none of these waits. */
        if (zmq_msg_more(&listener->identity) == 0 ||
            zmq_msg_recv(&listener->frame, listener->socket, ZMQ_DONTWAIT) < 0) {
            listener->dropped++;
            continue;
        }
        if (zmq_msg_more(&listener->frame) != 0 ||
            !is_own_identity(&listener->identity)) {
            skip_rest(listener);
            listener->dropped++;
            continue;
        }
        if (listener->door != NULL && !door_admits(listener->door, &listener->frame)) {
            listener->dropped++;
            continue;
        }
        const uint8_t *bytes = zmq_msg_data(&listener->identity);
        memcpy(&ret->peer, bytes + 1, sizeof ret->peer);
        ret->data = zmq_msg_data(&listener->frame);
        ret->length = zmq_msg_size(&listener->frame);
        ret->frame = &listener->frame;
        ret->port = listener->port;
        return ASG_OK;
    }
    return ASG_ERR_EMPTY;
}

enum asg_status asg_bus_listener_send(struct asg_bus_listener *listener, uint32_t peer,
                                      const void *data, size_t length)
{
    uint8_t identity[IDENTITY_BYTES] = {0};
    memcpy(identity + 1, &peer, sizeof peer);
    if (zmq_send(listener->socket, identity, sizeof identity,
                 ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_send(listener->socket, data, length, ZMQ_DONTWAIT) < 0) {
        return zmq_errno() == EAGAIN ? ASG_ERR_BUSY : ASG_ERR_CLOSED;
    }
    return ASG_OK;
}
