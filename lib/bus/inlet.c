#include "bus/inlet.h"

#include <stdlib.h>

#include "base/arena.h"
#include "bus/socket.h"

#define HANDSHAKE_MS      10000
#define MESSAGE_BYTES_MAX 4096
/* libzmq tells the I/O thread of room each time that half of it has been taken: at 4 that
 * was one command for two reports. */
#define HIGH_WATER 16

/* No heartbeats of our own: libzmq searches all its timers at each, and there are very
 * many peers. TCP's keep-alive ends a dead connection in 30 s. */
static bool set_options(const struct asg_bus *bus, void *socket,
                        const struct asg_bus_inlet_options *options)
{
    uint64_t threads = lane_mask(bus, ASG_BUS_LANE_REPORTS);
    const struct asg_bus_keys *keys = options->allow_plaintext ? NULL : options->keys;
    int high_water = options->high_water > 0 ? options->high_water : HIGH_WATER;
    size_t most =
        options->max_message_bytes > 0 ? options->max_message_bytes : MESSAGE_BYTES_MAX;
    int handshake_ms =
        options->handshake_ms > 0 ? (int)options->handshake_ms : HANDSHAKE_MS;
    return set_common_options(socket, high_water, most) &&
           set_int(socket, ZMQ_LINGER, 0) &&
           zmq_setsockopt(socket, ZMQ_AFFINITY, &threads, sizeof threads) == 0 &&
           set_int(socket, ZMQ_HANDSHAKE_IVL, handshake_ms) &&
           set_int(socket, ZMQ_BACKLOG, 4096) &&
           set_curve_server(socket, keys, options->domain);
}

enum asg_status asg_bus_inlet_new(struct asg_bus *bus,
                                  const struct asg_bus_inlet_options *options,
                                  struct asg_bus_inlet **ret, struct asg_error *error)
{
    enum asg_status status = options->allow_plaintext ? ASG_OK : start_zap(bus, error);
    if (status != ASG_OK) return status;
    const struct zap_rule rule = {.set = options->key_set};
    if (!options->allow_plaintext) zap_set_domain(bus->zap, options->domain, &rule);
    void *socket = zmq_socket(bus->context, ZMQ_PULL);
    bool is_bound = socket != NULL && set_options(bus, socket, options) &&
                    zmq_bind(socket, options->endpoint) == 0;
    if (!is_bound) {
        int code = zmq_errno();
        if (socket != NULL) (void)zmq_close(socket);
        return asg_fail(error, ASG_ERR_IO, "cannot listen on %s: %s", options->endpoint,
                        zmq_strerror(code));
    }
    struct asg_bus_inlet *inlet = asg_alloc(1, sizeof *inlet);
    inlet->socket = socket;
    (void)zmq_msg_init(&inlet->frame);
    find_bound(socket, inlet->endpoint, &inlet->port);
    *ret = inlet;
    return ASG_OK;
}

void asg_bus_inlet_destroy(struct asg_bus_inlet **inlet)
{
    if (*inlet == NULL) return;
    (void)zmq_msg_close(&(*inlet)->frame);
    (void)zmq_close((*inlet)->socket);
    free(*inlet);
    *inlet = NULL;
}

const char *asg_bus_inlet_endpoint(const struct asg_bus_inlet *inlet)
{
    return inlet->endpoint;
}

enum asg_status asg_bus_inlet_receive(struct asg_bus_inlet *inlet,
                                      struct asg_bus_message *ret)
{
    zmq_msg_t *frame = &inlet->frame;
    if (zmq_msg_recv(frame, inlet->socket, ZMQ_DONTWAIT) < 0) return ASG_ERR_EMPTY;
    if (zmq_msg_more(frame) == 0) {
        *ret = (struct asg_bus_message){.data = zmq_msg_data(frame),
                                        .length = zmq_msg_size(frame),
                                        .frame = frame,
                                        .port = inlet->port};
        return ASG_OK;
    }
    while (zmq_msg_more(frame) != 0) { /* they arrive together */
        if (zmq_msg_recv(frame, inlet->socket, ZMQ_DONTWAIT) < 0) break;
    }
    return ASG_ERR_MALFORMED;
}
