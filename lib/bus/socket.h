/* socket - what listener, connection and poll share. Inside lib/bus only. */
#ifndef ASG_BUS_SOCKET_H
#define ASG_BUS_SOCKET_H

#include <zmq.h>

#include "bus/bus.h"
#include "bus/zap.h"

struct asg_bus {
    void *context;
    struct zap *zap;   /* from the first listener on: who only connects needs none */
    bool is_zap_ended; /* by a test, for good */
};

struct asg_bus_listener {
    void *socket;
    zmq_msg_t identity;
    zmq_msg_t frame;
    uint64_t dropped;
    char endpoint[ASG_BUS_ENDPOINT_MAX];
};

struct asg_bus_connection {
    void *socket;
    zmq_msg_t frame;
};

struct asg_bus_waker {
    int fd;
};

/* Options both ends have alike. False: zmq_errno() says why. */
bool set_common_options(void *socket, int high_water, size_t max_message_bytes);
bool set_int(void *socket, int option, int value);
bool set_heartbeats(void *socket);

/* The handler is up when this returns; a listener calls it before it binds. */
ASG_MUST_USE enum asg_status start_zap(struct asg_bus *bus, struct asg_error *error);

/* End the ZAP handler while the bus lives on: for the test that nobody gets in then. */
void asg_bus_stop_zap_for_test(struct asg_bus *bus);

#endif
