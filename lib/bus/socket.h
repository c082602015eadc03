/* socket - what listener, connection and poll share. Inside lib/bus only. */
#ifndef ASG_BUS_SOCKET_H
#define ASG_BUS_SOCKET_H

#include <errno.h>

#include <zmq.h>

#include "bus/bus.h"
#include "bus/inlet.h"
#include "bus/outlet.h"
#include "bus/refused.h"
#include "bus/refused_table.h"
#include "bus/zap.h"

struct asg_bus {
    void *context;
    int io_threads;
    struct refused_table *refused;
    struct zap *zap;   /* from the first listener on: who only connects needs none */
    bool is_zap_ended; /* by a test, for good */
};

/* link.h */
struct link {
    void *socket;
    void *monitor;
    enum asg_bus_link state;
    bool is_changed;  /* and an outlet was not asked about it yet */
    bool has_hung_up; /* so the next retry says nothing new */
    bool is_patient;  /* hung up on, it pauses as when it is refused */
    int64_t connected_at_ms;
    int64_t again_at_ms; /* to connect again ourselves; -1: libzmq does */
    int64_t pause_ms;
    int64_t pause_ms_max;
    char endpoint[2 * ASG_BUS_ENDPOINT_MAX]; /* as libzmq was told */
    char shown[ASG_BUS_ENDPOINT_MAX];        /* to people */
    char why[2 * ASG_BUS_ENDPOINT_MAX];
};

struct asg_bus_listener {
    void *socket;
    zmq_msg_t identity;
    zmq_msg_t frame;
    uint64_t dropped;
    uint16_t port;
    struct door *door; /* NULL in plaintext */
    char endpoint[ASG_BUS_ENDPOINT_MAX];
};

struct asg_bus_connection {
    void *socket;
    zmq_msg_t frame;
    struct link link;
};

struct asg_bus_inlet {
    void *socket;
    zmq_msg_t frame;
    uint16_t port;
    char endpoint[ASG_BUS_ENDPOINT_MAX];
};

struct asg_bus_outlet {
    void *socket;
    struct link link;
};

struct asg_bus_waker {
    int fd;
};

/* Options both ends have alike. False: zmq_errno() says why. */
bool set_common_options(void *socket, int high_water, size_t max_message_bytes);
bool set_int(void *socket, int option, int value);
bool set_heartbeats(void *socket);

/* What a connecting socket has besides; writes the endpoint for zmq_connect(). */
bool set_connecting(void *socket, const struct asg_bus_connect_options *options);
void write_endpoint(const struct asg_bus_connect_options *options, char *ret,
                    size_t size);
/* CURVE of a socket that binds; NULL keys: none. */
bool set_curve_server(void *socket, const struct asg_bus_keys *keys, const char *domain);
/* Where a bound socket really is. */
void find_bound(void *socket, char ret_endpoint[ASG_BUS_ENDPOINT_MAX],
                uint16_t *ret_port);

/* An address as libzmq writes it ("10.0.0.7"); false: not of the internet. */
struct sockaddr_storage;
bool read_address(const struct sockaddr_storage *from, char ret[46], uint16_t *ret_port);
/* Shut down what `fd` is now, if that is a connection from that address to that port. */
void shut_connection(int fd, const char *address, uint16_t port);

/* Which of libzmq's threads a socket's connections may use. */
uint64_t lane_mask(const struct asg_bus *bus, enum asg_bus_lane lane);

/* A PAIR that hears the socket's events. False: errno says why. */
bool open_monitor(void *context, void *socket, int events, void **ret);
/* The next event, without waiting; false: none. */
bool read_monitor(void *monitor, uint16_t *ret_event, uint32_t *ret_value);

/* The handler is up when this returns; a listener calls it before it binds. */
ASG_MUST_USE enum asg_status start_zap(struct asg_bus *bus, struct asg_error *error);

/* End the ZAP handler while the bus lives on: for the test that nobody gets in then. */
void asg_bus_stop_zap_for_test(struct asg_bus *bus);

#endif
